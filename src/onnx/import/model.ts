/** A graph as a module. */
import { isGradEnabled } from "../../autograd/mode";
import { isPlainObject } from "../../core/binding";
import { ArgumentError, DTypeError, describe } from "../../core/errors";
import { Module } from "../../nn/module/module";
import type { FileSource } from "../../platform/randomAccess";
import { Tensor } from "../../tensor/tensor";
import type { GraphProto, TypeProto } from "../proto/onnx_pb";
import { type Body, pin } from "./plan";
import { needsGrad, type State } from "./state";
import type { Mode } from "./types";
import {
  alias,
  carriers,
  dtypeOfCode,
  isUnsigned,
  markUnsigned,
  Strings,
  sequence,
  unsignedOf,
  type Value,
} from "./values";

/** Options of `torch.onnx.load`. */
export interface LoadOptions {
  /** Files that hold data of the model, by the names that it gives them. Default: those in its folder. */
  externalData?: Readonly<Record<string, FileSource>>;
  /** Nodes that one call may run, those in loops counted each time. Default: 32768, or ten times those of the file if they are more. */
  maxNodes?: number;
}

/** Nodes that one call may run unless the caller says otherwise: in a second or two, so that no damaged file hangs. */
export const MOST_STEPS = 32_768;

/** What a model takes and gives: tensors, and lists of them where the file has sequences. */
export type OnnxValue = Tensor | readonly OnnxValue[] | null;

/** An input of the graph. */
interface Input {
  readonly name: string;
  /** The element type of a tensor. */
  readonly type: string | undefined;
  readonly isOptional: boolean;
}

const elementType = (type: TypeProto | undefined): string | undefined =>
  type?.value.case === "tensorType" ? dtypeOfCode.get(type.value.value.elemType ?? 0) : undefined;

/**
 * An ONNX model, callable with its inputs in their order or in one object by name; gives one tensor, or a list of them. Its parameters and
 * buffers have the names of the file. Made by `torch.onnx.load`.
 */
export class OnnxModule extends Module {
  /** The names of the inputs, in their order. */
  readonly inputNames: readonly string[];
  /** The names of the outputs, in their order. */
  readonly outputNames: readonly string[];
  readonly #body: Body;
  readonly #inputs: readonly Input[];
  readonly #maxNodes: number;
  #runsAsFiled = true;

  /** @internal */
  constructor(graph: GraphProto, body: Body, state: State, maxNodes: number) {
    super();
    this.#maxNodes = maxNodes;
    const initial = new Set(graph.initializer.map(({ name }) => name));
    this.#inputs = graph.input
      .filter(({ name }) => !initial.has(name))
      .map(({ name = "", type }) => ({
        name,
        type: elementType(type),
        isOptional: type?.value.case === "optionalType",
      }));
    this.inputNames = this.#inputs.map(({ name }) => name);
    this.outputNames = graph.output.map(({ name = "" }) => name);
    this.#body = body;
    this.training = false;
    state.attach(this);
  }

  /** Lets dropout and batch normalization train, or not, whatever the file says. @see torch.nn.Module.train */
  override train(mode?: boolean | { mode?: boolean }): this {
    this.#runsAsFiled = false;
    return super.train(mode as boolean);
  }

  /** @param inputs The graph's inputs in their order, or one object with those by name. */
  override forward(...inputs: any[]): any {
    const results = this.runValues(this.#valuesOf(inputs)).map((value, i) => this.#given(value, i));
    return results.length === 1 ? results[0] : results;
  }

  /** @internal All outputs, texts too, of inputs that are of the right kinds. */
  runValues(values: readonly Value[]): Value[] {
    const keeps = isGradEnabled() && (values.some(needsGrad) || this.parameters().some((p) => p.requiresGrad));
    const mode: Mode = {
      training: this.#runsAsFiled ? undefined : this.training,
      holders: keeps ? undefined : new Map(),
      left: { steps: this.#maxNodes },
    };
    for (const value of values) pin(mode, value);
    const kept = new Set<Value>([...values, ...this.parameters(), ...this.buffers()]);
    // A result that is an input or a parameter is given as another tensor on the same memory.
    return this.#body
      .run(values, mode)
      .map((value) =>
        value instanceof Tensor && kept.has(value) ? markUnsigned(alias(value), unsignedOf(value)) : value,
      );
  }

  #given(value: Value, i: number): OnnxValue {
    if (value === undefined) return null;
    if (value instanceof Tensor) return value;
    if (!(value instanceof Strings)) return value.map((item) => this.#given(item, i));
    throw new DTypeError(
      `OnnxModule: output "${this.outputNames[i]}" is a tensor of texts, which there are none of here`,
    );
  }

  #valuesOf(given: readonly unknown[]): Value[] {
    const byName = given.length === 1 && isPlainObject(given[0]) ? (given[0] as Record<string, unknown>) : undefined;
    if (byName !== undefined) {
      const wrong = Object.keys(byName).find((name) => !this.inputNames.includes(name));
      if (wrong !== undefined)
        throw new ArgumentError(
          `OnnxModule: there is no input "${wrong}"; the inputs are ${this.inputNames.join(", ")}`,
        );
    } else if (given.length > this.#inputs.length)
      throw new ArgumentError(
        `OnnxModule: takes ${this.#inputs.length} inputs (${this.inputNames.join(", ")}), got ${given.length}`,
      );
    return this.#inputs.map((input, i) => {
      const name = input.name;
      const value = byName === undefined ? given[i] : Object.hasOwn(byName, name) ? byName[name] : undefined;
      return givenValue(input, value);
    });
  }
}

function givenValue({ name, type, isOptional }: Input, value: unknown): Value {
  if (value === undefined || value === null) {
    if (isOptional) return undefined;
    throw new ArgumentError(`OnnxModule: the input "${name}" is missing`);
  }
  if (Array.isArray(value))
    return sequence(value.map((item) => givenValue({ name, type: undefined, isOptional: false }, item)));
  if (value instanceof Strings) return value;
  if (!(value instanceof Tensor))
    throw new ArgumentError(`OnnxModule: the input "${name}" must be a Tensor, got ${describe(value)}`);
  value.assertAlive("OnnxModule");
  if (type === undefined || type === "string") return value;
  const dtype = isUnsigned(type) ? carriers[type] : type;
  if (value.dtype !== dtype)
    throw new DTypeError(
      `OnnxModule: the input "${name}" must be of dtype ${dtype}, got ${value.dtype}; use x.to("${dtype}")`,
    );
  return isUnsigned(type) && unsignedOf(value) === undefined ? markUnsigned(alias(value), type) : value;
}
