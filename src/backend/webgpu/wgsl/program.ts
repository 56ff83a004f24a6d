/** A dispatch in the making: the buffers that it binds, its uniforms, and the text of its kernel should that not be compiled yet. */
import type { DType } from "../../../core/dtype";
import { DeviceError } from "../../../core/errors";
import type { Operand } from "../../operand";
import type { GpuBlock } from "../buffers";
import { bitsOf, load, perWord, scalarOf } from "./elements";
import { functionsFor } from "./functions";

/** Invocations of a workgroup, unless a kernel wants another number. */
export const WORKGROUP = 64;

/** Words of uniforms that a dispatch may have: 64 axes with strides of four operands, and scalars. */
const MOST_WORDS = 512;

const names: readonly string[] = Array.from({ length: MOST_WORDS }, (_, i) => `u.w[${i >> 2}].${"xyzw"[i & 3]}`);

/** An operand in the text of a kernel. */
export class View {
  constructor(
    readonly dtype: DType,
    readonly binding: number,
    /** The position of its first element. */
    readonly offset: string,
    private readonly program: Program,
  ) {}

  private word = (index: string): string => {
    const access = this.program.accessOf(this.binding);
    if (access === "v") return `b${this.binding}[(${index}) / 4u][(${index}) % 4u]`;
    const place = `b${this.binding}[${index}]`;
    return access === "a" ? `atomicLoad(&${place})` : place;
  };

  /** The values of four neighbors of 32 bits, from a position that is a multiple of 4. */
  loadFour(index: string): string {
    const type = scalarOf(this.dtype)!;
    if (this.program.accessOf(this.binding) === "v") return `bitcast<vec4<${type}>>(b${this.binding}[(${index}) / 4u])`;
    return `vec4<${type}>(${[0, 1, 2, 3].map((i) => this.load(`${index} + ${i}u`)).join(", ")})`;
  }

  /** The value of the element at a position of the buffer. */
  load(index: string): string {
    return load(this.word, index, this.dtype);
  }

  /** A statement that stores a value. Elements that share a word need a binding that is atomic. */
  store(index: string, value: string): string {
    const buffer = `b${this.binding}`;
    if (this.dtype === "int64")
      return `{ let storedAt = 2u * (${index}); let stored = ${value}; ${buffer}[storedAt] = bitcast<u32>(stored); ${buffer}[storedAt + 1u] = bitcast<u32>(stored >> 31u); }`;
    const n = perWord(this.dtype);
    if (n === 1) return `${buffer}[${index}] = ${bitsOf(value, this.dtype)};`;
    const bits = 32 / n;
    const mask = `${2 ** bits - 1}u`;
    return `{ let storedAt = ${index}; let storedShift = (storedAt % ${n}u) * ${bits}u; atomicAnd(&${buffer}[storedAt / ${n}u], ~(${mask} << storedShift)); atomicOr(&${buffer}[storedAt / ${n}u], ${bitsOf(value, this.dtype)} << storedShift); }`;
  }

  /** A statement that replaces those bits of a word of which `mask` has ones. */
  storeWord(index: string, bits: string, mask: string): string {
    const place = `b${this.binding}[${index}]`;
    return `${place} = (${place} & ~${mask}) | ${bits};`;
  }
}

/** What becomes of the results of a kernel before memory has them. */
export interface Epilogue {
  /** The block of the results. */
  readonly block: GpuBlock;
  /** Adds what it takes, and the function `finish(i: u32, given: T)`, which is told of each result. */
  declare(program: Program): void;
}

/** Results of a kernel that an {@link Epilogue} takes. */
class Result extends View {
  override store(index: string, value: string): string {
    return `finish(${index}, ${value});`;
  }
}

/** How a buffer is bound: read, read four words at a time, written, or written by atomic operations. */
export type Access = "r" | "v" | "w" | "a";

/** The parts of a kernel's text. */
export interface Source {
  /** Declarations before the kernel. */
  readonly declarations?: string;
  /** The body of the kernel. It sees `local` (the number of its invocation), `group` and `groups`, and what the program declared. */
  readonly body: string;
  readonly workgroup?: number;
}

/**
 * Collects what a dispatch needs. Uniforms and operands are added in the order in which the key of the kernel implies, at every dispatch; the text
 * is asked for only once per key.
 */
export class Program {
  readonly words = new Uint32Array(MOST_WORDS);
  private readonly signed = new Int32Array(this.words.buffer);
  private readonly floats = new Float32Array(this.words.buffer);
  count = 0;
  blocks: GpuBlock[] = [];
  private access: Access[] = [];
  private operands = "";
  private extensions: (() => string)[] = [];
  private epilogue: Epilogue | undefined;

  /** @param op For errors. @param epilogue What takes the results of a block. */
  begin(op: string, epilogue?: Epilogue): this {
    this.op = op;
    this.epilogue = epilogue;
    this.extensions = [];
    this.count = 0;
    this.blocks = [];
    this.access = [];
    this.operands = "";
    return this;
  }

  op = "";

  private next(): string {
    if (this.count >= MOST_WORDS) throw new DeviceError(`${this.op}: webgpu takes tensors of fewer axes`);
    return names[this.count++]!;
  }

  /** A uniform of 32 bits without sign. */
  uint(value: number): string {
    this.words[this.count] = value;
    return this.next();
  }

  /** A uniform integer. */
  int(value: number): string {
    this.signed[this.count] = value;
    return `bitcast<i32>(${this.next()})`;
  }

  /** A uniform number. */
  float(value: number): string {
    this.floats[this.count] = value;
    return `bitcast<f32>(${this.next()})`;
  }

  /** A uniform of the type that a dtype is computed in. */
  scalar(value: number, dtype: DType): string {
    if (scalarOf(dtype) === "f32") return this.float(value);
    if (dtype === "int64" && Number.isFinite(value)) checkInt32(this.op, value);
    return this.int(Math.min(Math.max(Math.trunc(value), -(2 ** 31)), 2 ** 31 - 1));
  }

  /** An operand that is read. */
  read(x: Operand): View {
    return this.operand(x, "r");
  }

  /** An operand of 32-bit elements that is read four at a time ({@link View.loadFour}), unless it shares its block with one that is not. */
  readFours(x: Operand): View {
    return this.operand(x, "v");
  }

  /** An operand that is written, one invocation a word. */
  write(x: Operand): View {
    return this.operand(x, "w");
  }

  /** An operand that is written element by element: where several share a word, by atomic operations. */
  scatter(x: Operand): View {
    return this.operand(x, perWord(x.dtype) > 1 ? "a" : "w");
  }

  /**
   * An operand of which the kernel stores every element once, and loads none: an epilogue may take it. It begins its block.
   * @param isByWord Whether one invocation writes each word.
   */
  result(y: Operand, isByWord = false): View {
    const { epilogue } = this;
    if (epilogue === undefined || epilogue.block !== y.storage.block) return isByWord ? this.write(y) : this.scatter(y);
    epilogue.declare(this);
    return new Result(y.dtype, -1, "0u", this);
  }

  /** Adds declarations, which `key` tells from others. */
  extend(key: string, declarations: () => string): void {
    this.operands += ` ${key}`;
    this.extensions.push(declarations);
  }

  /** Words that invocations share, by atomic operations. */
  atomic(x: Operand): View {
    return this.operand(x, "a");
  }

  /** A buffer may be bound once only: operands on one block share a binding, which is written if any of them is. */
  private operand(x: Operand, access: Access): View {
    if (scalarOf(x.dtype) === undefined) throw noFloat64(this.op);
    const block = x.storage.block as GpuBlock;
    let binding = this.blocks.indexOf(block);
    if (binding < 0) {
      binding = this.blocks.push(block) - 1;
      this.access.push(access);
    } else this.access[binding] = strongest(this.access[binding]!, access);
    this.operands += ` ${binding}${x.dtype}`;
    return new View(x.dtype, binding, this.uint(x.offset), this);
  }

  /** Whether a block is written. */
  isWritten(binding: number): boolean {
    return !isRead(this.access[binding]!);
  }

  accessOf(binding: number): Access {
    return this.access[binding]!;
  }

  /** What tells a kernel from others of its name: its operands and how they are bound. */
  get signature(): string {
    return `${this.access.join("")}${this.operands}`;
  }

  /** How the storage buffers are bound. */
  get pattern(): string {
    return patternOf(this.access);
  }

  /** How each buffer is bound. */
  get accesses(): readonly Access[] {
    return this.access;
  }

  /** Binds a buffer as several kernels bind it that are to be one. */
  bindAs(binding: number, access: Access): void {
    this.access[binding] = strongest(this.access[binding]!, access);
  }

  /** A kernel with all its declarations. */
  source(source: Source): Required<Source> {
    const { declarations = "", body, workgroup = WORKGROUP } = source;
    return { declarations: [declarations, ...this.extensions.map((text) => text())].join("\n"), body, workgroup };
  }

  /** The whole text of a kernel. */
  text(source: Source): string {
    return textOf(this.source(source), this.access, this.count);
  }
}

/** The whole text of a kernel that binds buffers and has so many words of uniforms. */
export function textOf(
  { declarations, body, workgroup }: Required<Source>,
  accesses: readonly Access[],
  words: number,
): string {
  const buffers = accesses.map((access, i) => {
    const mode = isRead(access) ? "read" : "read_write";
    const type = access === "a" ? "atomic<u32>" : access === "v" ? "vec4<u32>" : "u32";
    return `@group(0) @binding(${i + 1}) var<storage, ${mode}> b${i}: array<${type}>;`;
  });
  return `struct Uniforms { w: array<vec4<u32>, ${Math.max(1, Math.ceil(words / 4))}> }
@group(0) @binding(0) var<uniform> u: Uniforms;
${buffers.join("\n")}
${functionsFor(declarations + body)}
${declarations}
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
${body}
}
`;
}

const isRead = (access: Access): boolean => access === "r" || access === "v";

/** How buffers are bound, one letter for each: `r` for read, `w` for written. */
export const patternOf = (accesses: readonly Access[]): string =>
  accesses.map((access) => (isRead(access) ? "r" : "w")).join("");

/** What a buffer is bound as that two operands lie on. */
export function strongest(a: Access, b: Access): Access {
  if (a === b) return a;
  if (a === "a" || b === "a") return "a";
  return a === "w" || b === "w" ? "w" : "r";
}

/** What an op throws where it would have to compute in float64. */
export const noFloat64 = (op: string): DeviceError =>
  new DeviceError(`${op}: webgpu has no float64; cast with x.float(), or compute on the cpu with await x.cpu()`);

/** @throws DeviceError unless an integer has 32 bits. */
export function checkInt32(op: string, value: number | bigint): void {
  if (value >= -(2 ** 31) && value < 2 ** 31) return;
  throw new DeviceError(
    `${op}: webgpu computes int64 in 32 bits, which do not hold ${value}; compute on the cpu with await x.cpu()`,
  );
}
