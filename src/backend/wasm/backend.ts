/** The `cpu` device: kernels in WebAssembly over one shared memory. */
import { MAX_COUNT } from "../../core/arguments";
import { codeOf, type DType, isFloat, legacyName, sizeOf, type TypedArray } from "../../core/dtype";
import { DTypeError, KindlingError, ValueError } from "../../core/errors";
import { sizeOfShape } from "../../core/shape";
import { environment } from "../../platform/platform";
import {
  type Argument,
  type Backend,
  type Block,
  type MemoryStats,
  type Operand,
  registerBackend,
  type Work,
} from "../backend";
import { ArgumentList } from "./argumentList";
import { CallArea, isLinear, type Layout } from "./callArea";
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
} from "./kernels";
import { type Extent, Memory, reserveMemory } from "./memory";
import { MAIN_OWNER, PageTable } from "./pages";
import { inHalves, MOST_ELEMENTS } from "./parts";
import { Pool } from "./pool";

const INITIAL_PAGES = 256;
/** Nanoseconds per element by which elementwise kernels are judged worth sharing. */
const COPY_COST = 0.3;
const MAP_COST = 0.5;

const addressOf = ({ storage, offset, dtype }: Operand): number =>
  offset === 0 ? storage.block.address : storage.block.address + offset * sizeOf(dtype);

/** Whether the environment asks for the allocator's guard mode. */
const isGuarded = (): boolean => environment("KINDLING_GUARD") === "1";

/** Everything that exists once the first tensor is made. */
interface Engine {
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

class WasmBackend implements Backend {
  readonly device = "cpu";
  readonly readsAtOnce = true;
  private engine: Engine | undefined;
  private readonly args = new ArgumentList();

  /** Compiles the kernels and reserves memory on first use, so that importing the library costs nothing. */
  get parts(): Engine {
    return this.engine ?? this.begin();
  }

  private begin(): Engine {
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

  private start(kernels: Kernels, memory: Memory, pages: PageTable): Engine {
    memory.pages = pages;
    this.engine = { kernels, memory, pages, callArea: new CallArea(memory), pool: new Pool(kernels, memory) };
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

  /** What {@link attach} takes in another thread. */
  share(): SharedEngine {
    const { kernels, memory, pages } = this.parts;
    return { memory: memory.memory, module: kernels.module, level: kernels.level, pages: pages.buffer };
  }

  /** A number for a thread that is to be attached. */
  newOwner(): number {
    return this.parts.pages.newOwner();
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
    this.start(loadKernels(module, level, memory), new Allocator(memory, arena), table).pool.setNumThreads(1);
  }

  /**
   * Gives the pages of a thread that is gone to all others.
   * @param isLast Whether there is no other thread any more that was attached.
   */
  detach(owner: number, isLast: boolean): void {
    const { memory, pages } = this.parts;
    pages.release(owner);
    if (isLast) pages.releaseUnnamed(memory.memory.buffer.byteLength);
  }

  allocate(bytes: number): Block {
    return (this.engine ?? this.parts).memory.allocate(bytes);
  }

  release(block: Block, collected: boolean): void {
    this.parts.memory.release(block, collected);
  }

  memoryStats(): MemoryStats {
    return this.parts.memory.stats();
  }

  write(block: Block, dtype: DType, offset: number, values: TypedArray): void {
    const view = this.view(block, dtype, offset, values.length) as Float64Array;
    view.set(values as Float64Array);
  }

  view(block: Block, dtype: DType, offset: number, length: number): TypedArray {
    return this.parts.memory.view(dtype, block.address + offset * sizeOf(dtype), length);
  }

  element(block: Block, dtype: DType, offset: number): number | bigint {
    // Addresses above 2 GiB are no signed integers of 32 bits: they are divided, not shifted.
    const index = block.address / sizeOf(dtype) + offset;
    return this.parts.memory.heap(dtype, (index + 1) * sizeOf(dtype))[index]!;
  }

  async read(block: Block, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    return this.view(block, dtype, offset, length).slice();
  }

  unary(name: string, y: Operand, x: Operand, p: number, q: number): void {
    const n = sizeOfShape(y.shape);
    if (n > MOST_ELEMENTS) {
      this.unaryInHalves(name, y, x, p, q);
      return;
    }
    const geometry = isLinear(x, y.shape) ? 0 : this.cleared.geometry(y.shape, [x]);
    this.args.set(codeOf(x.dtype), addressOf(y), addressOf(x), p, q, geometry);
    this.map(name, n, MAP_COST);
  }

  binary(name: string, dtype: DType, y: Operand, a: Operand | number, b: Operand | number, p: number): void {
    const n = sizeOfShape(y.shape);
    if (n > MOST_ELEMENTS) {
      this.binaryInHalves(name, dtype, y, a, b, p);
      return;
    }
    const area = this.cleared;
    const mode = binaryMode(a, b, y.shape);
    const geometry = mode === undefined ? area.geometry(y.shape, [layoutOf(a), layoutOf(b)]) : 0;
    const left = typeof a === "number" ? area.scalar(a, dtype) : addressOf(a);
    const right = typeof b === "number" ? area.scalar(b, dtype) : addressOf(b);
    this.args.set(codeOf(dtype), addressOf(y), left, right, p, mode ?? 0, geometry);
    this.map(name, n, MAP_COST);
  }

  ternary(name: string, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void {
    const n = sizeOfShape(y.shape);
    if (n > MOST_ELEMENTS) {
      this.ternaryInHalves(name, dtype, y, a, b, c, p);
      return;
    }
    const geometry = this.cleared.geometry(y.shape, [a, b, c]);
    this.args.set(codeOf(dtype), addressOf(y), addressOf(a), addressOf(b), addressOf(c), p, geometry);
    this.map(name, n, MAP_COST);
  }

  copy(y: Operand, x: Operand): void {
    const n = sizeOfShape(y.shape);
    if (n > MOST_ELEMENTS) {
      this.copyInHalves(y, x);
      return;
    }
    const geometry = this.cleared.geometry(y.shape, [y, x]);
    this.args.set(codeOf(y.dtype), codeOf(x.dtype), addressOf(y), addressOf(x), geometry);
    this.map("copy", n, COPY_COST);
  }

  fill(y: Operand, value: number): void {
    const n = sizeOfShape(y.shape);
    if (n > MOST_ELEMENTS) {
      this.fillInHalves(y, value);
      return;
    }
    this.args.set(codeOf(y.dtype), addressOf(y), value);
    this.map("fill", n, COPY_COST);
  }

  // What has more elements than kernels count. Apart from the methods above, since a function with a closure costs something at each call.

  private unaryInHalves(name: string, y: Operand, x: Operand, p: number, q: number): void {
    inHalves(y, [x], (part, [a]) => this.unary(name, part, a!, p, q));
  }

  private binaryInHalves(
    name: string,
    dtype: DType,
    y: Operand,
    a: Operand | number,
    b: Operand | number,
    p: number,
  ): void {
    inHalves(y, [a, b], (part, [c, d]) => this.binary(name, dtype, part, c!, d!, p));
  }

  private ternaryInHalves(name: string, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void {
    inHalves(y, [a, b, c], (part, [d, e, f]) => this.ternary(name, dtype, part, d!, e!, f!, p));
  }

  private copyInHalves(y: Operand, x: Operand): void {
    inHalves(y, [x], (part, [a]) => this.copy(part, a!));
  }

  private fillInHalves(y: Operand, value: number): void {
    inHalves(y, [], (part) => this.fill(part, value));
  }

  /** Runs a kernel over all elements of its output. */
  private map(name: string, n: number, cost: number): void {
    this.parts.pool.run(this.kernel(name), this.args, n, n * cost, false);
  }

  /** The call area, empty. */
  private get cleared(): CallArea {
    return this.parts.callArea.cleared();
  }

  call(name: string, dtype: DType | undefined, args: readonly Argument[], work: Work): void {
    const kernel = this.kernel(name);
    this.pass(kernel, dtype, args);
    if (!isInt32(work.range)) throw beyondCount(name, work.range);
    this.parts.pool.run(kernel, this.args, work.range, work.cost, work.scratch === true);
  }

  query(name: string, args: readonly (number | readonly number[])[]): number {
    return this.check(name, args);
  }

  check(name: string, args: readonly Argument[]): number {
    const kernel = this.kernel(name);
    this.pass(kernel, undefined, args);
    return this.args.call(kernel);
  }

  private pass(kernel: Kernel, dtype: DType | undefined, args: readonly Argument[]): void {
    const area = this.cleared;
    const list = this.args;
    list.clear();
    const lead = dtype === undefined ? 0 : 1;
    if (dtype !== undefined) list.push(codeOf(dtype));
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (arg === undefined) list.push(0);
      else if (typeof arg === "object") {
        if (!("storage" in arg)) list.push(addressOfList(kernel.name, arg, area));
        else {
          if (arg.dtype !== dtype) checkFloat(kernel.name, dtype, arg.dtype);
          list.push(addressOf(arg));
        }
      } else if ((arg | 0) === arg || kernel.types.charCodeAt(i + lead) !== INT32) list.push(arg);
      else throw beyondCount(kernel.name, arg);
    }
  }

  private kernel(name: string): Kernel {
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

const isSingle = (x: Operand | number): boolean => typeof x === "number" || sizeOfShape(x.shape) === 1;

const scalarLayout: Layout = { shape: [], strides: [] };

const layoutOf = (x: Operand | number): Layout => (typeof x === "number" ? scalarLayout : x);

/** How a binary kernel sees operands without a geometry: both contiguous (0), or one of them a single element (1: b, 2: a). */
function binaryMode(a: Operand | number, b: Operand | number, shape: readonly number[]): number | undefined {
  const isLinearA = typeof a === "object" && isLinear(a, shape);
  const isLinearB = typeof b === "object" && isLinear(b, shape);
  if (isLinearA && isLinearB) return 0;
  if (isLinearA && isSingle(b)) return 1;
  return isLinearB && isSingle(a) ? 2 : undefined;
}

/** The only instance: one memory, one set of threads. */
export const wasm = new WasmBackend();

registerBackend(wasm);
