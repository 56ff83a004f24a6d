/** Weighted means over the bins of regions. They are linear in the input, so that the gradient of their gradient is the mean again. */

import { record } from "../../autograd/node";
import type { RegionChannels } from "../../backend/ops";
import { ValueError } from "../../core/errors";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import type { Regions, Tables } from "./regions";
import "../kernels";

interface Mean {
  /** The name of the node. */
  readonly name: string;
  readonly channels: RegionChannels;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
}

/** Bytes of a row of the input at most: devices keep the sums of one at hand. */
const MOST_BYTES = 4 << 20;

function forward(x: Tensor, mean: Mean, bins: Tables): Tensor {
  const { name, channels, outputShape } = mean;
  const y = allocate(outputShape, x.dtype, x);
  if (y.numel() > 0) x.storage.backend.run("roiMean", { y, x: x.contiguous(), bins, channels });
  return record(name, y, [x], Object.values(bins), [(g) => backward(g, mean, bins)]);
}

function backward(g: Tensor, mean: Mean, bins: Tables): Tensor {
  const { name, channels, inputShape } = mean;
  const gx = allocate(inputShape, g.dtype, g);
  if (gx.numel() > 0) g.storage.backend.run("roiMeanGradient", { gx, gy: g.contiguous(), bins, channels });
  return record(`${name}Backward`, gx, [g], Object.values(bins), [(h) => forward(h, mean, bins)]);
}

/** The means of regions. @param name The name of the node. */
export function meansOf(op: string, name: string, channels: RegionChannels, regions: Regions, tables: Tables): Tensor {
  const { input, count, pooled } = regions;
  const [, depth, , width] = input.shape as unknown as [number, number, number, number];
  if (width * input.elementSize() > MOST_BYTES)
    throw new ValueError(`${op}: takes inputs of at most ${MOST_BYTES / input.elementSize()} columns, got ${width}`);
  const outputShape = [count, channels === "shared" ? depth : depth / (pooled[0] * pooled[1]), ...pooled];
  const mean = { name, channels, inputShape: input.shape, outputShape };
  return forward(input, mean, tables);
}
