/** Distances as layers. */
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import { Module } from "./module";
import { readOptions } from "./options";

/** Options of {@link CosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** Default: 1. */
  dim?: number;
  /** The smallest norm. Default: 1e-8. */
  eps?: number;
}

/** The cosine of the angle between vectors along an axis. Shapes: equal or broadcast. @see torch.nn.CosineSimilarity */
export class CosineSimilarity extends Module {
  dim: number;
  eps: number;

  constructor(options: CosineSimilarityOptions = {}) {
    super();
    const { dim, eps } = readOptions("CosineSimilarity", { dim: 1, eps: 1e-8 }, [options]);
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

/** The distance between vectors along the last axis. Shape: [N, D] or [D]. @see torch.nn.PairwiseDistance */
export class PairwiseDistance extends Module {
  /** The degree of the norm. */
  norm: number;
  eps: number;
  keepdim: boolean;

  constructor(options: PairwiseDistanceLayerOptions = {}) {
    super();
    const { p, eps, keepdim } = readOptions("PairwiseDistance", { p: 2, eps: 1e-6, keepdim: false }, [options]);
    this.norm = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return F.pairwiseDistance(x1, x2, { p: this.norm, eps: this.eps, keepdim: this.keepdim });
  }
}
