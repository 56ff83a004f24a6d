/** Pooling over windows of random size, as layers. */

import { checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkSizes, type Sizes } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import type { FractionalMaxPoolOptions } from "../functional/fractionalPool";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import type { KernelParameters } from "./pooling";

const signature = "kernelSize; outputSize, outputRatio, returnIndices, _randomSamples";

abstract class FractionalMaxPool extends Module {
  kernelSize: Sizes;
  outputSize: Sizes | null;
  outputRatio: Sizes | null;
  returnIndices: boolean;
  protected readonly randomSamples: Tensor | null;

  constructor(
    kernelSize: Sizes,
    outputSize?: Sizes | null,
    outputRatio?: Sizes | null,
    returnIndices?: boolean,
    _randomSamples?: Tensor | null,
  );
  constructor(...given: Arguments<typeof signature, KernelParameters & FractionalMaxPoolOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<FractionalMaxPoolOptions> = {
      outputSize: null,
      outputRatio: null,
      returnIndices: false,
      _randomSamples: null,
    };
    const options = readArguments<KernelParameters & FractionalMaxPoolOptions>(layer, signature, defaults, given);
    const { kernelSize, outputSize, outputRatio } = options;
    checkSizes(layer, outputSize === null ? { kernelSize } : { kernelSize, outputSize });
    if ((outputSize === null) === (outputRatio === null))
      throw new ValueError(`${layer}: requires either outputSize or outputRatio, and not both`);
    for (const ratio of outputRatio === null ? [] : [outputRatio].flat())
      if (!(checkNumber(layer, "outputRatio", ratio) > 0 && ratio < 1))
        throw new ValueError(`${layer}: outputRatio must be between 0 and 1, got ${ratio}`);
    this.kernelSize = kernelSize;
    this.outputSize = outputSize;
    this.outputRatio = outputRatio;
    this.returnIndices = options.returnIndices;
    this.randomSamples = options._randomSamples;
  }

  /** The options of the functional form. */
  protected settings(): FractionalMaxPoolOptions {
    const { outputSize, outputRatio, returnIndices, randomSamples } = this;
    return { outputSize, outputRatio, returnIndices, _randomSamples: randomSamples };
  }
}

/** Maxima over windows of which the places are random. Shape: [N, C, H, W] or [C, H, W]. @see torch.nn.FractionalMaxPool2d; Graham, 2014 */
export class FractionalMaxPool2d extends FractionalMaxPool {
  override forward(input: Tensor): Tensor {
    return F.fractionalMaxPool2d(input, this.kernelSize, this.settings());
  }
}

/** Maxima over windows of which the places are random. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.FractionalMaxPool3d; Graham, 2014 */
export class FractionalMaxPool3d extends FractionalMaxPool {
  override forward(input: Tensor): Tensor {
    return F.fractionalMaxPool3d(input, this.kernelSize, this.settings());
  }
}

takes("input", FractionalMaxPool2d, FractionalMaxPool3d);
