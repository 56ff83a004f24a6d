/** What several of the models are built of. */

import * as nn from "../../nn/index";

export {
  Conv2dNormActivation,
  type ConvNormActivationOptions,
  type ConvNormActivationParameters,
} from "../ops/convNormActivation";

/** Makes the normalization of so many channels. */
export type NormLayer = (channels: number) => nn.Module;

/** @internal The normalization that torchvision's models use unless told otherwise. */
export const batchNorm: NormLayer = (channels) => new nn.BatchNorm2d(channels);

/** The convolutions of a model, in order. */
export const convolutions = (model: nn.Module): nn.Conv2d[] =>
  model.modules().filter((module): module is nn.Conv2d => module instanceof nn.Conv2d);

/** The linear layers of a model, in order. */
export const linears = (model: nn.Module): nn.Linear[] =>
  model.modules().filter((module): module is nn.Linear => module instanceof nn.Linear);
