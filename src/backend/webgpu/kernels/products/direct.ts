/**
 * The text of products without workgroup memory: every thread reads what it needs of both factors itself. That pays where the "GPU" is a processor, whose
 * caches do what workgroup memory is for, and to which a barrier is a change of threads. Such a GPU computes the same in several threads at once and loads for
 * each of them by itself, so that vectors gain nothing, and the text of several steps at once no longer fits into the cache of instructions.
 */
import { type Scalar, zero } from "../../wgsl/elements";
import type { Source } from "../../wgsl/program";
import { type Factor, findTile, finishTiles, range, type Target, type TileWords } from "./tiled";
import { type Tiling, tileOf } from "./tilings";

/** The text of a product, as of {@link tiledSource}. No step along k goes beyond its end. */
export function directSource(
  tiling: Tiling,
  type: Scalar,
  words: TileWords,
  left: Factor,
  right: Factor,
  target: Target,
  prelude = "",
): Source {
  const { threads, each } = tiling;
  const [rows, columns] = each.map(range) as [number[], number[]];
  const cells = rows.flatMap((i) => columns.map((j) => [i, j] as const));
  // Both factors may want to know the same of a step along k.
  const shared = left.depth("k0", "k") === right.depth("k0", "k");
  const [leftDepth, rightDepth] = shared ? ["k0", "k0"] : ["lk", "rk"];
  const lines = (texts: readonly string[]): string => texts.join("\n");
  const body = `${findTile(words, tileOf(tiling), prelude)}
let row1 = row0 + (local / ${threads[1]}u) * ${each[0]}u;
let column1 = column0 + (local % ${threads[1]}u) * ${each[1]}u;
if (row1 >= ${words.m} || column1 >= ${words.n}) { return; }
${lines(rows.map((i) => left.outer(`lo${i}`, `(row1 + ${i}u)`)))}
${lines(columns.map((j) => right.outer(`ro${j}`, `(column1 + ${j}u)`)))}
${lines(cells.map(([i, j]) => `var c${i}_${j} = ${zero(type)};`))}
for (var k = split * ${words.chunk}; k < kEnd; k++) {
${left.depth(leftDepth, "k")}
${shared ? "" : right.depth(rightDepth, "k")}
${lines(rows.map((i) => `let l${i} = ${left.value(`lo${i}`, leftDepth)};`))}
${lines(columns.map((j) => `let r${j} = ${right.value(`ro${j}`, rightDepth)};`))}
${lines(cells.map(([i, j]) => `c${i}_${j} += l${i} * r${j};`))}
}
${finishTiles(
  tiling,
  words,
  target,
  (i) => `row1 + ${i}u`,
  (j) => `column1 + ${j}u`,
)}`;
  return { body, workgroup: threads[0] * threads[1] };
}
