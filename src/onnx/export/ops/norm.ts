/** Normalization. */
import type { Args, Forms, Lower } from "../form";
import { float, type Graph } from "../graph";
import type { Value } from "../types";
import { Sym } from "../types";

const ones = (g: Graph, n: number, like: Value, value = 1): Value => g.constant(new Array(n).fill(value), like.dtype);

/** Batch normalization by running statistics. */
function batchNorm(g: Graph, a: Args): Value {
  const { input, runningMean, runningVar } = a;
  if (a.training || !runningMean || !runningVar)
    throw g.refuse(
      "normalizes by the batch's own statistics; export the model in evaluation mode, with running statistics",
    );
  const channels = g.fixed(input.shape[1]!, "a number of channels");
  const weight = a.weight ?? ones(g, channels, input);
  const bias = a.bias ?? ones(g, channels, input, 0);
  return g.add("BatchNormalization", [input, weight, bias, runningMean, runningVar], { epsilon: float(a.eps ?? 1e-5) });
}

/** (x − mean) / √(var + eps) over the last `axes` axes. */
function standardize(g: Graph, x: Value, axes: readonly number[], eps: number): Value {
  const centered = g.add("Sub", [x, g.reduce("ReduceMean", x, axes, true)]);
  const variance = g.reduce("ReduceMean", g.add("Mul", [centered, centered]), axes, true);
  return g.add("Div", [centered, g.add("Sqrt", [g.add("Add", [variance, g.scalar(eps, x.dtype)])])]);
}

function scale(g: Graph, x: Value, weight: Value | null | undefined, bias: Value | null | undefined): Value {
  const y = weight ? g.add("Mul", [x, weight]) : x;
  return bias ? g.add("Add", [y, bias]) : y;
}

function layerNorm(g: Graph, a: Args): Value {
  const shape = typeof a.normalizedShape === "number" ? [a.normalizedShape] : a.normalizedShape;
  const axes = shape.map((_: unknown, i: number) => i - shape.length);
  const eps = a.eps ?? 1e-5;
  const isFixed = shape.every((n: unknown) => !(n instanceof Sym));
  if (g.opset < 17 || !isFixed) return scale(g, standardize(g, a.input, axes, eps), a.weight, a.bias);
  const count = shape.reduce((n: number, m: number) => n * m, 1);
  const weight = a.weight ?? g.constant(new Array(count).fill(1), a.input.dtype, shape);
  return g.add("LayerNormalization", [a.input, weight, a.bias], { axis: axes[0], epsilon: float(eps) });
}

/** One weight per channel, shaped to broadcast over the axes after it. */
const perChannel = (g: Graph, x: Value | null | undefined, ndim: number): Value | null =>
  x ? g.reshape(x, [x.shape[0]!, ...new Array(ndim - 2).fill(1)]) : null;

/** Groups are normalized as the instances of a tensor [N, groups, rest], of which ONNX has a form in every opset. */
function groupNorm(g: Graph, a: Args): Value {
  const { input, numGroups } = a;
  const grouped = g.add("Reshape", [input, g.constant([0, numGroups, -1], "int64")]);
  const normal = g.add("InstanceNormalization", [grouped, ones(g, numGroups, input), ones(g, numGroups, input, 0)], {
    epsilon: float(a.eps ?? 1e-5),
  });
  const shaped = g.reshape(normal, input.shape);
  const ndim = input.shape.length;
  return scale(g, shaped, perChannel(g, a.weight, ndim), perChannel(g, a.bias, ndim));
}

const instanceNorm: Lower = (g, a) => {
  if (a.useInputStats === false) return batchNorm(g, { ...a, training: false });
  const channels = g.fixed(a.input.shape[1]!, "a number of channels");
  const weight = a.weight ?? ones(g, channels, a.input);
  const bias = a.bias ?? ones(g, channels, a.input, 0);
  return g.add("InstanceNormalization", [a.input, weight, bias], { epsilon: float(a.eps ?? 1e-5) });
};

export const norm: Forms = {
  batchNorm,
  layerNorm,
  groupNorm,
  instanceNorm,
  rmsNorm: (g, a) => {
    const shape = typeof a.normalizedShape === "number" ? [a.normalizedShape] : a.normalizedShape;
    const axes = shape.map((_: unknown, i: number) => i - shape.length);
    const mean = g.reduce("ReduceMean", g.add("Mul", [a.input, a.input]), axes, true);
    const eps = a.eps ?? (a.input.dtype === "float64" ? 2.220446049250313e-16 : 1.1920928955078125e-7);
    const root = g.add("Sqrt", [g.add("Add", [mean, g.scalar(eps, a.input.dtype)])]);
    return scale(g, g.add("Div", [a.input, root]), a.weight, null);
  },
  // An even window lies to the other side in ONNX.
  localResponseNorm: {
    when: (a) => a.size % 2 === 1,
    lower: (g, a) =>
      g.add("LRN", [a.input], {
        size: a.size,
        alpha: float(a.alpha ?? 1e-4),
        beta: float(a.beta ?? 0.75),
        bias: float(a.k ?? 1),
      }),
  },
};
