/** Sums, means and maxima of rows of a table, as a layer. */

import { noGrad } from "../../autograd/mode";
import type { Device } from "../../backend/backend";
import { checkChoice } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import type { Arguments } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import type { BagMode } from "../functional/embeddingBag";
import { normal_ } from "../init";
import type { FactoryOptions } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { float, text } from "../module/repr";
import { type TableParameters, tableOf, wrapPadding } from "./sparse";

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

const signature =
  "numEmbeddings, embeddingDim; maxNorm, normType, scaleGradByFreq, mode, sparse, weight, includeLastOffset, paddingIdx, device, dtype";
const call = "input, offsets?, perSampleWeights?";

const defaults: Required<Omit<EmbeddingBagLayerOptions, keyof FactoryOptions>> = {
  maxNorm: null,
  normType: 2,
  scaleGradByFreq: false,
  mode: "mean",
  sparse: false,
  weight: null,
  includeLastOffset: false,
  paddingIdx: null,
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

  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    maxNorm?: number | null,
    normType?: number,
    scaleGradByFreq?: boolean,
    mode?: BagMode,
    sparse?: boolean,
    weight?: Tensor | null,
    includeLastOffset?: boolean,
    paddingIdx?: number | null,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof signature, TableParameters & EmbeddingBagLayerOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<TableParameters & EmbeddingBagLayerOptions>(layer, signature, defaults, given);
    const { numEmbeddings, embeddingDim } = options;
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.maxNorm = options.maxNorm;
    this.normType = options.normType;
    this.scaleGradByFreq = options.scaleGradByFreq;
    this.mode = checkChoice(layer, "mode", options.mode, ["sum", "mean", "max"]);
    this.sparse = options.sparse;
    this.includeLastOffset = options.includeLastOffset;
    this.paddingIdx = wrapPadding(layer, options.paddingIdx, numEmbeddings);
    this.weight = tableOf(layer, [numEmbeddings, embeddingDim], options);
    if (options.weight === null) this.resetParameters();
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

takes(call, EmbeddingBag);
