/** Sequences of tokens or indices, and batches of them. */
import { ArgumentError, describe } from "../core/errors";

/** Tokens or indices. */
export type Sequence = readonly (string | number)[];

/** A sequence or a batch of sequences of one kind. */
export type SequenceOrBatch<T extends string | number = string | number> = readonly T[] | readonly (readonly T[])[];

type Kind = "string" | "number";

/** Whether an input is a batch. @throws ArgumentError for what is neither a sequence nor a batch of one kind. */
export function checkSequences(op: string, input: unknown, kinds: readonly Kind[] = ["number", "string"]): boolean {
  const fail = (got: unknown): ArgumentError =>
    new ArgumentError(
      `${op}: Input type not supported: takes an array of ${kinds.map((kind) => (kind === "number" ? "integers" : "strings")).join(" or ")}, or an array of such arrays, got ${describe(got)}`,
    );
  if (!Array.isArray(input)) throw fail(input);
  const isBatch = input.length > 0 && Array.isArray(input[0]);
  const rows: readonly unknown[] = isBatch ? input : [input];
  const kind = (rows as unknown[][]).find((row) => Array.isArray(row) && row.length > 0)?.[0];
  for (const row of rows) {
    if (!Array.isArray(row)) throw fail(row);
    for (const item of row) {
      const isRight = kinds.includes(typeof item as Kind) && typeof item === typeof kind;
      if (!isRight || (typeof item === "number" && !Number.isInteger(item))) throw fail(item);
    }
  }
  return isBatch;
}
