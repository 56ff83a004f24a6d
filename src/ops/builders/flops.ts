/** The arithmetic of products and convolutions: multiplications with their additions, by the shapes of a call. */
import { Tensor } from "../../tensor/tensor";

const sizeOf = (x: unknown): number => (x instanceof Tensor ? x.numel() : 0);

const axis = (x: unknown, dim: number): number => (x instanceof Tensor ? (x.shape.at(dim) ?? 1) : 0);

/** The multiplications with additions of a call. */
export type MultiplyAdds = (given: readonly unknown[], result: unknown) => number;

/** For each element of the result, the products that it is the sum of. */
const product: MultiplyAdds = ([a], result) => sizeOf(result) * axis(a, -1);
const addedProduct: MultiplyAdds = ([, a], result) => sizeOf(result) * axis(a, -1);
/** The weights of a filter for each element of the result. */
const convolution: MultiplyAdds = ([, weight], result) =>
  (sizeOf(result) * sizeOf(weight)) / Math.max(1, axis(weight, 0));
/** The weights of a filter for each element of the input. */
const transposed: MultiplyAdds = ([x, weight]) => (sizeOf(x) * sizeOf(weight)) / Math.max(1, axis(weight, 0));
/** Queries with keys, and weights with values. */
const attention: MultiplyAdds = ([, q, k], result) => (sizeOf(q) + sizeOf(result)) * axis(k, -2);
/** The same, of projections that stand beside each other. */
const packedAttention: MultiplyAdds = ([, x, , batchAxis], result) =>
  2 * sizeOf(result) * axis(x, batchAxis === 0 ? 1 : 0);
const rules = new Map<string, MultiplyAdds>([
  ...["mm", "matmul", "bmm", "mv", "dot", "linear"].map((op) => [op, product] as const),
  ...["addmm", "baddbmm", "addmv"].map((op) => [op, addedProduct] as const),
  ...["conv1d", "conv2d", "conv3d"].map((op) => [op, convolution] as const),
  ...["convTranspose1d", "convTranspose2d", "convTranspose3d"].map((op) => [op, transposed] as const),
  ["fusedAttention", attention],
  ["packedAttention", packedAttention],
]);

/** How the multiplications with additions of an op are counted; undefined for ops that have none, or parts that are counted. */
export const multiplyAddsOf = (op: string): MultiplyAdds | undefined => rules.get(op);

/** The floating-point operations of a call, of elementwise sums and products too; 0 where they are not known. */
export function flopsOf(op: string, given: readonly unknown[], result: unknown): number {
  if (op === "add" || op === "mul") return sizeOf(result);
  return 2 * (rules.get(op)?.(given, result) ?? 0);
}
