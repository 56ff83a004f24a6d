/** Calls of PyTorch in three forms: as far by position as it has positions, all by name, and mixed. What PyTorch has as a default is written out. */
import type { Kind } from "./api";
import { camelCase, convert, traitsOf } from "./place";
import { bind, literal, type TorchParameter, type TorchSignature } from "./signatures";
import { isTensor } from "./values";

export const formNames = ["by position", "by name", "mixed"] as const;
export type FormName = (typeof formNames)[number];

/** Names that mean nothing here: where results go, and where tensors lie. */
const absent = new Set(["out", "layout", "pin_memory", "memory_format", "device", "names", "async"]);

const isMeant = ({ name }: TorchParameter): boolean => !absent.has(name) && !name.startsWith("_");

/** A call as PyTorch makes it. */
export interface TorchCall {
  readonly positional: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

/** The arguments of a call by PyTorch's names, with the signature that it fits. */
interface Bound {
  readonly signature: TorchSignature;
  readonly given: ReadonlyMap<string, unknown>;
}

/** The signatures that a call fits. */
export function boundTo(signatures: readonly TorchSignature[], { positional, named }: TorchCall): Bound[] {
  return signatures.flatMap((signature) => {
    const bound = bind(signature, positional, named, isTensor);
    return bound ? [{ signature, given: new Map(bound.map(({ name, value }) => [name, value])) }] : [];
  });
}

/** Those that can be given by position: what comes after `*tensors`, or after what is PyTorch's own, is given by name. */
function slotsOf(parameters: readonly TorchParameter[]): readonly TorchParameter[] {
  const end = parameters.findIndex(({ keywordOnly, name }) => keywordOnly || name.startsWith("_"));
  const slots = end < 0 ? parameters : parameters.slice(0, end);
  const rest = slots.findIndex(({ variadic }) => variadic);
  return rest < 0 ? slots : slots.slice(0, rest + 1);
}

/** With what the signature has as defaults, where these are values; what is None is named, and undefined. */
function filled({ signature, given }: Bound): Map<string, unknown> {
  const all = new Map(given);
  for (const { name, fallback } of signature.parameters.filter(isMeant))
    if (fallback !== undefined && !all.has(name)) all.set(name, literal(fallback) ?? undefined);
  return all;
}

/** Our arguments in a form. @param kinds What our arguments of these names accept, where it is known. */
export function argumentsIn(
  form: FormName,
  bound: Bound,
  kinds: ReadonlyMap<string, readonly Kind[]>,
  receiver?: unknown,
): unknown[] {
  const values = form === "mixed" ? bound.given : filled(bound);
  const traits = traitsOf([receiver, [...bound.given.values()]]);
  const own = ({ name, fallback }: TorchParameter, value = values.get(name)): unknown => {
    if (value === undefined || (value === null && fallback === "None")) return undefined;
    return convert(value, kinds.get(camelCase(name)) ?? ["any"], traits);
  };
  const { parameters } = bound.signature;
  const slots = slotsOf(parameters);
  // `*args` have no name.
  const unnamed = slots.findIndex(({ name }) => name === "args") + 1;
  const last = slots.findLastIndex(({ name }) => values.get(name) !== undefined);
  const count = form === "by name" ? unnamed : form === "mixed" ? Math.max(unnamed, Math.ceil(last / 2)) : last + 1;
  const positional = slots.slice(0, count).flatMap((slot) => {
    const value = values.get(slot.name);
    return slot.variadic && Array.isArray(value) ? value.map((item) => own(slot, item)) : [own(slot)];
  });
  const byName = parameters.filter(
    (one) => isMeant(one) && values.has(one.name) && !slots.slice(0, count).includes(one),
  );
  if (byName.length === 0) return positional;
  return [...positional, Object.fromEntries(byName.map((one) => [camelCase(one.name), own(one)]))];
}
