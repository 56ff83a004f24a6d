/** Convolutions of images of bytes. Channels are neighbors in memory, so that windows are read where they stand. */
import { MAX_COUNT } from "../core/arguments";
import { ShapeError } from "../core/errors";
import { contiguousStrides, shapeText } from "../core/shape";
import { allocate, windowOn } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type Packed, packDepthwise, packWeight } from "./packed";
import { perTensor, QuantizedTensor } from "./quantizedTensor";

type Pair = readonly [number, number];

/** How a convolution is done. */
export interface ConvGeometry {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

/** Whether each channel has one kernel of its own. */
const isDepthwise = (weight: readonly number[], groups: number): boolean =>
  groups > 1 && weight[0] === groups && weight[1] === 1;

/** Whether the taps of a line of the kernel are neighbors in memory. */
const hasLines = ({ groups, dilation }: ConvGeometry): boolean => groups === 1 && dilation[1] === 1;

/** Packs a weight [out, in / groups, kh, kw]. */
export function packConvolution(
  op: string,
  weight: QuantizedTensor,
  bias: Tensor | null,
  g: ConvGeometry,
  invert: number,
): Packed {
  const [out, channels, kh, kw] = weight.shape as readonly number[] as readonly [number, number, number, number];
  if (isDepthwise(weight.shape, g.groups)) return packDepthwise(op, weight, bias, invert);
  const [segments, length] = hasLines(g) ? [kh, kw * channels] : [kh * kw, channels];
  const ordered = weight.values.permute(0, 2, 3, 1);
  return packWeight(op, weight, ordered, bias, invert, { n: out / g.groups, groups: g.groups, segments, length });
}

/** The integers of images [n, c, h, w] as [n, h, w, c], contiguous, with `zero` around them. */
function lined(x: Tensor, padding: Pair, zero: number): Tensor {
  const images = x.permute(0, 2, 3, 1);
  const [ph, pw] = padding;
  if (ph === 0 && pw === 0) return images.contiguous();
  const [n, h, w, c] = images.shape as readonly number[] as readonly [number, number, number, number];
  const shape = [n, h + 2 * ph, w + 2 * pw, c];
  const y = allocate(shape, x.dtype, x);
  const { backend } = y.storage;
  backend.fill(y, zero);
  const strides = contiguousStrides(shape);
  backend.copy(windowOn(y, [n, h, w, c], strides, ph * strides[1]! + pw * strides[2]!), images);
  return y;
}

const outputSize = (size: number, axis: 0 | 1, { kernel, stride, padding, dilation }: ConvGeometry): number =>
  Math.floor((size + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;

function checkInput(op: string, x: QuantizedTensor, channels: number, g: ConvGeometry): Pair {
  if (x.ndim !== 4) throw new ShapeError(`${op}: Input shape must be \`(N, C, H, W)\`, got ${shapeText(x.shape)}`);
  const [, c, h, w] = x.shape as readonly number[] as readonly [number, number, number, number];
  if (c !== channels)
    throw new ShapeError(`${op}: expected input ${shapeText(x.shape)} to have ${channels} channels, but got ${c}`);
  const size: Pair = [outputSize(h, 0, g), outputSize(w, 1, g)];
  if (size.some((n) => n < 1))
    throw new ShapeError(
      `${op}: Calculated padded input size per channel: (${h + 2 * g.padding[0]} x ${w + 2 * g.padding[1]}). Kernel size: (${g.kernel[0]} x ${g.kernel[1]}). Kernel size can't be greater than actual input size`,
    );
  return size;
}

/**
 * A convolution of quantized images by a packed weight, whose result has the scale and zero point given.
 * @param channels Those that the layer takes.
 */
export function convolve(
  op: string,
  x: QuantizedTensor,
  packed: Packed,
  channels: number,
  g: ConvGeometry,
  result: { scale: number; zeroPoint: number; relu: boolean },
): QuantizedTensor {
  const [oh, ow] = checkInput(op, x, channels, g);
  const { scale, zeroPoint } = perTensor(op, x);
  const n = x.shape[0]!;
  const images = lined(x.values, g.padding, zeroPoint);
  const [, h, w, c] = images.shape as readonly number[] as readonly [number, number, number, number];
  const depthwise =
    isDepthwise([packed.terms.n, 1], g.groups) && packed.terms.length === 1 && packed.terms.groups === 1;
  const out = packed.terms.n * packed.terms.groups;
  const y = allocate([n, oh, ow, out], "uint8", images);
  const line = w * c;
  const places = {
    ...{ images: n, lines: oh, line: ow },
    ...{ imageStep: h * line, lineStep: g.stride[0] * line, placeStep: g.stride[1] * c },
    offsets: offsetsOf(g, line, c, !depthwise && hasLines(g)),
  };
  if (y.numel() > 0 && n * h * line <= MAX_COUNT) {
    const { sums, scales, bias, terms, w: weights } = packed;
    const shared = { y, x: images, w: weights, sums, scales, bias, places, zero: zeroPoint, relu: result.relu };
    const sizes = { scale: scale / result.scale, zeroOut: result.zeroPoint };
    const { backend } = y.storage;
    if (depthwise) backend.run("quantizedDepthwise", { ...shared, ...sizes, channels: out });
    else backend.run("quantizedProduct", { ...shared, ...sizes, terms, groupStep: c / g.groups });
  }
  if (images.storage !== x.values.storage) images.dispose();
  const quantizer = { scheme: "perTensorAffine", scale: result.scale, zeroPoint: result.zeroPoint } as const;
  return new QuantizedTensor(y.permute(0, 3, 1, 2), "quint8", quantizer);
}

/** From the beginning of a window to each segment. */
function offsetsOf({ kernel, dilation }: ConvGeometry, line: number, c: number, byLine: boolean): number[] {
  const rows = Array.from({ length: kernel[0] }, (_, i) => i * dilation[0] * line);
  if (byLine) return rows;
  return rows.flatMap((row) => Array.from({ length: kernel[1] }, (_, j) => row + j * dilation[1] * c));
}
