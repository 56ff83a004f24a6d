/**
 * The machine that a pickle is a program of. It builds numbers, texts, bytes, lists, tuples, sets and dicts, and whatever else its builder allows, by
 * the builder's own code: no name in a file can run any other.
 */
import { FormatError } from "../../core/errors";

/** What a pickle may build beside plain values. */
export interface Builder {
  /** Whether a name, such as `collections.OrderedDict`, may be imported. */
  knows(name: string): boolean;
  /** What is said of a name that may not. */
  refusal(name: string): string;
  /** The result of a call of a name. */
  call(reader: Reader, name: string, given: readonly unknown[]): unknown;
  /** A new object of a class, which gets its state later; undefined if there is none of that name. */
  create?(reader: Reader, name: string, given: readonly unknown[]): unknown;
  /** Gives an object its state. @returns Whether it takes one. */
  build(reader: Reader, target: unknown, state: unknown): boolean;
  /** What lies outside of the pickle. */
  persistent?(reader: Reader, id: unknown): unknown;
}

/** Texts of Python 2, which may be bytes: what they are shows in their use. */
export class RawText {
  private known: string | undefined;

  constructor(readonly bytes: Uint8Array) {}

  /** Read as latin1. */
  get text(): string {
    this.known ??= latin1(this.bytes);
    return this.known;
  }
}

/** A name that the pickle imports. */
export class Global {
  constructor(readonly name: string) {}
}

const MARK = Symbol("mark");
/** Nesting beyond which a file is taken for damaged. */
export const MOST_DEPTH = 200;
/** Values that may wait at the same time. Python hands lists over in thousands. */
const MOST_WAITING = 2 ** 22;
/** Bytes that may be made of each byte of a file. */
const MOST_GROWTH = 8;
/** Digits beyond which an integer is taken for damage. */
const MOST_DIGITS = 400;

export const latin1 = (bytes: Uint8Array): string => {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
};

const bytesOfLatin1 = (text: string): Uint8Array | undefined => {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) return undefined;
    bytes[i] = code;
  }
  return bytes;
};

type Op = (reader: Reader) => void;

/** The machine that a pickle is a program of. */
export class Reader {
  readonly stack: unknown[] = [];
  readonly memo = new Map<number, unknown>();
  at = 0;
  isDone = false;
  /** Whether it failed for want of bytes. */
  isShort = false;
  private spent = 0;
  private readonly view: DataView;

  constructor(
    readonly path: string,
    private readonly file: Uint8Array,
    private readonly builder: Builder,
    /** Where the pickle begins in its file, for errors. */
    private readonly start = 0,
  ) {
    this.view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  fail(why: string): never {
    throw new FormatError(`"${this.path}" cannot be read as a pickle: ${why} at byte ${this.start + this.at}`);
  }

  /** Counts what is made of other values, which costs the file nothing. A short file must not fill the memory. */
  spend(bytes: number): void {
    this.spent += bytes;
    if (this.spent > MOST_GROWTH * (this.file.length + 4096)) this.fail("it makes far more than it holds");
  }

  bytes(count: number): Uint8Array {
    this.isShort = !(count <= this.file.length - this.at);
    if (this.isShort) this.fail(`it ends within ${count} bytes that it announces`);
    this.at += count;
    return this.file.subarray(this.at - count, this.at);
  }

  number(bytes: 1 | 2 | 4): number {
    this.bytes(bytes);
    const start = this.at - bytes;
    return bytes === 1
      ? this.file[start]!
      : bytes === 2
        ? this.view.getUint16(start, true)
        : this.view.getUint32(start, true);
  }

  int32(): number {
    return this.number(4) | 0;
  }

  size64(): number {
    this.bytes(8);
    const size = this.view.getBigUint64(this.at - 8, true);
    this.isShort = size > BigInt(this.file.length);
    return this.isShort ? this.fail(`it announces ${size} bytes`) : Number(size);
  }

  float(): number {
    this.bytes(8);
    return this.view.getFloat64(this.at - 8);
  }

  line(): string {
    const end = this.file.indexOf(10, this.at);
    this.isShort = end < 0;
    if (end < 0) this.fail("it ends within a line");
    const text = latin1(this.bytes(end - this.at));
    this.at++;
    return text;
  }

  utf8(count: number): string {
    const bytes = this.bytes(count);
    try {
      // Python writes single surrogates as well; they are no text that anybody needs.
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.fail("a text is no UTF-8");
    }
  }

  push(value: unknown): void {
    if (this.stack.length >= MOST_WAITING) this.fail(`more than ${MOST_WAITING} values wait to be used`);
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0 || this.stack.at(-1) === MARK) this.fail("it takes a value where there is none");
    return this.stack.pop();
  }

  /** The values above the last mark, which goes as well. */
  popMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) this.fail("it takes a list where there is none");
    const values = this.stack.splice(mark);
    values.shift();
    return values;
  }

  /** The value on top, which stays, of a class. */
  top<T>(type: new (...args: any[]) => T, what: string): T {
    const value = this.stack.at(-1);
    return value instanceof type ? value : this.fail(`it adds to what is no ${what}`);
  }

  recall(key: number): void {
    if (!this.memo.has(key)) this.fail(`it recalls value ${key}, which it has not kept`);
    this.push(this.memo.get(key));
  }

  keep(key: number): void {
    if (this.stack.length === 0 || this.stack.at(-1) === MARK) this.fail("it keeps a value where there is none");
    this.memo.set(key, this.stack.at(-1));
  }

  integer(text: string): number | bigint {
    if (text.length > MOST_DIGITS || !/^[+-]?\d+$/.test(text))
      this.fail(`${JSON.stringify(text.slice(0, 40))} is no integer`);
    const value = BigInt(text);
    return BigInt.asIntN(54, value) === value ? Number(value) : value;
  }

  long(count: number): void {
    if (count > MOST_DIGITS / 2) this.fail(`an integer of ${count} bytes`);
    let value = 0n;
    const bytes = this.bytes(count);
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    value = BigInt.asIntN(8 * count, value);
    this.push(BigInt.asIntN(54, value) === value ? Number(value) : value);
  }

  global(module: string, name: string): void {
    const full = `${module}.${name}`;
    if (!this.builder.knows(full)) this.fail(this.builder.refusal(full));
    this.push(new Global(full.replace("numpy._core.", "numpy.core.")));
  }

  extend(values: readonly unknown[]): void {
    const list = this.top<unknown[]>(Array, "list");
    if (tuples.has(list)) this.fail("it adds to a tuple");
    for (const value of values) list.push(value);
  }

  setItems(values: readonly unknown[]): void {
    const map = this.top<Map<unknown, unknown>>(Map, "dict");
    if (values.length % 2 !== 0) this.fail("a dict has a key without a value");
    for (let i = 0; i < values.length; i += 2) map.set(keyOf(values[i]), values[i + 1]);
  }

  /** Calls one of the few functions that a pickle may call. */
  reduce(): void {
    const given = this.pop();
    const called = this.pop();
    if (!(called instanceof Global) || !Array.isArray(given)) this.fail("it calls what is no function");
    this.push(this.builder.call(this, (called as Global).name, given as unknown[]));
  }

  /** Makes an object without a call. */
  create(): void {
    const given = this.pop();
    const named = this.pop();
    const made =
      named instanceof Global && Array.isArray(given) ? this.builder.create?.(this, named.name, given) : undefined;
    this.push(made ?? this.fail("it makes an object of what is no class"));
  }

  /** Gives an object the state that the pickle has for it. */
  build(): void {
    const state = this.pop();
    if (!this.builder.build(this, this.stack.at(-1), state)) this.fail("it gives a state to what has none");
  }

  /** Takes what lies outside of the pickle. */
  persistent(id: unknown): void {
    const value = this.builder.persistent?.(this, id);
    this.push(value ?? this.fail("it asks for what lies outside of it"));
  }

  binary(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (value instanceof RawText) return value.bytes;
    if (typeof value === "string") this.spend(value.length);
    const bytes = typeof value === "string" ? bytesOfLatin1(value) : undefined;
    return bytes ?? this.fail("it takes what are no bytes as bytes");
  }

  /** Runs to the end. @returns The one value that is left. */
  run(): unknown {
    while (!this.isDone) {
      const code = this.number(1);
      const op = ops.get(code);
      if (op === undefined) this.fail(`0x${code.toString(16)} is no instruction that is read`);
      op!(this);
    }
    const value = this.pop();
    if (this.stack.length > 0) this.fail("it leaves values behind");
    return value;
  }
}

export const tuples = new WeakSet<object>();

export function tuple(values: unknown[]): unknown[] {
  tuples.add(values);
  return values;
}

export const textOf = (value: unknown): string | undefined =>
  value instanceof RawText ? value.text : typeof value === "string" ? value : undefined;

export const keyOf = (value: unknown): unknown => textOf(value) ?? value;

const ops = new Map<number, Op>();
const define = (code: string | number, op: Op): void => {
  ops.set(typeof code === "string" ? code.charCodeAt(0) : code, op);
};

define("(", (r) => r.push(MARK));
define(".", (r) => {
  r.isDone = true;
});
define("0", (r) => void (r.stack.at(-1) === MARK ? r.stack.pop() : r.pop()));
define("1", (r) => void r.popMark());
define("2", (r) => {
  const top = r.pop();
  r.push(top);
  r.push(top);
});
define("N", (r) => r.push(null));
define(0x88, (r) => r.push(true));
define(0x89, (r) => r.push(false));
define("I", (r) => {
  const text = r.line();
  r.push(text === "01" ? true : text === "00" ? false : r.integer(text));
});
define("L", (r) => r.push(r.integer(r.line().replace(/L$/, ""))));
define("J", (r) => r.push(r.int32()));
define("K", (r) => r.push(r.number(1)));
define("M", (r) => r.push(r.number(2)));
define(0x8a, (r) => r.long(r.number(1)));
define(0x8b, (r) => r.long(r.number(4)));
define("F", (r) => {
  const text = r.line();
  const value = /^[+-]?(inf|nan)$/.test(text) ? Number(text.replace("inf", "Infinity")) : Number(text);
  if (text.trim() === "" || (Number.isNaN(value) && !/nan$/.test(text))) r.fail("a number is none");
  r.push(value);
});
define("G", (r) => r.push(r.float()));
define("S", (r) => {
  const text = r.line();
  const inner = /^'(.*)'$|^"(.*)"$/.exec(text.trim());
  if (inner === null) r.fail("a text has no quotation marks");
  const plain = (inner?.[1] ?? inner?.[2] ?? "").replace(/\\(x[0-9a-f]{2}|.)/g, (_, code: string) => unescaped(code));
  r.push(new RawText(bytesOfLatin1(plain)!));
});
define("T", (r) => r.push(new RawText(r.bytes(r.number(4)))));
define("U", (r) => r.push(new RawText(r.bytes(r.number(1)))));
define("B", (r) => r.push(r.bytes(r.number(4))));
define("C", (r) => r.push(r.bytes(r.number(1))));
define(0x8e, (r) => r.push(r.bytes(r.size64())));
define(0x96, (r) => r.push(r.bytes(r.size64())));
define("V", (r) => {
  const text = r.line();
  const long = text.replace(/\\U(0010[0-9a-fA-F]{4}|000[0-9a-fA-F]{5})/g, (_, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
  r.push(long.replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))));
});
define("X", (r) => r.push(r.utf8(r.number(4))));
define(0x8c, (r) => r.push(r.utf8(r.number(1))));
define(0x8d, (r) => r.push(r.utf8(r.size64())));
define("]", (r) => r.push([]));
define("l", (r) => r.push(r.popMark()));
define("a", (r) => r.extend([r.pop()]));
define("e", (r) => r.extend(r.popMark()));
define(")", (r) => r.push(tuple([])));
define("t", (r) => r.push(tuple(r.popMark())));
define(0x85, (r) => r.push(tuple([r.pop()])));
define(0x86, (r) => r.push(tuple([r.pop(), r.pop()].reverse())));
define(0x87, (r) => r.push(tuple([r.pop(), r.pop(), r.pop()].reverse())));
define("}", (r) => r.push(new Map()));
define("d", (r) => {
  const values = r.popMark();
  r.push(new Map());
  r.setItems(values);
});
define("s", (r) => r.setItems([r.pop(), r.pop()].reverse()));
define("u", (r) => r.setItems(r.popMark()));
define(0x8f, (r) => r.push(new Set()));
define(0x90, (r) => {
  const values = r.popMark();
  const set = r.top<Set<unknown>>(Set, "set");
  for (const value of values) set.add(keyOf(value));
});
define(0x91, (r) => r.push(new Set(r.popMark().map(keyOf))));
define("p", (r) => r.keep(Number(r.integer(r.line()))));
define("q", (r) => r.keep(r.number(1)));
define("r", (r) => r.keep(r.number(4)));
define(0x94, (r) => r.keep(r.memo.size));
define("g", (r) => r.recall(Number(r.integer(r.line()))));
define("h", (r) => r.recall(r.number(1)));
define("j", (r) => r.recall(r.number(4)));
define("c", (r) => r.global(r.line(), r.line()));
define(0x93, (r) => {
  const name = textOf(r.pop());
  const module = textOf(r.pop());
  if (name === undefined || module === undefined) r.fail("a name is no text");
  r.global(module!, name!);
});
define("R", (r) => r.reduce());
define(0x81, (r) => r.create());
define("P", (r) => r.persistent(r.line()));
define("Q", (r) => r.persistent(r.pop()));
define("b", (r) => r.build());
define(0x80, (r) => {
  const protocol = r.number(1);
  if (protocol > 5) r.fail(`protocol ${protocol} is not known`);
});
define(0x95, (r) => void r.size64());

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" };

const unescaped = (code: string): string =>
  code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code);
