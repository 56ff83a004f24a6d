/** Arguments and results of the ops of a compiled function, as they were when it was recorded, to be compared with those of later calls. */

import type { DType } from "../core/dtype";
import { namedTuple } from "../core/record";
import { sameShape } from "../core/shape";
import { Tensor } from "../tensor/tensor";

/** A value in the arguments of an op, or in its result. */
export type Pattern =
  /** A number, a text, a flag or nothing. */
  | { readonly kind: "plain"; readonly value: unknown }
  /** What an earlier op of the segment gave. */
  | { readonly kind: "made"; readonly index: number }
  /** A tensor from elsewhere. `isFirst` says whether it occurs here first. */
  | { readonly kind: "given"; readonly slot: number; readonly isFirst: boolean }
  | { readonly kind: "list"; readonly items: readonly Pattern[] }
  | {
      readonly kind: "record";
      readonly keys: readonly string[];
      readonly items: readonly Pattern[];
      readonly isTuple: boolean;
    };

const isRecord = (value: object): value is Record<string, unknown> => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Whether a value consists of tensors and plain values alone, so that the ops that take it can be recorded. */
export function isPlain(value: unknown, depth = 0): boolean {
  if (value instanceof Tensor) return true;
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null) return true;
  if (depth > 4) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  return isRecord(value) && Object.values(value).every((item) => isPlain(item, depth + 1));
}

/** Makes a pattern of a value. @param tensor What to make of a tensor; undefined if nothing can be. */
export function patternOf(value: unknown, tensor: (x: Tensor) => Pattern | undefined): Pattern | undefined {
  if (value instanceof Tensor) return tensor(value);
  if (typeof value !== "object" || value === null) return { kind: "plain", value };
  const isList = Array.isArray(value);
  if (!isList && !isRecord(value)) return undefined;
  const items: Pattern[] = [];
  for (const item of isList ? value : Object.values(value)) {
    const pattern = patternOf(item, tensor);
    if (pattern === undefined) return undefined;
    items.push(pattern);
  }
  if (isList) return { kind: "list", items };
  return { kind: "record", keys: Object.keys(value), items, isTuple: Symbol.iterator in value };
}

/** What the tensors of a run are. */
export interface Tensors {
  readonly made: readonly Tensor[];
  /** Whether a tensor from elsewhere fits a slot; the first time it is then taken for it. */
  takes(slot: number, isFirst: boolean, x: Tensor): boolean;
}

/** Whether a value is what a pattern says. */
export function fits(pattern: Pattern, value: unknown, tensors: Tensors): boolean {
  switch (pattern.kind) {
    case "plain":
      return Object.is(pattern.value, value);
    case "made":
      return tensors.made[pattern.index] === value;
    case "given":
      return value instanceof Tensor && tensors.takes(pattern.slot, pattern.isFirst, value);
    case "list":
      return (
        Array.isArray(value) &&
        value.length === pattern.items.length &&
        pattern.items.every((item, i) => fits(item, value[i], tensors))
      );
    case "record":
      return fitsRecord(pattern, value, tensors);
  }
}

function fitsRecord(pattern: Extract<Pattern, { kind: "record" }>, value: unknown, tensors: Tensors): boolean {
  if (typeof value !== "object" || value === null || value instanceof Tensor || !isRecord(value)) return false;
  const keys = Object.keys(value);
  if (keys.length !== pattern.keys.length) return false;
  for (let i = 0; i < keys.length; i++)
    if (keys[i] !== pattern.keys[i] || !fits(pattern.items[i]!, value[keys[i]!], tensors)) return false;
  return true;
}

/** The value that a pattern stands for. */
export function filledIn(pattern: Pattern, made: readonly Tensor[], given: readonly Tensor[]): unknown {
  switch (pattern.kind) {
    case "plain":
      return pattern.value;
    case "made":
      return made[pattern.index];
    case "given":
      return given[pattern.slot];
    case "list":
      return pattern.items.map((item) => filledIn(item, made, given));
    case "record": {
      const values = pattern.items.map((item, i) => [pattern.keys[i]!, filledIn(item, made, given)]);
      const record = Object.fromEntries(values);
      return pattern.isTuple ? namedTuple(record) : record;
    }
  }
}

/** The tensors in a value. */
export function tensorsIn(value: unknown, found: Set<Tensor> = new Set(), depth = 0): Set<Tensor> {
  if (value instanceof Tensor) found.add(value);
  else if (typeof value === "object" && value !== null && depth < MOST_DEPTH)
    for (const item of itemsOf(value)) tensorsIn(item, found, depth + 1);
  return found;
}

const MOST_DEPTH = 8;

function itemsOf(value: object): Iterable<unknown> {
  if (value instanceof Map) return value.values();
  return value instanceof Set || Array.isArray(value) ? value : Object.values(value);
}

/** The tensors in the fields of an object and of those that it consists of, such as the modules in a module. */
export function tensorsHeldBy(holder: object): Set<Tensor> {
  const found = new Set<Tensor>();
  const visited = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (value === null || (typeof value !== "object" && typeof value !== "function") || visited.has(value)) return;
    visited.add(value);
    if (value instanceof Tensor) found.add(value);
    else if (!ArrayBuffer.isView(value)) for (const item of itemsOf(value)) visit(item);
  };
  visit(holder);
  return found;
}

/** What is known of a tensor before its values are. */
export interface Form {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly requiresGrad: boolean;
  /** Whether it was asked to collect its gradient. */
  readonly isLeaf: boolean;
  readonly isInference: boolean;
}

export const formOf = (x: Tensor): Form => ({
  dtype: x.dtype,
  shape: [...x.shape],
  strides: [...x.strides],
  offset: x.offset,
  requiresGrad: x.requiresGrad,
  isLeaf: x.leafRequiresGrad,
  isInference: x.storage.isInference,
});

/** Whether a tensor can stand in for another as far as ops are concerned. Where it begins in its storage does not matter. */
export const hasForm = (x: Tensor, { dtype, shape, strides, requiresGrad, isInference }: Form): boolean =>
  x.dtype === dtype &&
  sameShape(x.shape, shape) &&
  sameShape(x.strides, strides) &&
  x.requiresGrad === requiresGrad &&
  x.storage.isInference === isInference;
