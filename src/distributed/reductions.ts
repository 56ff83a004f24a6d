/** Reductions, by PyTorch's names. */
import { checkChoice } from "../core/arguments";
import { type DType, isFloat } from "../core/dtype";
import { DTypeError } from "../core/errors";
import type { WireOp } from "./engine";

/**
 * What `op` of {@link allReduce}, {@link reduce} and {@link reduceScatter} may be. The values are text, which may be given as well. `AVG` divides the sum by
 * the number of ranks (integers: toward zero); `BAND`, `BOR` and `BXOR` are for integers and bool. Values of dtype bool are summed as
 * by "or", and multiplied as by "and".
 * @see torch.distributed.ReduceOp
 */
export const ReduceOp = {
  SUM: "sum",
  AVG: "avg",
  PRODUCT: "product",
  MIN: "min",
  MAX: "max",
  BAND: "band",
  BOR: "bor",
  BXOR: "bxor",
} as const;

/** The values of {@link ReduceOp}. */
export type ReduceOp = (typeof ReduceOp)[keyof typeof ReduceOp];

const names = Object.values(ReduceOp);
const bitwise: readonly string[] = ["band", "bor", "bxor"];
/** The same on the bytes 0 and 1. */
const ofBool: Partial<Record<ReduceOp, WireOp>> = { sum: "max", product: "min", band: "min", bor: "max" };

/** The engine's reduction. @throws ArgumentError or ValueError for what is no reduction, DTypeError for one that the dtype does not have. */
export function wireOpOf(op: string, name: unknown, dtype: DType): WireOp {
  const reduction = checkChoice(op, "op", name as ReduceOp, names);
  if (bitwise.includes(reduction) && isFloat(dtype))
    throw new DTypeError(`${op}: op "${reduction}" is for integers and bool, got ${dtype}`);
  if (reduction === "avg") {
    if (dtype === "bool") throw new DTypeError(`${op}: op "avg" is for numbers, got bool`);
    return "sum";
  }
  return (dtype === "bool" ? ofBool[reduction] : undefined) ?? reduction;
}
