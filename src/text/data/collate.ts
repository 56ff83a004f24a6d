/** Batches of sequences of different lengths. */
import { checkArray, checkFlag, checkInteger, checkNumber } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { defaultCollate } from "../../data/collate";
import { portable } from "../../data/pack";
import { Module } from "../../nn/module/module";
import { padSequence } from "../../nn/utils/rnn";
import { tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";

/** Parameters of {@link PadCollate}. */
export interface PadCollateParameters {
  /** What shorter sequences are filled up with. Default: 0. */
  paddingValue?: number;
  /** Give [N, longest] and not [longest, N]. Default: true. */
  batchFirst?: boolean;
  /** Longer sequences are cut. Default: null, none is. */
  maxLength?: number | null;
}

const signature = "; paddingValue, batchFirst, maxLength";

/** A sequence: an array of integers, or a tensor with at least one axis. */
const isSequence = (value: unknown): value is readonly number[] | Tensor =>
  value instanceof Tensor ? value.ndim > 0 : Array.isArray(value) && value.every((item) => Number.isInteger(item));

/**
 * A collate function for sequences of different lengths: each field of the samples that is one becomes two, the sequences filled up to the longest, and
 * their lengths as int64 (for `packPaddedSequence`). Other fields are collated as ever. Samples that are sequences themselves give `[padded, lengths]`.
 * @example
 * const loader = new DataLoader(samples, { batchSize: 32, collateFn: new text.data.PadCollate({ paddingValue: 1 }) });
 * for await (const [ids, lengths, labels] of loader) …        // of samples [ids, label]
 */
export class PadCollate extends Module {
  /** @internal */
  static readonly signature: string = signature;

  readonly paddingValue: number;
  readonly batchFirst: boolean;
  readonly maxLength: number | null;

  constructor(...given: Arguments<typeof signature, PadCollateParameters>) {
    super();
    const op = "PadCollate";
    const {
      paddingValue = 0,
      batchFirst = true,
      maxLength = null,
    } = argumentsOf<PadCollateParameters>(op, signature, given);
    this.paddingValue = checkNumber(op, "paddingValue", paddingValue);
    this.batchFirst = checkFlag(op, "batchFirst", batchFirst);
    this.maxLength = maxLength === null ? null : checkInteger(op, "maxLength", maxLength, 1);
  }

  /** @throws ArgumentError for an empty batch, and for samples of different kinds. */
  override forward(batch: readonly any[]): any[] {
    const samples = checkArray("PadCollate", "batch", batch, "samples");
    if (samples.length === 0) throw new ArgumentError("PadCollate: the batch is empty");
    if (samples.every(isSequence)) return this.padded(samples);
    const width = Array.isArray(samples[0]) ? samples[0].length : -1;
    const wrong = samples.findIndex((sample) => !Array.isArray(sample) || sample.length !== width);
    if (wrong >= 0)
      throw new ArgumentError(
        `PadCollate: samples must be sequences, or arrays of ${Math.max(width, 1)} fields, got ${describe(samples[wrong])}`,
      );
    const fields = Array.from({ length: width }, (_, i) => (samples as unknown[][]).map((sample) => sample[i]));
    return fields.flatMap((field) => (field.every(isSequence) ? this.padded(field) : [defaultCollate(field)]));
  }

  private padded(field: readonly (readonly number[] | Tensor)[]): [padded: Tensor, lengths: Tensor] {
    const { paddingValue, batchFirst, maxLength } = this;
    const sequences = field.map((values) => {
      const sequence = values instanceof Tensor ? values : tensor([...values], { dtype: "int64" });
      const length = sequence.shape[0]!;
      return maxLength !== null && length > maxLength ? sequence.narrow(0, 0, maxLength) : sequence;
    });
    const lengths = sequences.map((sequence) => sequence.shape[0]!);
    return [padSequence(sequences, { batchFirst, paddingValue }), tensor(lengths, { dtype: "int64" })];
  }
}

portable({ PadCollate });
