/** Attention as a layer. */
import { checkInteger, MAX_COUNT } from "../core/arguments";
import { ShapeError, ValueError } from "../core/errors";
import { checkTensor } from "../ops/checks";
import type { Tensor } from "../tensor/tensor";
import { type Complete, type FactoryOptions, factory, newParameter } from "./factory";
import * as F from "./functional";
import { xavierNormal_, xavierUniform_, zeros_ } from "./init";
import { Linear } from "./linear";
import { Module } from "./module";
import { readOptions } from "./options";
import type { Parameter } from "./parameter";
import { snakeCase } from "./state";

/** A linear layer, by the name that PyTorch prints for it inside of attention. */
export class NonDynamicallyQuantizableLinear extends Linear {}

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions extends FactoryOptions {
  /** The probability of dropout of the weights. Default: 0. */
  dropout?: number;
  /** Whether the projections have biases. Default: true. */
  bias?: boolean;
  /** Learn an extra key and value. Default: false. */
  addBiasKv?: boolean;
  /** Add a key and value of zeros. Default: false. */
  addZeroAttn?: boolean;
  /** Features of the keys. Default: embedDim. */
  kdim?: number | null;
  /** Features of the values. Default: embedDim. */
  vdim?: number | null;
  /** Whether batches are [N, L, E] instead of [L, N, E]. Default: false. */
  batchFirst?: boolean;
}

/** Options of a call of {@link MultiheadAttention}. */
export interface MultiheadCallOptions {
  /** [N, S] or [S]; boolean: true for keys to ignore; floating-point: added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** Give the weights too. Default: true. */
  needWeights?: boolean;
  /** [L, S] or [N · heads, L, S]; boolean: true where attention is forbidden; floating-point: added to the scores. */
  attnMask?: Tensor | null;
  /** Give the mean over heads of the weights. Default: true. */
  averageAttnWeights?: boolean;
}

/**
 * Attention in several heads, after projections of query, key and value.
 *
 * Shape: query [L, N, E], key [S, N, kdim], value [S, N, vdim] (batchFirst: [N, L, E] …; or without N); gives the output [L, N, E] and the
 * weights [N, L, S] (null without `needWeights`).
 * @see torch.nn.MultiheadAttention; Vaswani et al., 2017
 */
export class MultiheadAttention extends Module {
  embedDim: number;
  numHeads: number;
  dropout: number;
  addZeroAttn: boolean;
  batchFirst: boolean;
  /** All projections together, [3E, E]; null if keys or values have other features. */
  inProjWeight: Parameter | null;
  qProjWeight: Parameter | null;
  kProjWeight: Parameter | null;
  vProjWeight: Parameter | null;
  /** Shape: [3E]. */
  inProjBias: Parameter | null;
  outProj: Linear;
  /** Shape: [1, 1, E]. */
  biasK: Parameter | null;
  /** Shape: [1, 1, E]. */
  biasV: Parameter | null;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const defaults: Complete<MultiheadAttentionOptions> = {
      dropout: 0,
      bias: true,
      addBiasKv: false,
      addZeroAttn: false,
      kdim: null,
      vdim: null,
      batchFirst: false,
      ...factory,
    };
    const { bias, addBiasKv, kdim, vdim, dtype, device, ...given } = readOptions("MultiheadAttention", defaults, [
      options,
    ]);
    checkInteger("MultiheadAttention", "embedDim", embedDim, Number.MIN_SAFE_INTEGER, MAX_COUNT);
    checkInteger("MultiheadAttention", "numHeads", numHeads, Number.MIN_SAFE_INTEGER, MAX_COUNT);
    if (!(embedDim > 0 && numHeads > 0))
      throw new ValueError(
        `embed_dim and num_heads must be greater than 0, got embed_dim=${embedDim} and num_heads=${numHeads} instead`,
      );
    if (embedDim % numHeads !== 0) throw new ValueError("embed_dim must be divisible by num_heads");
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.dropout = given.dropout;
    this.addZeroAttn = given.addZeroAttn;
    this.batchFirst = given.batchFirst;
    const make = (...shape: number[]) => newParameter(shape, { dtype, device });
    const isSame = (kdim ?? embedDim) === embedDim && (vdim ?? embedDim) === embedDim;
    this.inProjWeight = isSame ? make(3 * embedDim, embedDim) : null;
    this.qProjWeight = isSame ? null : make(embedDim, embedDim);
    this.kProjWeight = isSame ? null : make(embedDim, kdim ?? embedDim);
    this.vProjWeight = isSame ? null : make(embedDim, vdim ?? embedDim);
    this.inProjBias = bias ? make(3 * embedDim) : null;
    this.outProj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, dtype, device });
    this.biasK = addBiasKv ? make(1, 1, embedDim) : null;
    this.biasV = addBiasKv ? make(1, 1, embedDim) : null;
    this.resetParameters();
  }

  override stateKey(field: string): string {
    return snakeCase(field);
  }

  /** Draws new initial values. */
  resetParameters(): void {
    for (const weight of [this.inProjWeight, this.qProjWeight, this.kProjWeight, this.vProjWeight])
      if (weight !== null) xavierUniform_(weight);
    if (this.inProjBias !== null) {
      zeros_(this.inProjBias);
      zeros_(this.outProj.bias!);
    }
    if (this.biasK !== null) xavierNormal_(this.biasK);
    if (this.biasV !== null) xavierNormal_(this.biasV);
  }

  private get inWeights(): [q: Tensor, k: Tensor, v: Tensor] {
    if (this.inProjWeight !== null) return this.inProjWeight.chunk(3) as [Tensor, Tensor, Tensor];
    return [this.qProjWeight!, this.kProjWeight!, this.vProjWeight!];
  }

  private settings(options: MultiheadCallOptions, isBatched: boolean): F.MultiHeadSettings {
    const defaults: Required<MultiheadCallOptions> = {
      keyPaddingMask: null,
      needWeights: true,
      attnMask: null,
      averageAttnWeights: true,
    };
    const given = readOptions("MultiheadAttention", defaults, [options]);
    for (const name of ["keyPaddingMask", "attnMask"] as const)
      if (given[name] !== null) checkTensor("MultiheadAttention", given[name], name);
    const { numHeads, inWeights, inProjBias, biasK, biasV, addZeroAttn, outProj } = this;
    return {
      ...given,
      keyPaddingMask: isBatched ? given.keyPaddingMask : (given.keyPaddingMask?.unsqueeze(0) ?? null),
      numHeads,
      inWeights,
      inBias: inProjBias,
      biasK,
      biasV,
      addZeroAttn,
      dropoutP: this.training ? this.dropout : 0,
      outWeight: outProj.weight,
      outBias: outProj.bias,
    };
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: MultiheadCallOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    checkTensor("MultiheadAttention", query, "query");
    checkTensor("MultiheadAttention", key, "key");
    checkTensor("MultiheadAttention", value, "value");
    if (query.ndim !== 2 && query.ndim !== 3)
      throw new ShapeError(
        `query should be unbatched 2D or batched 3D tensor but received ${query.ndim}-D query tensor`,
      );
    if (query.shape.at(-1) !== this.embedDim)
      throw new ShapeError(`was expecting embedding dimension of ${this.embedDim}, but got ${query.shape.at(-1)}`);
    const isBatched = query.ndim === 3;
    const swaps = isBatched && this.batchFirst;
    /** To [L, N, …] and back. */
    const inward = (x: Tensor) => (!isBatched ? x.unsqueeze(1) : swaps ? x.transpose(0, 1) : x);
    const outward = (x: Tensor) => (!isBatched ? x.squeeze(1) : swaps ? x.transpose(0, 1) : x);
    const [output, weights] = F.multiHeadAttentionForward(
      inward(query),
      inward(key),
      inward(value),
      this.settings(options, isBatched),
    );
    return [outward(output), isBatched ? weights : (weights?.squeeze(0) ?? null)];
  }
}
