/** What tests of custom functions share. */
import * as torch from "kindling";
import { autograd } from "kindling";

/** A vector that collects a gradient. */
export const leaf = (...values: number[]) => torch.tensor(values, { dtype: "float64", requiresGrad: true });

/** A function with the given passes, as JavaScript would write it. */
export const custom = (forward: (ctx: any, ...args: any[]) => any, backward?: (ctx: any, ...grads: any[]) => any) => {
  class Custom extends autograd.Function {
    static forward = forward;
    static backward = backward;
  }
  return Custom;
};
