/** Kernels that store each element of their result once, so that an expression may take it on its way to memory. */
import type { Operand } from "../../operand";
import type { DeviceOps } from "../../ops";
import { snapshot } from "../fusion/node";

type Results = { readonly [K in keyof DeviceOps]?: (description: DeviceOps[K]) => Operand | undefined };

/** Where the results are; they are stored by `program.result`. */
const results: Results = {
  matmul: ({ y, accumulate }) => (accumulate ? undefined : y),
  convolution: ({ pass, x, y }) => (pass === "forward" ? y : pass === "inputGrad" ? x : undefined),
  avgPool: ({ y }) => y,
  avgPoolGradient: ({ gx }) => gx,
  maxPoolGradient: ({ gx }) => gx,
  batchNorm: ({ y }) => y,
  reduce: ({ y }) => y,
};

/** The result of such an op, and what it reads; and the description as it is now. */
export interface Parts<K extends keyof DeviceOps> {
  readonly y: Operand;
  readonly operands: readonly Operand[];
  readonly description: DeviceOps[K];
}

const isOperand = (x: unknown): x is Operand => typeof x === "object" && x !== null && "storage" in x;

/** The parts of a description, or undefined if the op runs at once. */
export function partsOf<K extends keyof DeviceOps>(op: K, description: DeviceOps[K]): Parts<K> | undefined {
  const y = results[op]?.(description);
  if (y === undefined) return undefined;
  const operands: Operand[] = [];
  const fields = Object.entries(description).map(([name, x]) => {
    if (!isOperand(x)) return [name, x] as const;
    const own = snapshot(x);
    if (x !== y) operands.push(own);
    return [name, own] as const;
  });
  return { y, operands, description: Object.fromEntries(fields) as DeviceOps[K] };
}
