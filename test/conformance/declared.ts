/**
 * Calls of what declares the names of its arguments: made as PyTorch makes them, what is given by position by position, and what is given by name in
 * one object at the end.
 */
import { type Parts, parse } from "../../src/core/binding";
import type { Kind, Signature } from "./api";
import { camelCase, convert, isEmptyList, meaningless, type Traits } from "./place";
import type { BoundArgument } from "./signatures";
import { Missing, torch } from "./values";

const known = new Map<string, Parts>();

/** What a function or class declares; undefined if it declares nothing. */
export function declarationOf(value: unknown): Parts | undefined {
  const text = (value as { signature?: unknown } | undefined)?.signature;
  if (typeof text !== "string") return undefined;
  const parts = known.get(text) ?? parse(text);
  known.set(text, parts);
  return parts;
}

let functions: Map<unknown, unknown> | undefined;

/** The function that a method of tensors is a form of. */
export function functionOf(method: unknown): unknown {
  const ops = Object.values(torch.__families).flatMap((family) => Object.values(family as object));
  functions ??= new Map(ops.map((op) => [op.method, op]));
  return functions.get(method);
}

/** What the receiver of a method leaves. */
export const withoutFirst = (parts: Parts): Parts => ({
  ...parts,
  positions: parts.isOpen && parts.leading === 1 ? parts.positions : parts.positions.slice(1),
  leading: parts.isOpen && parts.leading === 1 ? 1 : parts.leading - 1,
  objects: parts.objects.slice(1),
});

/** What the arguments accept by name, in any of the overloads. */
export function kindsOf(overloads: readonly Signature[]): Map<string, readonly Kind[]> {
  const kinds = new Map<string, readonly Kind[]>();
  const add = (name: string, more: readonly Kind[]): void => {
    kinds.set(name, [...(kinds.get(name) ?? []), ...more]);
  };
  for (const one of overloads.flat()) {
    add(one.name, one.kinds);
    for (const [name, option] of Object.entries(one.options ?? {})) add(name, option);
  }
  return kinds;
}

/** `T_max` is `TMax`, and may also be written `tMax`. */
const isSame = (a: string, b: string): boolean =>
  a === b || (a.slice(1) === b.slice(1) && a.charAt(0).toLowerCase() === b.charAt(0).toLowerCase());

/** A call of PyTorch with what is known of it. */
export interface TorchCall {
  readonly positional: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
  /** The arguments as PyTorch's signatures bind them. */
  readonly bound: readonly BoundArgument[];
  readonly traits: Traits;
}

/** Our arguments for a call. @throws Missing for an argument that has no place and is not PyTorch's default. */
export function layOut(parts: Parts, overloads: readonly Signature[], call: TorchCall): unknown[] {
  const kinds = kindsOf(overloads);
  const accepted = (name: string): readonly Kind[] => kinds.get(name) ?? ["any"];
  const { traits, bound } = call;
  const isDefault = (name: string): boolean => bound.some((one) => one.name === name && one.isDefault);
  const args: unknown[] = [];
  for (const [i, value] of call.positional.entries()) {
    const name = parts.positions[i];
    const argument = bound.find(({ position }) => position === i);
    const last = parts.leading - 1;
    if (parts.isOpen && i >= last) {
      const rest = Array.isArray(value) && !accepted(parts.positions[last]!).includes("array") ? value : [value];
      args.push(...rest.map((item) => convert(item, accepted(parts.positions[last]!), traits)));
    } else if (name !== undefined)
      args.push(argument && isEmptyList(argument) ? undefined : convert(value, accepted(name), traits));
    else if (!argument?.isDefault) throw new Missing(`no place for argument ${i}`);
  }
  const options: Record<string, unknown> = {};
  for (const [theirs, value] of Object.entries(call.named)) {
    if (meaningless.has(theirs)) continue;
    const name = parts.all.find((own) => isSame(own, camelCase(theirs)));
    if (name === undefined && !isDefault(theirs)) throw new Missing(`no place for ${theirs}`);
    const isLeftOut = name === undefined || (Array.isArray(value) && value.length === 0 && isDefault(theirs));
    const own = isLeftOut ? undefined : convert(value, accepted(name), traits);
    if (own !== undefined) options[camelCase(theirs)] = own;
  }
  if (traits.hasFloat && !traits.hasTensor && parts.all.includes("dtype")) options.dtype ??= "float32";
  return Object.keys(options).length === 0 ? args : [...args, options];
}
