/** Sliding windows: what convolutions and pooling share. */
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

/** Windows over the spatial axes of an input; each list has a number per axis. */
export interface SlidingWindows {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

/** The axes that kernels know: depth, height and width. */
const AXES = 3;

/** All lists in order, as kernels read them: with one or two axes, the first of three have size 1 and no padding. */
export function wordsOf({ input, output, kernel, stride, padding, dilation }: SlidingWindows): number[] {
  const words: number[] = [];
  const put = (list: readonly number[], missing: number): void => {
    for (let i = list.length; i < AXES; i++) words.push(missing);
    for (const word of list) words.push(word);
  };
  for (const list of [input, output, kernel, stride]) put(list, 1);
  put(padding, 0);
  put(dilation, 1);
  return words;
}
