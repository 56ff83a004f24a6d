/** Dropout layers. */

import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { float, text } from "../module/repr";

/** Options of the dropout layers. */
export interface DropoutLayerOptions {
  /** The probability of an element, or a channel, to be dropped. Default: 0.5. */
  p?: number;
  /** Change the input. Default: false. */
  inplace?: boolean;
}

const signature = "; p, inplace";

abstract class DropoutLayer extends Module {
  p: number;
  inplace: boolean;

  constructor(p?: number, inplace?: boolean);
  constructor(...given: Arguments<typeof signature, DropoutLayerOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { p, inplace } = readArguments<DropoutLayerOptions>(layer, signature, { p: 0.5, inplace: false }, given);
    if (!(p >= 0 && p <= 1))
      throw new ValueError(`${layer}: dropout probability has to be between 0 and 1, but got ${p}`);
    this.p = p;
    this.inplace = inplace;
  }

  /** The arguments of the functional form. */
  protected settings(): { p: number; training: boolean; inplace: boolean } {
    return { p: this.p, training: this.training, inplace: this.inplace };
  }

  override extraRepr(): string {
    return `p=${float(this.p)}, inplace=${text(this.inplace)}`;
  }
}

/**
 * In training, sets each element to zero with probability p and multiplies the others by 1 / (1 − p). Shape: any.
 * @see torch.nn.Dropout
 * @example new nn.Dropout(0.2)
 */
export class Dropout extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.dropout(input, this.settings());
  }
}

/** {@link Dropout} of whole channels. Shape: [N, C, L] or [C, L]. @see torch.nn.Dropout1d */
export class Dropout1d extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.dropout1d(input, this.settings());
  }
}

/** {@link Dropout} of whole channels. Shape: [N, C, H, W]. @see torch.nn.Dropout2d */
export class Dropout2d extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.dropout2d(input, this.settings());
  }
}

/** {@link Dropout} of whole channels. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.Dropout3d */
export class Dropout3d extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.dropout3d(input, this.settings());
  }
}

/** Dropout that keeps mean and variance, for SELU. Shape: any. @see torch.nn.AlphaDropout */
export class AlphaDropout extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.alphaDropout(input, this.settings());
  }
}

/** {@link AlphaDropout} of whole channels. Shape: [N, C, …]. @see torch.nn.FeatureAlphaDropout */
export class FeatureAlphaDropout extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.featureAlphaDropout(input, this.settings());
  }
}

takes("input", Dropout, Dropout1d, Dropout2d, Dropout3d, AlphaDropout, FeatureAlphaDropout);
