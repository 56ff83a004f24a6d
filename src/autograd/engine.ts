/** Backward: walks the graph from the outputs, iteratively, latest node first. */
import { AutogradError, DeviceError } from "../core/errors";
import { sameShape, shapeText } from "../core/shape";
import { runInternally, runInUserScope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { isArriving } from "../tensor/transfer";
import { isTracing, runTraced } from "./anomaly";
import { runPostAccumulateHooks, runTensorHooks } from "./hooks";
import { evaluateLater, isAwaited, own, sum } from "./later";
import { AccumulateGrad, accumulatorOf, type Edge, type Grads, type Node, type NodeHook, zeroGradient } from "./node";
import { Ready } from "./ready";

/** The positions among the results that get the gradient, by node and output of its operation. */
export type Captures = Map<Node, Map<number, number[]>>;

/** How a pass over the graph behaves. */
export interface Pass {
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
  /** The only places whose gradients are wanted; undefined means all leaves accumulate. */
  readonly captures: Captures | undefined;
  /** Whether leaves among the captured places accumulate as well. */
  readonly accumulates: boolean;
  readonly results: (Tensor | undefined)[];
}

/** Gradients on their way to a node, one per output of its operation. */
type Buffer = (Tensor | undefined)[];

/** A node's part in a pass. */
class Task {
  /** Edges into the node along which a gradient may still come. */
  waiting = 0;
  /** What has arrived; undefined before the first gradient. */
  buffer: Buffer | undefined;
  /** Where the node's edges lead to. */
  next: readonly (Task | undefined)[] = [];

  constructor(readonly node: Node) {}
}

type Tasks = Map<Node, Task>;

/** The tasks of all nodes that can be reached. */
function plan(roots: readonly Edge[]): Tasks {
  const tasks: Tasks = new Map();
  const stack: Task[] = [];
  const taskOf = (node: Node): Task => {
    let task = tasks.get(node);
    if (task === undefined) {
      task = new Task(node);
      tasks.set(node, task);
      stack.push(task);
    }
    return task;
  };
  for (const { node } of roots) taskOf(node);
  const follow = (edge: Edge | null): Task | undefined => {
    if (edge === null) return undefined;
    const task = taskOf(edge.node);
    task.waiting++;
    return task;
  };
  for (let task = stack.pop(); task !== undefined; task = stack.pop()) task.next = task.node.edges.map(follow);
  return tasks;
}

/** The nodes from which a captured place can be reached: no others need to run. */
function neededNodes(tasks: Tasks, captures: Map<Node, unknown>): Set<Node> {
  const needed = new Set<Node>(captures.keys());
  const order: Node[] = [...tasks.keys()].sort((a, b) => a.sequence - b.sequence);
  for (const node of order) if (node.edges.some((edge) => edge !== null && needed.has(edge.node))) needed.add(node);
  return needed;
}

/** Adds a gradient to those of a task. Gradients that the engine made itself are given back once they are summed. */
function deliver(task: Task, index: number, grad: Tensor, createGraph: boolean): void {
  task.buffer ??= task.node.outputs.map(() => undefined);
  const { buffer } = task;
  const have = buffer[index];
  buffer[index] = have === undefined ? grad : sum(have, grad);
  if (have === undefined || createGraph) return;
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
  if (createGraph) leaf.takeGrad(have === null ? own(grad) : sum(have, grad));
  else if (have !== null) {
    if (have.requiresGrad || isArriving(have) || isArriving(grad)) leaf.takeGrad(sum(have, grad));
    else have.add_(grad);
    drop(grad);
  } else if (!grad.isShared && grad.storage.isUnshared && grad.isContiguous()) {
    // Nobody else holds this memory: take it over instead of copying.
    leaf.takeGrad(grad);
  } else {
    leaf.takeGrad(own(grad));
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
  for (let i = 0; i < node.edges.length; i++) {
    const edge = node.edges[i]!;
    const grad = grads[i];
    if (edge === null || !grad) continue;
    const { shape, dtype, device } = edge.node.outputs[edge.index]!;
    if (!sameShape(grad.shape, shape))
      throw new AutogradError(
        `Function ${node.name} returned an invalid gradient at index ${i} - got ${shapeText(grad.shape)} but expected shape compatible with ${shapeText(shape)}`,
      );
    if (grad.dtype !== dtype)
      throw new AutogradError(
        `Function ${node.name} returned an invalid gradient at index ${i} - expected type ${dtype} but got ${grad.dtype}`,
      );
    if (grad.storage.backend.device !== device)
      throw new DeviceError(
        `Function ${node.name} returned an invalid gradient at index ${i} - expected device ${device} but got ${grad.device}`,
      );
  }
}

/** Runs the hooks on the outputs of a node's operation, and keeps or captures gradients as asked. */
function receive(node: Node, buffer: Buffer, pass: Pass): Buffer {
  const { outputHooks, retained } = node;
  if (node.preHooks === null && outputHooks === null && retained === null && pass.captures === undefined) return buffer;
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
  x.takeGrad(x.ownGrad === null ? alias(grad) : sum(x.ownGrad, grad));
}

function capture(node: Node, index: number, grad: Tensor | undefined, pass: Pass): void {
  if (pass.accumulates && node instanceof AccumulateGrad) return;
  const places = pass.captures?.get(node)?.get(index);
  if (places === undefined || grad === undefined) return;
  grad.isShared = true;
  for (const place of places) pass.results[place] = grad;
}

/** Gradients of a node's inputs. */
function evaluate(node: Node, buffer: Buffer, pass: Pass, needed: ReadonlySet<Node> | undefined): Grads {
  if (pass.createGraph || !node.isInternal) return run(node, buffer, needed);
  return runInternally(() => separate(run(node, buffer, needed), buffer));
}

/** Sees the nodes that backward runs while a profile is made. Gives what the node gave. */
export type NodeWatcher = (node: Node, run: () => Grads) => Grads;

let watcher: NodeWatcher | undefined;

/** Lets `next` see every node that runs, or nobody. @returns Who saw them before. */
export function watchNodes(next: NodeWatcher | undefined): NodeWatcher | undefined {
  const previous = watcher;
  watcher = next;
  return previous;
}

function run(node: Node, buffer: Buffer, needed: ReadonlySet<Node> | undefined): Grads {
  if (watcher !== undefined) return watcher(node, () => traced(node, buffer, needed));
  return traced(node, buffer, needed);
}

function traced(node: Node, buffer: Buffer, needed: ReadonlySet<Node> | undefined): Grads {
  return isTracing() ? runTraced(node, () => applyNode(node, buffer, needed)) : applyNode(node, buffer, needed);
}

/** Runs a node and its hooks. An only output whose gradient a hook took away gets zeros. */
function applyNode(node: Node, buffer: Buffer, needed: ReadonlySet<Node> | undefined): Grads {
  const isMissing = buffer[0] === undefined && node.outputs.length === 1 && node.edges.length > 0;
  const grads = isMissing ? [zeroGradient(node.outputs[0]!)] : buffer;
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

/** Gives every returned gradient a handle of its own: none is an argument, none occurs twice. */
function separate(grads: Grads, buffer: Buffer): Grads {
  let own: (Tensor | undefined | null)[] | undefined;
  for (let i = 0; i < grads.length; i++) {
    const g = grads[i];
    if (!g || !(g.isShared || buffer.includes(g) || grads.indexOf(g) !== i)) continue;
    own ??= [...grads];
    own[i] = alias(g);
  }
  return own ?? grads;
}

/** A pass under way. */
interface Walk {
  readonly pass: object;
  /** What is to run when the pass is over. */
  readonly callbacks: (() => void)[];
  /** Whether a node takes part. */
  has(node: Node): boolean;
}

let running: Walk | undefined;

/** @internal The innermost pass under way. */
export const runningWalk = (): Walk | undefined => running;

/**
 * Runs `callback` when the innermost pass under way has ended, after all of its nodes and in the order of these calls. A pass that fails forgets it.
 * @see torch::autograd::Engine::queue_callback
 */
export function queueCallback(callback: () => void): void {
  if (running === undefined) throw new AutogradError("Final callbacks can only be installed during backward pass.");
  running.callbacks.push(callback);
}

/** One pass over the graph. */
export function walk(roots: readonly Edge[], rootGrads: readonly Tensor[], pass: Pass): void {
  const tasks = plan(roots);
  const needed = pass.captures && neededNodes(tasks, pass.captures);
  const outer = running;
  const callbacks: (() => void)[] = [];
  running = { pass, callbacks, has: (node) => (needed ?? tasks).has(node) && tasks.has(node) };
  try {
    visit(roots, rootGrads, pass, tasks, needed);
    // A callback may queue others.
    for (const callback of callbacks) callback();
  } finally {
    running = outer;
  }
}

/** Runs the nodes, each when all gradients of its operation's outputs have arrived. */
function visit(
  roots: readonly Edge[],
  rootGrads: readonly Tensor[],
  pass: Pass,
  tasks: Tasks,
  needed: Set<Node> | undefined,
): void {
  const ready = new Ready<Task>();
  roots.forEach(({ node, index }, i) => {
    deliver(tasks.get(node)!, index, rootGrads[i]!, pass.createGraph);
  });
  for (const node of new Set(roots.map((edge) => edge.node)))
    if (tasks.get(node)!.waiting === 0) ready.push(tasks.get(node)!);
  while (ready.size > 0) {
    const { node, next, buffer } = ready.pop();
    const grads = process(node, buffer, pass, needed);
    for (let i = 0; i < next.length; i++) {
      const task = next[i];
      if (task === undefined) continue;
      const grad = grads?.[i];
      if (grad) deliver(task, node.edges[i]!.index, grad, pass.createGraph);
      if (--task.waiting === 0) ready.push(task);
    }
  }
}

const accumulates = (pass: Pass): boolean => pass.captures === undefined || pass.accumulates;

/** Runs an accumulator and the hooks on its node. */
function accumulate(node: AccumulateGrad, grads: Buffer, pass: Pass): void {
  const { postHooks } = node;
  // Hooks get the gradient that arrived, even if it has become part of the leaf's.
  const arrived = postHooks !== null && grads[0] !== undefined ? [alias(grads[0])] : grads;
  if (grads[0] !== undefined) accumulateLeaf(node.variable, grads[0], pass.createGraph);
  if (postHooks !== null) runPostHooks(postHooks, noGrads, arrived);
  if (node.readyHooks !== null) for (const hook of node.readyHooks.values()) hook(node.variable);
}

const noGrads: Grads = [];

/** The graph of a gradient cannot be recorded before the gradient is there. */
const awaitedGraph = ({ name, outputs }: Node): DeviceError =>
  new DeviceError(
    `backward: with createGraph the gradient of ${name} is needed at once, but is still on its way to "${outputs[0]?.device}"; keep the part of the graph behind x.to(device) on one device`,
  );

/** Runs a node once the gradients of its outputs are there. */
function processLater(node: Node, received: Buffer, pass: Pass, needed: Set<Node> | undefined): Grads {
  if (pass.createGraph) throw awaitedGraph(node);
  const run = () => evaluate(node, received, pass, needed);
  return evaluateLater(node, received, run, () => finish(node, received, pass), needed);
}

/** Gives back what a node that has run held. */
function finish(node: Node, received: Buffer, pass: Pass): void {
  if (!pass.createGraph) for (const grad of received) drop(grad);
  if (!pass.retainGraph) node.release();
}

/** Runs one node; undefined when no gradient reached it or none is wanted from it. */
function process(node: Node, buffer: Buffer | undefined, pass: Pass, needed: Set<Node> | undefined): Grads | undefined {
  if (needed !== undefined && !needed.has(node)) {
    for (const grad of buffer ?? []) drop(grad);
    return undefined;
  }
  if (buffer === undefined) {
    // Hooks on an accumulator hear of it too if the leaf gets no gradient after all.
    if (node instanceof AccumulateGrad && accumulates(pass)) accumulate(node, [undefined], pass);
    return undefined;
  }
  const received = receive(node, buffer, pass);
  if (node instanceof AccumulateGrad) {
    if (accumulates(pass)) accumulate(node, received, pass);
    return undefined;
  }
  // A node that was only captured does not run, and keeps what it saved for a later pass.
  const leads = needed === undefined || node.edges.some((edge) => edge !== null && needed.has(edge.node));
  if (!leads) {
    if (!pass.createGraph) for (const grad of received) drop(grad);
    return undefined;
  }
  if (isAwaited(received)) return processLater(node, received, pass, needed);
  const grads = evaluate(node, received, pass, needed);
  finish(node, received, pass);
  return grads;
}
