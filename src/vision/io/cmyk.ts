/**
 * JPEG files of four components, which the decoder does not take: of each, files of three are made without decoding a single coefficient, by
 * leaving out the bits of one component. So the values stay libjpeg's.
 */
import { FormatError } from "../../core/errors";
import { BitCopier, type HuffmanTable, readTables } from "./huffman";
import type { JpegHeader, Segment } from "./jpegHeader";

const damaged = (why: string): never => {
  throw new FormatError(`the JPEG file is damaged: ${why}`);
};

/** The component that is left out, and what Adobe's marker is to say of the three others. */
export interface Cut {
  readonly without: number;
  readonly transform: 0 | 1;
}

/** Whether the size of the grid of blocks stays without a component. */
const keepsGrid = ({ components }: JpegHeader, without: number): boolean => {
  const rest = components.filter((_, i) => i !== without);
  const most = (list: typeof components, side: "h" | "v") => Math.max(...list.map((c) => c[side]));
  return most(rest, "h") === most(components, "h") && most(rest, "v") === most(components, "v");
};

/** Which component to leave out to see that of `wanted`. @throws FormatError if none may go. */
export function cutFor(header: JpegHeader, wanted: readonly number[]): number {
  // The last component, if it is wanted, stays the last of what is left.
  const found = [3, 1, 2, 0].find((i) => !wanted.includes(i) && keepsGrid(header, i));
  return found ?? damaged("its components have a sampling that is not supported");
}

/** One component in a scan. */
interface Part {
  readonly index: number;
  readonly blocks: number;
  readonly dc: number;
  readonly ac: number;
}

/** A file without one component. @throws FormatError if its coded data is damaged. */
export function withoutComponent(bytes: Uint8Array, header: JpegHeader, { without, transform }: Cut): Uint8Array {
  const out: Uint8Array[] = [Uint8Array.of(0xff, 0xd8), adobeMarker(transform)];
  const dc = new Map<number, HuffmanTable>();
  const ac = new Map<number, HuffmanTable>();
  let interval = 0;
  for (const segment of header.segments) {
    const { marker, start, body, end } = segment;
    if (marker === 0xc4) readTables(bytes.subarray(body, end), dc, ac);
    if (marker === 0xdd) interval = (bytes[body]! << 8) | bytes[body + 1]!;
    if (marker === header.frame) out.push(cutList(bytes.subarray(start, end), 9, 3, without));
    else if (marker === 0xda) out.push(...cutScan(bytes, header, segment, without, { dc, ac, interval }));
    else if (marker === 0xc4 || marker === 0xdb || marker === 0xdd || marker === 0xd9)
      out.push(bytes.subarray(start, end));
  }
  return concat(out);
}

/** Adobe's marker, which says what three components mean. */
export const adobeMarker = (transform: number): Uint8Array =>
  Uint8Array.of(0xff, 0xee, 0, 14, 65, 100, 111, 98, 101, 0, 100, 0, 0, 0, 0, transform);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A segment without entry `index` of its list, whose length stands at `count` and whose entries have `size` bytes. */
function cutList(segment: Uint8Array, count: number, size: number, index: number): Uint8Array {
  const at = count + 1 + size * index;
  const out = concat([segment.subarray(0, at), segment.subarray(at + size)]);
  out[count]!--;
  const length = out.length - 2;
  out[2] = length >> 8;
  out[3] = length & 255;
  return out;
}

interface Tables {
  readonly dc: ReadonlyMap<number, HuffmanTable>;
  readonly ac: ReadonlyMap<number, HuffmanTable>;
  readonly interval: number;
}

function cutScan(
  bytes: Uint8Array,
  header: JpegHeader,
  segment: Segment,
  without: number,
  tables: Tables,
): Uint8Array[] {
  const { start, body, end, dataEnd } = segment;
  const count = bytes[body]!;
  if (count < 1 || count > 4 || end - body !== 4 + 2 * count) damaged("the head of a scan has a wrong length");
  const parts = Array.from({ length: count }, (_, i): Part => {
    const at = body + 1 + 2 * i;
    const index = header.components.findIndex(({ id }) => id === bytes[at]);
    if (index < 0) damaged("a scan has a component that the frame has not");
    const { h, v } = header.components[index]!;
    return { index, blocks: h * v, dc: bytes[at + 1]! >> 4, ac: bytes[at + 1]! & 15 };
  });
  const place = parts.findIndex(({ index }) => index === without);
  if (place < 0) return [bytes.subarray(start, dataEnd)];
  if (count === 1) return [];
  // What is left would no longer be interleaved, and its blocks in another order.
  if (count === 2) damaged("its scans are interleaved in a way that is not supported");
  const head = cutList(bytes.subarray(start, end), 4, 2, place);
  const spectral = { end: bytes[end - 2]!, isRefined: bytes[end - 1]! >> 4 > 0 };
  const copier = new BitCopier(bytes.subarray(end, dataEnd));
  copyBlocks(copier, header, parts, without, tables, spectral);
  return [head, copier.result()];
}

function copyBlocks(
  copier: BitCopier,
  { width, height, components, frame }: JpegHeader,
  parts: readonly Part[],
  without: number,
  { dc, ac, interval }: Tables,
  spectral: { end: number; isRefined: boolean },
): void {
  const across = Math.ceil(width / (8 * Math.max(...components.map(({ h }) => h))));
  const down = Math.ceil(height / (8 * Math.max(...components.map(({ v }) => v))));
  const isProgressive = frame === 0xc2;
  for (let unit = 0; unit < across * down; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) copier.restart();
    for (const part of parts) {
      copier.copies = part.index !== without;
      for (let i = 0; i < part.blocks; i++)
        if (isProgressive && spectral.isRefined) copier.bits(1);
        else {
          copier.difference(dc.get(part.dc) ?? damaged("a table is missing"));
          if (!isProgressive) copier.coefficients(ac.get(part.ac) ?? damaged("a table is missing"));
        }
    }
  }
}
