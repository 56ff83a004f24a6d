/** Distances as layers. */
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";

/** Options of {@link CosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** Default: 1. */
  dim?: number;
  /** The smallest norm. Default: 1e-8. */
  eps?: number;
}

const cosineSignature = "; dim, eps";

/** The cosine of the angle between vectors along an axis. Shapes: equal or broadcast. @see torch.nn.CosineSimilarity */
export class CosineSimilarity extends Module {
  dim: number;
  eps: number;

  constructor(dim?: number, eps?: number);
  constructor(...given: Arguments<typeof cosineSignature, CosineSimilarityOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { dim: 1, eps: 1e-8 };
    const { dim, eps } = readArguments<CosineSimilarityOptions>(nameOf(new.target), cosineSignature, defaults, given);
    this.dim = dim;
    this.eps = eps;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return F.cosineSimilarity(x1, x2, { dim: this.dim, eps: this.eps });
  }
}

/** Options of {@link PairwiseDistance}. */
export interface PairwiseDistanceLayerOptions {
  /** The degree of the norm. Default: 2. */
  p?: number;
  /** Added to the differences. Default: 1e-6. */
  eps?: number;
  /** Keep the last axis with size 1. Default: false. */
  keepdim?: boolean;
}

const pairwiseSignature = "; p, eps, keepdim";

/** The distance between vectors along the last axis. Shape: [N, D] or [D]. @see torch.nn.PairwiseDistance */
export class PairwiseDistance extends Module {
  /** The degree of the norm. */
  norm: number;
  eps: number;
  keepdim: boolean;

  constructor(p?: number, eps?: number, keepdim?: boolean);
  constructor(...given: Arguments<typeof pairwiseSignature, PairwiseDistanceLayerOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { p: 2, eps: 1e-6, keepdim: false };
    const options = readArguments<PairwiseDistanceLayerOptions>(nameOf(new.target), pairwiseSignature, defaults, given);
    this.norm = options.p;
    this.eps = options.eps;
    this.keepdim = options.keepdim;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return F.pairwiseDistance(x1, x2, { p: this.norm, eps: this.eps, keepdim: this.keepdim });
  }
}

takes("x1, x2", CosineSimilarity, PairwiseDistance);
