/** Gradients that are reduced together, one after the other in one buffer. */
import { ArgumentError, describe, StateError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { Tensor } from "../../tensor/tensor";
import { copyValues, isSameMemory, lasting, windowOf } from "./memory";

/** A result that is there, or on its way. */
export type Pending = Tensor | { wait(): unknown };

/** A gradient's place in a bucket. */
interface Slot {
  readonly param: Tensor;
  /** The number of the parameter. */
  readonly number: number;
  /** The window on the buffer, of the parameter's shape. */
  readonly view: Tensor;
}

export class Bucket {
  readonly buffer: Tensor;
  readonly slots: readonly Slot[];
  /** Gradients that have not come yet. */
  pending = 0;
  /** What the communication gives, once it was started. */
  result: Pending | undefined;

  constructor(params: readonly Tensor[], numbers: readonly number[]) {
    const sizes = numbers.map((number) => params[number]!.numel());
    this.buffer = lasting([sizes.reduce((sum, n) => sum + n, 0)], params[numbers[0]!]!.dtype);
    let offset = 0;
    this.slots = numbers.map((number, i) => {
      const param = params[number]!;
      const view = windowOf(this.buffer, offset, param.shape);
      offset += sizes[i]!;
      return { param, number, view };
    });
  }

  /** Takes the gradient of a parameter into the buffer; zeros if there is none. */
  take({ param, view }: Slot, asView: boolean): void {
    const { ownGrad: grad } = param;
    if (grad === null) view.zero_();
    else if (!isSameMemory(grad, view)) {
      copyValues(view, grad);
      if (asView) param.takeGrad(windowOf(view, 0, view.shape));
    }
  }

  /** Hands the reduced gradient of a parameter out. */
  give({ param, view }: Slot, asView: boolean): void {
    const { ownGrad: grad } = param;
    if (asView) {
      if (grad === null) param.takeGrad(windowOf(view, 0, view.shape));
      else if (!isSameMemory(grad, view))
        throw new StateError(
          "DistributedDataParallel: Detected at least one parameter gradient is not the expected DDP bucket view with gradientAsBucketView: true. This may happen (for example) if multiple allreduce hooks were registered onto the same parameter, or if a hook assigns grad while backward runs.",
        );
      return;
    }
    const own = grad ?? lasting(param.shape, param.dtype);
    copyValues(own, view);
    if (grad === null) param.takeGrad(own);
  }

  /** Waits for the communication, whose result is in the buffer then. */
  settle(): void {
    const { result, buffer } = this;
    this.result = undefined;
    if (result === undefined) return;
    const reduced = result instanceof Tensor ? result : result.wait();
    if (reduced instanceof Tensor) {
      if (reduced.numel() !== buffer.numel())
        throw new ArgumentError(
          `registerCommHook: the hook has to give a tensor with the ${buffer.numel()} elements of the bucket, got ${shapeText(reduced.shape)}`,
        );
      if (!isSameMemory(reduced, buffer)) copyValues(buffer, reduced.reshape(buffer.shape));
    } else if (reduced !== true)
      throw new ArgumentError(`registerCommHook: what the hook waits for has to be a tensor, got ${describe(reduced)}`);
  }

  /** Gives the memory back, except for what gradients still show. */
  dispose(): void {
    for (const { view } of this.slots) view.dispose();
    this.buffer.dispose();
  }
}

/**
 * What a communication hook of {@link DistributedDataParallel} gets: gradients that are complete on this rank, in one flat tensor.
 * @see torch.distributed.GradBucket
 */
export class GradBucket {
  private changed: Tensor | undefined;

  /** @internal */
  constructor(
    private readonly bucket: Bucket,
    private readonly position: number,
    private readonly count: number,
  ) {}

  /** The position of the bucket in the order in which buckets are reduced. */
  index(): number {
    return this.position;
  }

  /** All gradients of the bucket, flat; not yet divided by the number of ranks. */
  buffer(): Tensor {
    return this.changed ?? this.bucket.buffer;
  }

  /** Puts another tensor in the place of the buffer. */
  setBuffer(buffer: Tensor): void {
    this.changed = buffer;
  }

  /** The gradients as windows on the buffer, of the shapes of the parameters. */
  gradients(): Tensor[] {
    const buffer = this.buffer();
    let offset = 0;
    return this.bucket.slots.map(({ param }) => {
      const n = param.numel();
      const part = buffer.narrow(0, offset, n).view(param.shape);
      offset += n;
      return part;
    });
  }

  /** The parameters whose gradients these are. */
  parameters(): Tensor[] {
    return this.bucket.slots.map(({ param }) => param);
  }

  /** Whether it is the last one of this backward. */
  isLast(): boolean {
    return this.position === this.count - 1;
  }
}
