/** The tensor handle: a strided window on a storage, and its place in the autograd graph. */
import type { Device } from "../backend/backend";
import { checkFlag } from "../core/arguments";
import { type DType, isFloat, sizeOf, type TypedArray } from "../core/dtype";
import {
  ArgumentError,
  AutogradError,
  DeviceError,
  DisposedError,
  describe,
  IndexError,
  KindlingError,
} from "../core/errors";
import {
  checkAxes,
  contiguousStrides,
  isContiguous,
  MAX_AXES,
  sameShape,
  sizeOfShape,
  type TensorSize,
  wrapDim,
} from "../core/shape";
import { named } from "../core/signature";
import type { Overloaded } from "../core/signatureTypes";
import { halfDecoder, toPlain } from "./plain";
import { adopt, enroll, lend, retire, runInScope } from "./scope";
import { inferenceStorage, memory, Storage } from "./storage";

/** What a tensor knows of the graph node that made it; `autograd/node.ts` has the whole. */
export interface GradFn {
  /** PyTorch's name of the node, such as `AddBackward0`. */
  readonly name: string;
}

/** Nested arrays of plain values, as `tolist()` gives them. */
export type NestedArray<T = number | bigint | boolean> = T | NestedArray<T>[];

/** The tensor that a view shows a part of, and the storage version at which the view's history was current. */
export interface ViewOf {
  readonly base: Tensor;
  version: number;
  /** Why neither the view nor its base may be changed in place while operations are recorded. */
  readonly inplaceError?: string;
}

/** Called when a gradient reaches a tensor; may return another gradient to use in its place. */
export type GradHook = (grad: Tensor) => Tensor | null | undefined | void;

/** The hooks of one tensor; most tensors have none. */
export interface TensorHooks {
  readonly grad: Map<number, GradHook>;
  readonly postAccumulate: Map<number, (leaf: Tensor) => void>;
}

/**
 * A multi-dimensional array of one dtype, on one device, with an optional gradient.
 *
 * Tensors are made by {@link tensor}, {@link zeros}, {@link randn} and their kin, not by this constructor. Every op of the table is a method.
 * @see torch.Tensor
 */
export class Tensor {
  /** The sizes of the axes, outermost first. */
  readonly shape!: TensorSize;
  /** Steps between neighbors along each axis, in elements. */
  readonly strides!: TensorSize;
  /** @internal Position of the first element in the storage. */
  readonly offset!: number;
  readonly dtype!: DType;
  /** @internal */
  readonly storage!: Storage;

  /** The accumulated gradient of a leaf (or after `retainGrad()`), null before the first backward. @see torch.Tensor.grad */
  get grad(): Tensor | null {
    if (this.ownGrad !== null) lend(this.ownGrad);
    return this.ownGrad;
  }
  set grad(value: Tensor | null) {
    if (value !== null) {
      if (!(value instanceof Tensor))
        throw new ArgumentError(`assigned grad expected to be a Tensor or null but got ${describe(value)}`);
      if (value === this) throw new AutogradError("can't assign a Tensor as its own grad");
      if (!sameShape(value.shape, this.shape))
        throw new AutogradError(
          `assigned grad has data of a different size: got [${value.shape}], expected [${this.shape}]`,
        );
      if (value.dtype !== this.dtype)
        throw new AutogradError(
          `assigned grad has data of a different type: got ${value.dtype}, expected ${this.dtype}`,
        );
      if (value.device !== this.device)
        throw new DeviceError(`assigned grad has data located on ${value.device}, expected ${this.device}`);
      if (value !== this.ownGrad) adopt(value);
    }
    this.takeGrad(value);
  }

  /** @internal Sets `grad` to a tensor that nobody else refers to, or to null. The gradient before is given back unless users may hold it. */
  takeGrad(value: Tensor | null): void {
    const old = this.ownGrad;
    this.ownGrad = value;
    if (value !== null) value.isKept = true;
    if (old === null || old === value) return;
    retire(old);
  }

  /** @internal The gradient, for code that keeps no reference to it. */
  ownGrad: Tensor | null = null;
  /** @internal Whether this leaf was asked to collect a gradient. */
  leafRequiresGrad = false;
  /** @internal The node that made this tensor; read `gradFn`, which looks after views. */
  node: GradFn | null = null;
  /** @internal Which output of the node this is. */
  outputNr = 0;
  /** @internal The node that adds to `grad`, for a leaf that is in a graph. */
  accumulator: GradFn | null = null;
  /** @internal */
  origin: ViewOf | null = null;
  /** @internal */
  hooks: TensorHooks | null = null;
  /** Whether `retainGrad()` was called on a tensor that is not a leaf. @see torch.Tensor.retains_grad */
  retainsGrad = false;
  /** @internal Scopes let it live. */
  isKept = false;
  /** @internal Users may hold this gradient, so the engine does not give it back. */
  isShared = false;
  private isDisposed = false;

  /** Like {@link FloatTensor}, in the default dtype. Prefer {@link tensor} for values, and {@link empty} for a size. @see torch.Tensor */
  constructor(values: readonly unknown[] | ArrayBufferView | Tensor);
  constructor(...size: number[]);
  /** @internal */
  constructor(
    storage: Storage,
    dtype: DType,
    shape: readonly number[],
    strides: readonly number[],
    offset?: number,
    isScoped?: boolean,
  );
  constructor(storage: any, dtype?: any, shape?: any, strides?: any, offset?: any, isScoped?: any, more?: unknown) {
    // biome-ignore lint/correctness/noConstructorReturn: what users give is made elsewhere.
    if (storage?.[memory] === undefined) return construct([storage, dtype, shape, strides, offset, isScoped, more]);
    if (shape.length > MAX_AXES) checkAxes("Tensor", shape);
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape as TensorSize;
    this.strides = strides as TensorSize;
    this.offset = offset ?? 0;
    storage.retain();
    if (isScoped !== false) enroll(this);
  }

  /** The number of axes. @see torch.Tensor.ndim */
  get ndim(): number {
    return this.shape.length;
  }

  /** The number of axes. @see torch.Tensor.dim */
  dim(): number {
    return this.shape.length;
  }

  /** The number of elements. @see torch.Tensor.numel */
  numel(): number {
    return sizeOfShape(this.shape);
  }

  /** The shape, or the size of one axis. @see torch.Tensor.size */
  size(): TensorSize;
  size(dim: number | { dim: number }): number;
  size(dim?: any): any {
    return dim == null ? this.shape : this.shape[wrapDim("size", this.checkAxis(dim), this.ndim)]!;
  }

  /** The strides in elements, or the stride of one axis. @see torch.Tensor.stride */
  stride(): TensorSize;
  stride(dim: number | { dim: number }): number;
  stride(dim?: any): any {
    return dim == null ? this.strides : this.strides[wrapDim("stride", this.checkAxis(dim), this.ndim)]!;
  }

  private checkAxis(dim: number): number {
    if (this.ndim === 0) throw new IndexError(`Dimension specified as ${describe(dim)} but tensor has no dimensions`);
    return dim;
  }

  /** The size of the first axis. */
  get length(): number {
    if (this.ndim === 0) throw new IndexError("length: a 0-d tensor has no length; item() reads its value");
    return this.shape[0];
  }

  /** The position of the first element in the storage. @see torch.Tensor.storage_offset */
  storageOffset(): number {
    return this.offset;
  }

  /** The size of an element in bytes. @see torch.Tensor.element_size */
  elementSize(): number {
    return sizeOf(this.dtype);
  }

  /** Where the tensor lives. @see torch.Tensor.device */
  get device(): Device {
    return this.storage.backend.device;
  }

  /** Whether the elements lie in row-major order without gaps. @see torch.Tensor.is_contiguous */
  isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** @see torch.is_floating_point */
  isFloatingPoint(): boolean {
    return isFloat(this.dtype);
  }

  /** Whether gradients flow to or through this tensor. Set it with {@link requiresGrad_} or by assignment on a leaf. @see torch.Tensor.requires_grad */
  get requiresGrad(): boolean {
    return this.leafRequiresGrad || this.node !== null || (this.origin !== null && this.gradFn !== null);
  }
  set requiresGrad(value: boolean) {
    this.requiresGrad_(value);
  }

  /**
   * Asks (or no longer asks) a leaf to collect its gradient.
   * @see torch.Tensor.requires_grad_
   * @throws AutogradError for integer tensors, and for `false` on a tensor that was computed.
   */
  requiresGrad_(requiresGrad?: boolean): this;
  requiresGrad_(options: { requiresGrad?: boolean }): this;
  requiresGrad_(value: any = true): this {
    checkFlag("requiresGrad_", "requiresGrad", value);
    if (value && !isFloat(this.dtype))
      throw new AutogradError(`only Tensors of floating point dtype can require gradients, got ${this.dtype}`);
    if (!value && this.gradFn !== null)
      throw new AutogradError(
        "you can only change requiresGrad flags of leaf variables. If you want to use a computed variable in a subgraph that doesn't require differentiation use x.detach().",
      );
    if (value && this.isInference() && !inferenceStorage.value)
      throw new AutogradError(
        "Setting requiresGrad=true on inference tensor outside inferenceMode is not allowed; make a normal tensor with x.clone().",
      );
    if (this.gradFn === null) this.leafRequiresGrad = value;
    return this;
  }

  /** Whether the tensor was made by the user, not computed from tensors that require grad. @see torch.Tensor.is_leaf */
  get isLeaf(): boolean {
    return this.gradFn === null;
  }

  /** The graph node that made the tensor, null for a leaf. @see torch.Tensor.grad_fn */
  get gradFn(): GradFn | null {
    return this.origin === null ? this.node : currentViewNode(this);
  }

  /** How often the storage was changed in place. */
  get _version(): number {
    return this.storage.version;
  }

  /** The tensor that this one is a view of, or null. @see torch.Tensor._base */
  get _base(): Tensor | null {
    return this.origin?.base ?? null;
  }

  /** Whether the tensor was made in inference mode. @see torch.Tensor.is_inference */
  isInference(): boolean {
    return this.storage.isInference;
  }

  /**
   * The value of a tensor of one element, as a number or boolean (a bigint only beyond 2^53).
   * @see torch.Tensor.item
   * @throws KindlingError if there are more or fewer elements, DeviceError on WebGPU (use `await x.cpu()` first).
   */
  item(): number {
    if (this.numel() !== 1)
      throw new KindlingError(`item: a Tensor with ${this.numel()} elements cannot be converted to Scalar`);
    this.assertAlive("item");
    const { backend, block } = this.storage;
    return toPlain(backend.element(block, this.dtype, this.offset), this.dtype) as number;
  }

  /**
   * The elements as nested arrays of numbers or booleans (bigints only beyond 2^53). A 0-d tensor gives its value. @see torch.Tensor.tolist
   * @example const rows = matrix.tolist<number[][]>();
   */
  tolist<T = any>(): T {
    const values = this.elements("tolist");
    const nest = (axis: number, start: number, count: number): NestedArray => {
      if (axis === this.ndim) return toPlain(values[start]!, this.dtype);
      const size = this.shape[axis]!;
      const step = size === 0 ? 0 : count / size;
      return Array.from({ length: size }, (_, i) => nest(axis + 1, start + i * step, step));
    };
    return nest(0, 0, this.numel()) as T;
  }

  /**
   * What `JSON.stringify` writes of a tensor: its elements as {@link tolist} gives them, integers beyond 2^53 as text. JSON keeps neither dtype nor
   * device, nor NaN; files in `torch.safetensors` do.
   */
  toJSON(): unknown {
    const plain = (value: unknown): unknown =>
      Array.isArray(value) ? value.map(plain) : typeof value === "bigint" ? String(value) : value;
    return plain(this.tolist());
  }

  /**
   * A copy of the elements in row-major order, in the typed array of the dtype (bool: Uint8Array, int64: BigInt64Array, float16
   * and bfloat16: Float32Array).
   */
  toTypedArray(): TypedArray {
    const values = this.elements("toTypedArray");
    if (this.dtype === "float16" || this.dtype === "bfloat16")
      return Float32Array.from(values as Uint16Array, halfDecoder(this.dtype));
    return values;
  }

  /** The stored elements in row-major order, copied. */
  private elements(op: string): TypedArray {
    this.assertAlive(op);
    const { backend, block } = this.storage;
    if (!backend.readsAtOnce) throw unreadable(op, this);
    const n = this.numel();
    if (this.isContiguous()) return backend.view(block, this.dtype, this.offset, n).slice();
    const copy = new Storage(backend, n * sizeOf(this.dtype));
    const target = {
      storage: copy,
      dtype: this.dtype,
      shape: this.shape,
      strides: contiguousStrides(this.shape),
      offset: 0,
    };
    backend.copy(target, this);
    const values = backend.view(copy.block, this.dtype, 0, n).slice();
    backend.release(copy.block, false);
    return values;
  }

  /** Iterates over the slices along the first axis. */
  *[Symbol.iterator](): Generator<Tensor> {
    if (this.ndim === 0) throw new IndexError("iteration over a 0-d tensor");
    for (let i = 0; i < this.shape[0]!; i++) yield this.select(0, i);
  }

  /**
   * Gives the memory back now instead of when the collector finds the tensor. Views and the autograd graph keep what they need.
   * Using the tensor afterwards is an error.
   */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.storage.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Whether the memory is there. */
  get isAlive(): boolean {
    return !this.isDisposed && !this.storage.isFreed;
  }

  /** @internal @throws DisposedError if the memory is gone. */
  assertAlive(op: string): void {
    if (this.isDisposed || this.storage.isFreed)
      throw new DisposedError(
        `${op}: a tensor of shape [${this.shape.join(", ")}] was used after its memory was given back (by dispose(), \`using\` or tidy())`,
      );
  }
}

const unreadable = (op: string, x: Tensor): DeviceError =>
  new DeviceError(`${op}: a tensor on "${x.device}" cannot be read at once; use await x.cpu() first`);

/** @internal Shows `x` through another window, on the storage given: only in-place view ops may change what a tensor shows. */
export function setWindow(
  x: Tensor,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  storage = x.storage,
): void {
  if (storage !== x.storage) {
    storage.retain();
    x.storage.release();
  }
  storage.watch();
  Object.assign(x, { shape, strides, offset, storage });
}

/** Replaced by the types of old: makes what users ask of the constructor. */
let construct = (_given: readonly unknown[]): Tensor => {
  throw new KindlingError("Tensor: use torch.tensor(values) or torch.empty(size)");
};

/** @internal Says what `new Tensor(…)` makes of sizes and values; the arguments that are not given are undefined. */
export function onConstruct(rule: (given: readonly unknown[]) => Tensor): void {
  construct = rule;
}

/** Methods of the class with arguments, by name too, and those that must not ignore what they are given; hot ones stay as they are. */
const methods = {
  size: "input, dim?",
  stride: "input, dim?",
  requiresGrad_: "input, requiresGrad?",
  tolist: "input",
  toTypedArray: "input",
  storageOffset: "input",
  elementSize: "input",
  isInference: "input",
} as const;

for (const [name, signature] of Object.entries(methods)) {
  const own = Tensor.prototype[name as keyof typeof methods] as (argument?: unknown) => unknown;
  const { method } = named(name, signature, (x: Tensor, argument?: unknown) => own.call(x, argument));
  Object.defineProperty(Tensor.prototype, name, { value: method, writable: true, configurable: true });
}

/** Replaced by autograd: finds the current node of a view whose base may have been changed in place. */
let currentViewNode = (view: Tensor): GradFn | null => view.node;

/** @internal Lets autograd keep the history of views up to date. */
export function onViewHistory(rule: (view: Tensor) => GradFn | null): void {
  currentViewNode = rule;
}

/** Whether `x` is a tensor. @see torch.is_tensor */
export const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;

/**
 * Runs `body` and gives the memory of every tensor that it made back at once, except those in its result, parameters, buffers,
 * gradients of leaves, and the state of optimizers; of the graph, what nothing can reach any more. A module that is made
 * inside and forgotten is left to the collector. For
 * loops that never let the event loop turn.
 * @throws ArgumentError for async functions and generators, whose code would run after the end.
 * @example
 * const loss = torch.tidy(() => { const l = lossFn(model(x), y); l.backward(); return l.item(); });
 */
export const tidy = named("tidy", "body()", (body: () => unknown): unknown =>
  runInScope("tidy", body, isTensor),
) as unknown as Overloaded<<R>(body: () => R) => R>;
