/** Convolutions. */
import { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from "../../../ops/layers/conv";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { padded } from "./shapes";
import { isEven, windowsOf } from "./windows";

const convs = [conv1d, conv2d, conv3d] as const;
const transposed = [convTranspose1d, convTranspose2d, convTranspose3d] as const;

/** The convolution of a node, of operands that may differ from its own. */
export function convolve(c: Context, x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const n = axesOf(c, x, weight);
  const windows = windowsOf(c, x.shape.slice(2), weight.shape.slice(2));
  const { strides, dilations, begins, ends } = windows;
  const even = isEven(windows);
  const axes = begins.map((_, i) => i + 2);
  const input = even ? x : padded(c, x, [...begins, ...ends], axes, "constant", 0);
  return (convs[n - 1] as typeof conv2d)(input, weight, bias, {
    stride: [...strides],
    padding: even ? [...begins] : 0,
    dilation: [...dilations],
    groups: c.int("group", 1),
  } as never);
}

function axesOf(c: Context, x: Tensor, weight: Tensor): number {
  const n = x.ndim - 2;
  if (n < 1 || n > 3) c.fail(`takes 1 to 3 axes to slide over, got a tensor of shape [${x.shape.join(", ")}]`);
  if (weight.ndim !== x.ndim) c.fail(`the weight has ${weight.ndim} axes, the input ${x.ndim}`);
  return n;
}

/** The whole result first; pads take from it on both sides, `output_padding` adds to the end. */
function convTranspose(c: Context): Tensor {
  const [x, weight] = [c.x, c.y];
  const n = axesOf(c, x, weight);
  const list = (name: string, fallback: number): number[] => c.ints(name) ?? new Array(n).fill(fallback);
  const [strides, dilations, extra] = [list("strides", 1), list("dilations", 1), list("output_padding", 0)];
  const kernel = weight.shape.slice(2);
  const full = kernel.map((k, i) => strides[i]! * (x.shape[i + 2]! - 1) + (k - 1) * dilations[i]! + 1);
  const { begins, sizes } = cropOf(c, full, extra, strides, x.shape.slice(2));
  const bias = c.optional(2);
  const options = { stride: strides, dilation: dilations, groups: c.int("group", 1) };
  let y = (transposed[n - 1] as typeof convTranspose2d)(x, weight, undefined, options as never);
  const missing = sizes.map((size, i) => Math.max(0, begins[i]! + size - full[i]!));
  if (missing.some((count) => count > 0))
    y = padded(
      c,
      y,
      [...missing.map(() => 0), ...missing],
      missing.map((_, i) => i + 2),
      "constant",
      0,
    );
  for (const [i, size] of sizes.entries()) y = y.narrow(i + 2, begins[i]!, size);
  return bias === undefined ? y : y.add(bias.reshape([1, -1, ...kernel.map(() => 1)]));
}

/** What is left of the whole result: from where, and how much. */
function cropOf(
  c: Context,
  full: readonly number[],
  extra: readonly number[],
  strides: readonly number[],
  input: readonly number[],
) {
  const n = full.length;
  const auto = c.string("auto_pad", "NOTSET");
  const wanted = c.ints("output_shape")?.slice(-n);
  const isSame = auto.startsWith("SAME");
  const sizes = wanted ?? (isSame ? input.map((size, i) => size * strides[i]!) : undefined);
  if (sizes === undefined) {
    const pads = (auto === "VALID" ? undefined : c.ints("pads")) ?? new Array(2 * n).fill(0);
    return { begins: pads.slice(0, n), sizes: full.map((size, i) => size + extra[i]! - pads[i]! - pads[i + n]!) };
  }
  const totals = full.map((size, i) => Math.max(0, size + extra[i]! - sizes[i]!));
  // The odd one is taken from the end with SAME_UPPER, else from the beginning, as the format says.
  const begins = totals.map((total) => (auto === "SAME_UPPER" ? total >> 1 : total - (total >> 1)));
  return { begins, sizes };
}

export const convolutions: readonly Entry[] = [
  { name: "Conv", weights: [1, 2], run: (c) => convolve(c, c.x, c.y, c.optional(2)) },
  { name: "ConvTranspose", weights: [1, 2], run: convTranspose },
];
