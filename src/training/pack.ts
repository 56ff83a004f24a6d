/** Values with tensors in them as messages between threads, whose memories are apart. */
import { isPlainObject } from "../core/binding";
import { setOwn } from "../core/record";
import * as safetensors from "../io/safetensors";
import { Tensor } from "../tensor/tensor";

/** A value in which numbers stand for its tensors. */
export interface Packed {
  readonly value: unknown;
  /** The key of the objects that hold such a number, and nothing else: no object of the value has it. Undefined if there are no tensors. */
  readonly key?: string;
  /** The tensors by their numbers, as a safetensors file. */
  readonly tensors?: Uint8Array;
}

/**
 * A copy of a value, in which each part that `change` gives another for is replaced. What is in it several times, or in itself, is so in the copy.
 * What is no array, map, set or plain object is taken as it is.
 */
class Copier {
  private readonly copies = new Map<object, unknown>();

  constructor(private readonly change: (part: object) => unknown) {}

  copy(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (this.copies.has(value)) return this.copies.get(value);
    const changed = this.change(value);
    if (changed === undefined) return this.container(value);
    this.copies.set(value, changed);
    return changed;
  }

  private container(value: object): unknown {
    const keep = <T extends object>(made: T): T => {
      this.copies.set(value, made);
      return made;
    };
    if (Array.isArray(value)) {
      const list = keep(new Array<unknown>(value.length));
      for (const [i, item] of Object.entries(value)) list[Number(i)] = this.copy(item);
      return list;
    }
    if (value instanceof Map) {
      const map = keep(new Map<unknown, unknown>());
      for (const [key, item] of value) map.set(this.copy(key), this.copy(item));
      return map;
    }
    if (value instanceof Set) {
      const set = keep(new Set<unknown>());
      for (const item of value) set.add(this.copy(item));
      return set;
    }
    if (!isPlainObject(value)) return value;
    const record = keep<Record<string, unknown>>({});
    for (const [key, item] of Object.entries(value)) setOwn(record, key, this.copy(item));
    return record;
  }
}

/**
 * Copies the tensors in a value; what else is in it is cloned when it is sent. It is done when this returns, unless a tensor is on a device that cannot be
 * read at once.
 */
export function pack(value: unknown): Packed | Promise<Packed> {
  const found: Tensor[] = [];
  const key = `kindling ${crypto.randomUUID()}`;
  const bare = new Copier((part) => (part instanceof Tensor ? { [key]: found.push(part) - 1 } : undefined)).copy(value);
  if (found.length === 0) return { value: bare };
  const packed = (tensors: readonly Tensor[]): Packed => ({ value: bare, key, tensors: fileOf(tensors) });
  if (found.every((x) => x.storage.backend.readsAtOnce)) return packed(found);
  return Promise.all(found.map((x) => x.detach().cpu())).then(packed);
}

const fileOf = (tensors: readonly Tensor[]): Uint8Array =>
  safetensors.save(Object.fromEntries(tensors.map((x, i) => [String(i), x.detach()])));

/** Makes the tensors again, in this thread's memory. */
export function unpack({ value, key, tensors }: Packed): unknown {
  if (tensors === undefined || key === undefined) return value;
  const made = safetensors.load(tensors);
  return new Copier((part) =>
    Object.hasOwn(part, key) ? made[String((part as Record<string, unknown>)[key])] : undefined,
  ).copy(value);
}
