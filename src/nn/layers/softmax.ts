/** Softmax and its relatives as layers. */

import { classNameOf, nameOf } from "../../core/className";
import { ShapeError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { text } from "../module/repr";

/** Options of the softmax layers. */
export interface SoftmaxOptions {
  /** The axis whose elements sum to 1. Default: 0 for inputs of 0, 1 or 3 axes, else 1; better say it. */
  dim?: number | null;
}

const signature = "; dim";

abstract class AlongDim extends Module {
  dim: number | null;

  constructor(dim?: number | null);
  constructor(...given: Arguments<typeof signature, SoftmaxOptions>);
  constructor(...given: unknown[]) {
    super();
    this.dim = readArguments<SoftmaxOptions>(nameOf(new.target), signature, { dim: null }, given).dim;
  }

  /** The axis, by PyTorch's old rule where none was named. */
  protected dimFor(input: Tensor): number {
    checkTensor(classNameOf(this), input);
    return this.dim ?? (input.ndim === 0 || input.ndim === 1 || input.ndim === 3 ? 0 : 1);
  }

  override extraRepr(): string {
    return `dim=${text(this.dim)}`;
  }
}

/** exp(x) / Σ exp(x) along an axis. Shape: any, unchanged. @see torch.nn.Softmax */
export class Softmax extends AlongDim {
  override forward(input: Tensor): Tensor {
    return F.softmax(input, this.dimFor(input));
  }
}

/** log(softmax(x)) along an axis. Shape: any, unchanged. @see torch.nn.LogSoftmax */
export class LogSoftmax extends AlongDim {
  override forward(input: Tensor): Tensor {
    return F.logSoftmax(input, this.dimFor(input));
  }
}

/** softmax(−x) along an axis. Shape: any, unchanged. @see torch.nn.Softmin */
export class Softmin extends AlongDim {
  override forward(input: Tensor): Tensor {
    return F.softmin(input, this.dimFor(input));
  }
}

/** Softmax over the channels at every place of an image. Shape: [N, C, H, W] or [C, H, W]. @see torch.nn.Softmax2d */
export class Softmax2d extends Module {
  constructor(...given: []) {
    super();
    readArguments(nameOf(new.target), "", {}, given);
  }

  override forward(input: Tensor): Tensor {
    const layer = classNameOf(this);
    if (checkTensor(layer, input).ndim !== 3 && input.ndim !== 4)
      throw new ShapeError(`${layer}: requires a 3D or 4D tensor as input, got ${input.ndim} axes`);
    return F.softmax(input, -3);
  }
}

takes("input", Softmax, LogSoftmax, Softmin, Softmax2d);
