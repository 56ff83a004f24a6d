/** What the formats of archives share: where bytes come from, where files go to, and which names may be. */
import { FormatError } from "../../core/errors";

const CHUNK = 1 << 20;

/** Bytes of a file, in pieces or from any place. */
export interface Source {
  readonly path: string;
  readonly size: number;
  /** @throws FormatError beyond the end. */
  read(start: number, length: number): Promise<Uint8Array>;
}

/** Takes the files of an archive. */
export interface Sink {
  folder(name: string): Promise<void>;
  file(name: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
}

export const damaged = (path: string, why: string): FormatError =>
  new FormatError(`"${path}" cannot be unpacked: ${why}: it is truncated or damaged`);

/** The pieces of a source from `start` to `end`. */
export async function* pieces(source: Source, start = 0, end = source.size): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += CHUNK) yield await source.read(at, Math.min(CHUNK, end - at));
}

/** Pieces without deflate's compression. */
export async function* inflated(
  path: string,
  packed: AsyncIterable<Uint8Array>,
  format: "gzip" | "deflate-raw",
): AsyncGenerator<Uint8Array> {
  const stream = new DecompressionStream(format);
  const writer = stream.writable.getWriter();
  const feeding = feed(packed, writer);
  // Its failure is seen by the reader as well.
  feeding.catch(() => {});
  const reader = stream.readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw damaged(path, (error as Error).message);
      });
      if (done) return await feeding;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function feed(packed: AsyncIterable<Uint8Array>, writer: WritableStreamDefaultWriter): Promise<void> {
  try {
    for await (const piece of packed) await writer.write(piece);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}

/**
 * A name in an archive as a path below the folder that it is unpacked to.
 * @throws FormatError for one that leads elsewhere.
 */
export function safeName(path: string, name: string): string {
  const parts = name.replaceAll("\\", "/").split("/");
  const isOutside = name.startsWith("/") || name.startsWith("\\") || /^[a-zA-Z]:/.test(name) || parts.includes("..");
  if (isOutside || name.includes("\0"))
    throw new FormatError(
      `"${path}" cannot be unpacked: the name ${JSON.stringify(name.slice(0, 200))} in it leads out of the folder`,
    );
  return parts.filter((part) => part !== "" && part !== ".").join("/");
}
