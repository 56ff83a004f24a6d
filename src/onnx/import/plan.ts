/** A graph whose names are resolved to places in a list, and how it runs. */
import { FormatError, KindlingError } from "../../core/errors";
import { Tensor, tidy } from "../../tensor/tensor";
import { Context, type Site } from "./context";
import type { Entry } from "./entry";
import type { Mode, Subgraph } from "./types";
import { runEntry } from "./unsigned";
import { isSequence, type Value } from "./values";

/** A node. Places are indices in the list of the run's values; -1 stands for what is left out. */
export interface Step extends Site {
  readonly entry: Entry;
  readonly inputs: readonly number[];
  /** Values that no later node reads. */
  readonly free: readonly number[];
}

/** Where a value comes from that is there before the graph runs. */
export type Origin = () => Value;

/** A graph that can run. */
export class Body implements Subgraph {
  constructor(
    private readonly size: number,
    private readonly inputs: readonly number[],
    private readonly outputs: readonly number[],
    /** Places of values from the graph around this one, and their places there. */
    private readonly captures: readonly (readonly [own: number, outer: number])[],
    private readonly origins: readonly (readonly [place: number, origin: Origin])[],
    private readonly steps: readonly Step[],
  ) {}

  get inputCount(): number {
    return this.inputs.length;
  }

  get outputCount(): number {
    return this.outputs.length;
  }

  /** @param outer The values of the graph around this one. */
  run(given: readonly Value[], mode: Mode, outer: readonly Value[] = []): Value[] {
    spend(mode, "OnnxModule");
    const values: Value[] = new Array(this.size).fill(undefined);
    for (const [place, origin] of this.origins) values[place] = pin(mode, origin());
    for (const [own, place] of this.captures) values[own] = hold(mode, outer[place]);
    // Twice, since what is given belongs to the caller, a loop for instance, which no edge says.
    for (const value of given) hold(mode, value);
    for (const [i, place] of this.inputs.entries()) if (given[i] !== undefined) values[place] = hold(mode, given[i]);
    for (const step of this.steps) runStep(step, values, mode);
    const results = this.outputs.map((place) => hold(mode, values[place]));
    for (const value of values) release(mode, value);
    for (const value of [...results, ...given]) unhold(mode, value);
    return results;
  }
}

/** Counts a node or a graph that runs. */
function spend(mode: Mode, where: string): void {
  if (mode.left.steps-- <= 0)
    throw new FormatError(
      `${where}: the model has run too many nodes: its loops have no end, or need more than maxNodes of onnx.load`,
    );
}

function runStep(step: Step, values: Value[], mode: Mode): void {
  spend(mode, step.where);
  const inputs = step.inputs.map((place) => (place < 0 ? undefined : values[place]));
  const results = outputsOf(step, inputs, values, mode);
  for (const [i, place] of step.outputs.entries()) {
    if (place < 0) continue;
    values[place] = hold(mode, results[i]);
  }
  for (const [i, result] of results.entries()) if ((step.outputs[i] ?? -1) < 0) drop(mode, result);
  for (const place of step.free) {
    release(mode, values[place]);
    values[place] = undefined;
  }
}

function outputsOf(step: Step, inputs: readonly Value[], values: readonly Value[], mode: Mode): readonly Value[] {
  try {
    const run = () => resultsOf(step, inputs, values, mode);
    return mode.holders === undefined ? run() : tidy(run);
  } catch (error) {
    throw explained(step, error);
  }
}

function resultsOf(step: Step, inputs: readonly Value[], values: readonly Value[], mode: Mode): Value[] {
  const { entry } = step;
  const result = runEntry(entry, new Context(step, inputs, values, mode));
  return Array.isArray(result) && !isSequence(result) ? result : [result as Value];
}

/** Lets every error speak of the node, and be one of ours. */
function explained(step: Step, error: unknown): unknown {
  if (!(error instanceof KindlingError))
    return new FormatError(`${step.where}: the node cannot run: ${(error as Error)?.message ?? error}`, {
      cause: error,
    });
  if (!error.message.startsWith(step.where)) {
    const message = `${step.where}: ${error.message}`;
    if (error.stack !== undefined) error.stack = error.stack.replace(error.message, () => message);
    error.message = message;
  }
  return error;
}

// The life of values: a tensor that the run has made ends with the last edge that holds it.

function each(value: Value, visit: (x: Tensor) => void): void {
  if (value instanceof Tensor) visit(value);
  else if (Array.isArray(value)) for (const item of value) each(item, visit);
}

function hold(mode: Mode, value: Value): Value {
  const { holders } = mode;
  if (holders !== undefined) each(value, (x) => holders.set(x, (holders.get(x) ?? 0) + 1));
  return value;
}

/** Holds what the run has not made. */
export function pin(mode: Mode, value: Value): Value {
  const { holders } = mode;
  if (holders !== undefined) each(value, (x) => holders.set(x, Number.POSITIVE_INFINITY));
  return value;
}

function release(mode: Mode, value: Value): void {
  const { holders } = mode;
  if (holders === undefined) return;
  each(value, (x) => {
    const count = (holders.get(x) ?? 0) - 1;
    if (count > 0) holders.set(x, count);
    else {
      holders.delete(x);
      x.dispose();
    }
  });
}

/** Ends the hold of a result, which its receiver goes on to hold. */
function unhold(mode: Mode, value: Value): void {
  const { holders } = mode;
  if (holders !== undefined) each(value, (x) => holders.set(x, holders.get(x)! - 1));
}

/** Ends a value that no edge ever held. */
function drop(mode: Mode, value: Value): void {
  const { holders } = mode;
  if (holders !== undefined) each(value, (x) => !holders.get(x) && x.dispose());
}
