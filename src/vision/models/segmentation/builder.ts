/** How networks for segmentation are built: first the backbone, then the rest, as their random numbers are drawn. */

import { checkFlag } from "../../../core/arguments";
import { checkModule } from "../../../nn/checks";
import type * as nn from "../../../nn/index";
import { readArguments } from "../../../nn/options";
import { type ModelBuilder, modelBuilder } from "../builder";
import type { SegmentationOptions, SegmentationParameters } from "./segmentationModel";

/** The modules of which a network is built. */
export function readModules(layer: string, signature: string, given: readonly unknown[]): SegmentationParameters {
  const options = readArguments<SegmentationParameters>(layer, signature, { auxClassifier: null }, given);
  checkModule(layer, options.backbone, "backbone");
  checkModule(layer, options.classifier, "classifier");
  if (options.auxClassifier !== null) checkModule(layer, options.auxClassifier, "auxClassifier");
  return options;
}

/**
 * Declares a builder.
 * @param build Makes the network of its backbone.
 * @param hasAux Whether the network can have an auxiliary classifier.
 */
export function segmentationBuilder<M extends nn.Module>(
  name: string,
  backbone: () => nn.Module,
  build: (backbone: nn.Module, numClasses: number, auxLoss: boolean, options: SegmentationOptions) => M,
  hasAux = true,
): ModelBuilder<M, SegmentationOptions> {
  return modelBuilder(
    name,
    hasAux ? "numClasses, auxLoss" : "numClasses",
    (options: SegmentationOptions): M => {
      const { numClasses = 21, auxLoss = false } = options;
      checkFlag(name, "auxLoss", auxLoss);
      return build(backbone(), numClasses, auxLoss, options);
    },
    hasAux ? { pretrained: { auxLoss: true } } : {},
  );
}
