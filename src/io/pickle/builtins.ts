/** What pickles of plain data may call: Python's containers, and numpy's arrays. */
import { type Builder, keyOf, type Reader, textOf } from "./machine";

/** A numpy array: its bytes as they lie in memory. */
export class PickledArray {
  constructor(
    readonly shape: readonly number[],
    /** numpy's name of the element type, such as `"|u1"` or `"<f4"`. */
    readonly dtype: string,
    readonly bytes: Uint8Array,
    /** Whether the first axis is the one whose elements are neighbors. */
    readonly isFortran: boolean,
  ) {}
}

/** What is still being made: what numpy rebuilds in two steps. */
export class ArrayShell {
  made: PickledArray | undefined;
}
export class DTypeShell {
  constructor(
    readonly kind: string,
    public order = "|",
  ) {}

  get name(): string {
    return (this.kind === "u1" || this.kind === "i1" || this.kind === "b1" ? "|" : this.order) + this.kind;
  }
}

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

/** Builds Python's containers and numpy's arrays. */
export const builtins: Builder = {
  knows: (name) => known.has(name),
  refusal: (name) => `it asks for ${name}; only plain data and numpy arrays are read, as anything else could run code:`,
  call,
  build,
};

function call(reader: Reader, name: string, given: readonly unknown[]): unknown {
  const [first, second, third] = given;
  switch (name) {
    case "numpy.core.multiarray._reconstruct":
      return new ArrayShell();
    case "numpy.dtype":
      return dtypeOf(reader, first);
    case "numpy.core.multiarray.scalar":
      return scalar(reader, first, second);
    case "numpy.core.numeric._frombuffer":
      return array(reader, third, second, given[3] === "F", first);
    case "_codecs.encode":
      if (textOf(second) === "latin1" || textOf(second) === "latin-1") return reader.binary(first);
      return reader.fail("it encodes a text in another way than latin1");
    case "collections.OrderedDict":
      return given.length === 0 ? new Map() : pairs(reader, first);
    default:
      return container(reader, name, given);
  }
}

/** The OrderedDict of a list of pairs, as Python 2 wrote it. */
function pairs(reader: Reader, list: unknown): Map<unknown, unknown> {
  if (!Array.isArray(list)) return reader.fail("it makes an OrderedDict of what is no list");
  reader.spend(16 * list.length);
  const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2;
  if (!list.every(isPair)) return reader.fail("it makes an OrderedDict of a list of other things than pairs");
  return new Map(list.map(([key, value]) => [keyOf(key), value]));
}

function container(reader: Reader, name: string, given: readonly unknown[]): unknown {
  const [first = []] = given;
  if (Array.isArray(first)) reader.spend(16 * first.length);
  if (/set$/.test(name))
    return Array.isArray(first) ? new Set(first.map(keyOf)) : reader.fail("it makes a set of what is no list");
  return given.length === 0 ? new Uint8Array(0) : reader.binary(first);
}

function dtypeOf(reader: Reader, name: unknown): DTypeShell {
  const kind = textOf(name);
  if (kind === undefined || !/^(u1|u2|u4|u8|i1|i2|i4|i8|f2|f4|f8|b1)$/.test(kind))
    return reader.fail(`arrays of dtype ${JSON.stringify(kind)?.slice(0, 40)} are not read`);
  return new DTypeShell(kind);
}

function scalar(reader: Reader, type: unknown, data: unknown): unknown {
  const value = array(reader, [], type, false, data);
  return numberOf(value) ?? reader.fail(`numbers of dtype ${value.dtype} are not read`);
}

function array(reader: Reader, shape: unknown, dtype: unknown, isFortran: boolean, data: unknown): PickledArray {
  if (!Array.isArray(shape) || shape.length > 32 || !shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    reader.fail("an array has no shape");
  if (!(dtype instanceof DTypeShell)) reader.fail("an array has no dtype");
  const { name } = dtype as DTypeShell;
  const bytes = reader.binary(data);
  const size = (shape as number[]).reduce((n, length) => n * length, Number(name.slice(2)));
  if (size !== bytes.length)
    reader.fail(`an array of shape [${(shape as number[]).slice(0, 8)}] and dtype ${name} has ${bytes.length} bytes`);
  return new PickledArray(shape as number[], name, bytes, isFortran);
}

function build(reader: Reader, target: unknown, state: unknown): boolean {
  if (target instanceof ArrayShell && Array.isArray(state) && state.length === 5) {
    const [, shape, type, isFortran, data] = state;
    target.made = array(reader, shape, type, isFortran === true || isFortran === 1, data);
    return true;
  }
  if (!(target instanceof DTypeShell) || !Array.isArray(state)) return false;
  const order = textOf(state[1]);
  if (order !== "<" && order !== ">" && order !== "|" && order !== "=") reader.fail("a dtype has no byte order");
  if (state[3] !== null && state[3] !== undefined) reader.fail("arrays of records are not read");
  target.order = order === "=" ? "<" : (order as string);
  return true;
}

/** A number of a numpy scalar. */
export function numberOf({ dtype, bytes }: PickledArray): unknown {
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
