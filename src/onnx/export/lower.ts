/** From the traces of a model to a graph: what differs between them becomes arithmetic of the inputs' axes. */
import { isPlainObject } from "../../core/binding";
import { isFloat } from "../../core/dtype";
import { KindlingError } from "../../core/errors";
import { Parameter } from "../../nn/module/parameter";
import type { Tensor } from "../../tensor/tensor";
import type { Args, FormCall } from "./form";
import { Graph } from "./graph";
import { formNamed } from "./ops/index";
import { cannotExport } from "./place";
import type { Value } from "./types";
import { Ref, type Size, Sym, type Trace, type TracedCall, type TracedValue } from "./types";

export interface LowerOptions {
  readonly opset: number;
  readonly exportParams: boolean;
  readonly foldsConstants: boolean;
  /** The model's tensors by name. */
  readonly state: ReadonlyMap<string, Tensor>;
}

/** A call as all traces have it: numbers that differ are {@link Sym}s. */
function merge(values: readonly unknown[], call: TracedCall): unknown {
  const [first] = values;
  if (values.every((value) => Object.is(value, first))) return first;
  if (values.every((value) => typeof value === "number")) return new Sym(values as number[]);
  if (first instanceof Ref && values.every((value) => value instanceof Ref && value.id === first.id)) return first;
  if (Array.isArray(first) && values.every((value) => Array.isArray(value) && value.length === first.length))
    return first.map((_, i) =>
      merge(
        values.map((value) => (value as unknown[])[i]),
        call,
      ),
    );
  if (isPlainObject(first) && values.every(isPlainObject))
    return Object.fromEntries(
      Object.keys(first).map((key) => [
        key,
        merge(
          values.map((value) => (value as Args)[key]),
          call,
        ),
      ]),
    );
  if (typeof first === "object" && first !== null && JSON.stringify(values[0]) === JSON.stringify(values.at(-1)))
    return first;
  throw cannotExport(call.op, call.line, "gets other arguments for other sizes or values of the inputs");
}

const hasSym = (value: unknown): boolean =>
  value instanceof Sym ||
  (Array.isArray(value) && value.some(hasSym)) ||
  (isPlainObject(value) && Object.values(value).some(hasSym));

function refsIn(value: unknown): number[] {
  if (value instanceof Ref) return [value.id];
  if (Array.isArray(value)) return value.flatMap(refsIn);
  return isPlainObject(value) ? Object.values(value).flatMap(refsIn) : [];
}

/** Elements of a tensor that may be a shape. */
const MOST_SIZES = 16;

/** @throws KindlingError unless all traces made the same calls. */
function checkAligned(traces: readonly Trace[]): void {
  const [first, ...others] = traces as [Trace, ...Trace[]];
  for (const { calls } of others)
    for (let i = 0; i < Math.max(calls.length, first.calls.length); i++) {
      const [a, b] = [first.calls[i], calls[i]];
      if (a?.op === b?.op && a?.results.length === b?.results.length) continue;
      const { op, line } = (a ?? b)!;
      throw cannotExport(
        op,
        line,
        "is part of a path that the model takes for some sizes or values of the inputs only",
      );
    }
}

/** The op that makes numbers of integer weights: its result is never written in place of these. */
const KEPT = "dequantizeWeight";

class Lowering {
  readonly graph: Graph;
  private readonly values = new Map<number, Value>();
  private readonly folded = new Set<number>();
  private readonly first: Trace;

  constructor(
    private readonly traces: readonly Trace[],
    private readonly options: LowerOptions,
  ) {
    this.first = traces[0]!;
    this.graph = new Graph(options.opset);
  }

  shape(id: number): readonly Size[] {
    const shapes = this.traces.map(({ values }) => values[id]!.shape);
    return shapes[0]!.map((_, axis) => Sym.combine([new Sym(shapes.map((shape) => shape[axis]!))], (n) => n));
  }

  addInput(id: number, name: string): Value {
    const value = { name: this.graph.unique(name), dtype: this.first.values[id]!.dtype, shape: this.shape(id) };
    this.values.set(id, value);
    this.graph.addAtoms(value);
    return value;
  }

  private isStable(id: number): boolean {
    const { origin } = this.first.values[id]!;
    // What is made of parameters is not folded: it would be a constant that nobody learns.
    if (origin.kind === "state") {
      const { foldsConstants, exportParams, state } = this.options;
      return foldsConstants && exportParams && !(state.get(origin.name) instanceof Parameter);
    }
    if (origin.kind === "result") return this.folded.has(id);
    if (origin.kind === "input") return false;
    const [first, ...others] = this.traces.map(({ values }) => values[id]!.bytes!);
    return others.every((bytes) => sameBytes(bytes, first!));
  }

  valueOf(id: number): Value {
    const known = this.values.get(id);
    if (known !== undefined) return known;
    const value = this.source(id, this.first.values[id]!);
    this.values.set(id, value);
    return value;
  }

  private source(id: number, { origin, dtype, shape, bytes }: TracedValue): Value {
    const { graph } = this;
    if (origin.kind === "state")
      return graph.initialize(origin.name, dtype, shape, this.options.state.get(origin.name)!);
    if (origin.kind === "constant" && !this.isStable(id)) return this.varying(id);
    return graph.initialize(
      `${origin.kind === "constant" ? origin.path : graph.place.path}/Constant`,
      dtype,
      shape,
      bytes!,
    );
  }

  /** A constant that differs between the traces: filled with one number, or a row of numbers with equal steps. */
  private varying(id: number): Value {
    const { graph } = this;
    const { dtype } = this.first.values[id]!;
    const shape = this.shape(id);
    const data = this.traces.map(({ values }) => numbersOf(values[id]!));
    const starts = data.map((list) => list[0] ?? 0);
    const start = Sym.combine([new Sym(starts)], (n) => n);
    if (data.every((list, i) => list.every((value) => Object.is(value, starts[i])))) {
      const number = graph.scalar(start, dtype);
      return shape.length === 0 ? number : { ...graph.add("Expand", [number, graph.ints(shape)]), shape };
    }
    const step = data[0]![1]! - data[0]![0]!;
    if (shape.length === 1 && data.every((list, t) => list.every((value, i) => value === starts[t]! + i * step))) {
      const end = Sym.combine([shape[0]!, start], (n, from) => from + n * step);
      const type = isFloat(dtype) || dtype === "int32" ? dtype : "int64";
      const range = graph.add(
        "Range",
        [start, end, step].map((n) => graph.scalar(n, type)),
        {},
        type,
      );
      return { ...graph.cast(range, dtype), shape };
    }
    // Sizes as a tensor: of each, what it is of the inputs' axes.
    if (dtype === "int64" && shape.length === 1 && Number(shape[0]) <= MOST_SIZES)
      return graph.ints(data[0]!.map((_, i) => Sym.combine([new Sym(data.map((list) => list[i]!))], (n) => n)));
    const { origin } = this.first.values[id]!;
    // Made by parts of an op that are no ops themselves.
    if (origin.kind === "constant" && origin.inside !== undefined)
      throw cannotExport(origin.inside, graph.place.line, "has no ONNX form for these arguments");
    throw graph.refuse(
      "takes a tensor that the trace did not see being made, and that differs with the sizes or values of the inputs: random numbers, or values read into JavaScript",
    );
  }

  private resolve(value: unknown): unknown {
    if (value instanceof Ref) return this.valueOf(value.id);
    if (Array.isArray(value)) return value.map((item) => this.resolve(item));
    if (isPlainObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.resolve(item)]));
    return value;
  }

  call(i: number): void {
    const call = this.first.calls[i]!;
    const { graph } = this;
    graph.place = { path: call.path, line: call.line };
    graph.op = call.op;
    const args = merge(
      this.traces.map(({ calls }) => calls[i]!.args),
      call,
    );
    const operands = refsIn(args);
    const isFoldable =
      call.op !== KEPT &&
      call.results.every((id) => this.first.values[id]!.bytes !== undefined) &&
      !hasSym(args) &&
      operands.every((id) => this.isStable(id));
    if (isFoldable) {
      for (const id of call.results) this.folded.add(id);
      return;
    }
    const out = call.results.map((id) => ({ dtype: this.first.values[id]!.dtype, shape: this.shape(id) }));
    const form: FormCall = { ...call, out };
    const written = this.write(call, this.resolve(args) as Args, form);
    (Array.isArray(written) ? written : [written as Value]).forEach((value, k) => {
      if (out[k] !== undefined) this.define(call.results[k]!, value, out[k]);
    });
  }

  /** @throws KindlingError, also where a form does not know the arguments that it is given. */
  private write(call: TracedCall, args: Args, form: FormCall): Value | readonly Value[] {
    try {
      return formNamed(call.op)!.lower(this.graph, args, form);
    } catch (error) {
      if (error instanceof KindlingError) throw error;
      throw cannotExport(call.op, call.line, `has no ONNX form for these arguments: ${(error as Error).message}`);
    }
  }

  private define(id: number, value: Value, { dtype, shape }: Omit<Value, "name">): void {
    const result = { ...this.graph.cast(value, dtype), shape };
    this.values.set(id, result);
    if (!this.graph.known.has(result.name)) this.graph.known.set(result.name, result);
    this.graph.addAtoms(result);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function numbersOf({ bytes, dtype }: TracedValue): number[] {
  const copy = bytes!.slice().buffer;
  if (dtype === "int64") return Array.from(new BigInt64Array(copy), Number);
  if (dtype === "float32") return [...new Float32Array(copy)];
  if (dtype === "float64") return [...new Float64Array(copy)];
  if (dtype === "int32") return [...new Int32Array(copy)];
  if (dtype === "int16") return [...new Int16Array(copy)];
  if (dtype === "int8") return [...new Int8Array(copy)];
  return dtype === "uint8" || dtype === "bool" ? [...new Uint8Array(copy)] : [Number.NaN];
}

/** A written model before it is encoded. */
export interface Written {
  readonly graph: Graph;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** Writes the traces of a model, which differ in the sizes and values of their inputs, as one graph. */
export function lower(traces: readonly Trace[], options: LowerOptions): Written {
  checkAligned(traces);
  const lowering = new Lowering(traces, options);
  const { values, calls, outputs } = traces[0]!;
  const inputs = values.flatMap(({ origin }, id) =>
    origin.kind === "input" ? [lowering.addInput(id, origin.name)] : [],
  );
  calls.forEach((_, i) => {
    lowering.call(i);
  });
  return {
    graph: lowering.graph,
    inputs,
    outputs: outputs.map((id) => ({ ...lowering.valueOf(id), shape: lowering.shape(id) })),
  };
}
