/** Convolution, normalization and activation in one block, of which most networks for images are built. */

import { checkFlag, checkInteger } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { readArguments } from "../../nn/module/options";
import { checkSizes, type Sizes, spread } from "../../ops/layers/slidingWindows";
import {
  type ActivationLayer,
  checkMaker,
  checkMakerOrNull,
  type LayerMaker,
  make,
  makeActivation,
  type NormLayer,
} from "./makers";

/** Options of {@link Conv2dNormActivation} and {@link Conv3dNormActivation}. */
export interface ConvNormActivationOptions {
  /** Default: 3. */
  kernelSize?: Sizes;
  /** Default: 1. */
  stride?: Sizes;
  /** On both sides. Default: null, as much as keeps the size at stride 1: ⌊(kernelSize − 1) / 2⌋ · dilation. */
  padding?: Sizes | "valid" | "same" | null;
  /** Default: 1. */
  groups?: number;
  /** A class or function that makes the normalization; null for none. Default: batch normalization. */
  normLayer?: NormLayer | null;
  /** A class or function that makes the activation; null for none. Default: `nn.ReLU`. */
  activationLayer?: ActivationLayer | null;
  /** Default: 1. */
  dilation?: Sizes;
  /** Whether the activation changes its input; null if it is not told. Default: true. */
  inplace?: boolean | null;
  /** Whether the convolution has a bias. Default: null, only if there is no normalization. */
  bias?: boolean | null;
}

/** Parameters of {@link Conv2dNormActivation} and {@link Conv3dNormActivation}. */
export interface ConvNormActivationParameters extends ConvNormActivationOptions {
  /** Channels of inputs. */
  inChannels: number;
  /** Channels of outputs. */
  outChannels: number;
}

/** Parameters of {@link ConvNormActivation}. */
export interface AnyConvNormActivationParameters extends ConvNormActivationParameters {
  /** A class or function that makes the convolution. Default: `nn.Conv2d`. */
  convLayer?: LayerMaker;
}

const signature =
  "inChannels, outChannels; kernelSize, stride, padding, groups, normLayer, activationLayer, dilation, inplace, bias";

const defaults = {
  kernelSize: 3 as Sizes,
  stride: 1 as Sizes,
  padding: null as ConvNormActivationOptions["padding"],
  groups: 1,
  dilation: 1 as Sizes,
};

/** What a block of some number of axes is made of. */
interface BlockKind {
  readonly convLayer: LayerMaker;
  readonly normLayer: NormLayer;
}

type BlockOptions = Required<AnyConvNormActivationParameters>;

/** What keeps the size at stride 1, for odd kernels. */
function paddingFor(layer: string, kernelSize: Sizes, dilation: Sizes): Sizes {
  const around = (kernel: number, apart: number) => Math.floor((kernel - 1) / 2) * apart;
  if (typeof kernelSize === "number" && typeof dilation === "number") return around(kernelSize, dilation);
  const dims = Array.isArray(kernelSize) ? kernelSize.length : (dilation as readonly number[]).length;
  const apart = spread(layer, "dilation", dilation, dims);
  return spread(layer, "kernelSize", kernelSize, dims).map((kernel, i) => around(kernel, apart[i]!));
}

const flagOrNull = (layer: string, name: string, value: boolean | null): boolean | null =>
  value === null ? null : checkFlag(layer, name, value);

/** The layers of the block. */
function layersOf(layer: string, options: BlockOptions): nn.Module[] {
  const { inChannels, outChannels, kernelSize, stride, groups, dilation, normLayer, activationLayer } = options;
  checkSizes(layer, { kernelSize, stride, dilation });
  checkInteger(layer, "groups", groups, 1);
  const inplace = flagOrNull(layer, "inplace", options.inplace);
  const bias = flagOrNull(layer, "bias", options.bias) ?? normLayer === null;
  const padding = options.padding ?? paddingFor(layer, kernelSize, dilation);
  const conv = { stride, padding, dilation, groups, bias };
  const layers = [make<any>(layer, "convLayer", options.convLayer, inChannels, outChannels, kernelSize, conv)];
  if (normLayer !== null) layers.push(make(layer, "normLayer", normLayer, outChannels));
  if (activationLayer !== null) layers.push(makeActivation(layer, "activationLayer", activationLayer, inplace));
  return layers;
}

/** The arguments of a block: layers have defaults that are classes, which {@link readArguments} would take for functions. */
function readBlock(layer: string, signature: string, kind: BlockKind, given: readonly unknown[]): BlockOptions {
  const undecided = {
    normLayer: undefined,
    activationLayer: undefined,
    inplace: undefined,
    convLayer: undefined,
    bias: null,
  };
  const options: any = readArguments<any>(layer, signature, { ...defaults, ...undecided } as any, given);
  const { normLayer = kind.normLayer, activationLayer = nn.ReLU, convLayer = kind.convLayer, inplace = true } = options;
  checkMakerOrNull(layer, "normLayer", normLayer);
  checkMakerOrNull(layer, "activationLayer", activationLayer);
  checkMaker(layer, "convLayer", convLayer);
  return { ...options, normLayer, activationLayer, convLayer, inplace };
}

const anySignature = `${signature}, convLayer` as const;

/**
 * A convolution, a normalization and an activation. Use {@link Conv2dNormActivation} or {@link Conv3dNormActivation} instead.
 * @see torchvision.ops.misc.ConvNormActivation
 */
export class ConvNormActivation extends nn.Sequential {
  static readonly signature: string = anySignature;
  /** @internal The convolution, and the normalization unless another is given. */
  static readonly kind: BlockKind = { convLayer: nn.Conv2d, normLayer: nn.BatchNorm2d };
  readonly outChannels: number;

  constructor(...given: Arguments<typeof anySignature, AnyConvNormActivationParameters>);
  constructor(...given: unknown[]) {
    const options = readBlock(nameOf(new.target), new.target.signature, new.target.kind, given);
    super(...layersOf(nameOf(new.target), options));
    this.outChannels = options.outChannels;
    if (new.target === ConvNormActivation)
      console.warn(
        "Don't use ConvNormActivation directly, please use Conv2dNormActivation and Conv3dNormActivation instead.",
      );
  }
}

/**
 * A convolution that keeps the size (at stride 1), a normalization and an activation.
 * Shape: [N, inChannels, H, W] → [N, outChannels, ⌈H / stride⌉, ⌈W / stride⌉] for odd kernels and the default padding.
 * @throws ArgumentError for what makes no layers; whatever the convolution throws.
 * @see torchvision.ops.Conv2dNormActivation
 * @example new vision.ops.Conv2dNormActivation(3, 32, 3, { stride: 2, activationLayer: nn.Hardswish });
 */
export class Conv2dNormActivation extends ConvNormActivation {
  static override readonly signature: string = signature;

  constructor(...given: Arguments<typeof signature, ConvNormActivationParameters>) {
    super(...(given as any));
  }
}

/**
 * {@link Conv2dNormActivation} over volumes. Shape: [N, inChannels, D, H, W] → [N, outChannels, D′, H′, W′].
 * @see torchvision.ops.Conv3dNormActivation
 */
export class Conv3dNormActivation extends ConvNormActivation {
  static override readonly signature: string = signature;
  /** @internal */
  static override readonly kind: BlockKind = { convLayer: nn.Conv3d, normLayer: nn.BatchNorm3d };

  constructor(...given: Arguments<typeof signature, ConvNormActivationParameters>) {
    super(...(given as any));
  }
}
