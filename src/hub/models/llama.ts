/** Llama (Touvron et al., 2023): RMSNorm, rotary positions (Su et al., 2021), SwiGLU, and heads that share keys (Ainslie et al., 2023). */
import { isPlainObject } from "../../core/binding";
import { describe, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import * as nn from "../../nn/index";
import type { StateDict } from "../../nn/module/state";
import { cat } from "../../ops/shape/join";
import { tensor } from "../../tensor/create";
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
  modelType: "llama",
  vocabSize: 32000,
  hiddenSize: 4096,
  intermediateSize: 11008,
  numHiddenLayers: 32,
  numAttentionHeads: 32,
  /** Heads of keys and values; null for as many as of queries. */
  numKeyValueHeads: null as number | null,
  /** Features of a head; null for an even share of hiddenSize. */
  headDim: null as number | null,
  hiddenAct: "silu",
  maxPositionEmbeddings: 2048,
  initializerRange: 0.02,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  ropeScaling: null as Record<string, unknown> | null,
  attentionBias: false,
  mlpBias: false,
  attentionDropout: 0,
  slidingWindow: null as number | null,
  tieWordEmbeddings: false,
  eosTokenId: null as number | readonly number[] | null,
};

/** The config.json of a Llama in camelCase; what is left out has the values of the first of 7 billion parameters. */
export type LlamaConfig = typeof defaults & Record<string, unknown>;

type Cached = readonly [Tensor, Tensor];

interface Sizes {
  readonly heads: number;
  readonly groups: number;
  readonly size: number;
}

function sizesOf(config: LlamaConfig): Sizes {
  const heads = config.numAttentionHeads;
  const groups = config.numKeyValueHeads ?? heads;
  if (!(Number.isInteger(groups) && groups > 0 && heads % groups === 0))
    throw new ValueError(`LlamaModel: ${heads} heads cannot share ${groups} heads of keys and values evenly`);
  const size = config.headDim ?? headSize("LlamaModel", config.hiddenSize, heads);
  if (!(Number.isInteger(size) && size > 0 && size % 2 === 0))
    throw new ValueError(`LlamaModel: heads need an even number of features, got ${size}`);
  return { heads, groups, size };
}

/** The turns per position of each pair of features. */
function frequencies(config: LlamaConfig, size: number): number[] {
  const plain = Array.from({ length: size / 2 }, (_, i) => config.ropeTheta ** ((-2 * i) / size));
  const scaling = config.ropeScaling;
  if (scaling === null) return plain;
  if (!isPlainObject(scaling))
    throw new ValueError(`LlamaModel: ropeScaling must be an object, got ${describe(scaling)}`);
  const of = (key: string, fallback?: number): number => {
    const value = scaling[key] ?? fallback;
    if (typeof value !== "number" || !(value > 0))
      throw new ValueError(`LlamaModel: ropeScaling.${key} must be a positive number, got ${describe(value)}`);
    return value;
  };
  const kind = scaling.rope_type ?? scaling.type ?? scaling.ropeType ?? "default";
  if (kind === "default") return plain;
  if (kind === "linear") return plain.map((f) => f / of("factor"));
  if (kind !== "llama3")
    throw new ValueError(`LlamaModel: ropeScaling must be of the type linear or llama3, got ${describe(kind)}`);
  const [factor, low, high] = [of("factor"), of("low_freq_factor", 1), of("high_freq_factor", 4)];
  const context = of("original_max_position_embeddings", 8192);
  return plain.map((f) => {
    const turns = (context * f) / (2 * Math.PI);
    if (turns > high) return f;
    if (turns < low) return f / factor;
    const smooth = (turns - low) / (high - low);
    return ((1 - smooth) * f) / factor + smooth * f;
  });
}

/** Cosines and sines by position. Shape of each: [N, 1, L, size]. */
type Rotation = readonly [cos: Tensor, sin: Tensor];

/** Turns pairs of features, which are half a head apart. */
function rotate(x: Tensor, [cos, sin]: Rotation): Tensor {
  const [first, second] = x.chunk(2, -1) as [Tensor, Tensor];
  return x.mul(cos).add(cat([second.neg(), first], -1).mul(sin));
}

class LlamaAttention extends Layer {
  qProj: nn.Linear;
  kProj: nn.Linear;
  vProj: nn.Linear;
  oProj: nn.Linear;

  constructor(
    private readonly config: LlamaConfig,
    private readonly sizes: Sizes,
  ) {
    super();
    const { hiddenSize, attentionBias: bias } = config;
    const { heads, groups, size } = sizes;
    const hasBias = bias || config.modelType === "qwen2";
    this.qProj = new nn.Linear(hiddenSize, heads * size, { bias: hasBias });
    this.kProj = new nn.Linear(hiddenSize, groups * size, { bias: hasBias });
    this.vProj = new nn.Linear(hiddenSize, groups * size, { bias: hasBias });
    this.oProj = new nn.Linear(heads * size, hiddenSize, { bias });
  }

  override forward(x: Tensor, rotation: Rotation, mask: Tensor | null, past: Cached | null): [Tensor, Cached] {
    const { heads, groups } = this.sizes;
    const q = rotate(toHeads(this.qProj(x), heads), rotation);
    const k = rotate(toHeads(this.kProj(x), groups), rotation);
    const v = toHeads(this.vProj(x), groups);
    const key = past === null ? k : cat([past[0], k], 2);
    const value = past === null ? v : cat([past[1], v], 2);
    const [allKeys, allValues] = [key, value].map((y) =>
      groups === heads ? y : y.repeatInterleave(heads / groups, 1),
    ) as [Tensor, Tensor];
    const dropoutP = this.training ? this.config.attentionDropout : 0;
    const y = F.scaledDotProductAttention(q, allKeys, allValues, { attnMask: mask, dropoutP });
    return [this.oProj(fromHeads(y)), [key, value]];
  }
}

class LlamaMLP extends Layer {
  gateProj: nn.Linear;
  upProj: nn.Linear;
  downProj: nn.Linear;
  private readonly act: (x: Tensor) => Tensor;

  constructor({ hiddenSize, intermediateSize, mlpBias: bias, hiddenAct }: LlamaConfig) {
    super();
    this.gateProj = new nn.Linear(hiddenSize, intermediateSize, { bias });
    this.upProj = new nn.Linear(hiddenSize, intermediateSize, { bias });
    this.downProj = new nn.Linear(intermediateSize, hiddenSize, { bias });
    this.act = activationOf("LlamaModel", hiddenAct);
  }

  override forward(x: Tensor): Tensor {
    return this.downProj(this.act(this.gateProj(x)).mul(this.upProj(x)));
  }
}

class LlamaDecoderLayer extends Layer {
  selfAttn: LlamaAttention;
  mlp: LlamaMLP;
  inputLayernorm: nn.RMSNorm;
  postAttentionLayernorm: nn.RMSNorm;

  constructor(config: LlamaConfig, sizes: Sizes) {
    super();
    const { hiddenSize, rmsNormEps: eps } = config;
    this.selfAttn = new LlamaAttention(config, sizes);
    this.mlp = new LlamaMLP(config);
    this.inputLayernorm = new nn.RMSNorm(hiddenSize, { eps });
    this.postAttentionLayernorm = new nn.RMSNorm(hiddenSize, { eps });
  }

  override forward(input: Tensor, rotation: Rotation, mask: Tensor | null, past: Cached | null): [Tensor, Cached] {
    const [attended, cache] = this.selfAttn(this.inputLayernorm(input), rotation, mask, past);
    const x = input.add(attended);
    return [x.add(this.mlp(this.postAttentionLayernorm(x))), cache];
  }
}

/** The transformer of Llama without a head. Shape: [N, L], int64 → lastHiddenState [N, L, hiddenSize]. @see transformers.LlamaModel */
export class LlamaModel extends PretrainedModel {
  readonly config: LlamaConfig;
  embedTokens: nn.Embedding;
  layers: nn.ModuleList<LlamaDecoderLayer>;
  norm: nn.RMSNorm;
  private readonly turns: readonly number[];

  constructor(config: Partial<LlamaConfig> = {}) {
    super();
    const full = readConfig("LlamaModel", config, defaults) as LlamaConfig;
    this.config = full;
    const sizes = sizesOf(full);
    const { slidingWindow, maxPositionEmbeddings, useSlidingWindow = true } = full;
    if (slidingWindow !== null && useSlidingWindow && slidingWindow < maxPositionEmbeddings)
      throw new ValueError(
        `LlamaModel: attention within a sliding window of ${slidingWindow} positions is not there; set slidingWindow to null for texts that are no longer`,
      );
    this.turns = frequencies(full, sizes.size);
    this.embedTokens = new nn.Embedding(full.vocabSize, full.hiddenSize);
    this.layers = new nn.ModuleList(
      Array.from({ length: full.numHiddenLayers }, () => new LlamaDecoderLayer(full, sizes)),
    );
    this.norm = new nn.RMSNorm(full.hiddenSize, { eps: full.rmsNormEps });
    initialize(this, full.initializerRange);
  }

  private rotation(positions: Tensor, like: Tensor): Rotation {
    const turns = tensor([...this.turns], { device: like.device });
    const angles = positions.to(turns.dtype).unsqueeze(-1).mul(turns).unsqueeze(1);
    const both = cat([angles, angles], -1);
    return [both.cos().to(like.dtype), both.sin().to(like.dtype)];
  }

  override forward(
    inputIds: Tensor,
    options: CausalOptions = {},
  ): { lastHiddenState: Tensor; pastKeyValues: KeyValueCache } {
    const call = readCall(
      "LlamaModel",
      inputIds,
      options,
      this.config.numHiddenLayers,
      this.config.maxPositionEmbeddings,
    );
    let x = this.embedTokens(inputIds);
    const length = inputIds.shape[1]!;
    const mask = scoreMask(call.mask, length, call.before + length, true, x);
    const rotation = this.rotation(call.positions, x);
    const caches: Cached[] = [];
    [...this.layers].forEach((layer, i) => {
      const [y, cache] = layer(x, rotation, mask, call.past?.[i] ?? null);
      x = y;
      caches.push(cache);
    });
    return { lastHiddenState: this.norm(x), pastKeyValues: caches };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    const inner = Object.entries(withoutFrequencies(state)).filter(([key]) => key !== "lm_head.weight");
    return Object.fromEntries(inner.map(([key, value]) => [key.replace(/^model\./, ""), value]));
  }

  /** @internal */
  static shapes(config: Partial<LlamaConfig>): Shapes {
    const c = readConfig("LlamaModel", config, defaults) as LlamaConfig;
    const { heads, size } = sizesOf(c);
    return {
      "embed_tokens.weight": [c.vocabSize, c.hiddenSize],
      [`layers.${c.numHiddenLayers - 1}.self_attn.q_proj.weight`]: [heads * size, c.hiddenSize],
      [`layers.${c.numHiddenLayers - 1}.mlp.up_proj.weight`]: [c.intermediateSize, c.hiddenSize],
    };
  }
}

/** The entries without the buffers of older files. */
const withoutFrequencies = (state: StateDict): StateDict =>
  Object.fromEntries(Object.entries(state).filter(([key]) => !key.endsWith("rotary_emb.inv_freq")));

/** Llama with its head: scores of the next tokens. Shape: [N, L], int64 → logits [N, L, vocabSize]. @see transformers.LlamaForCausalLM */
export class LlamaForCausalLM extends CausalLM {
  readonly config: LlamaConfig;
  model: LlamaModel;
  lmHead: nn.Linear;

  constructor(config: Partial<LlamaConfig> = {}) {
    super();
    this.model = new LlamaModel(config);
    this.config = this.model.config;
    this.lmHead = new nn.Linear(this.config.hiddenSize, this.config.vocabSize, { bias: false });
    if (this.config.tieWordEmbeddings) this.lmHead.weight = this.model.embedTokens.weight;
    else initialize(this.lmHead, this.config.initializerRange);
  }

  get contextLength(): number {
    return this.config.maxPositionEmbeddings;
  }

  override forward(inputIds: Tensor, options: CausalOptions = {}): CausalOutput {
    const { lastHiddenState, pastKeyValues } = this.model(inputIds, options);
    return { logits: this.lmHead(lastHiddenState), pastKeyValues };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    const full = withoutFrequencies(state);
    const table = full["model.embed_tokens.weight"];
    if (this.config.tieWordEmbeddings && table !== undefined) full["lm_head.weight"] ??= table;
    return full;
  }

  override toHuggingFace(): StateDict {
    const state = this.stateDict();
    if (this.config.tieWordEmbeddings) delete state["lm_head.weight"];
    return state;
  }

  /** @internal */
  static shapes(config: Partial<LlamaConfig>): Shapes {
    return Object.fromEntries(Object.entries(LlamaModel.shapes(config)).map(([key, shape]) => [`model.${key}`, shape]));
  }
}

/**
 * A matrix of queries or keys whose rotary pairs are neighbors, as in Meta's files, with pairs half a head apart, as in Hugging Face's.
 * Shape: [heads · size, inputs], unchanged.
 */
export const interleavedToHalves = named(
  "interleavedToHalves",
  "weight, heads",
  (weight: Tensor, heads: number): Tensor => {
    const [rows, ...rest] = checkHeadRows("interleavedToHalves", weight, heads);
    return weight
      .reshape([heads, rows! / heads / 2, 2, ...rest])
      .transpose(1, 2)
      .reshape([rows!, ...rest]);
  },
);

/** The inverse of {@link interleavedToHalves}. */
export const halvesToInterleaved = named(
  "halvesToInterleaved",
  "weight, heads",
  (weight: Tensor, heads: number): Tensor => {
    const [rows, ...rest] = checkHeadRows("halvesToInterleaved", weight, heads);
    return weight
      .reshape([heads, 2, rows! / heads / 2, ...rest])
      .transpose(1, 2)
      .reshape([rows!, ...rest]);
  },
);

function checkHeadRows(op: string, { shape }: Tensor, heads: number): readonly number[] {
  if (!(Number.isInteger(heads) && heads > 0) || shape.length === 0 || shape[0]! % (2 * heads) !== 0)
    throw new ShapeError(`${op}: weight of shape ${shapeText(shape)} has no pairs of rows for ${heads} heads`);
  return shape;
}
