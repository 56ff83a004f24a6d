/** Interleaved samples of a picture and the planes of a tensor, of shape [channels, height, width]. */
import type { Picture } from "../modes";
import type { Png } from "./png";
import { bytesOf } from "./png";

/** Samples of 8 bits, or of 16. */
export type Samples = Uint8Array | Int32Array;

/** What a decoder gives: the samples of `bands` channels, interleaved. */
export interface Interleaved {
  readonly data: Samples;
  readonly bands: number;
}

/** Channels side by side become one behind the other. */
export function planesOf({ data, bands }: Interleaved): Samples {
  if (bands === 1) return data;
  const size = data.length / bands;
  const out = data instanceof Uint8Array ? new Uint8Array(data.length) : new Int32Array(data.length);
  for (let k = 0, t = 0; k < bands; k++) for (let i = 0, f = k; i < size; i++, f += bands) out[t++] = data[f]!;
  return out;
}

/** The planes of a tensor as a picture. */
export function pictureOfPlanes(planes: Uint8Array, channels: number, height: number, width: number): Picture {
  if (channels === 1) return { mode: "L", width, height, data: planes };
  const size = width * height;
  const data = new Uint8Array(planes.length);
  for (let k = 0, f = 0; k < channels; k++) for (let i = 0, t = k; i < size; i++, t += channels) data[t] = planes[f++]!;
  return { mode: "RGB", width, height, data };
}

/** The channels of a read mode that has its own: gray, and alpha. */
export type Layout = readonly [isGray: boolean, hasAlpha: boolean];

/** A decoded PNG file in the channels that are asked for; without a `layout`, in its own, where a palette's are its places. */
export function pngChannels(png: Png, layout: Layout | undefined): Interleaved {
  const most = png.depth === 16 ? 65535 : 255;
  const own: Interleaved = {
    data: png.depth === 16 ? Int32Array.from(png.samples) : bytesOf(png),
    bands: png.bands,
  };
  if (layout === undefined) return own;
  return arranged(png.colorType === 3 ? lookedUp(png, own.data) : own, layout, most);
}

function lookedUp({ palette = new Uint8Array(0), transparency }: Png, places: Samples): Interleaved {
  const data = new Uint8Array(places.length * 4);
  for (let i = 0, t = 0; i < places.length; i++, t += 4) {
    const at = places[i]!;
    for (let k = 0; k < 3; k++) data[t + k] = palette[3 * at + k] ?? 0;
    data[t + 3] = transparency?.[at] ?? 255;
  }
  return { data, bands: 4 };
}

/** libpng's gray of the weights that torchvision gives it, in 15 bits of fraction, cut off. */
const gray = (r: number, g: number, b: number): number =>
  r === g && g === b ? r : Math.floor((r * 9794 + g * 19234 + b * 3740) / 32768);

function arranged({ data, bands }: Interleaved, [isGray, hasAlpha]: Layout, most: number): Interleaved {
  const colors = isGray ? 1 : 3;
  const wanted = colors + (hasAlpha ? 1 : 0);
  if (wanted === bands) return { data, bands };
  const size = data.length / bands;
  const out = data instanceof Uint8Array ? new Uint8Array(size * wanted) : new Int32Array(size * wanted);
  for (let i = 0, f = 0, t = 0; i < size; i++, f += bands, t += wanted) {
    if (bands < 3) out.fill(data[f]!, t, t + colors);
    else if (isGray) out[t] = gray(data[f]!, data[f + 1]!, data[f + 2]!);
    else for (let k = 0; k < 3; k++) out[t + k] = data[f + k]!;
    if (hasAlpha) out[t + colors] = bands % 2 === 0 ? data[f + bands - 1]! : most;
  }
  return { data: out, bands: wanted };
}
