/** Means and maxima over the bins of regions. Gradients are gathered: each element of the input looks for the bins that saw it. */
import type { Operand } from "../../../operand";
import type { RegionBins, RegionChannels, RoiMax, RoiMean, RoiMeanGradient } from "../../../ops";
import type { Gpu } from "../../gpu";
import type { Program, View } from "../../wgsl/program";
import { eachElement } from "../each";

const word = (view: View, at: string): string => `u32(${view.loadAt(`${at}`)})`;

/** The tables of bins as a kernel reads them. */
function tablesOf(program: Program, bins: RegionBins) {
  return {
    rows: program.read(bins.rows),
    rowWeights: program.read(bins.rowWeights),
    columns: program.read(bins.columns),
    columnWeights: program.read(bins.columnWeights),
    counts: program.read(bins.counts),
  };
}

/** Uniforms for the sizes of an input and of a result. */
function sizesOf(program: Program, x: Operand, y: Operand) {
  const uint = (value: number): string => program.uint(value);
  const [, channels, height, width] = x.shape as readonly [number, number, number, number];
  const [, depth, down, across] = y.shape as readonly [number, number, number, number];
  return {
    channels: uint(channels),
    height: uint(height),
    width: uint(width),
    depth: uint(depth),
    down: uint(down),
    across: uint(across),
  };
}

type Sizes = ReturnType<typeof sizesOf>;

/** Statements that declare the bin (region, c, p, q) of the result's element `i`, and the bands of rows and columns that it looks at. */
const binOf = ({ depth, down, across }: Sizes, rows: View, columns: View): string => `let q = i % ${across};
let p = (i / ${across}) % ${down};
let c = (i / (${across} * ${down})) % ${depth};
let region = i / (${across} * ${down} * ${depth});
let row = 3u * (region * ${down} + p);
let column = 3u * (region * ${across} + q);
let top = ${word(rows, "row")};
let rowCount = ${word(rows, "row + 1u")};
let left = ${word(columns, "column")};
let columnCount = ${word(columns, "column + 1u")};`;

/** The channel of the input that bin (p, q) of channel c looks at. */
const channelOf = ({ down, across }: Sizes, channels: RegionChannels): string =>
  channels === "shared" ? "c" : `((c * ${down} + p) * ${across} + q)`;

/** Runs means. */
export function roiMean(gpu: Gpu, { y, x, bins, channels }: RoiMean): void {
  const program = gpu.begin();
  const [target, source, batch] = [program.write(y), program.read(x), program.read(bins.batch)];
  const { rows, rowWeights, columns, columnWeights, counts } = tablesOf(program, bins);
  const sizes = sizesOf(program, x, y);
  eachElement(gpu, program, `roiMean ${channels}`, y, target, () => ({
    body: `${binOf(sizes, rows, columns)}
let plane = ${source.offset} + (${word(batch, "region")} * ${sizes.channels} + ${channelOf(sizes, channels)}) * ${sizes.height} * ${sizes.width};
let rowWeight = ${word(rows, "row + 2u")};
let columnWeight = ${word(columns, "column + 2u")};
var sum = 0.0;
for (var h = 0u; h < rowCount; h++) {
  var line = 0.0;
  for (var w = 0u; w < columnCount; w++) {
    line += ${columnWeights.loadAt(`columnWeight + w`)} * ${source.load(`plane + (top + h) * ${sizes.width} + left + w`)};
  }
  sum += ${rowWeights.loadAt(`rowWeight + h`)} * line;
}
value = sum / ${counts.loadAt("region")};`,
  }));
}

/** Runs the gradient of means: an element goes through the regions of its image, and through the bins whose bands hold its row and column. */
export function roiMeanGradient(gpu: Gpu, { gx, gy, bins, channels }: RoiMeanGradient): void {
  const program = gpu.begin();
  const [target, gradient] = [program.write(gx), program.read(gy)];
  const { rows, rowWeights, columns, columnWeights, counts } = tablesOf(program, bins);
  // The list of the regions by image would be two more buffers, and adapters need not have more than eight.
  const batch = program.read(bins.batch);
  const regions = program.uint(gy.shape[0]!);
  const sizes = sizesOf(program, gx, gy);
  const { down, across, depth } = sizes;
  const own = channels === "own";
  const bin = own ? `if (p != (channel / ${across}) % ${down} || q != channel % ${across}) { continue; }` : "";
  const c = own ? `channel / (${down} * ${across})` : "channel";
  const weight = (view: View, table: View, band: string, at: string): string =>
    view.loadAt(`${word(table, `${band} + 2u`)} + ${at}`);
  eachElement(gpu, program, `roiMeanGradient ${channels}`, gx, target, () => ({
    body: `let w = i % ${sizes.width};
let h = (i / ${sizes.width}) % ${sizes.height};
let channel = (i / (${sizes.width} * ${sizes.height})) % ${sizes.channels};
let image = i / (${sizes.width} * ${sizes.height} * ${sizes.channels});
for (var region = 0u; region < ${regions}; region++) {
  if (${word(batch, "region")} != image) { continue; }
  var sum = 0.0;
  for (var p = 0u; p < ${down}; p++) {
    let row = 3u * (region * ${down} + p);
    let down = h - ${word(rows, "row")};
    if (down >= ${word(rows, "row + 1u")}) { continue; }
    var line = 0.0;
    for (var q = 0u; q < ${across}; q++) {
      ${bin}
      let column = 3u * (region * ${across} + q);
      let right = w - ${word(columns, "column")};
      if (right >= ${word(columns, "column + 1u")}) { continue; }
      line += ${gradient.loadAt(`((region * ${depth} + ${c}) * ${down} + p) * ${across} + q`)} * ${weight(columnWeights, columns, "column", "right")};
    }
    sum += line * ${weight(rowWeights, rows, "row", "down")};
  }
  value += sum / ${counts.loadAt("region")};
}`,
  }));
}

/** Runs maxima and their positions. */
export function roiMax(gpu: Gpu, work: RoiMax): void {
  largest(gpu, work, work.y, false);
  largest(gpu, work, work.indices, true);
}

/** Writes the maxima, or their positions among all elements of the input. */
function largest(gpu: Gpu, { x, y, bins }: RoiMax, to: Operand, isPosition: boolean): void {
  const program = gpu.begin();
  const [target, source, batch] = [program.write(to), program.read(x), program.read(bins.batch)];
  const [rows, columns] = [program.read(bins.rows), program.read(bins.columns)];
  const sizes = sizesOf(program, x, y);
  const least = program.float(-3.4028235e38);
  eachElement(gpu, program, `roiMax ${isPosition}`, to, target, () => ({
    body: `${binOf(sizes, rows, columns)}
let plane = (${word(batch, "region")} * ${sizes.channels} + c) * ${sizes.height} * ${sizes.width};
var best = ${least};
var found = -1i;
for (var h = top; h < top + rowCount; h++) {
  for (var w = left; w < left + columnCount; w++) {
    let at = plane + h * ${sizes.width} + w;
    let v = ${source.loadAt("at")};
    if (v > best) { best = v; found = i32(at); }
  }
}
${isPosition ? "value = found;" : "value = select(best, 0.0, rowCount == 0u || columnCount == 0u);"}`,
  }));
}
