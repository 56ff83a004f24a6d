/** The items of `x.at(…)`: what each of them means for the axis that it meets. */
import { ArgumentError, describe, IndexError } from "../core/errors";
import { tensor } from "./create";
import { Tensor } from "./tensor";

/** Nested arrays of integers or of booleans, as an index. */
export type IndexArray = readonly (number | boolean | IndexArray)[];

/**
 * An index: an integer, a slice as Python writes it (`"1:3"`, `"::2"`, `":"`), `"..."`, null (a new axis), a boolean, a tensor of integers
 * or of truth values, or an array of them.
 */
export type IndexItem = number | string | null | boolean | Tensor | IndexArray;

/** An item with its kind. Booleans and arrays have become tensors. */
export type IndexStep =
  | { readonly kind: "select"; readonly index: number }
  | { readonly kind: "slice"; readonly start: number | null; readonly end: number | null; readonly step: number }
  | { readonly kind: "newAxis" }
  | { readonly kind: "ellipsis" }
  /** A boolean: a new axis of size 1 or 0. */
  | { readonly kind: "truth"; readonly value: boolean }
  | { readonly kind: "tensor"; readonly index: Tensor };

const SLICE = /^\s*([+-]?\d+)?\s*:\s*([+-]?\d+)?\s*(?::\s*([+-]?\d+)?\s*)?$/;

function parseText(text: string): IndexStep {
  if (text.trim() === "...") return { kind: "ellipsis" };
  const parts = SLICE.exec(text);
  if (parts === null)
    throw new IndexError(
      `at: ${describe(text)} is not an index; a string is a slice such as "1:3", "::2" or ":", or "..."`,
    );
  const number = (part: string | undefined) => (part === undefined ? null : Number(part));
  const step = number(parts[3]) ?? 1;
  if (step <= 0)
    throw new IndexError(`at: slice step must be positive, got ${describe(text)}; x.flip(dim) reverses an axis`);
  return { kind: "slice", start: number(parts[1]), end: number(parts[2]), step };
}

/** A 0-d tensor is a number, as in PyTorch: its value is read back. */
function parseTensor(index: Tensor): IndexStep {
  if (index.dtype !== "int64" && index.dtype !== "int32" && index.dtype !== "uint8" && index.dtype !== "bool")
    throw new IndexError(`at: tensors used as indices must be long, int, byte or bool tensors, got ${index.dtype}`);
  if (index.ndim > 0) return { kind: "tensor", index };
  return isMask(index)
    ? { kind: "truth", value: Boolean(index.item()) }
    : { kind: "select", index: Number(index.item()) };
}

function parseItem(item: IndexItem): IndexStep {
  if (item === null) return { kind: "newAxis" };
  if (typeof item === "string") return parseText(item);
  if (typeof item === "boolean") return { kind: "truth", value: item };
  if (item instanceof Tensor) return parseTensor(item);
  if (typeof item === "number") {
    if (Number.isInteger(item)) return { kind: "select", index: item };
    throw new IndexError(`at: an index must be an integer, got ${item}`);
  }
  if (Array.isArray(item)) return parseTensor(arrayIndex(item));
  throw new ArgumentError(
    `at: takes integers, slices such as "1:3", "...", null, booleans, tensors and arrays, got ${describe(item)}`,
  );
}

/** An array as a tensor: of truth values if it holds booleans, else of integers. */
function arrayIndex(item: IndexArray): Tensor {
  const first = item.flat(Number.POSITIVE_INFINITY as 1)[0];
  if (typeof first === "boolean") return tensor(item, { dtype: "bool" });
  for (const value of item.flat(Number.POSITIVE_INFINITY as 1))
    if (!Number.isInteger(value))
      throw new IndexError(`at: an array of indices holds integers or booleans, got ${describe(value)}`);
  return tensor(item, { dtype: "int64" });
}

/** Whether an index is a mask: it tells the elements of as many axes as it has itself. */
export const isMask = (index: Tensor): boolean => index.dtype === "bool" || index.dtype === "uint8";

/** How many axes of the tensor a step meets. */
export function axesOf(step: IndexStep): number {
  if (step.kind === "tensor") return isMask(step.index) ? step.index.ndim : 1;
  return step.kind === "select" || step.kind === "slice" ? 1 : 0;
}

/**
 * Reads the items of an index for a tensor of `ndim` axes, with the ellipsis (there is always one in effect) replaced by full slices.
 * @throws IndexError if the items need more axes than there are, or if there are two ellipses.
 */
export function parseIndex(items: readonly IndexItem[], ndim: number): IndexStep[] {
  const steps = items.map(parseItem);
  const used = steps.reduce((n, step) => n + axesOf(step), 0);
  if (used > ndim) throw new IndexError(`at: too many indices for tensor of dimension ${ndim}`);
  const at = steps.findIndex((step) => step.kind === "ellipsis");
  if (at >= 0 && steps.some((step, i) => i > at && step.kind === "ellipsis"))
    throw new IndexError("at: an index can only have a single ellipsis ('...')");
  const whole: IndexStep = { kind: "slice", start: null, end: null, step: 1 };
  const rest = new Array<IndexStep>(ndim - used).fill(whole);
  return at < 0 ? [...steps, ...rest] : steps.toSpliced(at, 1, ...rest);
}
