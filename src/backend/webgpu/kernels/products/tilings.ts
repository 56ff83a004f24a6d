/** How products are cut into tiles, one for each workgroup, and along k. */
/** How a workgroup divides its tile of a result. */
export interface Tiling {
  /** Threads down and across. */
  readonly threads: readonly [number, number];
  /** Results of a thread, down and across; multiples of 4 where factors go through workgroup memory. */
  readonly each: readonly [number, number];
  /** Whether threads read factors themselves, instead of through workgroup memory. */
  readonly isDirect?: true;
}

/** How far along k factors are staged at a time. */
export const DEPTH = 16;

/** The largest first. With a depth of 16 all fit into the 16 kB of workgroup memory that every adapter has. */
const tilings = {
  "64x128": { threads: [8, 16], each: [8, 8] },
  "64x64": { threads: [16, 16], each: [4, 4] },
  "32x32": { threads: [8, 8], each: [4, 4] },
  "16x64": { threads: [4, 16], each: [4, 4] },
  "64x16": { threads: [16, 4], each: [4, 4] },
  direct64x64: { threads: [4, 8], each: [16, 8], isDirect: true },
  direct32x32: { threads: [2, 4], each: [16, 8], isDirect: true },
  direct16x64: { threads: [1, 8], each: [16, 8], isDirect: true },
  direct64x16: { threads: [4, 2], each: [16, 8], isDirect: true },
  direct4x128: { threads: [1, 8], each: [4, 16], isDirect: true },
  direct1x128: { threads: [1, 8], each: [1, 16], isDirect: true },
  direct128x4: { threads: [8, 1], each: [16, 4], isDirect: true },
  direct128x1: { threads: [8, 1], each: [16, 1], isDirect: true },
} as const satisfies Record<string, Tiling>;

export type TilingName = keyof typeof tilings;

/** What is fast on an adapter. */
export interface Card {
  /** For results that are neither low nor narrow, from the largest tile: the first is taken of which there are `enough`, or else the last one. */
  readonly square: readonly TilingName[];
  /** For few rows, and for few columns. */
  readonly low: TilingName;
  readonly narrow: TilingName;
  /** For at most {@link THIN} rows or columns: whether threads share results, or else tiles for a single row, a few of them, and the same of columns. */
  readonly thin:
    | "shared"
    | {
        readonly row: TilingName;
        readonly rows: TilingName;
        readonly column: TilingName;
        readonly columns: TilingName;
      };
  /** Workgroups that keep the adapter busy. */
  readonly enough: number;
  /** From so many rows on, each is done by one thread, whatever its length. */
  readonly rows: number;
}

/** The most rows, or columns, of thin products. */
export const THIN = 4;
/** Results of at most so many rows or columns leave half of a square tile empty. */
const FLAT = 16;
/** Elements along k that are worth a workgroup of their own. */
const LEAST_CHUNK = 256;
const MOST_SPLITS = 64;

/** The rows and columns of a tile. */
export const tileOf = ({ threads, each }: Tiling): readonly [number, number] => [
  threads[0] * each[0],
  threads[1] * each[1],
];

/** A product as it is to be computed. */
export interface Cut {
  readonly name: TilingName;
  readonly tiling: Tiling;
  /** Tiles down and across. */
  readonly down: number;
  readonly across: number;
  /** Workgroups that share each tile, of which each adds up a part of k; how much, in whole steps of {@link DEPTH}. */
  readonly splits: number;
  readonly chunk: number;
}

const countOf = (name: TilingName, m: number, n: number): readonly [number, number] => {
  const [rows, columns] = tileOf(tilings[name]);
  return [Math.ceil(m / rows), Math.ceil(n / columns)];
};

function nameFor({ square, low, narrow, thin, enough }: Card, m: number, n: number, batch: number): TilingName {
  if (thin !== "shared" && m <= THIN) return m === 1 ? thin.row : thin.rows;
  if (thin !== "shared" && n <= THIN) return n === 1 ? thin.column : thin.columns;
  if (m <= FLAT && n > 2 * FLAT) return low;
  if (n <= FLAT && m > 2 * FLAT) return narrow;
  const found = square.find((name) => {
    const [down, across] = countOf(name, m, n);
    return down * across * batch >= enough;
  });
  return found ?? square.at(-1)!;
}

/** How an adapter computes `batch` products of [m, k] by [k, n]. */
export function cutOf(card: Card, m: number, n: number, k: number, batch: number): Cut {
  const name = nameFor(card, m, n, batch);
  const [down, across] = countOf(name, m, n);
  const wanted = Math.min(Math.ceil(card.enough / (down * across * batch)), Math.floor(k / LEAST_CHUNK), MOST_SPLITS);
  const chunk = Math.max(1, Math.ceil(k / Math.max(1, wanted) / DEPTH)) * DEPTH;
  return { name, tiling: tilings[name], down, across, chunk, splits: Math.max(1, Math.ceil(k / chunk)) };
}
