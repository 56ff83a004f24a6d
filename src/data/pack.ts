/**
 * Data sets on their way to workers: a graph of values becomes one that `postMessage` can clone, and back. Tensors
 * travel as descriptors of the shared memory. Instances and functions travel by name, as pickle's do: a class or
 * function with a `module` property (the URL of the module that exports it) is imported there, and an instance gets
 * its own fields back. So do objects that can be called, such as modules and transforms.
 */
import type { MemoryRange } from "../backend/capabilities";
import { cpu } from "../backend/cpu";
import { classNameOf, nameOf } from "../core/className";
import type { DType } from "../core/dtype";
import { DeviceError, describe, KindlingError, WorkerError } from "../core/errors";
import { setOwn } from "../core/record";
import { Callable } from "../nn/module/callable";
import { Module } from "../nn/module/module";
import { Parameter } from "../nn/module/parameter";
import { Storage } from "../tensor/storage";
import { Tensor } from "../tensor/tensor";

/**
 * Workers cannot have what the data set is made of: it does not say which module exports it, a worker cannot import that module, or no worker
 * runs here. This thread reads the data set then.
 */
export class ImportError extends WorkerError {}

type Class = abstract new (...args: any[]) => object;
type Named = Class | ((...args: any[]) => unknown) | object;

/** A range of shared memory as a tensor sees it. */
export interface TensorLayout extends MemoryRange {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Where a class or function comes from: a module's URL and the name of an export, or the library itself. */
interface Origin {
  readonly module: string | undefined;
  readonly name: string;
}

type PackedObject =
  | { kind: "tensor"; tensor: TensorLayout | number; parameter?: { requiresGrad: boolean } }
  | { kind: "array"; items: Packed[] }
  | { kind: "object"; fields: Record<string, Packed> }
  | { kind: "instance"; origin: Origin; fields: Record<string, Packed> }
  | { kind: "callable"; origin: Origin; fields: Record<string, Packed>; buffers: ReadonlyMap<string, boolean> }
  | { kind: "named"; origin: Origin }
  | { kind: "map"; entries: [Packed, Packed][] }
  | { kind: "set"; items: Packed[] }
  | { kind: "clone"; value: object };

/** What `pack` makes of a value. */
export type Packed = string | number | bigint | boolean | null | undefined | PackedObject;

const library = new Map<string, Named>();
const libraryNames = new Map<Named, string>();

/**
 * Makes classes and functions of the library known by name, so that workers can rebuild their instances without
 * importing anything; and objects of which every thread has one of its own.
 */
export function portable(named: Record<string, Named>): void {
  for (const [name, value] of Object.entries(named)) {
    if (libraryNames.has(value)) continue;
    if (library.has(name))
      throw new KindlingError(`"${name}" is two things of the library; this is a defect of Kindling`);
    library.set(name, value);
    libraryNames.set(value, name);
  }
}

/**
 * The origin of a class or function, or undefined if it has none. A `module` inherited from a base class does not
 * count.
 */
export function originOf(value: Named): Origin | undefined {
  const name = libraryNames.get(value);
  if (name !== undefined) return { module: undefined, name };
  const module = Object.hasOwn(value, "module") ? (value as { module?: unknown }).module : undefined;
  return typeof module === "string" ? { module, name: nameOf(value) } : undefined;
}

const cloneable = [
  ArrayBuffer,
  Date,
  RegExp,
  Error,
  ...(typeof SharedArrayBuffer === "function" ? [SharedArrayBuffer] : []),
  ...(typeof Blob === "function" ? [Blob] : []),
];

/** How tensors are packed: as memory that both sides see, or by a number that the caller gives. */
export type PackTensor = (x: Tensor, path: string) => TensorLayout | number;

/**
 * Packs a value. Objects that occur twice stay one object; cycles are allowed.
 * @param path what the value is called in errors
 * @throws WorkerError naming the field that cannot travel, and the ways out.
 */
export const pack = (value: unknown, path: string, packTensor: PackTensor): Packed =>
  new Packer(packTensor).visit(value, path);

class Packer {
  private readonly seen = new Map<object, PackedObject>();

  constructor(private readonly packTensor: PackTensor) {}

  visit(value: unknown, path: string): Packed {
    if (typeof value === "object" && value !== null) return this.seen.get(value) ?? this.visitObject(value, path);
    if (value instanceof Callable) return this.seen.get(value) ?? this.visitCallable(value, path);
    if (typeof value === "function") {
      const origin = originOf(value as Named);
      if (origin !== undefined) return { kind: "named", origin };
      throw cannotTravel(path, `is a function${nameOf(value) && ` (${nameOf(value)})`}`, "property module");
    }
    if (typeof value === "symbol") throw cannotTravel(path, "is a symbol");
    return value as Packed;
  }

  /** Remembers an object before its parts are packed, which may refer to it. */
  private open<P extends PackedObject>(value: object, packed: P): P {
    this.seen.set(value, packed);
    return packed;
  }

  private visitObject(value: object, path: string): PackedObject {
    const name = libraryNames.get(value);
    if (name !== undefined) return this.open(value, { kind: "named", origin: { module: undefined, name } });
    if (value instanceof Tensor) return this.visitTensor(value, path);
    if (ArrayBuffer.isView(value) || cloneable.some((type) => value instanceof type)) {
      checkClone(value, path);
      return this.open(value, { kind: "clone", value });
    }
    if (Array.isArray(value)) return this.visitItems(this.open(value, { kind: "array", items: [] }), value, path);
    if (value instanceof Set) return this.visitItems(this.open(value, { kind: "set", items: [] }), value, path);
    return value instanceof Map ? this.visitMap(value, path) : this.visitFields(value, path);
  }

  private visitItems<P extends { items: Packed[] }>(packed: P, values: Iterable<unknown>, path: string): P {
    for (const value of values) {
      const isPlain = typeof value === "number" || typeof value === "string";
      packed.items.push(isPlain ? value : this.visit(value, `${path}[${packed.items.length}]`));
    }
    return packed;
  }

  private visitMap(map: ReadonlyMap<unknown, unknown>, path: string): PackedObject {
    const packed = this.open(map, { kind: "map", entries: [] as [Packed, Packed][] });
    for (const [key, value] of map)
      packed.entries.push([this.visit(key, `a key of ${path}`), this.visit(value, `${path}.get(${describe(key)})`)]);
    return packed;
  }

  private visitTensor(x: Tensor, path: string): PackedObject {
    const tensor = this.packTensor(x, path);
    return this.open(
      x,
      x instanceof Parameter
        ? { kind: "tensor", tensor, parameter: { requiresGrad: x.requiresGrad } }
        : { kind: "tensor", tensor },
    );
  }

  private visitFields(value: object, path: string): PackedObject {
    const prototype = Object.getPrototypeOf(value);
    const isPlain = prototype === Object.prototype || prototype === null;
    const fields: Record<string, Packed> = {};
    return this.addFields(
      isPlain ? { kind: "object", fields } : { kind: "instance", origin: originOfClass(value, path), fields },
      value,
      path,
    );
  }

  /** @throws WorkerError for hooks, which are functions of the program. */
  private visitCallable(value: Callable, path: string): PackedObject {
    const isModule = value instanceof Module;
    if (isModule && value.hasHooks())
      throw cannotTravel(path, `is a ${classNameOf(value)} with hooks`, undefined, "Remove the hooks");
    const buffers = isModule ? new Map(value.bufferFields()) : new Map<string, boolean>();
    const origin = originOfClass(value, path);
    return this.addFields({ kind: "callable", origin, fields: {}, buffers }, value, path);
  }

  private addFields<P extends Extract<PackedObject, { fields: object }>>(packed: P, value: object, path: string): P {
    this.open(value, packed);
    for (const [key, field] of Object.entries(value)) setOwn(packed.fields, key, this.visit(field, `${path}.${key}`));
    return packed;
  }
}

/** @throws WorkerError if workers cannot find the class of an object. */
function originOfClass(value: object, path: string): Origin {
  const type = Object.getPrototypeOf(value).constructor as Class;
  const origin = originOf(type);
  if (origin !== undefined) return origin;
  throw cannotTravel(path, `is an instance of ${nameOf(type) || "a class without a name"}`, "static module");
}

/**
 * Buffers may be detached, and errors may carry anything: only the attempt shows whether they can be cloned. It is made where it costs
 * little.
 * @throws WorkerError if they cannot.
 */
function checkClone(value: object, path: string): void {
  if (!(value instanceof Error) && (value as { byteLength?: number }).byteLength !== 0) return;
  try {
    structuredClone(value);
  } catch (error) {
    throw cannotTravel(path, `cannot be cloned (${(error as Error).message})`);
  }
}

/** For values that go to a worker and may hold no tensor. @throws WorkerError */
export function refuseTensor(x: Tensor, path: string): never {
  throw new WorkerError(
    `DataLoader: ${path} is a tensor of shape [${x.shape.join(", ")}], which cannot be sent to a worker as an index. Use x.tolist().`,
  );
}

function cannotTravel(path: string, what: string, property?: string, wayOut = "Leave it out"): WorkerError {
  const remedy =
    property === undefined
      ? wayOut
      : `Export it from a module and say which one (${property} = import.meta.url), so that workers can import it`;
  const ErrorType = property === undefined ? WorkerError : ImportError;
  return new ErrorType(
    `DataLoader: ${path} ${what}, which cannot be sent to a worker. ${remedy}, or use numWorkers: 0.`,
  );
}

/** Describes a tensor by its memory. @throws DeviceError unless it is on the cpu. */
export function layoutOf(x: Tensor, path: string): TensorLayout {
  x.assertAlive(path);
  if (x.device !== "cpu")
    throw new DeviceError(`DataLoader: ${path} is on ${x.device}; workers see tensors of the cpu only`);
  return {
    ...cpu().shared.rangeOf(x.storage.block),
    dtype: x.dtype,
    shape: x.shape,
    strides: x.strides,
    offset: x.offset,
  };
}

/** A tensor on memory that somebody else owns. */
export function borrowTensor({ dtype, shape, strides, offset, ...range }: TensorLayout): Tensor {
  return new Tensor(Storage.borrow(cpu(), cpu().shared.blockOn(range)), dtype, shape, strides, offset);
}

/** Every origin that a packed graph names. */
function originsIn(packed: Packed, found: Set<Origin>, seen = new Set<object>()): Set<Origin> {
  if (typeof packed !== "object" || packed === null || seen.has(packed)) return found;
  seen.add(packed);
  if ("origin" in packed) found.add(packed.origin);
  for (const part of partsOf(packed)) originsIn(part, found, seen);
  return found;
}

function partsOf(packed: PackedObject): readonly Packed[] {
  if ("fields" in packed) return Object.values(packed.fields);
  if ("items" in packed) return packed.items;
  return "entries" in packed ? packed.entries.flat() : [];
}

/** The modules of the program that packed graphs name, each once. */
export function modulesIn(...graphs: readonly Packed[]): string[] {
  const origins = new Set<Origin>();
  for (const packed of graphs) originsIn(packed, origins);
  return [...new Set([...origins].flatMap(({ module }) => (module === undefined ? [] : [module])))];
}

/** Imports a module by its address. */
export type LoadModule = (module: string) => Promise<Readonly<Record<string, unknown>>>;

/** Imports what a packed graph names. @throws WorkerError if a module has no such export. */
export async function resolveOrigins(packed: Packed, load: LoadModule): Promise<(origin: Origin) => Named> {
  const values = new Map<string, Named>();
  const key = (origin: Origin) => `${origin.module} ${origin.name}`;
  for (const origin of originsIn(packed, new Set())) values.set(key(origin), await importNamed(origin, load));
  return (origin) => values.get(key(origin))!;
}

async function importNamed({ module, name }: Origin, load: LoadModule): Promise<Named> {
  if (module === undefined) return library.get(name)!;
  const exports = await load(module);
  const found = exports[name] ?? Object.values(exports).find((value) => nameOf(value) === name);
  if (typeof found !== "function")
    throw new ImportError(`DataLoader: the module ${module} exports no ${name}; workers find it there by its name`);
  return found as Named;
}

/** Rebuilds what {@link pack} was given; `tensorOf` answers what `packTensor` asked. */
export const unpack = (packed: Packed, tensorOf: TensorOf, named: NamedOf = libraryOnly): unknown =>
  new Unpacker(tensorOf, named).visit(packed);

type TensorOf = (tensor: TensorLayout | number) => Tensor;
type NamedOf = (origin: Origin) => Named;

/** Samples come back without importing anything. */
const libraryOnly: NamedOf = ({ module, name }) => {
  const found = module === undefined ? library.get(name) : undefined;
  if (found !== undefined) return found;
  throw new WorkerError(
    `DataLoader: samples from workers are made of tensors, pictures, plain values, arrays and objects; found ${name}`,
  );
};

class Unpacker {
  private readonly built = new Map<PackedObject, unknown>();

  constructor(
    private readonly tensorOf: TensorOf,
    private readonly named: NamedOf,
  ) {}

  visit(packed: Packed): unknown {
    if (typeof packed !== "object" || packed === null) return packed;
    return this.built.has(packed) ? this.built.get(packed) : this.build(packed);
  }

  private open<T>(packed: PackedObject, value: T): T {
    this.built.set(packed, value);
    return value;
  }

  private build(packed: PackedObject): unknown {
    switch (packed.kind) {
      case "tensor":
        return this.open(packed, this.buildTensor(packed));
      case "clone":
        return packed.value;
      case "named":
        return this.named(packed.origin);
      case "object":
        return this.define(this.open(packed, {}), packed.fields);
      case "callable":
        return this.buildCallable(packed);
      case "instance":
        return this.define(this.open(packed, Object.create(this.classOf(packed.origin).prototype)), packed.fields);
      default:
        return this.buildContainer(packed);
    }
  }

  private classOf(origin: Origin): Class {
    return this.named(origin) as Class;
  }

  private buildTensor({ tensor, parameter }: Extract<PackedObject, { kind: "tensor" }>): Tensor {
    const x = this.tensorOf(tensor);
    return parameter === undefined ? x : new Parameter(x, parameter);
  }

  /** The base constructor alone runs: what the class sets up travels. */
  private buildCallable(packed: Extract<PackedObject, { kind: "callable" }>): object {
    const type = this.classOf(packed.origin);
    const isModule = type.prototype instanceof Module;
    const result = this.open(packed, Reflect.construct(isModule ? Module : Callable, [], type) as object);
    if (!isModule) return this.define(result, packed.fields);
    const fields = Object.entries(packed.fields);
    for (const [key, field] of fields) {
      const persistent = packed.buffers.get(key);
      if (persistent === undefined) this.define(result, { [key]: field });
      else (result as Module).registerBuffer(key, this.visit(field) as Tensor | null, { persistent });
    }
    return result;
  }

  private buildContainer(packed: Extract<PackedObject, { kind: "array" | "map" | "set" }>): unknown {
    if (packed.kind === "array") {
      const array = this.open(packed, [] as unknown[]);
      for (const item of packed.items) array.push(this.visit(item));
      return array;
    }
    if (packed.kind === "set") {
      const set = this.open(packed, new Set());
      for (const item of packed.items) set.add(this.visit(item));
      return set;
    }
    const map = this.open(packed, new Map());
    for (const [key, value] of packed.entries) map.set(this.visit(key), this.visit(value));
    return map;
  }

  /** Own fields are defined, not assigned: a setter of the class must not see them twice. */
  private define(target: object, fields: Record<string, Packed>): object {
    for (const [key, field] of Object.entries(fields))
      Object.defineProperty(target, key, {
        value: this.visit(field),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    return target;
  }
}
