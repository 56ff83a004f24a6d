/**
 * From a PyTorch call to ours, by rule: names become camelCase. What declares the names of its arguments is called as PyTorch calls it; for all else
 * arguments are bound to PyTorch's signature, and each goes to the parameter or option of the same name, else, if PyTorch takes it by position, to our
 * parameter at that position. What has no place is missing, unless it has PyTorch's default.
 */
import type { Parts } from "../../src/core/binding";
import { type Api, loadApi, type Signature } from "./api";
import { declarationOf, functionOf, layOut, withoutFirst } from "./declared";
import { camelCase, convert, type Placement, place, traitsOf } from "./place";
import { type BoundArgument, bind, type TorchSignature } from "./signatures";
import { isTensor, Missing, torch } from "./values";

let api: Api | undefined;

/** `nn.functional.log_softmax` → `nn.functional.logSoftmax`. */
export const ourPath = (path: string): string => path.split(".").map(camelCase).join(".");

/** The value at a path of the library, undefined if there is none. */
export const find = (path: string): unknown => {
  const value = path.split(".").reduce<any>((inner, key) => inner?.[key], torch);
  // A function that only says why it is not here is missing.
  return typeof value === "function" && "isAbsent" in value ? undefined : value;
};

/** A call of ours that stands for one of PyTorch's: a function or class by its path, or a method of a receiver. */
export interface MappedCall {
  readonly path: string;
  readonly receiver?: unknown;
  readonly args: readonly unknown[];
}

/** The call of the function at a PyTorch path, or of the method of the same name if there is no such function. */
export function mapFunction(
  path: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): MappedCall {
  api ??= loadApi();
  const name = ourPath(path);
  if (typeof find(name) !== "function") {
    const [receiver, ...rest] = positional;
    if (isTensor(receiver) && !path.includes(".")) return mapMethod(receiver, path, rest, named, signatures);
    throw new Missing(`torch.${name}`);
  }
  const ours = { parts: declarationOf(find(name)), overloads: api.functions[name] };
  return { path: name, args: mapCall(`torch.${name}`, positional, named, signatures, ours) };
}

/** Makes a call of a function or method. */
function perform({ path, receiver, args }: MappedCall): unknown {
  return receiver === undefined ? (find(path) as any)(...args) : (receiver as any)[path](...args);
}

/** Calls the function at a PyTorch path, or the method of the same name if there is no such function. */
export const callFunction = (...call: Parameters<typeof mapFunction>): unknown => perform(mapFunction(...call));

/** Calls a method of a tensor by its PyTorch name. */
export const callMethod = (...call: Parameters<typeof mapMethod>): unknown => perform(mapMethod(...call));

/** The call of a tensor's method by its PyTorch name. */
export function mapMethod(
  receiver: unknown,
  method: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): MappedCall {
  api ??= loadApi();
  const name = camelCase(method);
  if (typeof (receiver as any)?.[name] !== "function") throw new Missing(`Tensor.${name}`);
  const withoutReceiver = signatures.map((signature) => ({ ...signature, parameters: signature.parameters.slice(1) }));
  const parts = declarationOf(functionOf((receiver as any)[name]));
  const ours = { parts: parts && withoutFirst(parts), overloads: api.methods[name] };
  const args = mapCall(`Tensor.${name}`, positional, named, withoutReceiver, ours, receiver);
  return { path: name, receiver, args };
}

/** The call of the constructor of the class at a PyTorch path. */
export function mapConstructor(
  path: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): MappedCall {
  api ??= loadApi();
  const name = path
    .split(".")
    .map((part, i, all) => (i < all.length - 1 ? camelCase(part) : part))
    .join(".");
  if (typeof find(name) !== "function") throw new Missing(`torch.${name}`);
  return { path: name, args: asGiven(positional, named, signatures) };
}

/** Builds an instance of the class at a PyTorch path. */
export function construct(...call: Parameters<typeof mapConstructor>): any {
  const { path, args } = mapConstructor(...call);
  return new (find(path) as new (...args: readonly unknown[]) => unknown)(...args);
}

/** The arguments of a module for its `forward`. */
export const mapForward = (positional: readonly unknown[], named: Readonly<Record<string, unknown>>): unknown[] =>
  asGiven(positional, named, []);

/** Calls a module with the arguments of its `forward`. */
export const callInstance = (
  module: any,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
): any => module(...mapForward(positional, named));

/** The arguments of a class or module, which take all of them as PyTorch does. What is None by default is left out. */
function asGiven(
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  signatures: readonly TorchSignature[],
): unknown[] {
  const traits = traitsOf([positional, named]);
  const bound = signatures.flatMap((signature) => bind(signature, positional, named, isTensor) ?? []);
  const isNone = (value: unknown, isSame: (one: BoundArgument) => boolean): boolean =>
    value === null && bound.some((one) => isSame(one) && one.isDefault);
  const args = positional.map((value, i) =>
    isNone(value, ({ position }) => position === i) ? undefined : convert(value, ["any"], traits),
  );
  const given = Object.entries(named).filter(([key, value]) => !isNone(value, ({ name }) => name === key));
  if (given.length === 0) return args;
  return [...args, Object.fromEntries(given.map(([key, value]) => [camelCase(key), convert(value, ["any"], traits)]))];
}

/** What is known of something of ours. */
interface Ours {
  /** What it declares. */
  readonly parts?: Parts | undefined;
  readonly overloads: readonly Signature[] | undefined;
}

/** Our arguments for a call, of a method with its receiver; the first pair of a PyTorch and one of our signatures that takes every argument wins. */
function mapCall(
  what: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  theirs: readonly TorchSignature[],
  { parts, overloads }: Ours,
  receiver?: unknown,
): unknown[] {
  const bound = theirs
    .map((signature) => bind(signature, positional, named, isTensor))
    .filter((call) => call !== undefined);
  const calls = bound.length > 0 ? withDefaultsOfAll(bound) : [unnamed(positional, named)];
  const traits = traitsOf([receiver, positional, named]);
  if (parts !== undefined) return layOut(parts, overloads ?? [], { positional, named, bound: bound.flat(), traits });
  if (overloads === undefined) throw new Missing(`${what}: no declaration found`);
  let best: Placement | undefined;
  let reason = "";
  for (const call of calls)
    for (const signature of overloads) {
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
