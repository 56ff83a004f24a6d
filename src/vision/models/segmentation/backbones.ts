/** The networks for classification that those for segmentation are built on. */

import type * as nn from "../../../nn/index";
import type { MobileNetV3 } from "../mobilenetv3";
import type { ResNet } from "../resnet";
import { IntermediateLayerGetter } from "./segmentationModel";

/** Features, and how many channels they have. */
export interface Backbone {
  readonly module: nn.Module;
  /** The number of channels by the names of the features. */
  readonly channels: Readonly<Record<string, number>>;
}

/** The last stage of a residual network as "out", and the one before as "aux". */
export function resnetBackbone(model: ResNet, wantsAux: boolean): Backbone {
  const layers = { layer4: "out", ...(wantsAux && { layer3: "aux" }) };
  return { module: new IntermediateLayerGetter(model, layers), channels: { out: 2048, aux: 1024 } };
}

/** The last stage of a MobileNetV3 and the one three strides before, under these names. */
export function mobilenetBackbone(model: MobileNetV3, last: string, early: string | null): Backbone {
  const blocks = [...model.features] as unknown as { isCn?: boolean; outChannels: number }[];
  const strided = blocks.flatMap(({ isCn }, i) => (isCn ? [i] : []));
  const stages = [0, ...strided, blocks.length - 1];
  const [lastAt, earlyAt] = [stages.at(-1)!, stages.at(-4)!];
  const layers = { [lastAt]: last, ...(early !== null && { [earlyAt]: early }) };
  const channels = {
    [last]: blocks[lastAt]!.outChannels,
    ...(early !== null && { [early]: blocks[earlyAt]!.outChannels }),
  };
  return { module: new IntermediateLayerGetter(model.features, layers), channels };
}
