/** Normal numbers by the Box–Muller transform, in PyTorch's two orders. PyTorch's `DistributionTemplates.h`. */
import { defaultGenerator, type Generator } from "../generator";
import { boxMuller32 } from "./boxmuller";
import { type FloatArray, fill } from "./fill";

const { fround } = Math;
const BLOCK = 16;

/**
 * One standard normal number in double precision. Draws two uniform numbers for every second call and keeps the other value
 * of the pair in the generator.
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

/**
 * Normal numbers of the given mean and standard deviation. PyTorch draws fewer than 16 elements one by one in double precision,
 * and 16 or more in blocks of 16, in the type of the elements; both orders are reproduced.
 *
 * @see torch.Tensor.normal_, torch.randn
 */
export function normal(out: FloatArray, mean = 0, std = 1, generator: Generator = defaultGenerator): void {
  if (out.length < BLOCK) normalEach(out, mean, std, generator);
  else if (out instanceof Float32Array)
    fillBlocks(out, (start) => block32(out, start, fround(mean), fround(std), generator), generator);
  else fillBlocks(out, (start) => block64(out, start, mean, std, generator), generator);
}

/** Normal numbers drawn one by one, which PyTorch does at any size for a tensor that is not contiguous. */
export function normalEach(out: FloatArray, mean = 0, std = 1, generator: Generator = defaultGenerator): void {
  fill(out, () => standardNormal(generator) * std + mean);
}

/** Numbers whose logarithm is normal with the given mean and standard deviation. @see torch.Tensor.log_normal_ */
export function logNormal(out: FloatArray, mean = 1, std = 2, generator: Generator = defaultGenerator): void {
  fill(out, () => Math.exp(standardNormal(generator) * std + mean));
}

/**
 * Fills whole blocks. If the length is no multiple of 16, the uniform numbers of the rest are drawn but not used, and the last
 * 16 elements, some of them already filled, are drawn anew.
 */
function fillBlocks(out: FloatArray, block: (start: number) => void, generator: Generator): void {
  const { length } = out;
  const rest = length % BLOCK;
  for (let start = 0; start < length - rest; start += BLOCK) block(start);
  if (rest === 0) return;
  const words = out instanceof Float64Array ? 2 * rest : rest;
  for (let i = 0; i < words; i++) generator.random();
  block(length - BLOCK);
}

/** Eight pairs: uniform numbers j and j + 8 of the block give elements j and j + 8. */
function block64(out: Float64Array, start: number, mean: number, std: number, generator: Generator): void {
  for (let i = start; i < start + BLOCK; i++) out[i] = generator.uniform53();
  for (let i = start; i < start + BLOCK / 2; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - out[i]!));
    const angle = 2 * Math.PI * out[i + 8]!;
    out[i] = radius * Math.cos(angle) * std + mean;
    out[i + 8] = radius * Math.sin(angle) * std + mean;
  }
}

function block32(out: Float32Array, start: number, mean: number, std: number, generator: Generator): void {
  for (let i = start; i < start + BLOCK; i++) out[i] = generator.uniform24();
  boxMuller32(out, start, mean, std);
}
