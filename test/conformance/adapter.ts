/**
 * From a PyTorch call to ours, by rule: names become camelCase, arguments are bound to PyTorch's signature, and each goes
 * to the parameter or option of the same name, else, if PyTorch takes it by position, to our parameter at that position.
 * What has no place is missing, unless it has PyTorch's default.
 */
import { type Api, loadApi, type Signature } from "./api";
import { camelCase, type Placement, place, traitsOf } from "./place";
import { type BoundArgument, bind, type TorchSignature } from "./signatures";
import { isTensor, Missing, torch } from "./values";

let api: Api | undefined;

/** `nn.functional.log_softmax` → `nn.functional.logSoftmax`. */
export const ourPath = (path: string): string => path.split(".").map(camelCase).join(".");

/** The value at a path of the library, undefined if there is none. */
export const find = (path: string): unknown => path.split(".").reduce<any>((value, key) => value?.[key], torch);

/** Calls the function at a PyTorch path, or the method of the same name if there is no such function. */
export function callFunction(
  path: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): unknown {
  api ??= loadApi();
  const name = ourPath(path);
  const f = find(name);
  if (typeof f !== "function") {
    const [receiver, ...rest] = positional;
    if (isTensor(receiver) && !path.includes(".")) return callMethod(receiver, path, rest, named, signatures);
    throw new Missing(`torch.${name}`);
  }
  const args = mapCall(`torch.${name}`, positional, named, signatures, api.functions[name]);
  return f(...args);
}

/** Calls a method of a tensor by its PyTorch name. */
export function callMethod(
  receiver: unknown,
  method: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): unknown {
  api ??= loadApi();
  const name = camelCase(method);
  const f = (receiver as any)?.[name];
  if (typeof f !== "function") throw new Missing(`Tensor.${name}`);
  const withoutReceiver = signatures.map((signature) => ({ ...signature, parameters: signature.parameters.slice(1) }));
  const args = mapCall(`Tensor.${name}`, positional, named, withoutReceiver, api.methods[name], receiver);
  return f.apply(receiver, args);
}

/** Builds an instance of the class at a PyTorch path. */
export function construct(
  path: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): any {
  api ??= loadApi();
  const name = path
    .split(".")
    .map((part, i, all) => (i < all.length - 1 ? camelCase(part) : part))
    .join(".");
  const Class = find(name) as (new (...args: unknown[]) => unknown) | undefined;
  if (typeof Class !== "function") throw new Missing(`torch.${name}`);
  return new Class(...mapCall(`new torch.${name}`, positional, named, signatures, api.classes[name]));
}

/** Calls a module of the class at a PyTorch path, with the arguments of its `forward`. */
export function callInstance(
  path: string,
  module: any,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
) {
  api ??= loadApi();
  return module(...mapCall(`${path}.forward`, positional, named, [], api.forwards[path]));
}

/** Our arguments for a call, of a method with its receiver; the first pair of a PyTorch and one of our signatures that takes every argument wins. */
function mapCall(
  what: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  theirs: readonly TorchSignature[],
  ours: readonly Signature[] | undefined,
  receiver?: unknown,
): unknown[] {
  const bound = theirs
    .map((signature) => bind(signature, positional, named, isTensor))
    .filter((call) => call !== undefined);
  const calls = bound.length > 0 ? withDefaultsOfAll(bound) : [unnamed(positional, named)];
  if (ours === undefined) throw new Missing(`${what}: no declaration found`);
  const traits = traitsOf([receiver, positional, named]);
  let best: Placement | undefined;
  let reason = "";
  for (const call of calls)
    for (const signature of ours) {
      const placed = place(call, signature, traits);
      if (typeof placed === "string") reason ||= placed;
      else if (best === undefined || placed.matches > best.matches) best = placed;
    }
  if (best === undefined) throw new Missing(`${what}: ${reason}`);
  return best.args;
}

/** An argument that is a default by one signature of the operator is one by all: the documentation and the schema complete each other. */
function withDefaultsOfAll(calls: readonly BoundArgument[][]): BoundArgument[][] {
  const defaults = new Set(calls.flat().flatMap(({ name, isDefault }) => (isDefault ? [name] : [])));
  return calls.map((call) => call.map((argument) => ({ ...argument, isDefault: defaults.has(argument.name) })));
}

/** A call of which no signature is known: positions stay, names are names. */
function unnamed(positional: readonly unknown[], named: Readonly<Record<string, unknown>>): BoundArgument[] {
  const byPosition = positional.map((value, position) => ({ name: "", value, position, isDefault: false }));
  const byName = Object.entries(named).map(([name, value]) => ({ name, value, position: undefined, isDefault: false }));
  return [...byPosition, ...byName];
}
