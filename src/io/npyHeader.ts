/**
 * The header of NumPy's files: a dict of Python, written as a literal, that says type, order and shape.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import type { DType } from "../core/dtype";
import { type ElementType, widthOf } from "../core/elements";
import type { FormatError } from "../core/errors";
import { MAX_AXES } from "../core/shape";

/** What a header says. */
export interface NpyHeader {
  readonly type: ElementType;
  readonly isBigEndian: boolean;
  /** Whether the first axis is the one whose elements are neighbors. */
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

/** A literal of Python: what headers are made of. */
type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

/** Nesting of fields in fields, beyond which a header is taken for damaged. */
const MOST_DEPTH = 32;

/** Reads a literal of Python: texts, whole numbers, truth values, None, tuples, lists, and dicts with texts as keys. */
class LiteralParser {
  private at = 0;

  constructor(private readonly text: string) {}

  /** The one literal that the text is. @throws SyntaxError saying where it is none. */
  whole(): Literal {
    const value = this.value(0);
    this.skip();
    if (this.at < this.text.length) throw this.unexpected();
    return value;
  }

  private unexpected(): SyntaxError {
    const found = this.text.slice(this.at, this.at + 10);
    return new SyntaxError(
      `position ${this.at}: ${found === "" ? "the text ends early" : `unexpected ${JSON.stringify(found)}`}`,
    );
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private skip(): void {
    this.match(/[ \t\r\n\f]*/y);
  }

  /** Whether the next character is this one, which is then read. */
  private takes(character: string): boolean {
    this.skip();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private value(depth: number): Literal {
    if (depth > MOST_DEPTH) throw new SyntaxError(`more than ${MOST_DEPTH} levels deep`);
    if (this.takes("{")) return this.dict(depth);
    if (this.takes("(")) return this.tuple(depth);
    if (this.takes("[")) return this.list("]", depth).values;
    const text = this.match(/[bu]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")/y);
    if (text !== undefined) return unquoted(text);
    // Python 2 wrote long integers with an L.
    const digits = this.match(/-?[0-9]+(?=L?\b)/y);
    if (digits !== undefined) {
      this.match(/L/y);
      return Number(digits);
    }
    const word = this.match(/(?:True|False|None)\b/y);
    if (word === undefined) throw this.unexpected();
    return word === "None" ? null : word === "True";
  }

  /** `(3)` is a number in brackets, `(3,)` a tuple. */
  private tuple(depth: number): Literal {
    const { values, hasComma } = this.list(")", depth);
    return values.length === 1 && !hasComma ? values[0]! : values;
  }

  private list(end: string, depth: number): { values: Literal[]; hasComma: boolean } {
    const values: Literal[] = [];
    let hasComma = false;
    while (!this.takes(end)) {
      if (values.length > 0 && !hasComma) throw this.unexpected();
      values.push(this.value(depth + 1));
      hasComma = this.takes(",");
    }
    return { values, hasComma };
  }

  private dict(depth: number): ReadonlyMap<string, Literal> {
    const entries = new Map<string, Literal>();
    let hasComma = true;
    while (!this.takes("}")) {
      if (!hasComma) throw this.unexpected();
      const key = this.value(depth + 1);
      if (typeof key !== "string" || !this.takes(":")) throw this.unexpected();
      if (entries.has(key)) throw new SyntaxError(`the key ${JSON.stringify(key.slice(0, 100))} occurs twice`);
      entries.set(key, this.value(depth + 1));
      hasComma = this.takes(",");
    }
    return entries;
  }
}

const unquoted = (text: string): string => text.replace(/^[bu]/, "").slice(1, -1).replace(/\\(.)/g, "$1");

/** Types by NumPy's codes, without the order of their bytes. */
const types: Readonly<Record<string, ElementType>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
  "?": "bool",
  b: "int8",
  h: "int16",
  i: "int32",
  q: "int64",
  B: "uint8",
  H: "uint16",
  I: "uint32",
  Q: "uint64",
  e: "float16",
  f: "float32",
  d: "float64",
};

/** What the codes mean that no tensor can hold, and what helps. */
const foreign: readonly [pattern: RegExp, what: string][] = [
  [/^(c\d+|[FDG])$/, "complex numbers; save a.real and a.imag as two arrays"],
  [/^(f1[26]|g)$/, "long doubles; save a.astype('float64')"],
  [/^U\d*$/, "texts; save numbers, such as indices into a list of texts"],
  [/^[Sa]\d*$/, "byte strings; save numbers, or a.view('uint8')"],
  [/^O\d*$/, "Python objects, which only Python can make (pickle); save each as an array of numbers"],
  [/^[mM](8|$)/, "dates or times; save a.astype('int64')"],
  [/^V\d*$/, "raw bytes of unknown meaning; save a.view('uint8'), or bfloat16 as a.astype('float32')"],
];

/** Text of a literal for errors, bounded. */
function literalText(value: Literal | undefined): string {
  if (value === undefined) return "nothing";
  const text =
    typeof value === "string" ? `'${value}'` : JSON.stringify(value instanceof Map ? Object.fromEntries(value) : value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

type Fail = (why: string) => FormatError;

/** The type that `descr` means. @throws FormatError that names the dtype if no tensor can hold it. */
function typeOf(descr: Literal | undefined, fail: Fail): { type: ElementType; isBigEndian: boolean } {
  if (Array.isArray(descr))
    throw fail(
      `its dtype is structured: ${literalText(descr)}; a tensor has one dtype: save each field as an array, np.savez(file, **{name: a[name] for name in a.dtype.names})`,
    );
  if (typeof descr !== "string") throw fail(`its dtype is ${literalText(descr)}`);
  const code = descr.replace(/^[<>=|]/, "");
  if (Object.hasOwn(types, code)) {
    const type = types[code]!;
    return { type, isBigEndian: descr.startsWith(">") && widthOf(type) > 1 };
  }
  const what = foreign.find(([pattern]) => pattern.test(code))?.[1];
  throw fail(`its dtype ${literalText(descr)} is ${what === undefined ? "not known" : `of ${what}`}`);
}

/** The shape, whose elements are known to be countable. */
function shapeOf(shape: Literal | undefined, width: number, fail: Fail): readonly number[] {
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw fail(`its shape is ${literalText(shape)}`);
  const sizes = shape as readonly number[];
  if (sizes.length > MAX_AXES) throw fail(`it has ${sizes.length} axes; a tensor has at most ${MAX_AXES}`);
  // Sizes of 0 do not hide an overflow of the others: strides count them as 1.
  if (sizes.reduce((n, size) => n * Math.max(size, 1), width) > Number.MAX_SAFE_INTEGER)
    throw fail(`the sizes of its shape (${sizes.join(", ")}) overflow`);
  // -0 is no size that arithmetic can tell from 0.
  return sizes.map((size) => size + 0);
}

/** What the text of a header says. @throws FormatError by `fail`. */
export function parseHeader(text: string, fail: Fail): NpyHeader {
  let header: Literal;
  try {
    header = new LiteralParser(text).whole();
  } catch (error) {
    throw fail(`its header is no dict of Python: ${(error as Error).message}: it is damaged`);
  }
  if (!(header instanceof Map)) throw fail(`its header is ${literalText(header)}, no dict: it is damaged`);
  const keys = [...header.keys()].sort().join(", ");
  if (keys !== "descr, fortran_order, shape")
    throw fail(`its header has the keys ${keys.slice(0, 200)} instead of descr, fortran_order, shape: it is damaged`);
  const isFortran = header.get("fortran_order");
  if (typeof isFortran !== "boolean") throw fail(`its fortran_order is ${literalText(isFortran)}: it is damaged`);
  const { type, isBigEndian } = typeOf(header.get("descr"), fail);
  return { type, isBigEndian, isFortran, shape: shapeOf(header.get("shape"), widthOf(type), fail) };
}

/** NumPy's codes of the dtypes that it has. */
const codes: Readonly<Partial<Record<DType, string>>> = {
  float32: "<f4",
  float64: "<f8",
  float16: "<f2",
  int64: "<i8",
  int32: "<i4",
  int16: "<i2",
  int8: "|i1",
  uint8: "|u1",
  bool: "|b1",
};

/** The code of a dtype, undefined for bfloat16. */
export const codeOf = (dtype: DType): string | undefined => codes[dtype];

/** Data begins at a multiple of this, as NumPy has it. */
const ALIGNMENT = 64;
/** The magic, the version, and the length of the header in version 1. */
const PREFIX = 10;

/** The beginning of a file of version 1, up to the data. */
export function writeHeader(dtype: DType, isFortran: boolean, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${codes[dtype]}', 'fortran_order': ${isFortran ? "True" : "False"}, 'shape': (${sizes}), }`;
  const length = Math.ceil((PREFIX + text.length + 1) / ALIGNMENT) * ALIGNMENT - PREFIX;
  const bytes = new TextEncoder().encode(`?NUMPY${"\x01\0"}??${text.padEnd(length - 1)}\n`);
  bytes[0] = 0x93;
  new DataView(bytes.buffer).setUint16(8, length, true);
  return bytes;
}
