/** Weighted means over the bins of regions. They are linear in the input, so that the gradient of their gradient is the mean again. */

import { record } from "../../autograd/node";
import { ValueError } from "../../core/errors";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { geometryOf, type Regions, type Tables } from "./regions";

/** Whether all bins of a channel look at one channel of the input, or each at its own. */
type Kernel = "roiMean" | "roiOwnMean";

const backwardKernels = { roiMean: "roiMeanBackward", roiOwnMean: "roiOwnMeanBackward" } as const;

interface Mean {
  /** The name of the node. */
  readonly name: string;
  readonly kernel: Kernel;
  readonly geometry: readonly number[];
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** About how many nanoseconds the kernel takes. */
  readonly cost: number;
}

const tensorsOf = ({ rows, rowWeights, columns, columnWeights, counts }: Tables): Tensor[] => [
  rows,
  rowWeights,
  columns,
  columnWeights,
  counts,
];

/** Bytes of the scratch memory of a thread: the sums of rows must fit in there. */
const SCRATCH = 4 << 20;

function forward(x: Tensor, mean: Mean, tables: Tables): Tensor {
  const { name, kernel, geometry, outputShape, cost } = mean;
  const y = allocate(outputShape, x.dtype, x);
  const work = { range: outputShape[0]! * outputShape[1]!, cost, scratch: kernel === "roiMean" };
  if (y.numel() > 0) {
    const args = [y, x.contiguous(), tables.batch, ...tensorsOf(tables), geometry];
    x.storage.backend.call(kernel, x.dtype, args, work);
  }
  return record(name, y, [x], Object.values(tables), [(g) => backward(g, mean, tables)]);
}

function backward(g: Tensor, mean: Mean, tables: Tables): Tensor {
  const { name, kernel, geometry, inputShape, cost } = mean;
  const gx = allocate(inputShape, g.dtype, g);
  const work = { range: inputShape[0]! * inputShape[1]!, cost, scratch: kernel === "roiMean" };
  if (gx.numel() > 0) {
    const args = [gx, g.contiguous(), tables.order, tables.starts, ...tensorsOf(tables), geometry];
    g.storage.backend.call(backwardKernels[kernel], g.dtype, args, work);
  }
  return record(`${name}Backward`, gx, [g], Object.values(tables), [(h) => forward(h, mean, tables)]);
}

/** The means of regions. @param name The name of the node. */
export function meansOf(op: string, name: string, kernel: Kernel, regions: Regions, tables: Tables): Tensor {
  const { input, count, pooled } = regions;
  const [, channels, , width] = input.shape as unknown as [number, number, number, number];
  if (width * input.elementSize() > SCRATCH)
    throw new ValueError(`${op}: takes inputs of at most ${SCRATCH / input.elementSize()} columns, got ${width}`);
  const outChannels = kernel === "roiMean" ? channels : channels / (pooled[0] * pooled[1]);
  const outputShape = [count, outChannels, ...pooled];
  const weights = tables.rowWeights.numel() * Math.max(1, tables.columnWeights.numel() / Math.max(1, count));
  const mean = {
    name,
    kernel,
    geometry: geometryOf(regions),
    inputShape: input.shape,
    outputShape,
    cost: weights * outChannels + input.numel() * 0.1,
  };
  return forward(input, mean, tables);
}
