/**
 * Reads Python's pickles of plain data: numbers, texts, bytes, lists, tuples, sets, dicts and numpy arrays. A pickle is a program; here it can build
 * nothing else, so that reading a file from anywhere is safe.
 */
import { FormatError } from "../core/errors";
import { setOwn } from "../core/record";

/** A numpy array: its bytes as they lie in memory. */
export class PickledArray {
  constructor(
    readonly shape: readonly number[],
    /** numpy's name of the element type, such as `"|u1"` or `"<f4"`. */
    readonly dtype: string,
    readonly bytes: Uint8Array,
    /** Whether the first axis is the one whose elements are neighbours. */
    readonly isFortran: boolean,
  ) {}
}

/** What a pickle may hold here. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickledArray
  | readonly Pickled[]
  | ReadonlySet<Pickled>
  | { readonly [key: string]: Pickled };

/** Texts of Python 2, which may be bytes: what they are shows in their use. */
class RawText {
  private known: string | undefined;

  constructor(readonly bytes: Uint8Array) {}

  /** Read as latin1. */
  get text(): string {
    this.known ??= latin1(this.bytes);
    return this.known;
  }
}

/** A name that the pickle imports. */
class Global {
  constructor(readonly name: string) {}
}

/** What is still being made: what numpy rebuilds in two steps. */
class ArrayShell {
  made: PickledArray | undefined;
}
class DTypeShell {
  constructor(
    readonly kind: string,
    public order = "|",
  ) {}

  get name(): string {
    return (this.kind === "u1" || this.kind === "i1" || this.kind === "b1" ? "|" : this.order) + this.kind;
  }
}

const MARK = Symbol("mark");
/** Nesting beyond which a file is taken for damaged. */
const MOST_DEPTH = 200;
/** Values that may wait at the same time. Python hands lists over in thousands. */
const MOST_WAITING = 2 ** 22;
/** Bytes that may be made of each byte of a file. */
const MOST_GROWTH = 8;
/** Digits beyond which an integer is taken for damage. */
const MOST_DIGITS = 400;

/** Names that the file may import, by both of the names that numpy's modules have had. */
const known: ReadonlySet<string> = new Set(
  [
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
    "numpy.core.multiarray scalar",
    "numpy._core.multiarray scalar",
    "numpy.core.numeric _frombuffer",
    "numpy._core.numeric _frombuffer",
    "numpy ndarray",
    "numpy dtype",
    "_codecs encode",
    "collections OrderedDict",
    "__builtin__ set",
    "builtins set",
    "__builtin__ frozenset",
    "builtins frozenset",
    "__builtin__ bytearray",
    "builtins bytearray",
    "__builtin__ bytes",
    "builtins bytes",
  ].map((name) => name.replace(" ", ".")),
);

const latin1 = (bytes: Uint8Array): string => {
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
class Reader {
  readonly stack: unknown[] = [];
  readonly memo = new Map<number, unknown>();
  at = 0;
  isDone = false;
  private spent = 0;
  private readonly view: DataView;

  constructor(
    readonly path: string,
    private readonly file: Uint8Array,
  ) {
    this.view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  fail(why: string): never {
    throw new FormatError(`"${this.path}" cannot be read as a pickle: ${why} at byte ${this.at}`);
  }

  /** Counts what is made of other values, which costs the file nothing. A short file must not fill the memory. */
  spend(bytes: number): void {
    this.spent += bytes;
    if (this.spent > MOST_GROWTH * (this.file.length + 4096)) this.fail("it makes far more than it holds");
  }

  bytes(count: number): Uint8Array {
    if (!(count <= this.file.length - this.at)) this.fail(`it ends within ${count} bytes that it announces`);
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
    return size > BigInt(this.file.length) ? this.fail(`it announces ${size} bytes`) : Number(size);
  }

  float(): number {
    this.bytes(8);
    return this.view.getFloat64(this.at - 8);
  }

  line(): string {
    const end = this.file.indexOf(10, this.at);
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
    if (!known.has(full))
      this.fail(`it asks for ${full}; only plain data and numpy arrays are read, as anything else could run code:`);
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
    this.push(this.call((called as Global).name, given as unknown[]));
  }

  private call(name: string, given: readonly unknown[]): unknown {
    const [first, second, third] = given;
    switch (name) {
      case "numpy.core.multiarray._reconstruct":
        return new ArrayShell();
      case "numpy.dtype":
        return this.dtype(first);
      case "numpy.core.multiarray.scalar":
        return this.scalar(first, second);
      case "numpy.core.numeric._frombuffer":
        return this.array(third, second, given[3] === "F", first);
      case "_codecs.encode":
        if (textOf(second) === "latin1" || textOf(second) === "latin-1") return this.binary(first);
        return this.fail("it encodes a text in another way than latin1");
      case "collections.OrderedDict":
        return given.length === 0 ? new Map() : this.fail("it makes an OrderedDict of a list");
      default:
        return this.builtin(name, given);
    }
  }

  private builtin(name: string, given: readonly unknown[]): unknown {
    const [first = []] = given;
    if (Array.isArray(first)) this.spend(16 * first.length);
    if (/set$/.test(name))
      return Array.isArray(first) ? new Set(first) : this.fail("it makes a set of what is no list");
    return given.length === 0 ? new Uint8Array(0) : this.binary(first);
  }

  binary(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (value instanceof RawText) return value.bytes;
    if (typeof value === "string") this.spend(value.length);
    const bytes = typeof value === "string" ? bytesOfLatin1(value) : undefined;
    return bytes ?? this.fail("it takes what are no bytes as bytes");
  }

  private dtype(name: unknown): DTypeShell {
    const kind = textOf(name);
    if (kind === undefined || !/^(u1|u2|u4|u8|i1|i2|i4|i8|f2|f4|f8|b1)$/.test(kind))
      return this.fail(`arrays of dtype ${JSON.stringify(kind)?.slice(0, 40)} are not read`);
    return new DTypeShell(kind);
  }

  private scalar(dtype: unknown, value: unknown): unknown {
    const array = this.array([], dtype, false, value);
    return numberOf(array) ?? this.fail(`numbers of dtype ${array.dtype} are not read`);
  }

  private array(shape: unknown, dtype: unknown, isFortran: boolean, data: unknown): PickledArray {
    if (!Array.isArray(shape) || shape.length > 32 || !shape.every((n) => Number.isSafeInteger(n) && n >= 0))
      this.fail("an array has no shape");
    if (!(dtype instanceof DTypeShell)) this.fail("an array has no dtype");
    const { name } = dtype as DTypeShell;
    const bytes = this.binary(data);
    const size = (shape as number[]).reduce((n, length) => n * length, Number(name.slice(2)));
    if (size !== bytes.length)
      this.fail(`an array of shape [${(shape as number[]).slice(0, 8)}] and dtype ${name} has ${bytes.length} bytes`);
    return new PickledArray(shape as number[], name, bytes, isFortran);
  }

  /** Gives an object the state that the pickle has for it. */
  build(): void {
    const state = this.pop();
    const target = this.stack.at(-1);
    if (target instanceof ArrayShell && Array.isArray(state) && state.length === 5) {
      const [, shape, dtype, isFortran, data] = state;
      target.made = this.array(shape, dtype, isFortran === true || isFortran === 1, data);
    } else if (target instanceof DTypeShell && Array.isArray(state)) {
      const order = textOf(state[1]);
      if (order !== "<" && order !== ">" && order !== "|" && order !== "=") this.fail("a dtype has no byte order");
      if (state[3] !== null && state[3] !== undefined) this.fail("arrays of records are not read");
      target.order = order === "=" ? "<" : (order as string);
    } else this.fail("it gives a state to what has none");
  }
}

/** A number of a numpy scalar. */
function numberOf({ dtype, bytes }: PickledArray): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = dtype[0] !== ">";
  const readers: Readonly<Record<string, () => unknown>> = {
    u1: () => view.getUint8(0),
    u2: () => view.getUint16(0, isLittle),
    u4: () => view.getUint32(0, isLittle),
    u8: () => view.getBigUint64(0, isLittle),
    i1: () => view.getInt8(0),
    i2: () => view.getInt16(0, isLittle),
    i4: () => view.getInt32(0, isLittle),
    i8: () => view.getBigInt64(0, isLittle),
    f4: () => view.getFloat32(0, isLittle),
    f8: () => view.getFloat64(0, isLittle),
    b1: () => view.getUint8(0) !== 0,
  };
  const value = readers[dtype.slice(1)]?.();
  return typeof value === "bigint" && BigInt.asIntN(54, value) === value ? Number(value) : value;
}

const tuples = new WeakSet<object>();

function tuple(values: unknown[]): unknown[] {
  tuples.add(values);
  return values;
}

const textOf = (value: unknown): string | undefined =>
  value instanceof RawText ? value.text : typeof value === "string" ? value : undefined;

const keyOf = (value: unknown): unknown => textOf(value) ?? value;

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
define("b", (r) => r.build());
define(0x80, (r) => {
  const protocol = r.number(1);
  if (protocol > 5) r.fail(`protocol ${protocol} is not known`);
});
define(0x95, (r) => void r.size64());

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" };

const unescaped = (code: string): string =>
  code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code);

/** Makes plain values of what the machine has built. */
class Plain {
  private readonly done = new Map<unknown, Pickled>();

  constructor(private readonly reader: Reader) {}

  visit(value: unknown, depth: number): Pickled {
    if (depth > MOST_DEPTH) this.reader.fail(`values are nested more than ${MOST_DEPTH} deep`);
    if (value instanceof RawText) return value.text;
    if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof PickledArray)
      return value as Pickled;
    const known = this.done.get(value);
    if (known !== undefined) return known;
    if (value instanceof ArrayShell) return value.made ?? this.reader.fail("an array has no content");
    if (Array.isArray(value)) return this.list(value, depth);
    if (value instanceof Map) return this.dict(value, depth);
    if (value instanceof Set) return new Set([...value].map((item) => this.visit(item, depth + 1)));
    return this.reader.fail("it holds a function or a dtype as a value");
  }

  private list(values: readonly unknown[], depth: number): Pickled {
    const list: Pickled[] = [];
    this.done.set(values, list);
    for (const value of values) list.push(this.visit(value, depth + 1));
    return list;
  }

  private dict(map: ReadonlyMap<unknown, unknown>, depth: number): Pickled {
    const record: Record<string, Pickled> = {};
    this.done.set(map, record);
    for (const [key, value] of map) {
      const name = key instanceof Uint8Array ? latin1(key) : key;
      if (typeof name !== "string" && typeof name !== "number" && typeof name !== "bigint")
        this.reader.fail("a dict has a key that is no text or number");
      setOwn(record, String(name), this.visit(value, depth + 1));
    }
    return record;
  }
}

/**
 * The value of a pickle, of the protocols 0 to 5. Texts of Python 2 are read as latin1; dicts become objects, tuples arrays.
 * @param path The name of the file in errors.
 * @throws FormatError if the file is damaged, truncated, or asks for anything but plain data and numpy arrays, naming what it asks for.
 */
export function readPickle(path: string, file: Uint8Array): Pickled {
  const reader = new Reader(path, file);
  while (!reader.isDone) {
    const code = reader.number(1);
    const op = ops.get(code);
    if (op === undefined) reader.fail(`0x${code.toString(16)} is no instruction that is read`);
    op!(reader);
  }
  const value = reader.pop();
  if (reader.stack.length > 0) reader.fail("it leaves values behind");
  return new Plain(reader).visit(value, 0);
}
