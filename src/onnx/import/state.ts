/** Initializers as parameters and buffers of modules whose paths are their names. */
import { isFloat } from "../../core/dtype";
import { Module } from "../../nn/module/module";
import { Parameter } from "../../nn/module/parameter";
import { Tensor } from "../../tensor/tensor";
import type { GraphProto, TensorProto } from "../proto/onnx_pb";
import type { Entry } from "./entry";
import type { Origin } from "./plan";
import { type External, readTensor } from "./tensors";
import { isSequence, Strings, type Value } from "./values";

/** A part of a model's path that holds parameters. */
export class OnnxPart extends Module {}

interface Held {
  readonly name: string;
  readonly value: Tensor;
  isWeight: boolean;
  /** Where the module has it. */
  holder?: Record<string, unknown>;
  field?: string;
}

/** Ops that hand on what they are given: they say nothing of whether it is learned. */
const carriers = new Set(
  "Cast Flatten Identity Pow Reshape Slice Split Squeeze Tile Transpose Unsqueeze Where".split(" "),
);

/** Names that exporters give to constants, and not to what a model has learned: `/block/Constant_1`, `const_fold_opt__7`, `onnx::Mul_12`. */
const constantName = /(^|[/:_.])const(ant)?s?([_:.\d]|$)|^onnx::\w+_\d+$|(^|[._/])(mask|anchors?|mean|std)$/i;

/** Whether a tensor that arithmetic reads was learned: of those that exporters name as constants, and of single numbers and masks, none is. */
function isLearned({ name, value }: Held): boolean {
  return value.numel() > 1 && !constantName.test(name) && Boolean(value.isfinite().all().item());
}

/** Collects the initializers while the graphs are resolved; then gives them to the module. */
export class State {
  private readonly held = new Map<Origin, Held>();

  constructor(
    private readonly file: string,
    private readonly external: External,
    /** What the exporting program says of its state. */
    private readonly named: { readonly parameters: ReadonlySet<string>; readonly buffers: ReadonlySet<string> },
  ) {}

  readonly add = (proto: TensorProto, graph: GraphProto): Origin => {
    const value = readTensor(proto, `${this.file}, graph "${graph.name ?? ""}"`, this.external);
    if (value instanceof Strings) return () => value;
    const held: Held = { name: proto.name ?? "", value, isWeight: false };
    const origin = () => (held.holder === undefined ? held.value : (held.holder[held.field!] as Value));
    this.held.set(origin, held);
    return origin;
  };

  /** Marks a tensor as a parameter if it is one where this node reads it; see `docs/onnx.md` for the rule. */
  readonly used = (origin: Origin, { name, weights }: Entry, input: number): void => {
    const held = this.held.get(origin);
    if (held === undefined || weights === undefined || !isFloat(held.value.dtype) || this.named.buffers.has(held.name))
      return;
    if (this.named.parameters.has(held.name)) held.isWeight = true;
    else if (weights === "all" || carriers.has(name)) held.isWeight ||= isLearned(held);
    else held.isWeight ||= weights.includes(input);
  };

  /** Sets the parameters and buffers of the model. */
  attach(model: Module): void {
    for (const held of this.held.values()) {
      const { holder, field } = placeFor(model, held.name);
      if (held.isWeight) (holder as unknown as Record<string, unknown>)[field] = new Parameter(held.value);
      else holder.registerBuffer(field, held.value);
      held.holder = holder as unknown as Record<string, unknown>;
      held.field = field;
    }
  }
}

/** The module and the field of a name: dots lead to modules inside. Names that something else has get a `_`. */
function placeFor(model: Module, name: string): { holder: Module; field: string } {
  const parts = name.split(".").map((part) => (part === "" || part === "__proto__" ? `_${part}_` : part));
  let holder = model;
  for (const part of parts.slice(0, -1)) holder = partOf(holder, part);
  return { holder, field: freeName(holder, parts.at(-1)!) };
}

function partOf(module: Module, name: string): Module {
  const fields = module as unknown as Record<string, unknown>;
  for (let field = name; ; field += "_") {
    if (Object.hasOwn(fields, field) && fields[field] instanceof OnnxPart) return fields[field] as OnnxPart;
    if (field in module) continue;
    const part = new OnnxPart();
    fields[field] = part;
    return part;
  }
}

function freeName(module: Module, name: string): string {
  let field = name;
  while (field in module) field += "_";
  return field;
}

/** Whether any tensor of a value has a gradient to come. */
export const needsGrad = (value: Value): boolean =>
  value instanceof Tensor ? value.requiresGrad : isSequence(value) && value.some(needsGrad);
