/** Samples of a pixel side by side, as pictures have them, and channel by channel, as tensors have them. */

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Whether an array can be read four bytes at a time from `start` on. */
const isAligned = (array: Uint8Array, start: number): boolean => (array.byteOffset + start) % 4 === 0;

const words = (array: Uint8Array, start: number, bytes: number): Uint32Array =>
  new Uint32Array(array.buffer, array.byteOffset + start, bytes / 4);

/**
 * Writes pixels of `channels` samples channel by channel.
 * @param to Takes them from its element `at` on.
 */
export function toPlanes(from: Uint8Array, channels: number, to: Uint8Array, at: number): void {
  const pixels = from.length / channels;
  const isFast = channels === 3 && pixels % 4 === 0 && isLittleEndian && isAligned(from, 0) && isAligned(to, at);
  if (channels === 1) to.set(from, at);
  else if (isFast) threePlanes(words(from, 0, from.length), words(to, at, from.length), pixels / 4);
  else byteByByte(from, channels, to, at);
}

function byteByByte(from: Uint8Array, channels: number, to: Uint8Array, at: number): void {
  const pixels = from.length / channels;
  for (let c = 0; c < channels; c++)
    for (let i = c, k = at + c * pixels; i < from.length; i += channels) to[k++] = from[i]!;
}

/** Four pixels are three words: RGBR GBRG BRGB. */
function threePlanes(from: Uint32Array, to: Uint32Array, quads: number): void {
  for (let i = 0, k = 0; i < quads; i++, k += 3) {
    const a = from[k]!;
    const b = from[k + 1]!;
    const c = from[k + 2]!;
    to[i] = (a & 0xff) | ((a >>> 16) & 0xff00) | (b & 0xff0000) | ((c << 16) & 0xff000000);
    to[quads + i] = ((a >>> 8) & 0xff) | ((b & 0xff) << 8) | ((b >>> 8) & 0xff0000) | ((c << 8) & 0xff000000);
    to[2 * quads + i] = ((a >>> 16) & 0xff) | (b & 0xff00) | ((c & 0xff) << 16) | (c & 0xff000000);
  }
}

/**
 * The reverse of {@link toPlanes}: writes the samples of each pixel side by side.
 * @param to Takes them from its element `at` on. Default: new bytes.
 */
export function fromPlanes(from: Uint8Array, channels: number, to = new Uint8Array(from.length), at = 0): Uint8Array {
  const pixels = from.length / channels;
  if (channels === 1) to.set(from, at);
  else if (channels === 3 && pixels % 4 === 0 && isLittleEndian && isAligned(to, at)) {
    const aligned = isAligned(from, 0) ? from : from.slice();
    threeBands(words(aligned, 0, from.length), words(to, at, from.length), pixels / 4);
  } else
    for (let c = 0, i = 0; c < channels; c++)
      for (let k = at + c; i < (c + 1) * pixels; k += channels) to[k] = from[i++]!;
  return to;
}

/** The reverse of {@link threePlanes}. */
function threeBands(from: Uint32Array, to: Uint32Array, quads: number): void {
  for (let i = 0, k = 0; i < quads; i++, k += 3) {
    const r = from[i]!;
    const g = from[quads + i]!;
    const b = from[2 * quads + i]!;
    to[k] = (r & 0xff) | ((g & 0xff) << 8) | ((b & 0xff) << 16) | ((r & 0xff00) << 16);
    to[k + 1] = ((g >>> 8) & 0xff) | (b & 0xff00) | (r & 0xff0000) | ((g & 0xff0000) << 8);
    to[k + 2] = ((b >>> 16) & 0xff) | ((r >>> 16) & 0xff00) | ((g >>> 8) & 0xff0000) | (b & 0xff000000);
  }
}

/** Planes that go down the columns, as MATLAB has them, along the rows. */
export function transposePlanes(from: Uint8Array, height: number, width: number): Uint8Array {
  const to = new Uint8Array(from.length);
  const plane = height * width;
  for (let start = 0; start < from.length; start += plane)
    for (let y = 0, k = start; y < height; y++)
      for (let x = 0, i = start + y; x < width; x++, i += height) to[k++] = from[i]!;
  return to;
}
