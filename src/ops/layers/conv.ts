/**
 * Convolution in one, two and three dimensions, and its transpose.
 *
 * Three bilinear maps belong to a geometry: the convolution of input and weight, and the gradients of both. The derivative of each is
 * given by the other two, so that derivatives of every order are as fast as the first.
 */

import { record } from "../../autograd/node";
import { isFloat } from "../../core/dtype";
import { checkOptions, ShapeError, ValueError } from "../../core/errors";
import { Memo } from "../../core/memo";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { computeType } from "../builders/define";
import { type ConvOptions, checkBias, checkGroups, checkNumbers, checkOperands, prepare } from "./convArguments";
import { inputGradOf, outputOf, weightGradOf } from "./convCommuted";
import { channelSums, type Geometry } from "./convMaps";
import { type Sizes, spread } from "./slidingWindows";

export type { ConvOptions } from "./convArguments";

/** Options of a transposed convolution; a number stands for all spatial axes. */
export interface ConvTransposeOptions {
  stride?: Sizes;
  /** Takes this much away from both sides of the output. Default: 0. */
  padding?: Sizes;
  /** Adds this much to one side of the output. Default: 0. */
  outputPadding?: Sizes;
  groups?: number;
  dilation?: Sizes;
}

/** y from x and w. */
function forward(x: Tensor, w: Tensor, bias: Tensor | undefined, g: Geometry): Tensor {
  const y = outputOf(x, w, bias, g);
  return record(
    "ConvolutionBackward0",
    y,
    [x, w, bias],
    [x, w],
    [
      (gy, [, weight]) => inputGrad(gy, weight!, g),
      (gy, [input]) => weightGrad(gy, input!, g),
      (gy) => channelSum(gy, g),
    ],
  );
}

/** The gradient of x: also the transposed convolution of gy. */
function inputGrad(gy: Tensor, w: Tensor, g: Geometry): Tensor {
  const gx = inputGradOf(gy, w, g);
  return record(
    "ConvolutionBackward0",
    gx,
    [gy, w],
    [gy, w],
    [(h, [, weight]) => forward(h, weight!, undefined, g), (h, [grad]) => weightGrad(grad!, h, g)],
  );
}

/** The gradient of w. */
function weightGrad(gy: Tensor, x: Tensor, g: Geometry): Tensor {
  const gw = weightGradOf(gy, x, g);
  return record(
    "ConvolutionBackward0",
    gw,
    [gy, x],
    [gy, x],
    [(h, [, input]) => forward(input!, h, undefined, g), (h, [grad]) => inputGrad(grad!, h, g)],
  );
}

/** The gradient of the bias: the sum of each channel. */
function channelSum(gy: Tensor, g: Geometry): Tensor {
  const gb = channelSums(gy, g);
  const { shape } = gy;
  return record(
    "ConvolutionBackwardBackward0",
    gb,
    [gy],
    [],
    [(h) => h.reshape([1, -1, ...g.output.map(() => 1)]).expand(shape)],
  );
}

type Operands = [input: Tensor, weight: Tensor, bias: Tensor | null | undefined];

/** Integers are convolved as float64, which is exact below 2^53. */
const asIntegers = (
  x: Tensor,
  w: Tensor,
  bias: Tensor | null | undefined,
  f: (...operands: Operands) => Tensor,
): Tensor => f(x.double(), w.double(), bias?.double()).to(x.dtype);

/** 16-bit floats are convolved as float32. */
const asSingles = (
  x: Tensor,
  w: Tensor,
  bias: Tensor | null | undefined,
  f: (...operands: Operands) => Tensor,
): Tensor => f(x.float(), w.float(), bias?.float()).to(x.dtype);

function convolve(
  dims: number,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null | undefined,
  options: ConvOptions,
): Tensor {
  const op = `conv${dims}d`;
  checkOptions(op, options, ["stride", "padding", "dilation", "groups"]);
  checkOperands(op, dims, input, weight, bias);
  const f = (...[x, w, b]: Operands) => convolve(dims, x, w, b, options);
  if (computeType(input.dtype) !== input.dtype) return asSingles(input, weight, bias, f);
  if (!isFloat(input.dtype)) return asIntegers(input, weight, bias, f);
  if (input.ndim === dims + 1) return convolve(dims, input.unsqueeze(0), weight, bias, options).squeeze(0);
  const { x, geometry } = prepare(op, dims, input, weight, bias, options);
  return forward(x, weight, bias ?? undefined, geometry);
}

/** Cross-correlation along the last axis. Shape: input [(N,) C, L], weight [O, C/groups, K], bias [O]. @see torch.nn.functional.conv1d */
export const conv1d = named(
  "conv1d",
  "input, weight, bias?; stride, padding, dilation, groups",
  (input: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor =>
    convolve(1, input, weight, bias, options),
);

/**
 * Cross-correlation over the last two axes. Shape: input [(N,) C, H, W], weight [O, C/groups, KH, KW], bias [O]; gives [(N,) O, H′, W′].
 * @see torch.nn.functional.conv2d
 * @throws ShapeError if channels do not fit or the kernel is larger than the padded input.
 * @example F.conv2d(images, weight, bias, { stride: 2, padding: 1 });
 */
export const conv2d = named(
  "conv2d",
  "input, weight, bias?; stride, padding, dilation, groups",
  (input: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor =>
    convolve(2, input, weight, bias, options),
);

/** Cross-correlation over the last three axes. Shape: input [(N,) C, D, H, W], weight [O, C/groups, KD, KH, KW]. @see torch.nn.functional.conv3d */
export const conv3d = named(
  "conv3d",
  "input, weight, bias?; stride, padding, dilation, groups",
  (input: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor =>
    convolve(3, input, weight, bias, options),
);

/** The geometries of all transposed convolutions that have been seen. */
const transposed = new Memo<Geometry>();

/** The transposed convolution is the gradient of a convolution from its output's side. */
function transpose(
  dims: number,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null | undefined,
  options: ConvTransposeOptions,
): Tensor {
  const op = `convTranspose${dims}d`;
  checkOptions(op, options, ["stride", "padding", "outputPadding", "groups", "dilation"]);
  checkOperands(op, dims, input, weight, bias);
  const f = (...[x, w, b]: Operands) => transpose(dims, x, w, b, options);
  if (computeType(input.dtype) !== input.dtype) return asSingles(input, weight, bias, f);
  if (!isFloat(input.dtype)) return asIntegers(input, weight, bias, f);
  if (input.ndim === dims + 1) return transpose(dims, input.unsqueeze(0), weight, bias, options).squeeze(0);
  const kernel = weight.shape.slice(2);
  const stride = spread(op, "stride", options.stride ?? 1, dims);
  const padding = spread(op, "padding", options.padding ?? 0, dims);
  const outputPadding = spread(op, "outputPadding", options.outputPadding ?? 0, dims);
  const dilation = spread(op, "dilation", options.dilation ?? 1, dims);
  const { groups = 1 } = options;
  checkGroups(op, groups);
  checkNumbers(op, { stride, dilation, padding, outputPadding });
  if (outputPadding.some((p, i) => p >= stride[i]! && p >= dilation[i]!))
    throw new ValueError(
      `${op}: output padding must be smaller than either stride or dilation, got ${shapeText(outputPadding)}`,
    );
  const [n, o] = [input.shape[0]!, input.shape[1]!];
  if (o !== weight.shape[0] || o % groups !== 0)
    throw new ShapeError(
      `${op}: given transposed=1, weight of size ${shapeText(weight.shape)}, expected input${shapeText(input.shape)} to have ${weight.shape[0]} channels, divisible by groups=${groups}, but got ${o} channels instead`,
    );
  const c = weight.shape[1]! * groups;
  checkBias(op, bias, c);
  if (kernel.some((k) => k < 1))
    throw new ShapeError(`${op}: kernel size should be greater than zero, but got ${shapeText(kernel)}`);
  const output = input.shape.slice(2);
  const size = output.map(
    (s, i) => (s - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (kernel[i]! - 1) + outputPadding[i]! + 1,
  );
  if (size.some((s) => s < 1)) throw new ShapeError(`${op}: calculated output size ${shapeText(size)} is too small`);
  const windows = { input: size, output, kernel, stride, padding, dilation };
  const key = [dims, n, groups, c, o, ...Object.values(windows).flat()];
  const geometry = transposed.get(key, () => ({ n, groups, c, o, ...windows }));
  const y = inputGrad(input, weight, geometry);
  return bias ? y.add(bias.reshape([1, -1, ...size.map(() => 1)])) : y;
}

/** Transposed convolution along the last axis. Shape: input [(N,) C, L], weight [C, O/groups, K]. @see torch.nn.functional.conv_transpose1d */
export const convTranspose1d = named(
  "convTranspose1d",
  "input, weight, bias?; stride, padding, outputPadding, groups, dilation",
  (input: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTransposeOptions = {}): Tensor =>
    transpose(1, input, weight, bias, options),
);

/** Transposed convolution over the last two axes. Shape: input [(N,) C, H, W], weight [C, O/groups, KH, KW]. @see torch.nn.functional.conv_transpose2d */
export const convTranspose2d = named(
  "convTranspose2d",
  "input, weight, bias?; stride, padding, outputPadding, groups, dilation",
  (input: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTransposeOptions = {}): Tensor =>
    transpose(2, input, weight, bias, options),
);

/** Transposed convolution over the last three axes. Shape: input [(N,) C, D, H, W], weight [C, O/groups, KD, KH, KW]. @see torch.nn.functional.conv_transpose3d */
export const convTranspose3d = named(
  "convTranspose3d",
  "input, weight, bias?; stride, padding, outputPadding, groups, dilation",
  (input: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvTransposeOptions = {}): Tensor =>
    transpose(3, input, weight, bias, options),
);
