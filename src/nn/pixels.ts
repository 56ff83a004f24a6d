/** Channels into space and back, and resampling, as layers. */
import type { Sizes } from "../ops/sliding";
import type { Tensor } from "../tensor/tensor";
import * as F from "./functional";
import type { InterpolateMode } from "./functional/interpolate";
import { Module } from "./module";
import { readOptions } from "./options";
import { float, text } from "./repr";

/** [*, C r², H, W] → [*, C, H r, W r]. @see torch.nn.PixelShuffle; Shi et al., CVPR 2016 */
export class PixelShuffle extends Module {
  constructor(public upscaleFactor: number) {
    super();
  }

  override forward(input: Tensor): Tensor {
    return F.pixelShuffle(input, this.upscaleFactor);
  }

  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/** [*, C, H r, W r] → [*, C r², H, W]. @see torch.nn.PixelUnshuffle */
export class PixelUnshuffle extends Module {
  constructor(public downscaleFactor: number) {
    super();
  }

  override forward(input: Tensor): Tensor {
    return F.pixelUnshuffle(input, this.downscaleFactor);
  }

  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}

/** Channels dealt out to groups in turn. Shape: [N, C, …], unchanged. @see torch.nn.ChannelShuffle; Zhang et al., CVPR 2018 */
export class ChannelShuffle extends Module {
  constructor(public groups: number) {
    super();
  }

  override forward(input: Tensor): Tensor {
    return F.channelShuffle(input, this.groups);
  }

  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}

/** Options of {@link Upsample}. */
export interface UpsampleLayerOptions {
  /** The output size: one for all axes, or one for each. */
  size?: Sizes | null;
  /** Or its ratio to the input size. */
  scaleFactor?: Sizes | null;
  /** Default: `"nearest"`. */
  mode?: InterpolateMode;
  /** Let the centres of the corners meet. Default: false. */
  alignCorners?: boolean | null;
  /** Derive the scale from the sizes instead of using `scaleFactor` itself. Default: false. */
  recomputeScaleFactor?: boolean | null;
}

/** Resampling to another size. Shape: [N, C, L], [N, C, H, W] or [N, C, D, H, W] (by mode). @see torch.nn.Upsample */
export class Upsample extends Module {
  size: Sizes | null;
  scaleFactor: Sizes | null;
  mode: InterpolateMode;
  alignCorners: boolean | null;
  recomputeScaleFactor: boolean | null;

  constructor(options: UpsampleLayerOptions = {}) {
    super();
    const defaults: Required<UpsampleLayerOptions> = {
      size: null,
      scaleFactor: null,
      mode: "nearest",
      alignCorners: null,
      recomputeScaleFactor: null,
    };
    const given = readOptions("Upsample", defaults, [options]);
    this.size = given.size;
    this.scaleFactor = given.scaleFactor;
    this.mode = given.mode;
    this.alignCorners = given.alignCorners;
    this.recomputeScaleFactor = given.recomputeScaleFactor;
  }

  override forward(input: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    return F.interpolate(input, { size, scaleFactor, mode, alignCorners, recomputeScaleFactor });
  }

  override extraRepr(): string {
    const { scaleFactor, size, mode } = this;
    if (scaleFactor === null) return `size=${text(size)}, mode=${mode}`;
    const scale = typeof scaleFactor === "number" ? float(scaleFactor) : `(${scaleFactor.map(float).join(", ")})`;
    return `scale_factor=${scale}, mode=${mode}`;
  }
}

/** Options of {@link UpsamplingNearest2d} and {@link UpsamplingBilinear2d}. */
export interface Upsampling2dOptions {
  size?: Sizes | null;
  scaleFactor?: Sizes | null;
}

/** {@link Upsample} of images with mode `"nearest"`. @see torch.nn.UpsamplingNearest2d */
export class UpsamplingNearest2d extends Upsample {
  constructor(options: Upsampling2dOptions = {}) {
    super({
      ...readOptions("UpsamplingNearest2d", { size: null, scaleFactor: null } as Upsampling2dOptions, [options]),
      mode: "nearest",
    });
  }
}

/** {@link Upsample} of images with mode `"bilinear"` and aligned corners. @see torch.nn.UpsamplingBilinear2d */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options: Upsampling2dOptions = {}) {
    const given = readOptions("UpsamplingBilinear2d", { size: null, scaleFactor: null } as Upsampling2dOptions, [
      options,
    ]);
    super({ ...given, mode: "bilinear", alignCorners: true });
  }
}
