/** The base of all optimizers: groups of parameters with their options, state per parameter, hooks and state dicts. */

import { addHook, type RemovableHandle } from "../autograd/handle";
import { explainAbsent } from "../core/absent";
import { checkFlag, checkFunction, checkLike } from "../core/arguments";
import { classNameOf } from "../core/className";
import { ArgumentError, checkOptions, describe, ValueError } from "../core/errors";
import { text } from "../core/repr";
import { declareMethods } from "../core/signature";
import { snakeCase } from "../core/snakeCase";
import { held } from "../tensor/reach";
import { noteUse } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { definedOnly } from "./options";
import { type CheckEntry, type OptimizerStateDict, packState, type ScalarState, unpackState } from "./stateDict";
import { checkSteps, forgetSteps } from "./steps/skips";

/** Some of the parameters, and the options by which they differ from the rest. */
export type ParamGroupInput<O> = {
  params: Tensor | Iterable<Tensor>;
  /** The rate that a schedule starts from, for schedulers that resume. */
  initialLr?: number;
} & O;

/** What an optimizer is to change: parameters, or groups of them with options of their own. */
export type Params<O> = Iterable<Tensor> | Iterable<ParamGroupInput<O>>;

/** A group as the optimizer keeps it; assigning to its options takes effect at the next step. */
export type ParamGroup<O> = Required<O> & {
  params: Tensor[];
  /** The learning rate before any scheduler changed it. */
  initialLr?: number;
};

/** Evaluates the model anew: clears the gradients, computes the loss, calls backward and returns the loss. */
export type Closure<R> = () => R;

/** Called before a step with its arguments; may return others. */
export type StepPreHook<P> = (optimizer: P, args: readonly Closure<any>[]) => readonly Closure<any>[] | undefined;
/** Called after a step. */
export type StepPostHook<P> = (optimizer: P, args: readonly Closure<any>[]) => void;

/**
 * Base class of all optimizers.
 *
 * @typeParam O Options that every group has.
 * @typeParam S State of one parameter.
 * @see torch.optim.Optimizer
 */
export abstract class Optimizer<O extends object = any, S extends object = any> {
  readonly paramGroups: ParamGroup<O>[] = [];
  /** What the optimizer remembers of each parameter that has had a gradient. */
  readonly state = new Map<Tensor, S>();
  /** @internal Steps since a scheduler was last attached; schedulers warn when it is 0 at their own second step. */
  stepCount = 0;
  /** Fields of the state that are numbers here, and what they are in a state dict. */
  protected readonly scalarState: ScalarState = { step: "tensor" };
  readonly #preHooks = new Map<number, StepPreHook<this>>();
  readonly #postHooks = new Map<number, StepPostHook<this>>();

  /**
   * @param params Tensors, or groups `{ params, ...options }`.
   * @param defaults Options of groups that do not set them.
   * @throws ValueError if there are no parameters, ArgumentError for anything that is not a tensor, and for unknown options.
   */
  constructor(
    params: Params<O>,
    readonly defaults: Required<O>,
  ) {
    if (typeof defaults !== "object" || defaults === null)
      throw new ArgumentError(`${this.name}: defaults must be an object of options, got ${describe(defaults)}`);
    const list: (Tensor | ParamGroupInput<O>)[] = [...checkIterable<Tensor | ParamGroupInput<O>>(this.name, params)];
    if (list.length === 0) throw new ValueError(`${this.name}: optimizer got an empty parameter list`);
    if (isGroup(list[0])) for (const group of list as ParamGroupInput<O>[]) this.addGroup(group);
    else this.addGroup({ params: list as Tensor[] } as ParamGroupInput<O>);
  }

  /** The name in error messages. */
  protected get name(): string {
    return classNameOf(this);
  }

  /** Checks the options of a group. @throws ValueError */
  protected checkGroup(_group: ParamGroup<O>): void {}

  /**
   * Adds parameters to be optimized, such as those of layers that are unfrozen during training.
   * @see torch.optim.Optimizer.add_param_group
   * @throws ValueError for parameters that another group has, or that are computed from others.
   */
  addParamGroup(group: ParamGroupInput<O>): void {
    this.addGroup(group);
  }

  private addGroup(group: ParamGroupInput<O>): void {
    if (!isGroup(group))
      throw new ArgumentError(`${this.name}: param group must be an object with params, got ${describe(group)}`);
    const { params, ...options } = group;
    checkOptions(`${this.name}: param group`, options, [...Object.keys(this.defaults), "initialLr"]);
    const list = params instanceof Tensor ? [params] : [...checkIterable(this.name, params)];
    this.checkParams(list);
    const full = { ...this.defaults, ...definedOnly(options), params: list } as ParamGroup<O>;
    for (const [name, fallback] of Object.entries(this.defaults))
      (full as Record<string, unknown>)[name] = checkLike(this.name, name, full[name as keyof O], fallback);
    this.checkGroup(full);
    this.paramGroups.push(full);
  }

  private checkParams(params: readonly unknown[]): void {
    const known = new Set<unknown>(this.paramGroups.flatMap((group) => group.params));
    for (const param of params) {
      if (!(param instanceof Tensor))
        throw new ArgumentError(
          `${this.name}: optimizer can only optimize Tensors, but one of the params is ${describe(param)}`,
        );
      if (!param.isLeaf && !param.retainsGrad) throw new ValueError(`${this.name}: can't optimize a non-leaf Tensor`);
      if (known.has(param))
        throw new ValueError(`${this.name}: some parameters appear in more than one parameter group`);
    }
    if (new Set(params).size < params.length)
      console.warn(
        `${this.name}: optimizer contains a parameter group with duplicate parameters; each is updated once per occurrence`,
      );
  }

  /**
   * Updates every parameter that has a gradient.
   * @param closure Evaluates the model anew, with gradients recorded. Optional for most optimizers.
   * @returns What the closure returned.
   * @see torch.optim.Optimizer.step
   */
  step(): undefined;
  step<R>(closure: Closure<R>): R;
  step<R>(given?: Closure<R> | null): R | undefined {
    const closure = given ?? undefined;
    if (closure !== undefined) checkFunction("step", "closure", closure);
    this.stepCount++;
    noteUse(this);
    if (this.#preHooks.size + this.#postHooks.size === 0) return this.advance(closure);
    let args: readonly Closure<R>[] = closure === undefined ? [] : [closure];
    for (const hook of this.#preHooks.values()) args = hook(this, args) ?? args;
    const loss = this.advance(args[0]);
    for (const hook of this.#postHooks.values()) hook(this, args);
    return loss;
  }

  /** @internal */
  [held](): unknown[] {
    return [...this.paramGroups.map((group) => group.params), ...this.state.values()];
  }

  /** A step without its hooks; `closure` is to run with gradients recorded. */
  protected abstract advance<R>(closure?: Closure<R>): R | undefined;

  /**
   * Forgets the gradients of all parameters, or sets them to zero.
   * @param options.setToNone Default: true.
   * @see torch.optim.Optimizer.zero_grad
   */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    if (options.setToNone !== undefined) checkFlag("zeroGrad", "setToNone", options.setToNone);
    for (const group of this.paramGroups)
      for (const param of group.params) {
        const { ownGrad: grad } = param;
        if (grad === null) continue;
        param.takeGrad(options.setToNone === false ? zeroed(grad) : null);
      }
  }

  /**
   * The state and the groups in PyTorch's form and spelling, with parameters numbered in order. Tensors are not copied.
   * @see torch.optim.Optimizer.state_dict
   * @throws StateError after steps of a {@link torch.amp.GradScaler} on WebGPU, as long as nothing was read that tells which of them were skipped.
   */
  stateDict(): OptimizerStateDict {
    checkSteps(this.name, this);
    return packState(this.paramGroups, this.state, this.scalarState);
  }

  /**
   * Takes over a copy of what {@link stateDict} or PyTorch's `state_dict()` gave for the same groups.
   * @see torch.optim.Optimizer.load_state_dict
   * @throws StateError if the groups or their sizes differ, or if state is missing or of another form; nothing is changed then.
   */
  loadStateDict(stateDict: OptimizerStateDict): void {
    const check: CheckEntry = (op, param, entry, group) =>
      this.checkState(op, param, entry as S, group as ParamGroup<O>);
    unpackState(this.name, stateDict, this.paramGroups, this.state as Map<Tensor, object>, this.scalarState, check);
    forgetSteps(this);
  }

  /** Says whether loaded state of a parameter is whole. @throws StateError */
  protected checkState(_op: string, _param: Tensor, _entry: S, _group: ParamGroup<O>): void {}

  /** Calls `hook` before every step. @see torch.optim.Optimizer.register_step_pre_hook */
  registerStepPreHook(hook: StepPreHook<this>): RemovableHandle {
    checkFunction("registerStepPreHook", "hook", hook);
    return addHook(this.#preHooks, hook);
  }

  /** Calls `hook` after every step. @see torch.optim.Optimizer.register_step_post_hook */
  registerStepPostHook(hook: StepPostHook<this>): RemovableHandle {
    checkFunction("registerStepPostHook", "hook", hook);
    return addHook(this.#postHooks, hook);
  }

  /** The groups and their options, as PyTorch prints them. */
  toString(): string {
    const groups = this.paramGroups.map(({ params, ...options }, i) => {
      const lines = Object.entries(options).map(([name, value]) => `    ${snakeCase(name)}: ${text(value)}\n`);
      return `Parameter Group ${i}\n${lines.sort().join("")}`;
    });
    return `${this.name} (\n${groups.join("\n")})`;
  }
}

/** The hooks by which Node and Bun, and Deno, print objects. */
for (const symbol of ["nodejs.util.inspect.custom", "Deno.customInspect"])
  Object.defineProperty(Optimizer.prototype, Symbol.for(symbol), {
    value(this: Optimizer<object>) {
      return this instanceof Optimizer ? this.toString() : "Optimizer";
    },
  });

const isGroup = (value: unknown): value is { params: Tensor | Iterable<Tensor> } =>
  typeof value === "object" && value !== null && !(value instanceof Tensor) && "params" in value;

/** Sets have no order that a state dict could rely on, and a tensor would be taken apart into rows. */
function checkIterable<T>(op: string, params: Iterable<T>): Iterable<T> {
  if (params instanceof Tensor)
    throw new ArgumentError(
      `${op}: params should be an iterable of Tensors or groups, but got a single Tensor; wrap it in an array`,
    );
  if (params instanceof Set)
    throw new ArgumentError(`${op}: parameters need to be organized in ordered collections, got a Set; use an array`);
  if (typeof params !== "object" || params === null || !(Symbol.iterator in params))
    throw new ArgumentError(`${op}: params should be an iterable of Tensors or groups, got ${describe(params)}`);
  return params;
}

declareMethods(Optimizer, {
  addParamGroup: "paramGroup{}",
  step: "closure()?",
  zeroGrad: "; setToNone",
  stateDict: "",
  loadStateDict: "stateDict{}",
  registerStepPreHook: "hook",
  registerStepPostHook: "hook",
});
explainAbsent(Optimizer.prototype, "Optimizer", { fields: ["paramGroups"] });

/** A gradient set to zero in its own memory, without the history that `createGraph` may have given it. */
function zeroed(grad: Tensor): Tensor {
  const clean = grad.gradFn === null ? grad.requiresGrad_(false) : grad.detach();
  return clean.zero_();
}
