/** The one interface of a device: memory, and ops run over operands. Nothing above it knows what computes. */
import type { DType, TypedArray } from "../core/dtype";
import { DeviceError } from "../core/errors";
import type { DeviceTimer, MemoryGuard, SharedMemory, Simd, Threads, TilingSet } from "./capabilities";
import type { BinaryName, TernaryName, UnaryName } from "./elementwise";
import type { Block, Operand } from "./operand";
import type { ConvolutionPlanner, DeviceOps } from "./ops";
import type { ValueCheck } from "./ops/checks";

export type { Block, Operand } from "./operand";

/** Where tensors live. `"cpu"` is computed in WebAssembly. */
export type Device = "cpu" | "webgpu";

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
 * A device: its memory, the ops that it has, and what it offers besides. All outputs are contiguous unless a description says otherwise, and are
 * allocated by the caller. `docs/devices.md` says how to write a device and how to add an op.
 */
export interface Backend {
  readonly device: Device;
  /** Memory that other threads can see, on a device that has it; likewise the other capabilities. */
  readonly shared?: SharedMemory;
  readonly threads?: Threads;
  readonly simdLevel?: Simd;
  readonly guard?: MemoryGuard;
  /** Measures work that is done behind the program's back, on a device that {@link readsAtOnce} does not hold of. */
  readonly timer?: DeviceTimer;
  /** Whether {@link view} and {@link element} give values at once, as on the cpu; on other devices only {@link read} does. */
  readonly readsAtOnce: boolean;
  /** Whether the device is gone, on one that may go. */
  readonly isLost?: boolean;
  readonly convolutions?: ConvolutionPlanner;
  /**
   * The most features of a head that the ops `attention` and `attentionGradient` take, on a device that has them; otherwise attention is composed of products
   * and a softmax.
   */
  readonly attentionWidth?: number;
  /** Sees all that the device is asked for, on a device that can be watched. */
  recorder?: Recorder | undefined;
  /** Whether ops wait so that several become one kernel, on a device that can do so. */
  isFusing?: boolean;
  /** Whose tilings products are computed with, on a device that has a choice. */
  tilings?: TilingSet;

  /** @throws OutOfMemoryError saying what was asked and what is held. */
  allocate(bytes: number): Block;
  /** Gives a block back; `collected` when the garbage collector found it. Does nothing the second time. */
  release(block: Block, collected: boolean): void;
  memoryStats(): MemoryStats;

  /** Copies typed values into memory at an element offset. */
  write(block: Block, dtype: DType, offset: number, values: TypedArray): void;
  /**
   * A view on memory, which shows what ops were called for until now: whoever calls others on that memory and looks at the view again asks
   * {@link Threads.finish} before.
   * @throws DeviceError on a device that cannot be read at once.
   */
  view(block: Block, dtype: DType, offset: number, length: number): TypedArray;
  /** One element, as it is stored. Where there is a view, this costs less. @throws DeviceError, of `item`, on a device that cannot be read at once. */
  element(block: Block, dtype: DType, offset: number): number | bigint;
  /** The elements of memory, once all work on them is done. */
  read(block: Block, dtype: DType, offset: number, length: number): Promise<TypedArray>;

  /** y = op(x; p, q), elementwise. Operands have one shape; x may be strided. */
  unary(op: UnaryName, y: Operand, x: Operand, p: number, q: number): void;
  /** y = op(a, b; p), elementwise with broadcasting; a or b, not both, may be a number of the operands' dtype. */
  binary(op: BinaryName, dtype: DType, y: Operand, a: Operand | number, b: Operand | number, p: number): void;
  /** y = op(a, b, c; p), elementwise with broadcasting. */
  ternary(op: TernaryName, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void;
  /** y = x cast to the dtype of y, between any two layouts of one shape (x may be broadcast to it). */
  copy(y: Operand, x: Operand): void;
  /** Sets a contiguous operand to a value, cast to its dtype. */
  fill(y: Operand, value: number): void;

  /**
   * Runs any other op, which is described in `ops/`.
   * @throws DeviceError naming op, dtype and device if this device does not have it.
   */
  run<K extends keyof DeviceOps>(op: K, description: DeviceOps[K]): void;
  /**
   * The position of the first value that is not valid, or −1 if all are. A device that cannot be read at once answers −1, its ops must not go
   * astray on bad values, and if it finds one later, whatever is read next is rejected with `error(position)`.
   */
  firstInvalid(check: ValueCheck, error?: (position: number) => Error): number;
  /**
   * Tells the elements of a contiguous operand, as they are when the next value is asked for, before that value is there. `begin` is called when they are
   * copied, and what it gives with the elements. Only a device that cannot be read at once has it.
   */
  follow?(x: Operand, begin: () => (values: TypedArray) => void): void;
  /**
   * How many elements of a contiguous operand are not 0, for results whose shape depends on data.
   * @throws DeviceError on a device that cannot be read at once.
   */
  countNonzero(x: Operand): number;
}

/** What a device tells of its work while it is recorded. It is told before the work is done. */
export interface Recorder {
  map(
    op: string,
    dtype: DType,
    y: Operand,
    inputs: readonly (Operand | number)[],
    p: number,
    q: number,
    arity: 1 | 2 | 3,
  ): void;
  copy(y: Operand, x: Operand): void;
  fill(y: Operand, value: number): void;
  run<K extends keyof DeviceOps>(op: K, description: DeviceOps[K]): void;
  /** Values are checked; all of them are found valid, or else not. */
  check(check: ValueCheck, isValid: boolean): void;
  allocate(block: Block): void;
  /** Memory is read or written by the program, on which what follows may depend. */
  touch(block: Block, how: "read" | "write"): void;
  /** A block is given back. @returns Whether the recorder keeps it for now. */
  release(block: Block): boolean;
}

const backends = new Map<Device, Backend>();

/** Makes a device known; its file does this when it is first imported. */
export function registerBackend(backend: Backend): void {
  backends.set(backend.device, backend);
}

/** The backend of a device, or undefined when this build or machine has none. */
export const backendOf = (device: Device): Backend | undefined => backends.get(device);

/**
 * The backend of a device that a part of the library cannot do without.
 * @throws DeviceError if this build or machine has none.
 */
export function requireBackend(device: Device): Backend {
  const backend = backends.get(device);
  if (backend === undefined) throw new DeviceError(`the device "${device}" is not available here`);
  return backend;
}

let pressureListener = (_bytes: number): void => {};

/** Says what is to be done when a device runs low on memory: find blocks that are forgotten, and give them back. */
export function onPressure(listener: (bytes: number) => void): void {
  pressureListener = listener;
}

/**
 * Called by a device that has handed out so many bytes since the last call, infinitely many if it has none left for a block. Blocks may have been given
 * back when this returns.
 */
export const reportPressure = (bytes: number): void => pressureListener(bytes);
