/** Sums, means and maxima of rows of a table, as a layer. */
import { noGrad } from "../autograd/mode";
import { ShapeError } from "../core/errors";
import { sameShape } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { type Complete, type FactoryOptions, factory, newParameter } from "./factory";
import * as F from "./functional";
import type { BagMode } from "./functional/embeddingBag";
import { normal_ } from "./init";
import { Module } from "./module";
import { readOptions } from "./options";
import { Parameter } from "./parameter";
import { float, text } from "./repr";
import { wrapPadding } from "./sparse";

/** Options of {@link EmbeddingBag}. */
export interface EmbeddingBagLayerOptions extends FactoryOptions {
  /** Rows that are used and longer than this are shortened to it. */
  maxNorm?: number | null;
  /** The degree of that norm. Default: 2. */
  normType?: number;
  /** Divide gradients by how often a row was used. Default: false. */
  scaleGradByFreq?: boolean;
  /** What becomes of the rows of a bag. Default: `"mean"`. */
  mode?: BagMode;
  /** Accepted as in PyTorch; gradients are dense. */
  sparse?: boolean;
  /** A table to start from, instead of normal numbers. */
  weight?: Tensor | null;
  /** Whether the last offset is the end of the last bag. Default: false. */
  includeLastOffset?: boolean;
  /** A row that is zero at first, and counts for nothing. */
  paddingIdx?: number | null;
}

const defaults: Complete<EmbeddingBagLayerOptions> = {
  maxNorm: null,
  normType: 2,
  scaleGradByFreq: false,
  mode: "mean",
  sparse: false,
  weight: null,
  includeLastOffset: false,
  paddingIdx: null,
  ...factory,
};

/**
 * The sum, mean or maximum of the rows that each bag of indices names. Shape: [B, n], or [Σn] with offsets [B] → [B, embeddingDim].
 * @see torch.nn.EmbeddingBag
 */
export class EmbeddingBag extends Module {
  numEmbeddings: number;
  embeddingDim: number;
  maxNorm: number | null;
  normType: number;
  scaleGradByFreq: boolean;
  mode: BagMode;
  sparse: boolean;
  includeLastOffset: boolean;
  paddingIdx: number | null;
  /** Shape: [numEmbeddings, embeddingDim]. */
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagLayerOptions = {}) {
    super();
    const given = readOptions("EmbeddingBag", defaults, [options]);
    const shape = [numEmbeddings, embeddingDim];
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.maxNorm = given.maxNorm;
    this.normType = given.normType;
    this.scaleGradByFreq = given.scaleGradByFreq;
    this.mode = given.mode;
    this.sparse = given.sparse;
    this.includeLastOffset = given.includeLastOffset;
    this.paddingIdx = wrapPadding(given.paddingIdx, numEmbeddings);
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

  override forward(input: Tensor, offsets?: Tensor | null, perSampleWeights?: Tensor | null): Tensor {
    const { maxNorm, normType, scaleGradByFreq, mode, includeLastOffset, paddingIdx } = this;
    const bag = { maxNorm, normType, scaleGradByFreq, mode, includeLastOffset, paddingIdx };
    return F.embeddingBag(input, this.weight, {
      ...bag,
      offsets: offsets ?? null,
      perSampleWeights: perSampleWeights ?? null,
    });
  }

  override extraRepr(): string {
    let out = `${this.numEmbeddings}, ${this.embeddingDim}`;
    if (this.maxNorm !== null) out += `, max_norm=${text(this.maxNorm)}`;
    if (this.normType !== 2) out += `, norm_type=${float(this.normType)}`;
    if (this.scaleGradByFreq) out += `, scale_grad_by_freq=${text(this.scaleGradByFreq)}`;
    out += `, mode='${this.mode}'`;
    return this.paddingIdx === null ? out : `${out}, padding_idx=${this.paddingIdx}`;
  }
}
