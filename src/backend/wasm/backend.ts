/** The `cpu` device: kernels in WebAssembly over one shared memory. */
import { codeOf, type DType, sizeOf, type TypedArray } from "../../core/dtype";
import { sizeOfShape } from "../../core/shape";
import { type Backend, type Block, type MemoryStats, type Operand, type Recorder, registerBackend } from "../backend";
import { runFrom } from "../dispatch";
import type { DeviceOps } from "../ops";
import type { ValueCheck } from "../ops/checks";
import { isLinear, type Layout } from "./callArea";
import { guardOf, sharedMemoryOf, simdOf, threadsOf } from "./capabilities";
import { addressOf, Engine } from "./engine";
import type { WasmBlock } from "./memory";
import { ops } from "./ops";
import { firstInvalid, nonzeros } from "./ops/checks";
import { plannerOf } from "./ops/convolutionPlan";
import { inHalves, MOST_ELEMENTS } from "./parts";

/** Nanoseconds per element by which elementwise kernels are judged worth sharing. */
const COPY_COST = 0.3;
const MAP_COST = 0.5;

class WasmBackend extends Engine implements Backend {
  readonly readsAtOnce = true;
  readonly attentionWidth = 512;
  readonly shared = sharedMemoryOf(this);
  readonly threads = threadsOf(this);
  readonly simdLevel = simdOf(this);
  readonly guard = guardOf(this);
  readonly convolutions = plannerOf(this);
  private watching: Recorder | undefined = undefined;
  /** The most elements of elementwise ops that are done in the usual way: none while somebody watches, so that nobody else pays for a look. */
  private most = MOST_ELEMENTS;

  get recorder(): Recorder | undefined {
    return this.watching;
  }
  set recorder(next: Recorder | undefined) {
    this.watching = next;
    this.most = next === undefined ? MOST_ELEMENTS : -1;
  }

  allocate(bytes: number): Block {
    const block = (this.engine ?? this.parts).memory.allocate(bytes);
    this.watching?.allocate(block);
    return block;
  }

  release(block: WasmBlock, collected: boolean): void {
    if (this.watching?.release(block) === true) return;
    this.parts.memory.release(block, collected);
  }

  memoryStats(): MemoryStats {
    return this.parts.memory.stats();
  }

  write(block: WasmBlock, dtype: DType, offset: number, values: TypedArray): void {
    this.watching?.touch(block, "write");
    const view = this.viewOf(dtype, block.address + offset * sizeOf(dtype), values.length) as Float64Array;
    view.set(values as Float64Array);
  }

  view(block: WasmBlock, dtype: DType, offset: number, length: number): TypedArray {
    this.watching?.touch(block, "read");
    return this.viewOf(dtype, block.address + offset * sizeOf(dtype), length);
  }

  element(block: WasmBlock, dtype: DType, offset: number): number | bigint {
    this.watching?.touch(block, "read");
    const size = sizeOf(dtype);
    // Sizes are powers of two. The shift is unsigned, since addresses go up to 4 GiB.
    const index = (block.address >>> (31 - Math.clz32(size))) + offset;
    // To ask for the address may run kernels, so this comes after it.
    this.finish();
    return this.parts.memory.heap(dtype, (index + 1) * size)[index]!;
  }

  async read(block: WasmBlock, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    return this.view(block, dtype, offset, length).slice();
  }

  // Addresses come first: where an operand is still to be computed, to ask for its address runs kernels, which write over the call area.

  unary(op: string, y: Operand, x: Operand, p: number, q: number): void {
    const n = sizeOfShape(y.shape);
    if (n > this.most) {
      this.unaryOtherwise(op, y, x, p, q);
      return;
    }
    const target = addressOf(y);
    const source = addressOf(x);
    const geometry = isLinear(x, y.shape) ? 0 : this.cleared.geometry(y.shape, [x]);
    this.args.set(codeOf(x.dtype), target, source, p, q, geometry);
    this.map(op, n, MAP_COST);
  }

  binary(op: string, dtype: DType, y: Operand, a: Operand | number, b: Operand | number, p: number): void {
    const n = sizeOfShape(y.shape);
    if (n > this.most) {
      this.binaryOtherwise(op, dtype, y, a, b, p);
      return;
    }
    const area = this.cleared;
    const { calls } = this.args;
    const mode = binaryMode(a, b, y.shape);
    const geometry = mode === undefined ? area.geometry(y.shape, [layoutOf(a), layoutOf(b)]) : 0;
    const left = typeof a === "number" ? area.scalar(a, dtype) : addressOf(a);
    const right = typeof b === "number" ? area.scalar(b, dtype) : addressOf(b);
    const target = addressOf(y);
    // In this order, and once more where kernels ran meanwhile, since all addresses first is a tenth of the time of an addition of small tensors.
    if (this.args.calls !== calls) {
      this.binary(op, dtype, y, a, b, p);
      return;
    }
    this.args.set(codeOf(dtype), target, left, right, p, mode ?? 0, geometry);
    this.map(op, n, MAP_COST);
  }

  ternary(op: string, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void {
    const n = sizeOfShape(y.shape);
    if (n > this.most) {
      this.ternaryOtherwise(op, dtype, y, a, b, c, p);
      return;
    }
    const target = addressOf(y);
    const first = addressOf(a);
    const second = addressOf(b);
    const third = addressOf(c);
    const geometry = this.cleared.geometry(y.shape, [a, b, c]);
    this.args.set(codeOf(dtype), target, first, second, third, p, geometry);
    this.map(op, n, MAP_COST);
  }

  copy(y: Operand, x: Operand): void {
    const n = sizeOfShape(y.shape);
    if (n > this.most) {
      this.copyOtherwise(y, x);
      return;
    }
    const target = addressOf(y);
    const source = addressOf(x);
    const geometry = this.cleared.geometry(y.shape, [y, x]);
    this.args.set(codeOf(y.dtype), codeOf(x.dtype), target, source, geometry);
    this.map("copy", n, COPY_COST);
  }

  fill(y: Operand, value: number): void {
    const n = sizeOfShape(y.shape);
    if (n > this.most) {
      this.fillOtherwise(y, value);
      return;
    }
    this.args.set(codeOf(y.dtype), addressOf(y), value);
    this.map("fill", n, COPY_COST);
  }

  // What has more elements than kernels count, or is watched. Apart from the methods above, since a function with a closure costs something at each call.

  /** Does what was told to who watches, and tells nothing more meanwhile. */
  private unwatched(body: () => void): void {
    const { watching } = this;
    this.recorder = undefined;
    try {
      body();
    } finally {
      this.recorder = watching;
    }
  }

  private unaryOtherwise(op: string, y: Operand, x: Operand, p: number, q: number): void {
    if (this.watching !== undefined) {
      this.watching.map(op, x.dtype, y, [x], p, q, 1);
      this.unwatched(() => this.unary(op, y, x, p, q));
      return;
    }
    inHalves(y, [x], (part, [a]) => this.unary(op, part, a!, p, q));
  }

  private binaryOtherwise(
    op: string,
    dtype: DType,
    y: Operand,
    a: Operand | number,
    b: Operand | number,
    p: number,
  ): void {
    if (this.watching !== undefined) {
      this.watching.map(op, dtype, y, [a, b], p, 0, 2);
      this.unwatched(() => this.binary(op, dtype, y, a, b, p));
      return;
    }
    inHalves(y, [a, b], (part, [c, d]) => this.binary(op, dtype, part, c!, d!, p));
  }

  private ternaryOtherwise(op: string, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void {
    if (this.watching !== undefined) {
      this.watching.map(op, dtype, y, [a, b, c], p, 0, 3);
      this.unwatched(() => this.ternary(op, dtype, y, a, b, c, p));
      return;
    }
    inHalves(y, [a, b, c], (part, [d, e, f]) => this.ternary(op, dtype, part, d!, e!, f!, p));
  }

  private copyOtherwise(y: Operand, x: Operand): void {
    if (this.watching !== undefined) {
      this.watching.copy(y, x);
      this.unwatched(() => this.copy(y, x));
      return;
    }
    inHalves(y, [x], (part, [a]) => this.copy(part, a!));
  }

  private fillOtherwise(y: Operand, value: number): void {
    if (this.watching !== undefined) {
      this.watching.fill(y, value);
      this.unwatched(() => this.fill(y, value));
      return;
    }
    inHalves(y, [], (part) => this.fill(part, value));
  }

  run<K extends keyof DeviceOps>(op: K, description: DeviceOps[K]): void {
    if (this.watching === undefined) runFrom(ops, this as Engine, op, description);
    else this.runWatched(this.watching, op, description);
  }

  private runWatched<K extends keyof DeviceOps>(watching: Recorder, op: K, description: DeviceOps[K]): void {
    watching.run(op, description);
    // What the op itself does with the device is part of it.
    this.unwatched(() => runFrom(ops, this as Engine, op, description));
  }

  firstInvalid(check: ValueCheck): number {
    const found = firstInvalid(this, check);
    this.watching?.check(check, found < 0);
    return found;
  }

  countNonzero(x: Operand): number {
    this.watching?.touch(x.storage.block, "read");
    return nonzeros(this, x);
  }
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
