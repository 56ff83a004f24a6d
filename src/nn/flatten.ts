/** Changes of shape. */
import { flatten, unflatten } from "../ops/view";
import type { Tensor } from "../tensor/tensor";
import { Module } from "./module";
import { readOptions } from "./options";
import { text } from "./repr";

/** Options of {@link Flatten}. */
export interface FlattenOptions {
  /** Default: 1. */
  startDim?: number;
  /** Default: −1. */
  endDim?: number;
}

/** Axes `startDim` to `endDim` as one; by default all but the batch. @see torch.nn.Flatten */
export class Flatten extends Module {
  startDim: number;
  endDim: number;

  constructor(options?: FlattenOptions);
  constructor(startDim: number, endDim?: number);
  constructor(...rest: unknown[]) {
    super();
    const { startDim, endDim } = readOptions("Flatten", { startDim: 1, endDim: -1 }, rest, ["startDim", "endDim"]);
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

/** One axis split into several. @see torch.nn.Unflatten @example new nn.Unflatten(1, [2, 5, 5]) */
export class Unflatten extends Module {
  constructor(
    public dim: number,
    public unflattenedSize: readonly number[],
  ) {
    super();
  }

  override forward(input: Tensor): Tensor {
    return unflatten(input, this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${text(this.unflattenedSize)}`;
  }
}
