/** Numbers out of what a call held. */
import type { TypedArray } from "../core/dtype";
import { ArgumentError, describe, ShapeError } from "../core/errors";
import type { Held } from "./arguments";

/** Whether a value is a tensor as it is held. */
export const isHeld = (value: unknown): value is Held =>
  typeof value === "object" && value !== null && "shape" in value && "data" in value && "dtype" in value;

/** Nested arrays as an array of float64. */
function arrayOf(op: string, name: string, list: readonly unknown[]): Held {
  const shape: number[] = [];
  for (let level: unknown = list; Array.isArray(level); level = level[0]) shape.push(level.length);
  const values: number[] = [];
  const walk = (item: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof item !== "number" && typeof item !== "boolean" && typeof item !== "bigint")
        throw new ArgumentError(`${op}: ${name} must hold numbers, got ${describe(item)}`);
      values.push(Number(item));
    } else {
      if (!Array.isArray(item) || item.length !== shape[depth])
        throw new ShapeError(`${op}: ${name} must be as long in all its rows`);
      for (const part of item) walk(part, depth + 1);
    }
  };
  walk(list, 0);
  return { shape, dtype: "float64", data: Float64Array.from(values) };
}

/** An argument that is an array of numbers. @throws ArgumentError, ShapeError. */
export function numbers(op: string, name: string, value: unknown): Held {
  if (isHeld(value)) return value;
  if (Array.isArray(value)) return arrayOf(op, name, value);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return { shape: [1], dtype: "float64", data: Float64Array.of(Number(value)) };
  throw new ArgumentError(`${op}: ${name} must be a tensor or an array of numbers, got ${describe(value)}`);
}

/** The elements as float64. */
export const doubles = (data: TypedArray): Float64Array =>
  data instanceof Float64Array ? data : Float64Array.from(data as ArrayLike<number | bigint>, Number);

/** An argument that is one number. @throws ShapeError in PyTorch's words. */
export function single(op: string, name: string, value: unknown): number {
  const { shape, data } = numbers(op, name, value);
  if (data.length !== 1)
    throw new ShapeError(
      `${op}: Tensor should contain one element (0 dimensions). Was given size: ${data.length} and ${shape.filter((n) => n !== 1).length} dimensions.`,
    );
  return Number(data[0]);
}
