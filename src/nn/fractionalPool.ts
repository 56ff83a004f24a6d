/** Pooling over windows of random size, as layers. */
import type { Sizes } from "../ops/sliding";
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import type { FractionalMaxPoolOptions } from "./functional/fractionalPool";
import { Module } from "./module";
import { readOptions } from "./options";

abstract class FractionalMaxPool extends Module {
  outputSize: Sizes | null;
  outputRatio: Sizes | null;
  returnIndices: boolean;
  protected readonly randomSamples: Tensor | null;

  constructor(
    public kernelSize: Sizes,
    options: FractionalMaxPoolOptions = {},
  ) {
    super();
    const defaults: Required<FractionalMaxPoolOptions> = {
      outputSize: null,
      outputRatio: null,
      returnIndices: false,
      _randomSamples: null,
    };
    const given = readOptions(this.constructor.name, defaults, [options]);
    this.outputSize = given.outputSize;
    this.outputRatio = given.outputRatio;
    this.returnIndices = given.returnIndices;
    this.randomSamples = given._randomSamples;
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
