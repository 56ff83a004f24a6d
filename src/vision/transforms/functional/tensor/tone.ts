/** Tones of tensors: inverted, with fewer bits, stretched, equalized. @see torchvision.transforms.functional_tensor */
import { ArgumentError } from "../../../../core/errors";
import { div } from "../../../../ops/elementwise/arithmetic";
import { where } from "../../../../ops/elementwise/where";
import { stack } from "../../../../ops/shape/join";
import { vectorOf } from "../../../../tensor/create";
import type { Tensor } from "../../../../tensor/tensor";
import { convertImageDtype } from "../conversion";
import { equalized } from "../pil/tables";
import { boundOf, checkAxes, checkBytes, checkChannels, floatOf } from "./checks";

function checkTones(op: string, img: Tensor): void {
  checkAxes(op, img, 3);
  checkChannels(op, img);
}

export function invert(op: string, img: Tensor): Tensor {
  checkTones(op, img);
  return img.neg().add(boundOf(img));
}

export function posterize(op: string, img: Tensor, bits: number): Tensor {
  checkAxes(op, img, 3);
  checkBytes(op, img);
  checkChannels(op, img);
  return img.bitwiseAnd(256 - 2 ** (8 - bits));
}

export function solarize(op: string, img: Tensor, threshold: number): Tensor {
  checkTones(op, img);
  if (threshold > boundOf(img))
    throw new ArgumentError(`${op}: Threshold should be less than bound of img: ${boundOf(img)}, got ${threshold}`);
  return where(img.ge(threshold), invert(op, img), img);
}

export function autocontrast(op: string, img: Tensor): Tensor {
  checkTones(op, img);
  const bound = boundOf(img);
  const dtype = floatOf(img);
  const wide = img.to(dtype);
  const low = wide.amin([-2, -1], { keepdim: true });
  const range = wide.amax([-2, -1], { keepdim: true }).sub(low);
  const scale = div(bound, range);
  const isFlat = scale.isfinite().logicalNot();
  return wide
    .sub(where(isFlat, 0, low))
    .mul(where(isFlat, 1, scale))
    .clamp(0, bound)
    .to(img.dtype);
}

/** Equalizes one channel of 8 bits. */
function equalizeChannel(channel: Tensor): Tensor {
  const samples = channel.toTypedArray() as Uint8Array;
  const counts = new Uint32Array(256);
  for (let i = 0; i < samples.length; i++) counts[samples[i]!]!++;
  const table = equalized(counts);
  if (table === undefined) return channel;
  return vectorOf("uint8", samples.length, channel, (out) => {
    for (let i = 0; i < samples.length; i++) out[i] = table[samples[i]!]!;
  }).reshape(channel.shape);
}

export function equalize(op: string, img: Tensor): Tensor {
  checkAxes(op, img, 3);
  if (img.ndim > 4)
    throw new ArgumentError(`${op}: Input image tensor should have 3 or 4 dimensions, but found ${img.ndim}`);
  checkBytes(op, img);
  checkChannels(op, img);
  if (img.numel() === 0) return img;
  const channels = img.reshape([-1, ...img.shape.slice(-2)]).unbind(0);
  return stack(channels.map(equalizeChannel), 0).reshape(img.shape);
}

/** Gamma correction; pictures of integers are computed in float32. */
export function gamma(op: string, img: Tensor, exponent: number, gain: number): Tensor {
  checkChannels(op, img);
  const corrected = convertImageDtype(img, floatOf(img)).pow(exponent).mul(gain).clamp(0, 1);
  return convertImageDtype(corrected, img.dtype);
}
