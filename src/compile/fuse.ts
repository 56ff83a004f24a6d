/** Makes one kernel of expressions that are computed together. */

import type { FusedKernel, FusedLoad, FusedStep, FusedStore } from "../backend/ops/fused";
import { formulas } from "../backend/wasm/fused/index";
import { jointAxes, type Layout } from "./axes";
import { type Argument, type Expression, type Memory, RowSum, type Value } from "./values";

/** What is read and written: memory, and where in it, in elements. */
export interface Stream {
  readonly memory: Memory;
  readonly offset: number;
  readonly dtype: "float32" | "bool";
}

/** A kernel with what it works on. */
export interface Fused {
  readonly kernel: FusedKernel;
  readonly streams: readonly Stream[];
  readonly numbers: readonly number[];
}

interface Load extends Stream, Layout {}

/** Puts steps of expressions together. */
class Fusion {
  private readonly loads: Load[] = [];
  private readonly loadKeys = new Map<string, number>();
  private readonly memoryIds = new Map<Memory, number>();
  private readonly steps: FusedStep[] = [];
  private readonly numbers: number[] = [];
  private readonly numberSteps = new Map<string, number>();
  private readonly done = new Map<Expression, number>();

  constructor(
    private readonly n: number,
    private readonly inside: ReadonlySet<Expression>,
  ) {}

  /** The step of an expression, with all that it is computed from. */
  step(root: Expression): number {
    const known = this.done.get(root);
    if (known !== undefined) return known;
    const inputs = root.inputs.map((input) => this.argument(input));
    const at = root.op === "copy" ? inputs[0]! : this.operation(root, inputs);
    this.done.set(root, at);
    return at;
  }

  private operation({ op, p, q }: Expression, inputs: readonly number[]): number {
    // A formula without parameters has none to be given.
    const takes = formulas[op]!.formula.length - 2;
    return this.push({ kind: "op", op, inputs, p: takes > 0 ? this.number(p) : 0, q: takes > 1 ? this.number(q) : 0 });
  }

  private push(step: FusedStep): number {
    return this.steps.push(step) - 1;
  }

  argument(input: Argument): number {
    if (input.kind === "number") return this.number(input.value);
    if (input.kind === "load") {
      const { value, offset, shape, strides, dtype } = input;
      return this.load({ memory: value.memory!, offset, shape, strides, dtype });
    }
    const { value } = input;
    if (this.inside.has(value)) return this.step(value);
    return this.load({ memory: value.memory!, offset: 0, shape: [this.n], strides: [1], dtype: value.dtype });
  }

  private load(load: Load): number {
    let id = this.memoryIds.get(load.memory);
    if (id === undefined) {
      id = this.memoryIds.size;
      this.memoryIds.set(load.memory, id);
    }
    const key = JSON.stringify([id, load.offset, load.shape, load.strides, load.dtype]);
    const known = this.loadKeys.get(key);
    if (known !== undefined) return known;
    const at = this.push({ kind: "load", load: this.loads.push(load) - 1 });
    this.loadKeys.set(key, at);
    return at;
  }

  private number(value: number): number {
    // −0 and 0 differ.
    const key = Object.is(value, -0) ? "-0" : String(value);
    const known = this.numberSteps.get(key);
    if (known !== undefined) return known;
    const at = this.push({ kind: "number", number: this.numbers.push(value) - 1 });
    this.numberSteps.set(key, at);
    return at;
  }

  /** The kernel; undefined if the loads have no common axes. */
  finish(stores: readonly FusedStore[], written: readonly Stream[], row: number | undefined): Fused | undefined {
    const joint = jointAxes(this.loads, this.n, row);
    if (joint === undefined) return undefined;
    const loads = this.loads.map(({ dtype }, k): FusedLoad => ({ dtype, strides: joint.strides[k]! }));
    const kernel: FusedKernel = { shape: joint.shape, loads, steps: this.steps, stores };
    const read = this.loads.map(({ memory, offset, dtype }) => ({ memory, offset, dtype }));
    return { kernel, streams: [...read, ...written], numbers: this.numbers };
  }
}

/** Elements that a root is computed from. */
export const sourceOf = (root: Expression | RowSum): Expression => (root instanceof RowSum ? root.of : root);

/** What roots and the expressions that they are computed from read in memory and is not there yet. */
export function loadedBy(roots: readonly (Expression | RowSum)[], isThere: (value: Value) => boolean): Value[] {
  const loaded = new Set<Value>();
  const visited = new Set<Expression>();
  const stack = roots.filter((root) => !isThere(root)).map(sourceOf);
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (visited.has(value) || isThere(value)) continue;
    visited.add(value);
    for (const input of value.inputs)
      if (input.kind === "value") stack.push(input.value);
      else if (input.kind === "load" && !isThere(input.value)) loaded.add(input.value);
  }
  return [...loaded];
}

/** The expressions behind one that are not there yet, each after those that it takes. */
export function missingFor(root: Expression, isThere: (value: Value) => boolean): Expression[] {
  const found = new Set<Expression>();
  const stack = [{ value: root, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const input = top.value.inputs[top.next++];
    if (input === undefined) {
      found.add(top.value);
      stack.pop();
    } else if (input.kind === "value" && !found.has(input.value) && !isThere(input.value))
      stack.push({ value: input.value, next: 0 });
  }
  found.delete(root);
  return [...found];
}

/**
 * One kernel for values of equally many elements.
 * @param inside The expressions that it computes; others that it takes are in memory.
 * @param stored Those that it writes, with their memory.
 * @returns undefined if there are no common axes.
 */
export function fuse(stored: readonly (Expression | RowSum)[], inside: ReadonlySet<Expression>): Fused | undefined {
  const { n } = sourceOf(stored[0]!);
  const fusion = new Fusion(n, inside);
  const row = stored.find((root) => root instanceof RowSum)?.row;
  const stores = stored.map((root): FusedStore => {
    const isSum = root instanceof RowSum;
    const step = fusion.argument({ kind: "value", value: sourceOf(root) });
    return { step, dtype: isSum ? "float32" : root.dtype, isSum };
  });
  const written = stored.map((root, i): Stream => ({ memory: root.memory!, offset: 0, dtype: stores[i]!.dtype }));
  return fusion.finish(stores, written, row);
}
