/** The arguments of families that have a location and a scale. */
import type { Shape } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { readArguments, type ValidateArgs, type Value } from "./arguments";
import { broadcastNamed } from "./utils";

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
  const { loc, scale, validateArgs } = readArguments<LocScaleArguments>(op, locScale, given);
  const parameters = broadcastNamed(op, { loc, scale });
  return [parameters.loc.shape, [], validateArgs, parameters];
}
