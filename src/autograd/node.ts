/** Nodes of the graph that backward walks, and how operations record them. */
import type { Device } from "../backend/backend";
import { checkFunction } from "../core/arguments";
import type { DType } from "../core/dtype";
import { ArgumentError, AutogradError, describe } from "../core/errors";
import { allocateFor, filled } from "../tensor/create";
import { enrollStep, noteHistory } from "../tensor/scope";
import { type GradFn, onViewHistory, Tensor } from "../tensor/tensor";
import { captureTrace, isTracing, type Trace } from "./anomaly";
import { addHook, type RemovableHandle } from "./handle";
import { isGradEnabled } from "./mode";
import { checkSavable, graphFreed, type Saved, saveTensor } from "./savedTensor";

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
  readonly device: Device;
}

/** Gets the gradients of a node's outputs before its backward; may return others. */
export type NodePreHook = (gradOutputs: Grads) => Grads | undefined | void;
/** Gets the gradients of a node's inputs and outputs after its backward; may return others for the inputs. */
export type NodeHook = (gradInputs: Grads, gradOutputs: Grads) => Grads | undefined | void;

let created = 0;

const noValues: readonly unknown[] = [];

/**
 * A step of backward: takes gradients of an operation's outputs, gives gradients of its inputs.
 * @see torch.autograd.graph.Node
 */
export abstract class Node implements GradFn {
  outputs: OutputInfo[] = [];
  /** Hooks on the gradients of single outputs, in the order of registration. */
  outputHooks: Map<number, Map<number, (grad: Tensor) => Tensor | undefined | void>> | null = null;
  /** Outputs whose tensors keep their gradient. */
  retained: Map<number, WeakRef<Tensor>> | null = null;
  preHooks: Map<number, NodePreHook> | null = null;
  postHooks: Map<number, NodeHook> | null = null;
  /** @internal Where the operation was called; known in anomaly mode only. */
  readonly trace: Trace | null = isTracing() ? captureTrace() : null;

  constructor(
    readonly name: string,
    readonly edges: readonly (Edge | null)[],
    /** The node of the highest number, the latest, is processed first among those that are ready. */
    readonly sequence = created++,
  ) {}

  /** The nodes that gradients go on to, with the position among their inputs. @see torch.autograd.graph.Node.next_functions */
  get nextFunctions(): readonly (readonly [Node | null, number])[] {
    return this.edges.map((edge) => [edge?.node ?? null, edge?.index ?? 0]);
  }

  /**
   * Calls `hook` with the gradients of the node's inputs and of its outputs, each time its backward has run.
   * @see torch.autograd.graph.Node.register_hook
   */
  registerHook(hook: NodeHook): RemovableHandle {
    checkFunction("registerHook", "hook", hook);
    this.postHooks ??= new Map();
    return addHook(this.postHooks, hook);
  }

  /**
   * Calls `hook` with the gradients of the node's outputs, each time before its backward runs.
   * @see torch.autograd.graph.Node.register_prehook
   */
  registerPrehook(hook: NodePreHook): RemovableHandle {
    checkFunction("registerPrehook", "hook", hook);
    this.preHooks ??= new Map();
    return addHook(this.preHooks, hook);
  }

  /**
   * Gradients of the inputs from those of the outputs.
   * @param needed The nodes that this pass needs, where it does not need all: gradients for others may be left out.
   */
  abstract apply(grads: (Tensor | undefined)[], needed?: ReadonlySet<Node>): Grads;

  /** Lets go of what was saved. */
  release(): void {}

  /** @internal Whether nothing saved is left. */
  get isReleased(): boolean {
    return true;
  }

  /** @internal Values in which tensors may occur that `apply` uses. */
  get kept(): readonly unknown[] {
    return noValues;
  }

  /** @internal Lets the collector find what was saved. */
  watch(): void {}

  /** Whether temporaries of `apply` are invisible to users, so that the engine may give them back. */
  get isInternal(): boolean {
    return true;
  }

  toString(): string {
    return `<${this.name}>`;
  }
}

/**
 * Adds what arrives to the `grad` of a leaf: as soon as all has arrived, before any other node, so that hooks of a leaf run while backward goes on
 * and its gradient need not wait. @see torch::autograd::AccumulateGrad
 */
export class AccumulateGrad extends Node {
  /** @internal Called in every pass that leads here once the leaf's gradient is complete, also if nothing arrived. They get no gradient, so that none is copied. */
  readyHooks: Map<number, (leaf: Tensor) => void> | null = null;

  constructor(readonly variable: Tensor) {
    if (!(variable instanceof Tensor))
      throw new ArgumentError(`AccumulateGrad: variable must be a Tensor, got ${describe(variable)}`);
    super("AccumulateGrad", [], Number.POSITIVE_INFINITY);
    this.outputs = [infoOf(variable)];
  }

  apply(): Grads {
    return [];
  }
}

export const infoOf = (x: Tensor): OutputInfo => ({ shape: x.shape, dtype: x.dtype, device: x.device });

/** A gradient for an output that nothing arrived for. */
export const zeroGradient = ({ shape, dtype, device }: OutputInfo): Tensor =>
  filled(allocateFor("backward", shape, { dtype, device }, dtype), 0);

/** The node that a leaf's gradient flows to; made when the leaf first enters a graph. */
export function accumulatorOf(leaf: Tensor): AccumulateGrad {
  leaf.accumulator ??= new AccumulateGrad(leaf);
  return leaf.accumulator as AccumulateGrad;
}

/** Keeps a tensor for backward, at its place in the graph. */
export const keep = (x: Tensor): Saved => saveTensor(x, x.leafRequiresGrad ? accumulatorOf(x) : null);

/** What users' hooks made of saved tensors. */
export const packedBy = (list: readonly (Saved | null)[] = []): readonly unknown[] =>
  list.some((saved) => saved?.packed !== undefined) ? list.map((saved) => saved?.packed) : noValues;

/** The gradient of one input, from the gradient of the only output and what was saved. */
export type InputGrad = (g: Tensor, saved: readonly Tensor[]) => Tensor | undefined | null;

/** All gradients at once, for operations whose gradients share work or that have several outputs. `needs` says which inputs want one. */
export type AllGrads = (
  gs: readonly (Tensor | undefined)[],
  saved: readonly Tensor[],
  needs: readonly boolean[],
) => Grads;

const nothingSaved: readonly Saved[] = [];

/** The backward of one recorded operation. */
class OpNode extends Node {
  private saved: readonly Saved[] | undefined;

  constructor(
    name: string,
    edges: readonly (Edge | null)[],
    private readonly rule: readonly (InputGrad | null)[] | AllGrads,
  ) {
    super(name, edges);
  }

  save(tensors: readonly Tensor[]): void {
    if (tensors.length > 0) {
      enrollStep(this);
      this.saved = tensors.map(keep);
    } else this.saved = nothingSaved;
  }

  override get isReleased(): boolean {
    return this.saved === undefined;
  }

  override get kept(): readonly unknown[] {
    return packedBy(this.saved);
  }

  override watch(): void {
    for (const saved of this.saved ?? []) saved.watch();
  }

  apply(grads: (Tensor | undefined)[], needed?: ReadonlySet<Node>): Grads {
    if (this.saved === undefined) throw graphFreed();
    const saved = this.saved.map((s) => s.unpack(this.name));
    const { rule, edges } = this;
    const needs = (edge: Edge | null): boolean => edge !== null && (needed === undefined || needed.has(edge.node));
    if (typeof rule === "function") return rule(grads, saved, edges.map(needs));
    const g = grads[0]!;
    return rule.map((grad, i) => (grad !== null && needs(edges[i]!) ? grad(g, saved) : undefined));
  }

  override release(): void {
    if (this.saved === undefined || this.saved.length === 0) return;
    for (const saved of this.saved) saved.release();
    this.saved = undefined;
  }
}

/** Where a tensor's gradient flows to, or null if it does not require grad. */
export function edgeOf(x: Tensor): Edge | null {
  const node = x.gradFn as Node | null;
  if (node !== null) return { node, index: x.outputNr };
  return x.leafRequiresGrad ? { node: accumulatorOf(x), index: 0 } : null;
}

/** An input of an operation as it got it: only tensors take part in the graph. */
type Input = Tensor | number | undefined | null;
export type Inputs = readonly Input[];

const edgeOfInput = (x: Input): Edge | null => (x instanceof Tensor ? edgeOf(x) : null);

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
  return isRecorded(inputs) ? recordStep(name, output, inputs, saved, rule) : output;
}

/** {@link record} for callers that have asked {@link isRecorded} already. */
export function recordStep(
  name: string,
  output: Tensor,
  inputs: Inputs,
  saved: readonly Tensor[],
  rule: readonly (InputGrad | null)[] | AllGrads,
): Tensor {
  const node = nodeFor(name, inputs, saved, rule);
  node.outputs = [infoOf(output)];
  setOrigin(output, node, 0);
  node.save(saved);
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
  if (!isRecorded(inputs)) return outputs;
  const node = nodeFor(name, inputs, saved, rule);
  setHistory(node, outputs);
  node.save(saved);
  return outputs;
}

function nodeFor(
  name: string,
  inputs: Inputs,
  saved: readonly Tensor[],
  rule: readonly (InputGrad | null)[] | AllGrads,
): OpNode {
  for (const x of saved) checkSavable(x);
  return new OpNode(name, inputs.map(edgeOfInput), rule);
}

/** Makes `node` the origin of the outputs. */
export function setHistory(node: Node, outputs: readonly Tensor[]): void {
  node.outputs = outputs.map(infoOf);
  for (const [i, output] of outputs.entries()) setOrigin(output, node, i);
}

function setOrigin(output: Tensor, node: Node, outputNr: number): void {
  if (!output.isFloatingPoint()) return;
  output.node = node;
  output.outputNr = outputNr;
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
  if (origin.inplaceError !== undefined && x.node !== null && origin.base.node !== null)
    throw new AutogradError(
      `Output ${x.outputNr} of ${x.node?.name} is a view and its base or another view of its base has been modified inplace. ${origin.inplaceError}`,
    );
  origin.version = x.storage.version;
  const { base } = origin;
  if (base.node !== null) replaceHistory(x, replayView(x, base) as Node | null, 0);
  return x.node;
});

/** Gives a tensor that was changed in place its new history. If it keeps its gradient, it will keep that of its new value. */
export function replaceHistory(x: Tensor, node: Node | null, outputNr: number): void {
  if (x.retainsGrad) {
    (x.node as Node | null)?.retained?.delete(x.outputNr);
    if (node !== null) {
      node.retained ??= new Map();
      node.retained.set(outputNr, new WeakRef(x));
    }
  }
  x.node = node;
  x.outputNr = outputNr;
  noteHistory(x);
}

/**
 * Makes an output of `node` the history of `x`, which was changed in place. If `x` is a view, its base gets the change as a slice
 * (by the rule that the in-place ops set).
 */
export function rebaseHistory(x: Tensor, node: Node, outputNr: number): void {
  const changed = new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
  changed.node = node;
  changed.outputNr = outputNr;
  x.leafRequiresGrad = false;
  rebase(x, changed);
}

let rebase = (_x: Tensor, _changed: Tensor): void => {};

export function onRebase(rule: (x: Tensor, changed: Tensor) => void): void {
  rebase = rule;
}
