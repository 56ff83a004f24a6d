/** Activation functions with parameters; those without are in unary.ts and trigonometric.ts. */

import type { UnaryName } from "../../backend/elementwise";
import { checkChoice, checkNumber, checkNumbers } from "../../core/arguments";
import { getDefaultDtype, resultType, scalarType } from "../../core/dtype";
import { ArgumentError, checkOptions } from "../../core/errors";
import { finfo } from "../../core/limits";
import { alias, named } from "../../core/signature";
import { checkScalar } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { mapWith } from "../builders/define";
import { inplace, inplaceMap } from "../builders/inplace";
import {
  geluBackward,
  hardswishBackward,
  insideBackward,
  leakyReluBackward,
  siluBackward,
  thresholdBackward,
} from "./activationBackward";

/** The gradient where a condition on the input holds, else 0. */
const only = (g: Tensor, mask: Tensor): Tensor => g.where(mask, 0);

/** x for x > 0, else negativeSlope · x. Default slope: 0.01. @see torch.nn.functional.leaky_relu */
export const leakyRelu = named(
  "leakyRelu",
  "input; negativeSlope",
  (x: Tensor, options: { negativeSlope?: number } = {}): Tensor => {
    const { negativeSlope: slope } = checkNumbers("leakyRelu", options, { negativeSlope: 0.01 });
    return mapWith("leakyRelu", x, {
      dtypes: "float",
      p: slope,
      grad: (g, saved) => leakyReluBackward(g, saved, { alpha: slope }),
    });
  },
);

/** scale · (x for x > 0, else alpha · (e^(inputScale·x) − 1)) and its derivative, shared by elu, celu and selu. */
function exponentialUnit(
  name: string,
  x: Tensor,
  kernel: UnaryName,
  p: number,
  q: number,
  slope: (x: Tensor) => Tensor,
  scale: number,
): Tensor {
  return mapWith(name, x, {
    dtypes: "float",
    kernel,
    p,
    q,
    grad: (g, saved) => g.mul(scale).where(saved.gt(0), g.mul(slope(saved.clamp({ max: 0 })))),
  });
}

/** x for x > 0, else alpha · (e^x − 1). Default alpha: 1. @see torch.nn.functional.elu */
export const elu = named("elu", "input; alpha", (x: Tensor, options: { alpha?: number } = {}): Tensor => {
  const { alpha } = checkNumbers("elu", options, { alpha: 1 });
  return exponentialUnit("elu", x, "elu", alpha, 1, (s) => s.exp().mul(alpha), 1);
});

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** The self-normalizing unit (Klambauer et al., 2017). @see torch.nn.functional.selu */
export const selu = named(
  "selu",
  "input",
  (x: Tensor): Tensor =>
    exponentialUnit("selu", x, "elu", SELU_ALPHA, SELU_SCALE, (s) => s.exp().mul(SELU_ALPHA * SELU_SCALE), SELU_SCALE),
);

/** max(0, x) + min(0, alpha · (e^(x/alpha) − 1)). Default alpha: 1. @see torch.nn.functional.celu */
export const celu = named("celu", "input;; alpha", (x: Tensor, options: { alpha?: number } = {}): Tensor => {
  const { alpha } = checkNumbers("celu", options, { alpha: 1 });
  return exponentialUnit("celu", x, "celu", alpha, 0, (s) => s.div(alpha).exp(), 1);
});

/** x · Φ(x), or with `approximate: "tanh"` its usual approximation. @see torch.nn.functional.gelu (Hendrycks and Gimpel, 2016) */
export const gelu = named(
  "gelu",
  "input; approximate",
  (x: Tensor, options: { approximate?: "none" | "tanh" } = {}): Tensor => {
    const tanh = checkChoice("gelu", "approximate", options.approximate ?? "none", ["none", "tanh"]) === "tanh";
    return mapWith("gelu", x, {
      dtypes: "float",
      kernel: tanh ? "geluTanh" : "gelu",
      grad: (g, s) => (tanh ? g.mul(geluTanhSlope(s)) : geluBackward(g, s)),
    });
  },
);

function geluTanhSlope(x: Tensor): Tensor {
  const [beta, kappa] = [Math.sqrt(2 / Math.PI), 0.044715];
  const inner = x.add(x.pow(3).mul(kappa)).mul(beta);
  const t = inner.tanh();
  const left = t.add(1).mul(0.5);
  const slope = x
    .mul(x)
    .mul(3 * kappa)
    .add(1)
    .mul(beta);
  return left.add(x.mul(0.5).mul(t.mul(t).neg().add(1)).mul(slope));
}

/** x · sigmoid(x). @see torch.nn.functional.silu */
export const silu = named(
  "silu",
  "input",
  (x: Tensor): Tensor => mapWith("silu", x, { dtypes: "float", grad: (g, saved) => siluBackward(g, saved) }),
);

/** x · tanh(softplus(x)) (Misra, 2019). @see torch.nn.functional.mish */
export const mish = named(
  "mish",
  "input",
  (x: Tensor): Tensor =>
    mapWith("mish", x, {
      dtypes: "float",
      grad: (g, saved) => {
        const t = softplus(saved).tanh();
        return g.mul(t.add(saved.mul(saved.sigmoid()).mul(t.mul(t).neg().add(1))));
      },
    }),
);

/** log(1 + e^(beta·x)) / beta, linear where beta·x is above the threshold. Defaults: 1 and 20. @see torch.nn.functional.softplus */
export const softplus = named(
  "softplus",
  "input; beta, threshold",
  (x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor => {
    const { beta, threshold: limit } = checkNumbers("softplus", options, { beta: 1, threshold: 20 });
    return mapWith("softplus", x, {
      dtypes: "float",
      p: beta,
      q: limit,
      grad: (g, saved) => {
        const scaled = saved.mul(beta);
        return g.where(scaled.gt(limit), g.mul(scaled.sigmoid()));
      },
    });
  },
);

/** log(sigmoid(x)). @see torch.nn.functional.logsigmoid */
export const logSigmoid = named(
  "logSigmoid",
  "input",
  (x: Tensor): Tensor =>
    mapWith("logSigmoid", x, { dtypes: "float", grad: (g, saved) => g.mul(saved.neg().sigmoid()) }),
);

/** Another name of {@link logSigmoid}. @see torch.nn.functional.logsigmoid */
export const logsigmoid: typeof logSigmoid = alias("logsigmoid", logSigmoid);

/** x / (1 + |x|). @see torch.nn.functional.softsign */
export const softsign = named(
  "softsign",
  "input",
  (x: Tensor): Tensor => checkTensor("softsign", x).div(x.abs().add(1)),
);

/** x − tanh(x). @see torch.nn.functional.tanhshrink */
export const tanhshrink = named(
  "tanhshrink",
  "input",
  (x: Tensor): Tensor => checkTensor("tanhshrink", x).sub(x.tanh()),
);

/** x limited to [minVal, maxVal]. Defaults: −1 and 1. @see torch.nn.functional.hardtanh */
export const hardtanh = named(
  "hardtanh",
  "input; minVal, maxVal",
  (x: Tensor, options: { minVal?: number; maxVal?: number } = {}): Tensor => {
    const { minVal: low, maxVal: high } = checkNumbers("hardtanh", options, { minVal: -1, maxVal: 1 });
    checkScalar("hardtanh", "minVal", low, checkTensor("hardtanh", x).dtype);
    checkScalar("hardtanh", "maxVal", high, x.dtype);
    return mapWith("hardtanh", x, {
      dtypes: "same",
      kernel: "clamp",
      p: Number(low),
      q: Number(high),
      grad: (g, s) => insideGrad(g, s, low, high),
    });
  },
);

/** 0 outside low < x < high, g inside and at NaN; in one pass around 0, and in two above it. */
function insideGrad(g: Tensor, x: Tensor, low: number, high: number): Tensor {
  if (low === -high) return insideBackward(g, x, { alpha: high });
  if (low === 0) return insideBackward(thresholdBackward(g, x), x, { alpha: high });
  return g.maskedFill(x.le(low).logicalOr(x.ge(high)), 0);
}

/** min(max(x, 0), 6). @see torch.nn.functional.relu6 */
export const relu6 = named("relu6", "input", (x: Tensor): Tensor => hardtanh(x, { minVal: 0, maxVal: 6 }));

/** x/6 + 1/2, limited to [0, 1]. @see torch.nn.functional.hardsigmoid */
export const hardsigmoid = named(
  "hardsigmoid",
  "input",
  (x: Tensor): Tensor => mapWith("hardsigmoid", x, { dtypes: "float", grad: (g, s) => only(g.div(6), s.abs().lt(3)) }),
);

/** x · hardsigmoid(x) (Howard et al., 2019). @see torch.nn.functional.hardswish */
export const hardswish = named(
  "hardswish",
  "input",
  (x: Tensor): Tensor => mapWith("hardswish", x, { dtypes: "float", grad: (g, saved) => hardswishBackward(g, saved) }),
);

/** x where |x| > lambd, else 0. Default lambd: 0.5. @see torch.nn.functional.hardshrink */
export const hardshrink = named("hardshrink", "input; lambd", (x: Tensor, options: { lambd?: number } = {}): Tensor => {
  const { lambd } = checkNumbers("hardshrink", options, { lambd: 0.5 });
  return mapWith("hardshrink", x, {
    dtypes: "float",
    p: lambd,
    grad: (g, s) => only(g, s.abs().le(lambd).logicalNot()),
  });
});

/** x moved toward 0 by lambd, and 0 within it. Default lambd: 0.5. @see torch.nn.functional.softshrink */
export const softshrink = named("softshrink", "input; lambd", (x: Tensor, options: { lambd?: number } = {}): Tensor => {
  const { lambd } = checkNumbers("softshrink", options, { lambd: 0.5 });
  return mapWith("softshrink", x, {
    dtypes: "float",
    p: lambd,
    grad: (g, s) => only(g, s.abs().le(lambd).logicalNot()),
  });
});

/** x where it is above the threshold, else `value`. @see torch.nn.functional.threshold */
export const threshold = named(
  "threshold",
  "input, threshold, value",
  (x: Tensor, limit: number, value: number): Tensor => {
    const low = Number(checkScalar("threshold", "threshold", limit, checkTensor("threshold", x).dtype));
    const other = Number(checkScalar("threshold", "value", value, x.dtype));
    const grad = (g: Tensor, s: Tensor) => only(g, s.le(low).logicalNot());
    return mapWith("threshold", x, { dtypes: "same", p: low, q: other, grad });
  },
);

/** x limited from below, above or both; bounds are numbers, or tensors that broadcast. */
export interface ClampOptions {
  min?: number | Tensor | null;
  max?: number | Tensor | null;
}

/**
 * x limited to [min, max]. NaN stays NaN.
 * @see torch.clamp
 * @example x.clamp({ min: 0 }); x.clamp(0, 1);
 */
export const clamp = named(
  "clamp",
  "input, min?, max?",
  (x: Tensor, min?: ClampOptions | number | Tensor | null, max?: number | Tensor | null): Tensor => {
    checkTensor("clamp", x);
    const isBounds = typeof min === "object" && min !== null && !(min instanceof Tensor);
    if (isBounds) checkOptions("clamp", min, ["min", "max"]);
    const number = <T>(bound: T) => (typeof bound === "bigint" ? Number(bound) : bound);
    const low = number((isBounds ? min.min : min) ?? null);
    const high = number((isBounds ? min.max : max) ?? null);
    if (low === null && high === null)
      throw new ArgumentError("clamp: at least one of min or max must be a number or a tensor");
    checkBound("min", low, x);
    checkBound("max", high, x);
    if (low instanceof Tensor || high instanceof Tensor) return clampTensor(x, low, high);
    if (Number.isNaN(low) || Number.isNaN(high)) return clampTensor(x, low, high);
    return clampNumber(x, low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY, low, high);
  },
);

/** A whole bound keeps the dtype of `x`, which has to hold it. */
function checkBound(name: string, bound: number | Tensor | null, x: Tensor): void {
  if (bound instanceof Tensor) checkTensor("clamp", bound, name);
  else if (bound !== null) {
    const dtype = x.isFloatingPoint() ? x.dtype : resultType(x, checkScalar("clamp", name, bound, "bool"));
    checkScalar("clamp", name, bound, dtype);
  }
}

function clampNumber(x: Tensor, low: number, high: number, min: number | null, max: number | null): Tensor {
  const isWhole = (v: number | null) => v === null || scalarType(v) === "int64";
  const source = !x.isFloatingPoint() && !(isWhole(min) && isWhole(max)) ? x.to(getDefaultDtype()) : x;
  return mapWith("clamp", source, {
    dtypes: "same",
    kernel: min === null ? "clampMax" : max === null ? "clampMin" : "clamp",
    p: min === null ? high : low,
    q: high,
    grad: (g, s) => {
      if (min !== null && max !== null) return only(g, s.ge(min).logicalAnd(s.le(max)));
      return only(g, min !== null ? s.ge(min) : s.le(max!));
    },
  });
}

function clampTensor(x: Tensor, low: number | Tensor | null, high: number | Tensor | null): Tensor {
  let y = x;
  if (low !== null) y = keepWhere(y, y.ge(low).logicalOr(y.isnan()), low);
  if (high !== null) y = keepWhere(y, y.le(high).logicalOr(y.isnan()), high);
  return y;
}

const keepWhere = (x: Tensor, keep: Tensor, other: number | Tensor): Tensor => x.where(keep, other);

/** x limited from below. @see torch.clamp_min */
export const clampMin = named("clampMin", "input, min", (x: Tensor, min: number | Tensor): Tensor => clamp(x, { min }));
/** x limited from above. @see torch.clamp_max */
export const clampMax = named("clampMax", "input, max", (x: Tensor, max: number | Tensor): Tensor => clamp(x, { max }));
/** Another name of {@link clamp}. @see torch.clip */
export const clip: typeof clamp = alias("clip", clamp);

/** {@link clamp} in place. */
export const clamp_: typeof clamp = inplaceMap("clamp_", clamp);
/** {@link clamp} in place. */
export const clip_: typeof clamp = alias("clip_", clamp_);
/** {@link clampMin} in place. */
export const clampMin_: typeof clampMin = inplaceMap("clampMin_", clampMin);
/** {@link clampMax} in place. */
export const clampMax_: typeof clampMax = inplaceMap("clampMax_", clampMax);
/** {@link leakyRelu} in place. */
export const leakyRelu_: typeof leakyRelu = inplaceMap("leakyRelu_", leakyRelu);
/** {@link elu} in place. */
export const elu_: typeof elu = inplaceMap("elu_", elu);
/** {@link selu} in place. */
export const selu_: typeof selu = inplaceMap("selu_", selu);
/** silu in place. */
export const silu_: typeof silu = inplaceMap("silu_", silu);
/** mish in place. */
export const mish_: typeof mish = inplaceMap("mish_", mish);
/** hardswish in place. */
export const hardswish_: typeof hardswish = inplaceMap("hardswish_", hardswish);
/** hardsigmoid in place. */
export const hardsigmoid_: typeof hardsigmoid = inplaceMap("hardsigmoid_", hardsigmoid);
/** {@link celu} in place. */
export const celu_: typeof celu = inplaceMap("celu_", celu);
/** {@link hardtanh} in place. */
export const hardtanh_: typeof hardtanh = inplaceMap("hardtanh_", hardtanh);
/** {@link relu6} in place. */
export const relu6_: typeof relu6 = inplaceMap("relu6_", relu6);
/** {@link threshold} in place. */
export const threshold_: typeof threshold = inplaceMap("threshold_", threshold);

/** NaN and infinities replaced by numbers. Defaults: 0, and the largest and smallest finite value. @see torch.nan_to_num */
export const nanToNum = named(
  "nanToNum",
  "input; nan, posinf, neginf",
  (x: Tensor, options: { nan?: number | null; posinf?: number | null; neginf?: number | null } = {}): Tensor => {
    checkTensor("nanToNum", x);
    if (!x.isFloatingPoint()) return x.clone();
    const { max } = finfo(x.dtype);
    // What the dtype cannot hold is infinite, as in any cast between floating-point dtypes.
    const held = (name: string, given: number): number => {
      const value = checkNumber("nanToNum", name, given);
      return Math.abs(value) > max ? value * Number.POSITIVE_INFINITY : value;
    };
    return x
      .maskedFill(x.isnan(), held("nan", options.nan ?? 0))
      .maskedFill(x.isposinf(), held("posinf", options.posinf ?? max))
      .maskedFill(x.isneginf(), held("neginf", options.neginf ?? -max));
  },
);

/** {@link nanToNum} in place. */
export const nanToNum_: typeof nanToNum = inplace("nanToNum_", nanToNum);
