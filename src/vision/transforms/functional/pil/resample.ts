/** Bytes of pictures at other sizes, in the kernels of `assembly/vision/resample.ts`: value for value PIL's. */
import type { Tensor } from "../../../../tensor/tensor";
import type { Image } from "../../../image";
import { bytesFrom, bytesInMemory, roomFor } from "../../../memory";
import { tensorOf } from "../picture";

/** Bits of the weights after the point: the sums fit into 32. */
const BITS = 22;
/** Bits of the low one of the halves in which the kernels take weights. */
const LOW_BITS = 11;
/** About how many nanoseconds a sample and two taps take. */
const COST = 0.5;

function fixed(weight: number): number {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << BITS));
}

/** What each output position of an axis is made of: `counts[i]` inputs from `starts[i]`, with the weights from `i * width`. */
export interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly width: number;
  readonly weights: Float64Array;
}

/** Taps as kernels take them. */
interface Records {
  readonly list: Tensor;
  /** Pairs of weights that a record has room for. */
  readonly words: number;
  /** How many records there are. */
  readonly length: number;
}

/** Per position of the result: the first input, their count, the high halves of their weights and the low ones. */
function recordsOf({ starts, counts, width, weights }: Taps): Records {
  const words = Math.ceil(width / 8) * 4;
  const size = 2 + 2 * words;
  const list = tensorOf<Int32Array>("int32", [starts.length, size], (out) => {
    out.fill(0);
    const halves = new Int16Array(out.buffer, out.byteOffset, out.length * 2);
    for (let i = 0; i < starts.length; i++) {
      out[i * size] = starts[i]!;
      out[i * size + 1] = counts[i]!;
      const at = 2 * (i * size + 2);
      for (let k = 0; k < counts[i]!; k++) {
        const weight = fixed(weights[i * width + k]!);
        halves[at + k] = weight >> LOW_BITS;
        halves[at + 2 * words + k] = weight & ((1 << LOW_BITS) - 1);
      }
    }
  });
  return { list, words, length: starts.length };
}

/** Each row at another width. */
function rows(x: Tensor, { width, height, bands }: Image, taps: Taps): Tensor {
  const { list, words, length } = recordsOf(taps);
  const y = roomFor(height * length * bands);
  y.storage.backend.call("resampleRows", undefined, [y, x, list, words, width, length, bands], {
    range: height,
    cost: height * length * taps.width * COST,
  });
  list.dispose();
  x.dispose();
  return y;
}

/** Each column at another height; a row has `width` samples. */
function columns(x: Tensor, width: number, taps: Taps): Tensor {
  const { list, words, length } = recordsOf(taps);
  const y = roomFor(length * width);
  y.storage.backend.call("resampleColumns", undefined, [y, x, list, words, width], {
    range: length,
    cost: (length * width * taps.width * COST) / 4,
  });
  list.dispose();
  x.dispose();
  return y;
}

/** The bytes of a picture at another size, given what its rows and its columns are made of where they change. */
export function resampledBytes(img: Image, along: Taps | undefined, down: Taps | undefined): Uint8Array {
  const width = along?.starts.length ?? img.width;
  const height = down?.starts.length ?? img.height;
  const length = width * height * img.bands;
  if (length === 0 || img.data.length === 0) return new Uint8Array(length);
  let x = bytesInMemory(img.data as Uint8Array);
  if (along !== undefined) x = rows(x, img, along);
  if (down !== undefined) x = columns(x, width * img.bands, down);
  return bytesFrom(x, length);
}
