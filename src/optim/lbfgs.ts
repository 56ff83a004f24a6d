/** Limited-memory BFGS. */
import { enableGrad, noGrad } from "../autograd/mode";
import { checkSettled } from "../core/arguments";
import { ArgumentError, DeviceError, describe, ValueError } from "../core/errors";
import { cat } from "../ops/shape/join";
import { zeros } from "../tensor/create";
import { runInternally, runInUserScope } from "../tensor/scope";
import { Tensor, tidy } from "../tensor/tensor";
import { type OptimizerArguments, readArguments } from "./arguments";
import { type LinePoint, strongWolfe } from "./lineSearch";
import { type Closure, Optimizer, type ParamGroup } from "./optimizer";
import { checkNonNegative } from "./options";
import type { ScalarState } from "./stateDict";

/** Options of {@link LBFGS}. */
export interface LBFGSOptions {
  /** Learning rate; the first step that a line search tries. Default: 1. */
  lr?: number;
  /** Iterations per step. Default: 20. */
  maxIter?: number;
  /** Evaluations per step. Default: 5/4 of `maxIter`. */
  maxEval?: number | null;
  /** Stop when no element of the gradient is larger. Default: 1e-7. */
  toleranceGrad?: number;
  /** Stop when neither the loss nor a parameter changes by more. Default: 1e-9. */
  toleranceChange?: number;
  /** Updates of the curvature that are remembered. Default: 100. */
  historySize?: number;
  /** Default: null, steps of length `lr`. */
  lineSearchFn?: "strong_wolfe" | null;
}

/** The state is kept with the first parameter; its vectors run over all parameters. */
interface LBFGSState {
  funcEvals: number;
  nIter: number;
  /** The direction and the length of the last step. */
  d?: Tensor;
  t?: number;
  /** Changes of the gradient, and the steps that made them, oldest first. */
  oldDirs: Tensor[];
  oldStps: Tensor[];
  /** 1 / (change · step). */
  ro: number[];
  /** The inverse Hessian, to begin with, as a multiple of the identity. */
  HDiag: number;
  /** Room for the first loop of the recursion. */
  al: (number | null)[];
  prevFlatGrad?: Tensor;
  prevLoss?: number;
}

const maxAbs = (x: Tensor): number => tidy(() => x.abs().amax().item());

const dot = (a: Tensor, b: Tensor): number => tidy(() => a.dot(b).item());

/** Makes a tensor part of the state: it outlives the scope that it was made in, and what it replaces is given back. */
function kept(x: Tensor, old?: Tensor): Tensor {
  x.isKept = true;
  old?.dispose();
  return x;
}

const signature = "params; lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn";

/**
 * L-BFGS, a quasi-Newton method for full batches. Each step evaluates the closure several times.
 * @see torch.optim.LBFGS
 * @see Numerical Optimization (Nocedal, Wright, 2006), algorithms 7.4 and 7.5
 * @throws ValueError for more than one group, DeviceError in a step of parameters on a device that cannot be read at once.
 * @example
 * const optimizer = new optim.LBFGS(params, { lineSearchFn: "strong_wolfe" });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = lossFn(model(input), target);
 *   loss.backward();
 *   return loss;
 * });
 */
export class LBFGS extends Optimizer<LBFGSOptions, LBFGSState> {
  protected override readonly scalarState: ScalarState = {
    funcEvals: "number",
    nIter: "number",
    t: "number",
    ro: "number",
    HDiag: "number",
    al: "number",
    prevLoss: "number",
  };

  /** @internal */
  static readonly signature: string = signature;

  constructor(...given: OptimizerArguments<typeof signature, LBFGSOptions>) {
    const [params, all] = readArguments<LBFGSOptions>("LBFGS", signature, given, {
      lr: 1,
      maxIter: 20,
      maxEval: null,
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearchFn: null,
    });
    super(params, { ...all, maxEval: all.maxEval ?? Math.floor((all.maxIter * 5) / 4) });
  }

  protected override checkGroup({ lr, lineSearchFn }: ParamGroup<LBFGSOptions>): void {
    if (this.paramGroups.length > 0)
      throw new ValueError("LBFGS: doesn't support per-parameter options (parameter groups)");
    checkNonNegative("LBFGS", { "learning rate": lr });
    if (lineSearchFn !== null && lineSearchFn !== "strong_wolfe")
      throw new ValueError(`LBFGS: only "strong_wolfe" is supported as lineSearchFn, got ${describe(lineSearchFn)}`);
  }

  protected advance<R>(closure?: Closure<R>): R {
    if (closure === undefined)
      throw new ArgumentError("LBFGS: step takes a closure that evaluates the model and returns the loss");
    const device = this.group.params.find(({ storage }) => !storage.backend.readsAtOnce)?.device;
    if (device !== undefined)
      throw new DeviceError(
        `LBFGS: its search goes by values, which "${device}" does not give at once; move the model with model.to("cpu"), or use an optimizer without a search, such as Adam`,
      );
    const evaluate = (): R => {
      const result = runInUserScope(() => enableGrad(closure));
      checkSettled("LBFGS.step", result);
      return result;
    };
    return noGrad(() => this.minimize(evaluate));
  }

  private get group(): ParamGroup<LBFGSOptions> {
    return this.paramGroups[0]!;
  }

  private ownState(): LBFGSState {
    const first = this.group.params[0]!;
    const al = new Array<null>(this.group.historySize).fill(null);
    const initial = { funcEvals: 0, nIter: 0, oldDirs: [], oldStps: [], ro: [], HDiag: 1, al };
    const state = { ...initial, ...this.state.get(first) };
    this.state.set(first, state);
    return state;
  }

  private minimize<R>(closure: Closure<R>): R {
    const { maxIter, maxEval, toleranceGrad } = this.group;
    const state = this.ownState();
    const result = closure();
    let point: LinePoint = { t: 0, loss: lossValue(result), grad: this.flatGrad(), slope: 0 };
    let evals = 1;
    for (let i = 1; i <= maxIter && maxAbs(point.grad) > toleranceGrad; i++) {
      state.nIter++;
      this.turn(state, point.grad);
      state.prevLoss = point.loss;
      const slope = dot(point.grad, state.d!);
      if (slope > -this.group.toleranceChange) break;
      const next = this.move(closure, state, { ...point, t: 0, slope }, i === maxIter);
      evals += next.evaluations;
      if (next.point.grad !== point.grad) point.grad.dispose();
      point = next.point;
      if (evals >= maxEval! || this.isStuck(state, point.loss)) break;
    }
    point.grad.dispose();
    state.funcEvals += evals;
    return result;
  }

  /** Chooses the next direction, and the first length of a step along it. */
  private turn(state: LBFGSState, grad: Tensor): void {
    const { lr, historySize } = this.group;
    tidy(() => {
      if (state.nIter === 1) state.d = kept(grad.neg(), state.d);
      else {
        remember(state, grad, historySize);
        state.d = kept(quasiNewton(state, grad), state.d);
      }
      state.prevFlatGrad = kept(grad.clone(), state.prevFlatGrad);
      state.t = state.nIter === 1 ? Math.min(1, 1 / grad.abs().sum().item()) * lr : lr;
    });
  }

  /** Makes a step, by a line search if asked; without one, the last step is not evaluated. */
  private move<R>(closure: Closure<R>, state: LBFGSState, start: LinePoint, isLast: boolean) {
    const direction = state.d!;
    if (this.group.lineSearchFn === null) {
      this.addToParams(direction, state.t!);
      if (isLast) return { point: start, evaluations: 0 };
      const loss = lossValue(closure());
      return { point: { t: 0, loss, grad: this.flatGrad(), slope: 0 }, evaluations: 1 };
    }
    let found!: ReturnType<typeof strongWolfe>;
    runInternally(() => {
      found = this.search(closure, direction, state.t!, start);
      return [found.point.grad];
    });
    state.t = found.point.t;
    this.addToParams(direction, state.t);
    return found;
  }

  private search<R>(closure: Closure<R>, direction: Tensor, length: number, start: LinePoint) {
    const origin = this.group.params.map((param) => param.clone());
    const evaluate = (t: number): LinePoint => {
      this.addToParams(direction, t);
      const loss = lossValue(closure());
      const grad = this.flatGrad();
      this.group.params.forEach((param, i) => {
        param.copy_(origin[i]!);
      });
      return { t, loss, grad, slope: dot(grad, direction) };
    };
    return strongWolfe(evaluate, start, length, maxAbs(direction));
  }

  private isStuck({ d, t, prevLoss }: LBFGSState, loss: number): boolean {
    const { toleranceChange } = this.group;
    return maxAbs(d!) * t! <= toleranceChange || Math.abs(loss - prevLoss!) < toleranceChange;
  }

  /** The gradients of all parameters as one new vector. */
  private flatGrad(): Tensor {
    return tidy(() =>
      cat(
        this.group.params.map(({ ownGrad, dtype, device, shape }) =>
          (ownGrad ?? zeros(shape, { dtype, device })).flatten(),
        ),
      ),
    );
  }

  private addToParams(direction: Tensor, t: number): void {
    tidy(() => {
      let offset = 0;
      for (const param of this.group.params) {
        const n = param.numel();
        param.add_(direction.narrow(0, offset, n).viewAs(param), { alpha: t });
        offset += n;
      }
    });
  }
}

/** Adds the last step to the history, if the loss curves upward along it. */
function remember(state: LBFGSState, grad: Tensor, historySize: number): void {
  const y = grad.sub(state.prevFlatGrad!);
  const s = state.d!.mul(state.t!);
  const ys = dot(y, s);
  if (!(ys > 1e-10)) return;
  const { oldDirs, oldStps, ro } = state;
  if (oldDirs.length === historySize) {
    for (const list of [oldDirs, oldStps]) list.shift()!.dispose();
    ro.shift();
  }
  oldDirs.push(kept(y));
  oldStps.push(kept(s));
  ro.push(1 / ys);
  state.HDiag = ys / dot(y, y);
}

/** Minus the approximate inverse Hessian times the gradient, by the two-loop recursion. */
function quasiNewton(state: LBFGSState, grad: Tensor): Tensor {
  const { oldDirs, oldStps, ro, al } = state;
  const q = grad.neg();
  for (let i = oldDirs.length - 1; i >= 0; i--) {
    const share = dot(oldStps[i]!, q) * ro[i]!;
    al[i] = share;
    q.add_(oldDirs[i]!, { alpha: -share });
  }
  const r = q.mul(state.HDiag);
  for (let i = 0; i < oldDirs.length; i++) {
    const share = dot(oldDirs[i]!, r) * ro[i]!;
    r.add_(oldStps[i]!, { alpha: al[i]! - share });
  }
  return r;
}

function lossValue(loss: unknown): number {
  if (typeof loss === "number") return loss;
  if (loss instanceof Tensor) return loss.item();
  throw new ArgumentError(`LBFGS: the closure must return the loss, got ${describe(loss)}`);
}
