/** Muon. */
import { assertNumber, checkArray, checkInteger, checkNumber } from "../core/arguments";
import { describe, ValueError } from "../core/errors";
import { type Tensor, tidy } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import type { ParamGroup } from "./optimizer";
import { checkNonNegative } from "./options";
import { PerParameterOptimizer } from "./perParameter";
import { followDevice, stateLike } from "./steps/fused";

/** Options of {@link Muon}. */
export interface MuonOptions {
  /** Learning rate. Default: 1e-3. */
  lr?: number;
  /** Decoupled weight decay. Default: 0.1. */
  weightDecay?: number;
  /** Default: 0.95. */
  momentum?: number;
  /** Nesterov momentum. Default: true. */
  nesterov?: boolean;
  /** Coefficients of x, x³ and x⁵ in each Newton-Schulz iteration. Default: [3.4445, -4.775, 2.0315]. */
  nsCoefficients?: readonly [number, number, number];
  /** The least norm of a gradient to divide by. Default: 1e-7. */
  eps?: number;
  /** Newton-Schulz iterations. Default: 5. */
  nsSteps?: number;
  /**
   * How the rate follows the shape [rows, columns]: times max(1, rows / columns)^½ ("original", also null), or times 0.2 max(rows, columns)^½
   * ("match_rms_adamw"), so that rates tuned for AdamW fit. Default: null.
   */
  adjustLrFn?: "original" | "match_rms_adamw" | null;
}

/** PyTorch's limit of Newton-Schulz iterations. */
const MOST_STEPS = 99;

interface MuonState {
  momentumBuffer: Tensor;
}

/**
 * An orthogonal matrix near `g`: its singular values, scaled to at most 1, are brought close to 1 by a quintic iteration.
 * @see Muon: An optimizer for hidden layers in neural networks (Jordan et al., 2024)
 */
function orthogonalized(g: Tensor, { nsCoefficients: [a, b, c], nsSteps, eps }: ParamGroup<MuonOptions>): Tensor {
  const isTall = g.shape[0]! > g.shape[1]!;
  const wide = isTall ? g.t() : g;
  let x = wide.div(wide.mul(wide).sum().sqrt().clamp({ min: eps }));
  for (let i = 0; i < nsSteps; i++) {
    const gram = x.matmul(x.t());
    const polynomial = gram.mul(b).add(gram.matmul(gram), { alpha: c });
    x = x.mul(a).add(polynomial.matmul(x));
  }
  return isTall ? x.t() : x;
}

function adjustedLr({ lr, adjustLrFn }: ParamGroup<MuonOptions>, [rows, columns]: readonly number[]): number {
  if (adjustLrFn === "match_rms_adamw") return lr * 0.2 * Math.sqrt(Math.max(rows!, columns!));
  return lr * Math.sqrt(Math.max(1, rows! / columns!));
}

const signature = "params; lr, weightDecay, momentum, nesterov, nsCoefficients, eps, nsSteps, adjustLrFn";

/**
 * Muon: momentum whose matrices are made orthogonal before the step. For the matrices of hidden layers; give biases, embeddings and the
 * last layer to AdamW.
 * @see torch.optim.Muon
 * @see Muon: An optimizer for hidden layers in neural networks (Jordan et al., 2024)
 * @throws ValueError for a negative rate, and for parameters that are not matrices.
 */
export class Muon extends PerParameterOptimizer<MuonOptions, MuonState> {
  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, MuonOptions>) {
    const defaults: Required<MuonOptions> = {
      lr: 1e-3,
      weightDecay: 0.1,
      momentum: 0.95,
      nesterov: true,
      nsCoefficients: [3.4445, -4.775, 2.0315],
      eps: 1e-7,
      nsSteps: 5,
      adjustLrFn: null,
    };
    super(...readArguments<MuonOptions>("Muon", signature, given, defaults));
  }

  protected override checkGroup(group: ParamGroup<MuonOptions>): void {
    const { lr, momentum, weightDecay, adjustLrFn, params, nsCoefficients, nsSteps, eps } = group;
    const coefficients = checkArray("Muon", "nsCoefficients", nsCoefficients, "3 numbers");
    for (const x of coefficients) checkNumber("Muon", "an entry of nsCoefficients", x);
    if (coefficients.length !== 3) throw new ValueError("Muon: Coefficients must be a tuple of exactly 3 values.");
    checkInteger("Muon", "nsSteps", nsSteps, 0, MOST_STEPS);
    assertNumber("Muon", "eps", eps);
    checkNonNegative("Muon", { "learning rate": lr, "momentum value": momentum, "weightDecay value": weightDecay });
    if (adjustLrFn !== null && adjustLrFn !== "original" && adjustLrFn !== "match_rms_adamw")
      throw new ValueError(`Muon: Adjust learning rate function ${describe(adjustLrFn)} is not supported`);
    for (const { shape, ndim } of params)
      if (ndim !== 2)
        throw new ValueError(`Muon: only supports 2D parameters whereas we found a parameter with size [${shape}]`);
  }

  protected initState(param: Tensor): MuonState {
    return { momentumBuffer: stateLike(param) };
  }

  protected update(param: Tensor, grad: Tensor, state: MuonState, group: ParamGroup<MuonOptions>): void {
    const { lr, momentum, nesterov, weightDecay } = group;
    tidy(() => {
      followDevice(state.momentumBuffer, param);
      const buffer = state.momentumBuffer.lerp_(grad, 1 - momentum);
      const direction = orthogonalized(nesterov ? grad.lerp(buffer, momentum) : buffer, group);
      param.mul_(1 - lr * weightDecay).add_(direction, { alpha: -adjustedLr(group, param.shape) });
    });
  }
}
