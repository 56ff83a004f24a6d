/** How networks for segmentation are built: first the backbone, then the rest, as their random numbers are drawn. */

import { checkFlag } from "../../../core/arguments";
import type { Declared } from "../../../core/signatureTypes";
import type * as nn from "../../../nn/index";
import { checkModule } from "../../../nn/module/checks";
import { readArguments } from "../../../nn/module/options";
import { camelCase, type ModelBuilder, modelBuilder, type WeightsSource } from "../builder";
import type { SegmentationOptions, SegmentationParameters } from "./segmentationModel";

/** The modules of which a network is built. */
export function readModules(layer: string, signature: string, given: readonly unknown[]): SegmentationParameters {
  const options = readArguments<SegmentationParameters>(layer, signature, { auxClassifier: null }, given);
  checkModule(layer, options.backbone, "backbone");
  checkModule(layer, options.classifier, "classifier");
  if (options.auxClassifier !== null) checkModule(layer, options.auxClassifier, "auxClassifier");
  return options;
}

/** A function that makes a network for segmentation, and the promise of one if it is to read weights. */
export interface SegmentationBuilder<M extends nn.Module, O extends object> extends Declared {
  (options?: O & { weights?: null | undefined; weightsBackbone?: null | undefined; progress?: boolean }): M;
  (options: O & { weights: WeightsSource; weightsBackbone?: WeightsSource | null; progress?: boolean }): Promise<M>;
  (options: O & { weightsBackbone: WeightsSource; weights?: WeightsSource | null; progress?: boolean }): Promise<M>;
}

type Backbone = ModelBuilder<nn.Module, any>;

/**
 * Declares a builder.
 * @param backbone The builder of the backbone, and its options.
 * @param build Makes the network of its backbone.
 * @param hasAux Whether the network can have an auxiliary classifier.
 */
export function segmentationBuilder<M extends nn.Module>(
  name: string,
  [backbone, preset]: readonly [builder: Backbone, options: object],
  build: (backbone: nn.Module, numClasses: number, auxLoss: boolean) => M,
  hasAux = true,
): SegmentationBuilder<M, SegmentationOptions> {
  const create = (options: SegmentationOptions & { weightsBackbone?: WeightsSource | null }): M => {
    const { numClasses = 21, auxLoss = false, weightsBackbone = null } = options;
    checkFlag(camelCase(name), "auxLoss", auxLoss);
    const make = (base: nn.Module): M => build(base, numClasses, auxLoss);
    if (weightsBackbone === null) return make(backbone(preset));
    // The type of the builder says that this is a promise.
    const loaded: unknown = backbone({ ...preset, weights: weightsBackbone });
    return (loaded as Promise<nn.Module>).then(make) as unknown as M;
  };
  return modelBuilder(name, `weightsBackbone, numClasses${hasAux ? ", auxLoss" : ""}`, create, {
    // The weights of the whole have those of the backbone.
    pretrained: ({ auxLoss = hasAux }) => ({ auxLoss, weightsBackbone: null }),
  }) as unknown as SegmentationBuilder<M, SegmentationOptions>;
}
