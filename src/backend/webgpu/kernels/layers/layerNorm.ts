/** Normalization of rows, [rows, n]: one dispatch where rows are many or short, else sums in pieces first. */
import { sizeOfShape } from "../../../../core/shape";
import type { Operand, Optional } from "../../../operand";
import type { LayerNorm, LayerNormGradient } from "../../../ops";
import type { Gpu } from "../../gpu";
import { type Program, WORKGROUP } from "../../wgsl/program";
import { eachElement } from "../each";
import { addParts, temporary } from "../products/splits";
import { runRows } from "../rows";
import { momentTerms, piecesOf, sumSegments } from "./segments";

const plus = (a: string, b: string): string => `${a} + ${b}`;
const rowsOf = (x: Operand, n: number): number => (n === 0 ? 0 : sizeOfShape(x.shape) / n);

/** Expressions for the weight and the bias of element `i` of a row. */
function affine(program: Program, weight: Optional, bias: Optional) {
  const [w, b] = [weight && program.read(weight), bias && program.read(bias)];
  return {
    key: `${w !== undefined} ${b !== undefined}`,
    times: (i: string): string => (w ? ` * ${w.loadAt(`${i}`)}` : ""),
    plus: (i: string): string => (b ? ` + ${b.loadAt(`${i}`)}` : ""),
  };
}

/** Runs the normalization. */
export function layerNorm(gpu: Gpu, work: LayerNorm): void {
  const rows = rowsOf(work.x, work.n);
  if (piecesOf(rows, work.n) > 1) normalizeLongRows(gpu, work, rows);
  else normalizeRows(gpu, work, rows);
}

function normalizeRows(gpu: Gpu, { y, mean, invstd, x, weight, bias, n, eps }: LayerNorm, rows: number): void {
  const program = gpu.begin();
  const [target, source] = [program.scatter(y), program.read(x)];
  const [center, scale] = [program.scatter(mean), program.scatter(invstd)];
  const own = affine(program, weight, bias);
  const [count, least] = [program.float(n), program.float(eps)];
  runRows(gpu, program, `layerNorm ${own.key}`, { rows, n, inner: 1 }, (row) => {
    const value = source.load(row.at(source));
    return {
      body: `var sum = 0.0;
${row.each(`sum += ${value};`)}
${row.join("total", "sum", "f32", plus)}
let m = total / ${count};
var squares = 0.0;
${row.each(`let d = ${value} - m;\nsquares += d * d;`)}
${row.join("deviation", "squares", "f32", plus)}
let s = 1.0 / sqrtSafe(deviation / ${count} + ${least});
${row.each(target.store(row.at(target), `(${value} - m) * s${own.times("i")}${own.plus("i")}`))}
${row.once(`${center.storeAt("row", "m")}\n${scale.storeAt("row", "s")}`)}`,
    };
  });
}

function normalizeLongRows(gpu: Gpu, work: LayerNorm, rows: number): void {
  const { y, mean, invstd, x, weight, bias, n, eps } = work;
  for (const isMean of [true, false])
    sumSegments(gpu, {
      name: `layerNorm ${isMean}`,
      outer: 1,
      segments: rows,
      inner: n,
      sums: 1,
      terms: (program) => momentTerms(program, x, isMean ? undefined : mean),
      finish: (program) => {
        const target = program.scatter(isMean ? mean : invstd);
        const [count, least] = [program.float(n), program.float(eps)];
        const result = (sum: string): string =>
          isMean ? `${sum} / ${count}` : `1.0 / sqrtSafe(${sum} / ${count} + ${least})`;
        return { put: (segment, [sum]) => target.storeAt(`${segment}`, result(sum!)) };
      },
    });
  const program = gpu.begin();
  const [target, source, center, scale] = [program.write(y), program.read(x), program.read(mean), program.read(invstd)];
  const own = affine(program, weight, bias);
  const size = program.uint(n);
  eachElement(gpu, program, `layerNormLong ${own.key}`, y, target, () => ({
    body: `let row = i / ${size};
let k = i % ${size};
value = (${source.loadAt("i")} - ${center.loadAt("row")}) * ${scale.loadAt("row")}${own.times("k")}${own.plus("k")};`,
  }));
}

/** Runs the gradients. */
export function layerNormGradient(gpu: Gpu, work: LayerNormGradient): void {
  const rows = rowsOf(work.x, work.n);
  const { gx, gweight, gbias } = work;
  if (gx !== undefined) {
    if (piecesOf(rows, work.n) > 1) longRowGradients(gpu, { ...work, gx }, rows);
    else rowGradients(gpu, { ...work, gx }, rows);
  }
  if (gweight !== undefined) columnSums(gpu, work, gweight, rows, true);
  if (gbias !== undefined) columnSums(gpu, work, gbias, rows, false);
}

type WithInput = LayerNormGradient & { readonly gx: Operand };

/** gx = invstd · (h − mean(h) − x̂ · mean(h · x̂)) with h = gy · weight. */
function rowGradients(gpu: Gpu, { gx, gy, x, mean, invstd, weight, n }: WithInput, rows: number): void {
  const program = gpu.begin();
  const [target, g, source] = [program.scatter(gx), program.read(gy), program.read(x)];
  const [center, scale] = [program.read(mean), program.read(invstd)];
  const own = affine(program, weight, undefined);
  const count = program.float(n);
  runRows(gpu, program, `layerNormGradient ${own.key}`, { rows, n, inner: 1 }, (row) => {
    const h = `${g.load(row.at(g))}${own.times("i")}`;
    const hat = `(${source.load(row.at(source))} - m) * s`;
    return {
      body: `let m = ${center.loadAt("row")};
let s = ${scale.loadAt("row")};
var sum = vec2f();
${row.each(`let h = ${h};\nsum += vec2f(h, h * ${hat});`)}
${row.join("total", "sum", "vec2f", plus)}
let means = total / ${count};
${row.each(target.store(row.at(target), `s * (${h} - means.x - ${hat} * means.y)`))}`,
    };
  });
}

function longRowGradients(gpu: Gpu, work: WithInput, rows: number): void {
  const { gx, gy, x, mean, invstd, weight, n } = work;
  const sums = temporary("float32", [rows, 2]);
  sumSegments(gpu, {
    name: `layerNormGradient ${weight !== undefined}`,
    outer: 1,
    segments: rows,
    inner: n,
    sums: 2,
    terms: (program) => {
      const [g, source, center, scale] = [program.read(gy), program.read(x), program.read(mean), program.read(invstd)];
      const own = affine(program, weight, undefined);
      const h = (at: string): string => `${g.loadAt(`${at}`)}${own.times("i")}`;
      return {
        before: `let m = ${center.loadAt("segment")};\nlet s = ${scale.loadAt("segment")};`,
        terms: (at) => [h(at), `${h(at)} * (${source.loadAt(`${at}`)} - m) * s`],
      };
    },
    finish: (program) => {
      const target = program.write(sums);
      const at = (segment: string, k: number): string => `${target.offset} + 2u * ${segment} + ${k}u`;
      return { put: (segment, found) => found.map((sum, k) => target.store(at(segment, k), sum)).join("\n") };
    },
  });
  const program = gpu.begin();
  const [target, g, source] = [program.write(gx), program.read(gy), program.read(x)];
  const [center, scale, all] = [program.read(mean), program.read(invstd), program.read(sums)];
  const own = affine(program, weight, undefined);
  const [size, count] = [program.uint(n), program.float(n)];
  eachElement(gpu, program, `layerNormGradientLong ${own.key}`, gx, target, () => ({
    body: `let row = i / ${size};
let k = i % ${size};
let s = ${scale.loadAt("row")};
let hat = (${source.loadAt("i")} - ${center.loadAt("row")}) * s;
value = s * (${g.loadAt("i")}${own.times("k")} - ${all.loadAt(`2u * row`)} / ${count} - hat * ${all.loadAt(`2u * row + 1u`)} / ${count});`,
  }));
  gpu.release(sums.storage.block);
}

/** Rows whose terms one invocation adds, at least, and how many parts rows are cut into at most. */
const LEAST_ROWS = 32;
const MOST_PARTS = 64;

/** The gradient of the weight, Σ gy · x̂ over rows, or of the bias, Σ gy: an invocation for each column and part of the rows. */
function columnSums(
  gpu: Gpu,
  { gy, x, mean, invstd, n }: LayerNormGradient,
  to: Operand,
  rows: number,
  isWeight: boolean,
): void {
  const wanted = Math.max(1, Math.min(MOST_PARTS, Math.floor(rows / LEAST_ROWS)));
  const each = Math.max(1, Math.ceil(rows / wanted));
  const count = Math.max(1, Math.ceil(rows / each));
  const parts = count > 1 ? temporary(to.dtype, [count, n]) : undefined;
  const program = gpu.begin();
  const [target, g] = [program.scatter(parts ?? to), program.read(gy)];
  const hat = isWeight
    ? { source: program.read(x), center: program.read(mean), scale: program.read(invstd) }
    : undefined;
  const [size, all, run] = [program.uint(n), program.uint(rows), program.uint(each)];
  const across = Math.ceil(n / WORKGROUP);
  const [columns, groups] = [program.uint(across), program.uint(across * count)];
  if (n === 0) return;
  gpu.dispatch(`layerNormColumns ${isWeight}`, across * count, () => ({
    body: `let number = group.y * groups.x + group.x;
let k = (number % ${columns}) * ${WORKGROUP}u + local;
if (number >= ${groups} || k >= ${size}) { return; }
let part = number / ${columns};
var sum = 0.0;
for (var row = part * ${run}; row < min((part + 1u) * ${run}, ${all}); row++) {
  sum += ${g.loadAt(`row * ${size} + k`)}${
    hat
      ? ` * (${hat.source.loadAt(`row * ${size} + k`)} - ${hat.center.loadAt("row")}) * ${hat.scale.loadAt("row")}`
      : ""
  };
}
${target.storeAt(`part * ${size} + k`, "sum")}`,
  }));
  if (parts === undefined) return;
  addParts(gpu, to, parts, {});
  gpu.release(parts.storage.block);
}
