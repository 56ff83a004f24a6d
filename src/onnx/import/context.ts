/** What an op sees of the graph: its inputs, its attributes, and how the model runs. */
import { DTypeError, FormatError } from "../../core/errors";
import { Tensor } from "../../tensor/tensor";
import type { Attributes } from "./attributes";
import { numbersOf } from "./tensors";
import type { Mode } from "./types";
import { Strings, type Unsigned, unsignedOf, type Value } from "./values";

/** The node that an op stands in. */
export interface Site {
  /** What errors call it. */
  readonly where: string;
  /** The version of the set of operators that it is written in. */
  readonly version: number;
  readonly attributes: Attributes;
  /** Places of its outputs; -1 stands for one that is left out. */
  readonly outputs: readonly number[];
}

export class Context {
  constructor(
    private readonly site: Site,
    readonly inputs: readonly Value[],
    private readonly slots: readonly Value[],
    readonly mode: Mode,
  ) {}

  get op(): string {
    return this.site.where;
  }

  /** The version of the set of operators that the node is written in. */
  get version(): number {
    return this.site.version;
  }

  get attributes(): Attributes {
    return this.site.attributes;
  }

  /** How many outputs the node names. */
  get outputs(): number {
    return this.site.outputs.length;
  }

  /** Whether output `i` is used. */
  wants(i: number): boolean {
    return (this.site.outputs[i] ?? -1) >= 0;
  }

  has(i: number): boolean {
    return this.inputs[i] !== undefined;
  }

  /** @throws FormatError if input `i` is missing, DTypeError if it is no tensor of numbers. */
  tensor(i: number): Tensor {
    return this.optional(i) ?? this.missing(i);
  }

  private missing(i: number): never {
    throw new FormatError(`${this.op}: input ${i} is missing`);
  }

  optional(i: number): Tensor | undefined {
    const value = this.inputs[i];
    if (value === undefined || value instanceof Tensor) return value;
    throw new DTypeError(
      value instanceof Strings
        ? `${this.op}: input ${i} is a tensor of texts; takes one of numbers`
        : `${this.op}: input ${i} is a sequence; takes a tensor`,
    );
  }

  /** The first input. */
  get x(): Tensor {
    return this.tensor(0);
  }

  /** The second input. */
  get y(): Tensor {
    return this.tensor(1);
  }

  /** All inputs as tensors. */
  get tensors(): Tensor[] {
    return this.inputs.map((_, i) => this.tensor(i));
  }

  list(i: number): readonly Value[] {
    const value = this.inputs[i];
    if (Array.isArray(value)) return value;
    throw new DTypeError(`${this.op}: input ${i} must be a sequence`);
  }

  strings(i: number): Strings | undefined {
    const value = this.inputs[i];
    return value instanceof Strings ? value : undefined;
  }

  /** The elements of a small tensor of integers. */
  numbers(i: number): number[] {
    return numbersOf(this.tensor(i));
  }

  maybeNumbers(i: number): number[] | undefined {
    return this.has(i) ? this.numbers(i) : undefined;
  }

  /** The only element of input `i`. */
  scalar(i: number): number {
    const x = this.tensor(i);
    if (x.numel() !== 1)
      throw new FormatError(`${this.op}: input ${i} must have one element, got a shape [${x.shape.join(", ")}]`);
    return Number(x.detach().reshape([]).item());
  }

  /** What older versions of an op take as an attribute, newer ones as an input. */
  intsOrInput(name: string, i: number): number[] | undefined {
    return this.attributes.ints(name) ?? this.maybeNumbers(i);
  }

  int(name: string, fallback?: number): number {
    return this.attributes.int(name, fallback);
  }

  float(name: string, fallback?: number): number {
    return this.attributes.float(name, fallback);
  }

  flag(name: string, fallback = false): boolean {
    return this.attributes.flag(name, fallback);
  }

  ints(name: string): number[] | undefined {
    return this.attributes.ints(name);
  }

  string(name: string, fallback?: string): string {
    return this.attributes.string(name, fallback);
  }

  /** The unsigned type that input `i` stands for. */
  unsigned(i: number): Unsigned | undefined {
    return unsignedOf(this.inputs[i]);
  }

  /** An axis from the front. @throws FormatError if there is none. */
  axis(name: string, ndim: number, fallback?: number): number {
    return this.wrapAxis(this.int(name, fallback), ndim);
  }

  wrapAxis(axis: number, ndim: number): number {
    if (!Number.isInteger(axis) || axis < -ndim || axis >= Math.max(ndim, 1))
      throw new FormatError(`${this.op}: there is no axis ${axis} in ${ndim} axes`);
    return axis < 0 ? axis + ndim : axis;
  }

  /** Runs one of the node's graphs. */
  run(name: string, inputs: readonly Value[]): Value[] {
    const body = this.site.attributes.body(name);
    return body.run(inputs, this.mode, this.slots);
  }

  fail(message: string): never {
    throw new FormatError(`${this.op}: ${message}`);
  }
}
