/** Normal numbers by the Box–Muller transform, in PyTorch's two orders. PyTorch's `cpu/DistributionTemplates.h`. */
import { ValueError } from "../errors";
import { defaultGenerator, type Generator } from "../generator";
import { boxMuller32 } from "./boxmuller";
import { uniform } from "./continuous";
import { type FloatArray, fill } from "./fill";

const BLOCK = 16;

/** Turns uniform numbers, in blocks of 16, into normal ones in place; mean and deviation are exact in the type of the elements. */
export type BoxMuller = (data: FloatArray, mean: number, std: number) => void;

/**
 * Normal numbers of the given mean and standard deviation. PyTorch draws fewer than 16 elements one by one in double
 * precision, and 16 or more in blocks of 16, in the type of the elements; both orders are reproduced.
 *
 * @param transform Does what {@link boxMuller} does, faster.
 * @throws {@link ValueError} for a negative standard deviation
 * @see torch.Tensor.normal_, torch.randn
 */
export function normal(
  out: FloatArray,
  mean = 0,
  std = 1,
  generator: Generator = defaultGenerator,
  transform: BoxMuller = boxMuller,
): void {
  checkDeviation("normal", std, std >= 0);
  if (out.length < BLOCK) normalEach(out, mean, std, generator);
  else normalBlocks(out, mean, std, generator, transform);
}

/** Normal numbers drawn one by one, as PyTorch does at any size for a tensor that is not contiguous. */
export function normalEach(out: FloatArray, mean = 0, std = 1, generator: Generator = defaultGenerator): void {
  checkDeviation("normal", std, std >= 0);
  fill(out, () => standardNormal(generator) * std + mean);
}

/** Numbers whose logarithm is normal with the given mean and standard deviation. @see torch.Tensor.log_normal_ */
export function logNormal(out: FloatArray, mean = 1, std = 2, generator: Generator = defaultGenerator): void {
  checkDeviation("logNormal", std, std > 0);
  fill(out, () => Math.exp(standardNormal(generator) * std + mean));
}

function checkDeviation(op: string, std: number, valid: boolean): void {
  if (!valid) throw new ValueError(`${op}: the standard deviation is out of range: ${std}`);
}

/**
 * One standard normal number in double precision. Draws two uniform numbers at every second call and keeps the other value
 * of the pair in the generator. PyTorch's `normal_distribution<double>`.
 */
export function standardNormal(generator: Generator): number {
  const kept = generator.nextNormal;
  if (kept !== undefined) {
    generator.nextNormal = undefined;
    return kept;
  }
  const angle = 2 * Math.PI * generator.uniform53();
  const radius = Math.sqrt(-2 * Math.log1p(-generator.uniform53()));
  generator.nextNormal = radius * Math.sin(angle);
  return radius * Math.cos(angle);
}

/** A length that is no multiple of 16 draws the last 16 elements anew, some of which were normal already. */
function normalBlocks(out: FloatArray, mean: number, std: number, generator: Generator, transform: BoxMuller): void {
  const exact = (x: number) => (out instanceof Float64Array ? x : Math.fround(x));
  uniform(out, 0, 1, generator);
  const whole = out.length - (out.length % BLOCK);
  transform(out.subarray(0, whole), exact(mean), exact(std));
  if (whole === out.length) return;
  const tail = out.subarray(out.length - BLOCK);
  uniform(tail, 0, 1, generator);
  transform(tail, exact(mean), exact(std));
}

/** {@link BoxMuller} for any runtime. */
export function boxMuller(data: FloatArray, mean: number, std: number): void {
  for (let start = 0; start < data.length; start += BLOCK)
    if (data instanceof Float64Array) boxMuller64(data, start, mean, std);
    else boxMuller32(data, start, mean, std);
}

/** Turns eight pairs of uniform numbers, elements j and j + 8 from `start`, into normal numbers in place. */
function boxMuller64(data: Float64Array, start: number, mean: number, std: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - data[i]!));
    const angle = 2 * Math.PI * data[i + 8]!;
    data[i] = radius * Math.cos(angle) * std + mean;
    data[i + 8] = radius * Math.sin(angle) * std + mean;
  }
}
