/** The binary format of WebAssembly, as far as fused kernels use it. */

/** Instructions, by their names in the specification. Those of vectors have the prefix 0xfd. */
export const Op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  call: 0x10,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  f32Store: 0x38,
  i32Const: 0x41,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32GeU: 0x4f,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32DivU: 0x6e,
  f32Add: 0x92,
  vector: 0xfd,
} as const;

export const Simd = {
  load: 0x00,
  load8Splat: 0x07,
  load32Splat: 0x09,
  store: 0x0b,
  const: 0x0c,
  shuffle: 0x0d,
  i8x16Splat: 0x0f,
  extractLane: 0x1f,
  i32x4Ne: 0x38,
  eq: 0x41,
  ne: 0x42,
  lt: 0x43,
  gt: 0x44,
  le: 0x45,
  ge: 0x46,
  not: 0x4d,
  and: 0x4e,
  andnot: 0x4f,
  or: 0x50,
  xor: 0x51,
  bitselect: 0x52,
  load8Lane: 0x54,
  load32Lane: 0x56,
  store8Lane: 0x58,
  store32Lane: 0x5a,
  load32Zero: 0x5c,
  narrowBytes: 0x65,
  ceil: 0x67,
  floor: 0x68,
  trunc: 0x69,
  nearest: 0x6a,
  narrowHalves: 0x85,
  widenBytes: 0x89,
  widenHalves: 0xa9,
  abs: 0xe0,
  neg: 0xe1,
  sqrt: 0xe3,
  add: 0xe4,
  sub: 0xe5,
  mul: 0xe6,
  div: 0xe7,
  pmin: 0xea,
  pmax: 0xeb,
  relaxedMadd: 0x105,
} as const;

export const I32 = 0x7f;
export const F32 = 0x7d;
export const V128 = 0x7b;
const NO_RESULT = 0x40;

/** An unsigned LEB128 integer. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

/** A signed LEB128 integer of 32 bits. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const byte = rest & 127;
    const isLast = (rest >> 7 === 0 && (byte & 64) === 0) || (rest >> 7 === -1 && (byte & 64) !== 0);
    bytes.push(isLast ? byte : byte | 128);
    if (isLast) return bytes;
  }
}

const text = (value: string): number[] => [...unsigned(value.length), ...[...value].map((c) => c.charCodeAt(0))];

const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];

/** The code of one function. Its parameters are the first locals. */
export class Code {
  private readonly bytes: number[] = [];
  private readonly types: number[] = [];
  /** What is computed once, at the beginning, and the locals that have it. */
  private readonly prologue: number[] = [];
  private readonly constants = new Map<string, number>();
  /** While sequences are written that take turns: where each local has been set, at an empty stack. */
  private ends: number[] | undefined;

  constructor(private readonly parameters: number) {}

  /** A new local. */
  local(type: number): number {
    this.types.push(type);
    return this.parameters + this.types.length - 1;
  }

  /** The local that has from the beginning what instructions without operands give. */
  constant(instructions: ArrayLike<number>, type: number): number {
    const key = Array.from(instructions).join();
    let local = this.constants.get(key);
    if (local === undefined) {
      local = this.local(type);
      this.constants.set(key, local);
      this.prologue.push(...Array.from(instructions), Op.localSet, ...unsigned(local));
    }
    return local;
  }

  op(code: number, ...immediates: readonly number[]): this {
    this.bytes.push(code);
    for (const value of immediates) this.bytes.push(...unsigned(value));
    return this;
  }

  /** An instruction on vectors. @param lanes Immediates of a byte each. */
  simd(code: number, ...lanes: readonly number[]): this {
    this.bytes.push(0xfd, ...unsigned(code), ...lanes);
    return this;
  }

  /** Instructions as they are. */
  raw(bytes: ArrayLike<number>): this {
    for (let i = 0; i < bytes.length; i++) this.bytes.push(bytes[i]!);
    return this;
  }

  /** A vector from or to memory. @param lane The lane, for those that move one. */
  memory(code: number, alignment: number, offset: number, ...lane: readonly number[]): this {
    this.bytes.push(0xfd, ...unsigned(code), alignment, ...unsigned(offset), ...lane);
    return this;
  }

  get(local: number): this {
    return this.op(Op.localGet, local);
  }

  set(local: number): this {
    this.op(Op.localSet, local);
    this.ends?.push(this.bytes.length);
    return this;
  }

  /**
   * Writes sequences of instructions in turns: what computes one local of each, then the next. While one waits for what it has just computed, the processor has
   * the others to go on with, and need not look far ahead for them. Each sequence ends by setting a local, and sets none while something is on the stack.
   */
  inTurns(sequences: readonly (() => void)[]): void {
    const parts = sequences.map((write): number[][] => {
      const start = this.bytes.length;
      const ends: number[] = [];
      this.ends = ends;
      write();
      this.ends = undefined;
      const bytes = this.bytes.splice(start);
      if (start + bytes.length !== (ends.at(-1) ?? start)) throw new Error("a sequence ends without setting a local");
      return ends.map((end, k) => bytes.slice((ends[k - 1] ?? start) - start, end - start));
    });
    for (let k = 0; parts.some((own) => k < own.length); k++) for (const own of parts) this.raw(own[k] ?? []);
  }

  int(value: number): this {
    this.bytes.push(Op.i32Const, ...signed(value));
    return this;
  }

  /** Begins a block, a loop or a condition without a result. */
  begin(code: number): this {
    this.bytes.push(code, NO_RESULT);
    return this;
  }

  end(): this {
    return this.op(Op.end);
  }

  /** The body, as the code section has it. */
  get body(): number[] {
    const locals = list(this.types.map((type) => [1, type]));
    const all = [...locals, ...this.prologue, ...this.bytes, Op.end];
    return [...unsigned(all.length), ...all];
  }
}

/** A function of vectors that a module imports. */
export interface LaneImport {
  readonly name: string;
  readonly arity: number;
}

/** Pages of the largest memory; that of the library may be smaller. */
const MOST_PAGES = 65536;
const SHARED_WITH_MAXIMUM = 3;
const FUNCTION = 0;
const MEMORY = 2;

/** A module that imports the memory and functions of vectors, and exports one function `run(frame, begin, end)`. */
export function moduleOf(imports: readonly LaneImport[], code: Code): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content];
  const lanes = (arity: number) => [0x60, ...list(new Array(arity).fill([V128])), 1, V128];
  const types = [[0x60, 3, I32, I32, I32, 0], lanes(1), lanes(2)];
  const memory = [...text("env"), ...text("memory"), MEMORY, SHARED_WITH_MAXIMUM, 0, ...unsigned(MOST_PAGES)];
  const functions = imports.map(({ name, arity }) => [...text("lanes"), ...text(name), FUNCTION, arity]);
  return new Uint8Array([
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list([memory, ...functions])),
    ...section(3, list([[0]])),
    ...section(7, list([[...text("run"), FUNCTION, ...unsigned(imports.length)]])),
    ...section(10, list([code.body])),
  ]);
}
