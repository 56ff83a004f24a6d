/** Loading of state dicts, with PyTorch's report of what does not fit. */

import { noGrad } from "../../autograd/mode";
import { checkString } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { describe, StateError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { within } from "../../core/signature";
import { snakeCase as spelled } from "../../core/snakeCase";
import { Tensor } from "../../tensor/tensor";
import { UninitializedBuffer, UninitializedParameter } from "./parameter";

/** Tensors by name, in the order of the modules. */
export type StateDict = Record<string, Tensor>;

/** What a module and a state dict do not have in common. @see torch.nn.modules.module._IncompatibleKeys */
export class IncompatibleKeys {
  constructor(
    readonly missingKeys: readonly string[],
    readonly unexpectedKeys: readonly string[],
  ) {}

  toString(): string {
    if (this.missingKeys.length + this.unexpectedKeys.length === 0) return "<All keys matched successfully>";
    const list = (keys: readonly string[]) => `[${keys.map((key) => `'${key}'`).join(", ")}]`;
    return `IncompatibleKeys(missingKeys=${list(this.missingKeys)}, unexpectedKeys=${list(this.unexpectedKeys)})`;
  }
}

/**
 * Key of the method by which a module reads what older versions of it wrote: it gets a state dict and the prefix of its keys, and gives the state dict
 * with the keys of today.
 */
export const upgraded: unique symbol = Symbol("upgraded");

/** A module as far as loading is concerned. */
interface Stateful {
  [upgraded]?(state: Readonly<StateDict>, prefix: string): Readonly<StateDict>;
  ownState(): [name: string, value: Tensor][];
  slots(): [name: string, child: Stateful][];
  setExtraState(state: unknown): void;
  hasExtraState(part: "setExtraState"): boolean;
}

/** What was found on the way. */
interface Report {
  readonly missing: string[];
  readonly unexpected: string[];
  readonly errors: string[];
}

/** Copies the tensors of `state` into `root`. @throws StateError with one line per kind of mismatch. */
export function loadState(root: Stateful, state: Readonly<StateDict>, strict: boolean): IncompatibleKeys {
  if (typeof state !== "object" || state === null)
    throw new StateError(`stateDict must be an object of tensors, got ${describe(state)}`);
  const report: Report = { missing: [], unexpected: [], errors: [] };
  noGrad(() => loadModule(root, "", state, report));
  const quoted = (keys: readonly string[]) => keys.map((key) => `"${key}"`).join(", ");
  const lines = [...report.errors];
  if (strict && report.unexpected.length > 0)
    lines.unshift(`Unexpected key(s) in state_dict: ${quoted(report.unexpected)}. `);
  if (strict && report.missing.length > 0) lines.unshift(`Missing key(s) in state_dict: ${quoted(report.missing)}. `);
  if (lines.length > 0)
    throw new StateError(`Error(s) in loading state_dict for ${classNameOf(root)}:\n\t${lines.join("\n\t")}`);
  return new IncompatibleKeys(report.missing, report.unexpected);
}

function loadModule(module: Stateful, prefix: string, given: Readonly<StateDict>, report: Report): void {
  const state = module[upgraded]?.(given, prefix) ?? given;
  const own = module.ownState();
  for (const [name, target] of own) {
    const key = prefix + name;
    if (Object.hasOwn(state, key)) copyInto(target, state[key], key, report);
    else report.missing.push(key);
  }
  if (module.hasExtraState("setExtraState")) {
    const key = `${prefix}_extra_state`;
    if (Object.hasOwn(state, key)) module.setExtraState(state[key]);
    else report.missing.push(key);
  }
  const children = module.slots();
  const known = new Set([...own, ...children].map(([name]) => name));
  if (module.hasExtraState("setExtraState")) known.add("_extra_state");
  for (const key of Object.keys(state))
    if (key.startsWith(prefix) && !known.has(key.slice(prefix.length).split(".", 1)[0]!)) report.unexpected.push(key);
  for (const [name, child] of children) loadModule(child, `${prefix}${name}.`, state, report);
}

const sizeText = (x: Tensor): string => `torch.Size(${shapeText(x.shape)})`;

function copyInto(target: Tensor, given: unknown, key: string, report: Report): void {
  if (!(given instanceof Tensor)) {
    report.errors.push(
      `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${describe(given)}`,
    );
    return;
  }
  const isLazy = target instanceof UninitializedParameter || target instanceof UninitializedBuffer;
  if (isLazy && target.isUninitialized) target.materialize(given.shape);
  // Scalars were saved as tensors of one element once.
  const source = target.ndim === 0 && given.ndim === 1 ? given.select(0, 0) : given;
  if (!sameShape(source.shape, target.shape)) {
    report.errors.push(
      `size mismatch for ${key}: copying a param with shape ${sizeText(source)} from checkpoint, the shape in current model is ${sizeText(target)}.`,
    );
    return;
  }
  target.copy_(source);
}

/** `runningMean` → `running_mean`: PyTorch's spelling of a field's name. */
export const snakeCase = (name: string): string => spelled(checkString("snakeCase", "name", name));

/** {@link snakeCase} of a field, for the `stateKey` of layers. */
export const stateKeyOf = (field: string): string => within("stateKey", () => snakeCase(field));
