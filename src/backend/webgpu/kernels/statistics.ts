/** Extrema with their positions, squared deviations, and histograms. */
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { Extremum, Histogram, SquaredDeviation } from "../../ops";
import { GpuBlock } from "../buffers";
import type { Gpu } from "../gpu";
import { scalarOf } from "../wgsl/elements";
import { WORKGROUP } from "../wgsl/program";
import { copy, fill } from "./elementwise";
import { helpers, position } from "./reduce";
import { runRows } from "./rows";

/** Finds the largest or smallest element of each row and where it is. */
export function extremum(gpu: Gpu, { kind, values, indices, x, n, inner }: Extremum): void {
  const program = gpu.begin();
  const [best, places] = [program.scatter(values), program.write(indices)];
  const source = program.read(x);
  const type = scalarOf(x.dtype)!;
  runRows(gpu, program, `extremum ${kind}`, { rows: sizeOfShape(values.shape), n, inner }, (row) => ({
    declarations: helpers(kind === "max" ? "argmax" : "argmin", type),
    body: `var s: Found = ${position.begin(type)};
${row.each(`let v = ${source.load(row.at(source))};\ns = ${position.step("s", "v", type)};`)}
${row.join("all", "s", "Found", (a, b) => position.merge(a, b, type))}
${row.once(`${best.storeAt("row", "all.value")}\n${places.storeAt("row", "all.at")}`)}`,
  }));
}

/** Elements of a piece of a row. */
const PIECE = 4096;

/** Joins means and squared deviations of parts, after Chan, Golub and LeVeque. */
const MOMENTS = `struct Moments { count: f32, mean: f32, squares: f32 }
fn joinMoments(a: Moments, b: Moments) -> Moments {
  if (a.count == 0.0) { return b; }
  if (b.count == 0.0) { return a; }
  let count = a.count + b.count;
  let apart = b.mean - a.mean;
  return Moments(count, a.mean * (a.count / count) + b.mean * (b.count / count), a.squares + b.squares + apart * apart * (a.count * b.count / count));
}
var<workgroup> parts: array<Moments, ${WORKGROUP}>;
var<workgroup> sums: array<f32, ${WORKGROUP}>;`;

/** Statements that leave the sum of `value` over the workgroup in `sums[0]`. */
const total = (value: string): string => `sums[local] = ${value};
workgroupBarrier();
for (var half = ${WORKGROUP / 2}u; half > 0u; half = half >> 1u) {
  if (local < half) { sums[local] += sums[local + half]; }
  workgroupBarrier();
}`;

/** Means and squared deviations: those of pieces of each row first, about the mean of the piece, which are then joined. */
export function squaredDeviation(gpu: Gpu, { sum, mean, x, n, inner }: SquaredDeviation): void {
  const rows = sizeOfShape(sum.shape);
  if (rows === 0) return;
  const pieces = Math.max(1, Math.ceil(n / PIECE));
  const block = new GpuBlock(8 * rows * pieces);
  const moments: Operand = {
    storage: { block },
    offset: 0,
    shape: [2 * rows * pieces],
    strides: [1],
    dtype: "float32",
  };
  momentsOfPieces(gpu, moments, x, rows, pieces, n, inner);
  const program = gpu.begin();
  const [squares, means] = [program.scatter(sum), program.scatter(mean)];
  const source = program.read(moments);
  const words = program.uints(rows, pieces, n);
  gpu.dispatch("squaredDeviation join", rows, () => ({
    declarations: MOMENTS,
    body: `let row = group.y * groups.x + group.x;
if (row >= ${words[0]}) { return; }
let pieces = ${words[1]};
let n = ${words[2]};
var s = Moments(0.0, 0.0, 0.0);
for (var i = local; i < pieces; i += ${WORKGROUP}u) {
  let at = ${source.offset} + (row * pieces + i) * 2u;
  let count = f32(min(${PIECE}u, n - i * ${PIECE}u));
  s = joinMoments(s, Moments(count, ${source.load("at")}, ${source.load("at + 1u")}));
}
parts[local] = s;
workgroupBarrier();
for (var half = ${WORKGROUP / 2}u; half > 0u; half = half >> 1u) {
  if (local < half) { parts[local] = joinMoments(parts[local], parts[local + half]); }
  workgroupBarrier();
}
if (local == 0u) {
  let all = parts[0];
  let isEmpty = n == 0u;
  ${squares.storeAt("row", "all.squares")}
  ${means.storeAt("row", "select(all.mean, nan(), isEmpty)")}
}`,
  }));
  gpu.release(block);
}

function momentsOfPieces(
  gpu: Gpu,
  moments: Operand,
  x: Operand,
  rows: number,
  pieces: number,
  n: number,
  inner: number,
): void {
  const program = gpu.begin();
  const [target, source] = [program.write(moments), program.read(x)];
  const words = program.uints(rows * pieces, pieces, n, inner);
  const each = (statements: string): string => `for (var i = first + local; i < end; i += ${WORKGROUP}u) {
  let v = ${source.loadAt(`(row / inner) * n * inner + row % inner + i * inner`)};
  ${statements}
}`;
  gpu.dispatch("squaredDeviation pieces", rows * pieces, () => ({
    declarations: `var<workgroup> sums: array<f32, ${WORKGROUP}>;`,
    body: `let id = group.y * groups.x + group.x;
if (id >= ${words[0]}) { return; }
let n = ${words[2]};
let inner = ${words[3]};
let row = id / ${words[1]};
let first = id % ${words[1]} * ${PIECE}u;
let end = min(n, first + ${PIECE}u);
var s = 0.0;
${each("s += v;")}
${total("s")}
let mean = sums[0] / f32(end - first);
workgroupBarrier();
s = 0.0;
${each("s += (v - mean) * (v - mean);")}
${total("s")}
if (local == 0u) {
  ${target.storeAt(`id * 2u`, "mean")}
  ${target.storeAt(`id * 2u + 1u`, "sums[0]")}
}`,
  }));
}

/** Counts elements in bins by atomic additions of whole numbers, whose order does not show. */
export function histogram(gpu: Gpu, { y, x, low, high }: Histogram): void {
  const bins = sizeOfShape(y.shape);
  const n = sizeOfShape(x.shape);
  if (bins === 0) return;
  const block = new GpuBlock(4 * bins);
  const counts: Operand = { storage: { block }, offset: 0, shape: [bins], strides: [1], dtype: "int32" };
  fill(gpu, counts, 0);
  if (n > 0) {
    const program = gpu.begin();
    const [target, source] = [program.atomic(counts), program.read(x)];
    const [count, most] = [program.uint(n), program.uint(bins)];
    const [from, to] = [program.float(low), program.float(high)];
    gpu.dispatchEach("histogram", n, () => ({
      body: `if (index >= ${count}) { return; }
let v = ${source.loadAt("index")};
if (isNan(v) || v < ${from} || v > ${to}) { return; }
let bin = min(u32((v - ${from}) / (${to} - ${from}) * f32(${most})), ${most} - 1u);
${target.atWord(`${target.offset} + bin`, (place) => `atomicAdd(&${place}, 1u);`)}`,
    }));
  }
  copy(gpu, y, counts);
  gpu.release(block);
}
