/** Distributions over the reals that transform one uniform number per element. PyTorch's `TransformationHelper.h`. */
import { defaultGenerator, type Generator } from "../generator";
import { type FillableArray, type FloatArray, fill } from "./fill";

/**
 * Uniform over [from, to): 24 random bits per float32, 53 per float64.
 * @see torch.Tensor.uniform_, torch.rand
 */
export function uniform(out: FloatArray, from = 0, to = 1, generator: Generator = defaultGenerator): void {
  if (out instanceof Float64Array) {
    const range = to - from;
    for (let i = 0; i < out.length; i++) out[i] = generator.uniform53() * range + from;
  } else uniform32(out, Math.fround(from), Math.fround(to), generator);
}

/** PyTorch's compilers fuse the multiplication and the addition; so does a product in double precision, which is exact. */
function uniform32(out: Float32Array, from: number, to: number, generator: Generator): void {
  const range = Math.fround(to - from);
  for (let i = 0; i < out.length; i++) out[i] = generator.uniform24() * range + from;
}

/** Density `lambda * exp(-lambda * x)` for x > 0. @see torch.Tensor.exponential_ */
export function exponential(out: FloatArray, lambda = 1, generator: Generator = defaultGenerator): void {
  fill(out, () => (-1 / lambda) * Math.log(1 - generator.uniform53()));
}

const { EPSILON } = Number;

/** Density `sigma / (pi * ((x - median)^2 + sigma^2))`. @see torch.Tensor.cauchy_ */
export function cauchy(out: FloatArray, median = 0, sigma = 1, generator: Generator = defaultGenerator): void {
  fill(out, () => {
    const u = Math.min(Math.max(generator.uniform53(), EPSILON), 1 - EPSILON);
    return median + sigma * Math.tan(Math.PI * (u - 0.5));
  });
}

/** The number of trials, each of probability p, up to the first success. @see torch.Tensor.geometric_ */
export function geometric(out: FillableArray, p: number, generator: Generator = defaultGenerator): void {
  fill(out, () => Math.ceil(Math.log(generator.uniform53()) / Math.log(1 - p)));
}
