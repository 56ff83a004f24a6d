/** Text about positions on spatial axes, of which there are one to three, the innermost one last. */
import type { Program } from "../../wgsl/program";

/** Statements that split a position into its indices along axes: `name0`, `name1`, … */
export function indicesOf(name: string, at: string, sizes: readonly string[]): string {
  let text = "";
  let rest = at;
  for (let axis = sizes.length - 1; axis > 0; axis--) {
    text += `let ${name}${axis} = (${rest}) % ${sizes[axis]};\n`;
    rest = `(${rest}) / ${sizes[axis]}`;
  }
  return `${text}let ${name}0 = ${rest};\n`;
}

/** The position with indices along axes. */
export const positionOf = (indices: readonly string[], sizes: readonly string[]): string =>
  indices.slice(1).reduce((position, index, i) => `(${position}) * ${sizes[i + 1]} + ${index}`, indices[0]!);

/** Uniforms without sign, one for each size. */
export const unsigned = (program: Program, sizes: readonly number[]): readonly string[] =>
  sizes.map((size) => program.uint(size));

export const signed = (program: Program, sizes: readonly number[]): readonly string[] =>
  sizes.map((size) => program.int(size));

/** Constants without sign. */
export const constants = (sizes: readonly number[]): readonly string[] => sizes.map((size) => `${size}u`);

export const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Nested loops `for name0 … for name1 …` over sizes around statements. */
export const loops = (name: string, sizes: readonly string[], statements: string): string =>
  sizes.reduceRight(
    (inner, size, axis) => `for (var ${name}${axis} = 0u; ${name}${axis} < ${size}; ${name}${axis}++) {\n${inner}\n}`,
    statements,
  );
