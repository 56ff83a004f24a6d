/** Where temporary memory lies in a program's own memory. */
import type { Memory } from "./values";

/** Bytes, as many as the next block begins after. */
export const aligned = (bytes: number): number => Math.ceil(Math.max(bytes, 1) / 64) * 64;

/** Temporary memory from its first to its last use; what is used at different times may lie at the same place. */
export function arrangeTemporaries(uses: readonly (readonly Memory[])[]): { at: Map<Memory, number>; bytes: number } {
  const spans = new Map<Memory, { memory: Memory; first: number; last: number }>();
  uses.forEach((list, i) => {
    for (const memory of list) {
      if (memory.kind !== "temporary") continue;
      const span = spans.get(memory);
      if (span === undefined) spans.set(memory, { memory, first: i, last: i });
      else span.last = i;
    }
  });
  const at = new Map<Memory, number>();
  const placed: { begin: number; end: number; first: number; last: number }[] = [];
  let bytes = 0;
  for (const { memory, first, last } of spans.values()) {
    const size = aligned(memory.bytes);
    const others = placed.filter((other) => other.last >= first && other.first <= last);
    others.sort((a, b) => a.begin - b.begin);
    let begin = 0;
    for (const other of others) if (other.begin < begin + size && other.end > begin) begin = other.end;
    placed.push({ begin, end: begin + size, first, last });
    at.set(memory, begin);
    bytes = Math.max(bytes, begin + size);
  }
  return { at, bytes };
}
