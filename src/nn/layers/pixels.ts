/** Channels into space and back, and resampling, as layers. */

import { checkInteger, checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { checkSizes, type Sizes } from "../../ops/layers/slidingWindows";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { checkMode, type InterpolateMode } from "../functional/interpolate";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { float, text } from "../module/repr";

/** [*, C r², H, W] → [*, C, H r, W r]. @see torch.nn.PixelShuffle; Shi et al., CVPR 2016 */
export class PixelShuffle extends Module {
  upscaleFactor: number;

  constructor(upscaleFactor: number);
  constructor(options: { upscaleFactor: number });
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<{ upscaleFactor: number }>(layer, "upscaleFactor", {}, given);
    this.upscaleFactor = checkInteger(layer, "upscaleFactor", options.upscaleFactor, 1);
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
  downscaleFactor: number;

  constructor(downscaleFactor: number);
  constructor(options: { downscaleFactor: number });
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<{ downscaleFactor: number }>(layer, "downscaleFactor", {}, given);
    this.downscaleFactor = checkInteger(layer, "downscaleFactor", options.downscaleFactor, 1);
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
  groups: number;

  constructor(groups: number);
  constructor(options: { groups: number });
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<{ groups: number }>(layer, "groups", {}, given);
    this.groups = checkInteger(layer, "groups", options.groups, 1);
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
  /** Let the centers of the corners meet. Default: false. */
  alignCorners?: boolean | null;
  /** Derive the scale from the sizes instead of using `scaleFactor` itself. Default: false. */
  recomputeScaleFactor?: boolean | null;
}

const upsampleSignature = "; size, scaleFactor, mode, alignCorners, recomputeScaleFactor";

/** Resampling to another size. Shape: [N, C, L], [N, C, H, W] or [N, C, D, H, W] (by mode). @see torch.nn.Upsample */
export class Upsample extends Module {
  size: Sizes | null;
  scaleFactor: Sizes | null;
  mode: InterpolateMode;
  alignCorners: boolean | null;
  recomputeScaleFactor: boolean | null;

  constructor(
    size?: Sizes | null,
    scaleFactor?: Sizes | null,
    mode?: InterpolateMode,
    alignCorners?: boolean | null,
    recomputeScaleFactor?: boolean | null,
  );
  constructor(...given: Arguments<typeof upsampleSignature, UpsampleLayerOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults: Required<UpsampleLayerOptions> = {
      size: null,
      scaleFactor: null,
      mode: "nearest",
      alignCorners: null,
      recomputeScaleFactor: null,
    };
    const options = readArguments<UpsampleLayerOptions>(layer, upsampleSignature, defaults, given);
    const { size, scaleFactor } = options;
    if (size !== null) checkSizes(layer, { size });
    for (const factor of scaleFactor === null ? [] : [scaleFactor].flat()) checkNumber(layer, "scaleFactor", factor);
    this.size = size;
    this.scaleFactor = scaleFactor;
    this.mode = checkMode(layer, options.mode);
    this.alignCorners = options.alignCorners;
    this.recomputeScaleFactor = options.recomputeScaleFactor;
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

const upsampling2dSignature = "; size, scaleFactor";
const upsampling2dDefaults: Required<Upsampling2dOptions> = { size: null, scaleFactor: null };

/** {@link Upsample} of images with mode `"nearest"`. @see torch.nn.UpsamplingNearest2d */
export class UpsamplingNearest2d extends Upsample {
  constructor(size?: Sizes | null, scaleFactor?: Sizes | null);
  constructor(...given: Arguments<typeof upsampling2dSignature, Upsampling2dOptions>);
  constructor(...given: unknown[]) {
    const options = readArguments<Upsampling2dOptions>(
      nameOf(new.target),
      upsampling2dSignature,
      upsampling2dDefaults,
      given,
    );
    super({ ...options, mode: "nearest" });
  }
}

/** {@link Upsample} of images with mode `"bilinear"` and aligned corners. @see torch.nn.UpsamplingBilinear2d */
export class UpsamplingBilinear2d extends Upsample {
  constructor(size?: Sizes | null, scaleFactor?: Sizes | null);
  constructor(...given: Arguments<typeof upsampling2dSignature, Upsampling2dOptions>);
  constructor(...given: unknown[]) {
    const options = readArguments<Upsampling2dOptions>(
      nameOf(new.target),
      upsampling2dSignature,
      upsampling2dDefaults,
      given,
    );
    super({ ...options, mode: "bilinear", alignCorners: true });
  }
}

takes("input", PixelShuffle, PixelUnshuffle, ChannelShuffle, Upsample);
