/** What `torch.save` does, loaded when it is first called. */
import { StateError } from "../../core/errors";
import { ZipWriter } from "../../platform/archives/zipWriter";
import { type Write, writeStream } from "../../platform/files";
import { writeModule } from "./classes";
import { type Part, Pickler } from "./pickler";

/** Bytes that are copied and written at a time. */
const PIECE = 4 << 20;

/** The memory of tensors in pieces. @throws StateError if it is changed or given back meanwhile. */
async function* piecesOf(op: string, { storage, bytes }: Part, version: number): AsyncGenerator<Uint8Array> {
  if (storage === undefined) return;
  const { backend, block } = storage;
  const check = () => {
    if (!storage.isFreed && storage.version === version) return;
    throw new StateError(
      `${op}: a tensor was changed or disposed of while it was saved: await the promise of save before training goes on`,
    );
  };
  for (let at = 0; at < bytes; at += PIECE) {
    check();
    const count = Math.min(PIECE, bytes - at);
    const piece = backend.readsAtOnce
      ? backend.view(block, "uint8", at, count)
      : await backend.read(block, "uint8", at, count);
    yield new Uint8Array(piece as Uint8Array);
    check();
  }
}

const SMALL: readonly (readonly [name: string, text: string])[] = [
  ["byteorder", "little"],
  ["version", "3\n"],
];

async function produce(op: string, pickler: Pickler, pickle: Uint8Array, write: Write): Promise<void> {
  const versions = pickler.parts.map(({ storage }) => storage?.version ?? 0);
  const archive = new ZipWriter(write);
  await archive.file("archive/data.pkl", pickle.length, [pickle]);
  for (const [i, part] of pickler.parts.entries())
    await archive.file(`archive/data/${part.key}`, part.bytes, piecesOf(op, part, versions[i]!));
  for (const [name, text] of SMALL) {
    const bytes = new TextEncoder().encode(text);
    await archive.file(`archive/${name}`, bytes.length, [bytes]);
  }
  await archive.finish();
}

/** All pieces as one. */
async function collected(run: (write: Write) => Promise<void>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  await run(async (bytes) => {
    pieces.push(bytes);
    length += bytes.length;
  });
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces.splice(0)) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

async function toStream(stream: WritableStream<Uint8Array>, run: (write: Write) => Promise<void>): Promise<void> {
  const writer = stream.getWriter();
  try {
    await run((bytes) => writer.write(bytes));
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}

/** Writes a value to a place, or gives its bytes. */
export async function save(
  op: string,
  value: unknown,
  to: string | URL | WritableStream<Uint8Array> | undefined,
): Promise<Uint8Array | undefined> {
  const pickler = new Pickler(op, writeModule);
  pickler.write(value, "the value");
  const pickle = pickler.out.finish();
  // Whoever disposes of a tensor meanwhile is told, and reads nobody else's memory.
  const run = (write: Write) => produce(op, pickler, pickle, write);
  if (to === undefined) return await collected(run);
  if (typeof WritableStream === "function" && to instanceof WritableStream) await toStream(to, run);
  else await writeStream(op, to as string | URL, run);
  return undefined;
}
