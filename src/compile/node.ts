/** The node of a segment in the graph: its backward is one program. */
import { grad } from "../autograd/backward";
import { enableGrad, isGradEnabled } from "../autograd/mode";
import { accumulatorOf, edgeOf, type Grads, infoOf, keep, Node, packedBy } from "../autograd/node";
import { checkSavable, graphFreed, type Saved } from "../autograd/savedTensor";
import { requireBackend } from "../backend/backend";
import type { Start } from "../backend/ops/program";
import { sizeOf } from "../core/dtype";
import { AutogradError } from "../core/errors";
import { contiguousStrides, sizeOfShape } from "../core/shape";
import { interceptCalls } from "../core/signature";
import { enrollStep } from "../tensor/scope";
import { Storage } from "../tensor/storage";
import { Tensor } from "../tensor/tensor";
import type { Built, BuiltBackward } from "./built";
import { tensorsIn } from "./patterns";
import { Segment } from "./segment";

/** A tensor that only second derivatives need: its memory stays, and it is put in place when they come. */
class Spare {
  readonly version: number;

  constructor(
    private readonly x: Tensor,
    readonly storage: Storage = x.storage,
  ) {
    storage.retain();
    this.version = storage.version;
  }

  unpack(): Tensor {
    const { x, storage } = this;
    if (storage.version !== this.version)
      throw new AutogradError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor that a compiled function took, whose gradient is differentiated itself. Hint: clone() it first, or change it after the backward pass.",
      );
    const handle = new Tensor(storage, x.dtype, x.shape, x.strides, x.offset);
    handle.node = x.gradFn;
    handle.outputNr = x.outputNr;
    handle.leafRequiresGrad = x.leafRequiresGrad;
    if (x.leafRequiresGrad) handle.accumulator = accumulatorOf(x);
    return handle;
  }

  release(): void {
    this.storage.release();
  }

  watch(): void {
    this.storage.watch();
  }
}

const startOf = (x: Tensor): Start => ({ block: x.storage.block, offset: x.offset * sizeOf(x.dtype) });

/** Where a tensor begins. */
export { startOf };

export class SegmentNode extends Node {
  /** The given tensors, which are needed as they are where a derivative is differentiated again. */
  private given: readonly (Saved | Spare)[] | undefined;
  private results: readonly (Saved | null)[] = [];
  private readonly memory: Tensor | undefined;
  private readonly backward: BuiltBackward;

  constructor(
    private readonly segment: Segment,
    private readonly built: Built,
    externals: readonly Tensor[],
    saved: Storage | undefined,
  ) {
    super(
      "CompiledFunctionBackward",
      built.backward!.leaves.map(({ slot }) => edgeOf(externals[slot]!)),
    );
    this.backward = built.backward!;
    const { slots } = this.backward;
    for (const slot of slots) checkSavable(externals[slot]!);
    this.given = externals.map((x, slot) => (slots.includes(slot) ? keep(x) : new Spare(x)));
    if (saved !== undefined) this.memory = new Tensor(saved, "uint8", [saved.bytes], [1], 0, false);
    enrollStep(this);
  }

  /** Keeps those of the results that backward reads. */
  keepResults(outputs: Built["given"], made: readonly Tensor[]): void {
    const { readsResult } = this.backward;
    this.results = outputs.map(({ index }, i) => (readsResult[i] === true ? keep(made[index]!) : null));
  }

  /** What a node must know of its outputs. */
  setOutputs(outputs: readonly Tensor[]): void {
    this.outputs = outputs.map(infoOf);
  }

  override get isReleased(): boolean {
    return this.given === undefined;
  }

  override get kept(): readonly unknown[] {
    return packedBy([
      ...(this.given ?? []).filter((one) => !(one instanceof Spare)),
      ...this.results,
    ] as (Saved | null)[]);
  }

  override watch(): void {
    for (const saved of this.given ?? []) saved.watch();
    for (const saved of this.results) saved?.watch();
    this.memory?.storage.watch();
  }

  override release(): void {
    if (this.given === undefined) return;
    for (const saved of this.given) saved.release();
    for (const saved of this.results) saved?.release();
    this.memory?.dispose();
    this.given = undefined;
    this.results = [];
  }

  apply(grads: (Tensor | undefined)[]): Grads {
    if (this.given === undefined) throw graphFreed();
    const isWhole = grads.every((g) => g !== undefined);
    return isWhole && !isGradEnabled() ? this.run(grads as Tensor[]) : this.runOps(grads);
  }

  /** The gradients by the program. */
  private run(grads: readonly Tensor[]): Grads {
    const { backward, memory } = this;
    const dense = grads.map((g) => (g.isContiguous() ? g : g.contiguous()));
    const starts = backward.sources.map(({ kind, index }): Start => {
      if (kind === "gradient") return startOf(dense[index]!);
      const saved = kind === "input" ? this.given![index]! : this.results[index]!;
      const x = saved.unpack(this.name);
      return kind === "input" ? startOf(x) : { block: x.storage.block, offset: 0 };
    });
    const backend = requireBackend("cpu");
    const results = backward.resultForms.map(({ dtype, shape }) => {
      const storage = new Storage(backend, Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
      return new Tensor(storage, dtype, shape, contiguousStrides(shape));
    });
    const blocks = results.map((x) => x.storage.block);
    if (!backward.program.run(starts, blocks, memory?.storage.block)) return this.runOps(grads as Tensor[]);
    return backward.leaves.map(({ result }) => (result === undefined ? undefined : results[result]));
  }

  /** The gradients by running the ops again as they are, so that they can be differentiated themselves. */
  private runOps(grads: readonly (Tensor | undefined)[]): Grads {
    const taken = interceptCalls(undefined);
    try {
      const given = this.given!.map((saved) => saved.unpack(this.name));
      // One given tensor may be made of another: derivatives end at what the ops take, whose own histories go on behind this node.
      for (const { slot } of this.backward.leaves) given[slot] = enableGrad(() => given[slot]!.viewAs(given[slot]!));
      const leaves = this.backward.leaves.map(({ slot }) => given[slot]!);
      const outputs = this.outputsOf(given);
      const used = outputs.flatMap((y, i) => (grads[i] === undefined ? [] : [{ y, g: grads[i] }]));
      return grad(
        used.map(({ y }) => y),
        leaves,
        { gradOutputs: used.map(({ g }) => g), allowUnused: true, createGraph: isGradEnabled() },
      ) as (Tensor | null)[];
    } finally {
      interceptCalls(taken);
    }
  }

  private outputsOf(given: readonly Tensor[]): Tensor[] {
    const made: Tensor[] = [];
    const known = new Set<Tensor>(given);
    for (const step of this.segment.steps) {
      const result = step.isGradEnabled
        ? enableGrad(() => Segment.run(step, made, given))
        : Segment.run(step, made, given);
      for (const x of tensorsIn(result)) if (!known.has(x)) made.push(x);
      for (const x of made) known.add(x);
    }
    return this.backward.outputs.map((k) => made[this.built.given[k]!.index]!);
  }
}
