/**
 * The code of the kernels' functions of four lanes, taken out of their binary, so that it stands where a fused kernel needs it: a call costs as much as half
 * of what most of them do, and nothing else can go on meanwhile.
 */
import { type SimdLevel, unpackedKernels } from "../kernels";
import { type Code, Op, Simd, V128 } from "./encoder";

/** What an instruction takes: a value by its number, an integer that is written where it is needed, or a constant vector. */
type Operand = number | { readonly integer: Uint8Array } | { readonly constant: Uint8Array };

interface Instruction {
  /** The instruction with its immediates. */
  readonly bytes: Uint8Array;
  readonly operands: readonly Operand[];
}

/**
 * A function that can be put into another one: instructions one after another, without branches and calls. The first values are its parameters, the others what
 * its instructions give, in order.
 */
export interface Inlined {
  readonly parameters: number;
  readonly instructions: readonly Instruction[];
  readonly result: number;
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

/** The last of the relaxed multiply-adds, of which there are two for each type. */
const LAST_MADD = 0x108;
const unary: ReadonlySet<number> = new Set([
  ...[Simd.not, Simd.ceil, Simd.floor, Simd.trunc, Simd.nearest, Simd.abs, Simd.neg, Simd.sqrt],
  // f32x4.convert_i32x4_s
  0xfa,
]);
/** From the first to the last: comparisons of float32, logic, shifts and sums of int32, its differences, its products and bounds, arithmetic of float32. */
const binary = [
  [Simd.eq, Simd.ge],
  [Simd.and, Simd.xor],
  [0xab, 0xae],
  [0xb1, 0xb1],
  [0xb5, 0xb9],
  [Simd.add, Simd.pmax],
] as const;
const ZERO = Uint8Array.of(0xfd, Simd.const, ...new Array<number>(16).fill(0));

/** How many operands instructions on vectors take that compute something of nothing but these; those that are not here are not moved. */
function operandsOf(code: number): number | undefined {
  if (unary.has(code)) return 1;
  if (code === Simd.bitselect || (code >= Simd.relaxedMadd && code <= LAST_MADD)) return 3;
  return binary.some(([first, last]) => code >= first && code <= last) ? 2 : undefined;
}

/** Takes a body apart; undefined if it does more than compute one vector after another. */
function inlinedOf(reader: Reader, parameters: number): Inlined | undefined {
  const others = reader.list(() => new Array<number>(reader.integer()).fill(reader.byte())).flat();
  if (others.some((type) => type !== V128)) return undefined;
  const locals: Operand[] = [...Array(parameters).keys(), ...others.map(() => ({ constant: ZERO }))];
  const instructions: Instruction[] = [];
  const stack: Operand[] = [];
  const end = reader.bytes.length - 1;
  while (reader.at < end) {
    const start = reader.at;
    const code = reader.byte();
    const bytes = (): Uint8Array => reader.bytes.subarray(start, reader.at);
    if (code === Op.localGet) stack.push(locals[reader.integer()]!);
    else if (code === Op.localSet) locals[reader.integer()] = stack.pop()!;
    else if (code === Op.localTee) locals[reader.integer()] = stack.at(-1)!;
    else if (code === Op.i32Const) {
      reader.integer();
      stack.push({ integer: bytes() });
    } else if (code === Op.vector) {
      const vector = reader.integer();
      const taken = operandsOf(vector);
      if (vector === Simd.const) {
        reader.take(16);
        stack.push({ constant: bytes() });
      } else if (vector === Simd.load32Splat) {
        const address = stack.pop();
        if (typeof address !== "object" || !("integer" in address)) return undefined;
        reader.integer();
        reader.integer();
        stack.push({ constant: Uint8Array.of(...address.integer, ...bytes()) });
      } else if (taken === undefined) return undefined;
      else {
        instructions.push({ bytes: bytes(), operands: stack.splice(-taken) });
        stack.push(parameters + instructions.length - 1);
      }
    } else return undefined;
  }
  const [result] = stack;
  return stack.length === 1 && typeof result === "number" ? { parameters, instructions, result } : undefined;
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

/** Writes the code of a function on vectors that are in locals. @returns The local of its result. */
export function inline(code: Code, { instructions, result }: Inlined, operands: readonly number[]): number {
  const values = [...operands];
  const put = (operand: Operand): void => {
    if (typeof operand === "number") code.get(values[operand]!);
    else if ("integer" in operand) code.raw(operand.integer);
    else code.get(code.constant(operand.constant, V128));
  };
  for (const { bytes, operands: taken } of instructions) {
    taken.forEach(put);
    const local = code.raw(bytes).local(V128);
    code.set(local);
    values.push(local);
  }
  return values[result]!;
}
