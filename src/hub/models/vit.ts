/** Vision transformers in Hugging Face's names (Dosovitskiy et al., 2020), and their state dicts in torchvision's. */
import { ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import * as nn from "../../nn/index";
import type { StateDict } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import { cat } from "../../ops/shape/join";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { headSize, initialize, Layer, PretrainedModel, readConfig, type Shapes } from "./config";
import { Intermediate, type PooledOutput, Pooler, SelfAttention, Stack, withLabels } from "./encoderLayers";

const defaults = {
  modelType: "vit",
  hiddenSize: 768,
  numHiddenLayers: 12,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  hiddenAct: "gelu",
  hiddenDropoutProb: 0,
  attentionProbsDropoutProb: 0,
  initializerRange: 0.02,
  layerNormEps: 1e-12,
  imageSize: 224,
  patchSize: 16,
  numChannels: 3,
  qkvBias: true,
  numLabels: 2,
};

/** The config.json of a ViT in camelCase; what is left out has the values of google/vit-base-patch16-224. */
export type ViTConfig = typeof defaults & Record<string, unknown>;

class PatchEmbeddings extends Layer {
  projection: nn.Conv2d;

  constructor({ numChannels, hiddenSize, patchSize }: ViTConfig) {
    super();
    this.projection = new nn.Conv2d(numChannels, hiddenSize, patchSize, { stride: patchSize });
  }

  override forward(x: Tensor): Tensor {
    return this.projection(x).flatten(2).transpose(1, 2);
  }
}

class ViTEmbeddings extends Layer {
  /** Shape: [1, 1, hiddenSize]. */
  clsToken: nn.Parameter;
  /** Shape: [1, patches + 1, hiddenSize]. */
  positionEmbeddings: nn.Parameter;
  patchEmbeddings: PatchEmbeddings;
  dropout: nn.Dropout;

  constructor(config: ViTConfig) {
    super();
    const { hiddenSize, initializerRange } = config;
    this.clsToken = new nn.Parameter(zeros([1, 1, hiddenSize]));
    this.positionEmbeddings = new nn.Parameter(zeros([1, patchesOf(config) + 1, hiddenSize]));
    this.patchEmbeddings = new PatchEmbeddings(config);
    this.dropout = new nn.Dropout(config.hiddenDropoutProb);
    for (const parameter of [this.clsToken, this.positionEmbeddings])
      nn.init.truncNormal_(parameter, 0, initializerRange);
  }

  override forward(pixels: Tensor): Tensor {
    const patches = this.patchEmbeddings(pixels);
    const token = this.clsToken.expand(patches.shape[0]!, -1, -1);
    return this.dropout(cat([token, patches], 1).add(this.positionEmbeddings));
  }
}

const patchesOf = ({ imageSize, patchSize }: ViTConfig): number => Math.floor(imageSize / patchSize) ** 2;

/** A dense layer and dropout. */
class Projection extends Layer {
  dense: nn.Linear;
  dropout: nn.Dropout;

  constructor(inputs: number, { hiddenSize, hiddenDropoutProb }: ViTConfig) {
    super();
    this.dense = new nn.Linear(inputs, hiddenSize);
    this.dropout = new nn.Dropout(hiddenDropoutProb);
  }

  override forward(x: Tensor): Tensor {
    return this.dropout(this.dense(x));
  }
}

class ViTAttention extends Layer {
  attention: SelfAttention;
  output: Projection;

  constructor(config: ViTConfig) {
    super();
    this.attention = new SelfAttention(config, config.qkvBias);
    this.output = new Projection(config.hiddenSize, config);
  }

  override forward(x: Tensor): Tensor {
    return this.output(this.attention(x, null));
  }
}

class ViTLayer extends Layer {
  attention: ViTAttention;
  intermediate: Intermediate;
  output: Projection;
  layernormBefore: nn.LayerNorm;
  layernormAfter: nn.LayerNorm;

  constructor(config: ViTConfig) {
    super();
    const { hiddenSize, intermediateSize, layerNormEps: eps } = config;
    this.attention = new ViTAttention(config);
    this.intermediate = new Intermediate(hiddenSize, intermediateSize, "ViTModel", config.hiddenAct);
    this.output = new Projection(intermediateSize, config);
    this.layernormBefore = new nn.LayerNorm(hiddenSize, { eps });
    this.layernormAfter = new nn.LayerNorm(hiddenSize, { eps });
  }

  override forward(input: Tensor): Tensor {
    const x = input.add(this.attention(this.layernormBefore(input)));
    return x.add(this.output(this.intermediate(this.layernormAfter(x))));
  }
}

/** Pictures in, features out. Shape: [N, numChannels, imageSize, imageSize] → lastHiddenState [N, patches + 1, hiddenSize]. @see transformers.ViTModel */
export class ViTModel extends PretrainedModel {
  readonly config: ViTConfig;
  embeddings: ViTEmbeddings;
  encoder: Stack<ViTLayer>;
  layernorm: nn.LayerNorm;
  pooler: Pooler | null;

  constructor(config: Partial<ViTConfig> = {}, addPoolingLayer = true) {
    super();
    const full = readConfig("ViTModel", config, defaults) as ViTConfig;
    this.config = full;
    headSize("ViTModel", full.hiddenSize, full.numAttentionHeads);
    if (full.patchSize > full.imageSize)
      throw new ValueError(`ViTModel: patchSize ${full.patchSize} is larger than imageSize ${full.imageSize}`);
    this.embeddings = new ViTEmbeddings(full);
    this.encoder = new Stack(Array.from({ length: full.numHiddenLayers }, () => new ViTLayer(full)));
    this.layernorm = new nn.LayerNorm(full.hiddenSize, { eps: full.layerNormEps });
    this.pooler = addPoolingLayer ? new Pooler(full.hiddenSize) : null;
    initialize(this, full.initializerRange);
  }

  override forward(pixelValues: Tensor): PooledOutput {
    const { imageSize, numChannels } = this.config;
    const { shape } = checkTensor("ViTModel", pixelValues, "pixelValues");
    if (shape.length !== 4 || shape.slice(1).join() !== [numChannels, imageSize, imageSize].join())
      throw new ShapeError(
        `ViTModel: pixelValues must have the shape [N, ${numChannels}, ${imageSize}, ${imageSize}], got ${shapeText(shape)}`,
      );
    const y = this.layernorm(this.encoder(this.embeddings(pixelValues), null));
    return { lastHiddenState: y, poolerOutput: this.pooler === null ? null : this.pooler(y) };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    const inner = Object.entries(state).filter(([key]) => !key.startsWith("classifier."));
    return Object.fromEntries(inner.map(([key, value]) => [key.replace(/^vit\./, ""), value]));
  }

  /** @internal */
  static shapes(config: Partial<ViTConfig>): Shapes {
    const c = readConfig("ViTModel", config, defaults) as ViTConfig;
    return {
      "embeddings.position_embeddings": [1, patchesOf(c) + 1, c.hiddenSize],
      "embeddings.patch_embeddings.projection.weight": [c.hiddenSize, c.numChannels, c.patchSize, c.patchSize],
      [`encoder.layer.${c.numHiddenLayers - 1}.intermediate.dense.weight`]: [c.intermediateSize, c.hiddenSize],
    };
  }
}

/** ViT that sorts pictures into classes. Shape: [N, numChannels, imageSize, imageSize] → logits [N, numLabels]. @see transformers.ViTForImageClassification */
export class ViTForImageClassification extends PretrainedModel {
  readonly config: ViTConfig;
  vit: ViTModel;
  classifier: nn.Linear;

  constructor(config: Partial<ViTConfig> = {}) {
    super();
    this.vit = new ViTModel(withLabels(config), false);
    this.config = this.vit.config;
    this.classifier = new nn.Linear(this.config.hiddenSize, this.config.numLabels);
    initialize(this.classifier, this.config.initializerRange);
  }

  override forward(pixelValues: Tensor): { logits: Tensor } {
    return { logits: this.classifier(this.vit(pixelValues).lastHiddenState.select(1, 0)) };
  }

  /** @internal */
  static shapes(config: Partial<ViTConfig>): Shapes {
    return Object.fromEntries(Object.entries(ViTModel.shapes(config)).map(([key, shape]) => [`vit.${key}`, shape]));
  }
}

/** Names outside of the layers: Hugging Face's and torchvision's. */
const outer: readonly (readonly [string, string])[] = [
  ["vit.embeddings.cls_token", "class_token"],
  ["vit.embeddings.position_embeddings", "encoder.pos_embedding"],
  ["vit.embeddings.patch_embeddings.projection.", "conv_proj."],
  ["vit.layernorm.", "encoder.ln."],
  ["classifier.", "heads.head."],
];

/** Names inside of a layer. */
const inner: readonly (readonly [string, string])[] = [
  ["attention.output.dense.", "self_attention.out_proj."],
  ["intermediate.dense.", "mlp.0."],
  ["output.dense.", "mlp.3."],
  ["layernorm_before.", "ln_1."],
  ["layernorm_after.", "ln_2."],
];

function rename(key: string, names: readonly (readonly [string, string])[], from: 0 | 1): string | undefined {
  const found = names.find((pair) => (pair[from].endsWith(".") ? key.startsWith(pair[from]) : key === pair[from]));
  return found && found[1 - from] + key.slice(found[from].length);
}

const unknownKey = (op: string, key: string) =>
  new ValueError(`${op}: the state dict has an entry "${key}", which no such ViT has`);

/**
 * The state dict of a ViTForImageClassification for torchvision's ViT, such as `vision.models.vitB16`. Their normalizations differ in eps, 1e-12 and 1e-6.
 * @throws ValueError for an entry that has no counterpart.
 */
export const viTToTorchvision = named("viTToTorchvision", "stateDict{}", (stateDict: StateDict): StateDict => {
  const op = "viTToTorchvision";
  const out: StateDict = {};
  for (const [key, value] of Object.entries(stateDict)) {
    const layer = /^vit\.encoder\.layer\.(\d+)\.(.*)$/.exec(key);
    const part = layer && /^attention\.attention\.(query|key|value)\.(weight|bias)$/.exec(layer[2]!);
    if (part) {
      if (part[1] !== "query") continue;
      const parts = ["query", "key", "value"].map((name) => stateDict[key.replace(".query.", `.${name}.`)]);
      if (parts.includes(undefined))
        throw new ValueError(`${op}: the state dict has "${key}" without its key and value`);
      out[`encoder.layers.encoder_layer_${layer[1]}.self_attention.in_proj_${part[2]}`] = cat(parts as Tensor[]);
      continue;
    }
    const name = layer ? rename(layer[2]!, inner, 0) : rename(key, outer, 0);
    if (name === undefined) throw unknownKey(op, key);
    out[layer ? `encoder.layers.encoder_layer_${layer[1]}.${name}` : name] = value;
  }
  return out;
});

/**
 * The state dict of torchvision's ViT for a ViTForImageClassification.
 * @throws ValueError for an entry that has no counterpart.
 */
export const viTFromTorchvision = named("viTFromTorchvision", "stateDict{}", (stateDict: StateDict): StateDict => {
  const op = "viTFromTorchvision";
  const out: StateDict = {};
  for (const [key, value] of Object.entries(stateDict)) {
    const layer = /^encoder\.layers\.encoder_layer_(\d+)\.(.*)$/.exec(key);
    const prefix = `vit.encoder.layer.${layer?.[1]}.`;
    const packed = layer && /^self_attention\.in_proj_(weight|bias)$/.exec(layer[2]!);
    if (packed) {
      const [q, k, v] = value.chunk(3) as [Tensor, Tensor, Tensor];
      Object.entries({ query: q, key: k, value: v }).forEach(([name, x]) => {
        out[`${prefix}attention.attention.${name}.${packed[1]}`] = x;
      });
      continue;
    }
    const name = layer ? rename(layer[2]!, inner, 1) : rename(key, outer, 1);
    if (name === undefined) throw unknownKey(op, key);
    out[layer ? prefix + name : name] = value;
  }
  return out;
});
