/** The `webgpu` device: kernels in WGSL, which are generated and compiled when they are first asked for. */
import { arrayOf, type DType, sizeOf, type TypedArray } from "../../core/dtype";
import { DeviceError } from "../../core/errors";
import { sizeOfShape } from "../../core/shape";
import { type Backend, type Block, type MemoryStats, type Operand, reportPressure } from "../backend";
import type { DeviceTimer, TilingSet } from "../capabilities";
import { runFrom, unsupported } from "../dispatch";
import { isFusing } from "../fusion";
import type { DeviceOps } from "../ops";
import type { ValueCheck } from "../ops/checks";
import { tilings } from "../tilings";
import { GpuBlock } from "./buffers";
import type { CommandCounts } from "./commands";
import { Fusion } from "./fusion/fusion";
import type { Elementwise } from "./fusion/node";
import type { Gpu } from "./gpu";
import { type BadValue, Checks } from "./kernels/checks";
import { copy, copying, elementwise, filling } from "./kernels/elementwise";
import { kernels } from "./kernels/index";
import { checkLoaded, loadKernels } from "./kernels/parts";
import { cardNamed } from "./kernels/products/cards";
import { partsOf } from "./kernels/results";
import { scalarOf } from "./wgsl/elements";
import { checkInt32, noFloat64 } from "./wgsl/program";
import { binaryRules, expressionOf, type Rule, ternaryRules, unaryRules } from "./wgsl/rules";

/** Bytes that are handed out between two looks for tensors that were forgotten. */
const PRESSURE_BYTES = 256 * 2 ** 20;

const cannotWait = (what: string): DeviceError =>
  new DeviceError(`${what}: a tensor on "webgpu" cannot be read at once; use await x.cpu() first`);

/** What the device did since it was opened. */
export interface GpuCounts extends CommandCounts {
  /** Buffers that were made, instead of being used again. */
  readonly buffersCreated: number;
  /** Kernels that were compiled. */
  readonly kernels: number;
}

export class WebgpuBackend implements Backend {
  readonly device = "webgpu";
  readonly readsAtOnce = false;
  private readonly stats = { allocated: 0, peakAllocated: 0, blocks: 0 };
  private sincePressure = 0;

  private checks: Checks;
  private fusion: Fusion;

  /** @param gpu The open device. @param reopen Opens another one after its loss. */
  constructor(
    private gpu: Gpu,
    private readonly reopen: () => Promise<Gpu>,
  ) {
    this.checks = new Checks(gpu);
    this.fusion = new Fusion(gpu);
    this.isFusing = isFusing();
    this.tilings = tilings();
  }

  set tilings(set: TilingSet) {
    this.gpu.card = cardNamed(set, this.gpu.name);
  }

  /** Whether ops wait, so that several become one kernel. */
  get isFusing(): boolean {
    return this.fusion.isOn;
  }

  set isFusing(on: boolean) {
    this.fusion.isOn = on;
    this.gpu.isJoining = on;
  }

  /**
   * Opens the device anew after a loss. Tensors of before have lost their values, and get memory again when all of it is written, as
   * `loadStateDict` does.
   */
  async restore(): Promise<void> {
    if (!this.gpu.isLost) return;
    this.gpu = await this.reopen();
    this.checks = new Checks(this.gpu);
    this.fusion = new Fusion(this.gpu);
    this.isFusing = isFusing();
    this.tilings = tilings();
  }

  /** Waits for the kernels of those parts of the library that the program uses by now. */
  ready(): Promise<void> {
    return loadKernels();
  }

  /** How the adapter calls itself. */
  get name(): string {
    return this.gpu.name;
  }

  get timer(): DeviceTimer {
    return this.gpu.timer;
  }

  /** Whether the device is gone. */
  get isLost(): boolean {
    return this.gpu.isLost;
  }

  get counts(): GpuCounts {
    this.gpu.recordAll();
    const { commands, buffers, pipelines } = this.gpu;
    return { ...commands.counts, buffersCreated: buffers.created, kernels: pipelines.compiled };
  }

  allocate(bytes: number): GpuBlock {
    this.gpu.checkHealth();
    this.sincePressure += bytes;
    if (this.sincePressure > PRESSURE_BYTES) {
      const { sincePressure } = this;
      this.sincePressure = 0;
      reportPressure(sincePressure);
    }
    this.stats.allocated += bytes;
    this.stats.blocks++;
    this.stats.peakAllocated = Math.max(this.stats.peakAllocated, this.stats.allocated);
    return new GpuBlock(bytes);
  }

  release(block: Block, _collected: boolean): void {
    if (block.freed) return;
    this.stats.allocated -= block.bytes;
    this.stats.blocks--;
    this.gpu.release(block as GpuBlock);
  }

  memoryStats(): MemoryStats {
    return { ...this.stats, reserved: this.gpu.buffers.reserved };
  }

  write(block: Block, dtype: DType, offset: number, values: TypedArray): void {
    if (values.length === 0) return;
    if (dtype === "float64") throw noFloat64("to");
    const seen = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    // Queues refuse memory that is shared with other threads, as that of the cpu's tensors is.
    const bytes = values.buffer instanceof ArrayBuffer ? (seen as Uint8Array<ArrayBuffer>) : new Uint8Array(seen);
    if (dtype === "int64") checkIntegers(values as BigInt64Array);
    this.writeBytes(block as GpuBlock, offset * sizeOf(dtype), bytes);
  }

  /** Queues take whole words: those at the edges are first written to a block of their own. */
  private writeBytes(block: GpuBlock, offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    const isWhole = offset % 4 === 0 && (bytes.length % 4 === 0 || offset + bytes.length === block.bytes);
    const padded = bytes.length % 4 === 0 ? bytes : new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    if (padded !== bytes) padded.set(bytes);
    if (offset === 0 && bytes.length === block.bytes) this.gpu.revive(block);
    if (isWhole) {
      this.gpu.write(block, offset, padded);
      return;
    }
    const part = new GpuBlock(bytes.length);
    this.gpu.write(part, 0, padded);
    const window = (on: GpuBlock, at: number): Operand => ({
      storage: { block: on },
      offset: at,
      shape: [bytes.length],
      strides: [1],
      dtype: "uint8",
    });
    copy(this.named("to"), window(block, offset), window(part, 0));
    this.gpu.release(part);
  }

  view(): TypedArray {
    throw cannotWait("view");
  }

  element(): number | bigint {
    throw cannotWait("item");
  }

  async read(block: Block, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    const size = sizeOf(dtype);
    const bytes =
      length === 0 ? new ArrayBuffer(0) : await this.gpu.read(block as GpuBlock, offset * size, length * size);
    return new (arrayOf(dtype))(bytes, 0, length);
  }

  /** The GPU, computing for an op. */
  private named(op: string): Gpu {
    this.gpu.op = op;
    return this.gpu;
  }

  unary(name: string, y: Operand, x: Operand, p: number, q: number): void {
    const rule = this.rule(name, unaryRules[name], x.dtype, "x, p, q");
    this.elementwise(name, { name, y, inputs: [x], numbers: x.dtype, scalars: [p, q], ...rule });
  }

  binary(name: string, dtype: DType, y: Operand, a: Operand | number, b: Operand | number, p: number): void {
    const rule = this.rule(name, binaryRules[name], dtype, "a, b, p");
    this.elementwise(name, { name, y, inputs: [a, b], numbers: dtype, scalars: [p], ...rule });
  }

  ternary(name: string, dtype: DType, y: Operand, a: Operand, b: Operand, c: Operand, p: number): void {
    const rule = this.rule(name, ternaryRules[name], dtype, "a, b, c, p", name === "where" ? "i32" : undefined);
    this.elementwise(name, { name, y, inputs: [a, b, c], numbers: dtype, scalars: [p], ...rule });
  }

  private elementwise(op: string, work: Elementwise): void {
    const gpu = this.named(op);
    if (!this.fusion.defer(work)) elementwise(gpu, work);
  }

  /** A rule as a function of WGSL. @param first the type of the first parameter, if it is not that of the others */
  private rule(name: string, rule: Rule | undefined, dtype: DType, parameters: string, first?: string) {
    const type = scalarOf(dtype);
    if (type === undefined) throw noFloat64(name);
    const expression = expressionOf(rule, type, dtype === "bool");
    if (expression === undefined) throw unsupported(name, dtype, this.device);
    const list = parameters.split(", ").map((parameter, i) => `${parameter}: ${(i === 0 && first) || type}`);
    const result = rule!.isPredicate ? "i32" : type;
    const own = `${name}_${type}${dtype === "bool" ? "_bool" : ""}`;
    return {
      rule: (values: readonly string[], scalars: readonly string[]) => `${own}(${[...values, ...scalars].join(", ")})`,
      declarations: `fn ${own}(${list.join(", ")}) -> ${result} { return ${expression}; }`,
    };
  }

  copy(y: Operand, x: Operand): void {
    this.revive(y);
    this.elementwise("to", copying(y, x));
  }

  fill(y: Operand, value: number): void {
    if (y.dtype === "float64") throw noFloat64("fill");
    this.revive(y);
    this.elementwise("fill", filling(y, value));
  }

  /** Tells of a result that takes all of its block. */
  private revive({ storage, shape, dtype }: Operand): void {
    const block = storage.block as GpuBlock;
    if (sizeOfShape(shape) * sizeOf(dtype) === block.bytes) this.gpu.revive(block);
  }

  run<K extends keyof DeviceOps>(op: K, description: DeviceOps[K]): void {
    const gpu = this.named(op);
    if (kernels[op] === undefined) checkLoaded(op);
    const parts = partsOf(op, description);
    const run = (): void => runFrom(kernels, gpu, op, parts?.description ?? description);
    if (parts === undefined || !this.fusion.deferKernel(parts.y, parts.operands, { run, inlines: op === "reduce" }))
      run();
  }

  firstInvalid(check: ValueCheck, error?: BadValue): number {
    if (error !== undefined) {
      this.gpu.op = check.kind;
      this.checks.add(check, error);
    }
    return -1;
  }

  follow(x: Operand, begin: () => (values: TypedArray) => void): void {
    this.checks.follow(x, begin);
  }

  countNonzero(): number {
    throw cannotWait("countNonzero");
  }

  /** Waits until all that was asked for is done. */
  synchronize(): Promise<void> {
    return this.gpu.synchronize();
  }

  /** Ends the device, as a driver may at any time; for tests. */
  destroy(): void {
    this.gpu.destroy();
  }

  /** Gives memory back that waits to be used again. */
  emptyCache(): Promise<void> {
    return this.gpu.emptyCache();
  }
}

/** @throws DeviceError for an integer that does not fit 32 bits. */
function checkIntegers(values: BigInt64Array): void {
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let i = 0; i < values.length; i++) if (words[2 * i + 1] !== words[2 * i]! >> 31) checkInt32("to", values[i]!);
}
