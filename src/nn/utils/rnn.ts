/** Batches of sequences of different lengths. */

import { assertNumber, checkArray, checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { arange } from "../../ops/creation/ranges";
import { cat, stack } from "../../ops/shape/join";
import { full, tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";

/**
 * Sequences sorted by falling length, step after step: the first `batchSizes[0]` rows of `data` are the first steps of all
 * sequences, and so on. Made by {@link packPaddedSequence} and {@link packSequence}.
 * @see torch.nn.utils.rnn.PackedSequence
 */
export class PackedSequence {
  constructor(
    /** Shape: [Σ batchSizes, …]. */
    readonly data: Tensor,
    /** How many sequences reach each step. */
    readonly batchSizes: readonly number[],
    /** The order that sorts the sequences, null if they came sorted. */
    readonly sortedIndices: Tensor | null = null,
    /** The order that brings them back. */
    readonly unsortedIndices: Tensor | null = null,
  ) {
    const op = "PackedSequence";
    checkTensor(op, data, "data");
    const sizes = checkIntegers(op, "batchSizes", batchSizes, 1);
    const total = sizes.reduce((sum, n) => sum + n, 0);
    if (data.ndim === 0 || data.shape[0] !== total)
      throw new ShapeError(`${op}: batchSizes of ${total} elements do not fit data of shape ${shapeText(data.shape)}`);
    if (sortedIndices !== null) checkTensor(op, sortedIndices, "sortedIndices");
    if (unsortedIndices !== null) checkTensor(op, unsortedIndices, "unsortedIndices");
  }
}

function checkPacked(op: string, sequence: unknown): void {
  if (!(sequence instanceof PackedSequence))
    throw new ArgumentError(`${op}: sequence must be a PackedSequence, got ${describe(sequence)}`);
}

/** Options of {@link packPaddedSequence}. */
export interface PackOptions {
  /** Whether the input is [N, L, …] instead of [L, N, …]. Default: false. */
  batchFirst?: boolean;
  /** Whether the sequences must come sorted by falling length. Default: true. */
  enforceSorted?: boolean;
}

/**
 * Packs a padded batch.
 * @param lengths The lengths of the sequences.
 * @see torch.nn.utils.rnn.pack_padded_sequence
 * @throws ValueError for lengths that are not sorted, unless `enforceSorted` is false.
 */
export const packPaddedSequence = named(
  "packPaddedSequence",
  "input, lengths; batchFirst, enforceSorted",
  (input: Tensor, lengths: Tensor | readonly number[], options: PackOptions = {}): PackedSequence => {
    const { batchFirst = false, enforceSorted = true } = options;
    if (checkTensor("packPaddedSequence", input).ndim < 2)
      throw new ShapeError(`packPaddedSequence: input needs at least 2 axes, got ${shapeText(input.shape)}`);
    const given = lengthsOf("packPaddedSequence", lengths);
    const x = batchFirst ? input.transpose(0, 1) : input;
    checkLengths(given, x);
    const order = given.map((_, i) => i);
    if (enforceSorted) checkSorted(given);
    else order.sort((a, b) => given[b]! - given[a]!);
    const sorted = order.map((i) => given[i]!);
    const index = (list: readonly number[]) => tensor(list, { dtype: "int64", device: x.device });
    const sortedIndices = enforceSorted ? null : index(order);
    const unsortedIndices = enforceSorted ? null : index(order.map((_, i) => order.indexOf(i)));
    const steps = sortedIndices === null ? x : x.indexSelect(1, sortedIndices);
    const batchSizes = Array.from({ length: sorted[0]! }, (_, t) => sorted.filter((length) => length > t).length);
    const data = cat(batchSizes.map((n, t) => steps.select(0, t).narrow(0, 0, n)));
    return new PackedSequence(data, batchSizes, sortedIndices, unsortedIndices);
  },
);

/** Lengths as an array. @throws ArgumentError unless they are integers, ShapeError unless a tensor of them has one axis. */
function lengthsOf(op: string, lengths: Tensor | readonly number[]): number[] {
  if (!(lengths instanceof Tensor)) return checkIntegers(op, "lengths", lengths);
  if (lengths.ndim !== 1)
    throw new ShapeError(`${op}: lengths must have one axis, got a tensor of shape ${shapeText(lengths.shape)}`);
  return checkIntegers(op, "lengths", lengths.long().tolist());
}

function checkLengths(lengths: readonly number[], x: Tensor): void {
  if (lengths.length !== x.shape[1])
    throw new ShapeError(
      `packPaddedSequence: Expected as many lengths as sequences, ${x.shape[1]}, but got ${lengths.length}`,
    );
  if (lengths.some((length) => !(length > 0)))
    throw new ValueError(
      "packPaddedSequence: Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0",
    );
  if (lengths.some((length) => length > x.shape[0]!))
    throw new ValueError(`packPaddedSequence: a length exceeds the ${x.shape[0]} steps of the input`);
}

function checkSorted(lengths: readonly number[]): void {
  if (lengths.some((length, i) => i > 0 && length > lengths[i - 1]!))
    throw new ValueError(
      "packPaddedSequence: lengths must be sorted in decreasing order; pass { enforceSorted: false } for others",
    );
}

/** Options of {@link padPackedSequence}. */
export interface UnpackOptions {
  /** Give [N, L, …] instead of [L, N, …]. Default: false. */
  batchFirst?: boolean;
  /** Default: 0. */
  paddingValue?: number;
  /** Pad to this length. Default: the longest. */
  totalLength?: number | null;
}

/**
 * The padded batch of a packed one, in the original order, and the lengths, int64.
 * @see torch.nn.utils.rnn.pad_packed_sequence
 */
export const padPackedSequence = named(
  "padPackedSequence",
  "sequence; batchFirst, paddingValue, totalLength",
  (sequence: PackedSequence, options: UnpackOptions = {}): [padded: Tensor, lengths: Tensor] => {
    const { batchFirst = false, paddingValue = 0, totalLength } = options;
    checkPacked("padPackedSequence", sequence);
    assertNumber("padPackedSequence", "paddingValue", paddingValue);
    const { data, batchSizes, unsortedIndices } = sequence;
    const total = checkInteger("padPackedSequence", "totalLength", totalLength ?? batchSizes.length, 0, MAX_COUNT);
    if (total < batchSizes.length)
      throw new ValueError(
        `padPackedSequence: Expected totalLength to be at least the length of the longest sequence in input, but got totalLength=${total} and max sequence length being ${batchSizes.length}`,
      );
    const n = batchSizes[0]!;
    const blank = (rows: number) =>
      full([rows, ...data.shape.slice(1)], paddingValue, { dtype: data.dtype, device: data.device });
    const steps = data
      .split(batchSizes, 0)
      .map((step, t) => (batchSizes[t] === n ? step : cat([step, blank(n - batchSizes[t]!)])));
    while (steps.length < total) steps.push(blank(n));
    const lengths = tensor(
      Array.from({ length: n }, (_, i) => batchSizes.filter((size) => size > i).length),
      { dtype: "int64" },
    );
    const padded = stack(steps);
    const ordered = unsortedIndices === null ? padded : padded.indexSelect(1, unsortedIndices);
    return [
      batchFirst ? ordered.transpose(0, 1) : ordered,
      unsortedIndices === null ? lengths : lengths.indexSelect(0, unsortedIndices),
    ];
  },
);

/**
 * Sequences of different lengths as one padded tensor, [L, N, …] or [N, L, …].
 * @see torch.nn.utils.rnn.pad_sequence
 */
export const padSequence = named(
  "padSequence",
  "sequences; batchFirst, paddingValue",
  (sequences: readonly Tensor[], options: { batchFirst?: boolean; paddingValue?: number } = {}): Tensor => {
    checkArray("padSequence", "sequences", sequences, "tensors");
    if (sequences.length === 0) throw new ArgumentError("padSequence: received an empty list of sequences");
    for (const s of sequences)
      if (!(s instanceof Tensor) || s.ndim === 0)
        throw new ArgumentError(`padSequence: a sequence must be a Tensor with at least one axis, got ${describe(s)}`);
    const { batchFirst = false, paddingValue = 0 } = options;
    const longest = sequences.reduce((most, s) => Math.max(most, s.shape[0]!), 0);
    const padded = sequences.map((s) => {
      if (s.shape[0] === longest) return s;
      return cat([
        s,
        full([longest - s.shape[0]!, ...s.shape.slice(1)], paddingValue, { dtype: s.dtype, device: s.device }),
      ]);
    });
    return stack(padded, batchFirst ? 0 : 1);
  },
);

/** The sequences of a padded batch, each of its own length. @see torch.nn.utils.rnn.unpad_sequence */
export const unpadSequence = named(
  "unpadSequence",
  "paddedSequences, lengths; batchFirst",
  (padded: Tensor, lengths: Tensor | readonly number[], options: { batchFirst?: boolean } = {}): Tensor[] => {
    if (checkTensor("unpadSequence", padded, "padded").ndim < 2)
      throw new ShapeError(`unpadSequence: padded needs at least 2 axes, got ${shapeText(padded.shape)}`);
    const given = lengthsOf("unpadSequence", lengths);
    const x = options.batchFirst ? padded : padded.transpose(0, 1);
    return given.map((length, i) => x.select(0, i).narrow(0, 0, length));
  },
);

/** {@link padSequence}, packed. @see torch.nn.utils.rnn.pack_sequence */
export const packSequence = named(
  "packSequence",
  "sequences; enforceSorted",
  (sequences: readonly Tensor[], options: { enforceSorted?: boolean } = {}): PackedSequence => {
    const padded = padSequence(sequences);
    const lengths = sequences.map((s) => s.shape[0]!);
    return packPaddedSequence(padded, lengths, { enforceSorted: options.enforceSorted ?? true });
  },
);

/** The sequences of a packed batch, in their order before packing. @see torch.nn.utils.rnn.unpack_sequence */
export const unpackSequence = named("unpackSequence", "packedSequences", (sequence: PackedSequence): Tensor[] => {
  checkPacked("unpackSequence", sequence);
  const [padded, lengths] = padPackedSequence(sequence, { batchFirst: true });
  return unpadSequence(padded, lengths, { batchFirst: true });
});

/** The permutation that undoes another. Shape: [n] of int64. @see torch.nn.utils.rnn.invert_permutation */
export const invertPermutation = named(
  "invertPermutation",
  "permutation",
  (permutation: Tensor | null): Tensor | null => {
    if (permutation === null) return null;
    const { shape } = checkTensor("invertPermutation", permutation, "permutation");
    if (shape.length !== 1)
      throw new ShapeError(`invertPermutation: permutation must have one axis, got shape ${shapeText(shape)}`);
    return permutation
      .newZeros(shape)
      .scatter(0, permutation, arange(shape[0]!, { device: permutation.device }).to(permutation.dtype));
  },
);
