/**
 * The errors that Kindling throws. Each message starts with the op, says what was given and what is wanted, and, where it
 * is known, the fix.
 */
import { classNameOf, nameOf } from "./className";

/** Base of every error thrown by Kindling. */
export class KindlingError extends Error {
  /** The name of the class. */
  override get name(): string {
    return classNameOf(this);
  }
}

/** Shapes that do not fit an op or each other. */
export class ShapeError extends KindlingError {}

/** An element type that an op does not take, or a cast that would lose values. */
export class DTypeError extends KindlingError {}

/** Tensors on different devices, or an op that a device cannot do. */
export class DeviceError extends KindlingError {}

/** An index or a dimension out of range. @see IndexError in Python */
export class IndexError extends KindlingError {}

/** An argument of the right kind with a value that makes no sense. @see ValueError in Python */
export class ValueError extends KindlingError {}

/** An argument of the wrong kind, or an option with an unknown name. @see TypeError in Python */
export class ArgumentError extends KindlingError {}

/** A misuse of automatic differentiation: a graph that is gone, a saved tensor that changed, a missing gradient. */
export class AutogradError extends KindlingError {}

/** A tensor that was used after its memory was given back. */
export class DisposedError extends KindlingError {}

/** No memory of the device is left for a tensor. The tensors that exist stay valid. */
export class OutOfMemoryError extends KindlingError {}

/** A file or buffer that is damaged, truncated, or not of the format that it claims. */
export class FormatError extends KindlingError {}

/** A worker that died or could not be started. */
export class WorkerError extends KindlingError {}

/** State that does not fit the module or optimizer that loads it. */
export class StateError extends KindlingError {}

/**
 * Throws if `options` has a key that is not in `known`, so that a misspelled option is never ignored.
 * @throws {@link ArgumentError} naming the option and listing the right ones.
 */
export function checkOptions(op: string, options: object | undefined, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new ArgumentError(
      `${op}: the last argument takes an object of options { ${known.join(", ")} }, got ${describe(options)}`,
    );
  for (const key in options)
    if (!known.includes(key))
      throw new ArgumentError(
        known.length === 0
          ? `${op}: takes no option "${key}"`
          : `${op}: unknown option "${key}"; the options are ${known.join(", ")}`,
      );
}

/** A short description of any value for an error message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return nameOf(value) === "" ? "a function" : `function ${nameOf(value)}`;
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value))
    return value.length > 8 ? `an array of ${value.length}` : `[${value.map(describe).join(", ")}]`;
  if (Object.getPrototypeOf(value) === Object.prototype) {
    const keys = Object.keys(value).slice(0, 8).join(", ");
    return keys === "" ? "{}" : `{ ${keys} }`;
  }
  return `a ${classNameOf(value) || "value"}`;
}
