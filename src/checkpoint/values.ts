/**
 * Plain values as JSON and tensors, exactly: every number, whatever JSON makes of it, and what JSON does not have. What is no plain
 * object of JSON's stands as `{ "$": kind, "v": … }`.
 */
import { classNameOf } from "../core/className";
import { ArgumentError, describe, FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { allocate } from "../tensor/create";
import { Tensor } from "../tensor/tensor";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Deeper nesting is refused, since it would overflow the stack. */
const MAX_DEPTH = 100;

const typedArrays = {
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;

/** Bytes as a tensor of uint8. To be disposed by the caller. */
export function tensorOfBytes(bytes: Uint8Array): Tensor {
  const x = allocate([bytes.length], "uint8");
  x.storage.backend.write(x.storage.block, "uint8", 0, bytes);
  return x;
}

/** A value taken apart. */
export class Encoder {
  /** The tensors by where they stand. */
  readonly tensors: Record<string, Tensor> = {};
  private readonly own: Tensor[] = [];

  constructor(private readonly op: string) {}

  /** @throws ArgumentError for what no file can hold, with the place where it stands. */
  encode(value: unknown, path: string, depth = 0): Json {
    if (depth > MAX_DEPTH)
      throw new ArgumentError(`${this.op}: ${path} is nested more than ${MAX_DEPTH} levels deep, or holds itself`);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number")
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged("number", Object.is(value, -0) ? "-0" : `${value}`);
    if (typeof value === "bigint") return tagged("bigint", String(value));
    if (value === undefined) return { $: "undefined" };
    if (value instanceof Tensor) return tagged("tensor", this.add(path, value));
    if (Array.isArray(value)) return Array.from(value, (item, i) => this.encode(item, `${path}.${i}`, depth + 1));
    if (typeof value === "object") return this.encodeObject(value, path, depth);
    throw this.refuse(value, path);
  }

  private encodeObject(value: object, path: string, depth: number): Json {
    if (ArrayBuffer.isView(value) && classNameOf(value) in typedArrays) {
      const bytes = tensorOfBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      this.own.push(bytes);
      return { ...tagged(classNameOf(value), this.add(path, bytes)) };
    }
    const list = (items: Iterable<unknown>) => this.encode([...items], path, depth + 1);
    if (value instanceof Map) return tagged("Map", list([...value].map(([key, item]) => [key, item])));
    if (value instanceof Set) return tagged("Set", list(value));
    if (value instanceof Date) return tagged("Date", this.encode(value.getTime(), path, depth + 1));
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw this.refuse(value, path);
    const record: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value))
      setOwn(record, key, this.encode(item, key === "" ? path : `${path}.${key}`, depth + 1));
    return Object.hasOwn(record, "$") ? tagged("object", Object.entries(record)) : record;
  }

  private refuse(value: unknown, path: string): ArgumentError {
    return new ArgumentError(
      `${this.op}: ${path} is ${describe(value)}, which a checkpoint cannot hold: give it numbers, texts, truth values, bigints, tensors, typed arrays, and arrays, objects, maps and sets of them; ` +
        "an object with stateDict() and loadStateDict() can be one of the parts",
    );
  }

  /** Takes a tensor up. @returns The name that it gets in the file. */
  private add(path: string, x: Tensor): string {
    x.assertAlive(this.op);
    let name = path;
    for (let i = 1; Object.hasOwn(this.tensors, name); i++) name = `${path}~${i}`;
    setOwn(this.tensors, name, x);
    return name;
  }

  /** Gives back what was made on the way. */
  close(): void {
    for (const x of this.own) x.dispose();
  }
}

const tagged = (kind: string, v: Json): { [key: string]: Json } => ({ $: kind, v });

/** What an {@link Encoder} took apart. @throws FormatError for anything else. */
export function decode(json: unknown, tensors: Readonly<Record<string, Tensor>>, depth = 0): unknown {
  if (depth > 2 * MAX_DEPTH) throw new FormatError("its values are nested too deep");
  if (Array.isArray(json)) return json.map((item) => decode(item, tensors, depth + 1));
  if (typeof json !== "object" || json === null) return json;
  if (Object.hasOwn(json, "$")) return decodeTagged(json as { $: unknown; v: unknown }, tensors, depth);
  const record: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(json)) setOwn(record, key, decode(item, tensors, depth + 1));
  return record;
}

function decodeTagged(
  { $: kind, v }: { $: unknown; v: unknown },
  tensors: Readonly<Record<string, Tensor>>,
  depth: number,
): unknown {
  const inner = () => decode(v, tensors, depth + 1);
  const tensor = (): Tensor => {
    if (typeof v === "string" && Object.hasOwn(tensors, v)) return tensors[v]!;
    throw new FormatError(`it has no tensor ${describe(v)}`);
  };
  try {
    if (kind === "number") return v === "-0" ? -0 : Number(v);
    if (kind === "bigint") return BigInt(v as string);
    if (kind === "undefined") return undefined;
    if (kind === "tensor") return tensor();
    if (kind === "Map") return new Map(inner() as [unknown, unknown][]);
    if (kind === "Set") return new Set(inner() as unknown[]);
    if (kind === "Date") return new Date(inner() as number);
    if (kind === "object")
      return (v as [string, unknown][]).reduce<Record<string, unknown>>((record, [key, item]) => {
        setOwn(record, key, decode(item, tensors, depth + 1));
        return record;
      }, {});
    if (typeof kind === "string" && Object.hasOwn(typedArrays, kind)) return typedArray(kind, tensor());
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`it has no ${describe(kind)} in ${describe(v)}`, { cause: error });
  }
  throw new FormatError(`it has a value of an unknown kind ${describe(kind)}`);
}

function typedArray(kind: string, x: Tensor): unknown {
  const bytes = Uint8Array.from(x.toTypedArray() as Uint8Array);
  x.dispose();
  return new typedArrays[kind as keyof typeof typedArrays](bytes.buffer as ArrayBuffer);
}
