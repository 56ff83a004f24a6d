/** Checks of values: kernels that read all elements and answer with a number. */
import { codeOf } from "../../../core/dtype";
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { ValueCheck } from "../../ops/checks";
import { addressOf, type Engine } from "../engine";

/** @see Backend.firstInvalid */
export function firstInvalid(engine: Engine, check: ValueCheck): number {
  const { x } = check;
  const n = sizeOfShape(x.shape);
  switch (check.kind) {
    case "indices":
      return engine.inspect("indicesInRange", [x, check.low, check.high, n]);
    case "targets":
      return engine.inspect("targetsInRange", [x, check.classes, check.ignoreIndex, n]);
    case "nonzero":
      return nonzeros(engine, x) === n ? -1 : positionOf(engine, x, (value) => !value, 0);
    case "mask":
      return nonzeros(engine, x) <= check.most ? -1 : positionOf(engine, x, Boolean, check.most);
  }
}

/** How many elements of a contiguous operand are not 0. */
export const nonzeros = (engine: Engine, x: Operand): number =>
  engine.inspect("nonzeroCount", [codeOf(x.dtype), x, 0, sizeOfShape(x.shape)]);

/** The position of the first element that is wanted, after `skipped` others. */
function positionOf(
  engine: Engine,
  x: Operand,
  isWanted: (value: number | bigint) => boolean,
  skipped: number,
): number {
  const values = engine.viewOf(x.dtype, addressOf(x), sizeOfShape(x.shape));
  let left = skipped;
  for (let i = 0; i < values.length; i++) if (isWanted(values[i]!) && left-- === 0) return i;
  return -1;
}
