/** Sends the state of parameters from the ranks that keep it to all others, tensor by tensor. */
import type { DType } from "../../core/dtype";
import { StateError } from "../../core/errors";
import { Tensor } from "../../tensor/tensor";
import type { ProcessGroup } from "../group";
import { copyValues, lasting } from "./memory";

export type Entries = Record<number, Record<string, unknown>>;

/** What stands for a value on the way. Numbers travel as text, which has those that JSON lacks. */
type Packed =
  | { readonly tensor: readonly number[]; readonly dtype: DType }
  | { readonly number: string }
  | { readonly value: boolean | string | null }
  | { readonly list: readonly Packed[] };

function pack(op: string, value: unknown, tensors: Tensor[]): Packed {
  if (value instanceof Tensor) {
    tensors.push(value);
    return { tensor: value.shape, dtype: value.dtype };
  }
  if (typeof value === "number") return { number: String(value) };
  if (Array.isArray(value)) return { list: value.map((item) => pack(op, item, tensors)) };
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "string")
    return { value: value ?? null };
  throw new StateError(`${op}: the state of an optimizer has a value of a kind that cannot be sent to other ranks`);
}

function unpack(packed: Packed, tensors: Tensor[]): unknown {
  if ("number" in packed) return Number(packed.number);
  if ("list" in packed) return packed.list.map((item) => unpack(item, tensors));
  if ("value" in packed) return packed.value;
  const x = lasting(packed.tensor, packed.dtype);
  tensors.push(x);
  return x;
}

/** Gives every rank the entries of rank `root`. Every rank of the group calls it. */
export function broadcastEntries(op: string, own: Entries | undefined, root: number, group: ProcessGroup): Entries {
  const isRoot = group.rank === root;
  const tensors: Tensor[] = [];
  const packed = isRoot
    ? Object.entries(own!).map(([number, entry]) => [
        number,
        Object.entries(entry).map(([name, value]) => [name, pack(op, value, tensors)]),
      ])
    : undefined;
  const text = group.broadcastBytes(packed && new TextEncoder().encode(JSON.stringify(packed)), root, op);
  const shapes = JSON.parse(new TextDecoder().decode(text)) as [string, [string, Packed][]][];
  const entries: Entries = isRoot
    ? own!
    : Object.fromEntries(
        shapes.map(([number, entry]) => [
          number,
          Object.fromEntries(entry.map(([name, value]) => [name, unpack(value, tensors)])),
        ]),
      );
  for (const work of tensors.map((x) => group.broadcast(x.detach(), root, op))) work.wait();
  return entries;
}

/** Copies of the tensors in entries, which the steps to come do not change. */
export function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!(value instanceof Tensor)) return value;
  const x = lasting(value.shape, value.dtype);
  copyValues(x, value);
  return x;
}
