/** Tables of vectors that are looked up by index. */

import { noGrad } from "../../autograd/mode";
import type { Device } from "../../backend/backend";
import { nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { normal_ } from "../init";
import { type FactoryOptions, newParameter } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { Parameter } from "../module/parameter";
import { float, text } from "../module/repr";

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends FactoryOptions {
  /** A row that is zero at first and never trained. */
  paddingIdx?: number | null;
  /** Rows that are used and longer than this are shortened to it. */
  maxNorm?: number | null;
  /** The degree of that norm. Default: 2. */
  normType?: number;
  /** Divide gradients by how often a row was used. Default: false. */
  scaleGradByFreq?: boolean;
  /** Accepted as in PyTorch; gradients are dense. */
  sparse?: boolean;
  /** A table to start from, instead of normal numbers. */
  weight?: Tensor | null;
}

/** What tables of vectors must be told. */
export interface TableParameters {
  /** Rows of the table. */
  numEmbeddings: number;
  /** Features of every row. */
  embeddingDim: number;
}

const signature =
  "numEmbeddings, embeddingDim; paddingIdx, maxNorm, normType, scaleGradByFreq, sparse, weight, device, dtype";

const defaults: Required<Omit<EmbeddingOptions, keyof FactoryOptions>> = {
  paddingIdx: null,
  maxNorm: null,
  normType: 2,
  scaleGradByFreq: false,
  sparse: false,
  weight: null,
};

/** @internal An index from the end of a table counts back from its size. @throws ValueError outside of the table. */
export function wrapPadding(layer: string, index: number | null, rows: number): number | null {
  if (index === null) return null;
  if (!(index < rows && index >= -rows))
    throw new ValueError(`${layer}: paddingIdx must be within numEmbeddings, ${rows}, got ${index}`);
  return index < 0 ? rows + index : index;
}

/** @internal The table that is given, or one to be filled. @throws ShapeError for a table of another shape. */
export function tableOf(
  layer: string,
  shape: readonly number[],
  options: FactoryOptions & { weight: Tensor | null },
): Parameter {
  const { weight } = options;
  if (weight === null) return newParameter(shape, options);
  if (sameShape(weight.shape, shape)) return new Parameter(weight);
  throw new ShapeError(
    `${layer}: weight must have the shape [numEmbeddings, embeddingDim], ${shapeText(shape)}, got ${shapeText(weight.shape)}`,
  );
}

/** Parameters of {@link Embedding.fromPretrained}. */
export interface PretrainedParameters extends Omit<EmbeddingOptions, "weight"> {
  /** The table. */
  embeddings: Tensor;
  /** Whether it is not trained. Default: true. */
  freeze?: boolean;
}

const pretrainedSignature = "embeddings; freeze, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse; device, dtype";

/**
 * The rows of a table that the input names. Shape: [*], int64 or int32 → [*, embeddingDim].
 * @see torch.nn.Embedding
 */
export class Embedding extends Module {
  numEmbeddings: number;
  embeddingDim: number;
  paddingIdx: number | null;
  maxNorm: number | null;
  normType: number;
  scaleGradByFreq: boolean;
  sparse: boolean;
  /** Shape: [numEmbeddings, embeddingDim]. */
  weight: Parameter;

  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    paddingIdx?: number | null,
    maxNorm?: number | null,
    normType?: number,
    scaleGradByFreq?: boolean,
    sparse?: boolean,
    weight?: Tensor | null,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof signature, TableParameters & EmbeddingOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<TableParameters & EmbeddingOptions>(layer, signature, defaults, given);
    const { numEmbeddings, embeddingDim } = options;
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = wrapPadding(layer, options.paddingIdx, numEmbeddings);
    this.maxNorm = options.maxNorm;
    this.normType = options.normType;
    this.scaleGradByFreq = options.scaleGradByFreq;
    this.sparse = options.sparse;
    this.weight = tableOf(layer, [numEmbeddings, embeddingDim], options);
    if (options.weight === null) this.resetParameters();
  }

  /** Draws new initial values. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).fill_(0));
  }

  override forward(input: Tensor): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return F.embedding(input, this.weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  override extraRepr(): string {
    let out = `${this.numEmbeddings}, ${this.embeddingDim}`;
    if (this.paddingIdx !== null) out += `, padding_idx=${this.paddingIdx}`;
    if (this.maxNorm !== null) out += `, max_norm=${text(this.maxNorm)}`;
    if (this.normType !== 2) out += `, norm_type=${float(this.normType)}`;
    if (this.scaleGradByFreq) out += `, scale_grad_by_freq=${text(this.scaleGradByFreq)}`;
    return this.sparse ? `${out}, sparse=True` : out;
  }

  /**
   * A layer around a table that is there already.
   * @param options.freeze Whether the table is not trained. Default: true.
   * @see torch.nn.Embedding.from_pretrained
   */
  static fromPretrained(
    embeddings: Tensor,
    freeze?: boolean,
    paddingIdx?: number | null,
    maxNorm?: number | null,
    normType?: number,
    scaleGradByFreq?: boolean,
    sparse?: boolean,
  ): Embedding;
  static fromPretrained(...given: Arguments<typeof pretrainedSignature, PretrainedParameters>): Embedding;
  static fromPretrained(...given: unknown[]): Embedding {
    const op = "fromPretrained";
    const { weight: _, ...initial } = { ...defaults, freeze: true };
    const options = readArguments<PretrainedParameters>(op, pretrainedSignature, initial, given);
    const { embeddings, freeze, ...rest } = options;
    if (checkTensor(op, embeddings, "embeddings").ndim !== 2)
      throw new ShapeError(`${op}: Embeddings parameter is expected to be 2-dimensional, got ${embeddings.ndim} axes`);
    const [rows, columns] = embeddings.shape;
    // `this`, so that subclasses make their own kind.
    const layer = new this(rows, columns, { ...rest, weight: embeddings });
    layer.weight.requiresGrad_(!freeze);
    return layer;
  }
}

takes("input", Embedding);
