/** Vision transformers (Dosovitskiy et al., "An image is worth 16x16 words", 2020). */

import { checkInteger, MAX_COUNT } from "../../../core/arguments";
import { nameOf } from "../../../core/className";
import { ShapeError, ValueError } from "../../../core/errors";
import { shapeText } from "../../../core/shape";
import type { Arguments } from "../../../core/signatureTypes";
import * as nn from "../../../nn/index";
import { composes } from "../../../nn/module/forward";
import { MAX_LAYERS, readArguments } from "../../../nn/module/options";
import { checkTensor } from "../../../ops/builders/checks";
import { cat } from "../../../ops/shape/join";
import { empty, zeros } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";
import { modelBuilder } from "../builder";

/** Parameters of {@link MLPBlock}. */
export interface MLPBlockParameters {
  /** Features of inputs and outputs. */
  inDim: number;
  /** Features inside. */
  mlpDim: number;
  /** The probability of dropout after each linear layer. */
  dropout: number;
}

/** Parameters of {@link EncoderBlock}. */
export interface EncoderBlockParameters {
  numHeads: number;
  /** Features of inputs and outputs. */
  hiddenDim: number;
  /** Features inside the perceptron. */
  mlpDim: number;
  dropout: number;
  /** The probability of dropout of attention weights. */
  attentionDropout: number;
}

/** Parameters of {@link Encoder}. */
export interface EncoderParameters extends EncoderBlockParameters {
  /** The length of sequences. */
  seqLength: number;
  /** The number of blocks. */
  numLayers: number;
}

const mlpSignature = "inDim, mlpDim, dropout";
const blockSignature = "numHeads, hiddenDim, mlpDim, dropout, attentionDropout";
const encoderSignature = "seqLength, numLayers, numHeads, hiddenDim, mlpDim, dropout, attentionDropout";

/** @throws ArgumentError or ValueError unless all are positive integers. */
function checkCounts(layer: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes))
    checkInteger(layer, name, size, 1, name === "numLayers" ? MAX_LAYERS : MAX_COUNT);
}

function checkHeads(layer: string, hiddenDim: number, numHeads: number): void {
  if (hiddenDim % numHeads !== 0)
    throw new ValueError(`${layer}: hiddenDim must be divisible by numHeads, got ${hiddenDim} and ${numHeads}`);
}

const layerNorm = (size: number) => new nn.LayerNorm(size, { eps: 1e-6 });

/** Two linear layers with a GELU between. Shape: [*, inDim], unchanged. */
export class MLPBlock extends nn.Sequential {
  constructor(inDim: number, mlpDim: number, dropout: number);
  constructor(...given: Arguments<typeof mlpSignature, MLPBlockParameters>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const { inDim, mlpDim, dropout } = readArguments<MLPBlockParameters>(layer, mlpSignature, {}, given);
    checkCounts(layer, { inDim, mlpDim });
    const first = new nn.Linear(inDim, mlpDim);
    const second = new nn.Linear(mlpDim, inDim);
    super(first, new nn.GELU(), new nn.Dropout(dropout), second, new nn.Dropout(dropout));
    for (const { weight, bias } of [first, second]) {
      nn.init.xavierUniform_(weight);
      nn.init.normal_(bias!, 0, 1e-6);
    }
  }
}

/** Attention and a perceptron, each after a normalization and with a shortcut. Shape: [N, S, hiddenDim], unchanged. */
export class EncoderBlock extends nn.Module {
  ln_1: nn.LayerNorm;
  selfAttention: nn.MultiheadAttention;
  dropout: nn.Dropout;
  ln_2: nn.LayerNorm;
  mlp: MLPBlock;

  constructor(...given: Arguments<typeof blockSignature, EncoderBlockParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<EncoderBlockParameters>(layer, blockSignature, {}, given);
    const { numHeads, hiddenDim, mlpDim, dropout, attentionDropout } = options;
    checkCounts(layer, { numHeads, hiddenDim, mlpDim });
    checkHeads(layer, hiddenDim, numHeads);
    this.ln_1 = layerNorm(hiddenDim);
    this.selfAttention = new nn.MultiheadAttention(hiddenDim, numHeads, {
      dropout: attentionDropout,
      batchFirst: true,
    });
    this.dropout = new nn.Dropout(dropout);
    this.ln_2 = layerNorm(hiddenDim);
    this.mlp = new MLPBlock(hiddenDim, mlpDim, dropout);
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    const x = this.ln_1(input);
    const [attended] = this.selfAttention(x, x, x, { needWeights: false });
    const y = this.dropout(attended).add(input);
    return this.mlp(this.ln_2(y)).add(y);
  }
}

/** Adds learned positions, then runs blocks of attention. Shape: [N, seqLength, hiddenDim], unchanged. */
export class Encoder extends nn.Module {
  /** Shape: [1, seqLength, hiddenDim]. */
  posEmbedding: nn.Parameter;
  dropout: nn.Dropout;
  layers: nn.Sequential;
  ln: nn.LayerNorm;

  constructor(...given: Arguments<typeof encoderSignature, EncoderParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<EncoderParameters>(layer, encoderSignature, {}, given);
    const { seqLength, numLayers, numHeads, hiddenDim, mlpDim, dropout, attentionDropout } = options;
    checkCounts(layer, { seqLength, numLayers, numHeads, hiddenDim, mlpDim });
    checkHeads(layer, hiddenDim, numHeads);
    const settings = { numHeads, hiddenDim, mlpDim, dropout, attentionDropout };
    this.posEmbedding = new nn.Parameter(empty([1, seqLength, hiddenDim]));
    nn.init.normal_(this.posEmbedding, 0, 0.02);
    this.dropout = new nn.Dropout(dropout);
    this.layers = new nn.Sequential(
      Array.from({ length: numLayers }, (_, i) => [`encoder_layer_${i}`, new EncoderBlock(settings)] as const),
    );
    this.ln = layerNorm(hiddenDim);
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): Tensor {
    return this.ln(this.layers(this.dropout(input.add(this.posEmbedding))));
  }
}

/** Options of {@link VisionTransformer}. */
export interface VisionTransformerOptions {
  /** Height and width of the images, a multiple of `patchSize`. Default: 224. */
  imageSize?: number;
  /** Default: 16. */
  patchSize?: number;
  /** Default: 12. */
  numLayers?: number;
  /** Default: 12. */
  numHeads?: number;
  /** Features of a patch. Default: 768. */
  hiddenDim?: number;
  /** Features inside the perceptrons. Default: 3072. */
  mlpDim?: number;
  /** Default: 0. */
  dropout?: number;
  /** The probability of dropout of attention weights. Default: 0. */
  attentionDropout?: number;
  /** Default: 1000. */
  numClasses?: number;
  /** Features of a layer before the classifier. Default: null, there is none. */
  representationSize?: number | null;
}

const defaults: Required<VisionTransformerOptions> = {
  imageSize: 224,
  patchSize: 16,
  numLayers: 12,
  numHeads: 12,
  hiddenDim: 768,
  mlpDim: 3072,
  dropout: 0,
  attentionDropout: 0,
  numClasses: 1000,
  representationSize: null,
};

/** Normal numbers that keep the variance of `fanIn` summands; zeros for the bias. */
function initialize({ weight, bias }: nn.Conv2d | nn.Linear, fanIn: number): void {
  nn.init.truncNormal_(weight, { std: Math.sqrt(1 / fanIn) });
  nn.init.zeros_(bias!);
}

/** The classifier: linear, or with one hidden layer. */
function makeHeads({ hiddenDim, representationSize, numClasses }: Required<VisionTransformerOptions>): nn.Sequential {
  if (representationSize === null) return new nn.Sequential({ head: new nn.Linear(hiddenDim, numClasses) });
  return new nn.Sequential({
    pre_logits: new nn.Linear(hiddenDim, representationSize),
    act: new nn.Tanh(),
    head: new nn.Linear(representationSize, numClasses),
  });
}

const signature =
  "; imageSize, patchSize, numLayers, numHeads, hiddenDim, mlpDim, dropout, attentionDropout, numClasses, representationSize";

/**
 * A transformer encoder over the patches of an image; the class is read from an extra token.
 * Shape: [N, 3, imageSize, imageSize] → [N, numClasses].
 * @see torchvision.models.VisionTransformer
 * @throws ValueError if the patches do not divide the image; the call throws ShapeError for images of another size.
 */
export class VisionTransformer extends nn.Module {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly hiddenDim: number;
  /** Shape: [1, 1, hiddenDim]. */
  classToken: nn.Parameter;
  convProj: nn.Conv2d;
  encoder: Encoder;
  heads: nn.Sequential;

  constructor(...given: Arguments<typeof signature, VisionTransformerOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<VisionTransformerOptions>(layer, signature, defaults, given);
    const { imageSize, patchSize, numLayers, numHeads, hiddenDim, mlpDim } = options;
    const { dropout, attentionDropout, representationSize } = options;
    checkCounts(layer, { imageSize, patchSize, numLayers, numHeads, hiddenDim, mlpDim });
    if (representationSize !== null) checkInteger(layer, "representationSize", representationSize, 1, MAX_COUNT);
    if (imageSize % patchSize !== 0)
      throw new ValueError(`${layer}: patches of ${patchSize} do not divide images of ${imageSize}`);
    checkHeads(layer, hiddenDim, numHeads);
    this.imageSize = imageSize;
    this.patchSize = patchSize;
    this.hiddenDim = hiddenDim;
    this.classToken = new nn.Parameter(zeros([1, 1, hiddenDim]));
    this.convProj = new nn.Conv2d(3, hiddenDim, patchSize, { stride: patchSize });
    this.encoder = new Encoder({
      seqLength: (imageSize / patchSize) ** 2 + 1,
      numLayers,
      numHeads,
      hiddenDim,
      mlpDim,
      dropout,
      attentionDropout,
    });
    this.heads = makeHeads(options);
    this.#initialize();
  }

  /** Patches and hidden layer, in this order, as in torchvision; the last layer starts at zero. */
  #initialize(): void {
    initialize(this.convProj, 3 * this.patchSize ** 2);
    const [first, last] = [this.heads.at(0) as nn.Linear, this.heads.at(-1) as nn.Linear];
    if (first !== last) initialize(first, this.hiddenDim);
    nn.init.zeros_(last.weight);
    nn.init.zeros_(last.bias!);
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  /** The features of the patches, in rows. Shape: [N, 3, H, W] → [N, patches, hiddenDim]. */
  private patches(images: Tensor): Tensor {
    const [, , height, width] = checkTensor("VisionTransformer", images).shape;
    if (images.ndim !== 4 || height !== this.imageSize || width !== this.imageSize)
      throw new ShapeError(
        `VisionTransformer: expected images of shape [N, 3, ${this.imageSize}, ${this.imageSize}], got ${shapeText(images.shape)}`,
      );
    return this.convProj(images).flatten(2).transpose(1, 2);
  }

  override forward(input: Tensor): Tensor {
    const patches = this.patches(input);
    const tokens = this.classToken.expand([input.shape[0]!, -1, -1]);
    const x = this.encoder(cat([tokens, patches], 1));
    return this.heads(x.select(1, 0));
  }
}

composes("input()", EncoderBlock, Encoder, VisionTransformer);

/** A constructor of the transformer of these sizes. */
const visionTransformer = (name: string, preset: VisionTransformerOptions) =>
  modelBuilder(
    name,
    "imageSize, patchSize, numLayers, numHeads, hiddenDim, mlpDim, dropout, attentionDropout, numClasses, representationSize",
    (options: VisionTransformerOptions): VisionTransformer => new VisionTransformer({ ...preset, ...options }),
  );

const base = { numLayers: 12, numHeads: 12, hiddenDim: 768, mlpDim: 3072 };
const large = { numLayers: 24, numHeads: 16, hiddenDim: 1024, mlpDim: 4096 };
const huge = { numLayers: 32, numHeads: 16, hiddenDim: 1280, mlpDim: 5120 };

/** {@link VisionTransformer} "base" with patches of 16×16, 86.6 million parameters. @see torchvision.models.vit_b_16 */
export const vitB16 = visionTransformer("vit_b_16", { patchSize: 16, ...base });
/** {@link VisionTransformer} "base" with patches of 32×32, 88.2 million parameters. @see torchvision.models.vit_b_32 */
export const vitB32 = visionTransformer("vit_b_32", { patchSize: 32, ...base });
/** {@link VisionTransformer} "large" with patches of 16×16, 304 million parameters. @see torchvision.models.vit_l_16 */
export const vitL16 = visionTransformer("vit_l_16", { patchSize: 16, ...large });
/** {@link VisionTransformer} "large" with patches of 32×32, 307 million parameters. @see torchvision.models.vit_l_32 */
export const vitL32 = visionTransformer("vit_l_32", { patchSize: 32, ...large });
/** {@link VisionTransformer} "huge" with patches of 14×14, 632 million parameters. @see torchvision.models.vit_h_14 */
export const vitH14 = visionTransformer("vit_h_14", { patchSize: 14, ...huge });
