/** What kernels that read or write by index share: the place that an index names, and how a value joins the one that is there. */
import type { DType } from "../../../../core/dtype";
import type { Operand } from "../../../operand";
import type { ScatterKind } from "../../../ops";
import type { Gpu } from "../../gpu";
import { bitsOf, load, perWord, type Scalar, scalarOf } from "../../wgsl/elements";
import type { View } from "../../wgsl/program";

/** Statements that declare `name`, the index counted from the start, and `isInside`, whether it is one of `n`. */
export const wrapped = (name: string, index: string, n: string): string =>
  `var wrapped = ${index};
if (wrapped < 0i) { wrapped += i32(${n}); }
let isInside = wrapped >= 0i && wrapped < i32(${n});
let ${name} = u32(wrapped);`;

/** The first statements of a kernel of one invocation for each of `count`. */
export const guard = (count: string): string => `if (index >= ${count}) { return; }\n`;

/** An expression that joins `old` and `value`. NaN stays, as in all extrema. */
export function joined(kind: Exclude<ScatterKind, "replace">, type: Scalar, old: string, value: string): string {
  const isFloat = type === "f32";
  switch (kind) {
    case "sum":
      return `${old} + ${value}`;
    case "prod":
      return `${old} * ${value}`;
    case "amax":
      return `${isFloat ? "maxNan" : "max"}(${old}, ${value})`;
    case "amin":
      return `${isFloat ? "minNan" : "min"}(${old}, ${value})`;
  }
}

/** A value as an element of a dtype: a sum of truth values is one. */
export const settled = (value: string, dtype: DType): string =>
  dtype === "bool" ? `select(0i, 1i, (${value}) != 0i)` : value;

/**
 * Statements that replace the element at `place` by `next(old)` whoever else does so at the same time: by compare-and-exchange on the word that
 * holds it. Of an int64 the sign is left to {@link mendSigns}.
 */
export function exchange(view: View, place: string, next: (old: string) => string): string {
  const { dtype } = view;
  const lanes = perWord(dtype);
  const bits = 32 / lanes;
  const word = dtype === "int64" ? "2u * at" : lanes === 1 ? "at" : `at / ${lanes}u`;
  const value = bitsOf(settled(next(load(() => "seen", "at", dtype)), dtype), dtype);
  const fresh = lanes === 1 ? value : `(seen & ~(${2 ** bits - 1}u << shift)) | ((${value}) << shift)`;
  return `{
  let at = ${place};
  ${lanes === 1 ? "" : `let shift = (at % ${lanes}u) * ${bits}u;`}
  ${view.atWord(
    word,
    (buffer) => `var seen = atomicLoad(&${buffer});
  loop {
    let result = atomicCompareExchangeWeak(&${buffer}, seen, ${fresh});
    if (result.exchanged) { break; }
    seen = result.old_value;
  }`,
  )}
}`;
}

/** Gives the int64 of `y` the signs of their lower words, which alone were exchanged. */
export function mendSigns(gpu: Gpu, y: Operand, n: number): void {
  if (y.dtype !== "int64" || n === 0) return;
  const program = gpu.begin();
  const target = program.write(y);
  const count = program.uint(n);
  gpu.dispatchEach("mendSigns", n, () => {
    const at = `${target.offset} + index`;
    return { body: `${guard(count)}${target.store(at, target.load(at))}` };
  });
}

/** The type that elements of an operand are computed in. */
export const typeOf = (x: Operand): Scalar => scalarOf(x.dtype)!;
