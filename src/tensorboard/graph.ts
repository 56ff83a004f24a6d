/** The graph of a module: what one call of it runs, in the scopes of its modules. */

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { gradEnabled } from "../autograd/mode";
import { classNameOf } from "../core/className";
import { ArgumentError, describe } from "../core/errors";
import { watchCalls } from "../core/signature";
import { Module } from "../nn/module/module";
import { Tensor } from "../tensor/tensor";
import { GraphDefSchema, type NodeDefSchema, RunMetadataSchema } from "./proto/tensorboard_pb";

type Node = MessageInitShape<typeof NodeDefSchema>;

/** What TensorBoard takes for TensorFlow's version of the format. */
const PRODUCER = 22;
/** Letters of an attribute that are kept. */
const MOST_TEXT = 200;

const typeOf = (module: Module): string => classNameOf(module) || "Module";

/** All tensors within lists and objects. */
function tensorsIn(value: unknown, out: Tensor[] = []): Tensor[] {
  if (value instanceof Tensor) out.push(value);
  else if (Array.isArray(value)) for (const item of value) tensorsIn(item, out);
  else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) tensorsIn(item, out);
  return out;
}

/** Arguments that are no tensors, as a text. */
function attributesOf(given: readonly unknown[]): string {
  const text = given
    .filter((value) => value !== undefined && tensorsIn(value).length === 0)
    .map((value) => {
      try {
        return typeof value === "function"
          ? "function"
          : JSON.stringify(value, (_, x) => (typeof x === "bigint" ? String(x) : x));
      } catch {
        return describe(value);
      }
    });
  return `{${text.join(", ")}}`.slice(0, MOST_TEXT);
}

class Recorder {
  readonly nodes: Node[] = [];
  private readonly names = new Set<string>();
  private readonly known = new Map<Tensor, string>();
  private readonly scopes: string[];
  /** Within an op, what it calls is no node. */
  private isWithin = false;

  constructor(private readonly model: Module) {
    this.scopes = [typeOf(model)];
  }

  private unique(name: string): string {
    let free = name;
    for (let i = 1; this.names.has(free); i++) free = `${name}_${i}`;
    this.names.add(free);
    return free;
  }

  private put(
    name: string,
    op: string,
    input: string[],
    shape: readonly number[] | undefined,
    attributes: string,
  ): string {
    const unique = this.unique(name);
    const attr: Record<string, object> = {
      attr: { value: { case: "s", value: new TextEncoder().encode(attributes) } },
    };
    if (shape !== undefined) {
      const list = { shape: [{ dim: shape.map((size) => ({ size: BigInt(size) })) }] };
      attr._output_shapes = { value: { case: "list", value: list } };
    }
    this.nodes.push({ name: unique, op, input, attr } as Node);
    return unique;
  }

  /** Scopes by module: `Net/Sequential[features]/Conv2d[0]`. */
  scopeOf(path: string): string {
    let scope = typeOf(this.model);
    let module: Module | undefined = this.model;
    for (const name of path === "" ? [] : path.split(".")) {
      module = module?.namedChildren().find(([known]) => known === name)?.[1];
      scope += `/${module === undefined ? name : `${typeOf(module)}[${name}]`}`;
    }
    return scope;
  }

  input(value: Tensor, index: number): void {
    this.known.set(value, this.put(`input/input.${index + 1}`, "IO Node", [], value.shape, "{}"));
  }

  /** Names parameters and buffers; those that no op takes are no nodes. */
  private holders = new Map<Tensor, string>();

  holder(path: string, value: Tensor): void {
    const at = path.lastIndexOf(".");
    this.holders.set(value, `${this.scopeOf(path.slice(0, Math.max(0, at)))}/${path.slice(at + 1)}`);
  }

  private sourceOf(value: Tensor): string {
    const known = this.known.get(value);
    if (known !== undefined) return known;
    const holder = this.holders.get(value);
    const name =
      holder === undefined
        ? this.put(`${this.scopes.at(-1)}/constant`, "Constant", [], value.shape, "{}")
        : this.put(holder, "Parameter", [], value.shape, "{}");
    this.known.set(value, name);
    return name;
  }

  enter(scope: string): void {
    this.scopes.push(scope);
  }

  leave(): void {
    this.scopes.pop();
  }

  call(op: string, given: readonly unknown[], run: () => unknown): unknown {
    if (this.isWithin) return run();
    this.isWithin = true;
    let result: unknown;
    try {
      result = run();
    } finally {
      this.isWithin = false;
    }
    const outputs = tensorsIn(result);
    if (outputs.length === 0) return result;
    const inputs = [...new Set(tensorsIn(given))].map((value) => this.sourceOf(value));
    const name = this.put(`${this.scopes.at(-1)}/${op}`, op, inputs, outputs[0]!.shape, attributesOf(given));
    for (const output of outputs) this.known.set(output, name);
    return result;
  }

  output(value: Tensor, index: number): void {
    this.put(`output/output.${index + 1}`, "IO Node", [this.sourceOf(value)], value.shape, "{}");
  }
}

/** Lets a recorder know in which module each op runs. @returns What undoes it. */
function followModules(model: Module, recorder: Recorder): () => void {
  const handles = model.namedModules({ removeDuplicate: true }).flatMap(([path, module]) => {
    const scope = recorder.scopeOf(path);
    const enter = module.registerForwardPreHook(() => recorder.enter(scope));
    const leave = module.registerForwardHook(() => recorder.leave());
    return [enter, leave];
  });
  return () => {
    for (const handle of handles) handle.remove();
  };
}

/** Runs the model once, in eval mode and without gradients, as it is found afterwards. */
function record(model: Module, inputs: readonly unknown[]): Recorder {
  const recorder = new Recorder(model);
  for (const [path, value] of [...model.namedParameters(), ...model.namedBuffers()]) recorder.holder(path, value);
  for (const [i, value] of tensorsIn(inputs).entries()) recorder.input(value, i);
  const modes = model.namedModules().map(([, module]) => [module, module.training] as const);
  const unfollow = followModules(model, recorder);
  model.eval();
  const previous = watchCalls((op, given, run) => recorder.call(op.opName, given, run));
  try {
    const result = gradEnabled.run("addGraph", false, () =>
      (model as unknown as (...given: unknown[]) => unknown)(...inputs),
    );
    for (const [i, value] of tensorsIn(result).entries()) recorder.output(value, i);
  } finally {
    watchCalls(previous);
    unfollow();
    for (const [module, training] of modes) module.training = training;
  }
  return recorder;
}

/** A module's graph and what TensorBoard wants beside it, as messages. @throws ArgumentError. */
export function graphOf(model: unknown, input: unknown, isVerbose: boolean): { graph: Uint8Array; run: Uint8Array } {
  if (!(model instanceof Module)) throw new ArgumentError(`model must be a module, got ${describe(model)}`);
  if (input === undefined) throw new ArgumentError("inputToModel is needed: a tensor, or a list of the inputs");
  const { nodes } = record(model, Array.isArray(input) ? input : [input]);
  if (isVerbose)
    console.log(nodes.map(({ name, op, input: from }) => `${name} = ${op}(${from?.join(", ")})`).join("\n"));
  const graph = create(GraphDefSchema, { node: nodes, versions: { producer: PRODUCER } });
  const run = create(RunMetadataSchema, { stepStats: { devStats: [{ device: "/device:CPU:0" }] } });
  return { graph: toBinary(GraphDefSchema, graph), run: toBinary(RunMetadataSchema, run) };
}
