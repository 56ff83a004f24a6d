/** Inception v3 (Szegedy et al., "Rethinking the inception architecture for computer vision", 2015). */

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
 * What {@link Inception3} gives while it trains with its auxiliary classifier, which gave `auxLogits`. Shapes: [N, numClasses].
 * @see torchvision.models.InceptionOutputs
 */
export type InceptionOutputs = NamedTuple<["logits", "auxLogits"]>;

/** Options of {@link Inception3}. */
export interface Inception3Options {
  /** Default: 1000. */
  numClasses?: number;
  /** Whether there is a second classifier halfway, which helps in training. Default: true. */
  auxLogits?: boolean;
  /** Whether images come normalized as for the other networks, not to [-1, 1]. Default: false. */
  transformInput?: boolean;
  /**
   * Classes or functions that make the seven kinds of blocks: of a convolution, the blocks A to E, and the auxiliary classifier. Default:
   * null, those of the paper.
   */
  inceptionBlocks?: readonly LayerMaker[] | null;
  /** Whether to draw the paper's initial values instead of the layers' own. Default: true. */
  initWeights?: boolean;
  /** The probability of dropout before the classifier. Default: 0.5. */
  dropout?: number;
}

const averagedAround = (x: Tensor): Tensor => F.avgPool2d(x, 3, { stride: 1, padding: 1 });

/** Kernels of 1×1, 5×5, twice 3×3, and a pooling, side by side. */
class InceptionA extends nn.Module {
  branch1x1: BasicConv2d;
  branch5x5_1: BasicConv2d;
  branch5x5_2: BasicConv2d;
  branch3x3dbl_1: BasicConv2d;
  branch3x3dbl_2: BasicConv2d;
  branch3x3dbl_3: BasicConv2d;
  branch_pool: BasicConv2d;

  constructor(inputs: number, poolFeatures: number) {
    super();
    this.branch1x1 = convBlock(inputs, 64, 1);
    this.branch5x5_1 = convBlock(inputs, 48, 1);
    this.branch5x5_2 = convBlock(48, 64, 5, { padding: 2 });
    this.branch3x3dbl_1 = convBlock(inputs, 64, 1);
    this.branch3x3dbl_2 = convBlock(64, 96, 3, { padding: 1 });
    this.branch3x3dbl_3 = convBlock(96, 96, 3, { padding: 1 });
    this.branch_pool = convBlock(inputs, poolFeatures, 1);
  }

  override forward(x: Tensor): Tensor {
    const small = this.branch1x1(x);
    const large = this.branch5x5_2(this.branch5x5_1(x));
    const double = this.branch3x3dbl_3(this.branch3x3dbl_2(this.branch3x3dbl_1(x)));
    return cat([small, large, double, this.branch_pool(averagedAround(x))], 1);
  }
}

/** Halves the size: 3×3, twice 3×3, and a pooling, side by side. */
class InceptionB extends nn.Module {
  branch3x3: BasicConv2d;
  branch3x3dbl_1: BasicConv2d;
  branch3x3dbl_2: BasicConv2d;
  branch3x3dbl_3: BasicConv2d;

  constructor(inputs: number) {
    super();
    this.branch3x3 = convBlock(inputs, 384, 3, { stride: 2 });
    this.branch3x3dbl_1 = convBlock(inputs, 64, 1);
    this.branch3x3dbl_2 = convBlock(64, 96, 3, { padding: 1 });
    this.branch3x3dbl_3 = convBlock(96, 96, 3, { stride: 2 });
  }

  override forward(x: Tensor): Tensor {
    const double = this.branch3x3dbl_3(this.branch3x3dbl_2(this.branch3x3dbl_1(x)));
    return cat([this.branch3x3(x), double, F.maxPool2d(x, 3, { stride: 2 })], 1);
  }
}

const row = { padding: [0, 3] } as const;
const column = { padding: [3, 0] } as const;

/** Kernels of 1×1, 7×7 in two steps, twice so, and a pooling, side by side. */
class InceptionC extends nn.Module {
  branch1x1: BasicConv2d;
  branch7x7_1: BasicConv2d;
  branch7x7_2: BasicConv2d;
  branch7x7_3: BasicConv2d;
  branch7x7dbl_1: BasicConv2d;
  branch7x7dbl_2: BasicConv2d;
  branch7x7dbl_3: BasicConv2d;
  branch7x7dbl_4: BasicConv2d;
  branch7x7dbl_5: BasicConv2d;
  branch_pool: BasicConv2d;

  constructor(inputs: number, channels: number) {
    super();
    this.branch1x1 = convBlock(inputs, 192, 1);
    this.branch7x7_1 = convBlock(inputs, channels, 1);
    this.branch7x7_2 = convBlock(channels, channels, [1, 7], row);
    this.branch7x7_3 = convBlock(channels, 192, [7, 1], column);
    this.branch7x7dbl_1 = convBlock(inputs, channels, 1);
    this.branch7x7dbl_2 = convBlock(channels, channels, [7, 1], column);
    this.branch7x7dbl_3 = convBlock(channels, channels, [1, 7], row);
    this.branch7x7dbl_4 = convBlock(channels, channels, [7, 1], column);
    this.branch7x7dbl_5 = convBlock(channels, 192, [1, 7], row);
    this.branch_pool = convBlock(inputs, 192, 1);
  }

  override forward(x: Tensor): Tensor {
    const once = this.branch7x7_3(this.branch7x7_2(this.branch7x7_1(x)));
    const half = this.branch7x7dbl_3(this.branch7x7dbl_2(this.branch7x7dbl_1(x)));
    const twice = this.branch7x7dbl_5(this.branch7x7dbl_4(half));
    return cat([this.branch1x1(x), once, twice, this.branch_pool(averagedAround(x))], 1);
  }
}

/** Halves the size: 3×3, 7×7 in two steps and 3×3, and a pooling, side by side. */
class InceptionD extends nn.Module {
  branch3x3_1: BasicConv2d;
  branch3x3_2: BasicConv2d;
  branch7x7x3_1: BasicConv2d;
  branch7x7x3_2: BasicConv2d;
  branch7x7x3_3: BasicConv2d;
  branch7x7x3_4: BasicConv2d;

  constructor(inputs: number) {
    super();
    this.branch3x3_1 = convBlock(inputs, 192, 1);
    this.branch3x3_2 = convBlock(192, 320, 3, { stride: 2 });
    this.branch7x7x3_1 = convBlock(inputs, 192, 1);
    this.branch7x7x3_2 = convBlock(192, 192, [1, 7], row);
    this.branch7x7x3_3 = convBlock(192, 192, [7, 1], column);
    this.branch7x7x3_4 = convBlock(192, 192, 3, { stride: 2 });
  }

  override forward(x: Tensor): Tensor {
    const small = this.branch3x3_2(this.branch3x3_1(x));
    const large = this.branch7x7x3_4(this.branch7x7x3_3(this.branch7x7x3_2(this.branch7x7x3_1(x))));
    return cat([small, large, F.maxPool2d(x, 3, { stride: 2 })], 1);
  }
}

/** Kernels of 1×1, rows and columns of 3 after 1×1 and after 3×3, and a pooling, side by side. */
class InceptionE extends nn.Module {
  branch1x1: BasicConv2d;
  branch3x3_1: BasicConv2d;
  branch3x3_2a: BasicConv2d;
  branch3x3_2b: BasicConv2d;
  branch3x3dbl_1: BasicConv2d;
  branch3x3dbl_2: BasicConv2d;
  branch3x3dbl_3a: BasicConv2d;
  branch3x3dbl_3b: BasicConv2d;
  branch_pool: BasicConv2d;

  constructor(inputs: number) {
    super();
    this.branch1x1 = convBlock(inputs, 320, 1);
    this.branch3x3_1 = convBlock(inputs, 384, 1);
    this.branch3x3_2a = convBlock(384, 384, [1, 3], { padding: [0, 1] });
    this.branch3x3_2b = convBlock(384, 384, [3, 1], { padding: [1, 0] });
    this.branch3x3dbl_1 = convBlock(inputs, 448, 1);
    this.branch3x3dbl_2 = convBlock(448, 384, 3, { padding: 1 });
    this.branch3x3dbl_3a = convBlock(384, 384, [1, 3], { padding: [0, 1] });
    this.branch3x3dbl_3b = convBlock(384, 384, [3, 1], { padding: [1, 0] });
    this.branch_pool = convBlock(inputs, 192, 1);
  }

  override forward(x: Tensor): Tensor {
    const once = this.branch3x3_1(x);
    const twice = this.branch3x3dbl_2(this.branch3x3dbl_1(x));
    return cat(
      [
        this.branch1x1(x),
        this.branch3x3_2a(once),
        this.branch3x3_2b(once),
        this.branch3x3dbl_3a(twice),
        this.branch3x3dbl_3b(twice),
        this.branch_pool(averagedAround(x)),
      ],
      1,
    );
  }
}

/** A small classifier of features of 768 channels. */
class InceptionAux extends nn.Module {
  conv0: BasicConv2d;
  conv1: BasicConv2d;
  fc: nn.Linear;

  constructor(inputs: number, numClasses: number) {
    super();
    this.conv0 = convBlock(inputs, 128, 1);
    this.conv1 = convBlock(128, 768, 5);
    this.fc = new nn.Linear(768, numClasses);
  }

  override forward(input: Tensor): Tensor {
    const x = this.conv1(this.conv0(F.avgPool2d(input, 5, { stride: 3 })));
    return this.fc(F.adaptiveAvgPool2d(x, [1, 1]).flatten(1));
  }
}

const signature = "; numClasses, auxLogits, transformInput, inceptionBlocks, initWeights, dropout";

const defaults: Required<Inception3Options> = {
  numClasses: 1000,
  auxLogits: true,
  transformInput: false,
  inceptionBlocks: null,
  initWeights: true,
  dropout: 0.5,
};

/** The blocks of the paper: of a convolution, A to E, and the auxiliary classifier. */
const paperBlocks: readonly LayerMaker[] = [
  BasicConv2d,
  InceptionA,
  InceptionB,
  InceptionC,
  InceptionD,
  InceptionE,
  InceptionAux,
];

type BlockMaker = (...sizes: number[]) => nn.Module;

/** Functions that make the blocks. @throws ValueError unless there are seven. */
function makersOf(layer: string, blocks: readonly LayerMaker[]) {
  if (checkArray(layer, "inceptionBlocks", blocks, "7 classes of layers").length !== 7)
    throw new ValueError(`${layer}: length of inceptionBlocks should be 7 instead of ${blocks.length}`);
  const [conv, ...others] = blocks.map((block, i) => checkMaker(layer, `inceptionBlocks[${i}]`, block));
  const makers = others.map(
    (block, i): BlockMaker =>
      (...sizes) =>
        make(layer, `inceptionBlocks[${i + 1}]`, block, ...sizes),
  );
  return [
    convBlocks(layer, conv!),
    ...(makers as [a: BlockMaker, b: BlockMaker, c: BlockMaker, d: BlockMaker, e: BlockMaker, aux: BlockMaker]),
  ] as const;
}

/**
 * Kernels of several sizes side by side, large ones in steps. Shape: [N, 3, H, W] of at least 75×75 → [N, numClasses]; while it trains
 * with `auxLogits`, {@link InceptionOutputs}, for images of 299×299.
 * @see torchvision.models.Inception3
 */
export class Inception3 extends nn.Module {
  static readonly signature: string = signature;
  auxLogits: boolean;
  readonly transformInput: boolean;
  Conv2d_1a_3x3: nn.Module;
  Conv2d_2a_3x3: nn.Module;
  Conv2d_2b_3x3: nn.Module;
  maxpool1: nn.MaxPool2d;
  Conv2d_3b_1x1: nn.Module;
  Conv2d_4a_3x3: nn.Module;
  maxpool2: nn.MaxPool2d;
  Mixed_5b: nn.Module;
  Mixed_5c: nn.Module;
  Mixed_5d: nn.Module;
  Mixed_6a: nn.Module;
  Mixed_6b: nn.Module;
  Mixed_6c: nn.Module;
  Mixed_6d: nn.Module;
  Mixed_6e: nn.Module;
  AuxLogits: nn.Module | null;
  Mixed_7a: nn.Module;
  Mixed_7b: nn.Module;
  Mixed_7c: nn.Module;
  avgpool: nn.AdaptiveAvgPool2d;
  dropout: nn.Dropout;
  fc: nn.Linear;

  constructor(...given: Arguments<typeof signature, Inception3Options>);
  constructor(...given: unknown[]) {
    super();
    const options = readArguments<Inception3Options>(nameOf(new.target), signature, defaults, given);
    const { numClasses, auxLogits, transformInput, initWeights, dropout } = options;
    const blocks = makersOf(nameOf(new.target), options.inceptionBlocks ?? paperBlocks);
    const [conv, inceptionA, inceptionB, inceptionC, inceptionD, inceptionE, aux] = blocks;
    this.auxLogits = auxLogits;
    this.transformInput = transformInput;
    this.Conv2d_1a_3x3 = conv(3, 32, 3, { stride: 2 });
    this.Conv2d_2a_3x3 = conv(32, 32, 3);
    this.Conv2d_2b_3x3 = conv(32, 64, 3, { padding: 1 });
    this.maxpool1 = new nn.MaxPool2d(3, 2);
    this.Conv2d_3b_1x1 = conv(64, 80, 1);
    this.Conv2d_4a_3x3 = conv(80, 192, 3);
    this.maxpool2 = new nn.MaxPool2d(3, 2);
    this.Mixed_5b = inceptionA(192, 32);
    this.Mixed_5c = inceptionA(256, 64);
    this.Mixed_5d = inceptionA(288, 64);
    this.Mixed_6a = inceptionB(288);
    this.Mixed_6b = inceptionC(768, 128);
    this.Mixed_6c = inceptionC(768, 160);
    this.Mixed_6d = inceptionC(768, 160);
    this.Mixed_6e = inceptionC(768, 192);
    this.AuxLogits = auxLogits ? aux(768, numClasses) : null;
    this.Mixed_7a = inceptionD(768);
    this.Mixed_7b = inceptionE(1280);
    this.Mixed_7c = inceptionE(2048);
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
    this.dropout = new nn.Dropout(dropout);
    this.fc = new nn.Linear(2048, numClasses);
    const auxFc = this.AuxLogits instanceof InceptionAux ? this.AuxLogits.fc : null;
    if (initWeights) initializeTruncated(this, (module) => (module === auxFc ? 0.001 : 0.1));
  }

  private features(x: Tensor): Tensor {
    const first = this.Conv2d_2b_3x3(this.Conv2d_2a_3x3(this.Conv2d_1a_3x3(x)));
    const second = this.Conv2d_4a_3x3(this.Conv2d_3b_1x1(this.maxpool1(first)));
    const mixed5 = this.Mixed_5d(this.Mixed_5c(this.Mixed_5b(this.maxpool2(second))));
    return this.Mixed_6e(this.Mixed_6d(this.Mixed_6c(this.Mixed_6b(this.Mixed_6a(mixed5)))));
  }

  override forward(input: Tensor): Tensor | InceptionOutputs {
    const features = this.features(this.transformInput ? normalizedAgain(input) : input);
    const auxLogits: Tensor | null = this.training && this.auxLogits ? this.AuxLogits!(features) : null;
    const x: Tensor = this.Mixed_7c(this.Mixed_7b(this.Mixed_7a(features)));
    const logits = this.fc(this.dropout(this.avgpool(x)).flatten(1));
    return auxLogits === null ? logits : namedTuple({ logits, auxLogits });
  }
}

composes("input()", InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, InceptionAux, Inception3);

function withoutAux(model: Inception3): void {
  model.auxLogits = false;
  model.AuxLogits = null;
}

/**
 * {@link Inception3} with 27.2 million parameters. Its weights are those of the paper, for images normalized as for the other networks.
 * @see torchvision.models.inception_v3
 */
export const inceptionV3 = modelBuilder(
  "inception_v3",
  "numClasses, auxLogits, transformInput, inceptionBlocks, initWeights, dropout",
  (options: Inception3Options): Inception3 => new Inception3(options),
  {
    pretrained: ({ transformInput = true }) => ({ transformInput, auxLogits: true, initWeights: false }),
    // Files of one's own may have no auxiliary classifier.
    adapt: (model, keys) => {
      if (!keys.some((key) => key.startsWith("AuxLogits."))) withoutAux(model);
    },
    finish: (model, { auxLogits = true }) => {
      if (!auxLogits) withoutAux(model);
    },
  },
);
