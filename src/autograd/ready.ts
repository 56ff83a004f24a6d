/** The order in which nodes run. */

/** A node's part in a pass. */
interface Timed {
  readonly node: { readonly sequence: number };
}

/**
 * The tasks whose turn has come, latest node first: a binary heap by sequence number. It moves its items as the C++ library's does that PyTorch
 * uses, so that hooks of leaves, which are all equal, run in PyTorch's order.
 */
export class Ready<Task extends Timed> {
  private readonly heap: Task[] = [];

  get size(): number {
    return this.heap.length;
  }

  push(task: Task): void {
    this.heap.push(task);
    this.rise(task, this.heap.length - 1);
  }

  /** Puts a task to the free place `i`, or as far above as it belongs. */
  private rise(task: Task, i: number): void {
    const { heap } = this;
    const { sequence } = task.node;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.node.sequence >= sequence) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = task;
  }

  pop(): Task {
    const { heap } = this;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    // The free place sinks to the bottom along the later nodes, and the last task rises from there.
    let i = 0;
    for (let child = 2; child <= heap.length; child = 2 * i + 2) {
      if (child === heap.length || heap[child]!.node.sequence < heap[child - 1]!.node.sequence) child--;
      heap[i] = heap[child]!;
      i = child;
    }
    this.rise(last, i);
    return top;
  }
}
