/** GIF files read from the specification (GIF89a), without a library. */

export interface Gif {
  readonly width: number;
  readonly height: number;
  /** Milliseconds of each frame. */
  readonly delays: number[];
  /** The colors of each frame, row by row. */
  readonly pixels: (readonly [red: number, green: number, blue: number])[][];
}

/** The indices of colors in a frame's compressed data. */
function inflate(data: readonly number[], bits: number, count: number): number[] {
  const clear = 1 << bits;
  let table: number[][] = [];
  let size = 0;
  const reset = () => {
    table = Array.from({ length: clear + 2 }, (_, i) => [i]);
    size = bits + 1;
  };
  reset();
  const out: number[] = [];
  let [at, previous] = [0, undefined as number[] | undefined];
  while (out.length < count) {
    let code = 0;
    for (let bit = 0; bit < size; bit++, at++) code |= ((data[at >> 3]! >> (at & 7)) & 1) << bit;
    if (code === clear + 1) break;
    if (code === clear) {
      reset();
      previous = undefined;
      continue;
    }
    const entry = table[code] ?? [...previous!, previous![0]!];
    if (previous !== undefined && table.length < 4096) table.push([...previous, entry[0]!]);
    if (table.length === 1 << size && size < 12) size++;
    out.push(...entry);
    previous = entry;
  }
  return out;
}

export function decodeGif(file: Uint8Array): Gif {
  const word = (at: number) => file[at]! | (file[at + 1]! << 8);
  if (new TextDecoder().decode(file.subarray(0, 6)) !== "GIF89a") throw new Error("no GIF89a");
  const [width, height] = [word(6), word(8)];
  let at = 13;
  const colors = (flags: number) => {
    if ((flags & 128) === 0) return undefined;
    const table = Array.from({ length: 2 << (flags & 7) }, () => {
      at += 3;
      return [file[at - 3]!, file[at - 2]!, file[at - 1]!] as const;
    });
    return table;
  };
  const blocks = () => {
    const data: number[] = [];
    while (file[at] !== 0) {
      data.push(...file.subarray(at + 1, at + 1 + file[at]!));
      at += 1 + file[at]!;
    }
    at++;
    return data;
  };
  const shared = colors(file[10]!);
  const gif: Gif = { width, height, delays: [], pixels: [] };
  while (file[at] !== 0x3b) {
    const kind = file[at++];
    if (kind === 0x21) {
      const label = file[at++];
      const data = blocks();
      if (label === 0xf9) gif.delays.push(10 * (data[1]! | (data[2]! << 8)));
    } else if (kind === 0x2c) {
      const flags = file[at + 8]!;
      at += 9;
      const table = colors(flags) ?? shared!;
      const bits = file[at++]!;
      gif.pixels.push(inflate(blocks(), bits, width * height).map((index) => table[index]!));
    } else throw new Error(`an unknown block ${kind}`);
  }
  return gif;
}
