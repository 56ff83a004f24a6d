/** Nodes of the graph that backward walks, and how operations record them. */
import type { DType } from "../core/dtype";
import { AutogradError } from "../core/errors";
import { shapeText } from "../core/shape";
import type { Storage } from "../tensor/storage";
import { type GradFn, onViewHistory, Tensor } from "../tensor/tensor";
import { isGradEnabled } from "./mode";

/** Gradients for the inputs of a node; undefined or null where none flows. */
export type Grads = readonly (Tensor | undefined | null)[];

/** Where the gradient of an input goes: an input of another node. Null for inputs that do not require grad. */
export interface Edge {
  readonly node: Node;
  readonly index: number;
}

/** What a node must know of an output of its operation. */
export interface OutputInfo {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** A zero gradient is made here for an output that none reached. */
  readonly like: Storage["backend"];
}

export type NodePreHook = (gradOutputs: Grads) => Grads | undefined | void;
export type NodeHook = (gradInputs: Grads, gradOutputs: Grads) => Grads | undefined | void;

let created = 0;

/** A step of backward: takes gradients of an operation's outputs, gives gradients of its inputs. */
export abstract class Node implements GradFn {
  /** Later nodes are processed first. */
  readonly sequence = created++;
  readonly outputs: OutputInfo[] = [];
  /** Hooks on the gradients of single outputs, in the order of registration. */
  outputHooks: Map<number, Map<number, (grad: Tensor) => Tensor | undefined | void>> | null = null;
  /** Outputs whose tensors keep their gradient. */
  retained: Map<number, WeakRef<Tensor>> | null = null;
  preHooks: Map<number, NodePreHook> | null = null;
  postHooks: Map<number, NodeHook> | null = null;

  constructor(
    readonly name: string,
    readonly edges: readonly (Edge | null)[],
  ) {}

  /** The nodes that gradients go on to, with the position among their inputs. @see torch.autograd.graph.Node.next_functions */
  get nextFunctions(): readonly (readonly [Node | null, number])[] {
    return this.edges.map((edge) => [edge?.node ?? null, edge?.index ?? 0]);
  }

  abstract apply(grads: (Tensor | undefined)[]): Grads;

  /** Lets go of what was saved. */
  release(): void {}

  /** Whether temporaries of `apply` are invisible to users, so that the engine may give them back. */
  get isInternal(): boolean {
    return true;
  }

  toString(): string {
    return `<${this.name}>`;
  }
}

/** Adds what arrives to the `grad` of a leaf. */
export class AccumulateGrad extends Node {
  constructor(readonly variable: Tensor) {
    super("AccumulateGrad", []);
    this.outputs.push(infoOf(variable));
  }

  apply(): Grads {
    return [];
  }
}

const infoOf = (x: Tensor): OutputInfo => ({ shape: x.shape, dtype: x.dtype, like: x.storage.backend });

/** A tensor kept for backward: its memory, its place in the graph, and the version that it had. */
class SavedTensor {
  private readonly tensor: Tensor;
  private readonly version: number;

  constructor(x: Tensor) {
    this.tensor = sharedHandle(x);
    this.version = x.storage.version;
  }

  /** @throws AutogradError if the tensor was changed in place since. */
  unpack(op: string): Tensor {
    const { tensor } = this;
    if (tensor.storage.version !== this.version)
      throw new AutogradError(
        `one of the variables needed for gradient computation has been modified by an inplace operation: [${tensor.type()} ${shapeText(tensor.shape)}]` +
          `${tensor.node ? `, which is output ${tensor.outputNr} of ${tensor.node.name},` : ""} is at version ${tensor.storage.version}; expected version ${this.version} instead. ` +
          `${op} saved it; change a copy (x.clone()) instead, or use the out-of-place operation.`,
      );
    return tensor;
  }

  release(): void {
    this.tensor.dispose();
  }
}

/** Another handle on the same memory and at the same place in the graph, so that the owner's may be disposed. */
function sharedHandle(x: Tensor): Tensor {
  const handle = new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
  handle.isKept = true;
  handle.node = x.gradFn;
  handle.outputNr = x.outputNr;
  if (x.leafRequiresGrad) {
    handle.leafRequiresGrad = true;
    handle.accumulator = accumulatorOf(x);
  }
  return handle;
}

/** The gradient of one input, from the gradient of the only output and what was saved. */
export type InputGrad = (g: Tensor, saved: readonly Tensor[]) => Tensor | undefined | null;

/** All gradients at once, for operations whose gradients share work or that have several outputs. `needs` says which inputs want one. */
export type AllGrads = (
  gs: readonly (Tensor | undefined)[],
  saved: readonly Tensor[],
  needs: readonly boolean[],
) => Grads;

/** The backward of one recorded operation. */
class OpNode extends Node {
  private saved: SavedTensor[] | undefined;

  constructor(
    name: string,
    edges: readonly (Edge | null)[],
    private readonly rule: readonly (InputGrad | null)[] | AllGrads,
  ) {
    super(name, edges);
  }

  save(tensors: readonly Tensor[]): void {
    this.saved = tensors.map((x) => new SavedTensor(x));
  }

  apply(grads: (Tensor | undefined)[]): Grads {
    if (this.saved === undefined)
      throw new AutogradError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). Saved intermediate values of the graph are freed when you call backward() or autograd.grad(). Specify retainGraph: true if you need to backward through the graph a second time or if you need to access saved tensors after calling backward.",
      );
    const saved = this.saved.map((s) => s.unpack(this.name));
    const { rule } = this;
    if (typeof rule === "function")
      return rule(
        grads,
        saved,
        this.edges.map((edge) => edge !== null),
      );
    const g = grads[0]!;
    return rule.map((grad, i) => (this.edges[i] === null || grad === null ? undefined : grad(g, saved)));
  }

  override release(): void {
    if (this.saved === undefined || this.saved.length === 0) return;
    for (const saved of this.saved) saved.release();
    this.saved = undefined;
  }
}

/** The node that a leaf's gradient flows to; made when the leaf first enters a graph. */
export function accumulatorOf(leaf: Tensor): AccumulateGrad {
  leaf.accumulator ??= new AccumulateGrad(leaf);
  return leaf.accumulator as AccumulateGrad;
}

/** Where a tensor's gradient flows to, or null if it does not require grad. */
export function edgeOf(x: Tensor): Edge | null {
  const node = x.gradFn as Node | null;
  if (node !== null) return { node, index: x.outputNr };
  return x.leafRequiresGrad ? { node: accumulatorOf(x), index: 0 } : null;
}

/** Inputs of an operation as it got them: only tensors take part in the graph. */
export type Inputs = readonly (Tensor | number | undefined | null)[];

/** Whether an operation on these inputs is to be recorded. */
export function isRecorded(inputs: Inputs): boolean {
  if (!isGradEnabled()) return false;
  for (const x of inputs) if (x instanceof Tensor && x.requiresGrad) return true;
  return false;
}

/**
 * Records an operation of one output, if any input requires grad, and returns the output.
 *
 * @param name PyTorch's name of the node, such as `MulBackward0`.
 * @param saved The tensors that backward needs, and no others: they stay in memory until it has run.
 * @param rule The gradient of each input in differentiable ops, or all gradients at once.
 */
export function record(
  name: string,
  output: Tensor,
  inputs: Inputs,
  saved: readonly Tensor[],
  rule: readonly (InputGrad | null)[] | AllGrads,
): Tensor {
  if (isRecorded(inputs)) attach(name, [output], inputs, saved, rule);
  return output;
}

/** {@link record} for several outputs; those that are not floating-point get no history. */
export function recordAll<T extends readonly Tensor[]>(
  name: string,
  outputs: T,
  inputs: Inputs,
  saved: readonly Tensor[],
  rule: AllGrads,
): T {
  if (isRecorded(inputs)) attach(name, outputs, inputs, saved, rule);
  return outputs;
}

function attach(
  name: string,
  outputs: readonly Tensor[],
  inputs: Inputs,
  saved: readonly Tensor[],
  rule: readonly (InputGrad | null)[] | AllGrads,
): void {
  for (const x of saved)
    if (x.isInference())
      throw new AutogradError(
        "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor and use it in autograd.",
      );
  const node = new OpNode(
    name,
    inputs.map((x) => (x instanceof Tensor ? edgeOf(x) : null)),
    rule,
  );
  setHistory(node, outputs);
  node.save(saved);
}

/** Makes `node` the origin of the outputs. */
export function setHistory(node: Node, outputs: readonly Tensor[]): void {
  for (let i = 0; i < outputs.length; i++) {
    const output = outputs[i]!;
    node.outputs.push(infoOf(output));
    if (!output.isFloatingPoint()) continue;
    output.node = node;
    output.outputNr = i;
  }
}

/**
 * The node of a view: the one that it was made with, or, once the base was changed in place, a fresh view of the base as it is now.
 * `replay` (set by the view ops) rebuilds the view's history from its base.
 */
let replayView: (view: Tensor, base: Tensor) => GradFn | null = () => null;

export function onReplayView(rule: (view: Tensor, base: Tensor) => GradFn | null): void {
  replayView = rule;
}

onViewHistory((x) => {
  const origin = x.origin!;
  if (origin.version === x.storage.version) return x.node;
  origin.version = x.storage.version;
  const { base } = origin;
  if (base.node !== null) {
    x.node = replayView(x, base);
    x.outputNr = 0;
  }
  return x.node;
});
