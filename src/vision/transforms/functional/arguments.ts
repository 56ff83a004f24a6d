/** What functions of geometry take, checked and in one form. */
import { checkArray, checkInteger, checkNumber, MAX_COUNT } from "../../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../../core/errors";
import type { Image } from "../../image";
import type { Border } from "./pil/arrange";

/** One size for both axes, or [height, width]. */
export type Size = number | readonly number[];

/** One number for all bands, or one for each; null is 0. */
export type Fill = number | readonly number[];

/** Pixels on all sides, on [left and right, top and bottom], or on [left, top, right, bottom]. */
export type PaddingSize = number | readonly number[];

/** [height, width] of a crop. @throws ValueError unless it is one number or two. */
export function checkCropSize(op: string, size: unknown, name = "size"): [height: number, width: number] {
  const list = typeof size === "number" ? [size, size] : checkArray(op, name, size, "integers");
  const pair = list.length === 1 ? [list[0], list[0]] : list;
  if (pair.length !== 2)
    throw new ValueError(`${op}: Please provide only two dimensions (h, w) for size, got ${describe(size)}`);
  const side = (value: unknown, i: number) =>
    checkInteger(op, typeof size === "number" ? name : `${name}[${i}]`, value, 0, MAX_COUNT);
  return [side(pair[0], 0), side(pair[1], 1)];
}

/** A size for `resize`: of the shorter side, or [height, width]. */
export function checkResizeSize(op: string, size: unknown): number[] {
  const list = typeof size === "number" ? [size] : checkArray(op, "size", size, "integers");
  if (list.length !== 1 && list.length !== 2)
    throw new ValueError(`${op}: Size must be an int or a 1 or 2 element array, not a ${list.length} element array`);
  return list.map((value, i) =>
    checkInteger(op, typeof size === "number" ? "size" : `size[${i}]`, value, 1, MAX_COUNT),
  );
}

/** The four sides of a border. */
export function checkPadding(op: string, padding: unknown): Border {
  if (typeof padding !== "number" && !Array.isArray(padding))
    throw new ArgumentError(`${op}: Got inappropriate padding arg: ${describe(padding)}; it is an integer or an array`);
  const list: readonly unknown[] = typeof padding === "number" ? [padding] : padding;
  if (![1, 2, 4].includes(list.length))
    throw new ValueError(
      `${op}: Padding must be an int or a 1, 2, or 4 element array, not a ${list.length} element array`,
    );
  const sides = list.map((value, i) =>
    checkInteger(op, typeof padding === "number" ? "padding" : `padding[${i}]`, value, -MAX_COUNT, MAX_COUNT),
  );
  const [left, top = left, right = left, bottom = top] = sides as [number, number?, number?, number?];
  return [left, top, right, bottom];
}

/** Numbers, as many as `counts` allows. */
export function checkNumberList(op: string, name: string, values: unknown, counts: readonly number[]): number[] {
  const lengths = counts.join(" or ");
  if (!Array.isArray(values))
    throw new ArgumentError(`${op}: ${name} should be a sequence of length ${lengths}, got ${describe(values)}`);
  if (!counts.includes(values.length))
    throw new ValueError(`${op}: ${name} should be a sequence of length ${lengths}, got ${describe(values)}`);
  return values.map((value, i) => checkNumber(op, `${name}[${i}]`, value));
}

/** A fill as it was given. @throws ArgumentError unless it is a number or numbers. */
export function checkFillValue(op: string, fill: unknown): Fill {
  if (typeof fill === "number") return fill;
  if (!Array.isArray(fill))
    throw new ArgumentError(`${op}: fill should be either a sequence or a number, got ${describe(fill)}`);
  return fill.map((value, i) => checkNumber(op, `fill[${i}]`, value));
}

/** A color of `img`, one number for each band, as its samples hold it. @throws ValueError for another number of bands. */
export function inkOf(op: string, img: Image, fill: Fill): number[] {
  const values = typeof fill === "number" ? Array<number>(img.bands).fill(fill) : fill;
  if (values.length !== img.bands)
    throw new ValueError(
      `${op}: The number of elements in 'fill' does not match the number of channels of the image (${values.length} != ${img.bands})`,
    );
  if (img.mode === "F") return [...values];
  return values.map((value) => {
    const whole = Math.trunc(value);
    if (img.mode === "1") return whole === 0 ? 0 : 255;
    if (img.mode === "I" || img.mode === "I;16") return whole;
    return Math.min(255, Math.max(0, whole));
  });
}
