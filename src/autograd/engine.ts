/** Backward: walks the graph from the outputs, iteratively, latest node first. */
import { AutogradError } from "../core/errors";
import { sameShape, shapeText } from "../core/shape";
import { allocate, filled } from "../tensor/create";
import { runInScope, runInUserScope } from "../tensor/scope";
import { isTensor, Tensor } from "../tensor/tensor";
import { isAnomalyEnabled, runTraced } from "./anomaly";
import { runPostAccumulateHooks, runTensorHooks } from "./hooks";
import { AccumulateGrad, accumulatorOf, type Edge, type Grads, type Node, type NodeHook } from "./node";

/** By node and output of its operation, the positions among the results that get the gradient. */
export type Captures = Map<Node, Map<number, number[]>>;

/** How a pass over the graph behaves. */
export interface Pass {
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
  /** The only places whose gradients are wanted; undefined means all leaves accumulate. */
  readonly captures: Captures | undefined;
  readonly results: (Tensor | undefined)[];
}

/** Gradients on their way to a node, one per output of its operation. */
type Buffer = (Tensor | undefined)[];

/** The nodes whose turn has come, latest first: a binary heap by sequence number. */
class Ready {
  private readonly heap: Node[] = [];

  get size(): number {
    return this.heap.length;
  }

  push(node: Node): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(node);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.sequence >= node.sequence) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = node;
  }

  pop(): Node {
    const { heap } = this;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.sequence > heap[child]!.sequence) child++;
      if (heap[child]!.sequence <= last.sequence) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

/** How many edges lead into each node that can be reached. */
function countDependencies(roots: readonly Node[]): Map<Node, number> {
  const counts = new Map<Node, number>();
  const stack: Node[] = [];
  for (const root of roots)
    if (!counts.has(root)) {
      counts.set(root, 0);
      stack.push(root);
    }
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (const edge of node.edges) {
      if (edge === null) continue;
      const count = counts.get(edge.node);
      counts.set(edge.node, (count ?? 0) + 1);
      if (count === undefined) stack.push(edge.node);
    }
  return counts;
}

/** The nodes from which a captured place can be reached: no others need to run. */
function neededNodes(roots: readonly Node[], captures: Map<Node, unknown>): Set<Node> {
  const needed = new Set<Node>(captures.keys());
  const order: Node[] = [...countDependencies(roots).keys()].sort((a, b) => a.sequence - b.sequence);
  for (const node of order) if (node.edges.some((edge) => edge !== null && needed.has(edge.node))) needed.add(node);
  return needed;
}

/** Adds a gradient to a buffer. Gradients that the engine made itself are given back once they are summed. */
function accumulate(buffer: Buffer, index: number, grad: Tensor, createGraph: boolean): void {
  const have = buffer[index];
  if (have === undefined) {
    buffer[index] = grad;
    return;
  }
  buffer[index] = have.add(grad);
  if (createGraph) return;
  drop(have);
  drop(grad);
}

/** Gives a gradient back unless users may have seen it. */
function drop(grad: Tensor | undefined): void {
  if (grad !== undefined && !grad.isShared) grad.dispose();
}

/** Another handle on the same values, so that every place owns its own. */
export const alias = (x: Tensor): Tensor => {
  const copy = new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
  copy.node = x.gradFn;
  copy.outputNr = x.outputNr;
  copy.leafRequiresGrad = x.leafRequiresGrad;
  // A leaf and its aliases are one variable: they must not get an accumulator each.
  if (x.leafRequiresGrad) copy.accumulator = accumulatorOf(x);
  return copy;
};

/** Sets or adds to `leaf.grad`. */
export function accumulateLeaf(leaf: Tensor, grad: Tensor, createGraph: boolean): void {
  const { ownGrad: have } = leaf;
  // A gradient with a graph may be that of other leaves too, so each gets its own.
  if (createGraph) leaf.grad = have === null ? grad.clone() : have.add(grad);
  else if (have !== null) {
    if (have.requiresGrad) leaf.grad = have.add(grad);
    else have.add_(grad);
    drop(grad);
  } else if (!grad.isShared && grad.storage.isUnshared && grad.isContiguous()) {
    // Nobody else holds this memory: take it over instead of copying.
    leaf.grad = grad;
  } else {
    leaf.grad = grad.clone();
    drop(grad);
  }
  runPostAccumulateHooks(leaf);
}

/** Checks and completes what a node returned: one gradient per input, of the input's shape. */
function checkGrads(node: Node, grads: Grads): void {
  if (grads.length > node.edges.length && grads.slice(node.edges.length).some((g) => g))
    throw new AutogradError(
      `${node.name} returned ${grads.length} gradients, but its operation has ${node.edges.length} inputs`,
    );
  node.edges.forEach((edge, i) => {
    const grad = grads[i];
    if (edge === null || !grad) return;
    const { shape, dtype } = edge.node.outputs[edge.index]!;
    if (!sameShape(grad.shape, shape))
      throw new AutogradError(
        `Function ${node.name} returned an invalid gradient at index ${i} - got ${shapeText(grad.shape)} but expected shape compatible with ${shapeText(shape)}`,
      );
    if (grad.dtype !== dtype)
      throw new AutogradError(
        `Function ${node.name} returned an invalid gradient at index ${i} - expected type ${dtype} but got ${grad.dtype}`,
      );
  });
}

/** Runs the hooks on the outputs of a node's operation, and keeps or captures gradients as asked. */
function receive(node: Node, buffer: Buffer, pass: Pass): Buffer {
  const { outputHooks, retained } = node;
  let grads: Grads = buffer;
  if (node.preHooks !== null)
    for (const hook of node.preHooks.values()) grads = share(hook(grads) ?? undefined) ?? share(grads)!;
  const out: Buffer = grads.map((g) => g ?? undefined);
  for (let i = 0; i < out.length; i++) {
    const hooks = outputHooks?.get(i);
    if (hooks !== undefined && out[i] !== undefined) out[i] = runTensorHooks(hooks, out[i]!);
    const keeper = retained?.get(i)?.deref();
    if (keeper !== undefined && out[i] !== undefined) retain(keeper, out[i]!);
    capture(node, i, out[i], pass);
  }
  return out;
}

/** Marks gradients that users saw, so that the engine leaves them to the collector. */
function share(grads: Grads | undefined): Grads | undefined {
  if (grads !== undefined) for (const g of grads) if (g) g.isShared = true;
  return grads;
}

/** Sets or adds to the `grad` of a tensor that is not a leaf. */
export function retain(x: Tensor, grad: Tensor): void {
  grad.isShared = true;
  x.grad = x.ownGrad === null ? grad : x.ownGrad.add(grad);
}

function capture(node: Node, index: number, grad: Tensor | undefined, pass: Pass): void {
  const places = pass.captures?.get(node)?.get(index);
  if (places === undefined || grad === undefined) return;
  grad.isShared = true;
  for (const place of places) pass.results[place] = grad;
}

/** Gradients of a node's inputs, with a zero for each output that no gradient reached. */
function evaluate(node: Node, buffer: Buffer, pass: Pass, needed: ReadonlySet<Node> | undefined): Grads {
  const run = (): Grads =>
    isAnomalyEnabled() ? runTraced(node, () => applyNode(node, buffer, needed)) : applyNode(node, buffer, needed);
  return pass.createGraph || !node.isInternal
    ? run()
    : runInScope(
        () => separate(run(), buffer),
        isTensor,
        (x) => x.isShared,
      );
}

function applyNode(node: Node, buffer: Buffer, needed: ReadonlySet<Node> | undefined): Grads {
  const grads = buffer.map(
    (g, i) => g ?? (node.edges.length > 0 && node.outputs.length === 1 ? zeroGrad(node, i) : undefined),
  );
  const own = node.apply(grads, needed);
  const inputs = node.postHooks === null ? own : runPostHooks(node.postHooks, own, grads);
  checkGrads(node, inputs);
  return inputs;
}

function runPostHooks(hooks: ReadonlyMap<number, NodeHook>, gradInputs: Grads, gradOutputs: Grads): Grads {
  let inputs = share(gradInputs)!;
  share(gradOutputs);
  return runInUserScope(() => {
    for (const hook of hooks.values()) inputs = share(hook(inputs, gradOutputs) ?? undefined) ?? inputs;
    return inputs;
  });
}

function zeroGrad(node: Node, index: number): Tensor {
  const { shape, dtype } = node.outputs[index]!;
  return filled(allocate(shape, dtype), 0);
}

/** Gives every returned gradient a handle of its own: none is an argument, none occurs twice. */
function separate(grads: Grads, buffer: Buffer): Grads {
  return grads.map((g, i) => (g && (buffer.includes(g) || grads.indexOf(g) !== i || g.isShared) ? alias(g) : g));
}

/** A pass under way. */
interface Walk {
  readonly pass: object;
  /** Whether a node takes part. */
  has(node: Node): boolean;
}

let running: Walk | undefined;

/** @internal The innermost pass under way. */
export const runningWalk = (): Walk | undefined => running;

/** One pass over the graph. */
export function walk(roots: readonly Edge[], rootGrads: readonly Tensor[], pass: Pass): void {
  const rootNodes = roots.map((edge) => edge.node);
  const dependencies = countDependencies(rootNodes);
  const needed = pass.captures && neededNodes(rootNodes, pass.captures);
  const outer = running;
  running = { pass, has: (node) => (needed ?? dependencies).has(node) && dependencies.has(node) };
  try {
    visit(roots, rootGrads, pass, dependencies, needed);
  } finally {
    running = outer;
  }
}

/** Runs the nodes, each when all gradients of its operation's outputs have arrived. */
function visit(
  roots: readonly Edge[],
  rootGrads: readonly Tensor[],
  pass: Pass,
  dependencies: Map<Node, number>,
  needed: Set<Node> | undefined,
): void {
  const buffers = new Map<Node, Buffer>();
  const ready = new Ready();
  const deliver = ({ node, index }: Edge, grad: Tensor): void => {
    let buffer = buffers.get(node);
    if (buffer === undefined) {
      buffer = new Array(node.outputs.length).fill(undefined);
      buffers.set(node, buffer);
    }
    accumulate(buffer, index, grad, pass.createGraph);
  };
  roots.forEach((edge, i) => {
    deliver(edge, rootGrads[i]!);
  });
  for (const node of new Set(roots.map((edge) => edge.node))) if (dependencies.get(node) === 0) ready.push(node);
  while (ready.size > 0) {
    const node = ready.pop();
    const grads = process(node, buffers.get(node), pass, needed);
    buffers.delete(node);
    node.edges.forEach((edge, i) => {
      if (edge === null) return;
      const grad = grads?.[i];
      if (grad) deliver(edge, grad);
      const left = dependencies.get(edge.node)! - 1;
      dependencies.set(edge.node, left);
      if (left === 0) ready.push(edge.node);
    });
  }
}

/** Runs one node; undefined when no gradient reached it or none is wanted from it. */
function process(node: Node, buffer: Buffer | undefined, pass: Pass, needed: Set<Node> | undefined): Grads | undefined {
  if (buffer === undefined || (needed !== undefined && !needed.has(node))) {
    for (const grad of buffer ?? []) drop(grad);
    return undefined;
  }
  const received = receive(node, buffer, pass);
  if (node instanceof AccumulateGrad) {
    if (pass.captures === undefined && received[0] !== undefined)
      accumulateLeaf(node.variable, received[0], pass.createGraph);
    return undefined;
  }
  // A node that was only captured does not run, and keeps what it saved for a later pass.
  const leads = needed === undefined || node.edges.some((edge) => edge !== null && needed.has(edge.node));
  const grads = leads ? evaluate(node, received, pass, needed) : undefined;
  if (!pass.createGraph) for (const grad of received) drop(grad);
  if (leads && !pass.retainGraph) node.release();
  return grads;
}
