/** What networks for segmentation are built of: a network whose inner layers show, and classifiers of pixels. */

import { ValueError } from "../../../core/errors";
import * as nn from "../../../nn/index";
import { composes } from "../../../nn/module/forward";
import type { Tensor } from "../../../tensor/tensor";

const F = nn.functional;

/** Layers one after the other; gives the outputs of some of them by name. */
export class IntermediateLayerGetter extends nn.ModuleDict {
  readonly #returned: ReadonlyMap<string, string>;

  /** The children of `model` up to the last of those in `returnLayers`, which gives their outputs new names. */
  constructor(model: nn.Module, returnLayers: Readonly<Record<string, string>>) {
    const children = model.namedChildren();
    const names = children.map(([name]) => name);
    const places = Object.keys(returnLayers).map((name) => names.indexOf(name));
    if (places.includes(-1)) throw new ValueError("IntermediateLayerGetter: returnLayers are not present in model");
    super(children.slice(0, Math.max(...places) + 1));
    this.#returned = new Map(Object.entries(returnLayers));
  }

  override forward(input: Tensor): Record<string, Tensor> {
    const outputs: Record<string, Tensor> = {};
    let x = input;
    for (const [name, module] of this.entries()) {
      x = module(x);
      const wanted = this.#returned.get(name);
      if (wanted !== undefined) outputs[wanted] = x;
    }
    return outputs;
  }
}

/** Scores of each class for each pixel. Shapes: [N, numClasses, H, W]. */
export interface SegmentationOutputs {
  readonly out: Tensor;
  /** The result of the auxiliary classifier, if there is one. */
  readonly aux?: Tensor;
}

/** `x` at the size of `image`. */
export const atSizeOf = (x: Tensor, image: Tensor): Tensor =>
  F.interpolate(x, { size: image.shape.slice(-2), mode: "bilinear", alignCorners: false });

/** What {@link FCN} and {@link DeepLabV3} take. */
export interface SegmentationParameters {
  /** Gives features "out" of images, and "aux" if there is an auxiliary classifier. */
  backbone: nn.Module;
  /** Makes scores of the features. */
  classifier: nn.Module;
  /** Default: null, there is none. */
  auxClassifier?: nn.Module | null;
}

/** Options of the builders of networks for segmentation. */
export interface SegmentationOptions {
  /** Default: 21, the classes of Pascal VOC. */
  numClasses?: number;
  /** Whether there is an auxiliary classifier, which helps in training. Default: false; as weights ask. */
  auxLoss?: boolean;
}

/** The classifier of a fully convolutional network. Shape: [N, inChannels, H, W] → [N, channels, H, W]. */
export class FCNHead extends nn.Sequential {
  constructor(inChannels: number, channels: number) {
    const inner = Math.floor(inChannels / 4);
    super(
      new nn.Conv2d(inChannels, inner, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(inner),
      new nn.ReLU(),
      new nn.Dropout(0.1),
      new nn.Conv2d(inner, channels, 1),
    );
  }
}

/** A backbone, a classifier of its features and perhaps another of features halfway; scores have the size of the images. */
export class SegmentationModel extends nn.Module {
  backbone: nn.Module;
  classifier: nn.Module;
  auxClassifier: nn.Module | null;

  constructor({ backbone, classifier, auxClassifier = null }: SegmentationParameters) {
    super();
    this.backbone = backbone;
    this.classifier = classifier;
    this.auxClassifier = auxClassifier;
  }

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  override forward(input: Tensor): SegmentationOutputs {
    const features: Record<string, Tensor> = this.backbone(input);
    const out = atSizeOf(this.classifier(features.out!), input);
    return this.auxClassifier === null ? { out } : { out, aux: atSizeOf(this.auxClassifier(features.aux!), input) };
  }
}

composes("input()", IntermediateLayerGetter, SegmentationModel);
