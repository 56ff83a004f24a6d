/** Floyd and Steinberg's dithering (1976), in PIL's integers. */
import type { Picture } from "./modes";

const clip = (value: number): number => Math.min(255, Math.max(0, value));

/**
 * The error that one band carries from pixel to pixel and into the row below: sixteenths of what was lost, 7 to the right, 3, 5 and 1 below.
 */
class Band {
  private readonly below: Int32Array;
  private right = 0;
  straight = 0;
  corner = 0;

  constructor(width: number) {
    this.below = new Int32Array(width + 1);
  }

  beginRow(): void {
    this.right = this.straight = this.corner = 0;
  }

  /** What the pixel at `x` should be, with the errors that have reached it. */
  wanted(x: number, value: number): number {
    return clip(value + Math.trunc((this.right + this.below[x + 1]!) / 16));
  }

  /** Spreads what was lost at `x`. */
  spread(x: number, error: number): void {
    this.below[x] = 3 * error + this.straight;
    this.straight = 5 * error + this.corner;
    this.corner = error;
    this.right = 7 * error;
  }

  endRow(width: number, { straight, corner }: Pick<Band, "straight" | "corner">, takesCorner = false): void {
    this.below[width] = takesCorner ? corner : straight;
  }
}

/** Gray or colors in black and white. */
export function dithered({ mode, width, height, data }: Picture): Picture {
  const out = new Uint8Array(width * height);
  const band = new Band(width);
  for (let y = 0, i = 0; y < height; y++) {
    band.beginRow();
    for (let x = 0; x < width; x++, i++) {
      const f = 3 * i;
      const value =
        mode === "L" ? data[i]! : Math.trunc((data[f]! * 299 + data[f + 1]! * 587 + data[f + 2]! * 114) / 1000);
      const wanted = band.wanted(x, value);
      out[i] = wanted > 128 ? 255 : 0;
      band.spread(x, wanted - out[i]!);
    }
    band.endRow(width, band);
  }
  return { mode: "1", width, height, data: out };
}

/** The palette of the web: a cube of 6×6×6 colors from place 10 on; the other places are black. */
const FIRST = 10;
const END = FIRST + 216;

function webPalette(): Uint8Array {
  const palette = new Uint8Array(768);
  let at = 3 * FIRST;
  for (let b = 0; b < 256; b += 51)
    for (let g = 0; g < 256; g += 51)
      for (let r = 0; r < 256; r += 51) {
        palette[at++] = r;
        palette[at++] = g;
        palette[at++] = b;
      }
  return palette;
}

/** The place of the nearest color. Colors are told apart in steps of four, as PIL does. */
class Nearest {
  private readonly known = new Int16Array(64 ** 3).fill(-1);

  constructor(private readonly palette: Uint8Array) {}

  at(r: number, g: number, b: number): number {
    const key = ((r >> 2) << 12) | ((g >> 2) << 6) | (b >> 2);
    if (this.known[key]! < 0) this.known[key] = this.search(r & ~3, g & ~3, b & ~3);
    return this.known[key]!;
  }

  private search(r: number, g: number, b: number): number {
    const { palette } = this;
    let [best, distance] = [0, Number.POSITIVE_INFINITY];
    for (let i = 0; i < END; i++) {
      const [dr, dg, db] = [palette[3 * i]! - r, palette[3 * i + 1]! - g, palette[3 * i + 2]! - b];
      const d = dr * dr + dg * dg + db * db;
      if (d < distance) [best, distance] = [i, d];
    }
    return best;
  }
}

/** Colors in the palette of the web. */
export function paletteDithered({ width, height, data }: Picture, isPlain: boolean): Picture {
  const palette = webPalette();
  const nearest = new Nearest(palette);
  const bands = [0, 1, 2].map(() => new Band(width));
  const out = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (const band of bands) band.beginRow();
    for (let x = 0; x < width; x++, i++) {
      const [r, g, b] = bands.map((band, k) => (isPlain ? data[3 * i + k]! : band.wanted(x, data[3 * i + k]!)));
      out[i] = nearest.at(r!, g!, b!);
      if (isPlain) continue;
      bands[0]!.spread(x, r! - palette[3 * out[i]!]!);
      bands[1]!.spread(x, g! - palette[3 * out[i]! + 1]!);
      bands[2]!.spread(x, b! - palette[3 * out[i]! + 2]!);
    }
    // PIL mixes up the bands in the last column: all of them carry what blue has lost.
    const { straight, corner } = bands[2]!;
    bands.forEach((band, k) => void band.endRow(width, { straight, corner }, k > 0));
  }
  return { mode: "P", width, height, data: out, palette };
}
