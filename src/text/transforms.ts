/** `torchtext.transforms`: what turns texts into tensors, as modules. */
import { checkFlag, checkInteger, checkNumber } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { checkDType, type DType } from "../core/dtype";
import { ArgumentError, describe, ValueError } from "../core/errors";
import type { Arguments } from "../core/signatureTypes";
import { portable } from "../data/pack";
import { Sequential as NNSequential } from "../nn/module/container";
import { takes } from "../nn/module/forward";
import { Module } from "../nn/module/module";
import { checkTensor } from "../ops/builders/checks";
import { constantPadNd } from "../ops/shape/pad";
import type { Tensor } from "../tensor/tensor";
import { addToken, strToInt, toTensor, truncate } from "./functional";
import { checkSequences, type SequenceOrBatch } from "./sequences";
import { Vocab } from "./vocab/vocab";
import { compareCodePoints } from "./words";

const vocabSignature = "vocab";
const tensorSignature = "; paddingValue, dtype";
const labelSignature = "; labelNames, labelPath, sortNames";
const truncateSignature = "maxSeqLen";
const addSignature = "token; begin";
const padSignature = "maxLength, padValue";

/** The indices of tokens, or of a batch of them. @see torchtext.transforms.VocabTransform */
export class VocabTransform extends Module {
  /** @internal */
  static readonly signature: string = vocabSignature;

  vocab: Vocab;

  constructor(...given: Arguments<typeof vocabSignature, { vocab: Vocab }>) {
    super();
    const { vocab } = argumentsOf<{ vocab: Vocab }>("VocabTransform", vocabSignature, given);
    if (!(vocab instanceof Vocab))
      throw new ArgumentError(`VocabTransform: vocab must be a Vocab, got ${describe(vocab)}`);
    this.vocab = vocab;
  }

  override forward(input: SequenceOrBatch<string>): any {
    return checkSequences("VocabTransform", input, ["string"])
      ? (input as readonly (readonly string[])[]).map((tokens) => this.vocab.lookupIndices(tokens))
      : this.vocab.lookupIndices(input as readonly string[]);
  }
}

/** Parameters of {@link ToTensor}. */
export interface ToTensorParameters {
  /** Fills up shorter sequences of a batch. Default: null. */
  paddingValue?: number | null;
  /** Default: int64. */
  dtype?: DType;
}

/** Indices as a tensor. @see torchtext.transforms.ToTensor */
export class ToTensor extends Module {
  /** @internal */
  static readonly signature: string = tensorSignature;

  readonly paddingValue: number | null;
  readonly dtype: DType;

  constructor(...given: Arguments<typeof tensorSignature, ToTensorParameters>) {
    super();
    const { paddingValue = null, dtype = "int64" } = argumentsOf<ToTensorParameters>(
      "ToTensor",
      tensorSignature,
      given,
    );
    this.paddingValue = paddingValue === null ? null : checkNumber("ToTensor", "paddingValue", paddingValue);
    this.dtype = checkDType("ToTensor", dtype);
  }

  override forward(input: SequenceOrBatch<number>): Tensor {
    return toTensor(input, { paddingValue: this.paddingValue, dtype: this.dtype });
  }
}

/** Parameters of {@link LabelToIndex}. */
export interface LabelToIndexParameters {
  /** The labels in the order of their indices. */
  labelNames?: readonly string[] | null;
  /** In torchtext a file of labels; here read the file first. */
  labelPath?: null;
  /** Sort the labels. Default: false. */
  sortNames?: boolean;
}

/** The indices of labels. @see torchtext.transforms.LabelToIndex */
export class LabelToIndex extends Module {
  /** @internal */
  static readonly signature: string = labelSignature;

  readonly labelNames: readonly string[];
  private readonly indices: Vocab;

  constructor(...given: Arguments<typeof labelSignature, LabelToIndexParameters>) {
    super();
    const op = "LabelToIndex";
    const { labelNames, labelPath, sortNames = false } = argumentsOf<LabelToIndexParameters>(op, labelSignature, given);
    if (labelPath != null)
      throw new ArgumentError(
        `${op}: a constructor cannot read files: read labelPath first, and give its lines as labelNames`,
      );
    if (!Array.isArray(labelNames) || !labelNames.every((name) => typeof name === "string"))
      throw new ArgumentError(`${op}: labelNames must be an array of strings, got ${describe(labelNames)}`);
    const names = labelNames as string[];
    this.labelNames = checkFlag(op, "sortNames", sortNames) ? [...names].sort(compareCodePoints) : [...names];
    this.indices = new Vocab(this.labelNames);
  }

  override forward(labels: string | readonly string[]): any {
    return typeof labels === "string" ? this.indices.at(labels) : this.indices.lookupIndices(labels);
  }
}

/** Sequences cut to a length. @see torchtext.transforms.Truncate */
export class Truncate extends Module {
  /** @internal */
  static readonly signature: string = truncateSignature;

  readonly maxSeqLen: number;

  constructor(...given: Arguments<typeof truncateSignature, { maxSeqLen: number }>) {
    super();
    const { maxSeqLen } = argumentsOf<{ maxSeqLen: number }>("Truncate", truncateSignature, given);
    this.maxSeqLen = checkInteger("Truncate", "maxSeqLen", maxSeqLen, 0);
  }

  override forward(x: SequenceOrBatch): any {
    return truncate(x, this.maxSeqLen);
  }
}

/** Parameters of {@link AddToken}. */
export interface AddTokenParameters {
  /** An index or a token, as the sequences have them. */
  token: string | number;
  /** Before the sequence, otherwise after it. Default: true. */
  begin?: boolean;
}

/** Sequences with a token before or after them. @see torchtext.transforms.AddToken */
export class AddToken extends Module {
  /** @internal */
  static readonly signature: string = addSignature;

  readonly token: string | number;
  readonly begin: boolean;

  constructor(...given: Arguments<typeof addSignature, AddTokenParameters>) {
    super();
    const { token, begin = true } = argumentsOf<AddTokenParameters>("AddToken", addSignature, given);
    this.token = typeof token === "string" ? token : checkInteger("AddToken", "token", token);
    this.begin = checkFlag("AddToken", "begin", begin);
  }

  override forward(input: SequenceOrBatch): any {
    return (addToken as any)(input, this.token, { begin: this.begin });
  }
}

/** Parameters of {@link PadTransform}. */
export interface PadTransformParameters {
  /** Shorter tensors are filled up to this length. */
  maxLength: number;
  /** What they are filled up with. */
  padValue: number;
}

/** Tensors filled up to a length along the last axis. @see torchtext.transforms.PadTransform */
export class PadTransform extends Module {
  /** @internal */
  static readonly signature: string = padSignature;

  readonly maxLength: number;
  readonly padValue: number;

  constructor(...given: Arguments<typeof padSignature, PadTransformParameters>) {
    super();
    const { maxLength, padValue } = argumentsOf<PadTransformParameters>("PadTransform", padSignature, given);
    this.maxLength = checkInteger("PadTransform", "maxLength", maxLength, 0);
    this.padValue = checkNumber("PadTransform", "padValue", padValue);
  }

  override forward(x: Tensor): Tensor {
    checkTensor("PadTransform", x, "x");
    if (x.ndim === 0) throw new ValueError("PadTransform: x must have at least one axis");
    const missing = this.maxLength - x.shape.at(-1)!;
    return missing > 0 ? constantPadNd(x, [0, missing], this.padValue) : x;
  }
}

/** Texts of integers as integers. @see torchtext.transforms.StrToIntTransform */
export class StrToIntTransform extends Module {
  override forward(input: SequenceOrBatch<string>): any {
    return strToInt(input);
  }
}

/**
 * Transforms one after the other.
 * @see torchtext.transforms.Sequential
 * @example
 * const { VocabTransform, Truncate, AddToken, ToTensor, Sequential } = text.transforms;
 * const encode = new Sequential(new VocabTransform(words), new Truncate(510), new AddToken(1), new ToTensor(0));
 * encode([["a", "b"], ["c"]]) // [2, 3]
 */
export class Sequential extends NNSequential {
  override forward(input: any): any {
    return super.forward(input);
  }
}

takes("input", VocabTransform, ToTensor, AddToken, StrToIntTransform);
takes("labels", LabelToIndex);
takes("x", Truncate, PadTransform);

portable({
  AddToken,
  LabelToIndex,
  PadTransform,
  StrToIntTransform,
  TextSequential: Sequential,
  TextToTensor: ToTensor,
  Truncate,
  VocabTransform,
});
