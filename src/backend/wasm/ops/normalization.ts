/** Normalization over the batch and over features. */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";

/** Nanoseconds per element. */
const NORM_COST = 1;
const GRADIENT_COST = 2;

/** The sizes of the axes after the second one, multiplied. */
function innerOf(shape: readonly number[]): number {
  let inner = 1;
  for (let i = 2; i < shape.length; i++) inner *= shape[i]!;
  return inner;
}

export const normalizations = {
  batchNormStatistics(engine, { mean, variance, x }) {
    const { shape } = x;
    const c = shape[1]!;
    const args = [mean, variance, x, shape[0]!, c, innerOf(shape)] as const;
    engine.call("batchNormStatistics", x.dtype, args, c, sizeOfShape(shape) * NORM_COST);
  },

  batchNorm(engine, { y, x, mean, invstd, weight, bias }) {
    const { shape } = x;
    const c = shape[1]!;
    const args = [y, x, mean, invstd, weight, bias, c, innerOf(shape)] as const;
    engine.call("batchNorm", x.dtype, args, shape[0]! * c, sizeOfShape(shape) * NORM_COST);
  },

  batchNormGradient(engine, { gx, gweight, gbias, gy, x, mean, invstd, weight, training }) {
    const { shape } = x;
    const c = shape[1]!;
    const flag = training ? 1 : 0;
    const args = [gx, gweight, gbias, gy, x, mean, invstd, weight, flag, shape[0]!, c, innerOf(shape)] as const;
    engine.call("batchNormBackward", x.dtype, args, c, sizeOfShape(shape) * GRADIENT_COST);
  },

  layerNorm(engine, { y, mean, invstd, x, weight, bias, n, eps }) {
    const size = sizeOfShape(x.shape);
    const args = [y, mean, invstd, x, weight, bias, n, eps] as const;
    engine.call("layerNorm", x.dtype, args, n === 0 ? 0 : size / n, size * NORM_COST);
  },

  layerNormGradient(engine, { gx, gweight, gbias, gy, x, mean, invstd, weight, n }) {
    const size = sizeOfShape(x.shape);
    const rows = n === 0 ? 0 : size / n;
    const cost = size * GRADIENT_COST;
    if (gx !== undefined) engine.call("layerNormBackward", x.dtype, [gx, gy, x, mean, invstd, weight, n], rows, cost);
    if (gweight !== undefined || gbias !== undefined)
      engine.callColumns(
        "layerNormParametersBackward",
        x.dtype,
        [gweight, gbias, gy, x, mean, invstd, rows, n],
        n,
        cost,
      );
  },
} satisfies OpTable<Engine>;
