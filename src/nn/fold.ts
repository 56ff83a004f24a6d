/** Sliding windows of images as columns, and back, as layers. */
import type { Sizes } from "../ops/sliding";
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import type { FoldOptions } from "./functional/fold";
import { Module } from "./module";
import { readOptions } from "./options";
import { text } from "./repr";

const defaults: Required<FoldOptions> = { dilation: 1, padding: 0, stride: 1 };

/** Columns summed into an image. Shape: [N, C · kernel, windows] → [N, C, …outputSize], or without N. @see torch.nn.Fold */
export class Fold extends Module {
  dilation: Sizes;
  padding: Sizes;
  stride: Sizes;

  constructor(
    public outputSize: Sizes,
    public kernelSize: Sizes,
    options: FoldOptions = {},
  ) {
    super();
    const { dilation, padding, stride } = readOptions("Fold", defaults, [options]);
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
  dilation: Sizes;
  padding: Sizes;
  stride: Sizes;

  constructor(
    public kernelSize: Sizes,
    options: FoldOptions = {},
  ) {
    super();
    const { dilation, padding, stride } = readOptions("Unfold", defaults, [options]);
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
