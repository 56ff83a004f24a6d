/** Texts, and counts of the sequences in them. */
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { Strings, type Value } from "../values";
import { tensor } from "./make";

/** Changes the case, and leaves out words; a row of none is one empty text. */
function normalize(c: Context): Value {
  const x = c.strings(0) ?? c.fail("takes texts");
  const action = c.string("case_change_action", "NONE");
  const change = (text: string) =>
    action === "LOWER" ? text.toLowerCase() : action === "UPPER" ? text.toUpperCase() : text;
  const stops = c.attributes.strings("stopwords") ?? [];
  const isExact = c.flag("is_case_sensitive");
  const key = (text: string) => (isExact ? text : text.toLowerCase());
  const left = new Set(stops.map(key));
  const kept = x.values.filter((text) => !left.has(key(text))).map(change);
  const values = kept.length === 0 ? [""] : kept;
  return new Strings(x.shape.length === 2 ? [1, values.length] : [values.length], values);
}

/** How often each sequence of a pool occurs in each row, where steps may be left out between its elements. */
function tfIdf(c: Context): Tensor {
  const texts = c.strings(0);
  const shape = texts?.shape ?? c.x.shape;
  const items: (string | number)[] = texts ? [...texts.values] : c.numbers(0);
  const pool: readonly (string | number)[] =
    c.attributes.strings("pool_strings") ?? c.ints("pool_int64s") ?? c.fail("the pool is missing");
  const starts = c.ints("ngram_counts") ?? c.fail("ngram_counts is missing");
  const places = c.ints("ngram_indexes") ?? c.fail("ngram_indexes is missing");
  const [least, most, skips] = [c.int("min_gram_length"), c.int("max_gram_length"), c.int("max_skip_count")];
  const width = places.reduce((a, b) => Math.max(a, b), -1) + 1;
  const found = new Map<string, number>();
  let next = 0;
  for (const [i, start] of starts.entries()) {
    const end = starts[i + 1] ?? pool.length;
    for (let at = start; at + i + 1 <= end; at += i + 1)
      found.set(JSON.stringify(pool.slice(at, at + i + 1)), places[next++]!);
  }
  const rows = shape.length === 2 ? shape[0]! : 1;
  const length = shape.length === 2 ? shape[1]! : items.length;
  if (!(width <= 2 ** 24 && rows * width <= 2 ** 28)) c.fail(`the result would have ${rows} rows of ${width}`);
  const counts = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const own = items.slice(row * length, (row + 1) * length);
    for (let n = least; n <= most; n++)
      // A single element has nothing to leave out.
      for (let step = 1; step <= (n === 1 ? 1 : skips + 1); step++)
        for (let at = 0; at + (n - 1) * step < own.length; at++) {
          const place = found.get(JSON.stringify(Array.from({ length: n }, (_, k) => own[at + k * step])));
          if (place !== undefined) counts[row * width + place]! += 1;
        }
  }
  const weights = weightsOf(c, width, places);
  const mode = c.string("mode");
  const values = counts.map((count, i) => {
    const weight = weights[i % width]!;
    if (mode === "TF") return count;
    return count > 0 ? (mode === "IDF" ? weight : count * weight) : 0;
  });
  return tensor(values as never, "float32").reshape(shape.length === 2 ? [rows, width] : [width]);
}

function weightsOf(c: Context, width: number, places: readonly number[]): Float64Array {
  const given = c.attributes.floats("weights");
  const weights = new Float64Array(width).fill(1);
  if (given !== undefined) for (const [i, place] of places.entries()) weights[place] = given[i] ?? 1;
  return weights;
}

export const texts: readonly Entry[] = [
  { name: "StringNormalizer", since: 10, run: normalize },
  { name: "TfIdfVectorizer", since: 9, run: tfIdf },
  {
    name: "StringConcat",
    since: 20,
    run: (c) => {
      const [a, b] = [c.strings(0) ?? c.fail("takes texts"), c.strings(1) ?? c.fail("takes texts")];
      const isWider = a.values.length >= b.values.length;
      const values = Array.from(
        { length: Math.max(a.values.length, b.values.length) },
        (_, i) => a.values[i % a.values.length]! + b.values[i % b.values.length]!,
      );
      return new Strings(isWider ? a.shape : b.shape, values);
    },
  },
];
