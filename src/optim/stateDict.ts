/** State dicts of optimizers, in the form that PyTorch's exchange. */
import { describe, StateError } from "../core/errors";
import { snakeCase } from "../core/snakeCase";
import { entriesOf, fromSnakeCase } from "../core/stateNames";
import { tensor } from "../tensor/create";
import { Tensor } from "../tensor/tensor";

/** The state of an optimizer. All keys are PyTorch's. */
export interface OptimizerStateDict {
  /** What is remembered of each parameter, by its number. */
  readonly state: Readonly<Record<number, Record<string, unknown>>>;
  /** The options of each group, and the numbers of its parameters. */
  readonly param_groups: readonly { readonly [option: string]: unknown; readonly params: readonly number[] }[];
}

/** Fields of the state that are numbers in memory; in a state dict PyTorch has some of them as 0-d tensors. */
export type ScalarState = Readonly<Record<string, "number" | "tensor">>;

type Group = { params: Tensor[] };

/** The numbers of parameters: positions in all groups together; of a duplicate, the first. */
function numbersOf(groups: readonly Group[]): Map<Tensor, number> {
  const numbers = new Map<Tensor, number>();
  groups
    .flatMap((group) => group.params)
    .forEach((param, i) => {
      if (!numbers.has(param)) numbers.set(param, i);
    });
  return numbers;
}

/** The state of `groups` as a state dict. */
export function packState(
  groups: readonly Group[],
  state: ReadonlyMap<Tensor, object>,
  scalars: ScalarState,
): OptimizerStateDict {
  const numbers = numbersOf(groups);
  const packed: Record<number, Record<string, unknown>> = {};
  for (const [param, entry] of state) packed[numbers.get(param)!] = packEntry(entry, scalars);
  return {
    state: packed,
    param_groups: groups.map(({ params, ...options }) => ({
      ...Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), value])),
      params: params.map((param) => numbers.get(param)!),
    })),
  };
}

const packEntry = (entry: object, scalars: ScalarState): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(entry)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        snakeCase(name),
        scalars[name] === "tensor" ? tensor(value, { dtype: "float32" }) : value,
      ]),
  );

/**
 * Replaces the options of `groups` and the contents of `state` by copies of what a state dict has.
 * @throws StateError if the dictionary is of another form, or its groups differ in number or size; nothing is changed then.
 */
export function unpackState(
  op: string,
  saved: OptimizerStateDict,
  groups: readonly Group[],
  state: Map<Tensor, object>,
  scalars: ScalarState,
  checkEntry: CheckEntry = () => {},
): void {
  const { state: savedState, paramGroups } = checkForm(op, saved, groups);
  const params = new Map<number, Tensor>();
  groups.forEach((group, i) => {
    group.params.forEach((param, k) => {
      params.set(paramGroups[i]!.params[k]!, param);
    });
  });
  const entries = entriesOf(savedState).map(([key, entry]): [Tensor, object] => {
    const param = params.get(Number(key));
    if (param === undefined)
      throw new StateError(`${op}: loaded state dict has state of a parameter ${key} that no group has`);
    return [param, unpackEntry(`${op}: state of parameter ${key}`, entry, param, scalars)];
  });
  groups.forEach((group, i) => {
    const { params: _, ...options } = paramGroups[i]!;
    const merged = { ...group, ...fromSnakeCase(options), params: group.params };
    for (const [param, entry] of entries) if (group.params.includes(param)) checkEntry(op, param, entry, merged);
  });
  state.clear();
  for (const [param, entry] of entries) state.set(param, entry);
  groups.forEach((group, i) => {
    const { params: _, ...options } = paramGroups[i]!;
    Object.assign(group, fromSnakeCase(options));
  });
}

/** Says whether the state of a parameter is whole. @throws StateError */
export type CheckEntry = (op: string, param: Tensor, entry: object, group: Group) => void;

type SavedGroup = { readonly [option: string]: unknown; readonly params: readonly number[] };

function checkForm(op: string, saved: unknown, groups: readonly Group[]): { state: object; paramGroups: SavedGroup[] } {
  const dict = typeof saved === "object" && saved !== null ? Object.fromEntries(entriesOf(saved)) : {};
  const { state, param_groups: list } = dict as Record<string, unknown>;
  if (typeof state !== "object" || state === null || !Array.isArray(list))
    throw new StateError(`${op}: loadStateDict takes { state, param_groups }, got ${describe(saved)}`);
  const paramGroups = list.map((group) => checkGroup(op, group));
  if (paramGroups.length !== groups.length)
    throw new StateError(
      `${op}: loaded state dict has a different number of parameter groups: ${paramGroups.length} instead of ${groups.length}`,
    );
  groups.forEach(({ params }, i) => {
    const size = paramGroups[i]!.params.length;
    if (size !== params.length)
      throw new StateError(
        `${op}: loaded state dict contains a parameter group that doesn't match the size of optimizer's group: group ${i} has ${size} parameters instead of ${params.length}`,
      );
  });
  return { state, paramGroups };
}

/** @throws StateError unless a saved group has parameters with numbers. */
function checkGroup(op: string, group: unknown): SavedGroup {
  const fields = typeof group === "object" && group !== null ? Object.fromEntries(entriesOf(group)) : {};
  const { params } = fields as { params?: unknown };
  if (!Array.isArray(params) || !params.every(Number.isInteger))
    throw new StateError(
      `${op}: a group of a loaded state dict must have params, the numbers of its parameters, got ${describe(params ?? group)}`,
    );
  return fields as SavedGroup;
}

function unpackEntry(what: string, entry: unknown, param: Tensor, scalars: ScalarState): object {
  if (typeof entry !== "object" || entry === null || entry instanceof Tensor || Array.isArray(entry))
    throw new StateError(`${what} must be an object, got ${describe(entry)}`);
  const unpacked = fromSnakeCase(entry);
  for (const name in unpacked)
    unpacked[name] = unpackValue(`${what}: ${snakeCase(name)}`, unpacked[name], param, name in scalars);
  return unpacked;
}

/** Tensors are cast to the dtype and moved to the device of the parameter, as PyTorch does. */
function unpackValue(what: string, value: unknown, param: Tensor, isScalar: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => unpackValue(what, item, param, isScalar));
  if (!(value instanceof Tensor)) return checkPlain(what, value);
  value.assertAlive(what);
  if (isScalar && value.numel() === 1) return value.item();
  const copy = value.detach().to({ dtype: param.dtype, device: param.device }).clone().contiguous();
  copy.isKept = true;
  return copy;
}

/** Tensors do not go through JSON: what is left of them must not pass for state. */
function checkPlain(what: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  throw new StateError(
    `${what} must be a tensor, a number or a list of them, got ${describe(value)}; tensors do not survive JSON, keep them in a file of tensors`,
  );
}
