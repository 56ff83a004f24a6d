/** Pooling over windows in one, two and three dimensions. */

import { record, recordAll } from "../../autograd/node";
import type { Averaging } from "../../backend/ops";
import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { DTypeError, describe, ShapeError, ValueError } from "../../core/errors";
import { Memo } from "../../core/memo";
import { checkShape, shapeText, sizeOfShape } from "../../core/shape";
import { type Declared, named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { checkFloating, isHalf } from "../builders/precision";
import { type Sizes, type SlidingWindows, spread } from "./slidingWindows";

export interface MaxPoolOptions {
  /** Default: the kernel size. */
  stride?: Sizes | null;
  /** −∞ around the input. Default: 0. */
  padding?: Sizes;
  /** Distance between the elements of a window. Default: 1. */
  dilation?: Sizes;
  /** Count windows that begin inside but end outside. Default: false. */
  ceilMode?: boolean;
  /** Also return the positions of the maxima in their plane, int64. Default: false. */
  returnIndices?: boolean;
}

export interface AvgPoolOptions {
  /** Default: the kernel size. */
  stride?: Sizes | null;
  /** Zeros around the input. Default: 0. */
  padding?: Sizes;
  ceilMode?: boolean;
  /** Whether the padding counts in the mean. Default: true. */
  countIncludePad?: boolean;
  /** Divides by this instead of the window's size. */
  divisorOverride?: number | null;
}

/** Values and their positions; destructures as an array too. */
export type Pooled = [output: Tensor, indices: Tensor];

/** Windows over an input of shape [(N,) C, …spatial]. */
interface Windows extends SlidingWindows {
  readonly dims: number;
  /** All axes before the spatial ones. */
  readonly lead: readonly number[];
}

interface Geometry extends Windows {
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
}

function geometryOf(g: Windows): Geometry {
  const { lead, input, output } = g;
  return { ...g, inputShape: [...lead, ...input], outputShape: [...lead, ...output] };
}

/** Those of all windows that have been seen: the next step of a training asks for the same ones. */
const geometries = new Memo<Geometry>();

function checkInput(op: string, x: Tensor, dims: number): void {
  checkTensor(op, x);
  if (x.dtype === "bool") throw new DTypeError(`${op}: not implemented for 'Bool'; cast with x.float()`);
  if (x.ndim !== dims + 1 && x.ndim !== dims + 2)
    throw new ShapeError(
      `${op}: expected ${dims + 1}D or ${dims + 2}D input [(N,) C, ${["L", "H, W", "D, H, W"][dims - 1]}], got shape ${shapeText(x.shape)}`,
    );
  if (x.shape.indexOf(0, x.ndim - dims - 1) >= 0)
    throw new ShapeError(
      `${op}: expected input with non-zero size for all but the batch axis, got ${shapeText(x.shape)}`,
    );
}

/** @see torch pooling_output_shape */
function outputSize(input: number, k: number, s: number, p: number, d: number, ceilMode: boolean): number {
  const span = input + 2 * p - d * (k - 1) - 1;
  const out = (ceilMode ? Math.ceil(span / s) : Math.floor(span / s)) + 1;
  // The last window must begin inside the input or its left padding.
  return ceilMode && (out - 1) * s >= input + p ? out - 1 : out;
}

function windows(
  op: string,
  x: Tensor,
  dims: number,
  kernelSize: Sizes,
  options: MaxPoolOptions & AvgPoolOptions,
): Geometry {
  checkInput(op, x, dims);
  const kernel = spread(op, "kernelSize", kernelSize, dims);
  const isDefault = options.stride == null || (Array.isArray(options.stride) && options.stride.length === 0);
  const stride = isDefault ? kernel : spread(op, "stride", options.stride!, dims);
  const padding = spread(op, "padding", options.padding ?? 0, dims);
  const dilation = spread(op, "dilation", options.dilation ?? 1, dims);
  const ceilMode = Boolean(options.ceilMode);
  const key = [dims, Number(ceilMode), ...x.shape, ...kernel, ...stride, ...padding, ...dilation];
  return geometries.get(key, () => geometryOver(op, x, { dims, kernel, stride, padding, dilation }, ceilMode));
}

/** The geometry of windows over `x`. @throws ValueError or ShapeError if they do not fit. */
function geometryOver(
  op: string,
  x: Tensor,
  windows: Omit<Windows, "lead" | "input" | "output">,
  ceilMode: boolean,
): Geometry {
  const { dims, kernel, stride, padding, dilation } = windows;
  if ([kernel, stride, dilation].some((sizes) => sizes.some((n) => n < 1 || n >= 2 ** 31)))
    throw new ValueError(`${op}: kernelSize, stride and dilation must be positive, and less than 2^31`);
  if (padding.some((p, i) => p < 0 || p > kernel[i]! / 2))
    throw new ValueError(
      `${op}: pad should be at most half of effective kernel size, got padding ${shapeText(padding)} and kernelSize ${shapeText(kernel)}`,
    );
  const input = x.shape.slice(x.ndim - dims);
  const output = input.map((n, i) => outputSize(n, kernel[i]!, stride[i]!, padding[i]!, dilation[i]!, ceilMode));
  if (output.some((n) => n < 1))
    throw new ShapeError(
      `${op}: given input size ${shapeText(x.shape.slice(-dims - 1))}, the output size ${shapeText(output)} is too small`,
    );
  return geometryOf({ ...windows, input, output, lead: x.shape.slice(0, x.ndim - dims) });
}

function adaptiveWindows(
  op: string,
  x: Tensor,
  dims: number,
  size: number | readonly (number | null)[] | null,
): Geometry {
  checkInput(op, x, dims);
  const input = x.shape.slice(x.ndim - dims);
  const given = Array.isArray(size) ? (size as readonly (number | null)[]) : [size as number | null];
  for (const n of given) if (n !== null) checkInteger(op, "outputSize", n, 0, MAX_COUNT);
  const wanted = Array.isArray(size)
    ? size.length === 1
      ? new Array(dims).fill(size[0])
      : size
    : new Array(dims).fill(size);
  const output = input.map((n, i) => (wanted[i] as number | null) ?? n);
  if (wanted.length !== dims)
    throw new ValueError(`${op}: outputSize must be one size or ${dims}, none negative, got ${describe(size)}`);
  checkShape(op, [...x.shape.slice(0, x.ndim - dims), ...output]);
  const none = new Array<number>(dims).fill(0);
  // Devices take a kernel of 0 for as many windows as there are outputs.
  return geometryOf({
    dims,
    input,
    output,
    kernel: none,
    stride: none,
    padding: none,
    dilation: none.map(() => 1),
    lead: x.shape.slice(0, x.ndim - dims),
  });
}

/** Maximum over windows, with positions. */
function maxOver(op: string, x: Tensor, g: Geometry): Pooled {
  checkFloating(op, x);
  if (isHalf(x.dtype)) {
    const [y, indices] = maxOver(op, x.to("float32"), g);
    return [y.to(x.dtype), indices];
  }
  const y = allocate([...g.outputShape], x.dtype, x);
  const indices = allocate(y.shape, "int64", x);
  x.storage.backend.run("maxPool", { y, indices, x: x.contiguous(), windows: g });
  const name = `${op.charAt(0).toUpperCase()}${op.slice(1)}${g.dims === 1 ? "" : "WithIndices"}Backward0`;
  recordAll(name, [y, indices], [x], [indices], ([grad], [at]) => [grad && maxPoolBackward(grad, at!, g)]);
  return [y, indices];
}

/** The gradient of max pooling: each gradient added at the position of its maximum. */
function maxPoolBackward(g: Tensor, indices: Tensor, geometry: Geometry): Tensor {
  const { input, output, inputShape } = geometry;
  const gx = allocate([...inputShape], g.dtype, g);
  g.storage.backend.run("maxPoolGradient", { gx, gy: g.contiguous(), indices, windows: geometry });
  return record(
    "MaxPoolBackwardBackward0",
    gx,
    [g],
    [indices],
    [
      (h, [at]) =>
        atMaxima(h.reshape([-1, sizeOfShape(input)]), at!.reshape([-1, sizeOfShape(output)])).reshape(at!.shape),
    ],
  );
}

/** The elements of planes at the positions of maxima; 0 where there is none. */
const atMaxima = (planes: Tensor, at: Tensor): Tensor => planes.gather(1, at.clamp({ min: 0 })).maskedFill(at.lt(0), 0);

function maxPool(dims: number): MaxPool {
  const op = `maxPool${dims}d`;
  return named(
    op,
    "input, kernelSize; stride, padding, dilation, ceilMode, returnIndices",
    (x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Tensor | Pooled => {
      const pooled = maxOver(`maxPool${dims}D`, x, windows(op, x, dims, kernelSize, options));
      return options.returnIndices ? pooled : pooled[0];
    },
  ) as unknown as MaxPool;
}

/** A max pooling function: with `returnIndices` it returns positions too. */
export interface MaxPool extends Declared {
  (x: Tensor, kernelSize: Sizes, options: MaxPoolOptions & { returnIndices: true }): Pooled;
  (x: Tensor, kernelSize: Sizes, options?: MaxPoolOptions): Tensor;
  (options: { input: Tensor; kernelSize: Sizes; returnIndices: true } & MaxPoolOptions): Pooled;
  (options: { input: Tensor; kernelSize: Sizes } & MaxPoolOptions): Tensor;
  (x: Tensor, options: { kernelSize: Sizes; returnIndices: true } & MaxPoolOptions): Pooled;
  (x: Tensor, options: { kernelSize: Sizes } & MaxPoolOptions): Tensor;
  (
    x: Tensor,
    kernelSize: Sizes,
    stride?: Sizes | null,
    padding?: Sizes,
    dilation?: Sizes,
    ceilMode?: boolean,
    returnIndices?: false,
  ): Tensor;
  (
    x: Tensor,
    kernelSize: Sizes,
    stride: Sizes | null,
    padding: Sizes,
    dilation: Sizes,
    ceilMode: boolean,
    returnIndices: true,
  ): Pooled;
}

/** The maximum over windows of the last axis. Shape: [(N,) C, L] → [(N,) C, L′]. @see torch.nn.functional.max_pool1d */
export const maxPool1d: MaxPool = maxPool(1);

/**
 * The maximum over windows of the last two axes. Shape: [(N,) C, H, W] → [(N,) C, H′, W′].
 * @see torch.nn.functional.max_pool2d
 * @example F.maxPool2d(x, 2); F.maxPool2d(x, [3, 2], { stride: 2, padding: 1 });
 */
export const maxPool2d: MaxPool = maxPool(2);

/** The maximum over windows of the last three axes. Shape: [(N,) C, D, H, W] → [(N,) C, D′, H′, W′]. @see torch.nn.functional.max_pool3d */
export const maxPool3d: MaxPool = maxPool(3);

/** The size of an adaptive pooling's output; null keeps an axis. */
export type OutputSize = number | readonly (number | null)[] | null;

/** An adaptive max pooling function. */
export interface AdaptiveMaxPool extends Declared {
  (x: Tensor, outputSize: OutputSize, options: { returnIndices: true }): Pooled;
  (x: Tensor, outputSize: OutputSize, options?: { returnIndices?: boolean }): Tensor;
  (x: Tensor, outputSize: OutputSize, returnIndices: true): Pooled;
  (x: Tensor, outputSize: OutputSize, returnIndices?: boolean): Tensor;
  (x: Tensor, options: { outputSize: OutputSize; returnIndices: true }): Pooled;
  (x: Tensor, options: { outputSize: OutputSize; returnIndices?: boolean }): Tensor;
  (options: { input: Tensor; outputSize: OutputSize; returnIndices: true }): Pooled;
  (options: { input: Tensor; outputSize: OutputSize; returnIndices?: boolean }): Tensor;
}

function adaptiveMax(dims: number): AdaptiveMaxPool {
  const op = `adaptiveMaxPool${dims}d`;
  return named(
    op,
    "input, outputSize; returnIndices",
    (x: Tensor, outputSize: OutputSize, options: { returnIndices?: boolean } = {}): Tensor | Pooled => {
      const pooled = maxOver(`adaptiveMaxPool${dims}D`, x, adaptiveWindows(op, x, dims, outputSize));
      return options.returnIndices ? pooled : pooled[0];
    },
  ) as unknown as AdaptiveMaxPool;
}

/** The maximum over as many windows as the output has elements. @see torch.nn.functional.adaptive_max_pool1d */
export const adaptiveMaxPool1d: AdaptiveMaxPool = adaptiveMax(1);
/** The maximum over as many windows as the output has elements. @see torch.nn.functional.adaptive_max_pool2d */
export const adaptiveMaxPool2d: AdaptiveMaxPool = adaptiveMax(2);
/** The maximum over as many windows as the output has elements. @see torch.nn.functional.adaptive_max_pool3d */
export const adaptiveMaxPool3d: AdaptiveMaxPool = adaptiveMax(3);

/** A linear pooling: its gradient spreads evenly, and the gradient of that is the pooling again. */
function linearPool(name: string, x: Tensor, g: Geometry, averaging: Averaging): Tensor {
  if (isHalf(x.dtype)) return linearPool(name, x.to("float32"), g, averaging).to(x.dtype);
  const y = allocate([...g.outputShape], x.dtype, x);
  const { countIncludePad, divisor } = averaging;
  x.storage.backend.run("avgPool", { y, x: x.contiguous(), windows: g, countIncludePad, divisor });
  return record(name, y, [x], [], [(grad) => linearPoolBackward(name, grad, g, averaging)]);
}

function linearPoolBackward(name: string, grad: Tensor, g: Geometry, averaging: Averaging): Tensor {
  const gx = allocate([...g.inputShape], grad.dtype, grad);
  const { countIncludePad, divisor } = averaging;
  const gy = grad.contiguous();
  grad.storage.backend.run("avgPoolGradient", { gx, gy, windows: g, countIncludePad, divisor });
  return record(`${name.slice(0, -1)}Backward0`, gx, [grad], [], [(h) => linearPool(name, h, g, averaging)]);
}

function avgPool(dims: number, x: Tensor, kernelSize: Sizes, options: AvgPoolOptions): Tensor {
  const op = `avgPool${dims}d`;
  // Integers are averaged as float64, and the means truncated.
  if (checkTensor(op, x).dtype !== "bool" && !isFloat(x.dtype))
    return avgPool(dims, x.double(), kernelSize, options).to(x.dtype);
  const g = windows(op, x, dims, kernelSize, options);
  const { countIncludePad = true, divisorOverride = null } = options;
  if (divisorOverride !== null) checkInteger(op, "divisorOverride", divisorOverride, -MAX_COUNT, MAX_COUNT);
  if (divisorOverride === 0) throw new ValueError(`${op}: divisorOverride must not be zero`);
  return linearPool(`AvgPool${dims}DBackward0`, x, g, {
    countIncludePad,
    divisor: divisorOverride ?? undefined,
  });
}

/** The mean over windows of the last axis. Shape: [(N,) C, L] → [(N,) C, L′]. @see torch.nn.functional.avg_pool1d */
export const avgPool1d = named(
  "avgPool1d",
  "input, kernelSize; stride, padding, ceilMode, countIncludePad",
  (x: Tensor, kernelSize: Sizes, options: Omit<AvgPoolOptions, "divisorOverride"> = {}): Tensor =>
    avgPool(1, x, kernelSize, options),
);

/** The mean over windows of the last two axes. Shape: [(N,) C, H, W] → [(N,) C, H′, W′]. @see torch.nn.functional.avg_pool2d */
export const avgPool2d = named(
  "avgPool2d",
  "input, kernelSize; stride, padding, ceilMode, countIncludePad, divisorOverride",
  (x: Tensor, kernelSize: Sizes, options: AvgPoolOptions = {}): Tensor => avgPool(2, x, kernelSize, options),
);

/** The mean over windows of the last three axes. Shape: [(N,) C, D, H, W] → [(N,) C, D′, H′, W′]. @see torch.nn.functional.avg_pool3d */
export const avgPool3d = named(
  "avgPool3d",
  "input, kernelSize; stride, padding, ceilMode, countIncludePad, divisorOverride",
  (x: Tensor, kernelSize: Sizes, options: AvgPoolOptions = {}): Tensor => avgPool(3, x, kernelSize, options),
);

function adaptiveAvg(dims: number, x: Tensor, outputSize: OutputSize): Tensor {
  const op = `adaptiveAvgPool${dims}d`;
  const g = adaptiveWindows(op, x, dims, outputSize);
  checkFloating(op, x);
  return linearPool(`AdaptiveAvgPool${dims}DBackward0`, x, g, { countIncludePad: false, divisor: undefined });
}

/** The mean over as many windows as the output has elements. @see torch.nn.functional.adaptive_avg_pool1d */
export const adaptiveAvgPool1d = named(
  "adaptiveAvgPool1d",
  "input, outputSize",
  (x: Tensor, outputSize: OutputSize): Tensor => adaptiveAvg(1, x, outputSize),
);
/** The mean over as many windows as the output has elements. @see torch.nn.functional.adaptive_avg_pool2d */
export const adaptiveAvgPool2d = named(
  "adaptiveAvgPool2d",
  "input, outputSize",
  (x: Tensor, outputSize: OutputSize): Tensor => adaptiveAvg(2, x, outputSize),
);
/** The mean over as many windows as the output has elements. @see torch.nn.functional.adaptive_avg_pool3d */
export const adaptiveAvgPool3d = named(
  "adaptiveAvgPool3d",
  "input, outputSize",
  (x: Tensor, outputSize: OutputSize): Tensor => adaptiveAvg(3, x, outputSize),
);
