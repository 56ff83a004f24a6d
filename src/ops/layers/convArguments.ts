/** From the operands and options of a convolution to its geometry. */
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { Memo } from "../../core/memo";
import { shapeText } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";
import { checkSameDevice, checkTensor } from "../builders/checks";
import { constantPadNd } from "../shape/pad";
import type { Geometry } from "./convMaps";
import { type Sizes, spread } from "./slidingWindows";

/** Options of a convolution; a number stands for all spatial axes. */
export interface ConvOptions {
  /** Steps between windows. Default: 1. */
  stride?: Sizes;
  /** Zeros on both sides; "valid" for none, "same" for as many as keep the size (stride 1). Default: 0. */
  padding?: Sizes | "valid" | "same";
  /** Distance between the taps of the kernel. Default: 1. */
  dilation?: Sizes;
  /** Input and output channels are divided into as many independent groups. Default: 1. */
  groups?: number;
}

/** @throws DTypeError or ShapeError unless the operands are those of a convolution. */
export function checkOperands(op: string, dims: number, x: Tensor, w: Tensor, bias: Tensor | null | undefined): void {
  checkTensor(op, x);
  checkTensor(op, w, "weight");
  if (bias != null) checkTensor(op, bias, "bias");
  checkSameDevice(op, x, w, bias);
  if (x.dtype === "bool") throw new DTypeError(`${op}: not implemented for 'Bool'; cast with x.float()`);
  checkSameType(op, x, w, "weight");
  if (bias) checkSameType(op, x, bias, "bias");
  if (x.ndim !== dims + 1 && x.ndim !== dims + 2)
    throw new ShapeError(
      `${op}: expected ${dims + 1}D (unbatched) or ${dims + 2}D (batched) input, but got input of size: ${shapeText(x.shape)}`,
    );
  if (w.ndim !== dims + 2)
    throw new ShapeError(`${op}: expected a ${dims + 2}D weight, got shape ${shapeText(w.shape)}`);
  if (x.shape.indexOf(0, x.ndim - dims) >= 0)
    throw new ShapeError(
      `${op}: only the batch and the channels of the input may be empty, but got input of size: ${shapeText(x.shape)}`,
    );
}

function checkSameType(op: string, x: Tensor, other: Tensor, name: string): void {
  if (other.dtype !== x.dtype)
    throw new DTypeError(`${op}: input type (${x.dtype}) and ${name} type (${other.dtype}) should be the same`);
}

/** @throws ValueError unless `groups` is a positive integer. */
export function checkGroups(op: string, groups: unknown): void {
  if (!Number.isInteger(groups) || (groups as number) < 1)
    throw new ValueError(`${op}: groups must be a positive integer, got ${describe(groups)}`);
}

/** @throws ValueError for numbers that are too small, or too large for the kernels. */
export function checkNumbers(op: string, lists: Record<string, readonly number[]>): void {
  for (const [name, list] of Object.entries(lists)) {
    const least = name === "padding" || name === "outputPadding" ? 0 : 1;
    if (list.some((n) => n < least || n > MOST))
      throw new ValueError(`${op}: ${name} must be at least ${least} and at most ${MOST}, got ${shapeText(list)}`);
  }
}

/** So that the kernels can count what windows span as 32-bit integers. */
const MOST = 2 ** 24;

/** @throws ShapeError unless there is a value for each of `o` channels. */
export function checkBias(op: string, bias: Tensor | null | undefined, o: number): void {
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== o))
    throw new ShapeError(`${op}: expected bias to have shape [${o}], got ${shapeText(bias.shape)}`);
}

/** Zeros on both sides of each axis, and further ones after it, for a padding given as numbers or by name. */
function resolvePadding(
  op: string,
  dims: number,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
  padding: ConvOptions["padding"] = 0,
): { readonly padding: readonly number[]; readonly extra?: readonly number[] } {
  if (typeof padding !== "string") return { padding: spread(op, "padding", padding, dims) };
  if (padding === "valid") return { padding: kernel.map(() => 0) };
  if (padding !== "same")
    throw new ArgumentError(`${op}: padding must be numbers, "valid" or "same", got "${padding}"`);
  if (stride.some((s) => s !== 1))
    throw new ValueError(`${op}: padding "same" is not supported for strided convolutions`);
  const total = kernel.map((k, i) => dilation[i]! * (k - 1));
  return { padding: total.map((t) => Math.floor(t / 2)), extra: total.map((t) => t % 2) };
}

/** What a convolution of a batch computes: its geometry, and the input, which includes what padding "same" adds on one side only. */
export function prepare(
  op: string,
  dims: number,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null | undefined,
  options: ConvOptions,
): { readonly x: Tensor; readonly geometry: Geometry } {
  const kernel = weight.shape.slice(2);
  const stride = spread(op, "stride", options.stride ?? 1, dims);
  const dilation = spread(op, "dilation", options.dilation ?? 1, dims);
  const { groups = 1 } = options;
  checkGroups(op, groups);
  const { padding, extra = [] } = resolvePadding(op, dims, kernel, stride, dilation, options.padding);
  const x = extra.some((e) => e > 0)
    ? constantPadNd(
        input,
        [...extra].reverse().flatMap((e) => [0, e]),
      )
    : input;
  const key = [dims, groups, ...x.shape, ...weight.shape, ...stride, ...padding, ...dilation];
  const geometry = geometries.get(key, () => {
    checkNumbers(op, { stride, dilation, padding });
    return geometryOver(op, input, x, weight, bias, { groups, kernel, stride, padding, dilation });
  });
  checkBias(op, bias, geometry.o);
  return { x, geometry };
}

/** Those of all convolutions that have been seen: the next step of a training asks for the same ones. */
const geometries = new Memo<Geometry>();

/** The windows of a convolution. */
type Windows = Pick<Geometry, "groups" | "kernel" | "stride" | "padding" | "dilation">;

/** The geometry of windows over `x`, which is `input` or more. @throws ShapeError if they do not fit. */
function geometryOver(
  op: string,
  input: Tensor,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null | undefined,
  windows: Windows,
): Geometry {
  const { groups, kernel, stride, padding, dilation } = windows;
  const [n, c] = [x.shape[0]!, x.shape[1]!];
  const o = weight.shape[0]!;
  if (o < 1)
    throw new ShapeError(
      `${op}: given groups=${groups}, expected weight to be at least 1 at dimension 0, but got weight of size ${shapeText(weight.shape)}`,
    );
  if (c !== weight.shape[1]! * groups || o % groups !== 0)
    throw new ShapeError(
      `${op}: given groups=${groups}, weight of size ${shapeText(weight.shape)}, expected input${shapeText(input.shape)} to have ${weight.shape[1]! * groups} channels and the ${o} output channels to be divisible by groups, but got ${c} channels instead`,
    );
  checkBias(op, bias, o);
  if (kernel.some((k) => k < 1))
    throw new ShapeError(`${op}: kernel size should be greater than zero, but got ${shapeText(kernel)}`);
  const size = x.shape.slice(2);
  const output = size.map(
    (s, i) => Math.floor((s + 2 * padding[i]! - dilation[i]! * (kernel[i]! - 1) - 1) / stride[i]!) + 1,
  );
  if (output.some((s) => s < 1))
    throw new ShapeError(
      `${op}: calculated padded input size per channel: ${shapeText(size.map((s, i) => s + 2 * padding[i]!))}. Kernel size: ${shapeText(kernel)}. Kernel size can't be greater than actual input size`,
    );
  return { n, c, o, input: size, output, ...windows };
}
