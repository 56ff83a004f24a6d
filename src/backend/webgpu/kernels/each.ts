/** Kernels over all elements of a contiguous result: one invocation for each, or for each word where elements share one. */
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { Gpu } from "../gpu";
import { bitsOf, perWord, scalarOf } from "../wgsl/elements";
import type { Program, Source, View } from "../wgsl/program";

/**
 * Runs a kernel that computes each element of `y` by itself.
 * @param target What `program.write` gave for y.
 * @param source Gives statements that see the number of the element as `i` and assign the variable `value`.
 */
export function eachElement(
  gpu: Gpu,
  program: Program,
  name: string,
  y: Operand,
  target: View,
  source: () => Source,
): void {
  const n = sizeOfShape(y.shape);
  if (n === 0) return;
  const count = program.uint(n);
  const lanes = perWord(y.dtype);
  const value = `var value = ${scalarOf(y.dtype)}();`;
  if (lanes === 1) {
    gpu.dispatchEach(name, n, () => {
      const { declarations = "", body } = source();
      const store = target.storeAt("i", "value");
      return { declarations, body: `let i = index;\nif (i >= ${count}) { return; }\n${value}\n${body}\n${store}` };
    });
    return;
  }
  // The first word may begin before the result does.
  const words = Math.floor((y.offset + n - 1) / lanes) - Math.floor(y.offset / lanes) + 1;
  gpu.dispatchEach(name, words, () => {
    const { declarations = "", body } = source();
    const element = `fn element(i: u32) -> u32 {\n${value}\n${body}\nreturn ${bitsOf("value", y.dtype)};\n}`;
    return { declarations: `${declarations}\n${element}`, body: wordBody(target, count, lanes) };
  });
}

/** Computes all elements of a word, of which the first and the last one hold elements of others too. */
export function wordBody(target: View, count: string, lanes: number): string {
  const bits = 32 / lanes;
  return `let word = ${target.offset} / ${lanes}u + index;
if (word > (${target.offset} + ${count} - 1u) / ${lanes}u) { return; }
var bits = 0u;
var mask = 0u;
for (var lane = 0u; lane < ${lanes}u; lane++) {
  let at = word * ${lanes}u + lane;
  if (at < ${target.offset} || at - ${target.offset} >= ${count}) { continue; }
  bits |= element(at - ${target.offset}) << (lane * ${bits}u);
  mask |= ${2 ** bits - 1}u << (lane * ${bits}u);
}
${target.storeWord("word", "bits", "mask")}`;
}
