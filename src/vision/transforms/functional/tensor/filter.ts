/** Filters of tensors: each channel convolved with one kernel. @see torchvision.transforms.functional_tensor */
import type { DType } from "../../../../core/dtype";
import { linspace } from "../../../../ops/creation/ranges";
import { conv2d } from "../../../../ops/layers/conv";
import { pad } from "../../../../ops/shape/pad";
import { full } from "../../../../tensor/create";
import type { Tensor } from "../../../../tensor/tensor";
import { channelsOf, checkAxes, checkChannels, floatOf } from "./checks";
import { blend } from "./color";

/** Each channel of a picture, surrounded by `around` reflected pixels, convolved with the kernel; integers are rounded. */
function convolved(img: Tensor, kernel: Tensor, around: readonly number[]): Tensor {
  const dtype = floatOf(img);
  const channels = channelsOf(img);
  const planes = img.to(dtype).reshape([-1, channels, ...img.shape.slice(-2)]);
  const padded = around.some((n) => n > 0) ? pad(planes, around, { mode: "reflect" }) : planes;
  const weight = kernel.expand([channels, 1, ...kernel.shape]).contiguous();
  const sums = conv2d(padded, weight, { groups: channels });
  const whole = img.isFloatingPoint() ? sums : sums.round().to(img.dtype);
  return whole.reshape([...img.shape.slice(0, -2), ...sums.shape.slice(-2)]);
}

/** A bell over `size` pixels, which adds up to one. */
function bell(size: number, sigma: number, like: Tensor, dtype: DType): Tensor {
  const half = (size - 1) * 0.5;
  const heights = linspace(-half, half, size, { dtype: "float32", device: like.device })
    .div(sigma)
    .pow(2)
    .mul(-0.5)
    .exp();
  return heights.div(heights.sum()).to(dtype);
}

/** Two numbers: along the width, along the height. */
export type Pair = readonly [x: number, y: number];

export function blur(_op: string, img: Tensor, [kx, ky]: Pair, sigma: Pair): Tensor {
  if (img.numel() === 0) return img;
  const dtype = floatOf(img);
  const across = bell(kx, sigma[0], img, dtype);
  const down = bell(ky, sigma[1], img, dtype);
  const around = [kx >> 1, kx >> 1, ky >> 1, ky >> 1];
  return convolved(img, down.unsqueeze(1).mm(across.unsqueeze(0)), around);
}

/** Each pixel but those of the edge mixed with its neighbors. */
function smoothed(img: Tensor): Tensor {
  const [height, width] = img.shape.slice(-2) as [number, number];
  const kernel = full([3, 3], 1, { dtype: floatOf(img), device: img.device });
  kernel.narrow(0, 1, 1).narrow(1, 1, 1).fill_(5);
  const out = img.clone();
  out
    .narrow(-2, 1, height - 2)
    .narrow(-1, 1, width - 2)
    .copy_(convolved(img, kernel.div(13), []));
  return out;
}

export function sharpness(op: string, img: Tensor, factor: number): Tensor {
  checkAxes(op, img, 2);
  checkChannels(op, img);
  if (img.shape.at(-1)! <= 2 || img.shape.at(-2)! <= 2) return img;
  return blend(img, smoothed(img), factor);
}
