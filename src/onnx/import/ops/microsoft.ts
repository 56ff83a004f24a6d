/** `com.microsoft`: fused ops that ONNX Runtime writes when it optimizes a file. */
import * as F from "../../../nn/functional/index";
import { matmul } from "../../../ops/linalg/matmul";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import type { Value } from "../values";
import { convolve } from "./convolutions";

const domain = "com.microsoft";

/** The function that is fused into an op, by its name. */
function activated(c: Context, x: Tensor): Tensor {
  const parameters = c.attributes.floats("activation_params") ?? [];
  switch (c.string("activation", "")) {
    case "":
      return x;
    case "Relu":
      return x.relu();
    case "Tanh":
      return x.tanh();
    case "Sigmoid":
      return x.sigmoid();
    case "LeakyRelu":
      return F.leakyRelu(x, parameters[0] ?? 0.01);
    case "Clip":
      return x.clamp(parameters[0]!, parameters[1]!);
    case "HardSigmoid":
      return x
        .mul(parameters[0] ?? 0.2)
        .add(parameters[1] ?? 0.5)
        .clamp(0, 1);
    default:
      return c.fail(`there is no activation "${c.string("activation")}"`);
  }
}

/** The sum of two tensors and a bias, normalized; the sum itself comes fourth. */
function skipLayerNorm(c: Context, isSimple: boolean): Value[] {
  const [scale, shift, bias] = isSimple
    ? [c.tensor(2), undefined, c.optional(3)]
    : [c.tensor(2), c.optional(3), c.optional(4)];
  const whole = bias === undefined ? c.x.add(c.y) : c.x.add(c.y).add(bias);
  const eps = c.float("epsilon", 1e-12);
  const size = [whole.shape.at(-1)!];
  const y = isSimple
    ? F.rmsNorm(whole, size, { weight: scale, eps })
    : F.layerNorm(whole, size, { weight: scale, ...(shift && { bias: shift }), eps });
  return [y, whole.mean(-1, true), whole.sub(whole.mean(-1, true)).square().mean(-1, true).add(eps).rsqrt(), whole];
}

function fusedMatMul(c: Context): Tensor {
  const turned = (x: Tensor, name: string) => (c.flag(name) && x.ndim > 1 ? x.transpose(-1, -2) : x);
  return matmul(turned(c.x, "transA"), turned(c.y, "transB")).mul(c.float("alpha", 1));
}

const biasGelu = (c: Context): Tensor => F.gelu(c.x.add(c.y));

export const microsoft: readonly Entry[] = [
  { name: "BiasGelu", domain, weights: [1], run: biasGelu },
  {
    name: "FastGelu",
    domain,
    weights: [1],
    run: (c) => F.gelu(c.has(1) ? c.x.add(c.y) : c.x, { approximate: "tanh" }),
  },
  { name: "FusedConv", domain, weights: [1, 2], run: (c) => activated(c, fused(c)) },
  { name: "FusedMatMul", domain, weights: [0, 1], run: fusedMatMul },
  { name: "Gelu", domain, run: (c) => F.gelu(c.x) },
  { name: "QuickGelu", domain, run: (c) => c.x.mul(c.x.mul(c.float("alpha", 1.702)).sigmoid()) },
  { name: "SkipLayerNormalization", domain, weights: [2, 3, 4], run: (c) => skipLayerNorm(c, false) },
  { name: "SkipSimplifiedLayerNormalization", domain, weights: [2, 3], run: (c) => skipLayerNorm(c, true) },
];

function fused(c: Context): Tensor {
  const y = convolve(c, c.x, c.y, c.optional(2));
  return c.has(3) ? y.add(c.tensor(3)) : y;
}
