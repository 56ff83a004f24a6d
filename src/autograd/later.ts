/** Gradients that are still on their way from another device, and the part of backward that has to wait for them. */
import { resolveDevice } from "../tensor/device";
import { Tensor } from "../tensor/tensor";
import { arrivalOf, arriving, hasArrivals, isArriving, transfer } from "../tensor/transfer";
import { noGrad } from "./mode";
import type { Grads, Node, OutputInfo } from "./node";

const FROM = "another device";

/** Whether one of some gradients is still on its way. */
export const isAwaited = (grads: Grads): boolean => hasArrivals() && grads.some((g) => g && isArriving(g));

/** The sum of two gradients for one place, either of which may be on its way. */
export const sum = (a: Tensor, b: Tensor): Tensor => (isAwaited([a, b]) ? sumLater(a, b) : a.add(b));

function sumLater(a: Tensor, b: Tensor): Tensor {
  // Their handles may be disposed before they arrive.
  const [x, y] = [a, b].map((g) => new Tensor(g.storage, g.dtype, g.shape, g.strides, g.offset, false)) as [
    Tensor,
    Tensor,
  ];
  return arriving(a.shape, a.dtype, resolveDevice("backward", a.device), FROM, async () => {
    await Promise.all([arrivalOf(x), arrivalOf(y)]);
    return (out) => {
      out.storage.backend.copy(out, x);
      noGrad(() => out.add_(y));
      x.dispose();
      y.dispose();
    };
  });
}

/** A gradient in memory of its own. */
export const own = (grad: Tensor): Tensor =>
  isArriving(grad) ? transfer(grad, grad.dtype, resolveDevice("backward", grad.device)) : grad.clone();

/**
 * The gradients of a node's inputs, all of them on their way until those of its outputs are there and it has run.
 * @param received The gradients of its outputs.
 * @param run Runs the node.
 * @param finish Is called after it.
 */
export function evaluateLater(
  node: Node,
  received: Grads,
  run: () => Grads,
  finish: () => void,
  needed: ReadonlySet<Node> | undefined,
): Grads {
  const waits = received.map((g) => (g ? arrivalOf(g) : undefined));
  const done = Promise.all(waits)
    .then(() => noGrad(run))
    .finally(finish);
  return node.edges.map((edge, i) => {
    if (edge === null || (needed !== undefined && !needed.has(edge.node))) return undefined;
    return inputLater(edge.node.outputs[edge.index]!, done, i);
  });
}

function inputLater({ shape, dtype, device }: OutputInfo, done: Promise<Grads>, i: number): Tensor {
  return arriving(shape, dtype, resolveDevice("backward", device), FROM, async () => {
    const grad = (await done)[i];
    if (grad) await arrivalOf(grad);
    return (y) => {
      if (!grad) {
        y.storage.backend.fill(y, 0);
        return;
      }
      y.storage.backend.copy(y, grad);
      if (!grad.isShared) grad.dispose();
    };
  });
}
