/** The arguments of families that have a location and a scale. */
import type { Shape } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";
import type { ValidateArgs, Value } from "./arguments";
import { readBroadcast } from "./utils";

/** The signature of the families that have a location and a scale. */
export const locScale = "loc, scale; validateArgs";

/** Arguments of the families that have a location and a scale. */
export interface LocScaleArguments extends ValidateArgs {
  readonly loc: Value;
  readonly scale: Value;
}

/** What the constructor of {@link Distribution} takes for such a family. */
export function readLocScale(
  op: string,
  given: readonly unknown[],
): [Shape, Shape, boolean | undefined, { loc: Tensor; scale: Tensor }] {
  const { loc, scale, validateArgs } = readBroadcast<"loc" | "scale">(op, locScale, given);
  return [loc.shape, [], validateArgs, { loc, scale }];
}
