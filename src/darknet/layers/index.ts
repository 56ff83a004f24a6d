/** The layers by the names of their sections. */
import type { Builder } from "../plan";
import { detection, region, yolo } from "./heads";
import { activation, dropout, l2norm, logistic, route, sam, scaleChannels, shortcut, softmax, through } from "./joints";
import { avgpool, crop, localAvgpool, maxpool, reorg, reorg3d, upsample } from "./pools";
import { batchnorm, connected, convolutional, deconvolutional, local } from "./weighted";

export const builders: Readonly<Record<string, Builder>> = {
  convolutional,
  conv: convolutional,
  deconvolutional,
  deconv: deconvolutional,
  connected,
  conn: connected,
  local,
  batchnorm,
  maxpool,
  max: maxpool,
  local_avgpool: localAvgpool,
  avgpool,
  avg: avgpool,
  upsample,
  reorg,
  reorg_old: reorg,
  reorg3d,
  crop,
  route,
  shortcut,
  scale_channels: scaleChannels,
  sam,
  dropout,
  softmax,
  soft: softmax,
  activation,
  logistic,
  l2norm,
  cost: through,
  empty: through,
  silence: through,
  yolo,
  region,
  detection,
};
