/** How scales and zero points are chosen for a range of numbers. */
import { ValueError } from "../core/errors";
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

/** Numbers of a block whose range one thread finds. */
const BLOCK = 1 << 14;

/** The smallest scale: smaller ones are cut off, as PyTorch does. */
const SMALLEST = Math.fround(6.1e-5);

/** The smallest and the largest number of a contiguous float32 tensor, which is not empty. NaN if there is one. */
export function rangeOf(x: Tensor): [min: number, max: number] {
  const blocks = Math.ceil(x.numel() / BLOCK);
  const y = allocate([blocks, 2], "float32", x);
  const { backend, block } = y.storage;
  backend.run("blockRanges", { y, x, block: BLOCK });
  const pairs = backend.view(block, "float32", 0, 2 * blocks) as Float32Array;
  let min = pairs[0]!;
  let max = pairs[1]!;
  for (let i = 2; i < pairs.length; i += 2) {
    min = Math.min(min, pairs[i]!);
    max = Math.max(max, pairs[i + 1]!);
  }
  y.dispose();
  return [min, max];
}

/** The nearest integer, ties to even. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/**
 * Scale and zero point for numbers in [min, max], so that 0 is exact.
 * @see at::native::quant_utils::ChooseQuantizationParams
 * @throws ValueError if the range is not finite.
 */
export function chooseParameters(
  op: string,
  min: number,
  max: number,
  low: number,
  high: number,
): { scale: number; zeroPoint: number } {
  if (!Number.isFinite(min) || !Number.isFinite(max))
    throw new ValueError(
      `${op}: values are quantized between the least and the greatest of them, which are ${min} and ${max}; NaN and infinities cannot be quantized`,
    );
  let least = Math.min(min, 0);
  let most = Math.max(max, 0);
  let scale = (most - least) / (high - low);
  if (Math.fround(scale) === 0 || !Number.isFinite(Math.fround(1 / Math.fround(scale)))) scale = 0.1;
  if (scale < SMALLEST) {
    const amplifier = SMALLEST / scale;
    scale = SMALLEST;
    if (least === 0) most = SMALLEST * (high - low);
    else if (most === 0) least = -SMALLEST * (high - low);
    else [least, most] = [least * amplifier, most * amplifier];
  }
  const fromMin = low - least / scale;
  const fromMax = high - most / scale;
  const errorOfMin = Math.abs(low) - Math.abs(least / scale);
  const errorOfMax = Math.abs(high) - Math.abs(most / scale);
  const initial = errorOfMin < errorOfMax ? fromMin : fromMax;
  const zeroPoint = initial < low ? low : initial > high ? high : roundHalfEven(initial);
  return { scale: Math.fround(scale), zeroPoint };
}
