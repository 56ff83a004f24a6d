/** A dispatch in the making: the buffers that it binds, its uniforms, and the text of its kernel should that not be compiled yet. */
import { type DType, sizeOf } from "../../../core/dtype";
import { DeviceError } from "../../../core/errors";
import type { Operand } from "../../operand";
import { type GpuBlock, windowCount } from "../buffers";
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

  private word = (index: string): string => this.program.word(this.binding, index);

  /** The values of four neighbors of 32 bits, from a position that is a multiple of 4. */
  loadFour(index: string): string {
    const type = scalarOf(this.dtype)!;
    const four = this.program.four(this.binding, index);
    if (four !== undefined) return `bitcast<vec4<${type}>>(${four})`;
    return `vec4<${type}>(${[0, 1, 2, 3].map((i) => this.load(`${index} + ${i}u`)).join(", ")})`;
  }

  /** The value of the element at a position of the buffer. */
  load(index: string): string {
    return load(this.word, index, this.dtype);
  }

  /** The value of the element at a position of the operand. */
  loadAt(position: string): string {
    return this.load(`${this.offset} + ${position}`);
  }

  /** A statement that stores a value at a position of the operand, as {@link store} does. */
  storeAt(position: string, value: string): string {
    return this.store(`${this.offset} + ${position}`, value);
  }

  /** A statement that stores a value at a position of the buffer. Elements that share a word need a binding that is atomic. */
  store(index: string, value: string): string {
    if (this.dtype === "int64")
      return `{ let storedAt = 2u * (${index}); let stored = ${value}; ${this.setWord("storedAt", "bitcast<u32>(stored)")} ${this.setWord("storedAt + 1u", "bitcast<u32>(stored >> 31u)")} }`;
    const n = perWord(this.dtype);
    if (n === 1) return this.setWord(index, bitsOf(value, this.dtype));
    const bits = 32 / n;
    const mask = `${2 ** bits - 1}u`;
    const stored = bitsOf(value, this.dtype);
    const change = (place: string): string =>
      `atomicAnd(&${place}, ~(${mask} << storedShift)); atomicOr(&${place}, ${stored} << storedShift);`;
    return `{ let storedAt = ${index}; let storedShift = (storedAt % ${n}u) * ${bits}u; ${this.atWord(`storedAt / ${n}u`, change)} }`;
  }

  /** A statement that replaces those bits of a word of which `mask` has ones. */
  storeWord(index: string, bits: string, mask: string): string {
    return this.setWord(index, `(${this.word(index)} & ~${mask}) | ${bits}`);
  }

  /** A statement that replaces a whole word. */
  setWord(index: string, bits: string): string {
    return this.program.setWord(this.binding, index, bits);
  }

  /** Statements for the word at a position, which is a place in a buffer: its value, or what is written or changed by atomic operations. */
  atWord(index: string, statements: (place: string) => string): string {
    return this.program.atWord(this.binding, index, statements);
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
  /**
   * The body of the kernel. It sees `local` (the number of its invocation), `group` and `groups`, and what the program declared; with `subgroupBroadcast` in it
   * also `lane` (the number within the subgroup).
   */
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
  /** Windows through which each block is seen: one, unless it is larger than a binding. */
  private windows: number[] = [];
  private operands = "";
  private extensions: (() => string)[] = [];
  /** Functions of rules, of which several expressions may use the same. */
  private readonly functions = new Set<string>();
  private named = 0;
  private epilogue: Epilogue | undefined;

  /** @param window Bytes of the largest binding, a multiple of 256. */
  constructor(private readonly window: number) {}

  /** @param op For errors. @param epilogue What takes the results of a block. */
  begin(op: string, epilogue?: Epilogue): this {
    this.op = op;
    this.epilogue = epilogue;
    this.extensions = [];
    this.functions.clear();
    this.named = 0;
    this.count = 0;
    this.blocks = [];
    this.access = [];
    this.windows = [];
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

  /** Uniforms of 32 bits without sign. */
  uints(...values: readonly number[]): string[] {
    return values.map((value) => this.uint(value));
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

  /**
   * A uniform of the type that a dtype is computed in.
   * @param isOperand Whether it stands for a tensor of that dtype, in which integers wrap.
   */
  scalar(value: number, dtype: DType, isOperand = false): string {
    if (scalarOf(dtype) === "f32") return this.float(value);
    const shift = 32 - 8 * sizeOf(dtype);
    const high = value << shift;
    if (isOperand && shift >= 0) return this.int(dtype === "uint8" ? high >>> shift : high >> shift);
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

  /** Adds the functions of a rule, once, however many expressions use it. */
  useFunctions(declarations: string): void {
    this.functions.add(declarations);
  }

  /** A name that no other function of the kernel has. */
  functionName(): string {
    return `f${this.named++}`;
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
      this.windows.push(windowCount(block.bytes, this.window));
    } else this.access[binding] = strongest(this.access[binding]!, access);
    this.operands += ` ${binding}${x.dtype}`;
    return new View(x.dtype, binding, this.uint(x.offset), this);
  }

  /** The word of a block at a position. */
  word(binding: number, index: string): string {
    if (this.windows[binding]! > 1) return `word${binding}(${index})`;
    const access = this.access[binding]!;
    if (access === "v") return `b${binding}[(${index}) / 4u][(${index}) % 4u]`;
    return access === "a" ? `atomicLoad(&b${binding}[${index}])` : `b${binding}[${index}]`;
  }

  /** The four words of a block from a position that is a multiple of 4, if it is bound so. */
  four(binding: number, index: string): string | undefined {
    if (this.access[binding] !== "v") return undefined;
    return this.windows[binding]! > 1 ? `four${binding}(${index})` : `b${binding}[(${index}) / 4u]`;
  }

  /** A statement that writes a word of a block. */
  setWord(binding: number, index: string, bits: string): string {
    if (this.windows[binding]! > 1 && this.access[binding] === "w") return `setWord${binding}(${index}, ${bits});`;
    return this.atWord(binding, index, (place) => `${place} = ${bits};`);
  }

  /** Statements for the place of a word, whichever window it is in. */
  atWord(binding: number, index: string, statements: (place: string) => string): string {
    const count = this.windows[binding]!;
    if (count === 1) return statements(`b${binding}[${index}]`);
    const words = this.window / 4;
    const branches = Array.from(
      { length: count },
      (_, i) => `if (wordAt < ${words * (i + 1)}u) { ${statements(`b${binding}_${i}[wordAt - ${words * i}u]`)} }`,
    );
    return `{ let wordAt = ${index}; ${branches.join(" else ")} }`;
  }

  /** Functions that read a block through its windows. */
  private reader(binding: number): string {
    const count = this.windows[binding]!;
    if (count === 1) return "";
    const access = this.access[binding]!;
    const words = this.window / 4;
    const read = (place: (window: string, index: string) => string): string =>
      Array.from({ length: count }, (_, i) => {
        const found = `return ${place(`b${binding}_${i}`, `(at - ${words * i}u)`)};`;
        return i === count - 1 ? found : `if (at < ${words * (i + 1)}u) { ${found} }`;
      }).join("\n");
    const word = read((window, index) => {
      if (access === "v") return `${window}[${index} / 4u][${index} % 4u]`;
      return access === "a" ? `atomicLoad(&${window}[${index}])` : `${window}[${index}]`;
    });
    const four = access === "v" ? read((window, index) => `${window}[${index} / 4u]`) : undefined;
    const set = `fn setWord${binding}(at: u32, bits: u32) { ${this.atWord(binding, "at", (place) => `${place} = bits;`)} }`;
    return `fn word${binding}(at: u32) -> u32 {\n${word}\n}
${access === "w" ? set : ""}
${four === undefined ? "" : `fn four${binding}(at: u32) -> vec4<u32> {\n${four}\n}`}`;
  }

  /** Whether a block is written. */
  isWritten(binding: number): boolean {
    return !isRead(this.access[binding]!);
  }

  /** What tells a kernel from others of its name: its operands and how they are bound. */
  get signature(): string {
    const windows = this.isWindowed ? ` ${this.windows}` : "";
    return `${this.access.join("")}${this.operands}${windows}`;
  }

  /** How the storage buffers are bound. */
  get pattern(): string {
    return patternOf(this.access, this.windows);
  }

  /** How each block is bound. */
  get accesses(): readonly Access[] {
    return this.access;
  }

  /** Whether a block is seen through several windows. */
  get isWindowed(): boolean {
    return this.windows.some((count) => count > 1);
  }

  /** Binds a buffer as several kernels bind it that are to be one. */
  bindAs(binding: number, access: Access): void {
    this.access[binding] = strongest(this.access[binding]!, access);
  }

  /** A kernel with all its declarations. */
  source(source: Source): Required<Source> {
    const { declarations = "", body, workgroup = WORKGROUP } = source;
    const readers = this.access.map((_, binding) => this.reader(binding));
    // A kernel may bring the functions of its own rule.
    const functions = [...this.functions].filter((text) => !declarations.includes(text));
    const all = [...readers, declarations, ...functions, ...this.extensions.map((text) => text())];
    return { declarations: all.filter((text) => text !== "").join("\n"), body, workgroup };
  }

  /** The whole text of a kernel, given {@link source}. */
  text(source: Required<Source>): string {
    return textOf(source, this.access, this.count, this.windows);
  }
}

/** The whole text of a kernel that binds blocks, each through so many windows, and has so many words of uniforms. */
export function textOf(
  { declarations, body, workgroup }: Required<Source>,
  accesses: readonly Access[],
  words: number,
  windows = accesses.map(() => 1),
): string {
  let next = 1;
  const buffers = accesses.flatMap((access, i) => {
    const mode = isRead(access) ? "read" : "read_write";
    const type = access === "a" ? "atomic<u32>" : access === "v" ? "vec4<u32>" : "u32";
    const count = windows[i]!;
    const names = count === 1 ? [`b${i}`] : Array.from({ length: count }, (_, w) => `b${i}_${w}`);
    return names.map((name) => `@group(0) @binding(${next++}) var<storage, ${mode}> ${name}: array<${type}>;`);
  });
  const usesSubgroups = body.includes("subgroupBroadcast(");
  return `${usesSubgroups ? "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n" : ""}struct Uniforms { w: array<vec4<u32>, ${Math.max(1, Math.ceil(words / 4))}> }
@group(0) @binding(0) var<uniform> u: Uniforms;
${buffers.join("\n")}
${functionsFor(declarations + body)}
${declarations}
@compute @workgroup_size(${workgroup})
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>${usesSubgroups ? ", @builtin(subgroup_invocation_id) lane: u32" : ""}) {
${body}
}
`;
}

const isRead = (access: Access): boolean => access === "r" || access === "v";

/** How buffers are bound, one letter for each window: `r` for read, `w` for written. */
export const patternOf = (accesses: readonly Access[], windows = accesses.map(() => 1)): string =>
  accesses.map((access, i) => (isRead(access) ? "r" : "w").repeat(windows[i]!)).join("");

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
