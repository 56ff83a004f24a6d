/** Unsigned integers of 16, 32 and 64 bits: which ops take them, and what comes out. */
import { DTypeError } from "../../core/errors";
import { Tensor } from "../../tensor/tensor";
import type { Context } from "./context";
import type { Entry } from "./entry";
import { carriers, unsignedOf, type Value, wrapUnsigned } from "./values";

/** Runs an op. @throws DTypeError if it does not take the unsigned type of an input. */
export function runEntry(entry: Entry, c: Context): Value | Value[] {
  const type = firstUnsigned(c.inputs);
  if (type === undefined || entry.unsigned === "itself") return entry.run(c);
  if (!entry.unsigned) throw new DTypeError(`${c.op}: does not take ${type} here; cast to int64 or float32 before`);
  const wrap = (value: Value): Value =>
    value instanceof Tensor && value.dtype === carriers[type] && unsignedOf(value) === undefined
      ? wrapUnsigned(value, type)
      : value;
  const result = entry.run(c);
  return Array.isArray(result) ? result.map(wrap) : wrap(result as Value);
}

function firstUnsigned(inputs: readonly Value[]) {
  for (const input of inputs) {
    const type = unsignedOf(input);
    if (type !== undefined) return type;
  }
  return undefined;
}
