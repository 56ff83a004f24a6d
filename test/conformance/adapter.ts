/**
 * From a PyTorch call to ours, by rule: names become camelCase, arguments are bound to PyTorch's signature, and each goes
 * to the parameter or option of the same name, else, if PyTorch takes it by position, to our parameter at that position.
 * What has no place is missing, unless it has PyTorch's default.
 */
import { type Api, type Kind, loadApi, type Parameter, type Signature } from "./api";
import { type BoundArgument, bind, type TorchSignature } from "./signatures";
import { DTypeName, isTensor, Missing, PyFloat, torch } from "./values";

let api: Api | undefined;

/** `log_softmax` → `logSoftmax`, `T_max` → `TMax`, `add_` → `add_`, `__and__` as it is. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

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
  const args = mapCall(`Tensor.${name}`, positional, named, withoutReceiver, api.methods[name]);
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

/** Our arguments for a call; the first pair of a PyTorch and one of our signatures that takes every argument wins. */
function mapCall(
  what: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  theirs: readonly TorchSignature[],
  ours: readonly Signature[] | undefined,
): unknown[] {
  const bound = theirs
    .map((signature) => bind(signature, positional, named, isTensor))
    .filter((call) => call !== undefined);
  const calls = bound.length > 0 ? withDefaultsOfAll(bound) : [unnamed(positional, named)];
  if (ours === undefined) throw new Missing(`${what}: no declaration found`);
  const traits = traitsOf([positional, named]);
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

interface Placement {
  readonly args: unknown[];
  /** Arguments that found a parameter of their name. */
  readonly matches: number;
}

/** What decides how Python floats with integral values are passed. */
interface Traits {
  readonly hasTensor: boolean;
  readonly hasInteger: boolean;
  readonly hasFloat: boolean;
}

function traitsOf(values: unknown): Traits {
  const found = { hasTensor: false, hasInteger: false, hasFloat: false };
  const visit = (value: unknown): void => {
    if (isTensor(value)) {
      found.hasTensor = true;
      found.hasInteger ||= !value.isFloatingPoint();
    } else if (value instanceof PyFloat) found.hasFloat = true;
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  visit(values);
  return found;
}

/** Lays the arguments out for one of our signatures, or says which one has no place. */
function place(call: readonly BoundArgument[], signature: Signature, traits: Traits): Placement | string {
  const options: Record<string, unknown> = {};
  const slots: unknown[] = [];
  let matches = 0;
  const names = new Set(call.map(({ name }) => camelCase(name)));
  const last = signature.at(-1);
  const known = last?.options ?? [];
  const positions = signature.filter((parameter) => parameter !== last || !last.options || last.kinds.length > 1);
  for (const argument of call) {
    if (isEmptyList(argument) || meaningless.has(argument.name)) continue;
    const name = camelCase(argument.name);
    const byName = positions.findIndex((parameter) => parameter.name === name && !parameter.rest);
    const index = byName >= 0 ? byName : positionOf(argument, positions, names);
    const parameter = positions[index];
    if (byName < 0 && known.includes(name)) {
      options[name] = convert(argument.value, ["any"], traits);
      matches++;
    } else if (
      parameter &&
      (byName >= 0 || parameter.rest || !argument.isDefault) &&
      accepts(parameter, argument.value)
    ) {
      if (byName >= 0) matches++;
      put(slots, index, parameter, argument.value, traits);
    } else if (argument.position === undefined && takesAnything(positions.at(-1))) options[name] = argument.value;
    else if (!argument.isDefault) return refusal(argument, parameter);
  }
  if (traits.hasFloat && !traits.hasTensor && known.includes("dtype")) options.dtype ??= "float32";
  const gap = positions.findIndex((parameter, i) => !parameter.optional && !parameter.rest && !(i in slots));
  if (gap >= 0) return `nothing for the parameter ${positions[gap]!.name}`;
  return { args: withOptions(slots, options, signature), matches };
}

/** Whether a parameter is a rest of which nothing is known, as `Identity` has. */
const takesAnything = (parameter: Parameter | undefined): boolean =>
  (parameter?.rest ?? false) && parameter!.kinds.includes("any");

/** Arguments that say where or how tensors lie on a device, and nothing about values. */
const meaningless = new Set(["non_blocking", "memory_format"]);

/** `stride=[]` is PyTorch's way to leave an argument out. */
const isEmptyList = ({ value, isDefault }: BoundArgument): boolean =>
  isDefault && Array.isArray(value) && value.length === 0;

const refusal = ({ name, position, value }: BoundArgument, parameter: Parameter | undefined): string =>
  parameter
    ? `${parameter.name} takes ${parameter.kinds.join(" | ")}, not ${kindOf(value)} (${name || position})`
    : `no place for ${name || `argument ${position}`}`;

/** The parameter at PyTorch's position, unless it is named like another argument of the call. */
function positionOf({ position }: BoundArgument, positions: readonly Parameter[], names: ReadonlySet<string>): number {
  if (position === undefined) return -1;
  const rest = positions.findIndex((parameter) => parameter.rest);
  const index = rest >= 0 ? Math.min(position, rest) : position;
  const parameter = positions[index];
  return parameter === undefined || (!parameter.rest && names.has(parameter.name)) ? -1 : index;
}

function put(slots: unknown[], index: number, parameter: Parameter, value: unknown, traits: Traits): void {
  if (!parameter.rest) slots[index] = convert(value, parameter.kinds, traits);
  else for (const item of Array.isArray(value) ? value : [value]) slots.push(convert(item, parameter.kinds, traits));
}

function withOptions(slots: unknown[], options: Record<string, unknown>, signature: Signature): unknown[] {
  const args = Array.from(slots, (value) => value);
  if (Object.keys(options).length === 0) return args;
  if (!signature.some((parameter) => parameter.rest)) while (args.length < signature.length - 1) args.push(undefined);
  return [...args, options];
}

function kindOf(value: unknown): Kind {
  if (isTensor(value)) return "tensor";
  if (value instanceof PyFloat || typeof value === "bigint") return "number";
  if (value instanceof DTypeName) return "string";
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : (typeof value as Kind);
}

function accepts({ kinds, optional, rest }: Parameter, value: unknown): boolean {
  const kind = kindOf(value);
  if (rest && kind === "array")
    return (value as unknown[]).every((item) => accepts({ name: "", kinds, optional, rest: false }, item));
  return kinds.includes("any") || kinds.includes(kind) || (kind === "null" && optional);
}

/**
 * The value as our function takes it. JavaScript has no 2.0: where a Python float meets integer tensors, it becomes what a user
 * would write, a 0-d float tensor, if the parameter takes one.
 */
function convert(value: unknown, kinds: readonly Kind[], traits: Traits): unknown {
  if (value instanceof DTypeName) return value.name;
  if (Array.isArray(value)) return value.map((item) => convert(item, ["any"], traits));
  if (value === null) return kinds.includes("null") || kinds.includes("any") ? null : undefined;
  if (!(value instanceof PyFloat)) return value;
  const asTensor = traits.hasInteger && kinds.includes("tensor") && Number.isInteger(value.value);
  return asTensor ? torch.tensor(value.value) : value.value;
}
