/** Einstein's summation: products summed over axes that are named by letters. */
import { ArgumentError, describe, ShapeError } from "../../core/errors";
import { shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { bmm } from "./matmul";
import { multiDot } from "./products";

/** An operand with a label for each axis; every label occurs once. */
interface Labeled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/** The labels of a subscript; the axes of an ellipsis are called ".0", ".1" … from the last, so that they broadcast. */
function labelsOf(text: string, equation: string, ellipsis: number): string[] {
  const labels: string[] = [];
  for (const part of text.replaceAll(" ", "").split(/(\.\.\.)/)) {
    if (part === "...") for (let i = ellipsis - 1; i >= 0; i--) labels.push(`.${i}`);
    else for (const label of part) labels.push(label);
  }
  const wrong = labels.find((label) => !/^([A-Za-z]|\.\d+)$/.test(label));
  if (wrong !== undefined)
    throw new ArgumentError(`einsum: invalid subscript "${wrong}" in "${equation}": takes letters and "..."`);
  return labels;
}

/** How many axes the ellipsis of a subscript stands for. */
function ellipsisAxes(text: string, x: Tensor): number {
  return text.includes("...") ? x.ndim - text.replaceAll(/[\s.]/g, "").length : 0;
}

/** The diagonal over axes with the same label. */
function withoutRepeats({ x, labels }: Labeled): Labeled {
  const i = labels.findIndex((label, at) => labels.indexOf(label) !== at);
  if (i < 0) return { x, labels };
  const first = labels.indexOf(labels[i]!);
  if (x.shape[first] !== x.shape[i])
    throw new ShapeError(
      `einsum: the axes ${labels[i]} of ${shapeText(x.shape)} differ in size: ${x.shape[first]} and ${x.shape[i]}`,
    );
  const rest = labels.filter((_, at) => at !== first && at !== i);
  return withoutRepeats({ x: x.diagonal({ dim1: first, dim2: i }), labels: [...rest, labels[i]!] });
}

/** Sums over the axes whose label is not needed any more. */
function reduceTo({ x, labels }: Labeled, needed: ReadonlySet<string>): Labeled {
  const dims = labels.flatMap((label, i) => (needed.has(label) ? [] : [i]));
  return dims.length === 0 ? { x, labels } : { x: x.sum(dims), labels: labels.filter((label) => needed.has(label)) };
}

/** Drops an axis of size 1 that the other operand has with another size: it broadcasts. */
function dropBroadcast(a: Labeled, b: Labeled): Labeled {
  const size = (label: string) => b.x.shape[b.labels.indexOf(label)];
  const i = a.labels.findIndex((label, at) => a.x.shape[at] === 1 && (size(label) ?? 1) !== 1);
  return i < 0 ? a : dropBroadcast({ x: a.x.squeeze(i), labels: a.labels.filter((_, at) => at !== i) }, b);
}

/** The sum of products of two operands over the labels not in `needed`, as a stack of matrix products. */
function contract(first: Labeled, second: Labeled, needed: ReadonlySet<string>): Labeled {
  const [left, right] = [dropBroadcast(first, second), dropBroadcast(second, first)];
  const a = reduceTo(left, new Set([...needed, ...right.labels]));
  const b = reduceTo(right, new Set([...needed, ...left.labels]));
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const summed = shared.filter((label) => !needed.has(label));
  const onlyA = a.labels.filter((label) => !shared.includes(label));
  const onlyB = b.labels.filter((label) => !shared.includes(label));
  const sizes = (from: Labeled, labels: readonly string[]) =>
    labels.map((label) => from.x.shape[from.labels.indexOf(label)]!);
  const stack = (from: Labeled, ...groups: string[][]) =>
    from.x
      .permute(groups.flat().map((label) => from.labels.indexOf(label)))
      .reshape(groups.map((group) => sizeOfShape(sizes(from, group))));
  const differing = shared.find((label) => sizes(a, [label])[0] !== sizes(b, [label])[0]);
  if (differing !== undefined)
    throw new ShapeError(
      `einsum: the axis ${differing} has size ${sizes(a, [differing])[0]} in one operand and ${sizes(b, [differing])[0]} in another`,
    );
  const product = bmm(stack(a, batch, onlyA, summed), stack(b, batch, summed, onlyB));
  return {
    x: product.reshape([...sizes(a, batch), ...sizes(a, onlyA), ...sizes(b, onlyB)]),
    labels: [...batch, ...onlyA, ...onlyB],
  };
}

/** The output labels of an equation without an arrow: the ellipsis, then the letters that occur once, in alphabetic order. */
function implicitOutput(inputs: readonly (readonly string[])[]): string[] {
  const all = inputs.flat();
  const letters = all.filter((label) => !label.startsWith(".") && all.indexOf(label) === all.lastIndexOf(label));
  const dots = [...new Set(all.filter((label) => label.startsWith(".")))].sort().reverse();
  return [...dots, ...letters.sort()];
}

/**
 * The sum of products of elements over the axes that the output does not name. Operands are contracted from left to right.
 * @see torch.einsum
 * @throws ArgumentError for an equation that does not fit the operands, ShapeError for sizes that differ.
 * @example torch.einsum("bij,bjk->bik", a, b)
 */
export const einsum = named(
  "einsum",
  "equation, ...operands",
  (equation: string, ...operands: Tensor[] | [operands: readonly Tensor[]]): Tensor => {
    const tensors = (Array.isArray(operands[0]) ? operands[0] : operands) as readonly Tensor[];
    if (typeof equation !== "string")
      throw new ArgumentError(`einsum: equation must be a string, got ${describe(equation)}`);
    for (const x of tensors) checkTensor("einsum", x, "operand");
    const [inputText, outputText] = equation.split("->") as [string, string | undefined];
    const texts = inputText.split(",");
    if (texts.length !== tensors.length)
      throw new ArgumentError(`einsum: "${equation}" has ${texts.length} operands, but ${tensors.length} were given`);
    const inputs = texts.map((text, i) => labelsOf(text, equation, ellipsisAxes(text, tensors[i]!)));
    const wrong = inputs.findIndex((labels, i) => labels.length !== tensors[i]!.ndim);
    if (wrong >= 0)
      throw new ArgumentError(
        `einsum: the subscript "${texts[wrong]}" does not match the ${tensors[wrong]!.ndim} axes of operand ${wrong}`,
      );
    const ellipsis = texts.reduce((most, text, i) => Math.max(most, ellipsisAxes(text, tensors[i]!)), 0);
    const output = outputText === undefined ? implicitOutput(inputs) : labelsOf(outputText, equation, ellipsis);
    const unknown = output.find((label) => !inputs.some((labels) => labels.includes(label)));
    if (unknown !== undefined)
      throw new ArgumentError(
        `einsum: output subscript ${unknown} does not appear in the equation for any input operand`,
      );
    const terms = inputs.map((labels, i) => withoutRepeats({ x: tensors[i]!, labels }));
    let result = terms[0]!;
    for (let i = 1; i < terms.length; i++)
      result = contract(result, terms[i]!, new Set([...output, ...inputs.slice(i + 1).flat()]));
    const { x, labels } = reduceTo(result, new Set(output));
    return x.permute(output.map((label) => labels.indexOf(label)));
  },
);

/** The product of several matrices, in the order that takes the fewest multiplications. @see torch.chain_matmul */
export const chainMatmul = named(
  "chainMatmul",
  "...matrices",
  (...matrices: Tensor[]): Tensor =>
    matrices.length === 1 ? checkTensor("chainMatmul", matrices[0]) : multiDot(matrices),
);
