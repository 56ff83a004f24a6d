/** zlib streams whose content has a known size: what they unfold to beyond it is neither kept nor waited for. */
import { Unzlib, unzlibSync } from "fflate";

/** No deflated data holds more than this many times its own size. */
export const MOST_INFLATION = 1032;

/** Content that may be unfolded at once, wanted or not: it takes less than a tenth of a second. */
const AT_ONCE = 2 ** 24;

/** What is pushed at a time at least: it unfolds to at most 8 MiB. */
const PIECE = 2 ** 13;

/**
 * At most the first `size` bytes of the content; fewer if the stream ends before.
 * @param fail Is told why the stream cannot be read, and throws.
 */
export function inflateBounded(stream: Uint8Array, size: number, fail: (why: string) => never): Uint8Array {
  try {
    // What lies beyond the end of a given buffer is dropped.
    if (stream.length * MOST_INFLATION <= Math.max(AT_ONCE, 2 * size))
      return unzlibSync(stream, { out: new Uint8Array(size) });
    return inflatePieces(stream, size);
  } catch (error) {
    return fail(`its data cannot be inflated (${(error as Error).message})`);
  }
}

function inflatePieces(stream: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let length = 0;
  const inflater = new Unzlib((chunk) => {
    const part = chunk.subarray(0, size - length);
    out.set(part, length);
    length += part.length;
  });
  // Pieces grow while they unfold to what pictures do: larger ones take less time, and a hostile one would take more.
  for (let at = 0, piece = PIECE; at < stream.length && length < size; ) {
    const before = length;
    const end = at + piece;
    inflater.push(stream.subarray(at, end), end >= stream.length);
    piece = length - before < 16 * piece ? Math.min(2 * piece, 2 ** 20) : PIECE;
    at = end;
  }
  return out.subarray(0, length);
}
