/** Tables of vectors that are looked up by index. */
import { noGrad } from "../autograd/mode";
import { ShapeError, ValueError } from "../core/errors";
import { sameShape } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { type Complete, type FactoryOptions, factory, newParameter } from "./factory";
import * as F from "./functional";
import { normal_ } from "./init";
import { Module } from "./module";
import { readOptions } from "./options";
import { Parameter } from "./parameter";
import { float, text } from "./repr";

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

const defaults: Complete<EmbeddingOptions> = {
  paddingIdx: null,
  maxNorm: null,
  normType: 2,
  scaleGradByFreq: false,
  sparse: false,
  weight: null,
  ...factory,
};

/** @internal An index from the end of a table counts back from its size. @throws ValueError outside of the table. */
export function wrapPadding(index: number | null, rows: number): number | null {
  if (index === null) return null;
  if (!(index < rows && index >= -rows)) throw new ValueError("Padding_idx must be within num_embeddings");
  return index < 0 ? rows + index : index;
}

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

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}) {
    super();
    const given = readOptions("Embedding", defaults, [options]);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = wrapPadding(given.paddingIdx, numEmbeddings);
    this.maxNorm = given.maxNorm;
    this.normType = given.normType;
    this.scaleGradByFreq = given.scaleGradByFreq;
    this.sparse = given.sparse;
    const shape = [numEmbeddings, embeddingDim];
    if (given.weight !== null && !sameShape(given.weight.shape, shape))
      throw new ShapeError("Shape of weight does not match num_embeddings and embedding_dim");
    this.weight = given.weight === null ? newParameter(shape, given) : new Parameter(given.weight);
    if (given.weight === null) this.resetParameters();
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
    options: Omit<EmbeddingOptions, "weight"> & { freeze?: boolean } = {},
  ): Embedding {
    if (embeddings.ndim !== 2) throw new ShapeError("Embeddings parameter is expected to be 2-dimensional");
    const { freeze = true, ...rest } = options;
    const [rows, columns] = embeddings.shape;
    // `this`, so that subclasses make their own kind.
    const layer = new this(rows, columns, { ...rest, weight: embeddings });
    layer.weight.requiresGrad_(!freeze);
    return layer;
  }
}
