/** What recurrent networks and cells share. */
import { checkArray } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { checkTensor } from "../../ops/builders/checks";

/** @throws ArgumentError unless a state consists of `count` tensors. */
export function checkState(layer: string, state: unknown, count: number): void {
  const parts = checkArray(layer, "hx", state, "tensors");
  if (parts.length !== count) throw new ShapeError(`${layer}: hx must have ${count} tensors, got ${parts.length}`);
  for (const [i, part] of parts.entries()) checkTensor(layer, part, count === 1 ? "hx" : `hx[${i}]`);
}
