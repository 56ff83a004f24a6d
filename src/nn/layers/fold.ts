/** Sliding windows of images as columns, and back, as layers. */
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { checkSizes, type Sizes } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import type { FoldOptions } from "../functional/fold";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { text } from "../module/repr";

const defaults: Required<FoldOptions> = { dilation: 1, padding: 0, stride: 1 };
const foldSignature = "outputSize, kernelSize; dilation, padding, stride";
const unfoldSignature = "kernelSize; dilation, padding, stride";

/** Parameters of {@link Unfold}. */
export interface UnfoldParameters extends FoldOptions {
  /** The size of the windows: one for both axes, or one for each. */
  kernelSize: Sizes;
}

/** Parameters of {@link Fold}. */
export interface FoldParameters extends UnfoldParameters {
  /** The size of the image. */
  outputSize: Sizes;
}

/** Columns summed into an image. Shape: [N, C · kernel, windows] → [N, C, …outputSize], or without N. @see torch.nn.Fold */
export class Fold extends Module {
  outputSize: Sizes;
  kernelSize: Sizes;
  dilation: Sizes;
  padding: Sizes;
  stride: Sizes;

  constructor(outputSize: Sizes, kernelSize: Sizes, dilation?: Sizes, padding?: Sizes, stride?: Sizes);
  constructor(...given: Arguments<typeof foldSignature, FoldParameters>);
  constructor(...given: unknown[]) {
    super();
    const options = readArguments<FoldParameters>(nameOf(new.target), foldSignature, defaults, given);
    const { outputSize, kernelSize, dilation, padding, stride } = options;
    checkSizes(nameOf(new.target), { outputSize, kernelSize, dilation, padding, stride });
    this.outputSize = outputSize;
    this.kernelSize = kernelSize;
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }

  override forward(input: Tensor): Tensor {
    const { outputSize, kernelSize, dilation, padding, stride } = this;
    return F.fold(input, outputSize, kernelSize, { dilation, padding, stride });
  }

  override extraRepr(): string {
    const { outputSize, kernelSize, dilation, padding, stride } = this;
    return `output_size=${text(outputSize)}, kernel_size=${text(kernelSize)}, dilation=${text(dilation)}, padding=${text(padding)}, stride=${text(stride)}`;
  }
}

/** The elements under a sliding window as columns. Shape: [N, C, H, W] → [N, C · kernel, windows], or without N. @see torch.nn.Unfold */
export class Unfold extends Module {
  kernelSize: Sizes;
  dilation: Sizes;
  padding: Sizes;
  stride: Sizes;

  constructor(kernelSize: Sizes, dilation?: Sizes, padding?: Sizes, stride?: Sizes);
  constructor(...given: Arguments<typeof unfoldSignature, UnfoldParameters>);
  constructor(...given: unknown[]) {
    super();
    const options = readArguments<UnfoldParameters>(nameOf(new.target), unfoldSignature, defaults, given);
    const { kernelSize, dilation, padding, stride } = options;
    checkSizes(nameOf(new.target), { kernelSize, dilation, padding, stride });
    this.kernelSize = kernelSize;
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }

  override forward(input: Tensor): Tensor {
    const { kernelSize, dilation, padding, stride } = this;
    return F.unfold(input, kernelSize, { dilation, padding, stride });
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return `kernel_size=${text(kernelSize)}, dilation=${text(dilation)}, padding=${text(padding)}, stride=${text(stride)}`;
  }
}

takes("input", Fold, Unfold);
