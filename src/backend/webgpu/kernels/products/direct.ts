/**
 * The text of products without workgroup memory: every thread reads what it needs of both factors itself. That pays where the "GPU" is a processor, whose
 * caches do what workgroup memory is for, and to which a barrier is a change of threads. Such a GPU computes the same in several threads at once and loads for
 * each of them by itself, so that vectors gain nothing, and the text of several steps at once no longer fits into the cache of instructions. Loads are what costs
 * most: rows that the threads of a subgroup have in common are loaded once, some by each. A loop stores the results, since drivers compile an epilogue anew
 * wherever it is called, which took minutes for a hundred results.
 */
import { type Scalar, zero } from "../../wgsl/elements";
import type { Source } from "../../wgsl/program";
import { type Factor, findTile, range, type Target, type TileWords } from "./tiled";
import { type Tiling, tileOf } from "./tilings";

/** Parts of the sums that follow each other, each a loop along k of its own. */
export interface Sections {
  readonly count: number;
  /** Statements that declare variables for the section `at`. */
  declare(at: string): string;
}

interface DirectOptions {
  readonly prelude?: string;
  readonly sections?: Sections | undefined;
  /** Threads whose values each of them can read, 0 if none: where they have rows in common, each loads some of those, for all of them. */
  readonly subgroup: number;
}

/** The text of a product, as of {@link tiledSource}. No step along k goes beyond its end. */
export function directSource(
  tiling: Tiling,
  type: Scalar,
  words: TileWords,
  left: Factor,
  right: Factor,
  target: Target,
  { prelude = "", sections, subgroup }: DirectOptions,
): Source {
  const { threads, each } = tiling;
  const [rows, columns] = each.map(range) as [number[], number[]];
  const cells = rows.flatMap((i) => columns.map((j) => [i, j] as const));
  const sharesRows = subgroup > 0 && threads[1] % subgroup === 0 && each[0] % subgroup === 0;
  const loaded = sharesRows ? range(each[0] / subgroup) : rows;
  // Both factors may want to know the same of a step along k.
  const isSameDepth = left.depth("k0", "k") === right.depth("k0", "k");
  const [leftDepth, rightDepth] = isSameDepth ? ["k0", "k0"] : ["lk", "rk"];
  const lines = (texts: readonly string[]): string => texts.join("\n");
  const rowOf = (i: number): string => (sharesRows ? `${i * subgroup}u + lane` : `${i}u`);
  const value = (i: number): string =>
    sharesRows ? `subgroupBroadcast(v${Math.floor(i / subgroup)}, ${i % subgroup}u)` : `v${i}`;
  const body = `${findTile(words, tileOf(tiling), prelude)}
let row1 = row0 + (local / ${threads[1]}u) * ${each[0]}u;
let column1 = column0 + (local % ${threads[1]}u) * ${each[1]}u;
if (row1 >= ${words.m} || column1${sharesRows ? ` - lane * ${each[1]}u` : ""} >= ${words.n}) { return; }
${lines(loaded.map((i) => left.outer(`lo${i}_`, `(row1 + ${rowOf(i)})`)))}
${lines(columns.map((j) => right.outer(`ro${j}_`, `(column1 + ${j}u)`)))}
${lines(cells.map(([i, j]) => `var c${i}_${j} = ${zero(type)};`))}
${sections ? `for (var section = 0u; section < ${sections.count}u; section++) {\n${sections.declare("section")}` : ""}
${lines(loaded.map((i) => left.section?.(`lo${i}_`) ?? ""))}
${lines(columns.map((j) => right.section?.(`ro${j}_`) ?? ""))}
for (var k = split * ${words.chunk}; k < kEnd; k++) {
${left.depth(leftDepth, "k")}
${isSameDepth ? "" : right.depth(rightDepth, "k")}
${lines(loaded.map((i) => `let v${i} = ${left.value(`lo${i}_`, leftDepth)};`))}
${lines(rows.map((i) => `let l${i} = ${value(i)};`))}
${lines(columns.map((j) => `let r${j} = ${right.value(`ro${j}_`, rightDepth)};`))}
${lines(cells.map(([i, j]) => `c${i}_${j} += l${i} * r${j};`))}
}${sections ? "\n}" : ""}
var sums = array<${type}, ${cells.length}>(${cells.map(([i, j]) => `c${i}_${j}`)});
for (var i = 0u; i < ${rows.length}u; i++) {
let m = row1 + i;
if (m >= ${words.m}) { break; }
${target.row("h", "m")}
for (var j = 0u; j < ${columns.length}u; j++) {
let n = column1 + j;
if (n >= ${words.n}) { break; }
${target.column("w", "n")}
${target.put("h", "w", `sums[i * ${columns.length}u + j]`)}
}
}`;
  return { body, workgroup: threads[0] * threads[1] };
}
