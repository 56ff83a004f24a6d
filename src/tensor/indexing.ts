import { ArgumentError, describe, IndexError } from "../core/errors";
import { MAX_AXES } from "../core/shape";
import { tensor } from "./create";
import { Tensor } from "./tensor";

/** Nested arrays of integers or of booleans, as an index. */
export type IndexArray = readonly (number | boolean | IndexArray)[];

/** A slice as an item of an index: `slice(1, 3)` is `"1:3"`. @see slice in Python */
export class Slice {
  constructor(
    readonly start: number | null,
    readonly end: number | null,
    readonly step: number,
  ) {}

  toString(): string {
    return [this.start ?? "", this.end ?? "", this.step].join(":");
  }
}

/**
 * An index: an integer, a slice as Python writes it (`"1:3"`, `"::2"`, `":"`, or `torch.slice(1, 3)`), `"..."`, null (a new axis), a boolean, a
 * tensor of integers or of truth values, or an array of them.
 */
export type IndexItem = number | string | null | boolean | Slice | Tensor | IndexArray;

/** An item with its kind. Booleans and arrays have become tensors. */
export type IndexStep =
  | { readonly kind: "select"; readonly index: number }
  | { readonly kind: "slice"; readonly start: number | null; readonly end: number | null; readonly step: number }
  | { readonly kind: "newAxis" }
  | { readonly kind: "ellipsis" }
  /** A boolean: a new axis of size 1 or 0. */
  | { readonly kind: "truth"; readonly value: boolean }
  | { readonly kind: "tensor"; readonly index: Tensor };

const NUMBER = /^[+-]?\d+$/;

/** The text of a slice cut at its colons, so that long texts take no longer than they are. */
function parseText(text: string): IndexStep {
  if (text.trim() === "...") return { kind: "ellipsis" };
  const parts = text.split(":", 4).map((part) => part.trim());
  if (parts.length < 2 || parts.length > 3 || !parts.every((part) => part === "" || NUMBER.test(part)))
    throw new IndexError(
      `at: ${describe(text)} is not an index; a string is a slice such as "1:3", "::2" or ":", or "..."`,
    );
  // Numbers beyond all axes stand for their ends.
  const [start = null, end = null, step = null] = parts.map((part) =>
    part === "" ? null : Math.min(Math.max(Number(part), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER),
  );
  if (step !== null && step <= 0)
    throw new IndexError(`at: slice step must be positive, got ${describe(text)}; x.flip(dim) reverses an axis`);
  return { kind: "slice", start, end, step: step ?? 1 };
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
  if (item instanceof Slice) return { kind: "slice", start: item.start, end: item.end, step: item.step };
  throw new ArgumentError(
    `at: takes integers, slices such as "1:3", "...", null, booleans, tensors and arrays, got ${describe(item)}`,
  );
}

/** Whether nested arrays hold booleans; undefined if they hold nothing. @throws IndexError unless all values are of one kind. */
function checkValues(item: readonly unknown[], depth: number, before?: boolean): boolean | undefined {
  if (depth > MAX_AXES) throw new IndexError(`at: an array of indices is nested at most ${MAX_AXES} deep`);
  let isMask = before;
  for (const value of item) {
    if (Array.isArray(value)) {
      isMask = checkValues(value, depth + 1, isMask);
      continue;
    }
    const isBoolean = typeof value === "boolean";
    if ((!isBoolean && !Number.isInteger(value)) || (isMask !== undefined && isMask !== isBoolean))
      throw new IndexError(`at: an array of indices holds integers or booleans, got ${describe(value)}`);
    isMask = isBoolean;
  }
  return isMask;
}

/** An array as a tensor: of truth values if it holds booleans, else of integers. */
function arrayIndex(item: IndexArray): Tensor {
  const isMask = checkValues(item, 0);
  return tensor(item, { dtype: isMask ? "bool" : "int64" });
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
  // The holes of an array are items too.
  const steps = Array.from(items, (item) => parseItem(item));
  const used = steps.reduce((n, step) => n + axesOf(step), 0);
  if (used > ndim) throw new IndexError(`at: too many indices for tensor of dimension ${ndim}`);
  const at = steps.findIndex((step) => step.kind === "ellipsis");
  if (at >= 0 && steps.some((step, i) => i > at && step.kind === "ellipsis"))
    throw new IndexError("at: an index can only have a single ellipsis ('...')");
  const whole: IndexStep = { kind: "slice", start: null, end: null, step: 1 };
  const rest = new Array<IndexStep>(ndim - used).fill(whole);
  return at < 0 ? [...steps, ...rest] : steps.toSpliced(at, 1, ...rest);
}
