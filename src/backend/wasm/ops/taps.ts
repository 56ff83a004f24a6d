/** Weights of resampled pictures as the kernels of `assembly/vision/resample.ts` take them. */
import type { Operand } from "../../operand";
import type { Taps } from "../../ops";
import { addressOf, type Engine } from "../engine";

/** Bits of the weights after the point: the sums fit into 32. */
const BITS = 22;
/** Bits of the low one of the halves in which the kernels take weights. */
const LOW_BITS = 11;

/** A weight in fixed point. */
const fixed = (weight: number): number => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << BITS));

/** Taps as kernels take them. */
interface Records {
  /** Temporary memory. */
  readonly list: Operand;
  /** Pairs of weights that a record has room for. */
  readonly words: number;
  /** How many records there are. */
  readonly length: number;
}

/** Per position of the result: the first input, their count, the high halves of their weights and the low ones. */
export function recordsOf(engine: Engine, { starts, counts, width, weights }: Taps): Records {
  const words = Math.ceil(width / 8) * 4;
  const size = 2 + 2 * words;
  const { length } = starts;
  const list = engine.temporary("int32", length * size);
  const out = engine.viewOf("int32", addressOf(list), length * size) as Int32Array;
  out.fill(0);
  const halves = new Int16Array(out.buffer, out.byteOffset, out.length * 2);
  for (let i = 0; i < length; i++) {
    out[i * size] = starts[i]!;
    out[i * size + 1] = counts[i]!;
    const at = 2 * (i * size + 2);
    for (let k = 0; k < counts[i]!; k++) {
      const weight = fixed(weights[i * width + k]!);
      halves[at + k] = weight >> LOW_BITS;
      halves[at + 2 * words + k] = weight & ((1 << LOW_BITS) - 1);
    }
  }
  return { list, words, length };
}
