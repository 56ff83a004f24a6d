/** Colors of tensors, with torchvision's arithmetic and rounding. @see torchvision.transforms.functional_tensor */

import { where } from "../../../../ops/elementwise/where";
import { stack } from "../../../../ops/shape/join";
import type { Tensor } from "../../../../tensor/tensor";
import { boundOf, channelsOf, checkAxes, checkChannels, floatOf } from "./checks";

/** `factor · rich + (1 − factor) · poor`, cut off to what the dtype of pictures holds. */
export function blend(rich: Tensor, poor: Tensor | undefined, factor: number): Tensor {
  const dtype = floatOf(rich);
  const own = rich.to(dtype).mul(factor);
  const mixed = poor === undefined ? own : own.add(poor.to(dtype).mul(1 - factor));
  return mixed.clamp(0, boundOf(rich)).to(rich.dtype);
}

/** Luma of red, green and blue: [..., 1, height, width]. */
function luma(img: Tensor): Tensor {
  const [r, g, b] = img.to(floatOf(img)).unbind(-3) as [Tensor, Tensor, Tensor];
  return r.mul(0.2989).add(g.mul(0.587)).add(b.mul(0.114)).to(img.dtype).unsqueeze(-3);
}

export function grayscale(op: string, img: Tensor, channels: number): Tensor {
  checkAxes(op, img, 3);
  checkChannels(op, img);
  const gray = img.shape.at(-3) === 3 ? luma(img) : img.clone();
  // Torchvision does not make three channels out of one.
  return channels === 3 ? gray.expand(img.shape) : gray;
}

/** A picture whose colors can be changed. */
function checkColors(op: string, img: Tensor): void {
  checkChannels(op, img);
}

export function brightness(op: string, img: Tensor, factor: number): Tensor {
  checkColors(op, img);
  return blend(img, undefined, factor);
}

export function contrast(op: string, img: Tensor, factor: number): Tensor {
  checkAxes(op, img, 3);
  checkChannels(op, img);
  const gray = channelsOf(img) === 3 ? luma(img) : img;
  const mean = gray.to(floatOf(img)).mean([-3, -2, -1], { keepdim: true });
  return blend(img, mean, factor);
}

export function saturation(op: string, img: Tensor, factor: number): Tensor {
  checkColors(op, img);
  return channelsOf(img) === 1 ? img : blend(img, luma(img), factor);
}

/** Hue, saturation and value, each of 0 to 1. */
function hsvOf(img: Tensor): [Tensor, Tensor, Tensor] {
  const [r, g, b] = img.unbind(-3) as [Tensor, Tensor, Tensor];
  const most = img.amax(-3);
  const range = most.sub(img.amin(-3));
  const isGray = range.eq(0);
  const saturation = range.div(where(isGray, 1, most));
  // Gray has no hue; a divisor of 1 keeps NaN out of the gradients.
  const divisor = where(isGray, 1, range);
  const [rc, gc, bc] = [r, g, b].map((band) => most.sub(band).div(divisor)) as [Tensor, Tensor, Tensor];
  const sixths = where(most.eq(r), bc.sub(gc), where(most.eq(g), rc.add(2).sub(bc), gc.add(4).sub(rc)));
  return [sixths.div(6).add(1).fmod(1), saturation, most];
}

/** Which of v, q, p, t is red, green and blue in each sixth of the circle. */
const sectors = ["vqpptv", "tvvqpp", "pptvvq"] as const;

function rgbOf(hue: Tensor, saturation: Tensor, value: Tensor): Tensor {
  const scaled = hue.mul(6);
  const sector = scaled.floor();
  const rest = scaled.sub(sector);
  const one = (x: Tensor): Tensor => x.neg().add(1);
  const part = (x: Tensor): Tensor => value.mul(one(x)).clamp(0, 1);
  const kinds: Record<string, Tensor> = {
    v: value,
    p: part(saturation),
    q: part(saturation.mul(rest)),
    t: part(saturation.mul(one(rest))),
  };
  const at = sector.remainder(6);
  // A hue that is no number falls into no sector: torchvision's mask gives 0 there.
  const choose = (letters: string): Tensor => {
    let chosen: Tensor = value.mul(0);
    [...letters].forEach((letter, i) => {
      chosen = where(at.eq(i), kinds[letter]!, chosen);
    });
    return chosen;
  };
  return stack(sectors.map(choose), -3);
}

export function hue(op: string, img: Tensor, factor: number): Tensor {
  checkColors(op, img);
  if (channelsOf(img) === 1) return img;
  const isBytes = img.dtype === "uint8";
  const scaled = isBytes ? img.to("float32").div(255) : img;
  const [h, s, v] = hsvOf(scaled);
  const turned = rgbOf(h.add(factor).remainder(1), s, v);
  return isBytes ? turned.mul(255).to("uint8") : turned;
}
