/** Texts as vectors (Reimers and Gurevych, "Sentence-BERT", 2019). */

import { noGrad } from "../../autograd/mode";
import { checkFlag } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe, ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { declareMethods, named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { checkTensor } from "../../ops/builders/checks";
import { onesLike } from "../../ops/creation/like";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { BertModel } from "./bert";
import { checkMask } from "./generation";

/** What splits texts: a tokenizer of `torch.text.Tokenizer`, or anything like one. */
export interface SentenceTokenizer {
  encode(text: string): { readonly ids: readonly number[] };
}

const signature = "bert; normalize";

/** Options of {@link SentenceEncoder}. */
export interface SentenceEncoderOptions {
  /** Scale vectors to length 1. Default: true. */
  normalize?: boolean;
}

/**
 * The mean of the vectors of what counts. Shape: [N, L, D] and [N, L] → [N, D].
 * @param attentionMask 1 for tokens, 0 for padding.
 */
export const meanPooling = named(
  "meanPooling",
  "lastHiddenState, attentionMask",
  (states: Tensor, mask: Tensor): Tensor => {
    checkTensor("meanPooling", states, "lastHiddenState");
    checkTensor("meanPooling", mask, "attentionMask");
    if (states.ndim !== 3 || mask.shape.join() !== states.shape.slice(0, 2).join())
      throw new ShapeError(
        `meanPooling: attentionMask must have the first two sizes of lastHiddenState, got ${shapeText(mask.shape)} and ${shapeText(states.shape)}`,
      );
    const weights = mask.to(states.dtype).unsqueeze(-1);
    return states.mul(weights).sum(1).div(weights.sum(1).clamp(1e-9));
  },
);

/**
 * Texts as vectors: the mean over the tokens of a BERT, of length 1. Their products are cosines.
 * Shape: [N, L], int64 → [N, hiddenSize].
 * @see sentence_transformers.SentenceTransformer
 * @example
 * const bert = await torch.hub.fromPretrained(folder, { architecture: "BertModel" });
 * const encoder = new SentenceEncoder(bert);
 * const vectors = encoder.encode(["a cat", "a dog"], await torch.text.Tokenizer(`${folder}/tokenizer.json`));
 * encoder.similarity(vectors, vectors);
 */
export class SentenceEncoder extends nn.Module {
  readonly bert: BertModel;
  readonly normalize: boolean;

  /** @internal */
  static readonly signature: string = signature;

  constructor(bert: BertModel, options?: SentenceEncoderOptions);
  constructor(...given: Arguments<typeof signature, { bert: BertModel } & SentenceEncoderOptions>);
  constructor(...given: unknown[]) {
    super();
    const { bert, normalize = true } = argumentsOf<{ bert: BertModel } & SentenceEncoderOptions>(
      "SentenceEncoder",
      signature,
      given,
    );
    if (!(bert instanceof BertModel))
      throw new ArgumentError(`SentenceEncoder: bert must be a BertModel, got ${describe(bert)}`);
    this.bert = bert;
    this.normalize = checkFlag("SentenceEncoder", "normalize", normalize);
  }

  override forward(inputIds: Tensor, attentionMask: Tensor | null = null): Tensor {
    checkTensor("SentenceEncoder", inputIds, "inputIds");
    const mask = attentionMask === null ? onesLike(inputIds) : checkMask("SentenceEncoder", attentionMask, inputIds);
    const pooled = meanPooling(this.bert(inputIds, { attentionMask: mask }).lastHiddenState, mask);
    return this.normalize ? nn.functional.normalize(pooled, { p: 2, dim: 1 }) : pooled;
  }

  /** The vectors of texts, which are cut at what the model sees. Shape: [N, hiddenSize]. */
  encode(sentences: string | readonly string[], tokenizer: SentenceTokenizer): Tensor;
  encode(given: { sentences: string | readonly string[]; tokenizer: SentenceTokenizer }): Tensor;
  encode(sentences: any, tokenizer?: any): Tensor {
    const texts = typeof sentences === "string" ? [sentences] : sentences;
    if (!Array.isArray(texts) || texts.length === 0 || !texts.every((text) => typeof text === "string"))
      throw new ArgumentError(`encode: sentences must be a text or an array of texts, got ${describe(sentences)}`);
    if (typeof tokenizer?.encode !== "function")
      throw new ArgumentError(
        `encode: tokenizer must have a method encode(text), as torch.text.Tokenizer has, got ${describe(tokenizer)}`,
      );
    const { maxPositionEmbeddings: limit, padTokenId } = this.bert.config;
    const rows = texts.map((text) => shortened([...tokenizer.encode(text).ids], limit));
    const length = Math.max(1, ...rows.map((row) => row.length));
    const padded = (row: number[], value: (id: number) => number, fill: number) =>
      Array.from({ length }, (_, i) => (i < row.length ? value(row[i]!) : fill));
    const ids = tensor(
      rows.map((row) => padded(row, (id) => id, padTokenId)),
      { dtype: "int64" },
    );
    const mask = tensor(
      rows.map((row) => padded(row, () => 1, 0)),
      { dtype: "int64" },
    );
    return noGrad(() => this(ids, mask));
  }

  /** Cosines of all pairs. Shape: [N, D] and [M, D] → [N, M]. */
  similarity(a: Tensor, b: Tensor): Tensor;
  similarity(given: { a: Tensor; b: Tensor }): Tensor;
  similarity(a: any, b?: any): Tensor {
    const [x, y] = [checkTensor("similarity", a, "a"), checkTensor("similarity", b, "b")];
    const unit = (z: Tensor) => nn.functional.normalize(z, { p: 2, dim: -1 });
    return unit(x).matmul(unit(y).t());
  }
}

declareMethods(SentenceEncoder, { encode: "sentences, tokenizer{}", similarity: "a, b" });

/** Keeps as many tokens as the model sees; the last, which ends the text, stays. */
const shortened = (ids: number[], limit: number): number[] =>
  ids.length <= limit ? ids : [...ids.slice(0, limit - 1), ids.at(-1)!];
