/** Writing zip archives as a stream: a chunk that is loaded when the first one is written. */
import { configure, ZipWriter } from "@zip.js/zip.js/lib/zip-core-custom.js";
import type { Write } from "../files";

configure({ useWebWorkers: false, useCompressionStream: true });

/** A file of an archive. */
export interface Member {
  readonly name: string;
  pieces(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** The time of all files, so that equal contents make equal archives. It is the first that the format can say. */
const TIME = new Date(1980, 0, 1);

/** The pieces as a stream that makes one when it is asked for. */
function streamOf(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * Writes an archive from its first byte to its last; what is of more than 4 GiB is written in the wide form.
 * @param isDeflated Whether the files are compressed; else they are stored as they are.
 */
export async function writeZip(members: Iterable<Member>, isDeflated: boolean, write: Write): Promise<void> {
  const sink = new WritableStream<Uint8Array>({ write });
  const writer = new ZipWriter(sink, { level: isDeflated ? 6 : 0, extendedTimestamp: false, lastModDate: TIME });
  for (const member of members) await writer.add(member.name, streamOf(member.pieces()));
  await writer.close();
}
