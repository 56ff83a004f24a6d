/** Indices drawn by a device whose memory is not at hand: permutations and samples by weight. */

import { ValueError } from "../../core/errors";
import type { Generator } from "../../core/generator";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkAll } from "../builders/checks";
import { cast } from "../builders/define";
import { drawing, sampleInto } from "./draw";

/** PyTorch's limit: an index has to be exact in a float32. */
const MAX_CATEGORIES = 2 ** 24;

/** Draws never land in memory that can be seen. */
const nothing = (): void => {};

/** The positions of n random words in order, int64. */
function shuffled(like: Tensor, n: number, generator: Generator): Tensor {
  const words = allocate([n], "int32", like);
  sampleInto(words, drawing("integers", generator, [-(2 ** 31), 2 ** 32], nothing));
  const [values, indices] = [allocate([n], "int32", like), allocate([n], "int64", like)];
  like.storage.backend.run("sort", { values, indices, x: words, n, m: n, inner: 1, descending: false });
  words.dispose();
  values.dispose();
  return indices;
}

/** Writes 0 … n − 1 in random order. Words that are equal are in the order of a shuffle of their own, so that all orders are alike. */
export function drawOrder(x: Tensor, generator: Generator): void {
  const n = x.numel();
  const [first, second] = [shuffled(x, n, generator), shuffled(x, n, generator)];
  const y = allocate([n], "int64", x);
  x.storage.backend.run("indexSelect", { y, x: first, index: second, n, inner: 1 });
  x.storage.backend.copy(x, y);
  for (const tensor of [first, second, y]) tensor.dispose();
}

/** Indices drawn with probabilities proportional to the weights in each row of `x`. */
export function drawIndices(x: Tensor, count: number, replacement: boolean, generator: Generator): Tensor {
  const n = x.shape.at(-1)!;
  if (n > MAX_CATEGORIES) throw new ValueError(`multinomial: at most 2^24 categories are possible, got ${n}`);
  if (!replacement && count > n)
    throw new ValueError(`multinomial: cannot draw ${count} samples of ${n} categories without replacement`);
  const weights = cast(x.detach(), "float32").contiguous();
  checkAll(
    "multinomial",
    weights.ge(0).logicalAnd(weights.lt(Number.POSITIVE_INFINITY)),
    "the weights must be finite and not negative",
  );
  checkAll("multinomial", weights.sum(-1).ne(0), "the sum of the weights is zero");
  return replacement ? drawAgain(weights, count, generator) : drawApart(weights, count, generator);
}

/** Searches even numbers in the running sums of the weights. */
function drawAgain(weights: Tensor, count: number, generator: Generator): Tensor {
  const n = weights.shape.at(-1)!;
  const shape = [...weights.shape.slice(0, -1), count];
  const sums = weights.cumsum(-1);
  const targets = allocate(shape, "float32", weights);
  sampleInto(targets, drawing("uniform", generator, [0, 1], nothing));
  const values = targets.mul(sums.narrow(-1, n - 1, 1));
  const y = allocate(shape, "int64", weights);
  // An element is chosen whose sum is the first above the number: none whose weight is 0.
  const work = { y, sorted: sums, values, n, m: count, shared: false, right: true };
  weights.storage.backend.run("searchSorted", work);
  for (const tensor of [sums, targets, values]) tensor.dispose();
  return y;
}

/** The indices of the largest weight / Exp(1), largest first: a race of exponential clocks. */
function drawApart(weights: Tensor, count: number, generator: Generator): Tensor {
  const n = weights.shape.at(-1)!;
  const clocks = allocate(weights.shape, "float32", weights);
  sampleInto(clocks, drawing("exponential", generator, [1], nothing));
  const speeds = weights.div(clocks);
  const shape = [...weights.shape.slice(0, -1), count];
  const [values, indices] = [allocate(shape, "float32", weights), allocate(shape, "int64", weights)];
  weights.storage.backend.run("sort", { values, indices, x: speeds, n, m: count, inner: 1, descending: true });
  for (const tensor of [clocks, speeds, values]) tensor.dispose();
  return indices;
}
