/** Values of the program as bytes: what `structuredClone` copies, and tensors. */

import { isPlainObject } from "../core/binding";
import { codeOf, dtypes, sizeOf } from "../core/dtype";
import { ArgumentError, describe } from "../core/errors";
import { nodeModule } from "../platform/platform";
import { allocate } from "../tensor/create";
import { Tensor } from "../tensor/tensor";

/** Stands for a tensor: its dtype, shape and bytes. */
const MARK = "\u0000tensor";
type Packed = { [MARK]: [code: number, shape: number[], bytes: Uint8Array] };

const codec = (): { serialize(x: unknown): Uint8Array; deserialize(bytes: Uint8Array): unknown } =>
  nodeModule<typeof import("node:v8")>("node:v8")!;

function packTensor(x: Tensor): Packed {
  x.assertAlive("allGatherObject");
  const dense = x.detach().contiguous();
  const bytes = x.numel() * sizeOf(x.dtype);
  const view = dense.storage.backend.view(dense.storage.block, "uint8", dense.offset * sizeOf(x.dtype), bytes);
  const copy = new Uint8Array(view as Uint8Array);
  return { [MARK]: [codeOf(x.dtype), [...x.shape], copy] };
}

function unpackTensor([code, shape, bytes]: Packed[typeof MARK]): Tensor {
  const x = allocate(shape, dtypes[code]!);
  x.storage.backend.write(x.storage.block, "uint8", 0, bytes);
  return x;
}

/** Maps the parts of containers; other values are handed to `leaf`. */
function mapParts(value: unknown, leaf: (value: unknown) => unknown): unknown {
  const go = (x: unknown): unknown => {
    const own = leaf(x);
    if (own !== x) return own;
    if (Array.isArray(x)) return x.map(go);
    if (x instanceof Map) return new Map([...x].map(([key, part]) => [go(key), go(part)]));
    if (x instanceof Set) return new Set([...x].map(go));
    if (isPlainObject(x)) return Object.fromEntries(Object.entries(x).map(([key, part]) => [key, go(part)]));
    return x;
  };
  return go(value);
}

/** Whether the tensors of a value are found by {@link mapParts}; circles would never end. */
function hasTensors(value: unknown, seen = new Set<unknown>()): boolean {
  if (value instanceof Tensor) return true;
  if (typeof value !== "object" || value === null || seen.has(value)) return false;
  seen.add(value);
  const parts = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  return parts.some((part) => hasTensors(part, seen));
}

/** The bytes of a value. @throws ArgumentError for functions, and for what holds some. */
export function encode(op: string, value: unknown): Uint8Array {
  const packed = hasTensors(value) ? mapParts(value, (x) => (x instanceof Tensor ? packTensor(x) : x)) : value;
  try {
    return codec().serialize(packed);
  } catch (error) {
    throw new ArgumentError(
      `${op}: ${describe(value)} cannot be sent to other processes (${(error as Error).message}); send plain values, arrays, objects and tensors`,
    );
  }
}

/** The value of bytes that {@link encode} made. */
export function decode(bytes: Uint8Array): unknown {
  const value = codec().deserialize(bytes);
  const isPacked = (x: unknown): x is Packed => isPlainObject(x) && Object.hasOwn(x, MARK);
  let found = false;
  const seen = new Set<unknown>();
  const look = (x: unknown): void => {
    if (typeof x !== "object" || x === null || seen.has(x) || ArrayBuffer.isView(x)) return;
    seen.add(x);
    if (isPacked(x)) found = true;
    else for (const part of x instanceof Map ? [...x].flat() : x instanceof Set ? x : Object.values(x)) look(part);
  };
  look(value);
  return found ? mapParts(value, (x) => (isPacked(x) ? unpackTensor(x[MARK]) : x)) : value;
}
