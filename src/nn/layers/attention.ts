/** Attention as a layer. */

import type { Device } from "../../backend/backend";
import { checkFlag, checkInteger, MAX_COUNT } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ShapeError, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";
import { attendInHeads, type MultiHeadSettings } from "../functional/heads";
import { xavierNormal_, xavierUniform_, zeros_ } from "../init";
import { type FactoryOptions, newParameter } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { stateKeyOf } from "../module/state";
import { Linear } from "./linear";

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

/** Parameters of {@link MultiheadAttention}. */
export interface MultiheadAttentionParameters extends MultiheadAttentionOptions {
  /** Features of queries and outputs. */
  embedDim: number;
  /** Among how many heads the features are divided. */
  numHeads: number;
}

const defaults: Required<Omit<MultiheadAttentionOptions, keyof FactoryOptions>> = {
  dropout: 0,
  bias: true,
  addBiasKv: false,
  addZeroAttn: false,
  kdim: null,
  vdim: null,
  batchFirst: false,
};

const noMasks: Required<MultiheadCallOptions> = {
  keyPaddingMask: null,
  needWeights: true,
  attnMask: null,
  averageAttnWeights: true,
};

const signature = "embedDim, numHeads; dropout, bias, addBiasKv, addZeroAttn, kdim, vdim, batchFirst, device, dtype";

const call = "query, key, value; keyPaddingMask, needWeights, attnMask, averageAttnWeights";

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

  constructor(
    embedDim: number,
    numHeads: number,
    dropout?: number,
    bias?: boolean,
    addBiasKv?: boolean,
    addZeroAttn?: boolean,
    kdim?: number | null,
    vdim?: number | null,
    batchFirst?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof signature, MultiheadAttentionParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<MultiheadAttentionParameters>(layer, signature, defaults, given);
    const { bias, addBiasKv, kdim, vdim, dtype, device } = options;
    const embedDim = checkInteger(layer, "embedDim", options.embedDim, 1, MAX_COUNT);
    const numHeads = checkInteger(layer, "numHeads", options.numHeads, 1, MAX_COUNT);
    if (embedDim % numHeads !== 0)
      throw new ValueError(`${layer}: embedDim must be divisible by numHeads, got ${embedDim} and ${numHeads}`);
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.dropout = options.dropout;
    this.addZeroAttn = options.addZeroAttn;
    this.batchFirst = options.batchFirst;
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
    return stateKeyOf(field);
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

  private settings(options: MultiheadCallOptions, isBatched: boolean): MultiHeadSettings {
    const given = { ...noMasks, ...options };
    for (const name of ["keyPaddingMask", "attnMask"] as const)
      if (given[name] !== null) checkTensor(classNameOf(this), given[name], name);
    for (const name of ["needWeights", "averageAttnWeights"] as const) checkFlag(classNameOf(this), name, given[name]);
    const { numHeads, inWeights, inProjBias, biasK, biasV, addZeroAttn, outProj } = this;
    return {
      ...given,
      keyPaddingMask: isBatched ? given.keyPaddingMask : (given.keyPaddingMask?.unsqueeze(0) ?? null),
      numHeads,
      inWeight: this.inProjWeight,
      inWeights,
      inBias: inProjBias,
      biasK,
      biasV,
      addZeroAttn,
      dropoutP: this.training ? this.dropout : 0,
      batchFirst: isBatched && this.batchFirst,
      outWeight: outProj.weight,
      outBias: outProj.bias,
    };
  }

  override forward(
    ...given: Arguments<typeof call, { query: Tensor; key: Tensor; value: Tensor } & MultiheadCallOptions>
  ): [output: Tensor, weights: Tensor | null];
  override forward(query: any, key: any, value: any, options: any = {}): [output: Tensor, weights: Tensor | null] {
    const layer = classNameOf(this);
    checkTensor(layer, query, "query");
    checkTensor(layer, key, "key");
    checkTensor(layer, value, "value");
    if (query.ndim !== 2 && query.ndim !== 3)
      throw new ShapeError(
        `${layer}: query should be unbatched 2D or batched 3D tensor but received ${query.ndim}-D query tensor`,
      );
    if (query.shape.at(-1) !== this.embedDim)
      throw new ShapeError(
        `${layer}: was expecting embedding dimension of ${this.embedDim}, but got ${query.shape.at(-1)}`,
      );
    const isBatched = query.ndim === 3;
    const inward = (x: Tensor) => (isBatched ? x : x.unsqueeze(1));
    const first = inward(query);
    // What is given several times stays one tensor, which one product projects.
    const second = key === query ? first : inward(key);
    const third = value === key ? second : inward(value);
    const [output, weights] = attendInHeads(first, second, third, this.settings(options, isBatched));
    return isBatched ? [output, weights] : [output.squeeze(1), weights?.squeeze(0) ?? null];
  }
}

takes(call, MultiheadAttention);
