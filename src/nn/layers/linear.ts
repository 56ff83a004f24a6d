/** Linear maps. */

import type { Device } from "../../backend/backend";
import { nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { uniform_ } from "../init";
import { type FactoryOptions, newParameter, resetWeightAndBias } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { text } from "../module/repr";

/** Options of {@link Linear} and {@link Bilinear}. */
export interface LinearOptions extends FactoryOptions {
  /** Whether a bias is learned. Default: true. */
  bias?: boolean;
}

const linearSignature = "inFeatures, outFeatures; bias, device, dtype";

/** Parameters of {@link Linear}. */
export interface LinearParameters extends LinearOptions {
  /** The size of the last axis of inputs. */
  inFeatures: number;
  /** The size of the last axis of outputs. */
  outFeatures: number;
}

/**
 * x · weightᵀ + bias. Shape: [*, inFeatures] → [*, outFeatures].
 * @see torch.nn.Linear
 * @example new nn.Linear(3, 2, { bias: false })
 */
export class Linear extends Module {
  inFeatures: number;
  outFeatures: number;
  /** Shape: [outFeatures, inFeatures]. */
  weight: Parameter;
  /** Shape: [outFeatures]. */
  bias: Parameter | null;

  constructor(
    inFeatures: number,
    outFeatures: number,
    bias?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof linearSignature, LinearParameters>);
  constructor(...given: unknown[]) {
    super();
    const { inFeatures, outFeatures, bias, ...where } = readArguments<LinearParameters>(
      nameOf(new.target),
      linearSignature,
      { bias: true },
      given,
    );
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = newParameter([outFeatures, inFeatures], where);
    this.bias = bias ? newParameter([outFeatures], where) : null;
    this.resetParameters();
  }

  /** Draws new initial values. */
  resetParameters(): void {
    resetWeightAndBias(this.weight, this.bias);
  }

  override forward(input: Tensor): Tensor {
    return F.linear(input, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${text(this.bias !== null)}`;
  }
}

const bilinearSignature = "in1Features, in2Features, outFeatures; bias, device, dtype";

/** Parameters of {@link Bilinear}. */
export interface BilinearParameters extends LinearOptions {
  /** The size of the last axis of first inputs. */
  in1Features: number;
  /** The size of the last axis of second inputs. */
  in2Features: number;
  /** The size of the last axis of outputs. */
  outFeatures: number;
}

/**
 * x1ᵀ · weight · x2 + bias. Shape: [*, in1Features] and [*, in2Features] → [*, outFeatures].
 * @see torch.nn.Bilinear
 */
export class Bilinear extends Module {
  in1Features: number;
  in2Features: number;
  outFeatures: number;
  /** Shape: [outFeatures, in1Features, in2Features]. */
  weight: Parameter;
  /** Shape: [outFeatures]. */
  bias: Parameter | null;

  constructor(
    in1Features: number,
    in2Features: number,
    outFeatures: number,
    bias?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof bilinearSignature, BilinearParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { in1Features, in2Features, outFeatures, bias, ...where } = readArguments<BilinearParameters>(
      layer,
      bilinearSignature,
      { bias: true },
      given,
    );
    if (in1Features === 0) throw new ValueError(`${layer}: in1Features must be greater than 0, got 0`);
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    this.weight = newParameter([outFeatures, in1Features, in2Features], where);
    this.bias = bias ? newParameter([outFeatures], where) : null;
    this.resetParameters();
  }

  /** Draws new initial values. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features);
    uniform_(this.weight, -bound, bound);
    if (this.bias !== null) uniform_(this.bias, -bound, bound);
  }

  override forward(input1: Tensor, input2: Tensor): Tensor {
    return F.bilinear(input1, input2, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in1_features=${this.in1Features}, in2_features=${this.in2Features}, out_features=${this.outFeatures}, bias=${text(this.bias !== null)}`;
  }
}

/** Gives its input back. Takes any arguments. @see torch.nn.Identity */
export class Identity extends Module {
  constructor(..._args: unknown[]) {
    super();
  }

  override forward(input: Tensor): Tensor {
    return input;
  }
}

takes("input", Linear, Identity);
takes("input1, input2", Bilinear);
