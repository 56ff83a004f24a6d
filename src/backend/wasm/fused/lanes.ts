/**
 * The code of the kernels' functions of four lanes, taken out of their binary, so that it stands where a fused kernel needs it: a call costs as much as half
 * of what most of them do, and nothing else can go on meanwhile.
 */
import { type SimdLevel, unpackedKernels } from "../kernels";
import type { Code } from "./encoder";

/** A constant, which the kernels load from where it lies in memory. */
interface Constant {
  readonly load: Uint8Array;
}

/** An instruction, or the number of a local behind one that reads or writes it. */
type Piece = Uint8Array | number | Constant;

/** A function that can be put into another one: it calls nothing, and ends at its end. */
export interface Inlined {
  readonly parameters: number;
  /** The types of its locals, without its parameters. */
  readonly locals: readonly number[];
  readonly pieces: readonly Piece[];
  /** Locals that are read before they are written, where they have to be 0. */
  readonly zeros: readonly number[];
}

class Reader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  byte(): number {
    return this.bytes[this.at++]!;
  }

  /** An unsigned LEB128 integer. */
  integer(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.integer() }, read);
  }

  text(): string {
    return String.fromCharCode(...this.list(() => this.byte()));
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

const EXPORTS = 7;
const CODE = 10;

/** The bodies of the exported functions that are wanted. Nothing but memory is imported, so that functions are numbered from 0. */
function bodiesOf(binary: Uint8Array, isWanted: (name: string) => boolean): Map<string, Reader> {
  const reader = new Reader(binary);
  const sections = new Map<number, Reader>();
  for (reader.at = 8; reader.at < binary.length; ) {
    const id = reader.byte();
    sections.set(id, new Reader(reader.take(reader.integer())));
  }
  const exported = sections.get(EXPORTS)!;
  const entries = exported.list(() => [exported.text(), exported.byte(), exported.integer()] as const);
  const code = sections.get(CODE)!;
  const bodies = code.list(() => code.take(code.integer()));
  const wanted = entries.filter(([name, kind]) => kind === 0 && isWanted(name));
  return new Map(wanted.map(([name, , index]) => [name, new Reader(bodies[index]!)]));
}

const LOCAL = { first: 0x20, last: 0x22, get: 0x20 };

/** How many immediates in LEB128 and then how many bytes an instruction has; undefined for one that cannot be moved. */
function immediatesOf(code: number): readonly [integers: number, bytes: number] | undefined {
  if (code === 0x02 || code === 0x03 || code === 0x04) return [0, 1];
  if (code === 0x05 || code === 0x0b || code === 0x1a || code === 0x1b) return [0, 0];
  if (code >= 0x28 && code <= 0x3e) return [2, 0];
  if (code === 0x41 || code === 0x42) return [1, 0];
  if (code === 0x43) return [0, 4];
  if (code === 0x44) return [0, 8];
  return code >= 0x45 && code <= 0xc4 ? [0, 0] : undefined;
}

/** The same of instructions on vectors. */
function vectorImmediatesOf(code: number): readonly [integers: number, bytes: number] {
  if (code <= 0x0b || code === 0x5c || code === 0x5d) return [2, 0];
  if (code === 0x0c || code === 0x0d) return [0, 16];
  if (code >= 0x15 && code <= 0x22) return [0, 1];
  return code >= 0x54 && code <= 0x5b ? [2, 1] : [0, 0];
}

const I32_CONST = 0x41;

/** Whether an instruction loads a number into all lanes. */
const isSplat = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0xfd && bytes[at + 1] === 0x09;

/** Takes a body apart; undefined if it cannot stand elsewhere. */
function inlinedOf(reader: Reader, parameters: number): Inlined | undefined {
  const groups = reader.list(() => [reader.integer(), reader.byte()] as const);
  const locals = groups.flatMap(([count, type]) => new Array<number>(count).fill(type));
  const pieces: Piece[] = [];
  const written = new Set<number>();
  const zeros = new Set<number>();
  const end = reader.bytes.length - 1;
  while (reader.at < end) {
    const start = reader.at;
    const code = reader.byte();
    if (code >= LOCAL.first && code <= LOCAL.last) {
      const local = reader.integer();
      pieces.push(Uint8Array.of(code), local);
      if (code !== LOCAL.get) written.add(local);
      else if (local >= parameters && !written.has(local)) zeros.add(local);
      continue;
    }
    const immediates = code === 0xfd ? vectorImmediatesOf(reader.integer()) : immediatesOf(code);
    if (immediates === undefined) return undefined;
    for (let i = 0; i < immediates[0]; i++) reader.integer();
    reader.take(immediates[1]);
    const before = pieces.at(-1);
    if (isSplat(reader.bytes, start) && before instanceof Uint8Array && before[0] === I32_CONST)
      pieces[pieces.length - 1] = { load: reader.bytes.subarray(start - before.length, reader.at) };
    else pieces.push(reader.bytes.subarray(start, reader.at));
  }
  return { parameters, locals, pieces, zeros: [...zeros] };
}

let inlined: Map<string, Inlined> | undefined;

/** A function of the kernels that are in use, if its code can stand elsewhere. */
export function inlinedLane(name: string, arity: number, level: SimdLevel): Inlined | undefined {
  if (inlined === undefined) {
    inlined = new Map();
    for (const [own, body] of bodiesOf(unpackedKernels(level), (one) => one.startsWith("lane"))) {
      const found = inlinedOf(body, own === "lanePow" ? 2 : 1);
      if (found !== undefined) inlined.set(own, found);
    }
  }
  const found = inlined.get(name);
  return found?.parameters === arity ? found : undefined;
}

const LOCAL_SET = 0x21;
const ZEROS = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
const V128 = 0x7b;
/** Constants of 0 by type: i32, i64, f32, f64. */
const zeroOf: Readonly<Record<number, readonly number[]>> = {
  127: [0x41, 0],
  126: [0x42, 0],
  125: [0x43, 0, 0, 0, 0],
  124: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
  [V128]: ZEROS,
};

/** Writes the code of a function on vectors that are in locals; its result is on the stack. */
export function inline(code: Code, { parameters, locals, pieces, zeros }: Inlined, operands: readonly number[]): void {
  const own = [...operands.map(() => code.local(V128)), ...locals.map((type) => code.local(type))];
  operands.forEach((operand, i) => {
    code.get(operand).set(own[i]!);
  });
  for (const local of zeros) code.raw(zeroOf[locals[local - parameters]!]!).op(LOCAL_SET, own[local]!);
  for (const piece of pieces) {
    if (typeof piece === "number") code.index(own[piece]!);
    else if (piece instanceof Uint8Array) code.raw(piece);
    else code.get(code.constant(piece.load, V128));
  }
}
