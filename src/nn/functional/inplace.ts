/** Activations with PyTorch's flag `inplace`, which only their functional forms have. */
import { type Declared, named } from "../../core/signature";
import type { Named } from "../../core/signatureTypes";
import * as activation from "../../ops/elementwise/activation";
import * as unary from "../../ops/elementwise/unary";
import type { Tensor } from "../../tensor/tensor";

/** A flag of activations. */
export interface InplaceOption {
  /** Change the input. Default: false. */
  inplace?: boolean;
}

/** An activation with options `O` in front of the flag. */
type Activation<S extends string, O> = Named<S, (input: Tensor, options?: O & InplaceOption) => Tensor>;

/** The functional form of `op`, which is `changing` where the flag is set. */
function withFlag<const S extends string, O>(name: string, signature: S, op: Declared, changing: Declared) {
  const run = (input: Tensor, options?: O & InplaceOption): unknown => {
    if (options === undefined) return op.implementation(input);
    const { inplace = false, ...rest } = options;
    return (inplace ? changing : op).implementation(input, rest);
  };
  return named(name, signature, run) as unknown as Activation<S, O>;
}

type None = Record<never, never>;

/** max(x, 0). @see torch.nn.functional.relu @example F.relu(x, true); F.relu(x, { inplace: true }) */
export const relu = withFlag<"input; inplace", None>("relu", "input; inplace", unary.relu, unary.relu_);
/** min(max(x, 0), 6). @see torch.nn.functional.relu6 */
export const relu6 = withFlag<"input; inplace", None>("relu6", "input; inplace", activation.relu6, activation.relu6_);
/** The self-normalizing unit (Klambauer et al., 2017). @see torch.nn.functional.selu */
export const selu = withFlag<"input; inplace", None>("selu", "input; inplace", activation.selu, activation.selu_);
/** x · sigmoid(x). @see torch.nn.functional.silu */
export const silu = withFlag<"input; inplace", None>("silu", "input; inplace", activation.silu, activation.silu_);
/** x · tanh(softplus(x)) (Misra, 2019). @see torch.nn.functional.mish */
export const mish = withFlag<"input; inplace", None>("mish", "input; inplace", activation.mish, activation.mish_);
/** x · hardsigmoid(x) (Howard et al., 2019). @see torch.nn.functional.hardswish */
export const hardswish = withFlag<"input; inplace", None>(
  "hardswish",
  "input; inplace",
  activation.hardswish,
  activation.hardswish_,
);
/** x/6 + 1/2, limited to [0, 1]. @see torch.nn.functional.hardsigmoid */
export const hardsigmoid = withFlag<"input; inplace", None>(
  "hardsigmoid",
  "input; inplace",
  activation.hardsigmoid,
  activation.hardsigmoid_,
);
/** x for x > 0, else alpha · (e^x − 1). Default alpha: 1. @see torch.nn.functional.elu */
export const elu = withFlag<"input; alpha, inplace", { alpha?: number }>(
  "elu",
  "input; alpha, inplace",
  activation.elu,
  activation.elu_,
);
/** max(0, x) + min(0, alpha · (e^(x/alpha) − 1)). Default alpha: 1. @see torch.nn.functional.celu */
export const celu = withFlag<"input; alpha, inplace", { alpha?: number }>(
  "celu",
  "input; alpha, inplace",
  activation.celu,
  activation.celu_,
);
/** x for x > 0, else negativeSlope · x. Default slope: 0.01. @see torch.nn.functional.leaky_relu */
export const leakyRelu = withFlag<"input; negativeSlope, inplace", { negativeSlope?: number }>(
  "leakyRelu",
  "input; negativeSlope, inplace",
  activation.leakyRelu,
  activation.leakyRelu_,
);
/** x limited to [minVal, maxVal]. Defaults: −1 and 1. @see torch.nn.functional.hardtanh */
export const hardtanh = withFlag<"input; minVal, maxVal, inplace", { minVal?: number; maxVal?: number }>(
  "hardtanh",
  "input; minVal, maxVal, inplace",
  activation.hardtanh,
  activation.hardtanh_,
);

/** x where it is above the threshold, else `value`. @see torch.nn.functional.threshold */
export const threshold = named(
  "threshold",
  "input, threshold, value; inplace",
  (input: Tensor, limit: number, value: number, { inplace = false }: InplaceOption = {}): Tensor => {
    const op: Declared = inplace ? activation.threshold_ : activation.threshold;
    return op.implementation(input, limit, value) as Tensor;
  },
);
