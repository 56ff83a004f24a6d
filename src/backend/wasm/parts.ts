/** Kernels count in 32 bits with a sign. What maps more elements than that is done in parts. */
import type { Operand } from "../backend";

/** The most elements of one part: loops that look some elements ahead stay far below 2^31. */
export const MOST_ELEMENTS = 2 ** 30;

/** What `x`, broadcast to `ndim` axes, has at [begin, end) of one of them. */
function narrow(x: Operand, ndim: number, axis: number, begin: number, end: number): Operand {
  const own = axis - (ndim - x.shape.length);
  if (own < 0 || x.shape[own] === 1) return x;
  const shape = [...x.shape];
  shape[own] = end - begin;
  const { storage, dtype, strides } = x;
  return { storage, dtype, strides, shape, offset: x.offset + begin * strides[own]! };
}

/** Runs an elementwise op on both halves of its operands, along the outermost axis that can be halved. A number is an operand, too. */
export function inHalves<T extends Operand | number>(
  y: Operand,
  operands: readonly T[],
  run: (y: Operand, operands: T[]) => void,
): void {
  const { length: ndim } = y.shape;
  const axis = y.shape.findIndex((size) => size > 1);
  const size = y.shape[axis]!;
  const middle = Math.ceil(size / 2);
  for (const [begin, end] of [
    [0, middle],
    [middle, size],
  ] as const)
    run(
      narrow(y, ndim, axis, begin, end),
      operands.map((x) => (typeof x === "number" ? x : (narrow(x, ndim, axis, begin, end) as T))),
    );
}
