/** Modules as functions of their parameters. */

import { checkArray } from "../core/arguments";
import { ArgumentError, StateError, ValueError } from "../core/errors";
import { named, overloaded } from "../core/signature";
import { checkModule } from "../nn/module/checks";
import type { Module } from "../nn/module/module";
import { stack } from "../ops/shape/join";
import { Tensor } from "../tensor/tensor";

/** Tensors by the names of parameters and buffers, such as `fc1.weight`. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Options of {@link functionalCall}. */
export interface FunctionalCallOptions {
  /** A tensor given for one of several tied parameters stands for all of them. Default: true. */
  tieWeights?: boolean;
  /** Every parameter and buffer must be given. Default: false. */
  strict?: boolean;
}

/** A place in a module that holds a tensor. */
interface Slot {
  readonly owner: Record<string, unknown>;
  readonly field: string;
  readonly tensor: Tensor;
}

/**
 * Calls a module with other tensors in the place of its parameters and buffers; those that are not given stay. The module is unchanged
 * afterwards, and gradients flow to the tensors given.
 *
 * @param state The tensors by name, or an array of such objects.
 * @param args The arguments of the call: an array, or a single one.
 * @throws StateError for a name that the module does not have, or if a tied parameter is given twice.
 * @see torch.func.functional_call
 * @example
 * const params = Object.fromEntries(model.namedParameters());
 * const gradients = torch.func.grad((p) => lossFn(torch.func.functionalCall(model, p, x), y))(params);
 */
export const functionalCall = overloaded(
  "functionalCall",
  "module(), parameterAndBufferDicts{}, args;; tieWeights, strict",
  <M extends Module>(
    module: M,
    state: NamedTensors | readonly NamedTensors[],
    args: Parameters<M["forward"]> | Parameters<M["forward"]>[0],
    options: FunctionalCallOptions = {},
  ): ReturnType<M["forward"]> => {
    checkModule("functionalCall", module);
    const { tieWeights = true, strict = false } = options;
    const slots = slotsOf(module);
    const given = merged(state);
    checkNames(given, slots, strict);
    const values = tieWeights ? tied(given, slots) : given;
    for (const [name, value] of values) setSlot(slots.get(name)!, value);
    try {
      return module(...((Array.isArray(args) ? args : [args]) as Parameters<M["forward"]>));
    } finally {
      for (const name of values.keys()) setSlot(slots.get(name)!, slots.get(name)!.tensor);
    }
  },
);

function setSlot({ owner, field }: Slot, value: Tensor): void {
  owner[field] = value;
}

/** Every parameter and buffer, under each of its names. */
function slotsOf(root: Module): Map<string, Slot> {
  const slots = new Map<string, Slot>();
  for (const [path, module] of root.namedModules({ removeDuplicate: false })) {
    const owner = module as unknown as Record<string, unknown>;
    const own = new Set<unknown>([...module.parameters({ recurse: false }), ...module.buffers({ recurse: false })]);
    for (const [field, tensor] of Object.entries(owner))
      if (tensor instanceof Tensor && own.has(tensor))
        slots.set(path === "" ? module.stateKey(field) : `${path}.${module.stateKey(field)}`, { owner, field, tensor });
  }
  return slots;
}

function merged(state: NamedTensors | readonly NamedTensors[]): Map<string, Tensor> {
  const all = new Map<string, Tensor>();
  for (const part of Array.isArray(state) ? (state as readonly NamedTensors[]) : [state as NamedTensors])
    for (const [name, value] of Object.entries(part ?? {})) {
      if (all.has(name))
        throw new ValueError(`functionalCall: "${name}" appears in multiple objects, so its value is ambiguous`);
      if (!(value instanceof Tensor)) throw new ArgumentError(`functionalCall: the value of "${name}" is no Tensor`);
      all.set(name, value);
    }
  return all;
}

function checkNames(given: ReadonlyMap<string, Tensor>, slots: ReadonlyMap<string, Slot>, strict: boolean): void {
  const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
  const unexpected = [...given.keys()].filter((name) => !slots.has(name));
  if (unexpected.length > 0)
    throw new StateError(
      `functionalCall: Unexpected key(s): ${list(unexpected)}; the module has ${list([...slots.keys()])}`,
    );
  const missing = strict ? [...slots.keys()].filter((name) => !given.has(name)) : [];
  if (missing.length > 0) throw new StateError(`functionalCall: Missing key(s): ${list(missing)}`);
}

/** The tensors given, also under the other names of the parameters that they replace. */
function tied(given: ReadonlyMap<string, Tensor>, slots: ReadonlyMap<string, Slot>): Map<string, Tensor> {
  const byTensor = new Map<Tensor, Tensor>();
  for (const [name, value] of given) {
    const { tensor } = slots.get(name)!;
    const other = byTensor.get(tensor);
    if (other !== undefined && other !== value)
      throw new StateError(
        `functionalCall got multiple values for "${name}" and a parameter that is tied to it. Consider using tieWeights: false`,
      );
    byTensor.set(tensor, value);
  }
  const values = new Map<string, Tensor>();
  for (const [name, { tensor }] of slots) {
    const value = byTensor.get(tensor);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

/**
 * The parameters and buffers of several models of one kind, stacked along a new first axis: an ensemble for {@link vmap}.
 *
 * @returns `[parameters, buffers]`, objects by name; the stacked parameters are leaves that require grad as the models' do.
 * @throws ValueError if there is no model, or if classes or training modes differ.
 * @see torch.func.stack_module_state
 * @example
 * const [params, buffers] = torch.func.stackModuleState(models);
 * const all = torch.vmap((p, b) => torch.func.functionalCall(models[0], [p, b], x))(params, buffers);
 */
export const stackModuleState = named(
  "stackModuleState",
  "models",
  (models: readonly Module[]): [parameters: Record<string, Tensor>, buffers: Record<string, Tensor>] => {
    checkArray("stackModuleState", "models", models, "modules");
    for (const [i, model] of models.entries()) checkModule("stackModuleState", model, `models[${i}]`);
    const [first] = models;
    if (first === undefined) throw new ValueError("stackModuleState: Expected at least one model, got 0.");
    if (models.some((model) => model.training !== first.training))
      throw new ValueError("stackModuleState: Expected all models to have the same training/eval mode.");
    if (models.some((model) => model.constructor !== first.constructor))
      throw new ValueError("stackModuleState: Expected all models to be of the same class.");
    return [
      stackNamed(models.map((model) => model.namedParameters())),
      stackNamed(models.map((model) => model.namedBuffers())),
    ];
  },
);

function stackNamed(states: readonly (readonly [name: string, value: Tensor][])[]): Record<string, Tensor> {
  const named = states.map((state) => new Map(state));
  return Object.fromEntries(
    states[0]!.map(([name, value]) => {
      const parts = named.map((state) => {
        const part = state.get(name);
        if (part === undefined) throw new StateError(`stackModuleState: a model has no "${name}"`);
        return part.detach();
      });
      return [name, stack(parts, 0).requiresGrad_(value.requiresGrad)];
    }),
  );
}
