/** BERT (Devlin et al., "Pre-training of deep bidirectional transformers", 2018). */
import { checkOptions, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import * as nn from "../../nn/index";
import type { StateDict } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import { arange } from "../../ops/creation/ranges";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import {
  activationOf,
  headSize,
  initialize,
  Layer,
  PretrainedModel,
  readConfig,
  type Shapes,
  scoreMask,
} from "./config";
import { Intermediate, type PooledOutput, Pooler, SelfAttention, Stack, withLabels } from "./encoderLayers";
import { checkMask } from "./generation";

const defaults = {
  modelType: "bert",
  vocabSize: 30522,
  hiddenSize: 768,
  numHiddenLayers: 12,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  hiddenAct: "gelu",
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
  maxPositionEmbeddings: 512,
  typeVocabSize: 2,
  initializerRange: 0.02,
  layerNormEps: 1e-12,
  padTokenId: 0,
  numLabels: 2,
  classifierDropout: null as number | null,
  positionEmbeddingType: "absolute",
  tieWordEmbeddings: true,
};

/** The config.json of a BERT in camelCase; what is left out has the values of bert-base-uncased. */
export type BertConfig = typeof defaults & Record<string, unknown>;

/** What calls take beside the tokens. */
export interface BertOptions {
  /** 1 for tokens, 0 for padding. Shape: [N, L]. Default: all count. */
  attentionMask?: Tensor | null;
  /** 0 for the first text, 1 for the second of pairs. Shape: [N, L]. Default: 0. */
  tokenTypeIds?: Tensor | null;
}

class BertEmbeddings extends Layer {
  wordEmbeddings: nn.Embedding;
  positionEmbeddings: nn.Embedding;
  tokenTypeEmbeddings: nn.Embedding;
  LayerNorm: nn.LayerNorm;
  dropout: nn.Dropout;

  constructor(config: BertConfig) {
    super();
    const { hiddenSize, padTokenId } = config;
    this.wordEmbeddings = new nn.Embedding(config.vocabSize, hiddenSize, { paddingIdx: padTokenId });
    this.positionEmbeddings = new nn.Embedding(config.maxPositionEmbeddings, hiddenSize);
    this.tokenTypeEmbeddings = new nn.Embedding(config.typeVocabSize, hiddenSize);
    this.LayerNorm = new nn.LayerNorm(hiddenSize, { eps: config.layerNormEps });
    this.dropout = new nn.Dropout(config.hiddenDropoutProb);
  }

  override forward(inputIds: Tensor, types: Tensor | null): Tensor {
    const places = arange(inputIds.shape[1]!, { device: inputIds.device }).unsqueeze(0);
    const kinds = types ?? zeros([...inputIds.shape], { dtype: "int64", device: inputIds.device });
    const sum = this.wordEmbeddings(inputIds).add(this.tokenTypeEmbeddings(kinds)).add(this.positionEmbeddings(places));
    return this.dropout(this.LayerNorm(sum));
  }
}

/** A dense layer, dropout, the shortcut, a normalization. */
class BertOutput extends Layer {
  dense: nn.Linear;
  LayerNorm: nn.LayerNorm;
  dropout: nn.Dropout;

  constructor(size: number, { hiddenSize, layerNormEps, hiddenDropoutProb }: BertConfig) {
    super();
    this.dense = new nn.Linear(size, hiddenSize);
    this.LayerNorm = new nn.LayerNorm(hiddenSize, { eps: layerNormEps });
    this.dropout = new nn.Dropout(hiddenDropoutProb);
  }

  override forward(x: Tensor, shortcut: Tensor): Tensor {
    return this.LayerNorm(this.dropout(this.dense(x)).add(shortcut));
  }
}

class BertAttention extends Layer {
  self: SelfAttention;
  output: BertOutput;

  constructor(config: BertConfig) {
    super();
    this.self = new SelfAttention(config);
    this.output = new BertOutput(config.hiddenSize, config);
  }

  override forward(x: Tensor, mask: Tensor | null): Tensor {
    return this.output(this.self(x, mask), x);
  }
}

class BertLayer extends Layer {
  attention: BertAttention;
  intermediate: Intermediate;
  output: BertOutput;

  constructor(config: BertConfig) {
    super();
    this.attention = new BertAttention(config);
    this.intermediate = new Intermediate(config.hiddenSize, config.intermediateSize, "BertModel", config.hiddenAct);
    this.output = new BertOutput(config.intermediateSize, config);
  }

  override forward(input: Tensor, mask: Tensor | null): Tensor {
    const x = this.attention(input, mask);
    return this.output(this.intermediate(x), x);
  }
}

/** The entries without old buffers, and the old names of scales and shifts in the present ones. */
const modern = (state: StateDict): StateDict =>
  Object.fromEntries(
    Object.entries(state)
      .filter(([key]) => !/(?:^|\.)embeddings\.position_ids$/.test(key))
      .map(([key, value]) => [
        key.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias"),
        value,
      ]),
  );

/** Text in, features out. Shape: [N, L], int64 → lastHiddenState [N, L, hiddenSize]. @see transformers.BertModel */
export class BertModel extends PretrainedModel {
  readonly config: BertConfig;
  embeddings: BertEmbeddings;
  encoder: Stack<BertLayer>;
  pooler: Pooler | null;

  constructor(config: Partial<BertConfig> = {}, addPoolingLayer = true) {
    super();
    const full = readConfig("BertModel", config, defaults) as BertConfig;
    this.config = full;
    headSize("BertModel", full.hiddenSize, full.numAttentionHeads);
    if (full.positionEmbeddingType !== "absolute")
      throw new ValueError(`BertModel: positionEmbeddingType must be "absolute", got "${full.positionEmbeddingType}"`);
    this.embeddings = new BertEmbeddings(full);
    this.encoder = new Stack(Array.from({ length: full.numHiddenLayers }, () => new BertLayer(full)));
    this.pooler = addPoolingLayer ? new Pooler(full.hiddenSize) : null;
    initialize(this, full.initializerRange);
  }

  override forward(inputIds: Tensor, options: BertOptions = {}): PooledOutput {
    const { attentionMask, tokenTypeIds } = checkCall(inputIds, options, this.config.maxPositionEmbeddings);
    const x = this.embeddings(inputIds, tokenTypeIds);
    const length = inputIds.shape[1]!;
    const y = this.encoder(x, scoreMask(attentionMask, length, length, false, x));
    return { lastHiddenState: y, poolerOutput: this.pooler === null ? null : this.pooler(y) };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    const inner = Object.entries(modern(state))
      .filter(([key]) => !/^(?:cls|classifier)\./.test(key))
      .map(([key, value]) => [key.replace(/^bert\./, ""), value] as const);
    return Object.fromEntries(inner);
  }

  /** */
  static shapes(config: Partial<BertConfig>): Shapes {
    const c = readConfig("BertModel", config, defaults) as BertConfig;
    return {
      "embeddings.word_embeddings.weight": [c.vocabSize, c.hiddenSize],
      "embeddings.position_embeddings.weight": [c.maxPositionEmbeddings, c.hiddenSize],
      "embeddings.token_type_embeddings.weight": [c.typeVocabSize, c.hiddenSize],
      [`encoder.layer.${c.numHiddenLayers - 1}.intermediate.dense.weight`]: [c.intermediateSize, c.hiddenSize],
    };
  }
}

const prefixed = (shapes: Shapes, prefix: string): Shapes =>
  Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [prefix + key, shape]));

function checkCall(inputIds: Tensor, options: BertOptions, limit: number) {
  const op = "BertModel";
  const { shape } = checkTensor(op, inputIds, "inputIds");
  checkOptions(op, options, ["attentionMask", "tokenTypeIds"]);
  if (shape.length !== 2) throw new ShapeError(`${op}: inputIds must have the shape [N, L], got ${shapeText(shape)}`);
  if (shape[1]! > limit)
    throw new ValueError(`${op}: ${shape[1]} tokens are more than the ${limit} that the model sees`);
  const { attentionMask = null, tokenTypeIds = null } = options;
  if (attentionMask !== null) checkMask(op, attentionMask, inputIds);
  if (tokenTypeIds !== null && checkTensor(op, tokenTypeIds, "tokenTypeIds").shape.join() !== shape.join())
    throw new ShapeError(
      `${op}: tokenTypeIds must have the shape ${shapeText(shape)}, got ${shapeText(tokenTypeIds.shape)}`,
    );
  return { attentionMask, tokenTypeIds };
}

class PredictionTransform extends Layer {
  dense: nn.Linear;
  LayerNorm: nn.LayerNorm;
  private readonly act: (x: Tensor) => Tensor;

  constructor({ hiddenSize, layerNormEps, hiddenAct }: BertConfig) {
    super();
    this.dense = new nn.Linear(hiddenSize, hiddenSize);
    this.LayerNorm = new nn.LayerNorm(hiddenSize, { eps: layerNormEps });
    this.act = activationOf("BertForMaskedLM", hiddenAct);
  }

  override forward(x: Tensor): Tensor {
    return this.LayerNorm(this.act(this.dense(x)));
  }
}

class Predictions extends Layer {
  /** Shape: [vocabSize]. */
  bias: nn.Parameter;
  transform: PredictionTransform;
  decoder: nn.Linear;

  constructor(config: BertConfig) {
    super();
    this.transform = new PredictionTransform(config);
    this.decoder = new nn.Linear(config.hiddenSize, config.vocabSize);
    this.bias = this.decoder.bias!;
  }

  override forward(x: Tensor): Tensor {
    return this.decoder(this.transform(x));
  }
}

class PretrainingHeads extends Layer {
  predictions: Predictions;

  constructor(config: BertConfig) {
    super();
    this.predictions = new Predictions(config);
  }
}

/** BERT that guesses tokens. Shape: [N, L], int64 → logits [N, L, vocabSize]. @see transformers.BertForMaskedLM */
export class BertForMaskedLM extends PretrainedModel {
  readonly config: BertConfig;
  bert: BertModel;
  cls: PretrainingHeads;

  constructor(config: Partial<BertConfig> = {}) {
    super();
    this.bert = new BertModel(config, false);
    this.config = this.bert.config;
    this.cls = new PretrainingHeads(this.config);
    initialize(this.cls, this.config.initializerRange);
    if (this.config.tieWordEmbeddings) this.cls.predictions.decoder.weight = this.bert.embeddings.wordEmbeddings.weight;
  }

  override forward(inputIds: Tensor, options: BertOptions = {}): { logits: Tensor } {
    return { logits: this.cls.predictions(this.bert(inputIds, options).lastHiddenState) };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    const full = modern(state);
    // Files of the whole pretraining have a second head, and the pooler before it.
    for (const key of Object.keys(full)) if (/^(?:cls\.seq_relationship|bert\.pooler)\./.test(key)) delete full[key];
    const table = full["bert.embeddings.word_embeddings.weight"];
    if (this.config.tieWordEmbeddings && table !== undefined) full["cls.predictions.decoder.weight"] ??= table;
    const bias = full["cls.predictions.bias"];
    if (bias !== undefined) full["cls.predictions.decoder.bias"] ??= bias;
    return full;
  }

  override toHuggingFace(): StateDict {
    const state = this.stateDict();
    if (this.config.tieWordEmbeddings) delete state["cls.predictions.decoder.weight"];
    delete state["cls.predictions.decoder.bias"];
    return state;
  }

  /** */
  static shapes = (config: Partial<BertConfig>): Shapes => prefixed(BertModel.shapes(config), "bert.");
}

/** BERT that sorts texts into classes. Shape: [N, L], int64 → logits [N, numLabels]. @see transformers.BertForSequenceClassification */
export class BertForSequenceClassification extends PretrainedModel {
  readonly config: BertConfig;
  bert: BertModel;
  dropout: nn.Dropout;
  classifier: nn.Linear;

  constructor(config: Partial<BertConfig> = {}) {
    super();
    this.bert = new BertModel(withLabels(config));
    this.config = this.bert.config;
    this.dropout = new nn.Dropout(this.config.classifierDropout ?? this.config.hiddenDropoutProb);
    this.classifier = new nn.Linear(this.config.hiddenSize, this.config.numLabels);
    initialize(this.classifier, this.config.initializerRange);
  }

  override forward(inputIds: Tensor, options: BertOptions = {}): { logits: Tensor } {
    return { logits: this.classifier(this.dropout(this.bert(inputIds, options).poolerOutput!)) };
  }

  override fromHuggingFace(state: StateDict): StateDict {
    return modern(state);
  }

  /** */
  static shapes = (config: Partial<BertConfig>): Shapes => prefixed(BertModel.shapes(config), "bert.");
}
