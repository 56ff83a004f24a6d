/** `.weights` files: a header, and the numbers of the layers as float32, one layer after the other. */
import { noGrad } from "../autograd/mode";
import { FormatError } from "../core/errors";
import type { RandomAccessFile } from "../platform/randomAccess";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { Weights } from "./layers/layer";
import type { DarknetModule, Header } from "./network";

/** Bytes of the header with a count of 32 and of 64 bits. */
const [SHORT, LONG] = [16, 20];

export interface Opening {
  readonly version: Header;
  readonly seen: number;
  /** Where the numbers begin. */
  readonly start: number;
  /** Whether connected layers have their inputs on the first axis, as in the oldest files. */
  readonly isTransposed: boolean;
}

/** Reads the header. @throws FormatError for what cannot be one. */
export async function readHeader(file: RandomAccessFile): Promise<Opening> {
  const name = `"${file.path}"`;
  if (file.size < SHORT)
    throw new FormatError(`${name} has ${file.size} bytes: it is no Darknet .weights file, or it is truncated`);
  const bytes = await file.read(0, Math.min(LONG, file.size));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [major, minor, revision] = [0, 4, 8].map((at) => view.getInt32(at, true)) as [number, number, number];
  if (major < 0 || minor < 0 || revision < 0)
    throw new FormatError(`${name} is no Darknet .weights file: its version would be ${major}.${minor}.${revision}`);
  const isLong = major * 10 + minor >= 2 && major < 1000 && minor < 1000;
  if (isLong && file.size < LONG) throw new FormatError(`${name} is truncated: its header has ${LONG} bytes`);
  const seen = isLong ? Number(view.getBigUint64(12, true)) : view.getUint32(12, true);
  if (!Number.isSafeInteger(seen)) throw new FormatError(`${name} is damaged: it would have seen ${seen} pictures`);
  const version = { major, minor, revision };
  return { version, seen, start: isLong ? LONG : SHORT, isTransposed: major > 1000 || minor > 1000 };
}

/**
 * Checks the length of the file before anything is allocated for it.
 * @param count How many numbers the network takes.
 * @throws FormatError for any other length.
 */
export function checkLength(file: RandomAccessFile, { start }: Opening, count: number): void {
  const expected = start + 4 * count;
  if (file.size === expected) return;
  const problem = file.size < expected ? "truncated" : "too long";
  const hint = file.size < expected ? "; for the first layers of a network alone, pass { cutoff }" : "";
  throw new FormatError(
    `"${file.path}" is ${problem}, or of another network: ${count} weights and the header need ${expected} bytes, it has ${file.size}${hint}`,
  );
}

/** The order of the axes in a file that has them turned round. */
function arranged(values: Tensor, { tensor: target, mayBeTransposed, isFlipped }: Weights, isOld: boolean): Tensor {
  const { shape } = target;
  if (mayBeTransposed && isOld) return values.reshape([shape[1]!, shape[0]!]).t();
  if (!isFlipped) return values.reshape(shape);
  return values.reshape([-1, shape[0]!]).t().reshape(shape);
}

/** Reads the weights of the layers before `cutoff`. The length of the file has been checked. */
export async function readWeights(
  model: DarknetModule,
  file: RandomAccessFile,
  { start, isTransposed, seen, version }: Opening,
  cutoff: number,
): Promise<void> {
  let at = start;
  for (const layer of model.layers.slice(0, cutoff))
    for (const part of layer.weights) {
      const bytes = new Uint8Array(4 * part.tensor.numel());
      await file.read(at, bytes.length, bytes);
      at += bytes.length;
      noGrad(() => {
        const values = tensor(new Float32Array(bytes.buffer));
        part.tensor.copy_(arranged(values, part, isTransposed));
        values.dispose();
      });
    }
  model.seen = seen;
  model.version = version;
}

/** The numbers of one part in the order of the file. */
function numbersOf({ tensor: source, isFlipped }: Weights): Float32Array {
  const { shape } = source;
  const x = source.detach().to("float32");
  const ordered = isFlipped ? x.reshape([shape[0]!, -1]).t() : x;
  return ordered.contiguous().toTypedArray() as Float32Array;
}

function headerBytes({ seen, version }: DarknetModule): Uint8Array {
  // Older versions count in 32 bits, or have axes turned round: what is written is of the newest.
  const isNew = version.major * 10 + version.minor >= 2 && version.major < 1000 && version.minor < 1000;
  const { major, minor, revision } = isNew ? version : { major: 0, minor: 2, revision: 5 };
  const bytes = new Uint8Array(LONG);
  const view = new DataView(bytes.buffer);
  [major, minor, revision].forEach((n, i) => {
    view.setInt32(4 * i, n, true);
  });
  view.setBigUint64(12, BigInt(seen), true);
  return bytes;
}

/** The pieces of a file, one after the other. */
export function* piecesOf(model: DarknetModule, cutoff: number): Generator<Uint8Array> {
  yield headerBytes(model);
  for (const layer of model.layers.slice(0, cutoff))
    for (const part of layer.weights) {
      const numbers = numbersOf(part);
      yield new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    }
}
