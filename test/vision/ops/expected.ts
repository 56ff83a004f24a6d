/** What torchvision gives: `write_expected.py` wrote it. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";

/** How an input is drawn. */
export type Recipe = readonly [kind: string, ...args: any[]];

export interface Case {
  readonly name: string;
  readonly seed: number;
  readonly inputs: Readonly<Record<string, Recipe>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly differentiable: readonly string[];
  /** Into how many tensors an input is split. */
  readonly lists: Readonly<Record<string, number[]>>;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly out: readonly number[];
  readonly first: readonly (readonly number[] | null)[] | null;
  readonly second: readonly (readonly number[] | null)[] | null;
}

export interface Structure {
  readonly repr: string;
  readonly state: readonly (readonly [key: string, shape: number[], dtype: string])[];
}

interface Expected {
  readonly cases: readonly Case[];
  readonly structure: Readonly<Record<string, Structure>>;
  readonly called: Readonly<Record<string, any>>;
}

/** Python writes NaN and infinities into JSON as words. */
const parse = (text: string): Expected =>
  JSON.parse(text.replace(/(?<=[[,:])(NaN|-?Infinity)(?=[\],}])/g, '"$1"'), (_, value) =>
    value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : value,
  );

export const expected: Expected = parse(
  gunzipSync(readFileSync(new URL("./expected.json.gz", import.meta.url))).toString(),
);

const boxes = (n: number, extent: number): torch.Tensor => {
  const corner = torch.rand([n, 2]).mul(extent);
  return torch.cat([corner, corner.add(torch.rand([n, 2]).mul(extent * 0.6))], 1);
};

const kinds: Readonly<Record<string, (...args: any[]) => torch.Tensor>> = {
  rand: (shape: number[], scale: number, shift: number) => torch.rand(shape).mul(scale).add(shift),
  boxes,
  rois: (n: number, images: number, extent: number) =>
    torch.cat([torch.rand([n, 1]).mul(images).floor(), boxes(n, extent)], 1),
  mask: (shape: number[], share: number) => {
    const mask = torch.rand(shape).lt(share).float();
    mask.select(1, 0).select(1, 0).fill_(1);
    return mask;
  },
};

/** An input by its recipe. */
export function draw([kind, ...args]: Recipe): torch.Tensor {
  const make = kinds[kind];
  return make === undefined ? draw(args[0] as Recipe).to(kind as torch.DType) : make(...args);
}

export const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Numbers of a tensor. */
export const numbersOf = (x: torch.Tensor): number[] => Array.from(x.detach().double().toTypedArray() as Float64Array);

/** The largest difference, relative to the largest number; NaN and infinities must be equal. */
export function difference(actual: readonly number[], wanted: readonly number[]): number {
  if (actual.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const finite = wanted.filter(Number.isFinite).map(Math.abs);
  const scale = Math.max(1e-3, ...finite);
  const apart = (a: number, w: number) => (Object.is(a, w) || a === w ? 0 : Math.abs(a - w) / scale);
  return wanted.reduce((most, w, i) => {
    const d = apart(actual[i]!, w);
    return Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(most, d);
  }, 0);
}
