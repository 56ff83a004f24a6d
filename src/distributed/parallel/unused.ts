/** Which leaves a backward from given outputs reaches. */
import { AccumulateGrad, edgeOf, type Node } from "../../autograd/node";
import { Tensor } from "../../tensor/tensor";

/** The tensors in a value: in arrays, sets, maps and plain objects, at any depth. */
export function tensorsIn(value: unknown, found: Set<Tensor> = new Set(), seen: Set<object> = new Set()): Set<Tensor> {
  if (value instanceof Tensor) found.add(value);
  else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !seen.has(value)) {
    seen.add(value);
    const items = value instanceof Map || value instanceof Set ? value.values() : Object.values(value);
    for (const item of items) tensorsIn(item, found, seen);
  }
  return found;
}

/** The accumulators of leaves behind the outputs. */
export function accumulatorsBehind(outputs: Iterable<Tensor>): Set<AccumulateGrad> {
  const found = new Set<AccumulateGrad>();
  const seen = new Set<Node>();
  const stack: Node[] = [];
  const visit = (node: Node | undefined): void => {
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    stack.push(node);
  };
  for (const x of outputs) visit(edgeOf(x)?.node);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node instanceof AccumulateGrad) found.add(node);
    for (const edge of node.edges) visit(edge?.node);
  }
  return found;
}
