/**
 * Weights of 8 bits in the order in which products read them: panels of eight columns, and in a panel the values of four neighboring
 * terms of each column in turn. A column consists of `segments` runs of `length` terms, each of which is filled up to whole quads with zeros.
 */
import { PANEL } from "./panel";

/**
 * Packs panels [begin, end) of `groups` matrices of `n` columns, each of which is contiguous in `w`. Columns that fill up the last panel of a group are
 * zeros.
 */
export function packQuantized(y: usize, w: usize, n: i32, segments: i32, length: i32, begin: i32, end: i32): void {
  const panels = (n + PANEL - 1) / PANEL,
    quads = (length + 3) / 4;
  const column = segments * length,
    bytes = segments * quads * 32;
  memory.fill(y + <usize>begin * bytes, 0, <usize>(end - begin) * bytes);
  for (let p = begin; p < end; p++) {
    const group = p / panels,
      first = (p - group * panels) * PANEL;
    const columns = min(PANEL, n - first);
    for (let j = 0; j < columns; j++) {
      let from = w + <usize>(group * n + first + j) * column;
      let to = y + <usize>p * bytes + <usize>j * 4;
      for (let s = 0; s < segments; s++) {
        for (let k = 0; k < length; k++) store<u8>(to + <usize>(k >> 2) * 32 + (k & 3), load<u8>(from + k));
        from += length;
        to += quads * 32;
      }
    }
  }
}
