/** Sliding windows: what convolutions and pooling share. */
export type { SlidingWindows } from "../../backend/ops";

import { checkInteger, checkIntegers, checkNumber } from "../../core/arguments";
import { describe, ShapeError, ValueError } from "../../core/errors";

/** One size for all spatial axes, or one for each. */
export type Sizes = number | readonly number[];

/** Sizes for `dims` axes from one number or a list. @throws ValueError for another count or non-integers. */
export function spread(op: string, name: string, value: Sizes, dims: number): number[] {
  if (!Array.isArray(value)) return new Array<number>(dims).fill(checkInteger(op, name, value));
  const list = checkIntegers(op, name, value);
  if (list.length === 1) return new Array<number>(dims).fill(list[0]!);
  if (list.length !== dims)
    throw new ValueError(`${op}: ${name} must be one integer or ${dims}, got ${describe(value)}`);
  return list;
}

/** Integers, each one or a list, whose number of axes is not known yet. @throws ArgumentError for anything else. */
export function checkSizes(op: string, sizes: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(sizes))
    if (Array.isArray(value)) checkIntegers(op, name, value);
    else checkInteger(op, name, value);
}

/** Numbers for `dims` axes from one number or a list. @throws ShapeError for another count. */
export function numbersFor(op: string, name: string, value: Sizes, dims: number): number[] {
  if (!Array.isArray(value)) return new Array<number>(dims).fill(checkNumber(op, name, value));
  if (value.length !== dims)
    throw new ShapeError(`${op}: input has ${dims} spatial axes, but ${name} has ${value.length}: ${describe(value)}`);
  return value.map((number) => checkNumber(op, name, number));
}
