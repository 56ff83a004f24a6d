/** Reduces the gradients of a backward over the ranks, in buckets, while backward still runs. */
import { queueCallback } from "../../autograd/engine";
import { addHook } from "../../autograd/handle";
import { type AccumulateGrad, accumulatorOf } from "../../autograd/node";
import { StateError } from "../../core/errors";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup, Work } from "../group";
import { Retired } from "../retired";
import { assignBuckets, SMALL_BUCKET_BYTES, splitLast } from "./assign";
import { Bucket, GradBucket, type Pending } from "./bucket";
import { integers } from "./memory";
import { accumulatorsBehind, tensorsIn } from "./unused";

/** @see torch.nn.parallel.DistributedDataParallel.register_comm_hook */
export type CommHook<S = any> = (state: S, bucket: GradBucket) => Pending;

export interface ReducerOptions {
  readonly bucketBytes: number;
  readonly findUnusedParameters: boolean;
  readonly gradientAsBucketView: boolean;
  readonly staticGraph: boolean;
}

/** Where the gradient of a parameter goes. */
interface Place {
  readonly bucket: Bucket;
  readonly slot: number;
}

const OP = "DistributedDataParallel";

export class Reducer {
  /** In the order in which they are reduced, which is the same on all ranks. */
  private buckets: readonly Bucket[] = [];
  private places: Place[] = [];
  private readonly nodes: AccumulateGrad[] = [];
  private hook: { readonly state: unknown; readonly run: CommHook } | undefined;
  /** Whether hooks of leaves count: from a forward on, until its backward is reduced. */
  private isExpecting = false;
  /** Whether some gradient has come, but not all have been reduced. */
  private isOpen = false;
  /** The next bucket to be reduced. */
  private next = 0;
  private seen: Uint8Array;
  /** Whether parameters have got a gradient on this rank since the last reduction. */
  private used: Uint8Array;
  private usedAnywhere: { readonly flags: Tensor; readonly work: Work } | undefined;
  /** Parameters that the coming backward does not reach, until they have been marked. */
  private unused: readonly number[] = [];
  /** The order in which gradients came in the first reduced backward. */
  private order: number[] = [];
  private isRebuilt = false;
  /** With a static graph: how often the hook of each parameter fires in one backward; undefined before the first. */
  private fires: Int32Array | undefined;
  private left: Int32Array;
  /** What sums are divided by. */
  divisor: number;

  constructor(
    private readonly params: readonly Tensor[],
    private readonly names: readonly string[],
    private readonly group: ProcessGroup,
    private readonly options: ReducerOptions,
  ) {
    const n = params.length;
    this.divisor = group.size;
    this.seen = new Uint8Array(n);
    this.used = new Uint8Array(n);
    this.left = new Int32Array(n);
    // The gradients of the last parameters come first.
    this.build(Array.from(params, (_, i) => n - 1 - i));
    this.watch();
  }

  /** Whether parameters without a gradient are looked for in every step. */
  get findsUnused(): boolean {
    return this.options.findUnusedParameters && !this.options.staticGraph;
  }

  private get isLearning(): boolean {
    return this.options.staticGraph && this.fires === undefined;
  }

  /** Deals the parameters out to buckets. Gradients that are views move to the new ones. */
  private build(order: readonly number[]): void {
    const pieces = this.params.map((param) => ({ dtype: param.dtype, bytes: param.numel() * param.elementSize() }));
    const { bucketBytes, gradientAsBucketView } = this.options;
    const limits = [Math.min(SMALL_BUCKET_BYTES, bucketBytes), bucketBytes];
    const assigned = splitLast(pieces, assignBuckets(pieces, order, limits), SMALL_BUCKET_BYTES);
    const old = this.buckets;
    this.buckets = assigned.map((numbers) => new Bucket(this.params, numbers));
    this.places = new Array<Place>(this.params.length);
    for (const bucket of this.buckets)
      for (const [slot, part] of bucket.slots.entries()) {
        this.places[part.number] = { bucket, slot };
        if (gradientAsBucketView && part.param.ownGrad !== null) bucket.take(part, true);
      }
    for (const bucket of old) bucket.dispose();
  }

  /** Hears of the gradients of all parameters, also of those whose memory was moved since, as by `module.to()`. */
  private watch(): void {
    this.params.forEach((param, i) => {
      const node = accumulatorOf(param);
      if (this.nodes[i] === node) return;
      this.nodes[i] = node;
      if (param.dtype !== this.places[i]!.bucket.buffer.dtype)
        throw new StateError(
          `${OP}: the dtype of parameter ${this.names[i]} was changed to ${param.dtype}; make the ${OP} after that`,
        );
      node.readyHooks ??= new Map();
      addHook(node.readyHooks, () => this.onReady(i));
    });
  }

  /** Takes another communication. @throws StateError at the second call. */
  setHook(state: unknown, run: CommHook): void {
    if (this.hook !== undefined)
      throw new StateError("register_comm_hook or register_builtin_comm_hook can only be called once.");
    this.hook = { state, run };
  }

  /** Before the first forward after the first reduction, puts the parameters into the order of rank 0 in which their gradients came. */
  rebuild(): void {
    if (this.isRebuilt || this.findsUnused || this.order.length === 0) return;
    this.isRebuilt = true;
    const known = new Set(this.order);
    const rest = this.params.map((_, i) => this.params.length - 1 - i).filter((i) => !known.has(i));
    const order = integers([...this.order, ...rest]);
    this.group.now((group) => group.broadcast(order, 0, OP));
    this.build(order.tolist() as number[]);
    order.dispose();
  }

  /** Counts the coming backward. @param outputs What it may start from. */
  prepare(outputs: unknown): void {
    if (this.group.engine instanceof Retired) this.group.engine.refuse(OP);
    if (this.isOpen) throw this.unfinished();
    this.watch();
    this.isExpecting = true;
    this.reset();
    if (!this.findsUnused) return;
    const reached = accumulatorsBehind(tensorsIn(outputs));
    this.unused = this.params.map((_, i) => i).filter((i) => !reached.has(this.nodes[i]!));
  }

  private reset(): void {
    this.next = 0;
    this.seen.fill(0);
    for (const bucket of this.buckets) bucket.pending = bucket.slots.length;
    if (this.fires === undefined) return;
    this.left.set(this.fires);
    this.unused = [...this.fires.keys()].filter((i) => this.fires![i] === 0);
  }

  private unfinished(): StateError {
    const without = [...this.seen.keys()].filter((i) => this.seen[i] === 0);
    return new StateError(
      `${OP}: Expected to have finished reduction in the prior iteration before starting a new one. This error indicates that your module has parameters that were not used in producing loss. ` +
        "You can enable unused parameter detection by passing findUnusedParameters: true to DistributedDataParallel, and by making sure all `forward` function outputs participate in calculating loss. " +
        `Parameters which did not receive grad for rank ${this.group.rank}: ${without.map((i) => this.names[i]).join(", ")}. ` +
        `Parameter indices which did not receive grad for rank ${this.group.rank}: ${without.join(" ")}. If the last backward ended with an error, its ranks cannot go on either.`,
    );
  }

  /** The gradient of a parameter is complete. */
  private onReady(i: number): void {
    // Another reducer has the parameters once the group is over, whatever became of the last backward.
    if (!this.isExpecting || this.group.engine instanceof Retired) return;
    if (this.params[i]!.ownGrad !== null) this.used[i] = 1;
    if (this.isLearning) this.learn(i);
    else {
      this.markUnused();
      if (this.fires !== undefined && --this.left[i]! !== 0) return;
      if (!this.isRebuilt && !this.seen[i]) this.order.push(i);
      this.mark(i);
    }
  }

  /** The first backward of a static graph: everything is reduced when it is over. */
  private learn(i: number): void {
    if (!this.isOpen) {
      this.isOpen = true;
      queueCallback(() => this.reduceLate());
    }
    this.left[i]!++;
    this.order = this.order.filter((other) => other !== i);
    this.order.push(i);
  }

  private reduceLate(): void {
    this.fires = this.left.slice();
    for (let i = 0; i < this.params.length; i++) this.mark(i);
  }

  private markUnused(): void {
    const { unused } = this;
    this.unused = [];
    for (const i of unused) this.mark(i);
  }

  private mark(i: number): void {
    if (this.seen[i]) throw this.twice(i);
    this.seen[i] = 1;
    this.isOpen = true;
    const { bucket, slot } = this.places[i]!;
    bucket.take(bucket.slots[slot]!, this.options.gradientAsBucketView);
    if (--bucket.pending > 0) return;
    while (this.next < this.buckets.length && this.buckets[this.next]!.pending === 0) this.launch(this.next++);
    if (this.next < this.buckets.length) return;
    if (this.findsUnused) this.shareUsed();
    queueCallback(() => this.finish());
  }

  /** Whether a bucket is the only one, so that nothing is left to do while it is reduced. */
  private get isAlone(): boolean {
    return this.buckets.length === 1 && !this.findsUnused && this.hook === undefined;
  }

  private twice(i: number): StateError {
    return new StateError(
      `${OP}: Expected to mark a variable ready only once. This error is caused by one of the following reasons: 1) Use of a module parameter outside the \`forward\` function. ` +
        "Please make sure model parameters are not shared across multiple concurrent forward-backward passes, or try to use staticGraph: true as a workaround if this module graph does not change during training loop. " +
        `2) Several backward passes through one forward. Parameter at index ${i} with name ${this.names[i]} has been marked as ready twice.`,
    );
  }

  private launch(position: number): void {
    const bucket = this.buckets[position]!;
    if (this.hook !== undefined) {
      const grads = new GradBucket(bucket, position, this.buckets.length);
      bucket.result = this.hook.run(this.hook.state, grads);
      return;
    }
    if (this.divisor !== 1) bucket.buffer.mul_(1 / this.divisor);
    const name = `${OP} bucket ${position}`;
    if (this.isAlone) this.group.now((group) => group.allReduce(bucket.buffer, "sum", name));
    else bucket.result = this.group.allReduce(bucket.buffer, "sum", name);
  }

  private shareUsed(): void {
    const flags = integers(this.used);
    this.usedAnywhere = { flags, work: this.group.allReduce(flags, "sum", OP) };
  }

  /** Waits for all buckets and hands the gradients out. */
  private finish(): void {
    this.isExpecting = false;
    this.isOpen = false;
    for (const bucket of this.buckets) bucket.settle();
    const anywhere = this.takeUsed();
    // The gradient of a parameter that no rank used stays as it is.
    for (const bucket of this.buckets)
      for (const slot of bucket.slots) if (anywhere[slot.number]) bucket.give(slot, this.options.gradientAsBucketView);
    this.used.fill(0);
  }

  /** Whether parameters were used, on any rank where that can differ. */
  private takeUsed(): ArrayLike<number> {
    const { usedAnywhere: shared } = this;
    this.usedAnywhere = undefined;
    if (shared !== undefined) {
      shared.work.wait();
      const flags = shared.flags.tolist() as number[];
      shared.flags.dispose();
      return flags;
    }
    return this.options.staticGraph ? this.used : this.seen;
  }

  /** Answers the reduction of a backward on the other ranks, on a rank that has no inputs left. */
  shadow(): void {
    for (const [i, bucket] of this.buckets.entries()) {
      bucket.buffer.zero_();
      this.launch(i);
    }
    if (this.findsUnused) {
      this.used.fill(0);
      this.shareUsed();
    }
    for (const bucket of this.buckets) bucket.settle();
    this.takeUsed();
    if (this.order.length === 0) this.order = this.params.map((_, i) => this.params.length - 1 - i);
  }
}
