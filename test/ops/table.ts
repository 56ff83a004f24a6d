/** The ops of the library by name, and the sample calls of those that have no entry. */
import type { Entry } from "./entries";
import { elementwise } from "./samples/elementwise";
import { functional } from "./samples/functional";
import { indexing } from "./samples/index";
import { linalg } from "./samples/linalg";
import { nn } from "./samples/nn";
import { reduce } from "./samples/reduce";
import { shape } from "./samples/shape";
import { spectral } from "./samples/spectral";
import { type Samples, torch } from "./spec";

/** A function of the library; elementwise ones say what they are. */
export type Op = ((...args: any[]) => unknown) & { readonly entry?: Entry };

export const samples: Samples = {
  ...shape,
  ...reduce,
  ...indexing,
  ...elementwise,
  ...nn,
  ...linalg,
  ...functional,
  ...spectral,
};

const isOp = (item: [string, unknown]): item is [string, Op] =>
  typeof item[1] === "function" && /^[a-z_]/.test(item[0]);

/** The functions of the op families by name. */
const families = Object.values(torch.__families as Record<string, Record<string, unknown>>).flatMap((family) =>
  Object.entries(family).filter(isOp),
);

/** Those of the namespaces that are not in a family under another name. */
const namespaced = ["linalg", "special", "fft", "masked", "nn.functional"].flatMap((path) => {
  const space = path.split(".").reduce<any>((value, key) => value?.[key], torch) ?? {};
  const known = new Set(families.map(([, op]) => op));
  return Object.entries(space as Record<string, unknown>)
    .filter(isOp)
    .filter(([, op]) => !known.has(op))
    .map(([name, op]): [string, Op] => [`${path}.${name}`, op]);
});

export const table = new Map<string, Op>([...families, ...namespaced]);

/** Whether an op changes its first argument. */
export const changes = (name: string): boolean => name.endsWith("_") || name === "setAt";
