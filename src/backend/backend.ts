/** The one interface of a device: memory, and kernels run over operands. Nothing above it knows what computes. */
import type { DType, TypedArray } from "../core/dtype";

/** Where tensors live. `"cpu"` is computed in WebAssembly. */
export type Device = "cpu" | "webgpu";

/** A range of device memory. */
export interface Block {
  readonly address: number;
  /** Bytes that were asked for; what lies behind them is not the block's. */
  readonly bytes: number;
  /** Whether the block was given back; the backend sets it. */
  freed: boolean;
}

/** What a kernel reads or writes: a strided window on a block. Offset and strides count elements. */
export interface Operand {
  readonly storage: { readonly block: Block };
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly dtype: DType;
}

/**
 * An argument of {@link Backend.call}: an operand is passed by address, `undefined` as the null address, an array of
 * integers through memory by address, a number as it is.
 */
export type Argument = Operand | number | readonly number[] | undefined;

/** How the range of a kernel is divided among threads. */
export interface Work {
  /** The size of the range. */
  readonly range: number;
  /** About how many nanoseconds the whole range takes on one thread. */
  readonly cost: number;
  /** Whether the kernel takes the address of scratch memory of its thread before `begin, end`. */
  readonly scratch?: boolean;
}

/** Memory held by a device. */
export interface MemoryStats {
  /** Bytes in blocks that were not given back. */
  readonly allocated: number;
  /** The most that `allocated` has been. */
  readonly peakAllocated: number;
  /** Bytes taken from the system. */
  readonly reserved: number;
  /** Blocks that were not given back. */
  readonly blocks: number;
}

/**
 * A device. All outputs are contiguous unless a method says otherwise, and are allocated by the caller. Kernels are asked for by
 * the name of their op; `docs/kernels.md` has their conventions.
 */
export interface Backend {
  readonly device: Device;
  /** Whether {@link view} and {@link element} give values at once, as on the cpu; on other devices only {@link read} does. */
  readonly readsAtOnce: boolean;

  /** @throws OutOfMemoryError saying what was asked and what is held. */
  allocate(bytes: number): Block;
  /** Gives a block back; `collected` when the garbage collector found it. Does nothing the second time. */
  release(block: Block, collected: boolean): void;
  memoryStats(): MemoryStats;

  /** Copies typed values into memory at an element offset. */
  write(block: Block, dtype: DType, offset: number, values: TypedArray): void;
  /** A view on memory. @throws DeviceError on a device that cannot be read at once. */
  view(block: Block, dtype: DType, offset: number, length: number): TypedArray;
  /** One element, as it is stored. Where there is a view, this costs less. */
  element(block: Block, dtype: DType, offset: number): number | bigint;
  /** The elements of memory, once all work on them is done. */
  read(block: Block, dtype: DType, offset: number, length: number): Promise<TypedArray>;

  /** y = op(x; p, q), elementwise. Operands have one shape; x may be strided. */
  unary(kernel: string, y: Operand, x: Operand, p: number, q: number): void;
  /** y = op(a, b; p), elementwise with broadcasting; a or b, not both, may be a number of the operands' dtype. */
  binary(kernel: string, dtype: DType, y: Operand, a: Operand | number, b: Operand | number, p: number): void;
  /** y = op(a, b, c; p), elementwise with broadcasting. */
  ternary(kernel: string, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void;
  /** y = x cast to the dtype of y, between any two layouts of one shape (x may be broadcast to it). */
  copy(y: Operand, x: Operand): void;
  /** Sets a contiguous operand to a value, cast to its dtype. */
  fill(y: Operand, value: number): void;

  /** Any other kernel. `dtype`, unless undefined, is passed first, as its code. Operands must be in the layout that the kernel asks for. */
  call(kernel: string, dtype: DType | undefined, args: readonly Argument[], work: Work): void;
  /** A kernel that only computes a number from numbers: how many tasks a problem has, which workspace it needs. */
  query(kernel: string, args: readonly (number | readonly number[])[]): number;
  /**
   * A kernel that checks values and returns the position of the first bad one, or −1. A device that cannot be read at once answers −1
   * and must not go astray on bad values.
   */
  check(kernel: string, args: readonly Argument[]): number;
}

const backends = new Map<Device, Backend>();

/** Makes a device known; its file does this when it is first imported. */
export function registerBackend(backend: Backend): void {
  backends.set(backend.device, backend);
}

/** The backend of a device, or undefined when this build or machine has none. */
export const backendOf = (device: Device): Backend | undefined => backends.get(device);

let pressureListener = (_isOut: boolean): void => {};

/** Says what is to be done when a device runs low on memory: find blocks that are forgotten, and give them back. */
export function onPressure(listener: (isOut: boolean) => void): void {
  pressureListener = listener;
}

/**
 * Called by a device that has handed out much memory since the last call, or (`isOut`) has none left for a block. Blocks may have been given back
 * when this returns.
 */
export const reportPressure = (isOut: boolean): void => pressureListener(isOut);
