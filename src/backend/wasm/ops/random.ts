/** Transforms of random numbers. */
import { sizeOfShape } from "../../../core/shape";
import { type OpTable, unsupported } from "../../dispatch";
import type { Engine } from "../engine";

/** Numbers that are transformed together, and nanoseconds for them. */
const BLOCK = 16;
const BOX_MULLER_COST = 160;

export const randoms = {
  boxMuller(engine, { x, mean, std }) {
    const range = sizeOfShape(x.shape) / BLOCK;
    engine.call("boxMuller", undefined, [x, mean, std], range, range * BOX_MULLER_COST);
  },

  /** The library draws in the memory of this device, in PyTorch's order. */
  draw(engine, { y }) {
    throw unsupported("draw", y.dtype, engine.device);
  },
} satisfies OpTable<Engine>;
