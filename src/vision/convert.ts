/** Conversions between modes, with PIL's formulas and rounding. */
import { ValueError } from "../core/errors";
import { dithered, paletteDithered } from "./dither";
import { bandsOf, type ImageMode, type ImageSamples, type Picture } from "./modes";

/** How what is lost in a conversion to few values is spread: not at all, or over neighbors. @see PIL.Image.Dither */
export type Dither = "none" | "floydsteinberg";

/** Luminance by ITU-R 601-2, in 16 bits of fraction and rounded. */
const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

/** The same in thousandths. */
export const milliLuma = (r: number, g: number, b: number): number => r * 299 + g * 587 + b * 114;

const clip8 = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value));

/** `a × b / 255`, rounded as PIL does. */
const multiply = (a: number, b: number): number => {
  const t = a * b + 128;
  return ((t >> 8) + t) >> 8;
};

/** Writes the samples of pixel `i` of `from` into `to`. */
type Pixel = (to: ImageSamples, t: number, from: ImageSamples, f: number) => void;

const colors = ["RGB", "RGBA"] as const;
const grays = ["1", "L", "LA"] as const;

const direct = new Map<string, Pixel>();
const add = (froms: readonly ImageMode[], to: ImageMode, pixel: Pixel): void => {
  for (const from of froms) direct.set(`${from} ${to}`, pixel);
};

const first: Pixel = (to, t, from, f) => {
  to[t] = from[f]!;
};
const lumaOf: Pixel = (to, t, from, f) => {
  to[t] = luma(from[f]!, from[f + 1]!, from[f + 2]!);
};
const spread: Pixel = (to, t, from, f) => {
  to.fill(from[f]!, t, t + 3);
};

add(["1", "LA"], "L", first);
add(colors, "L", lumaOf);
add(["I", "F"], "L", (to, t, from, f) => {
  to[t] = clip8(from[f]!);
});
add(["I;16"], "L", (to, t, from, f) => {
  to[t] = Math.min(255, from[f]!);
});

add(["1", "L", "I;16", "F"], "I", first);
add(["1", "L", "I;16", "I"], "F", first);
add(colors, "I", lumaOf);
add(colors, "F", (to, t, from, f) => {
  to[t] = milliLuma(from[f]!, from[f + 1]!, from[f + 2]!) / 1000;
});
add(["L"], "I;16", first);
add(["I"], "I;16", (to, t, from, f) => {
  to[t] = Math.min(65535, Math.max(0, from[f]!));
});

add(grays, "RGB", spread);
add(["RGBA"], "RGB", (to, t, from, f) => {
  to[t] = from[f]!;
  to[t + 1] = from[f + 1]!;
  to[t + 2] = from[f + 2]!;
});
add(["I"], "RGB", (to, t, from, f) => {
  to.fill(clip8(from[f]!), t, t + 3);
});
add(["CMYK"], "RGB", (to, t, from, f) => {
  const white = 255 - from[f + 3]!;
  for (let k = 0; k < 3; k++) to[t + k] = Math.max(0, white - multiply(from[f + k]!, white));
});

add(["1", "L"], "RGBA", (to, t, from, f) => {
  spread(to, t, from, f);
  to[t + 3] = 255;
});
add(["LA"], "RGBA", (to, t, from, f) => {
  spread(to, t, from, f);
  to[t + 3] = from[f + 1]!;
});
add(["RGB"], "RGBA", (to, t, from, f) => {
  to[t] = from[f]!;
  to[t + 1] = from[f + 1]!;
  to[t + 2] = from[f + 2]!;
  to[t + 3] = 255;
});

add(["1", "L"], "LA", (to, t, from, f) => {
  to[t] = from[f]!;
  to[t + 1] = 255;
});
add(["RGB"], "LA", (to, t, from, f) => {
  lumaOf(to, t, from, f);
  to[t + 1] = 255;
});
add(["RGBA"], "LA", (to, t, from, f) => {
  lumaOf(to, t, from, f);
  to[t + 1] = from[f + 3]!;
});

add(grays, "CMYK", (to, t, from, f) => {
  to.fill(0, t, t + 3);
  to[t + 3] = 255 - from[f]!;
});
add(colors, "CMYK", (to, t, from, f) => {
  for (let k = 0; k < 3; k++) to[t + k] = 255 - from[f + k]!;
  to[t + 3] = 0;
});

/** An array of samples of a mode. */
export function samplesOf(mode: ImageMode, length: number): ImageSamples {
  if (mode === "I;16") return new Uint16Array(length);
  if (mode === "I") return new Int32Array(length);
  return mode === "F" ? new Float32Array(length) : new Uint8Array(length);
}

function convertDirectly(from: Picture, mode: ImageMode, pixel: Pixel): Picture {
  const { width, height, data } = from;
  const [step, bands] = [bandsOf[from.mode], bandsOf[mode]];
  const out = samplesOf(mode, width * height * bands);
  for (let f = 0, t = 0; f < data.length; f += step, t += bands) pixel(out, t, data, f);
  return { mode, width, height, data: out };
}

/** A picture of a palette in its colors, with the alpha of each place. Places that it has not are gray, as in PIL. */
function lookUp({ width, height, data, palette = new Uint8Array(0), transparency }: Picture): Picture {
  const alphas = transparency instanceof Uint8Array ? transparency : undefined;
  const table = new Uint8Array(1024);
  for (let i = 0; i < 256; i++) {
    for (let k = 0; k < 3; k++) table[4 * i + k] = palette[3 * i + k] ?? i;
    table[4 * i + 3] = alphas?.[i] ?? 255;
  }
  const out = new Uint8Array(width * height * 4);
  for (let i = 0, t = 0; i < data.length; i++, t += 4) {
    const at = 4 * data[i]!;
    out[t] = table[at]!;
    out[t + 1] = table[at + 1]!;
    out[t + 2] = table[at + 2]!;
    out[t + 3] = table[at + 3]!;
  }
  return { mode: "RGBA", width, height, data: out };
}

/** Makes the one color invisible that the file says. */
function withoutColor(from: Picture, mode: "LA" | "RGBA"): Picture {
  const color = from.transparency as readonly number[];
  const to = convertPicture({ ...from, transparency: undefined }, mode, "none");
  const [step, bands] = [bandsOf[from.mode], bandsOf[mode]];
  for (let f = 0, t = bands - 1; f < from.data.length; f += step, t += bands)
    if (color.every((value, k) => from.data[f + k] === value)) to.data[t] = 0;
  return to;
}

/** The mode by whose way others are reached, where there is no direct one. @see PIL.ImageMode.getmodebase */
const baseOf: Readonly<Record<ImageMode, ImageMode>> = {
  "1": "L",
  L: "L",
  LA: "L",
  P: "RGB",
  RGB: "RGB",
  RGBA: "RGB",
  CMYK: "RGB",
  "I;16": "L",
  I: "L",
  F: "L",
};

/**
 * A picture in another mode.
 * @throws ValueError if PIL has no way from the one to the other.
 */
export function convertPicture(from: Picture, mode: ImageMode, dither: Dither): Picture {
  if (from.mode === mode) return from;
  if (from.mode === "P") {
    const colors = lookUp(from);
    return mode === "RGBA" || mode === "LA" ? convertPicture(colors, mode, dither) : fromPalette(colors, mode, dither);
  }
  if ((mode === "LA" || mode === "RGBA") && Array.isArray(from.transparency)) return withoutColor(from, mode);
  if (mode === "1" && (from.mode === "L" || colors.some((color) => color === from.mode)))
    return dither === "none" || from.mode === "RGBA" ? thresholded(from, dither) : dithered(from);
  if (mode === "P" && (from.mode === "1" || from.mode === "L")) return grayPalette(from);
  if (mode === "P" && from.mode === "RGB") return paletteDithered(from, dither === "none");
  const pixel = direct.get(`${from.mode} ${mode}`);
  if (pixel !== undefined) return convertDirectly(from, mode, pixel);
  const base = baseOf[from.mode];
  if (base === from.mode) throw new ValueError(`conversion from ${from.mode} to ${mode} not supported`);
  return convertPicture(convertPicture(from, base, dither), mode, dither);
}

/** From a palette there is no dithering to black and white. */
function fromPalette(colors: Picture, mode: ImageMode, dither: Dither): Picture {
  const rgb = asRgb(colors);
  if (mode === "I;16") throw new ValueError("conversion not supported");
  return mode === "1" ? thresholded(rgb, "none") : convertPicture(rgb, mode, dither);
}

const asRgb = (colors: Picture): Picture => convertDirectly(colors, "RGB", direct.get("RGBA RGB")!);

function thresholded(from: Picture, dither: Dither): Picture {
  if (from.mode === "RGBA" && dither !== "none") return dithered(asRgb(from));
  const isLight = (data: ImageSamples, f: number): boolean =>
    from.mode === "L" ? data[f]! >= 128 : milliLuma(data[f]!, data[f + 1]!, data[f + 2]!) >= 128_000;
  const pixel: Pixel = (to, t, data, f) => {
    to[t] = isLight(data, f) ? 255 : 0;
  };
  return convertDirectly(from, "1", pixel);
}

const grayPalette = ({ width, height, data }: Picture): Picture => ({
  mode: "P",
  width,
  height,
  data: data.slice(),
  palette: Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)),
});
