/** The ops of one segment in one call, as far as they were seen: what they give is computed by the program of the segment, or by running them. */
import { withGrad } from "../autograd/mode";
import { accumulatorOf, Node as GraphNode, type Node } from "../autograd/node";
import { type Block, requireBackend } from "../backend/backend";
import type { Start } from "../backend/ops/program";
import { AutogradError } from "../core/errors";
import { isPending, pendingTensor, type Supplier, settleAs, settlePending } from "../tensor/pending";
import { Storage } from "../tensor/storage";
import { Tensor } from "../tensor/tensor";
import type { Built } from "./built";
import { SegmentNode, startOf } from "./node";
import { filledIn, hasForm, type Tensors, tensorsIn } from "./patterns";
import { isSameUpTo, Segment, type Step } from "./segment";

/** Stands for the history of a tensor that is still to be computed. */
class PendingNode extends GraphNode {
  constructor() {
    super("CompiledFunctionBackward", []);
  }
  apply(): never {
    throw new AutogradError("a tensor of a compiled function was differentiated before it was computed");
  }
}

let pendingNode: Node | undefined;

/** One stands for all. */
function pendingHistory(): Node {
  pendingNode ??= new PendingNode();
  return pendingNode;
}

/** Another handle of a tensor, at its place in the graph. */
function sameAs(x: Tensor): Tensor {
  const handle = new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
  handle.node = x.gradFn;
  handle.outputNr = x.outputNr;
  handle.leafRequiresGrad = x.leafRequiresGrad;
  if (x.leafRequiresGrad) handle.accumulator = accumulatorOf(x);
  return handle;
}

/** The ops of one segment in one call. */
export class SegmentRun implements Supplier, Tensors {
  readonly made: Tensor[] = [];
  readonly given: Tensor[] = [];
  private readonly versions: number[] = [];
  position = 0;
  /** How many tensors the steps so far have taken. */
  private taken = 0;
  isFlushed = false;
  private hasEnded = false;

  constructor(
    public segment: Segment,
    private readonly onSupply: (run: SegmentRun, x: Tensor) => void,
  ) {}

  takes(slot: number, isFirst: boolean, x: Tensor): boolean {
    if (!isFirst) return this.given[slot] === x;
    const { form, shares } = this.segment.slots[slot]!;
    if (!hasForm(x, form) || x.storage.backend.device !== "cpu" || !x.isAlive) return false;
    if (shares !== undefined) {
      const other = this.given[shares.slot]!;
      if (other.storage !== x.storage || x.offset - other.offset !== shares.distance) return false;
    }
    this.given[slot] = x;
    // It may be disposed before it is read.
    x.storage.retain();
    this.versions[slot] = x.storage.version;
    return true;
  }

  /** What a step gives: tensors to be computed. */
  advance(step: Step): unknown {
    const { made } = this;
    const backend = requireBackend("cpu");
    for (const { dtype, shape, strides, offset, requiresGrad } of step.makes)
      made.push(pendingTensor(backend, this, dtype, shape, strides, offset, requiresGrad ? pendingHistory() : null));
    if (step.changes !== undefined)
      made[step.changes.index]!.node = step.changes.requiresGrad ? pendingHistory() : null;
    this.position++;
    this.taken = this.given.length;
    return filledIn(step.result, made, this.given);
  }

  /** Goes on as another segment, if its ops were the same up to here. */
  becomes(other: Segment): boolean {
    this.letGo(this.taken);
    if (other !== this.segment && !isSameUpTo(this.segment, other, this.position, this.taken)) return false;
    this.segment = other;
    return true;
  }

  supply(x: Tensor): void {
    this.onSupply(this, x);
  }

  /** Forgets the tensors that were taken from a slot on. */
  private letGo(slot: number): void {
    for (let i = slot; i < this.given.length; i++) this.given[i]!.storage.release();
    this.given.length = slot;
  }

  /** Lets go of the memory of the tensors that were taken, once nothing more is computed from them. */
  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const { storage } of this.given) storage.release();
  }

  /** Other handles for tensors that were disposed after they were taken. */
  private revive(): void {
    const { given } = this;
    for (let i = 0; i < given.length; i++) if (!given[i]!.isAlive) given[i] = sameAs(given[i]!);
  }

  /** Whether a tensor was changed in place since an op took it. */
  private hasChanged(): boolean {
    const { given, versions } = this;
    for (let i = 0; i < given.length; i++) if (given[i]!.storage.version !== versions[i]) return true;
    return false;
  }

  /** @throws AutogradError if a tensor was changed in place since an op took it. */
  private checkVersions(): void {
    if (this.hasChanged())
      throw new AutogradError(
        "compile: a tensor was changed in place after an op of the compiled function took it, by code that the compiler cannot see; call such code outside of the function, or leave it uncompiled with torch.compiler.disable",
      );
  }

  /** Computes what is used later by the program. @returns Whether that could be done. */
  compute(built: Built): boolean {
    this.checkVersions();
    const { segment, given, made } = this;
    const backend = requireBackend("cpu");
    const { backward, resultBytes, inputs } = built;
    const results: Storage[] = [];
    const blocks: Block[] = [];
    for (let i = 0; i < resultBytes.length; i++) {
      const storage = new Storage(backend, resultBytes[i]!);
      // A tensor that was disposed already must not take what backward reads.
      storage.retain();
      results.push(storage);
      blocks.push(storage.block);
    }
    const saved =
      backward !== undefined && backward.savedBytes > 0 ? new Storage(backend, backward.savedBytes) : undefined;
    const starts: Start[] = [];
    for (let i = 0; i < inputs.length; i++) starts.push(startOf(given[inputs[i]!]!));
    if (!built.forward.run(starts, blocks, saved?.block)) {
      for (const storage of results) backend.release(storage.block, false);
      if (saved !== undefined) backend.release(saved.block, false);
      return false;
    }
    this.isFlushed = true;
    const node = backward === undefined ? null : new SegmentNode(segment, built, given, saved);
    for (let k = 0; k < built.given.length; k++) {
      const { index, result, form } = built.given[k]!;
      const outputNr = backward === undefined ? -1 : backward.outputs.indexOf(k);
      const hasHistory = outputNr >= 0;
      const y = made[index]!;
      settlePending(y, results[result]!, form.offset, hasHistory ? node : null, hasHistory ? outputNr : 0, null);
    }
    node?.setOutputs(backward!.outputs.map((k) => made[built.given[k]!.index]!));
    node?.keepResults(built.given, made);
    if (built.views.length > 0) this.revive();
    for (const s of built.views) this.runStep(segment.steps[s]!);
    for (const storage of results) storage.release();
    return true;
  }

  /** Runs a step as it is, and gives the tensors that it made what it gave. */
  private runStep(step: Step): void {
    const { made, given } = this;
    const result = withGrad(step.isGradEnabled, () => Segment.run(step, made, given));
    const expected = [...tensorsIn(filledIn(step.result, made, given))];
    let at = 0;
    for (const x of tensorsIn(result)) {
      const y = expected[at++]!;
      if (y !== x && isPending(y)) settleAs(y, x);
    }
  }

  /** Gives a tensor that nobody was known to use later what running the steps again gives. */
  computeLate(): void {
    if (this.hasChanged())
      throw new AutogradError(
        "compile: a tensor that a compiled function has made, but not returned, is first looked at after the tensors that it is computed from were changed in place. From the next call on it is computed with the others; or return it from the function",
      );
    const { segment, made, given } = this;
    const again: Tensor[] = [];
    const known = new Set<Tensor>(given);
    for (const step of segment.steps.slice(0, this.position)) {
      const result = withGrad(step.isGradEnabled, () => Segment.run(step, again, given));
      for (const x of tensorsIn(result))
        if (!known.has(x)) {
          known.add(x);
          again.push(x);
        }
    }
    again.forEach((x, i) => {
      const y = made[i]!;
      if (isPending(y)) settleAs(y, x);
    });
  }

  /** Runs all steps so far as they are. */
  runSteps(): void {
    // What a call that did not fit has taken is none of theirs.
    this.letGo(this.taken);
    this.checkVersions();
    this.isFlushed = true;
    this.revive();
    for (let s = 0; s < this.position; s++) this.runStep(this.segment.steps[s]!);
  }
}
