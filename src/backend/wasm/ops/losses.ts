/** Losses against classes, over a range of targets. */
import { sizeOfShape } from "../../../core/shape";
import { type OpTable, unsupported } from "../../dispatch";
import type { Engine } from "../engine";

/** Nanoseconds per score. */
const LOSS_COST = 2;

export const losses = {
  nllLoss(engine, { losses, x, target, weight, c, inner, ignoreIndex }) {
    const range = sizeOfShape(target.shape);
    const args = [losses, x, target, weight, c, inner, ignoreIndex] as const;
    engine.call("nllLoss", x.dtype, args, range, range * c * LOSS_COST);
  },

  nllLossGradient(engine, { gx, gy, target, weight, c, inner, ignoreIndex }) {
    const range = sizeOfShape(target.shape);
    const args = [gx, gy, target, weight, c, inner, ignoreIndex] as const;
    engine.call("nllLossBackward", gx.dtype, args, range, range * c * LOSS_COST);
  },

  crossEntropy(engine, { losses, statistics, x, target, weight, c, inner, ignoreIndex }) {
    const range = sizeOfShape(target.shape);
    const args = [losses, statistics, x, target, weight, range, c, inner, ignoreIndex] as const;
    engine.call("crossEntropy", x.dtype, args, range, range * c * LOSS_COST);
  },

  crossEntropyGradient(engine, { gx, gy, x, statistics, target, weight, c, inner, ignoreIndex }) {
    const range = sizeOfShape(target.shape);
    const args = [gx, gy, x, statistics, target, weight, range, c, inner, ignoreIndex] as const;
    engine.call("crossEntropyBackward", gx.dtype, args, range, range * c * LOSS_COST);
  },

  targetWeights(engine, { weights, target, weight, ignoreIndex }) {
    const range = sizeOfShape(target.shape);
    engine.call("nllWeights", weights.dtype, [weights, target, weight, ignoreIndex], range, range);
  },

  /** The library goes through sequences in the memory of this device. */
  sequenceLoss(engine, { losses }) {
    throw unsupported("sequenceLoss", losses.dtype, engine.device);
  },

  sequenceLossGradient(engine, { gx }) {
    throw unsupported("sequenceLossGradient", gx.dtype, engine.device);
  },
} satisfies OpTable<Engine>;
