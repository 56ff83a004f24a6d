/** GoogLeNet, the first Inception network (Szegedy et al., "Going deeper with convolutions", 2014), with batch normalization. */

import { checkArray } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { type NamedTuple, namedTuple } from "../../ops/builders/namedTuple";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { checkMaker, type LayerMaker, make } from "../ops/makers";
import { modelBuilder } from "./builder";
import { BasicConv2d, convBlock, convBlocks, initializeTruncated, normalizedAgain } from "./inceptionBlocks";

const F = nn.functional;

/**
 * What {@link GoogLeNet} gives while it trains with its auxiliary classifiers. Shapes: [N, numClasses]. As in torchvision, `auxLogits2` comes
 * from the first of them (`aux1`) and `auxLogits1` from the second.
 * @see torchvision.models.GoogLeNetOutputs
 */
export type GoogLeNetOutputs = NamedTuple<["logits", "auxLogits2", "auxLogits1"]>;

/** Options of {@link GoogLeNet}. */
export interface GoogLeNetOptions {
  /** Default: 1000. */
  numClasses?: number;
  /** Whether there are two more classifiers on the way, which help in training. Default: true. */
  auxLogits?: boolean;
  /** Whether images come normalized as for the other networks, not to [-1, 1]. Default: false. */
  transformInput?: boolean;
  /** Whether to draw the paper's initial values instead of the layers' own. Default: true. */
  initWeights?: boolean;
  /**
   * Classes or functions that make the three kinds of blocks: of a convolution, of several side by side, and an auxiliary classifier.
   * Default: null, those of the paper.
   */
  blocks?: readonly LayerMaker[] | null;
  /** The probability of dropout before the classifier. Default: 0.2. */
  dropout?: number;
  /** The probability of dropout in the auxiliary classifiers. Default: 0.7. */
  dropoutAux?: number;
}

/** Kernels of 1×1, 3×3, 3×3 again (the paper has 5×5, torchvision's weights do not), and a pooling, side by side. */
class Inception extends nn.Module {
  branch1: BasicConv2d;
  branch2: nn.Sequential;
  branch3: nn.Sequential;
  branch4: nn.Sequential;

  constructor(
    inputs: number,
    ch1x1: number,
    ch3x3red: number,
    ch3x3: number,
    ch5x5red: number,
    ch5x5: number,
    poolProj: number,
  ) {
    super();
    this.branch1 = convBlock(inputs, ch1x1, 1);
    this.branch2 = new nn.Sequential(convBlock(inputs, ch3x3red, 1), convBlock(ch3x3red, ch3x3, 3, { padding: 1 }));
    this.branch3 = new nn.Sequential(convBlock(inputs, ch5x5red, 1), convBlock(ch5x5red, ch5x5, 3, { padding: 1 }));
    this.branch4 = new nn.Sequential(
      new nn.MaxPool2d(3, { stride: 1, padding: 1, ceilMode: true }),
      convBlock(inputs, poolProj, 1),
    );
  }

  override forward(input: Tensor): Tensor {
    return cat([this.branch1(input), this.branch2(input), this.branch3(input), this.branch4(input)], 1);
  }
}

/** A small classifier. */
class InceptionAux extends nn.Module {
  conv: BasicConv2d;
  fc1: nn.Linear;
  fc2: nn.Linear;
  dropout: nn.Dropout;

  constructor(inputs: number, numClasses: number, { dropout }: { dropout: number }) {
    super();
    this.conv = convBlock(inputs, 128, 1);
    this.fc1 = new nn.Linear(2048, 1024);
    this.fc2 = new nn.Linear(1024, numClasses);
    this.dropout = new nn.Dropout(dropout);
  }

  override forward(input: Tensor): Tensor {
    const x = this.conv(F.adaptiveAvgPool2d(input, [4, 4])).flatten(1);
    return this.fc2(this.dropout(this.fc1(x).relu_()));
  }
}

const signature = "; numClasses, auxLogits, transformInput, initWeights, blocks, dropout, dropoutAux";

const defaults: Required<GoogLeNetOptions> = {
  numClasses: 1000,
  auxLogits: true,
  transformInput: false,
  initWeights: true,
  blocks: null,
  dropout: 0.2,
  dropoutAux: 0.7,
};

/** Functions that make the three kinds of blocks. @throws ValueError unless there are three. */
function makersOf(layer: string, blocks: readonly LayerMaker[]) {
  if (checkArray(layer, "blocks", blocks, "3 classes of layers").length !== 3)
    throw new ValueError(`${layer}: blocks length should be 3 instead of ${blocks.length}`);
  const [conv, inception, aux] = blocks.map((block, i) => checkMaker(layer, `blocks[${i}]`, block));
  return {
    conv: convBlocks(layer, conv!),
    inception: (...channels: number[]) => make(layer, "blocks[1]", inception!, ...channels),
    aux: (inputs: number, numClasses: number, dropout: number) =>
      make(layer, "blocks[2]", aux!, inputs, numClasses, { dropout }),
  };
}

const pool = (size: number) => new nn.MaxPool2d(size, { stride: 2, ceilMode: true });

/**
 * Kernels of several sizes side by side. Shape: [N, 3, H, W] of at least 15×15 → [N, numClasses]; while it trains with `auxLogits`,
 * {@link GoogLeNetOutputs}.
 * @see torchvision.models.GoogLeNet
 */
export class GoogLeNet extends nn.Module {
  static readonly signature: string = signature;
  auxLogits: boolean;
  readonly transformInput: boolean;
  conv1: nn.Module;
  maxpool1: nn.MaxPool2d;
  conv2: nn.Module;
  conv3: nn.Module;
  maxpool2: nn.MaxPool2d;
  inception3a: nn.Module;
  inception3b: nn.Module;
  maxpool3: nn.MaxPool2d;
  inception4a: nn.Module;
  inception4b: nn.Module;
  inception4c: nn.Module;
  inception4d: nn.Module;
  inception4e: nn.Module;
  maxpool4: nn.MaxPool2d;
  inception5a: nn.Module;
  inception5b: nn.Module;
  aux1: nn.Module | null;
  aux2: nn.Module | null;
  avgpool: nn.AdaptiveAvgPool2d;
  dropout: nn.Dropout;
  fc: nn.Linear;

  constructor(...given: Arguments<typeof signature, GoogLeNetOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<GoogLeNetOptions>(layer, signature, defaults, given);
    const { numClasses, auxLogits, transformInput, initWeights, dropout, dropoutAux } = options;
    if (!(dropoutAux >= 0 && dropoutAux <= 1))
      throw new ValueError(`${layer}: dropoutAux must be between 0 and 1, got ${dropoutAux}`);
    const { conv, inception, aux } = makersOf(layer, options.blocks ?? [BasicConv2d, Inception, InceptionAux]);
    this.auxLogits = auxLogits;
    this.transformInput = transformInput;
    this.conv1 = conv(3, 64, 7, { stride: 2, padding: 3 });
    this.maxpool1 = pool(3);
    this.conv2 = conv(64, 64, 1);
    this.conv3 = conv(64, 192, 3, { padding: 1 });
    this.maxpool2 = pool(3);
    this.inception3a = inception(192, 64, 96, 128, 16, 32, 32);
    this.inception3b = inception(256, 128, 128, 192, 32, 96, 64);
    this.maxpool3 = pool(3);
    this.inception4a = inception(480, 192, 96, 208, 16, 48, 64);
    this.inception4b = inception(512, 160, 112, 224, 24, 64, 64);
    this.inception4c = inception(512, 128, 128, 256, 24, 64, 64);
    this.inception4d = inception(512, 112, 144, 288, 32, 64, 64);
    this.inception4e = inception(528, 256, 160, 320, 32, 128, 128);
    this.maxpool4 = pool(2);
    this.inception5a = inception(832, 256, 160, 320, 32, 128, 128);
    this.inception5b = inception(832, 384, 192, 384, 48, 128, 128);
    this.aux1 = auxLogits ? aux(512, numClasses, dropoutAux) : null;
    this.aux2 = auxLogits ? aux(528, numClasses, dropoutAux) : null;
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
    this.dropout = new nn.Dropout(dropout);
    this.fc = new nn.Linear(1024, numClasses);
    if (initWeights) initializeTruncated(this, () => 0.01);
  }

  override forward(input: Tensor): Tensor | GoogLeNetOutputs {
    const wantsAux = this.training && this.auxLogits;
    let x: Tensor = this.maxpool1(this.conv1(this.transformInput ? normalizedAgain(input) : input));
    x = this.maxpool2(this.conv3(this.conv2(x)));
    x = this.maxpool3(this.inception3b(this.inception3a(x)));
    x = this.inception4a(x);
    const first: Tensor | null = wantsAux ? this.aux1!(x) : null;
    x = this.inception4d(this.inception4c(this.inception4b(x)));
    const second: Tensor | null = wantsAux ? this.aux2!(x) : null;
    x = this.maxpool4(this.inception4e(x));
    x = this.inception5b(this.inception5a(x));
    const logits = this.fc(this.dropout(this.avgpool(x).flatten(1)));
    return wantsAux ? namedTuple({ logits, auxLogits2: first!, auxLogits1: second! }) : logits;
  }
}

composes("input()", Inception, InceptionAux, GoogLeNet);

function withoutAux(model: GoogLeNet): void {
  model.auxLogits = false;
  model.aux1 = null;
  model.aux2 = null;
}

/**
 * {@link GoogLeNet} with 6.6 million parameters, 13.0 with the auxiliary classifiers; models with weights have those only if asked for by
 * `auxLogits: true`.
 * @see torchvision.models.googlenet
 */
export const googlenet = modelBuilder(
  "googlenet",
  "numClasses, auxLogits, transformInput, initWeights, blocks, dropout, dropoutAux",
  (options: GoogLeNetOptions): GoogLeNet => new GoogLeNet(options),
  {
    pretrained: ({ transformInput = true }) => ({ transformInput, auxLogits: true, initWeights: false }),
    // Files of one's own may have no auxiliary classifiers.
    adapt: (model, keys) => {
      if (!keys.some((key) => key.startsWith("aux1."))) withoutAux(model);
    },
    finish: (model, { auxLogits = false }) => {
      if (!auxLogits) withoutAux(model);
      else
        console.warn(
          "auxiliary heads in the pretrained googlenet model are NOT pretrained, so make sure to train them",
        );
    },
  },
);
