/** What encoders in Hugging Face's names are made of: BERT's and ViT's. */
import * as nn from "../../nn/index";
import type { Tensor } from "../../tensor/tensor";
import { activationOf, fromHeads, Layer, toHeads } from "./config";

const F = nn.functional;

/** What transformers with a pooler compute. */
export interface PooledOutput {
  /** Shape: [N, L, hiddenSize]. */
  readonly lastHiddenState: Tensor;
  /** A dense layer and tanh over the first position, [N, hiddenSize]; null without one. */
  readonly poolerOutput: Tensor | null;
}

/** What self-attention is made of in BERT and ViT. */
export interface AttentionConfig {
  hiddenSize: number;
  numAttentionHeads: number;
  attentionProbsDropoutProb: number;
}

/** Attention with three matrices, and no output layer. Shape: [N, L, hiddenSize], unchanged. */
export class SelfAttention extends Layer {
  query: nn.Linear;
  key: nn.Linear;
  value: nn.Linear;
  dropout: nn.Dropout;
  private readonly heads: number;

  constructor({ hiddenSize, numAttentionHeads, attentionProbsDropoutProb }: AttentionConfig, bias = true) {
    super();
    this.heads = numAttentionHeads;
    this.query = new nn.Linear(hiddenSize, hiddenSize, { bias });
    this.key = new nn.Linear(hiddenSize, hiddenSize, { bias });
    this.value = new nn.Linear(hiddenSize, hiddenSize, { bias });
    this.dropout = new nn.Dropout(attentionProbsDropoutProb);
  }

  override forward(x: Tensor, mask: Tensor | null): Tensor {
    const [q, k, v] = [this.query, this.key, this.value].map((layer) => toHeads(layer(x), this.heads)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const dropoutP = this.training ? this.dropout.p : 0;
    return fromHeads(F.scaledDotProductAttention(q, k, v, { attnMask: mask, dropoutP }));
  }
}

/** A dense layer and an activation. */
export class Intermediate extends Layer {
  dense: nn.Linear;
  private readonly act: (x: Tensor) => Tensor;

  constructor(inputs: number, outputs: number, model: string, activation: string) {
    super();
    this.dense = new nn.Linear(inputs, outputs);
    this.act = activationOf(model, activation);
  }

  override forward(x: Tensor): Tensor {
    return this.act(this.dense(x));
  }
}

/** Layers one after the other. */
export class Stack<L extends nn.Module> extends Layer {
  layer: nn.ModuleList<L>;

  constructor(layers: L[]) {
    super();
    this.layer = new nn.ModuleList(layers);
  }

  override forward(x: Tensor, mask: Tensor | null): Tensor {
    return [...this.layer].reduce((y, layer) => layer(y, mask), x);
  }
}

/** A dense layer and tanh over the first position. Shape: [N, L, hiddenSize] → [N, hiddenSize]. */
export class Pooler extends Layer {
  dense: nn.Linear;

  constructor(size: number) {
    super();
    this.dense = new nn.Linear(size, size);
  }

  override forward(x: Tensor): Tensor {
    return this.dense(x.select(1, 0)).tanh();
  }
}

/** The number of classes is that of their names, where a config.json has those. */
export const withLabels = <C extends { numLabels?: number; id2label?: unknown }>(config: C): C =>
  config.numLabels === undefined && typeof config.id2label === "object" && config.id2label !== null
    ? { ...config, numLabels: Object.keys(config.id2label).length }
    : config;
