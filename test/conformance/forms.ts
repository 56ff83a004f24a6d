/** Calls of PyTorch in three forms: as far by position as it has positions, all by name, and mixed. What PyTorch has as a default is written out. */
import type { Kind } from "./api";
import { camelCase, convert, traitsOf } from "./place";
import { bind, literal, type TorchParameter, type TorchSignature } from "./signatures";
import { isTensor } from "./values";

export const formNames = ["by position", "by name", "mixed"] as const;
export type FormName = (typeof formNames)[number];

/** Names that mean nothing here: where results go, and where tensors lie. */
const absent = new Set(["out", "layout", "pin_memory", "memory_format", "non_blocking", "device", "names", "async"]);

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

/** The first of the signatures that a call fits; the documentation's come before the schemas. */
export function boundTo(signatures: readonly TorchSignature[], { positional, named }: TorchCall): Bound | undefined {
  for (const signature of signatures) {
    const bound = bind(signature, positional, named, isTensor);
    if (bound) return { signature, given: new Map(bound.map(({ name, value }) => [name, value])) };
  }
  return undefined;
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
  const own = ({ name }: TorchParameter, value = values.get(name)): unknown => {
    if (value === undefined || (value === null && !bound.given.has(name))) return undefined;
    return convert(value, kinds.get(camelCase(name)) ?? ["any"], traits);
  };
  const { parameters } = bound.signature;
  const slots = parameters.filter(({ keywordOnly }) => !keywordOnly);
  const last = slots.findLastIndex(({ name }) => values.get(name) !== undefined);
  const count = form === "by name" ? 0 : form === "mixed" ? Math.ceil(last / 2) : last + 1;
  const positional = slots.slice(0, count).flatMap((slot) => {
    const value = values.get(slot.name);
    return slot.variadic && Array.isArray(value) ? value.map((item) => own(slot, item)) : [own(slot)];
  });
  const byName = parameters.filter((one) => values.has(one.name) && !slots.slice(0, count).includes(one));
  if (byName.length === 0) return positional;
  return [...positional, Object.fromEntries(byName.map((one) => [camelCase(one.name), own(one)]))];
}
