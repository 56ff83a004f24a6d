/** Values with tensors in them as messages between threads, whose memories are apart. */
import { isPlainObject } from "../core/binding";
import * as safetensors from "../io/safetensors";
import { Tensor } from "../tensor/tensor";

/** A value whose tensors are `Slot`s. */
export interface Packed {
  readonly value: unknown;
  /** The tensors by the numbers of their slots, as a safetensors file. Undefined if there are none. */
  readonly tensors: Uint8Array | undefined;
}

/** What stands for a tensor. */
class Slot {
  constructor(readonly kindlingTensor: number) {}
}

const isSlot = (value: object): value is Slot => Object.keys(value).length === 1 && "kindlingTensor" in value;

/** The value with each part that `change` gives another for replaced; containers of others are made anew only where something changed. */
function mapParts(value: unknown, change: (part: object) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const changed = change(value);
  if (changed !== undefined) return changed;
  if (Array.isArray(value)) return value.map((item) => mapParts(item, change));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, mapParts(item, change)]));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapParts(item, change)]));
}

/** Copies the tensors in a value. What else is in it is cloned when it is sent. */
export function pack(value: unknown): Packed {
  const found: Tensor[] = [];
  const bare = mapParts(value, (part) => {
    if (!(part instanceof Tensor)) return undefined;
    found.push(part.detach());
    return new Slot(found.length - 1);
  });
  if (found.length === 0) return { value: bare, tensors: undefined };
  const named = Object.fromEntries(found.map((tensor, i) => [String(i), tensor]));
  return { value: bare, tensors: safetensors.save(named) };
}

/** Makes the tensors again, in this thread's memory. */
export function unpack({ value, tensors }: Packed): unknown {
  if (tensors === undefined) return value;
  const made = safetensors.load(tensors);
  return mapParts(value, (part) =>
    isPlainObject(part) && isSlot(part) ? made[String(part.kindlingTensor)] : undefined,
  );
}
