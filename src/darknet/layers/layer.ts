/** The base of all layers. */
import { noGrad } from "../../autograd/mode";
import { Module } from "../../nn/module/module";
import type { Tensor } from "../../tensor/tensor";

/** Weights as a file has them. */
export interface Weights {
  readonly tensor: Tensor;
  /** Whether the file may have the axes in the other order. */
  readonly mayBeTransposed?: boolean;
  /** Whether this file has. */
  readonly isFlipped?: boolean;
}

/** A layer of a network: takes what the layers in its plan give, mostly one. */
export abstract class Layer extends Module {
  /** Its weights, in the order of the file. */
  get weights(): readonly Weights[] {
    return [];
  }

  abstract override forward(...inputs: Tensor[]): Tensor;
}

/** A layer without state. */
export class Step extends Layer {
  constructor(
    /** What the configuration calls it. */
    private readonly type: string,
    private readonly compute: (...inputs: Tensor[]) => Tensor,
  ) {
    super();
  }

  override forward(...inputs: Tensor[]): Tensor {
    return this.compute(...inputs);
  }

  override extraRepr(): string {
    return this.type;
  }
}

/** Overwrites a tensor with numbers. */
export const fill = (target: Tensor, values: Tensor): void => {
  noGrad(() => target.copy_(values));
};
