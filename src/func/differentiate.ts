/** How a function is called so that it can be differentiated, also inside of another derivative. */

import { enableGrad, isGradEnabled } from "../autograd/mode";
import { accumulatorOf, edgeOf, type Node } from "../autograd/node";
import { checkFunction } from "../core/arguments";
import { ArgumentError, AutogradError, describe, IndexError } from "../core/errors";
import { isTensor, type Tensor } from "../tensor/tensor";
import { type Flat, flatten, flattenTensors, mapTensors } from "./tree";

/** Which arguments to differentiate by: one position, or several. Negative ones count from the end. */
export type Argnums = number | readonly number[];

/** The arguments `A` at the positions `N`: one, or an array of them. */
export type AtArgnums<A extends readonly unknown[], N extends Argnums> = N extends readonly number[]
  ? { -readonly [K in keyof N]: ArgumentAt<A, N[K]> }
  : ArgumentAt<A, N>;
type ArgumentAt<A extends readonly unknown[], N> = `${N & number}` extends keyof A
  ? A[`${N & number}` & keyof A]
  : A[number];

/** A call of a function on arguments by which it can be differentiated. */
export interface Call {
  /** The output as the function gave it; its tensors are in the graph. */
  readonly output: unknown;
  /** What the function returned beside its output, outside of the inner derivative. */
  readonly aux: unknown;
  /** The tensors by which to differentiate, with the structure of the arguments that they are in. */
  readonly inputs: Flat<Tensor>;
  /**
   * Whether anything but these tensors is behind the output: outer derivatives, parameters that require grad. Only then do results stay in the
   * graph.
   */
  readonly isNested: boolean;
}

/** Calls `func` with the arguments at `argnums` made differentiable. */
export function callOn(
  op: string,
  func: (...args: any[]) => unknown,
  args: readonly unknown[],
  argnums: Argnums,
  hasAux: boolean,
): Call {
  checkFunction(op, "func", func);
  const positions = positionsOf(op, argnums, args.length);
  const isOuter = isGradEnabled();
  const given = flattenTensors(positions.map((i) => args[i]));
  if (given.leaves.length === 0)
    throw new ArgumentError(`${op}: expected a Tensor to differentiate by, got ${describe(args[positions[0]!])}`);
  const inputs = given.leaves.map((x) => differentiable(x, isOuter));
  const changed = [...args];
  const parts: unknown[] = given.rebuild(inputs);
  positions.forEach((position, i) => {
    changed[position] = parts[i];
  });
  const result = enableGrad(() => func(...changed));
  const [output, aux] = hasAux ? splitAux(op, result) : [result, undefined];
  const isNested = dependsOnOthers(flattenTensors(output).leaves, inputs);
  const rebuild = (values: readonly unknown[]): unknown => {
    const all = given.rebuild(values);
    return Array.isArray(argnums) ? all : all[0];
  };
  return { output, aux: isNested ? aux : withoutGraph(aux), inputs: { leaves: inputs, rebuild }, isNested };
}

/** Another handle that keeps the place in an outer graph, or else a new leaf. */
const differentiable = (x: Tensor, isOuter: boolean): Tensor =>
  isOuter && x.requiresGrad ? x.viewAs(x) : x.detach().requiresGrad_();

/** The values outside of every graph. */
export const withoutGraph = (value: unknown): any => mapTensors(value, (x) => (x.requiresGrad ? x.detach() : x));

function positionsOf(op: string, argnums: Argnums, count: number): number[] {
  const list = typeof argnums === "number" ? [argnums] : argnums;
  if (!Array.isArray(list))
    throw new ArgumentError(`${op}: argnums must be a number or an array, got ${describe(argnums)}`);
  if (list.length === 0) throw new ArgumentError(`${op}: argnums must be non-empty`);
  const positions = list.map((argnum: number) => {
    if (!Number.isInteger(argnum) || argnum < -count || argnum >= count)
      throw new IndexError(`${op}: got argnum=${argnum}, but only ${count} positional inputs`);
    return argnum < 0 ? argnum + count : argnum;
  });
  if (new Set(positions).size !== positions.length)
    throw new ArgumentError(`${op}: argnums elements must be unique, got ${describe(argnums)}`);
  return positions;
}

function splitAux(op: string, result: unknown): readonly [unknown, unknown] {
  if (!Array.isArray(result) || result.length !== 2)
    throw new AutogradError(`${op}: output of function f should be [output, aux] if hasAux is true`);
  return result as [unknown, unknown];
}

/** Whether a leaf other than the new ones among `inputs`, or the history of an input, is behind the outputs. */
function dependsOnOthers(outputs: readonly Tensor[], inputs: readonly Tensor[]): boolean {
  const own = new Set<Node>(inputs.flatMap((x) => (x.isLeaf ? [accumulatorOf(x)] : [])));
  const seen = new Set<Node>();
  const stack = outputs.flatMap((y) => edgeOf(y)?.node ?? []);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node) || own.has(node)) continue;
    seen.add(node);
    const next = node.edges.flatMap((edge) => edge?.node ?? []);
    if (next.length === 0) return true;
    stack.push(...next);
  }
  return false;
}

/** The tensors of an output, of which there must be at least one, and nothing else. */
export function outputTensors(op: string, output: unknown): Flat<Tensor> {
  const flat = flatten(output);
  if (flat.leaves.length === 0)
    throw new AutogradError(
      `${op}: Expected f to be a function that has non-empty output (got output = ${describe(output)})`,
    );
  for (const y of flat.leaves)
    if (!isTensor(y)) throw new ArgumentError(`${op}: expected f(...args) to return only tensors, got ${describe(y)}`);
  return flat as Flat<Tensor>;
}
