/** Masks of spectrograms, as SpecAugment has them (Park et al., 2019). */

import { checkFlag } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";
import { checkFinite, checkSpecgram } from "../functional/checks";
import { maskAlongAxis, maskAlongAxisIid } from "../functional/filters";
import { AudioTransform } from "./transform";

/** Parameters of {@link FrequencyMasking}. */
export interface FrequencyMaskingParameters {
  /** Fewer frequencies than this are masked. */
  freqMaskParam: number;
  /** A mask for each example and channel. Default: false. */
  iidMasks?: boolean;
}

/** Parameters of {@link TimeMasking}. */
export interface TimeMaskingParameters {
  /** Fewer frames than this are masked. */
  timeMaskParam: number;
  /** A mask for each example and channel. Default: false. */
  iidMasks?: boolean;
  /** The most that is masked, as a share of all frames. Default: 1. */
  p?: number;
}

const frequencySignature = "freqMaskParam; iidMasks";
const timeSignature = "timeMaskParam; iidMasks, p";

/** A mask along an axis, counted from the end. */
abstract class AxisMasking extends AudioTransform {
  readonly maskParam: number;
  readonly axis: number;
  readonly iidMasks: boolean;
  readonly p: number;

  constructor(op: string, name: string, axis: number, param: unknown, iidMasks: unknown, p: unknown) {
    super();
    this.maskParam = checkFinite(op, name, param);
    this.axis = axis;
    this.iidMasks = checkFlag(op, "iidMasks", iidMasks);
    this.p = checkFinite(op, "p", p);
    if (this.p < 0 || this.p > 1)
      throw new ValueError(`${op}: the value of p must be between 0.0 and 1.0 (${this.p} given)`);
  }

  /** @param maskValue What takes the place of what is masked. Default: 0. */
  override forward(specgram: Tensor, maskValue = 0): Tensor {
    checkSpecgram(classNameOf(this), specgram);
    const mask = this.iidMasks ? maskAlongAxisIid : maskAlongAxis;
    return mask(specgram, this.maskParam, maskValue, specgram.ndim + this.axis, this.p);
  }
}

/** Masks a random range of frequencies. Shape: [..., freq, time], kept. @see torchaudio.transforms.FrequencyMasking */
export class FrequencyMasking extends AxisMasking {
  /** @internal */
  static readonly signature: string = frequencySignature;

  constructor(...given: Arguments<typeof frequencySignature, FrequencyMaskingParameters>) {
    const op = "FrequencyMasking";
    const values = readArguments<FrequencyMaskingParameters>(op, frequencySignature, { iidMasks: false }, given);
    super(op, "freqMaskParam", -2, values.freqMaskParam, values.iidMasks, 1);
  }
}

/** Masks a random range of frames. Shape: [..., freq, time], kept. @see torchaudio.transforms.TimeMasking */
export class TimeMasking extends AxisMasking {
  /** @internal */
  static readonly signature: string = timeSignature;

  constructor(...given: Arguments<typeof timeSignature, TimeMaskingParameters>) {
    const op = "TimeMasking";
    const values = readArguments<TimeMaskingParameters>(op, timeSignature, { iidMasks: false, p: 1 }, given);
    super(op, "timeMaskParam", -1, values.timeMaskParam, values.iidMasks, values.p);
  }
}

takes("specgram, maskValue?", AxisMasking);
