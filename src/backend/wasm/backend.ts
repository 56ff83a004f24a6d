/** The `cpu` device: kernels in WebAssembly over one shared memory. */
import { codeOf, type DType, isFloat, legacyName, sizeOf, type TypedArray } from "../../core/dtype";
import { DTypeError, KindlingError } from "../../core/errors";
import { broadcastStrides, collapse, isContiguous, sameShape, sizeOfShape } from "../../core/shape";
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
import { compileKernels, type Kernel, type Kernels, loadKernels, type SimdLevel } from "./kernels";
import { type Extent, Memory, reserveMemory } from "./memory";
import { Pool } from "./pool";

const INITIAL_PAGES = 256;
/** Memory for the geometry and the scalars of one call. */
const CALL_BYTES = 16384;
/** Nanoseconds per element by which elementwise kernels are judged worth sharing. */
const COPY_COST = 0.3;
const MAP_COST = 0.5;

const addressOf = ({ storage, offset, dtype }: Operand): number =>
  offset === 0 ? storage.block.address : storage.block.address + offset * sizeOf(dtype);

/** Everything that exists once the first tensor is made. */
interface Engine {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly pool: Pool;
  /** Address of the call area. */
  readonly callArea: number;
}

/** What another thread needs to see this thread's tensors. */
export interface SharedEngine {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly level: SimdLevel;
}

class WasmBackend implements Backend {
  readonly device = "cpu";
  private engine: Engine | undefined;
  /** The next free byte of the call area. */
  private top = 0;
  private readonly args = new ArgumentList();

  /** Compiles the kernels and reserves memory on first use, so that importing the library costs nothing. */
  get parts(): Engine {
    if (this.engine !== undefined) return this.engine;
    const wasm = reserveMemory(INITIAL_PAGES);
    const { module, level } = compileKernels();
    const kernels = loadKernels(module, level, wasm);
    const { heapBase } = kernels;
    return this.start(kernels, new Memory(wasm, { address: heapBase, bytes: wasm.buffer.byteLength - heapBase }));
  }

  private start(kernels: Kernels, memory: Memory): Engine {
    const callArea = memory.allocate(CALL_BYTES).address;
    this.engine = { kernels, memory, callArea, pool: new Pool(kernels, memory) };
    return this.engine;
  }

  /** What {@link attach} takes in another thread. */
  share(): SharedEngine {
    const { kernels, memory } = this.parts;
    return { memory: memory.memory, module: kernels.module, level: kernels.level };
  }

  /**
   * Computes in the memory of another thread instead of one of its own, on one thread. Allocates only from `arena`, which that thread has set aside, and
   * from what it grows the memory by, of which it tells `onGrow`.
   * @throws KindlingError if there are tensors already.
   */
  attach({ memory, module, level }: SharedEngine, arena: Extent, onGrow: (range: Extent) => void): void {
    if (this.engine !== undefined) throw new KindlingError("attach: this thread has memory of its own already");
    this.start(loadKernels(module, level, memory), new Memory(memory, { ...arena }, onGrow)).pool.setNumThreads(1);
  }

  /** Takes over a range that {@link attach} has grown in a thread that is gone. */
  adopt(range: Extent): void {
    this.parts.memory.adopt(range);
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

  async read(block: Block, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    return this.view(block, dtype, offset, length).slice();
  }

  unary(name: string, y: Operand, x: Operand, p: number, q: number): void {
    this.top = 0;
    const geometry = this.geometry(y.shape, [x]);
    this.args.set(codeOf(x.dtype), addressOf(y), addressOf(x), p, q, geometry);
    this.map(name, y, MAP_COST);
  }

  binary(name: string, dtype: DType, y: Operand, a: Operand | number, b: Operand | number, p: number): void {
    this.top = 0;
    const mode = binaryMode(a, b, y.shape);
    const geometry = mode === undefined ? this.geometry(y.shape, [layoutOf(a), layoutOf(b)]) : 0;
    const [left, right] = [this.address(a, dtype), this.address(b, dtype)];
    this.args.set(codeOf(dtype), addressOf(y), left, right, p, mode ?? 0, geometry);
    this.map(name, y, MAP_COST);
  }

  ternary(name: string, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void {
    this.top = 0;
    const geometry = this.geometry(y.shape, [a, b, c]);
    this.args.set(codeOf(dtype), addressOf(y), addressOf(a), addressOf(b), addressOf(c), p, geometry);
    this.map(name, y, MAP_COST);
  }

  copy(y: Operand, x: Operand): void {
    this.top = 0;
    const geometry = this.geometry(y.shape, [y, x]);
    this.args.set(codeOf(y.dtype), codeOf(x.dtype), addressOf(y), addressOf(x), geometry);
    this.map("copy", y, COPY_COST);
  }

  fill(y: Operand, value: number): void {
    this.args.set(codeOf(y.dtype), addressOf(y), value);
    this.map("fill", y, COPY_COST);
  }

  /** Runs a kernel over all elements of its output. */
  private map(name: string, y: Operand, cost: number): void {
    const n = sizeOfShape(y.shape);
    this.parts.pool.run(this.kernel(name), this.args, n, n * cost, false);
  }

  call(name: string, dtype: DType | undefined, args: readonly Argument[], work: Work): void {
    if (dtype !== undefined) checkDTypes(name, dtype, args);
    this.pass(dtype, args);
    this.parts.pool.run(this.kernel(name), this.args, work.range, work.cost, work.scratch === true);
  }

  query(name: string, args: readonly (number | readonly number[])[]): number {
    return this.check(name, args);
  }

  check(name: string, args: readonly Argument[]): number {
    this.pass(undefined, args);
    return this.args.call(this.kernel(name));
  }

  private pass(dtype: DType | undefined, args: readonly Argument[]): void {
    this.top = 0;
    this.args.clear();
    if (dtype !== undefined) this.args.push(codeOf(dtype));
    for (let i = 0; i < args.length; i++) this.args.push(this.argument(args[i]));
  }

  private kernel(name: string): Kernel {
    const kernel = this.parts.kernels.table.get(name);
    if (kernel === undefined)
      throw new KindlingError(`the cpu device has no kernel "${name}"; this is a defect of Kindling`);
    return kernel;
  }

  private argument(arg: Argument): number {
    if (typeof arg === "number") return arg;
    if (arg === undefined) return 0;
    return "storage" in arg ? addressOf(arg) : this.integers(arg);
  }

  /** Puts integers into the call area and returns their address. */
  private integers(values: readonly number[]): number {
    const { memory, callArea } = this.parts;
    const address = callArea + this.top;
    this.top += (values.length * 4 + 7) & ~7;
    const heap = memory.heap("int32");
    for (let i = 0, at = address >> 2; i < values.length; i++) heap[at + i] = values[i]!;
    return address;
  }

  /** The geometry block of docs/kernels.md, or 0 when every operand is contiguous. */
  private geometry(shape: readonly number[], operands: readonly Layout[]): number {
    if (operands.every((x) => isLinear(x, shape))) return 0;
    const seen = operands.map((x) => broadcastStrides(x.shape, x.strides, shape));
    const { shape: sizes, strides } = collapse(shape, seen);
    const values = [sizes.length, ...sizes];
    for (const list of strides) values.push(...list);
    return this.integers(values);
  }

  private address(x: Operand | number, dtype: DType): number {
    return typeof x === "number" ? this.scalar(x, dtype) : addressOf(x);
  }

  /** Puts a number into the call area as an element of a dtype. */
  private scalar(value: number, dtype: DType): number {
    const { memory, callArea } = this.parts;
    const address = callArea + this.top;
    this.top += 8;
    const heap = memory.heap(dtype);
    const index = address / sizeOf(dtype);
    if (heap instanceof BigInt64Array) heap[index] = BigInt(Math.trunc(value));
    else heap[index] = dtype === "bool" ? Number(value !== 0) : value;
    return address;
  }
}

/**
 * A kernel reads every operand of floating point as one of its dtype: the memory of another one would be read wrongly, and beyond its end.
 * Ops check their arguments themselves; this is the last line.
 */
function checkDTypes(name: string, dtype: DType, args: readonly Argument[]): void {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg !== "object" || !("storage" in arg) || arg.dtype === dtype || !isFloat(arg.dtype)) continue;
    throw new DTypeError(
      `${name}: expected scalar type ${legacyName(dtype)} but found ${legacyName(arg.dtype)}; cast one operand with x.to(dtype)`,
    );
  }
}

const isSingle = (x: Operand | number): boolean => typeof x === "number" || sizeOfShape(x.shape) === 1;

type Layout = Pick<Operand, "shape" | "strides">;

const scalarLayout: Layout = { shape: [], strides: [] };

const layoutOf = (x: Operand | number): Layout => (typeof x === "number" ? scalarLayout : x);

const isLinear = (x: Layout, shape: readonly number[]): boolean =>
  sameShape(x.shape, shape) && isContiguous(x.shape, x.strides);

/** How a binary kernel sees operands without a geometry: both contiguous (0), or one of them a single element (1: b, 2: a). */
function binaryMode(a: Operand | number, b: Operand | number, shape: readonly number[]): number | undefined {
  const mode = isSingle(b) ? 1 : isSingle(a) ? 2 : 0;
  const fits = (x: Operand | number): boolean => typeof x === "object" && isLinear(x, shape);
  return (mode === 2 || fits(a)) && (mode === 1 || fits(b)) ? mode : undefined;
}

/** The only instance: one memory, one set of threads. */
export const wasm = new WasmBackend();

registerBackend(wasm);
