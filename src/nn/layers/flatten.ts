/** Changes of shape. */

import { checkInteger, checkIntegers } from "../../core/arguments";
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { flatten, unflatten } from "../../ops/shape/view";
import type { Tensor } from "../../tensor/tensor";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { text } from "../module/repr";

/** Options of {@link Flatten}. */
export interface FlattenOptions {
  /** Default: 1. */
  startDim?: number;
  /** Default: −1. */
  endDim?: number;
}

const flattenSignature = "; startDim, endDim";

/** Axes `startDim` to `endDim` as one; by default all but the batch. @see torch.nn.Flatten */
export class Flatten extends Module {
  startDim: number;
  endDim: number;

  constructor(startDim?: number, endDim?: number);
  constructor(...given: Arguments<typeof flattenSignature, FlattenOptions>);
  constructor(...given: unknown[]) {
    super();
    const defaults = { startDim: 1, endDim: -1 };
    const { startDim, endDim } = readArguments<FlattenOptions>(nameOf(new.target), flattenSignature, defaults, given);
    this.startDim = startDim;
    this.endDim = endDim;
  }

  override forward(input: Tensor): Tensor {
    return flatten(input, this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/** Parameters of {@link Unflatten}. */
export interface UnflattenParameters {
  /** The axis that is split. */
  dim: number;
  /** The sizes that take its place. */
  unflattenedSize: readonly number[];
}

const unflattenSignature = "dim, unflattenedSize";

/** One axis split into several. @see torch.nn.Unflatten @example new nn.Unflatten(1, [2, 5, 5]) */
export class Unflatten extends Module {
  dim: number;
  unflattenedSize: readonly number[];

  constructor(dim: number, unflattenedSize: readonly number[]);
  constructor(...given: Arguments<typeof unflattenSignature, UnflattenParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { dim, unflattenedSize } = readArguments<UnflattenParameters>(layer, unflattenSignature, {}, given);
    this.dim = checkInteger(layer, "dim", dim);
    this.unflattenedSize = checkIntegers(layer, "unflattenedSize", unflattenedSize);
  }

  override forward(input: Tensor): Tensor {
    return unflatten(input, this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${text(this.unflattenedSize)}`;
  }
}

takes("input", Flatten, Unflatten);
