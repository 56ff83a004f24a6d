/**
 * Sums over segments: elements are seen as [outer, segments, inner], and each segment is summed over the two other axes, as batch normalization wants
 * it. A workgroup adds up a piece of a segment; where there are several, their sums are added at last.
 */
import type { Operand } from "../../../operand";
import type { Gpu } from "../../gpu";
import { type Program, WORKGROUP } from "../../wgsl/program";
import { temporary } from "../products/splits";

/** Elements of a piece, at least. */
const PIECE = 2048;
/** Workgroups that keep a GPU busy. */
const ENOUGH = 256;

/** How segments are summed. */
export interface SegmentSums {
  readonly name: string;
  readonly outer: number;
  readonly segments: number;
  readonly inner: number;
  /** How many sums there are. */
  readonly sums: number;
  /**
   * Adds the operands that are read. `before` are statements that see the number of the segment as `segment`, `terms` the terms of the sums for the
   * element at a position.
   */
  terms(program: Program): { readonly before?: string; terms(at: string): readonly string[] };
  /** Adds the operands that are written. `put` gives statements that store the sums of a segment. */
  finish(program: Program): { put(segment: string, sums: readonly string[]): string };
}

type Terms = ReturnType<SegmentSums["terms"]>;

/** The elements of x, of which the sum is wanted for a mean; or, for a variance, the squares of their distances from the means of the segments. */
export function momentTerms(program: Program, x: Operand, mean: Operand | undefined): Terms {
  const source = program.read(x);
  const value = (at: string): string => source.loadAt(`${at}`);
  if (mean === undefined) return { terms: (at) => [value(at)] };
  const center = program.read(mean);
  return {
    before: `let center = ${center.loadAt("segment")};`,
    terms: (at) => [`(${value(at)} - center) * (${value(at)} - center)`],
  };
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Into how many pieces segments of `n` elements are cut. */
export const piecesOf = (segments: number, n: number): number =>
  Math.max(1, Math.min(Math.floor(n / PIECE), Math.ceil(ENOUGH / Math.max(1, segments))));

/** Runs the sums. */
export function sumSegments(gpu: Gpu, work: SegmentSums): void {
  const { name, outer, segments, inner, sums } = work;
  if (segments === 0) return;
  const n = outer * inner;
  const pieces = piecesOf(segments, n);
  const partial = pieces > 1 ? temporary("float32", [segments, pieces, sums]) : undefined;
  const program = gpu.begin();
  const parts = partial && program.write(partial);
  const end = parts === undefined ? work.finish(program) : undefined;
  const { before = "", terms } = work.terms(program);
  const words = { n: program.uint(n), inner: program.uint(inner), segments: program.uint(segments) };
  const [piece, count] = [program.uint(Math.ceil(n / pieces)), program.uint(pieces)];
  gpu.dispatch(`${name} pieces ${pieces > 1}`, segments * pieces, () => ({
    declarations: `var<workgroup> shared_sums: array<f32, ${WORKGROUP * sums}>;`,
    body: `let number = group.y * groups.x + group.x;
if (number >= ${words.segments} * ${count}) { return; }
let segment = number / ${count};
let begin = (number % ${count}) * ${piece};
let end = min(begin + ${piece}, ${words.n});
${before}
${range(sums)
  .map((s) => `var sum${s} = 0.0;`)
  .join("\n")}
for (var i = begin + local; i < end; i += ${WORKGROUP}u) {
  let at = ((i / ${words.inner}) * ${words.segments} + segment) * ${words.inner} + i % ${words.inner};
  ${terms("at")
    .map((term, s) => `sum${s} += ${term};`)
    .join("\n  ")}
}
${addUp(sums)}
if (local == 0u) {
${
  end?.put(
    "segment",
    range(sums).map((s) => `shared_sums[${s}]`),
  ) ??
  range(sums)
    .map((s) => parts!.store(`${parts!.offset} + number * ${sums}u + ${s}u`, `shared_sums[${s}]`))
    .join("\n")
}
}`,
  }));
  if (partial === undefined) return;
  joinPieces(gpu, work, partial, pieces);
  gpu.release(partial.storage.block);
}

/** Statements that leave the sums of all threads in the first places. */
const addUp = (sums: number): string => `${range(sums)
  .map((s) => `shared_sums[local * ${sums}u + ${s}u] = sum${s};`)
  .join("\n")}
workgroupBarrier();
for (var half = ${WORKGROUP / 2}u; half > 0u; half = half >> 1u) {
  if (local < half) {
    ${range(sums)
      .map((s) => `shared_sums[local * ${sums}u + ${s}u] += shared_sums[(local + half) * ${sums}u + ${s}u];`)
      .join("\n    ")}
  }
  workgroupBarrier();
}`;

/** Adds the sums of pieces, one invocation for each segment. */
function joinPieces(
  gpu: Gpu,
  { name, segments, sums, finish }: SegmentSums,
  partial: ReturnType<typeof temporary>,
  pieces: number,
): void {
  const program = gpu.begin();
  const parts = program.read(partial);
  const end = finish(program);
  const [count, each] = [program.uint(segments), program.uint(pieces)];
  gpu.dispatchEach(`${name} join`, segments, () => ({
    body: `let segment = index;
if (segment >= ${count}) { return; }
${range(sums)
  .map((s) => `var sum${s} = 0.0;`)
  .join("\n")}
for (var p = 0u; p < ${each}; p++) {
  ${range(sums)
    .map((s) => `sum${s} += ${parts.loadAt(`(segment * ${each} + p) * ${sums}u + ${s}u`)};`)
    .join("\n  ")}
}
${end.put(
  "segment",
  range(sums).map((s) => `sum${s}`),
)}`,
  }));
}
