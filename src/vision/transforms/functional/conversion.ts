/** Between Images and tensors, between dtypes, and to values of mean 0. */

import { isRecorded } from "../../../autograd/node";
import { checkFlag } from "../../../core/arguments";
import { checkDType, type DType, getDefaultDtype, isFloat, type TypedArray } from "../../../core/dtype";
import { ArgumentError, DTypeError, describe, ShapeError, ValueError } from "../../../core/errors";
import { shapeText } from "../../../core/shape";
import { named } from "../../../core/signature";
import { checkInplace, checkTensor } from "../../../ops/builders/checks";
import { allocate } from "../../../tensor/create";
import { Tensor } from "../../../tensor/tensor";
import { Image, type ImageMode, type ImageSamples } from "../../image";
import { bytesInMemory } from "../../memory";
import { checkImageTensor, elementsOf, tensorOf } from "./picture";
import "../../kernels";

/** Writes interleaved samples channel by channel. */
function planes(samples: ArrayLike<number>, out: { [i: number]: number }, bands: number): void {
  const pixels = samples.length / bands;
  for (let band = 0, at = 0; band < bands; band++)
    for (let p = 0, i = band; p < pixels; p++, i += bands) out[at++] = samples[i]!;
}

/** Interleaved bytes channel by channel, as parts of 255 in float32. */
function unitFloats(samples: Uint8Array, shape: readonly [bands: number, height: number, width: number]): Tensor {
  const [bands, height, width] = shape;
  const y = allocate(shape, "float32");
  const x = bytesInMemory(samples);
  y.storage.backend.run("unitPlanes", { y, x, pixels: height * width, bands });
  x.dispose();
  return y;
}

/** Bytes as numbers from 0 to 1 of the default dtype, [channels, height, width]. */
function unitPlanes(samples: Uint8Array, bands: number, height: number, width: number): Tensor {
  const shape = [bands, height, width] as const;
  const dtype = getDefaultDtype();
  if (dtype === "float64")
    return tensorOf<Float64Array>(dtype, shape, (out) => {
      planes(samples, out, bands);
      for (let i = 0; i < out.length; i++) out[i]! /= 255;
    });
  const x = unitFloats(samples, shape);
  return dtype === "float32" ? x : x.to(dtype);
}

/** Samples as they are, of the dtype that holds them, [channels, height, width]. */
function plainPlanes({ data, bands, height, width }: Image, dtype: DType): Tensor {
  return tensorOf<Uint8Array>(dtype, [bands, height, width], (out) =>
    bands === 1 ? out.set(data as Uint8Array) : planes(data, out, bands),
  );
}

/** A tensor [height, width, channels] or [height, width], which stands for NumPy's array. */
function arrayToTensor(pic: Tensor): Tensor {
  if (pic.ndim !== 2 && pic.ndim !== 3)
    throw new ValueError(`toTensor: pic should be 2/3 dimensional. Got ${pic.ndim} dimensions.`);
  const [height, width, bands = 1] = pic.shape as readonly number[] as [number, number, number?];
  if (pic.dtype === "uint8") return unitPlanes(elementsOf(pic) as Uint8Array, bands, height, width);
  return (pic.ndim === 2 ? pic.unsqueeze(0) : pic.permute(2, 0, 1)).contiguous();
}

/**
 * The picture as a tensor of shape [channels, height, width]: of 8 bits as floats from 0 to 1, of modes `"I"`, `"I;16"` and `"F"` as int32, int16
 * and float32 without scaling. A tensor takes the place of NumPy's array: [height, width] or [height, width, channels], scaled if uint8.
 * @see torchvision.transforms.functional.to_tensor
 * @throws ArgumentError unless it is an Image or a Tensor, ValueError for a tensor of other than 2 or 3 axes.
 * @example const x = functional.toTensor(image);
 */
export const toTensor = named("toTensor", "pic", (pic: Image | Tensor): Tensor => {
  if (pic instanceof Tensor) return arrayToTensor(checkTensor("toTensor", pic, "pic"));
  if (!(pic instanceof Image))
    throw new ArgumentError(
      `toTensor: pic should be an Image or a Tensor [height, width, channels], got ${describe(pic)}`,
    );
  if (pic.mode === "I") return plainPlanes(pic, "int32");
  if (pic.mode === "I;16") return plainPlanes(pic, "int16");
  if (pic.mode === "F") return plainPlanes(pic, "float32");
  return unitPlanes(pic.data as Uint8Array, pic.bands, pic.height, pic.width);
});

/** @internal The samples of a picture as a tensor that {@link fromPlanes} turns back into one. */
export const toPlanes = (img: Image): Tensor => plainPlanes(img, img.mode === "1" ? "uint8" : dtypeOf(img.mode));

/** @internal A picture of the mode and palette of `img` from the samples of its channels. */
export function fromPlanes(planes: Tensor, img: Image): Image {
  const [bands, height, width] = planes.shape as readonly number[] as [number, number, number];
  const values = elementsOf(planes.contiguous());
  if (img.mode === "1")
    return new Image(
      "1",
      width,
      height,
      Uint8Array.from(values as Uint8Array, (value) => (value < 128 ? 0 : 255)),
    );
  return new Image(img.mode, width, height, interleaved(values, img.mode, bands), img.palette);
}

/** The dtype that holds the samples of a mode. */
const dtypeOf = (mode: ImageMode): DType =>
  mode === "F" ? "float32" : mode === "I" || mode === "I;16" ? "int32" : mode === "1" ? "bool" : "uint8";

/**
 * The samples of a picture as they are, of shape [channels, height, width]: uint8, of mode `"1"` bool, of `"I"` and `"I;16"` int32, of `"F"` float32.
 * @see torchvision.transforms.functional.pil_to_tensor
 * @throws ArgumentError unless it is an Image.
 */
export const pilToTensor = named("pilToTensor", "pic", (pic: Image): Tensor => {
  if (!(pic instanceof Image)) throw new ArgumentError(`pilToTensor: pic should be an Image, got ${describe(pic)}`);
  if (pic.mode !== "1") return plainPlanes(pic, dtypeOf(pic.mode));
  return tensorOf<Uint8Array>("bool", [1, pic.height, pic.width], (out) => {
    for (let i = 0; i < out.length; i++) out[i] = pic.data[i] === 0 ? 0 : 1;
  });
});

/** Modes by channels, the first of which is the default. */
const modesOf: readonly (readonly ImageMode[])[] = [[], ["L", "I;16", "I", "F"], ["LA"], ["RGB"], ["RGBA", "CMYK"]];

/** The mode of pictures of one channel, by dtype. */
const grayModes: Readonly<Partial<Record<DType, ImageMode>>> = { uint8: "L", int16: "I;16", int32: "I", float32: "F" };

/** The mode of a picture of so many channels. @throws ValueError or DTypeError if there is none, or another than the one asked for. */
function modeFor(channels: number, dtype: DType, mode: ImageMode | undefined): ImageMode {
  if (channels === 1) {
    const expected = grayModes[dtype];
    if (mode !== undefined && mode !== expected)
      throw new ValueError(
        `toPilImage: Incorrect mode (${typeof mode === "string" ? mode : describe(mode)}) supplied for input type ${dtype}. Should be ${expected ?? "none: there is no mode of this type"}`,
      );
    if (expected === undefined) throw new DTypeError(`toPilImage: Input type ${dtype} is not supported`);
    return expected;
  }
  const permitted = modesOf[channels] ?? [];
  if (mode !== undefined && !permitted.includes(mode))
    throw new ValueError(
      `toPilImage: Only modes [${permitted.map((name) => `'${name}'`).join(", ")}] are supported for inputs of ${channels} channels, got ${describe(mode)}`,
    );
  if (dtype !== "uint8" || permitted.length === 0)
    throw new DTypeError(`toPilImage: Input type ${dtype} of ${channels} channels is not supported`);
  return mode ?? permitted[0]!;
}

/** Planes as interleaved samples of a mode. */
function interleaved(values: TypedArray, mode: ImageMode, channels: number): ImageSamples {
  if (mode === "I;16") return Uint16Array.from(values as Int16Array);
  if (channels === 1) return values.slice() as ImageSamples;
  const pixels = values.length / channels;
  const out = new Uint8Array(values.length);
  for (let band = 0, at = 0; band < channels; band++)
    for (let i = band; at < (band + 1) * pixels; i += channels) out[i] = values[at++] as number;
  return out;
}

/**
 * A tensor of shape [channels, height, width] or [height, width] as a picture. Floats are taken to lie between 0 and 1, unless the mode is `"F"`.
 * @param mode Default: `"L"`, `"LA"`, `"RGB"` or `"RGBA"` by the number of channels; of one channel by dtype: `"L"` uint8, `"I;16"` int16, `"I"` int32.
 * @see torchvision.transforms.functional.to_pil_image
 * @throws ValueError for other shapes or a mode that does not fit, DTypeError for a dtype that no mode holds.
 * @example const image = functional.toPilImage(torch.rand(3, 32, 32));
 */
export const toPilImage = named("toPilImage", "pic, mode?", (pic: Tensor, mode?: ImageMode | null): Image => {
  checkTensor("toPilImage", pic, "pic");
  if (pic.ndim !== 2 && pic.ndim !== 3)
    throw new ValueError(`toPilImage: pic should be 2/3 dimensional. Got ${pic.ndim} dimensions.`);
  const [height, width] = pic.shape.slice(-2) as [number, number];
  const channels = pic.ndim === 2 ? 1 : pic.shape[0]!;
  if (channels > 4) throw new ValueError(`toPilImage: pic should not have > 4 channels. Got ${channels} channels.`);
  const scaled = isFloat(pic.dtype) && mode !== "F" ? pic.detach().mul(255).to("uint8") : pic;
  const chosen = modeFor(channels, scaled.dtype, mode ?? undefined);
  return new Image(chosen, width, height, interleaved(elementsOf(scaled), chosen, channels));
});

/** The value that stands for full intensity. */
const maximum: Readonly<Partial<Record<DType, bigint>>> = {
  uint8: 255n,
  int8: 127n,
  int16: 32767n,
  int32: 2147483647n,
  int64: 9223372036854775807n,
};

/** @internal The largest value of pictures of a dtype: 1 for floats. @see torchvision's `_max_value` */
export const maxValueOf = (dtype: DType): bigint => maximum[dtype] ?? 1n;

function floatToInteger(image: Tensor, dtype: DType): Tensor {
  const isNarrow = image.dtype === "float32" && (dtype === "int32" || dtype === "int64");
  if (isNarrow || (image.dtype === "float64" && dtype === "int64"))
    throw new DTypeError(
      `convertImageDtype: The cast from ${image.dtype} to ${dtype} cannot be performed safely: not every ${dtype} is a ${image.dtype}.`,
    );
  // A little less than one more than the maximum spreads the values evenly: 1.0 alone would else be the maximum.
  return image.mul(Number(maxValueOf(dtype)) + 1 - 1e-3).to(dtype);
}

function integerToInteger(image: Tensor, dtype: DType): Tensor {
  const [from, to] = [maxValueOf(image.dtype) + 1n, maxValueOf(dtype) + 1n];
  if (from > to) return image.div(Number(from / to), { roundingMode: "floor" }).to(dtype);
  return image.to(dtype).mul(Number(to / from));
}

/**
 * The tensor as another dtype, with its values scaled: 255 of uint8 becomes 1.0 of float32. An int64 at its maximum is not mapped exactly.
 * @param dtype Default: float32.
 * @see torchvision.transforms.functional.convert_image_dtype
 * @throws DTypeError for a cast from floats to integers that they cannot count.
 */
export const convertImageDtype = named(
  "convertImageDtype",
  "image, dtype?",
  (image: Tensor, dtype: DType = "float32"): Tensor => {
    checkTensor("convertImageDtype", image, "image");
    checkDType("convertImageDtype", dtype);
    if (image.dtype === dtype) return image;
    if (isFloat(image.dtype)) return isFloat(dtype) ? image.to(dtype) : floatToInteger(image, dtype);
    return isFloat(dtype) ? image.to(dtype).div(Number(maxValueOf(image.dtype))) : integerToInteger(image, dtype);
  },
);

/** One number for all channels, or one for each; nested numbers or a tensor broadcast as they are. */
export type ChannelValues = number | readonly number[] | Tensor;

/** @internal Numbers as a tensor that broadcasts over [..., channels, height, width]. */
export function perChannel(op: string, name: string, values: ChannelValues, like: Tensor): Tensor {
  if (values instanceof Tensor) {
    checkTensor(op, values, name);
    const numbers = values.to({ dtype: like.dtype, device: like.device });
    return numbers.ndim === 1 ? numbers.view(-1, 1, 1) : numbers;
  }
  const list = typeof values === "number" ? [values] : values;
  if (!(Array.isArray(list) && list.every((value) => typeof value === "number")))
    throw new ArgumentError(`${op}: ${name} must be a number for each channel, got ${describe(values)}`);
  // Arrays of 32 and 64 bits round as a conversion would.
  const isDirect = like.device === "cpu" && (like.dtype === "float32" || like.dtype === "float64");
  const numbers = tensorOf<Float64Array>(isDirect ? like.dtype : "float64", [list.length, 1, 1], (out) =>
    out.set(list),
  );
  return isDirect ? numbers : numbers.to({ dtype: like.dtype, device: like.device });
}

/** @internal The tensor that {@link normalize} takes. @throws DTypeError, ShapeError */
export function checkNormalized(op: string, x: Tensor): Tensor {
  checkImageTensor(op, x);
  if (!isFloat(x.dtype)) throw new DTypeError(`${op}: Input tensor should be a float tensor. Got ${x.dtype}.`);
  if (x.ndim < 3)
    throw new ShapeError(
      `${op}: Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = ${shapeText(x.shape)}`,
    );
  return x;
}

/** @internal Divisors for {@link normalize}. @throws ValueError if one is zero. */
export function checkDivisors(op: string, std: Tensor): Tensor {
  if (elementsOf(std).some((value: number | bigint) => Number(value) === 0))
    throw new ValueError(`${op}: std evaluated to zero after conversion to ${std.dtype}, leading to division by zero.`);
  return std;
}

/** Elements up to which a loop here takes no more time than a kernel and the tensors that it wants. */
const FEW = 1 << 13;

/** Numbers for each of so many channels in float32, if they are plain numbers and fit. */
function plainNumbers(values: ChannelValues, channels: number): Float32Array | undefined {
  const list = typeof values === "number" ? [values] : values;
  if (!Array.isArray(list) || (list.length !== 1 && list.length !== channels)) return undefined;
  const numbers = new Float32Array(channels);
  for (let i = 0; i < channels; i++) {
    const value = list[list.length === 1 ? 0 : i];
    if (typeof value !== "number") return undefined;
    numbers[i] = value;
  }
  return numbers;
}

/** {@link normalize} of a picture in memory, without history, in one pass; undefined where kernels are wanted. */
function normalizedPlain(x: Tensor, mean: ChannelValues, std: ChannelValues): Tensor | undefined {
  if (x.dtype !== "float32" || x.device !== "cpu" || x.requiresGrad || x.numel() > FEW) return undefined;
  const [channels, height, width] = x.shape.slice(-3) as [number, number, number];
  const center = plainNumbers(mean, channels);
  const scale = plainNumbers(std, channels);
  if (center === undefined || scale === undefined || scale.includes(0)) return undefined;
  const values = elementsOf(x) as Float32Array;
  return tensorOf<Float32Array>("float32", x.shape, (out) => {
    const pixels = height * width;
    for (let at = 0, plane = 0; at < out.length; plane++) {
      const m = center[plane % channels]!;
      const s = scale[plane % channels]!;
      for (const end = at + pixels; at < end; at++) out[at] = Math.fround(values[at]! - m) / s;
    }
  });
}

/** Whether there is one number for all channels or one for each, and for `center` as many as for `scale`: in float32 next to each other. */
function isPerChannel(x: Tensor, center: Tensor, scale: Tensor): boolean {
  const count = center.numel();
  const isPlain = (values: Tensor) =>
    values.ndim === 3 && values.shape[0] === count && values.numel() === count && values.isContiguous();
  return (count === 1 || count === x.shape.at(-3)) && isPlain(center) && isPlain(scale);
}

/** {@link normalize} without history in one kernel, which rounds as two do; undefined where it does not apply. */
function normalizedPlanes(x: Tensor, center: Tensor, scale: Tensor, inplace: boolean): Tensor | undefined {
  if (x.dtype !== "float32" || x.device !== "cpu" || !x.isContiguous() || x.numel() === 0) return undefined;
  if (isRecorded([x, center, scale]) || !isPerChannel(x, center, scale)) return undefined;
  // What changes while it is read is a matter of two steps.
  if (inplace && (center.storage === x.storage || scale.storage === x.storage)) return undefined;
  if (inplace) checkInplace("normalize", x);
  const y = inplace ? x : allocate(x.shape, "float32");
  const plane = x.shape.at(-2)! * x.shape.at(-1)!;
  y.storage.backend.run("normalizePlanes", { y, x, mean: center, std: scale, plane });
  if (inplace) x.storage.version++;
  return y;
}

/** {@link normalize} as two operations. */
const normalizedTwice = (x: Tensor, center: Tensor, scale: Tensor, inplace: boolean): Tensor =>
  inplace ? x.sub_(center).div_(scale) : x.sub(center).div_(scale);

/**
 * (tensor − mean) / std, channel by channel.
 * @param tensor Floats of shape [..., channels, height, width].
 * @param inplace Change the tensor itself. Default: false.
 * @see torchvision.transforms.functional.normalize
 * @throws DTypeError for integers, ShapeError without channels or where the numbers do not fit them, ValueError for a std of 0.
 * @example functional.normalize(x, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
 */
export const normalize = named(
  "normalize",
  "tensor, mean, std; inplace",
  (x: Tensor, mean: ChannelValues, std: ChannelValues, { inplace = false }: { inplace?: boolean } = {}): Tensor => {
    checkNormalized("normalize", x);
    checkFlag("normalize", "inplace", inplace);
    const plain = inplace ? undefined : normalizedPlain(x, mean, std);
    if (plain !== undefined) return plain;
    const center = perChannel("normalize", "mean", mean, x);
    const scale = checkDivisors("normalize", perChannel("normalize", "std", std, x));
    const result = normalizedPlanes(x, center, scale, inplace) ?? normalizedTwice(x, center, scale, inplace);
    // A graph keeps what it needs. What the caller gave stays.
    if (center !== mean) center.dispose();
    if (scale !== std) scale.dispose();
    return result;
  },
);
