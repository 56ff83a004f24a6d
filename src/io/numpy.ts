/** `torch.numpy`: NumPy's files of arrays. What reads and writes them is loaded with the first one. */
import { checkArray, checkFlag, checkString } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import { ArgumentError, describe } from "../core/errors";
import { type Declared, namedAsync } from "../core/signature";
import { checkTensor } from "../ops/builders/checks";
import type { FileSource } from "../platform/randomAccess";
import { Tensor } from "../tensor/tensor";
import { isWellFormed } from "./json";

const lazy = () => import("./lazyNumpy");

/** What {@link load} gives for a source: the name of the file tells, where TypeScript knows it. */
export type Loaded<S> = S extends `${string}.npy`
  ? Tensor
  : S extends `${string}.npz`
    ? Record<string, Tensor>
    : Tensor | Record<string, Tensor>;

/** Options of {@link load}. */
export interface LoadOptions {
  /** Which arrays of an archive to read. Default: all. */
  keys?: readonly string[];
}

/**
 * The array of a `.npy` file, or the arrays of a `.npz` file by name. Files are told apart by how they begin, not by their names; they are read as a
 * stream, into the memory of the tensors.
 *
 * The dtypes are NumPy's. Tensors have no unsigned integers beyond uint8: uint16 becomes int32, uint32 and uint64 become int64; a uint64 that int64 does
 * not hold is an error. An array in Fortran's order is a view with such strides. Arrays of structures, texts, dates, complex numbers or Python objects are
 * errors that name the dtype.
 * @param file A path (in browsers a URL), a URL, a `Blob`, or the bytes.
 * @see numpy.load
 * @throws FormatError that names the file if it is damaged, truncated or of another kind; nothing is allocated then.
 * @example
 * const x = await torch.numpy.load("x.npy");
 * const { images, labels } = await torch.numpy.load("data.npz", { keys: ["images", "labels"] });
 */
export const load = namedAsync(
  "numpy.load",
  "file;; keys",
  async (file: FileSource, { keys }: LoadOptions = {}): Promise<Tensor | Record<string, Tensor>> => {
    const op = "numpy.load";
    const names =
      keys === undefined
        ? undefined
        : checkArray(op, "keys", keys, "names").map((key, i) => checkString(op, `keys[${i}]`, key));
    return (await lazy()).load(op, file, names);
  },
) as unknown as Load & Declared;

/** How {@link load} is called. */
interface Load {
  <const S extends FileSource>(file: S, options?: LoadOptions): Promise<Loaded<S>>;
  <const S extends FileSource>(given: { file: S } & LoadOptions): Promise<Loaded<S>>;
}

/** Bytes of a name in a zip archive. */
const MOST_NAME = 65535;

/** Arrays by name; those of a list are called `arr_0`, `arr_1` and so on. */
export type Arrays = Readonly<Record<string, Tensor>> | readonly Tensor[];

/** @throws ArgumentError unless an archive can hold an array of this name. */
function checkName(op: string, name: string): void {
  const bytes = new TextEncoder().encode(name).length + 4;
  if (isWellFormed(name) && !name.includes("\0") && bytes <= MOST_NAME) return;
  throw new ArgumentError(
    `${op}: ${JSON.stringify(name.slice(0, 100))} is no name for an array: it has more than ${MOST_NAME - 4} bytes, a zero character, or half of a surrogate pair`,
  );
}

/** @throws ArgumentError unless all values are tensors. */
function entriesOf(op: string, arrays: unknown): [name: string, x: Tensor][] {
  if (!Array.isArray(arrays) && !isPlainObject(arrays))
    throw new ArgumentError(
      `${op}: takes an object of tensors by name, or an array of tensors, got ${describe(arrays)}`,
    );
  const entries: [string, unknown][] = Array.isArray(arrays)
    ? arrays.map((x, i) => [`arr_${i}`, x])
    : Object.entries(arrays);
  return entries.map(([name, x]) => {
    checkName(op, name);
    return [name, checkTensor(op, x, JSON.stringify(name))];
  });
}

/** NumPy adds the ending that is missing. */
function withEnding(op: string, path: unknown, ending: string): string | URL {
  if (typeof path !== "string" && !(path instanceof URL))
    throw new ArgumentError(`${op}: file must be a path or a URL, got ${describe(path)}; numpy.encode gives the bytes`);
  if (String(path).endsWith(ending)) return path;
  return path instanceof URL ? new URL(path.href + ending) : path + ending;
}

/**
 * Writes a tensor to a `.npy` file, whole or not at all. An ending `.npy` that is missing is added, as NumPy does.
 * @see numpy.save
 * @throws DTypeError for bfloat16, which NumPy does not have. KindlingError in browsers, which have no files: use {@link encode}.
 * @example await torch.numpy.save("x.npy", x); // np.load("x.npy")
 */
export const save = namedAsync("numpy.save", "file, arr", async (file: string | URL, arr: Tensor): Promise<void> => {
  const path = withEnding("numpy.save", file, ".npy");
  checkTensor("numpy.save", arr, "arr");
  await (await lazy()).save("numpy.save", path, arr, false);
});

async function saveArchive(op: string, file: unknown, arrays: unknown, isCompressed: boolean): Promise<void> {
  const path = withEnding(op, file, ".npz");
  const entries = entriesOf(op, arrays);
  await (await lazy()).save(op, path, entries, isCompressed);
}

/**
 * Writes tensors to a `.npz` file without compression, whole or not at all. An ending `.npz` that is missing is added.
 * @see numpy.savez
 * @throws As {@link save}.
 * @example await torch.numpy.savez("data.npz", { images, labels });
 */
export const savez = namedAsync(
  "numpy.savez",
  "file, arrays{}",
  (file: string | URL, arrays: Arrays): Promise<void> => saveArchive("numpy.savez", file, arrays, false),
);

/** Like {@link savez}, compressed. @see numpy.savez_compressed */
export const savezCompressed = namedAsync(
  "numpy.savezCompressed",
  "file, arrays{}",
  (file: string | URL, arrays: Arrays): Promise<void> => saveArchive("numpy.savezCompressed", file, arrays, true),
);

/** Options of {@link encode}. */
export interface EncodeOptions {
  /** Whether the arrays of an archive are compressed. Default: false. */
  compressed?: boolean;
}

/** Bytes that a `Blob` takes; compilers before 5.7 know no type with parameters for them. */
export type FileBytes = Uint8Array & { readonly buffer: ArrayBuffer };

/**
 * The bytes of a `.npy` file of one tensor, or of a `.npz` file of several: for a download, where there are no files.
 * @throws DTypeError for bfloat16, which NumPy does not have.
 * @example new Blob([await torch.numpy.encode({ images, labels }, { compressed: true })])
 */
export const encode = namedAsync(
  "numpy.encode",
  "arrays{};; compressed",
  async (arrays: Tensor | Arrays, { compressed = false }: EncodeOptions = {}): Promise<FileBytes> => {
    const op = "numpy.encode";
    checkFlag(op, "compressed", compressed);
    if (!(arrays instanceof Tensor)) return (await lazy()).encode(op, entriesOf(op, arrays), compressed);
    return (await lazy()).encode(op, checkTensor(op, arrays, "arrays"), compressed);
  },
);
