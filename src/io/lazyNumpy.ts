/** Reading and writing NumPy's files: a chunk that is loaded when the first one is. */
import { FormatError } from "../core/errors";
import { type Write, writeStream } from "../platform/files";
import { type FileSource, openFile } from "../platform/randomAccess";
import type { Tensor } from "../tensor/tensor";
import { checkNumpyDtype, FileStream, isNpy, NpyFile, readNpy } from "./npy";
import { readNpz } from "./npz";

/** How a zip archive begins: with a file, or with its end if it is empty. */
const isZip = ([p, k, kind, next]: Uint8Array): boolean =>
  p === 0x50 && k === 0x4b && ((kind === 3 && next === 4) || (kind === 5 && next === 6));

/** What a file of NumPy's holds: one array, or arrays by name. */
export async function load(
  op: string,
  source: FileSource,
  names: readonly string[] | undefined,
): Promise<Tensor | Record<string, Tensor>> {
  const file = await openFile(op, source);
  try {
    const start = await file.read(0, Math.min(6, file.size));
    if (isZip(start)) return await readNpz(file, names);
    if (isNpy(start) && names !== undefined)
      throw new FormatError(`"${file.path}" holds one array without a name; leave out keys`);
    if (isNpy(start)) return await readNpy(new FileStream(file));
    throw new FormatError(
      `"${file.path}" is no file of NumPy's: it begins neither as .npy nor as .npz; it is damaged, or of another kind`,
    );
  } finally {
    await file.close();
  }
}

/** What is written: a tensor, or tensors by name. */
export type Arrays = Tensor | readonly (readonly [name: string, x: Tensor])[];

async function writeArrays(arrays: Arrays, isCompressed: boolean, write: Write): Promise<void> {
  const pieces = function* (x: Tensor): Generator<Uint8Array> {
    const file = new NpyFile(x);
    try {
      yield* file.pieces();
    } finally {
      file.dispose();
    }
  };
  if (!isList(arrays)) {
    for (const piece of pieces(arrays)) await write(piece);
    return;
  }
  const { writeZip } = await import("../platform/archives/lazyZipWriter");
  const members = arrays.map(([name, x]) => ({ name: `${name}.npy`, pieces: () => pieces(x) }));
  await writeZip(members, isCompressed, write);
}

const isList = (arrays: Arrays): arrays is readonly (readonly [string, Tensor])[] => Array.isArray(arrays);

function check(op: string, arrays: Arrays): void {
  const entries = isList(arrays)
    ? arrays.map(([name, x]) => [JSON.stringify(name), x] as const)
    : [["arr", arrays] as const];
  for (const [name, x] of entries) checkNumpyDtype(op, name, x);
}

/** Writes a file whole or not at all. */
export async function save(op: string, path: string | URL, arrays: Arrays, isCompressed: boolean): Promise<void> {
  check(op, arrays);
  await withHere(arrays, (here) => writeStream(op, path, (write) => writeArrays(here, isCompressed, write)));
}

/** Runs `body` with tensors that can be read at once. */
async function withHere<T>(arrays: Arrays, body: (here: Arrays) => Promise<T>): Promise<T> {
  const copies: Tensor[] = [];
  const here = async (x: Tensor): Promise<Tensor> => {
    if (x.storage.backend.readsAtOnce) return x;
    const copy = await x.detach().cpu();
    copies.push(copy);
    return copy;
  };
  try {
    if (!isList(arrays)) return await body(await here(arrays));
    const entries: [string, Tensor][] = [];
    for (const [name, x] of arrays) entries.push([name, await here(x)]);
    return await body(entries);
  } finally {
    for (const x of copies) x.dispose();
  }
}

/** The bytes of a file. */
export async function encode(op: string, arrays: Arrays, isCompressed: boolean): Promise<Uint8Array<ArrayBuffer>> {
  check(op, arrays);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const write: Write = async (piece) => {
    pieces.push(piece.slice());
    size += piece.length;
  };
  await withHere(arrays, (here) => writeArrays(here, isCompressed, write));
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
