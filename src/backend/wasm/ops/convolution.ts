/** The three maps of a convolution: by which kernels, and from what they are prepared. */
import { contiguousStrides, sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { Convolution, ConvolutionGeometry } from "../../ops";
import type { Engine } from "../engine";
import { type Plan, type Planned, plannedOf, planOf } from "./convolutionPlan";

/** Nanoseconds per element. */
const SUM_COST = 0.3;

export const convolutions = {
  convolution(engine, description) {
    const planned = plannedOf(description.geometry);
    if (planned.seen === undefined) run(engine, description, planned);
    else skipping(engine, description, planned.seen);
  },

  channelSums(engine, { y, x }) {
    const [n, c] = x.shape as readonly [number, number];
    let inner = 1;
    for (let i = 2; i < x.shape.length; i++) inner *= x.shape[i]!;
    // A geometry of which the kernel reads the images, the channels and the size of the output.
    const words = [n, 1, 1, c, 1, 1, inner, 1, 1, inner, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1] as const;
    engine.call("convBiasGrad", x.dtype, [y, x, words], c, sizeOfShape(x.shape) * SUM_COST);
  },
} satisfies OpTable<Engine>;

/** Runs a pass by the algorithm of its plan. */
function run(engine: Engine, { pass, x, w, y, bias }: Convolution, planned: Planned): void {
  const { dtype } = y;
  const plan = planOf(engine, pass, dtype, planned);
  const { code, tile, words, range, cost } = plan;
  if (pass === "forward") {
    if (tile > 0) tiled(engine, y, x, w, bias, plan);
    else engine.call("conv", dtype, [code, y, x, w, bias, words], range, cost, true);
  } else if (pass === "inputGrad") {
    if (tile > 0) tiled(engine, x, y, w, undefined, plan);
    else engine.call("convInputGrad", dtype, [code, x, y, w, words], range, cost, true);
  } else if (tile > 0) engine.call("winogradWeightGrad", undefined, [w, y, x, words], range, cost, true);
  else if (plan.shares === 1) engine.call("convWeightGrad", dtype, [code, w, y, x, words], range, cost, true);
  else shared(engine, w, y, x, plan);
}

/** The gradient of the weights as the sum of those of shares of the batch. */
function shared(engine: Engine, w: Operand, y: Operand, x: Operand, plan: Plan): void {
  const { dtype, code, words, range, cost, shares } = plan;
  const size = sizeOfShape(w.shape);
  const parts = engine.temporary(dtype, shares * size);
  engine.call("convWeightGrad", dtype, [code, parts, y, x, words], range, cost, true);
  engine.callColumns("sum", dtype, [w, parts, shares, size], size, shares * size * SUM_COST);
  engine.drop(parts);
}

/** In tiles, from transformed weights. */
function tiled(engine: Engine, to: Operand, from: Operand, w: Operand, bias: Operand | undefined, plan: Plan): void {
  const { tile, words, gradient, range, cost } = plan;
  const weights = plan.weights!;
  const u = engine.temporary("float32", weights.size);
  engine.call("winogradWeights", undefined, [u, w, words, tile, gradient], weights.range, weights.cost, true);
  engine.call("winograd", undefined, [to, from, u, bias, words, tile, gradient], range, cost, true);
  engine.drop(u);
}

/** Computes a convolution as that of the elements that are seen, which are copied from x, or to its gradient. */
function skipping(engine: Engine, description: Convolution, seen: ConvolutionGeometry): void {
  const { pass, x, w, y, bias, geometry } = description;
  const shape = [seen.n, seen.c, ...seen.input] as const;
  const { storage, offset } = engine.temporary(x.dtype, sizeOfShape(shape));
  const part = { storage, offset, shape, strides: contiguousStrides(shape), dtype: x.dtype };
  const window = seenOf(x, geometry);
  try {
    if (pass !== "inputGrad") engine.copy(part, window);
    run(engine, { pass, x: part, w, y, bias, geometry: seen }, plannedOf(seen));
    if (pass === "inputGrad") {
      engine.fill(x, 0);
      engine.copy(window, part);
    }
  } finally {
    engine.drop(part);
  }
}

/** The elements of x that a kernel of one tap sees. */
const seenOf = ({ storage, dtype, offset, strides }: Operand, g: ConvolutionGeometry): Operand => ({
  storage,
  dtype,
  offset,
  shape: [g.n, g.c, ...g.output],
  strides: strides.map((step, axis) => (axis < 2 ? step : step * g.stride[axis - 2]!)),
});
