/** Where the arguments of a PyTorch call go in one of our signatures. */
import type { Kind, Parameter, Signature } from "./api";
import type { BoundArgument } from "./signatures";
import { DTypeName, isTensor, PyFloat, target, torch } from "./values";

/** `log_softmax` → `logSoftmax`, `T_max` → `TMax`, `add_` → `add_`, `__and__` as it is. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export interface Placement {
  readonly args: unknown[];
  /** Arguments that found a parameter of their name. */
  readonly matches: number;
}

/** What decides how Python floats with integral values are passed. */
export interface Traits {
  readonly hasTensor: boolean;
  readonly hasInteger: boolean;
  readonly hasFloat: boolean;
}

export function traitsOf(values: unknown): Traits {
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
export function place(call: readonly BoundArgument[], signature: Signature, traits: Traits): Placement | string {
  const layout = new Layout(call, signature, traits);
  for (const argument of call) {
    if (isEmptyList(argument) || meaningless.has(argument.name)) continue;
    if (!layout.take(argument) && !argument.isDefault) return layout.refusal(argument);
  }
  return layout.finish();
}

/** The arguments of one call, as they find their places. */
class Layout {
  private readonly options: Record<string, unknown> = {};
  private readonly slots: unknown[] = [];
  private matches = 0;
  private readonly names: ReadonlySet<string>;
  private readonly known: readonly string[];
  private readonly positions: readonly Parameter[];

  constructor(
    call: readonly BoundArgument[],
    private readonly signature: Signature,
    private readonly traits: Traits,
  ) {
    const last = signature.at(-1);
    this.names = new Set(call.map(({ name }) => camelCase(name)));
    this.known = Object.keys(last?.options ?? {});
    // An object that may also be something else, such as the target of `to`, is a position as well.
    this.positions = signature.filter((parameter) => parameter !== last || !last.options || last.kinds.length > 1);
  }

  /** Puts an argument in its place; false if there is none. */
  take(argument: BoundArgument): boolean {
    const name = camelCase(argument.name);
    const byName = this.positions.findIndex((parameter) => parameter.name === name && !parameter.rest);
    if (byName < 0 && this.known.includes(name)) {
      this.options[name] = convert(argument.value, ["any"], this.traits);
      this.matches++;
      return true;
    }
    const index = byName >= 0 ? byName : this.indexByPosition(argument);
    const parameter = this.positions[index];
    const isWanted = byName >= 0 || parameter?.rest || !argument.isDefault;
    if (parameter && isWanted && accepts(parameter, argument.value)) {
      if (byName >= 0) this.matches++;
      this.put(index, parameter, argument.value);
      return true;
    }
    return this.takeAsExtra(name, argument);
  }

  /** A named argument of a function that takes any, such as `Identity`. */
  private takeAsExtra(name: string, { position, value }: BoundArgument): boolean {
    const last = this.positions.at(-1);
    if (position !== undefined || !last?.rest || !last.kinds.includes("any")) return false;
    this.options[name] = value;
    return true;
  }

  refusal(argument: BoundArgument): string {
    const { name, position, value } = argument;
    const parameter =
      this.positions.find((one) => one.name === camelCase(name)) ?? this.positions[this.indexByPosition(argument)];
    if (parameter === undefined) return `no place for ${name || `argument ${position}`}`;
    return `${parameter.name} takes ${parameter.kinds.join(" | ")}, not ${kindOf(value)} (${name || position})`;
  }

  /** Our parameter at PyTorch's position, unless it is named like another argument of the call; −1 if there is none. */
  private indexByPosition({ position }: BoundArgument): number {
    if (position === undefined) return -1;
    const rest = this.positions.findIndex((parameter) => parameter.rest);
    const index = rest >= 0 ? Math.min(position, rest) : position;
    const parameter = this.positions[index];
    return parameter === undefined || (!parameter.rest && this.names.has(parameter.name)) ? -1 : index;
  }

  private put(index: number, { rest, kinds }: Parameter, value: unknown): void {
    if (!rest) this.slots[index] = convert(value, kinds, this.traits);
    else for (const item of Array.isArray(value) ? value : [value]) this.slots.push(convert(item, kinds, this.traits));
  }

  /** The arguments in order, or which parameter got none. */
  finish(): Placement | string {
    const { hasFloat, hasTensor } = this.traits;
    if (hasFloat && !hasTensor && this.known.includes("dtype")) this.options.dtype ??= "float32";
    const gap = this.positions.find((parameter, i) => !parameter.optional && !parameter.rest && !(i in this.slots));
    if (gap) return `nothing for the parameter ${gap.name}`;
    const args = Array.from(this.slots, (value) => value);
    if (Object.keys(this.options).length === 0) return { args, matches: this.matches };
    const isOpen = this.signature.some((parameter) => parameter.rest);
    while (!isOpen && args.length < this.signature.length - 1) args.push(undefined);
    return { args: [...args, this.options], matches: this.matches };
  }
}

/** Arguments that say where or how tensors lie on a device, and nothing about values. */
export const meaningless: ReadonlySet<string> = new Set(["non_blocking", "memory_format"]);

/** `stride=[]` is PyTorch's way to leave an argument out. */
export const isEmptyList = ({ value, isDefault }: BoundArgument): boolean =>
  isDefault && Array.isArray(value) && value.length === 0;

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
export function convert(value: unknown, kinds: readonly Kind[], traits: Traits): unknown {
  if (value instanceof DTypeName) return value.name;
  if (Array.isArray(value)) return value.map((item) => convert(item, ["any"], traits));
  if (value === null) return kinds.includes("null") || kinds.includes("any") ? null : undefined;
  if (!(value instanceof PyFloat)) return value;
  const asTensor = traits.hasInteger && kinds.includes("tensor") && Number.isInteger(value.value);
  return asTensor ? target.move(torch.tensor(value.value)) : value.value;
}
