/** Optimizers that look at one parameter at a time. */
import { enableGrad, noGrad } from "../autograd/mode";
import { checkSettled } from "../core/arguments";
import { describe, StateError } from "../core/errors";
import { sameShape } from "../core/shape";
import { snakeCase } from "../core/snakeCase";
import { allocate } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { type Closure, Optimizer, type ParamGroup } from "./optimizer";
import { gated } from "./steps/fused";
import { gateOf } from "./steps/skips";

/**
 * Base class of optimizers that update each parameter from its own gradient and state. Subclasses say what the state of a parameter is
 * ({@link initState}), and how a gradient changes it ({@link update}). Parameters without a gradient are left alone.
 */
export abstract class PerParameterOptimizer<O extends object, S extends object> extends Optimizer<O, S> {
  /** The state of a parameter before its first update. */
  protected abstract initState(param: Tensor, group: ParamGroup<O>): S;

  /**
   * Changes one parameter in place, and its state.
   * @param param Contiguous.
   * @param grad Contiguous, of the shape and dtype of `param`.
   */
  protected abstract update(param: Tensor, grad: Tensor, state: S, group: ParamGroup<O>): void;

  /** Loaded state has what new state has: the same numbers, and tensors of the same shape. What it has besides is of the parameter's shape. */
  protected override checkState(op: string, param: Tensor, entry: S, group: ParamGroup<O>): void {
    const fields = { ...(entry as Record<string, unknown>) };
    const what = (name: string) => `${op}: loaded state of a parameter of shape [${param.shape}]: ${snakeCase(name)}`;
    for (const [name, fresh] of Object.entries(this.initState(param, group))) {
      if (fresh !== null && fresh !== undefined) {
        checkField(what(name), fresh, fields[name]);
        delete fields[name];
      }
      if (fresh instanceof Tensor) fresh.dispose();
    }
    for (const [name, value] of Object.entries(fields))
      if (value instanceof Tensor && value.numel() !== 1) checkField(what(name), param, value);
  }

  protected advance<R>(closure?: Closure<R>): R | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure);
    const { name } = this;
    checkSettled("step", loss);
    noGrad(() => {
      for (const group of this.paramGroups)
        for (const param of group.params) {
          const { ownGrad: grad } = param;
          if (grad === null) continue;
          param.assertAlive(name);
          grad.assertAlive(name);
          this.apply(param, grad, group);
        }
    });
    return loss;
  }

  /** Updates a parameter of any layout. */
  private apply(param: Tensor, grad: Tensor, group: ParamGroup<O>): void {
    let state = this.state.get(param);
    if (state === undefined) {
      state = this.initState(param, group);
      this.state.set(param, state);
    }
    const dense = contiguous(param);
    const denseGrad = contiguous(grad);
    const gate = gateOf(this, param, state);
    if (gate === undefined) this.update(dense, denseGrad, state, group);
    else gated(gate, () => this.update(dense, denseGrad, state, group));
    if (denseGrad !== grad) denseGrad.dispose();
    if (dense !== param) {
      param.storage.backend.copy(param, dense);
      dense.dispose();
    }
    param.storage.version++;
  }
}

/** @throws StateError unless `value` may stand where new state has `fresh`. */
function checkField(what: string, fresh: unknown, value: unknown): void {
  if (fresh instanceof Tensor) {
    if (value instanceof Tensor && sameShape(value.shape, fresh.shape)) return;
    const found = value instanceof Tensor ? `a tensor of shape [${value.shape}]` : describe(value);
    throw new StateError(`${what} must be a tensor of shape [${fresh.shape}], got ${found}`);
  }
  if (typeof fresh === "number" && typeof value !== "number")
    throw new StateError(`${what} must be a number, got ${describe(value)}`);
}

/** `x` itself if it is contiguous, else a copy for the caller to dispose. */
function contiguous(x: Tensor): Tensor {
  if (x.isContiguous()) return x;
  const copy = allocate(x.shape, x.dtype, x);
  x.storage.backend.copy(copy, x);
  return copy;
}
