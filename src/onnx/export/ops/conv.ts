/** Convolutions. */
import type { Args, Forms, Lower } from "../form";
import type { Graph } from "../graph";
import type { Value } from "../types";

/** A setting as one number per axis. */
export const perAxis = (x: unknown, dims: number, otherwise: number): number[] =>
  x == null
    ? new Array(dims).fill(otherwise)
    : Array.isArray(x)
      ? x.length === 1
        ? new Array(dims).fill(x[0])
        : x
      : new Array(dims).fill(x);

/** Runs `body` on a batch; an input without one gets an axis for it, and loses it again. */
export function batched(g: Graph, x: Value, dims: number, body: (x: Value) => Value): Value {
  if (x.shape.length === dims + 2) return body(x);
  return g.squeeze(body({ ...g.unsqueeze(x, [0]), shape: [1, ...x.shape] }), [0]);
}

function pads(g: Graph, a: Args, kernel: readonly number[], dilation: readonly number[]): number[] {
  if (a.padding === "valid") return new Array(2 * kernel.length).fill(0);
  if (a.padding === "same") {
    // What is left over goes to the end, as PyTorch pads.
    const total = kernel.map((k, i) => dilation[i]! * (k - 1));
    return [...total.map((n) => Math.floor(n / 2)), ...total.map((n) => n - Math.floor(n / 2))];
  }
  const both = g.fixedAll(perAxis(a.padding, kernel.length, 0), "padding");
  return [...both, ...both];
}

function convolve(g: Graph, a: Args, isTransposed: boolean): Value {
  const kernel = g.fixedAll(a.weight.shape.slice(2), "a kernel");
  const dims = kernel.length;
  const dilations = perAxis(a.dilation, dims, 1);
  const attributes = {
    kernel_shape: kernel,
    strides: perAxis(a.stride, dims, 1),
    pads: pads(g, a, kernel, dilations),
    dilations,
    group: a.groups ?? 1,
    output_padding: isTransposed ? perAxis(a.outputPadding, dims, 0) : undefined,
  };
  return batched(g, a.input, dims, (x) =>
    g.add(isTransposed ? "ConvTranspose" : "Conv", [x, a.weight, a.bias], attributes),
  );
}

const plain: Lower = (g, a) => convolve(g, a, false);
const transposed: Lower = (g, a) => convolve(g, a, true);

export const conv: Forms = {
  conv1d: plain,
  conv2d: plain,
  conv3d: plain,
  convTranspose1d: transposed,
  convTranspose2d: transposed,
  convTranspose3d: transposed,
  convolution: (g, a) => convolve(g, a, a.transposed),
};
