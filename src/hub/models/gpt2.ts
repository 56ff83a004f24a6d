/** GPT-2 (Radford et al., "Language models are unsupervised multitask learners", 2019). */
import * as nn from "../../nn/index";
import type { StateDict } from "../../nn/module/state";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import {
  activationOf,
  fromHeads,
  headSize,
  initialize,
  Layer,
  PretrainedModel,
  readConfig,
  type Shapes,
  scoreMask,
  toHeads,
} from "./config";
import { CausalLM, type CausalOptions, type CausalOutput, type KeyValueCache, readCall } from "./generation";

const F = nn.functional;

const defaults = {
  modelType: "gpt2",
  vocabSize: 50257,
  nPositions: 1024,
  nEmbd: 768,
  nLayer: 12,
  nHead: 12,
  /** Features inside of the perceptrons; null for four times nEmbd. */
  nInner: null as number | null,
  activationFunction: "gelu_new",
  residPdrop: 0.1,
  embdPdrop: 0.1,
  attnPdrop: 0.1,
  layerNormEpsilon: 1e-5,
  initializerRange: 0.02,
  scaleAttnWeights: true,
  scaleAttnByInverseLayerIdx: false,
  tieWordEmbeddings: true,
  eosTokenId: null as number | null,
};

/** The config.json of a GPT-2 in camelCase; what is left out has the values of the smallest published model. */
export type GPT2Config = typeof defaults & Record<string, unknown>;

type Cached = readonly [Tensor, Tensor];

class GPT2Attention extends Layer {
  cAttn: nn.Linear;
  cProj: nn.Linear;
  attnDropout: nn.Dropout;
  residDropout: nn.Dropout;

  constructor(
    private readonly config: GPT2Config,
    private readonly index: number,
  ) {
    super();
    const { nEmbd, attnPdrop, residPdrop } = config;
    this.cAttn = new nn.Linear(nEmbd, 3 * nEmbd);
    this.cProj = new nn.Linear(nEmbd, nEmbd);
    this.attnDropout = new nn.Dropout(attnPdrop);
    this.residDropout = new nn.Dropout(residPdrop);
  }

  private get scale(): number {
    const { nEmbd, nHead, scaleAttnWeights, scaleAttnByInverseLayerIdx } = this.config;
    const scale = scaleAttnWeights ? 1 / Math.sqrt(nEmbd / nHead) : 1;
    return scaleAttnByInverseLayerIdx ? scale / (this.index + 1) : scale;
  }

  override forward(x: Tensor, mask: Tensor | null, past: Cached | null): [Tensor, Cached] {
    const { nEmbd, nHead } = this.config;
    const [q, k, v] = this.cAttn(x)
      .split(nEmbd, 2)
      .map((part) => toHeads(part, nHead)) as [Tensor, Tensor, Tensor];
    const key = past === null ? k : cat([past[0], k], 2);
    const value = past === null ? v : cat([past[1], v], 2);
    const dropoutP = this.training ? this.attnDropout.p : 0;
    const y = F.scaledDotProductAttention(q, key, value, { attnMask: mask, dropoutP, scale: this.scale });
    return [this.residDropout(this.cProj(fromHeads(y))), [key, value]];
  }
}

class GPT2MLP extends Layer {
  cFc: nn.Linear;
  cProj: nn.Linear;
  dropout: nn.Dropout;
  private readonly act: (x: Tensor) => Tensor;

  constructor({ nEmbd, nInner, activationFunction, residPdrop }: GPT2Config) {
    super();
    this.cFc = new nn.Linear(nEmbd, nInner ?? 4 * nEmbd);
    this.cProj = new nn.Linear(nInner ?? 4 * nEmbd, nEmbd);
    this.dropout = new nn.Dropout(residPdrop);
    this.act = activationOf("GPT2Model", activationFunction);
  }

  override forward(x: Tensor): Tensor {
    return this.dropout(this.cProj(this.act(this.cFc(x))));
  }
}

class GPT2Block extends Layer {
  ln_1: nn.LayerNorm;
  attn: GPT2Attention;
  ln_2: nn.LayerNorm;
  mlp: GPT2MLP;

  constructor(config: GPT2Config, index: number) {
    super();
    const { nEmbd, layerNormEpsilon: eps } = config;
    this.ln_1 = new nn.LayerNorm(nEmbd, { eps });
    this.attn = new GPT2Attention(config, index);
    this.ln_2 = new nn.LayerNorm(nEmbd, { eps });
    this.mlp = new GPT2MLP(config);
  }

  override forward(input: Tensor, mask: Tensor | null, past: Cached | null): [Tensor, Cached] {
    const [attended, cache] = this.attn(this.ln_1(input), mask, past);
    const x = input.add(attended);
    return [x.add(this.mlp(this.ln_2(x))), cache];
  }
}

/** Matrices that Hugging Face keeps transposed, as GPT-2 was published. */
const isTransposed = (key: string): boolean =>
  /(?:^|\.)h\.\d+\.(?:attn|mlp)\.(?:c_attn|c_proj|c_fc)\.weight$/.test(key);
/** Buffers of older files that hold no weights. */
const isMask = (key: string): boolean => /(?:^|\.)h\.\d+\.attn\.(?:bias|masked_bias)$/.test(key);

/** A state dict with Hugging Face's transposed matrices turned round. It is its own inverse. */
const turned = (state: StateDict): StateDict =>
  Object.fromEntries(
    Object.entries(state).map(([key, value]) => [key, isTransposed(key) && value.ndim === 2 ? value.t() : value]),
  );

const withoutMasks = (state: StateDict): StateDict =>
  Object.fromEntries(Object.entries(state).filter(([key]) => !isMask(key)));

/** The transformer of GPT-2 without a head. Shape: [N, L], int64 → lastHiddenState [N, L, nEmbd]. @see transformers.GPT2Model */
export class GPT2Model extends PretrainedModel {
  readonly config: GPT2Config;
  wte: nn.Embedding;
  wpe: nn.Embedding;
  drop: nn.Dropout;
  h: nn.ModuleList<GPT2Block>;
  lnF: nn.LayerNorm;

  constructor(config: Partial<GPT2Config> = {}) {
    super();
    const full = readConfig("GPT2Model", config, defaults) as GPT2Config;
    this.config = full;
    headSize("GPT2Model", full.nEmbd, full.nHead);
    this.wte = new nn.Embedding(full.vocabSize, full.nEmbd);
    this.wpe = new nn.Embedding(full.nPositions, full.nEmbd);
    this.drop = new nn.Dropout(full.embdPdrop);
    this.h = new nn.ModuleList(Array.from({ length: full.nLayer }, (_, i) => new GPT2Block(full, i)));
    this.lnF = new nn.LayerNorm(full.nEmbd, { eps: full.layerNormEpsilon });
    initialize(this, full.initializerRange);
    // The sum over the layers keeps its variance so.
    const deviation = full.initializerRange / Math.sqrt(2 * full.nLayer);
    for (const block of this.h)
      for (const { cProj } of [block.attn, block.mlp]) nn.init.normal_(cProj.weight, 0, deviation);
  }

  override forward(
    inputIds: Tensor,
    options: CausalOptions = {},
  ): { lastHiddenState: Tensor; pastKeyValues: KeyValueCache } {
    const call = readCall("GPT2Model", inputIds, options, this.config.nLayer, this.config.nPositions);
    let x = this.drop(this.wte(inputIds).add(this.wpe(call.positions)));
    const length = inputIds.shape[1]!;
    const mask = scoreMask(call.mask, length, call.before + length, true, x);
    const caches: Cached[] = [];
    [...this.h].forEach((block, i) => {
      const [y, cache] = block(x, mask, call.past?.[i] ?? null);
      x = y;
      caches.push(cache);
    });
    return { lastHiddenState: this.lnF(x), pastKeyValues: caches };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    const inner = Object.entries(turned(withoutMasks(state))).filter(([key]) => key !== "lm_head.weight");
    return Object.fromEntries(inner.map(([key, value]) => [key.replace(/^transformer\./, ""), value]));
  }

  override toHuggingFace(): StateDict {
    return turned(this.stateDict());
  }

  /** @internal */
  static shapes(config: Partial<GPT2Config>): Shapes {
    const { vocabSize, nPositions, nEmbd, nInner, nLayer } = readConfig("GPT2Model", config, defaults) as GPT2Config;
    return {
      "wte.weight": [vocabSize, nEmbd],
      "wpe.weight": [nPositions, nEmbd],
      [`h.${nLayer - 1}.mlp.c_fc.weight`]: [nInner ?? 4 * nEmbd, nEmbd],
    };
  }
}

/** GPT-2 with its head: scores of the next tokens. Shape: [N, L], int64 → logits [N, L, vocabSize]. @see transformers.GPT2LMHeadModel */
export class GPT2LMHeadModel extends CausalLM {
  readonly config: GPT2Config;
  transformer: GPT2Model;
  lmHead: nn.Linear;

  constructor(config: Partial<GPT2Config> = {}) {
    super();
    this.transformer = new GPT2Model(config);
    this.config = this.transformer.config;
    this.lmHead = new nn.Linear(this.config.nEmbd, this.config.vocabSize, { bias: false });
    // The same matrix reads and writes tokens (Press and Wolf, 2016).
    if (this.config.tieWordEmbeddings) this.lmHead.weight = this.transformer.wte.weight;
    else nn.init.normal_(this.lmHead.weight, 0, this.config.initializerRange);
  }

  get contextLength(): number {
    return this.config.nPositions;
  }

  override forward(inputIds: Tensor, options: CausalOptions = {}): CausalOutput {
    const { lastHiddenState, pastKeyValues } = this.transformer(inputIds, options);
    return { logits: this.lmHead(lastHiddenState), pastKeyValues };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    const entries = Object.entries(turned(withoutMasks(state)));
    const full = Object.fromEntries(
      entries.map(([key, value]) => [/^(?:transformer|lm_head)\./.test(key) ? key : `transformer.${key}`, value]),
    );
    const table = full["transformer.wte.weight"];
    if (this.config.tieWordEmbeddings && table !== undefined) full["lm_head.weight"] ??= table;
    return full;
  }

  override toHuggingFace(): StateDict {
    const state = turned(this.stateDict());
    if (this.config.tieWordEmbeddings) delete state["lm_head.weight"];
    return state;
  }

  /** @internal */
  static shapes(config: Partial<GPT2Config>): Shapes {
    return Object.fromEntries(
      Object.entries(GPT2Model.shapes(config)).map(([key, shape]) => [`transformer.${key}`, shape]),
    );
  }
}
