/** Pixels moved without being changed. */
import { samplesOf } from "./convert";
import { bytesFrom, bytesInMemory, roomFor } from "./memory";
import { bandsOf, type ImageMode, type ImageSamples, type Picture } from "./modes";
import "./kernels";

/** Flips and turns, counter-clockwise. @see PIL.Image.Transpose */
export type Transpose =
  | "flipLeftRight"
  | "flipTopBottom"
  | "rotate90"
  | "rotate180"
  | "rotate270"
  | "transpose"
  | "transverse";

/** Where the pixel at (x, y) of the result comes from: whether the axes change places, and whether each of the source is walked backwards. */
const walks: Readonly<Record<Transpose, readonly [swaps: boolean, flipsX: boolean, flipsY: boolean]>> = {
  flipLeftRight: [false, true, false],
  flipTopBottom: [false, false, true],
  rotate90: [true, true, false],
  rotate180: [false, true, true],
  rotate270: [true, false, true],
  transpose: [true, false, false],
  transverse: [true, true, true],
};

/** All ways to transpose. */
export const transposes: readonly Transpose[] = Object.keys(walks) as Transpose[];

/** Bytes up to which a loop here takes no more time than a kernel and the copies that it wants. */
const FEW = 1 << 13;

/** Rows of bytes from right to left. */
function mirroredBytes(data: Uint8Array, width: number, height: number, bands: number): Uint8Array {
  const x = bytesInMemory(data);
  const y = roomFor(data.length);
  y.storage.backend.run("mirrorRows", { y, x, height, width, bands });
  x.dispose();
  return bytesFrom(y, data.length);
}

/** The picture flipped or turned. */
export function transposed(from: Picture, method: Transpose): Picture {
  const { width, height, data, mode } = from;
  if (method === "flipLeftRight" && data instanceof Uint8Array && data.length > FEW)
    return { ...pictureOf(from), data: mirroredBytes(data, width, height, bandsOf[mode]) };
  return walked(from, method);
}

function walked(from: Picture, method: Transpose): Picture {
  const [swaps, flipsX, flipsY] = walks[method];
  const [width, height] = swaps ? [from.height, from.width] : [from.width, from.height];
  const bands = bandsOf[from.mode];
  const out = samplesOf(from.mode, from.data.length);
  // One step to the right and one down in the source, in samples.
  const right = flipsX ? -bands : bands;
  const down = (flipsY ? -bands : bands) * from.width;
  const start = (flipsX ? (from.width - 1) * bands : 0) + (flipsY ? (from.height - 1) * from.width * bands : 0);
  const [step, nextRow] = swaps ? [down, right] : [right, down];
  for (let y = 0; y < height; y++)
    copyPixels(out, y * width * bands, width, bands, from.data, start + y * nextRow, step);
  return { ...pictureOf(from), width, height, data: out };
}

/** Copies `count` pixels that are `step` samples apart. */
function copyPixels(
  to: ImageSamples,
  at: number,
  count: number,
  bands: number,
  from: ImageSamples,
  start: number,
  step: number,
): void {
  const end = at + count * bands;
  if (step === bands) to.set(from.subarray(start, start + count * bands), at);
  else if (bands === 3)
    for (let t = at, i = start; t < end; t += 3, i += step) {
      to[t] = from[i]!;
      to[t + 1] = from[i + 1]!;
      to[t + 2] = from[i + 2]!;
    }
  else
    for (let t = at, i = start; t < end; t += bands, i += step)
      for (let k = 0; k < bands; k++) to[t + k] = from[i + k]!;
}

/** The fields of a picture, whatever else it is. */
const pictureOf = ({ mode, width, height, data, palette, transparency }: Picture): Picture => ({
  ...{ mode, width, height, data, palette, transparency },
});

/** A part of a picture, from (left, upper) on; zero outside. */
export function cropped(from: Picture, left: number, upper: number, width: number, height: number): Picture {
  const bands = bandsOf[from.mode];
  const out = samplesOf(from.mode, width * height * bands);
  const begin = Math.max(0, left);
  const end = Math.min(from.width, left + width);
  for (let y = Math.max(0, upper); y < Math.min(from.height, upper + height) && begin < end; y++) {
    const row = from.data.subarray((y * from.width + begin) * bands, (y * from.width + end) * bands);
    out.set(row, ((y - upper) * width + begin - left) * bands);
  }
  return { ...pictureOf(from), width, height, data: out };
}

/** One band as a picture of gray. */
export function onBand({ mode, width, height, data }: Picture, band: number): Picture {
  const bands = bandsOf[mode];
  const out = new Uint8Array(width * height);
  for (let i = 0, f = band; i < out.length; i++, f += bands) out[i] = data[f]!;
  return { mode: "L", width, height, data: out };
}

/** Pictures of gray as the bands of one. */
export function merged(mode: ImageMode, bands: readonly Picture[]): Picture {
  const { width, height } = bands[0]!;
  const out = new Uint8Array(width * height * bands.length);
  bands.forEach(({ data }, k) => {
    for (let i = 0, t = k; i < data.length; i++, t += bands.length) out[t] = data[i]!;
  });
  return { mode, width, height, data: out };
}
