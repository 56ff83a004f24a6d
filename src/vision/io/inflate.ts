/** zlib streams whose content has a known size: what they unfold to beyond it is neither kept nor waited for. */
import { Unzlib, unzlibSync } from "fflate";

/** No deflated data holds more than this many times its own size. */
export const MOST_INFLATION = 1032;

/** Content that may be unfolded at once, wanted or not: it takes some tenths of a second. */
const AT_ONCE = 2 ** 26;

/** What is pushed at a time: it unfolds to at most 64 MiB. */
const PIECE = 2 ** 16;

/**
 * At most the first `size` bytes of the content; fewer if the stream ends before.
 * @param fail Is told why the stream cannot be read, and throws.
 */
export function inflateBounded(stream: Uint8Array, size: number, fail: (why: string) => never): Uint8Array {
  try {
    // Of a buffer that is given, what lies beyond is dropped.
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
  for (let at = 0; at < stream.length && length < size; at += PIECE)
    inflater.push(stream.subarray(at, at + PIECE), at + PIECE >= stream.length);
  return out.subarray(0, length);
}
