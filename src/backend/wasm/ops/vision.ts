/** Boxes, regions and pictures. */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { Deformation, RegionBins } from "../../ops";
import type { Engine } from "../engine";
import { recordsOf } from "./taps";

/** Nanoseconds per pair of boxes, maximum, weight of a region, sample, byte, float. */
const PAIR_COST = 0.5;
const MAXIMUM_COST = 10;
const PLANE_COST = 0.1;
const SAMPLE_COST = 4;
const RESAMPLE_COST = 0.5;
const FRACTION_COST = 0.5;
const MIRROR_COST = 0.1;
const NORMALIZE_COST = 0.3;

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The sizes that the kernels of deformable convolutions read. */
const deformWords = (d: Deformation): number[] => [
  ...d.input,
  ...d.kernel,
  ...d.output,
  ...d.stride,
  ...d.padding,
  ...d.dilation,
  d.offsetGroups,
];

/** The range of the kernels that go over groups and taps. */
const deformRange = ({ images, kernel, offsetGroups }: Deformation): number => images * offsetGroups * product(kernel);

const deformCost = ({ input, images, kernel, output }: Deformation): number =>
  images * input[0]! * product(kernel) * product(output) * SAMPLE_COST;

/** The sizes that the kernels of regions read: those of the input, then those of a region's result. */
const roiWords = (x: Operand, y: Operand): number[] => [...x.shape.slice(1), ...y.shape.slice(2)];

const tablesOf = ({ rows, rowWeights, columns, columnWeights, counts }: RegionBins) =>
  [rows, rowWeights, columns, columnWeights, counts] as const;

/** What the means of regions cost, or their gradient, for an input x and a result y. */
function roiCost({ rowWeights, columnWeights }: RegionBins, x: Operand, y: Operand): number {
  const [regions, channels] = y.shape as readonly [number, number];
  const perRegion = sizeOfShape(columnWeights.shape) / Math.max(1, regions);
  const weights = sizeOfShape(rowWeights.shape) * Math.max(1, perRegion);
  return weights * channels + sizeOfShape(x.shape) * PLANE_COST;
}

const planesOf = ({ shape }: Operand): number => shape[0]! * shape[1]!;

export const visions = {
  nms(engine, { mask, boxes, order, starts, threshold }) {
    const n = order.shape[0]!;
    const groups = starts.length - 1;
    const work = engine.temporary(boxes.dtype, 5 * n);
    const args = [mask, boxes, order, work, starts, n, threshold] as const;
    engine.call("nms", boxes.dtype, args, groups, (n * n * PAIR_COST) / groups);
    engine.drop(work);
  },

  roiMean(engine, { y, x, bins, channels }) {
    const args = [y, x, bins.batch, ...tablesOf(bins), roiWords(x, y)] as const;
    const cost = roiCost(bins, x, y);
    if (channels === "shared") engine.call("roiMean", x.dtype, args, planesOf(y), cost, true);
    else engine.call("roiOwnMean", x.dtype, args, planesOf(y), cost);
  },

  roiMeanGradient(engine, { gx, gy, bins, channels }) {
    const args = [gx, gy, bins.order, bins.starts, ...tablesOf(bins), roiWords(gx, gy)] as const;
    const cost = roiCost(bins, gx, gy);
    if (channels === "shared") engine.call("roiMeanBackward", gx.dtype, args, planesOf(gx), cost, true);
    else engine.call("roiOwnMeanBackward", gx.dtype, args, planesOf(gx), cost);
  },

  roiMax(engine, { y, indices, x, bins }) {
    const args = [y, indices, x, bins.batch, bins.rows, bins.columns, roiWords(x, y)] as const;
    engine.call("roiMax", x.dtype, args, planesOf(y), sizeOfShape(y.shape) * MAXIMUM_COST);
  },

  deformColumns(engine, { y, x, offset, mask, deformation: d }) {
    const args = [y, x, offset, mask, deformWords(d)] as const;
    engine.call("deformColumns", x.dtype, args, deformRange(d), deformCost(d), true);
  },

  deformInputGradient(engine, { gx, gy, offset, mask, deformation: d }) {
    const { images, input, offsetGroups } = d;
    const range = engine.ask("deformTasks", [images * offsetGroups, input[0]! / offsetGroups]);
    engine.call("deformInputGradient", gx.dtype, [gx, gy, offset, mask, deformWords(d)], range, deformCost(d), true);
  },

  deformOffsetGradient(engine, { gOffset, gMask, gy, x, offset, mask, deformation: d }) {
    const args = [gOffset, gMask, gy, x, offset, mask, deformWords(d)] as const;
    engine.call("deformOffsetGradient", gy.dtype, args, deformRange(d), deformCost(d), true);
  },

  resample(engine, { axis, y, x, height, width, bands, taps }) {
    const { list, words, length } = recordsOf(engine, taps);
    if (axis === "rows") {
      const cost = height * length * taps.width * RESAMPLE_COST;
      engine.call("resampleRows", undefined, [y, x, list, words, width, length, bands], height, cost);
    } else {
      const samples = width * bands;
      const cost = (length * samples * taps.width * RESAMPLE_COST) / 4;
      engine.call("resampleColumns", undefined, [y, x, list, words, samples], length, cost);
    }
    engine.drop(list);
  },

  unitPlanes(engine, { y, x, pixels, bands }) {
    engine.call("unitPlanes", undefined, [y, x, pixels, bands], pixels, pixels * bands * FRACTION_COST);
  },

  mirrorRows(engine, { y, x, height, width, bands }) {
    engine.call("mirrorRows", undefined, [y, x, width, bands], height, height * width * bands * MIRROR_COST);
  },

  normalizePlanes(engine, { y, x, mean, std, plane }) {
    const range = sizeOfShape(x.shape);
    const args = [y, x, mean, std, plane, sizeOfShape(mean.shape)] as const;
    engine.call("normalizePlanes", undefined, args, range, range * NORMALIZE_COST);
  },
} satisfies OpTable<Engine>;
