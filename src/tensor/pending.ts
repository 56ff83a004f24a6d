/**
 * Tensors whose values are not there yet: what compiled functions compute with until all of their ops are known. Their shape, strides and dtype are those
 * that the values will have; whoever touches their memory or their history has the values computed first.
 */
import type { Backend, Block } from "../backend/backend";
import type { DType } from "../core/dtype";
import { enroll } from "./scope";
import { memory, type Storage } from "./storage";
import { type GradFn, Tensor, type ViewOf } from "./tensor";

/** Computes values that are pending. */
export interface Supplier {
  /** Gives the tensor its memory and history by {@link settlePending}. */
  supply(x: Tensor): void;
}

/** Stands for the storage of a pending tensor. It is touched only by code that knows nothing of compiled functions. */
class PendingStorage {
  tensor!: Tensor;
  readonly isInference = false;
  readonly isUnshared = false;

  constructor(
    readonly backend: Backend,
    private readonly supplier: Supplier,
  ) {}

  /** The storage with the values. */
  private get settled(): Storage {
    const { tensor } = this;
    if ((tensor.storage as unknown) === this) this.supplier.supply(tensor);
    return tensor.storage;
  }

  get block(): Block {
    return this.settled.block;
  }

  /** Ops ask for this first, before they make use of what all ops share. */
  get isFreed(): boolean {
    return this.settled.isFreed;
  }

  get bytes(): number {
    return this.settled.bytes;
  }

  get version(): number {
    return this.settled.version;
  }
  set version(value: number) {
    this.settled.version = value;
  }

  get [memory](): true {
    return true;
  }

  retain(): void {
    const { tensor } = this;
    // A tensor that is made retains its storage before it is known here.
    if (tensor !== undefined) this.settled.retain();
  }

  release(): void {
    if ((this.tensor.storage as unknown) !== this) this.tensor.storage.release();
  }

  watch(): void {
    this.settled.watch();
  }
}

const stranger = { node: null } as unknown as Tensor;

/** Has whoever asks for the history of a pending tensor ask for the version of its storage first. */
const pendingView: ViewOf = Object.freeze({
  base: stranger,
  get version(): number {
    return -1;
  },
  set version(_value: number) {},
});

/** A tensor whose values `supplier` will compute. @param node Stands for its history if it is to have one. */
export function pendingTensor(
  backend: Backend,
  supplier: Supplier,
  dtype: DType,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  node: GradFn | null,
): Tensor {
  const storage = new PendingStorage(backend, supplier);
  const x = new Tensor(storage as unknown as Storage, dtype, shape, strides, offset, false);
  storage.tensor = x;
  if (node !== null) {
    x.node = node;
    x.origin = pendingView;
  }
  return x;
}

/** Whether the values of a tensor are still to be computed. */
export const isPending = (x: Tensor): boolean => (x.storage as unknown) instanceof PendingStorage;

type Settling = { -readonly [K in "storage" | "offset"]: Tensor[K] };

/** Gives a pending tensor its memory and its place in the graph. */
export function settlePending(
  x: Tensor,
  storage: Storage,
  offset: number,
  node: GradFn | null,
  outputNr: number,
  origin: ViewOf | null,
): void {
  storage.retain();
  (x as Settling).storage = storage;
  (x as Settling).offset = offset;
  x.node = node;
  x.outputNr = outputNr;
  x.origin = origin;
  if (x.isAlive) enroll(x);
  else storage.release();
}

/** Gives a pending tensor what another one has, which was computed for it. */
export function settleAs(x: Tensor, { storage, offset, node, outputNr, origin }: Tensor): void {
  settlePending(x, storage, offset, node, outputNr, origin);
}
