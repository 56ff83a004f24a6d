/** Poolings of regions of interest as layers. */

import { checkFlag, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { float, text } from "../../nn/module/repr";
import { type Sizes, spread } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import type { RegionBoxes } from "./regions";
import { psRoiAlign, roiAlign } from "./roiAlign";
import { psRoiPool, roiPool } from "./roiPool";

/** Parameters of {@link RoIPool} and {@link PSRoIPool}. */
export interface RoIPoolParameters {
  /** One number of bins, or [height, width]. */
  outputSize: Sizes;
  /** What brings coordinates of boxes to those of the input. */
  spatialScale: number;
}

/** Parameters of {@link PSRoIAlign}. */
export interface PSRoIAlignParameters extends RoIPoolParameters {
  /** Samples of a bin along each axis; −1 for about one for each element. */
  samplingRatio: number;
}

/** Parameters of {@link RoIAlign}. */
export interface RoIAlignParameters extends PSRoIAlignParameters {
  /** Moves boxes by half an element. Default: false. */
  aligned?: boolean;
}

const poolSignature = "outputSize, spatialScale";
const ownAlignSignature = "outputSize, spatialScale, samplingRatio";
const alignSignature = "outputSize, spatialScale, samplingRatio; aligned";

/** What all of these layers have. */
abstract class RegionLayer extends nn.Module {
  outputSize: Sizes;
  spatialScale: number;

  constructor(layer: string, { outputSize, spatialScale }: RoIPoolParameters) {
    super();
    for (const size of spread(layer, "outputSize", outputSize, 2))
      checkInteger(layer, "outputSize", size, 0, MAX_COUNT);
    this.outputSize = outputSize;
    this.spatialScale = checkNumber(layer, "spatialScale", spatialScale);
  }

  override extraRepr(): string {
    return `output_size=${text(this.outputSize)}, spatial_scale=${float(this.spatialScale)}`;
  }
}

/** {@link roiPool} as a layer. @see torchvision.ops.RoIPool @example new vision.ops.RoIPool(7, 1 / 16)(features, boxes) */
export class RoIPool extends RegionLayer {
  constructor(...given: Arguments<typeof poolSignature, RoIPoolParameters>);
  constructor(...given: unknown[]) {
    super(nameOf(new.target), readArguments<RoIPoolParameters>(nameOf(new.target), poolSignature, {}, given));
  }

  override forward(input: Tensor, rois: RegionBoxes): Tensor {
    return roiPool(input, rois, this.outputSize, { spatialScale: this.spatialScale });
  }
}

/** {@link psRoiPool} as a layer. @see torchvision.ops.PSRoIPool */
export class PSRoIPool extends RegionLayer {
  constructor(...given: Arguments<typeof poolSignature, RoIPoolParameters>);
  constructor(...given: unknown[]) {
    super(nameOf(new.target), readArguments<RoIPoolParameters>(nameOf(new.target), poolSignature, {}, given));
  }

  override forward(input: Tensor, rois: RegionBoxes): Tensor {
    return psRoiPool(input, rois, this.outputSize, { spatialScale: this.spatialScale });
  }
}

/** {@link psRoiAlign} as a layer. @see torchvision.ops.PSRoIAlign */
export class PSRoIAlign extends RegionLayer {
  samplingRatio: number;

  constructor(...given: Arguments<typeof ownAlignSignature, PSRoIAlignParameters>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const options = readArguments<PSRoIAlignParameters>(layer, ownAlignSignature, {}, given);
    super(layer, options);
    this.samplingRatio = checkInteger(layer, "samplingRatio", options.samplingRatio);
  }

  override forward(input: Tensor, rois: RegionBoxes): Tensor {
    const { spatialScale, samplingRatio } = this;
    return psRoiAlign(input, rois, this.outputSize, { spatialScale, samplingRatio });
  }

  override extraRepr(): string {
    return `${super.extraRepr()}, sampling_ratio=${this.samplingRatio}`;
  }
}

/** {@link roiAlign} as a layer. @see torchvision.ops.RoIAlign @example new vision.ops.RoIAlign(7, 1 / 16, 2)(features, boxes) */
export class RoIAlign extends RegionLayer {
  samplingRatio: number;
  aligned: boolean;

  constructor(...given: Arguments<typeof alignSignature, RoIAlignParameters>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const options = readArguments<RoIAlignParameters>(layer, alignSignature, { aligned: false }, given);
    super(layer, options);
    this.samplingRatio = checkInteger(layer, "samplingRatio", options.samplingRatio);
    this.aligned = checkFlag(layer, "aligned", options.aligned);
  }

  override forward(input: Tensor, rois: RegionBoxes): Tensor {
    const { spatialScale, samplingRatio, aligned } = this;
    return roiAlign(input, rois, this.outputSize, { spatialScale, samplingRatio, aligned });
  }

  override extraRepr(): string {
    return `${super.extraRepr()}, sampling_ratio=${this.samplingRatio}, aligned=${text(this.aligned)}`;
  }
}

takes("input, rois", RoIPool, PSRoIPool, PSRoIAlign, RoIAlign);
