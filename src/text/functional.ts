/** `torchtext.functional`: sequences of tokens or indices, and batches of them. */
import { assertNumber, checkFlag, checkInteger } from "../core/arguments";
import { checkDType, type DType } from "../core/dtype";
import { ArgumentError, describe, ShapeError, ValueError } from "../core/errors";
import { named } from "../core/signature";
import { padSequence } from "../nn/utils/rnn";
import { tensor } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { checkSequences, type SequenceOrBatch } from "./sequences";

export type { SequenceOrBatch } from "./sequences";

/** Options of {@link toTensor}. */
export interface ToTensorOptions {
  /** Fills up shorter sequences of a batch. Default: null, they must have one length. */
  paddingValue?: number | null;
  /** Default: int64. */
  dtype?: DType;
}

/**
 * Indices as a tensor: [length], or for a batch [N, longest].
 * @see torchtext.functional.to_tensor
 * @throws ShapeError for sequences of different lengths without `paddingValue`.
 */
export const toTensor = named(
  "toTensor",
  "input; paddingValue, dtype",
  (input: SequenceOrBatch<number>, options: ToTensorOptions = {}): Tensor => {
    const { paddingValue = null, dtype = "int64" } = options;
    checkDType("toTensor", dtype);
    if (!checkSequences("toTensor", input, ["number"])) return tensor(input as number[], { dtype: "int64" });
    const rows = input as readonly (readonly number[])[];
    if (paddingValue === null) {
      if (rows.some((row) => row.length !== rows[0]!.length))
        throw new ShapeError("toTensor: the sequences have different lengths; give a paddingValue to fill them up");
      return tensor(rows as number[][], { dtype });
    }
    assertNumber("toTensor", "paddingValue", paddingValue);
    const sequences = rows.map((row) => tensor([...row], { dtype }));
    return padSequence(sequences, { batchFirst: true, paddingValue });
  },
);

/** Sequences cut to a length. @see torchtext.functional.truncate */
export const truncate = named("truncate", "input, maxSeqLen", (input: SequenceOrBatch, maxSeqLen: number): any => {
  checkInteger("truncate", "maxSeqLen", maxSeqLen, 0);
  return checkSequences("truncate", input)
    ? (input as readonly (readonly unknown[])[]).map((row) => row.slice(0, maxSeqLen))
    : input.slice(0, maxSeqLen);
});

/** Options of {@link addToken}. */
export interface AddTokenOptions {
  /** Before the sequence, otherwise after it. Default: true. */
  begin?: boolean;
}

/** Sequences with a token before or after them. @see torchtext.functional.add_token */
export const addToken = named(
  "addToken",
  "input, tokenId; begin",
  <T extends string | number>(input: SequenceOrBatch<T>, tokenId: T, options: AddTokenOptions = {}): any => {
    const begin = checkFlag("addToken", "begin", options.begin ?? true);
    const isBatch = checkSequences("addToken", input);
    if (typeof tokenId !== "string") checkInteger("addToken", "tokenId", tokenId);
    const flat: readonly unknown[] = isBatch ? input.flat() : input;
    if (flat.length > 0 && typeof flat[0] !== typeof tokenId)
      throw new ArgumentError(
        `addToken: Input type not supported: tokenId ${describe(tokenId)} does not go with ${describe(flat[0])}`,
      );
    const longer = (row: readonly T[]): T[] => (begin ? [tokenId, ...row] : [...row, tokenId]);
    return isBatch ? (input as readonly (readonly T[])[]).map(longer) : longer(input as readonly T[]);
  },
);

/** An integer as it is written. */
function integerOf(op: string, text: string): number {
  const value = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new ValueError(`${op}: ${describe(text)} is no integer`);
  return value;
}

/** Texts of integers as integers. @see torchtext.functional.str_to_int */
export const strToInt = named("strToInt", "input", (input: SequenceOrBatch<string>): any => {
  const isBatch = checkSequences("strToInt", input, ["string"]);
  const convert = (row: readonly string[]): number[] => row.map((text) => integerOf("strToInt", text));
  return isBatch ? (input as readonly (readonly string[])[]).map(convert) : convert(input as readonly string[]);
});
