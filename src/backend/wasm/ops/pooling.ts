/** Pooling by kernels that compute a range of planes each. */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { Averaging, PoolWindows } from "../../ops";
import type { Engine } from "../engine";
import { wordsOf } from "./windows";

/** Nanoseconds per element of a window. */
const POOL_COST = 1.5;

/** What kernels want to know of windows. */
interface Plan {
  /** Has the layout that `assembly/layers/poolWindow.ts` describes. */
  readonly words: readonly number[];
  readonly inputSize: number;
  readonly outputSize: number;
  /** The cost of a plane. */
  readonly cost: number;
}

/** Plans of windows that were seen: the next step of a training has the same ones. */
const plans = new WeakMap<PoolWindows, Plan>();

function planOf(windows: PoolWindows): Plan {
  const known = plans.get(windows);
  if (known !== undefined) return known;
  const outputSize = sizeOfShape(windows.output);
  const cost = outputSize * Math.max(1, sizeOfShape(windows.kernel)) * POOL_COST;
  const plan = { words: wordsOf(windows), inputSize: sizeOfShape(windows.input), outputSize, cost };
  plans.set(windows, plan);
  return plan;
}

/** How many planes a result has: the axes before the spatial ones. */
function planesOf({ shape }: Operand, { input }: PoolWindows): number {
  let planes = 1;
  for (let i = 0; i < shape.length - input.length; i++) planes *= shape[i]!;
  return planes;
}

/** The divisor for all windows as the kernel takes it: 0 for none. */
const divisorOf = ({ divisor }: Averaging): number => divisor ?? 0;

export const poolings = {
  maxPool(engine, { y, indices, x, windows }) {
    const { words, cost } = planOf(windows);
    const planes = planesOf(y, windows);
    engine.call("maxPool", x.dtype, [y, indices, x, words], planes, planes * cost);
  },

  maxPoolGradient(engine, { gx, gy, indices, windows }) {
    const { inputSize, outputSize, cost } = planOf(windows);
    const planes = planesOf(gx, windows);
    engine.call("maxPoolBackward", gx.dtype, [gx, gy, indices, inputSize, outputSize], planes, planes * cost);
  },

  avgPool(engine, d) {
    const { words, cost } = planOf(d.windows);
    const planes = planesOf(d.y, d.windows);
    const args = [d.y, d.x, words, divisorOf(d), d.countIncludePad ? 1 : 0] as const;
    engine.call("avgPool", d.x.dtype, args, planes, planes * cost);
  },

  avgPoolGradient(engine, d) {
    const { words, cost } = planOf(d.windows);
    const planes = planesOf(d.gx, d.windows);
    const args = [d.gx, d.gy, words, divisorOf(d), d.countIncludePad ? 1 : 0] as const;
    engine.call("avgPoolBackward", d.gx.dtype, args, planes, planes * cost);
  },
} satisfies OpTable<Engine>;
