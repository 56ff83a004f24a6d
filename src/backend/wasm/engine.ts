/** What runs kernels on the `cpu` device: compiled once, over one shared memory, with one set of threads. */
import { MAX_COUNT } from "../../core/arguments";
import { codeOf, type DType, isFloat, legacyName, sizeOf, type TypedArray } from "../../core/dtype";
import { DTypeError, KindlingError, ValueError } from "../../core/errors";
import { environment } from "../../platform/platform";
import type { Operand } from "../operand";
import { ArgumentList } from "./argumentList";
import { CallArea } from "./callArea";
import { GuardedMemory } from "./guard";
import {
  checkEngine,
  chooseSimdLevel,
  compileKernels,
  type Kernel,
  type Kernels,
  loadKernels,
  type SimdLevel,
  simdLevel,
  useModule,
} from "./kernels";
import type {
  ArgumentsWithScratch,
  KernelArguments,
  KernelDType,
  KernelName,
  KernelScratch,
  QueryArguments,
  QueryName,
  ScratchKernel,
} from "./kernelTypes";
import { type Extent, Memory, reserveMemory, type WasmBlock } from "./memory";
import { MAIN_OWNER, PageTable } from "./pages";
import { Pool } from "./pool";

const INITIAL_PAGES = 256;
/** Columns of a chunk at least. */
const FEWEST_COLUMNS = 32;

/**
 * An argument of a kernel: an operand is passed by address, `undefined` as the null address, an array of integers through memory by address, a number as
 * it is.
 */
export type Argument = Operand | number | readonly number[] | undefined;

/** Where the first element of an operand lies. */
export const addressOf = ({ storage, offset, dtype }: Operand): number =>
  offset === 0 ? (storage.block as WasmBlock).address : (storage.block as WasmBlock).address + offset * sizeOf(dtype);

/** Whether the environment asks for the allocator's guard mode. */
const isGuarded = (): boolean => environment("KINDLING_GUARD") === "1";

/** Everything that exists once the first tensor is made. */
interface Parts {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly pages: PageTable;
  readonly pool: Pool;
  readonly callArea: CallArea;
}

/** What another thread needs to see this thread's tensors. */
export interface SharedEngine {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly level: SimdLevel;
  /** Whose the pages of the memory are. */
  readonly pages: ArrayBufferLike;
}

/** Runs kernels: what the ops of this device are computed with. */
export abstract class Engine {
  readonly device = "cpu";
  protected engine: Parts | undefined;
  protected readonly args = new ArgumentList();

  /** Compiles the kernels and reserves memory on first use, so that importing the library costs nothing. */
  get parts(): Parts {
    return this.engine ?? this.begin();
  }

  private begin(): Parts {
    checkEngine();
    const wasm = reserveMemory(INITIAL_PAGES);
    const { module, level } = compileKernels();
    const kernels = loadKernels(module, level, wasm);
    const { heapBase } = kernels;
    const range = { address: heapBase, bytes: wasm.buffer.byteLength - heapBase };
    const memory = isGuarded() ? new GuardedMemory(wasm, range, heapBase) : new Memory(wasm, range);
    const pages = new PageTable(MAIN_OWNER);
    pages.claim({ address: 0, bytes: wasm.buffer.byteLength });
    return this.start(kernels, memory, pages);
  }

  private start(kernels: Kernels, memory: Memory, pages: PageTable): Parts {
    memory.pages = pages;
    this.engine = { kernels, memory, pages, callArea: new CallArea(memory), pool: new Pool(kernels, memory) };
    // The guard looks at memory, and fills it, at any time.
    this.engine.pool.isImmediate = memory instanceof GuardedMemory;
    return this.engine;
  }

  /** The level of SIMD of the kernels that are in use, or would be. */
  get simd(): SimdLevel {
    return this.engine?.kernels.level ?? simdLevel();
  }

  /** @throws KindlingError once the kernels are in use. */
  set simd(level: SimdLevel) {
    const op = "backends.wasm.simd";
    if (level === this.engine?.kernels.level) return;
    if (this.engine !== undefined)
      throw new KindlingError(
        `${op}: the kernels are in use already; choose the level before the first tensor is made`,
      );
    chooseSimdLevel(op, level);
  }

  /** The compiled kernels; undefined before they are in use. */
  get module(): WebAssembly.Module | undefined {
    return this.engine?.kernels.module;
  }

  /** @throws KindlingError once the kernels are in use. */
  set module(module: WebAssembly.Module | undefined) {
    const op = "backends.wasm.module";
    if (this.engine !== undefined)
      throw new KindlingError(`${op}: the kernels are in use already; set the module before the first tensor is made`);
    useModule(op, module);
  }

  /** What {@link attach} takes in another thread. */
  share(): SharedEngine {
    const { kernels, memory, pages } = this.parts;
    this.finish();
    return { memory: memory.memory, module: kernels.module, level: kernels.level, pages: pages.buffer };
  }

  /**
   * Computes in the memory of another thread instead of one of its own, on one thread. Allocates only from `arena`, which that thread has set aside, and
   * from pages that nobody has, or that it grows the memory by: those are noted as `owner`'s.
   * @throws KindlingError if there are tensors already.
   */
  attach({ memory, module, level, pages }: SharedEngine, arena: Extent, owner: number): void {
    if (this.engine !== undefined) throw new KindlingError("attach: this thread has memory of its own already");
    const Allocator = isGuarded() ? GuardedMemory : Memory;
    const table = new PageTable(owner, pages);
    const { pool } = this.start(loadKernels(module, level, memory), new Allocator(memory, arena), table);
    pool.setNumThreads(1);
    pool.isImmediate = true;
  }

  /**
   * Gives the pages of a thread that is gone to all others.
   * @param isLast Whether there is no other thread any more that was attached.
   */
  detach(owner: number, isLast: boolean): void {
    const { memory, pages } = this.parts;
    this.finish();
    pages.release(owner);
    if (isLast) pages.releaseUnnamed(memory.memory.buffer.byteLength);
  }

  /** Whether large jobs are shared with other threads at present. */
  get sharesWork(): boolean {
    return this.parts.pool.shares;
  }

  /** Runs a kernel over all elements of its output. */
  protected map(kernel: string, n: number, cost: number): void {
    this.parts.pool.run(this.find(kernel), this.args, n, n * cost, false);
  }

  /** The call area, empty. */
  protected get cleared(): CallArea {
    const { callArea, pool } = this.parts;
    return callArea.cleared(pool.place);
  }

  /**
   * Runs a kernel over a range that threads share.
   * @param dtype Unless undefined, its code is passed first.
   * @param args In the layouts that the kernel asks for.
   * @param range The size of the range.
   * @param cost About how many nanoseconds the whole range takes on one thread.
   * @param scratch Whether the kernel takes the address of scratch memory of its thread before the range.
   */
  call<K extends KernelName>(
    kernel: K,
    dtype: KernelDType<K>,
    args: KernelArguments<K>,
    range: number,
    cost: number,
    ...scratch: KernelScratch<K>
  ): void;
  /** The same with scratch memory of the caller's. */
  call<K extends ScratchKernel>(
    kernel: K,
    dtype: KernelDType<K>,
    args: ArgumentsWithScratch<K>,
    range: number,
    cost: number,
  ): void;
  call(kernel: KernelName, dtype: any, args: any, range: number, cost: number, scratch = false): void {
    const found = this.find(kernel);
    this.pass(found, dtype, args);
    if (!isInt32(range)) throw beyondCount(kernel, range);
    this.parts.pool.run(found, this.args, range, cost, scratch);
  }

  /**
   * Runs a kernel whose range are columns, through all rows of which a chunk walks: it is to take so many at least that neighbors do not read the same
   * lines of memory.
   * @see call
   */
  callColumns<K extends Exclude<KernelName, ScratchKernel>>(
    kernel: K,
    dtype: KernelDType<K>,
    args: KernelArguments<K>,
    columns: number,
    cost: number,
  ): void {
    const found = this.find(kernel);
    this.pass(found, dtype as DType | undefined, args as readonly Argument[]);
    if (!isInt32(columns)) throw beyondCount(kernel, columns);
    this.parts.pool.run(found, this.args, columns, cost, false, FEWEST_COLUMNS);
  }

  /** Runs a kernel that was made while the program runs, on the frame at an address. */
  callFused(kernel: Kernel, frame: number, range: number, cost: number): void {
    this.args.clear();
    this.args.push(frame);
    this.parts.pool.run(kernel, this.args, range, cost, false);
  }

  /** Waits until all that was called is done: before anybody but kernels reads or writes their memory. */
  finish(): void {
    this.engine?.pool.finish();
  }

  /** A view on memory that kernels have done with. */
  viewOf(dtype: DType, address: number, length: number): TypedArray {
    this.finish();
    return this.parts.memory.view(dtype, address, length);
  }

  /** Runs a kernel that computes a number from the values of operands: a check, a count. */
  inspect<K extends QueryName>(kernel: K, args: QueryArguments<K>): number {
    const found = this.find(kernel);
    // Operands that are still to be computed are so when they are passed.
    this.pass(found, undefined, args as readonly Argument[]);
    this.finish();
    return this.args.call(found);
  }

  /** Runs a kernel that computes a number from sizes: the number of tasks that a problem has, how much scratch memory it needs. */
  ask<K extends QueryName>(kernel: K, args: QueryArguments<K>): number {
    const found = this.find(kernel);
    this.pass(found, undefined, args as readonly Argument[]);
    return this.args.call(found);
  }

  /** @see Backend.copy */
  abstract copy(y: Operand, x: Operand): void;

  /** @see Backend.fill */
  abstract fill(y: Operand, value: number): void;

  /** Memory that an op needs while it runs, of `length` elements; to be given back by {@link drop}. */
  temporary(dtype: DType, length: number): Operand {
    const block = this.parts.memory.allocate(length * sizeOf(dtype));
    return { storage: { block }, offset: 0, shape: [length], strides: [1], dtype };
  }

  /** Gives {@link temporary} memory back. */
  drop(x: Operand): void {
    this.parts.memory.release(x.storage.block as WasmBlock, false);
  }

  /** Writes what a kernel takes: once more where an operand was still to be computed, which kernels do that write their own. */
  private pass(kernel: Kernel, dtype: DType | undefined, args: readonly Argument[]): void {
    let before: number;
    do {
      before = this.args.calls;
      this.passOnce(kernel, dtype, args);
    } while (this.args.calls > before + 1);
  }

  private passOnce(kernel: Kernel, dtype: DType | undefined, args: readonly Argument[]): void {
    const area = this.cleared;
    const list = this.args;
    list.clear();
    const lead = dtype === undefined ? 0 : 1;
    if (dtype !== undefined) list.push(codeOf(dtype));
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (arg === undefined) list.push(0);
      else if (typeof arg === "object") {
        if (Array.isArray(arg)) list.push(addressOfList(kernel.name, arg, area));
        else {
          const operand = arg as Operand;
          if (operand.dtype !== dtype) checkFloat(kernel.name, dtype, operand.dtype);
          list.push(addressOf(operand));
        }
      } else if ((arg | 0) === arg || kernel.types.charCodeAt(i + lead) !== INT32) list.push(arg);
      else throw beyondCount(kernel.name, arg);
    }
  }

  private find(name: string): Kernel {
    const kernel = this.parts.kernels.table.get(name);
    if (kernel === undefined) throw noKernel(name);
    return kernel;
  }
}

const noKernel = (name: string): KindlingError =>
  new KindlingError(`the cpu device has no kernel "${name}"; this is a defect of Kindling`);

/** The letter of integers of 32 bits among the types of a kernel. */
const INT32 = "i".charCodeAt(0);

const isInt32 = (value: number): boolean => (value | 0) === value;

const beyondCount = (kernel: string, value: number): ValueError =>
  new ValueError(
    `${kernel}: sizes and counts are integers of at most ${MAX_COUNT} (2^31 - 1) here, got ${value}; use several smaller tensors`,
  );

/** The address by which the kernel takes a list of integers. */
function addressOfList(kernel: string, list: readonly number[], area: CallArea): number {
  for (const value of list) if (!isInt32(value)) throw beyondCount(kernel, value);
  return area.integers(list);
}

/**
 * A kernel reads every operand of floating point as one of its dtype: the memory of another one would be read wrongly, and beyond its end.
 * Ops check their arguments themselves; this is the last line.
 */
function checkFloat(kernel: string, dtype: DType | undefined, found: DType): void {
  if (dtype === undefined || !isFloat(found)) return;
  throw new DTypeError(
    `${kernel}: expected scalar type ${legacyName(dtype)} but found ${legacyName(found)}; cast one operand with x.to(dtype)`,
  );
}
