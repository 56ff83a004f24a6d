/** Writes values as PyTorch does: plain ones into the pickle, the memory of tensors beside it. */

import { isPlainObject } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { type DType, legacyName, sizeOf } from "../../core/dtype";
import { ArgumentError, describe, StateError } from "../../core/errors";
import { Parameter, UninitializedParameter } from "../../nn/module/parameter";
import type { Storage } from "../../tensor/storage";
import { Tensor } from "../../tensor/tensor";
import { PickleWriter } from "../pickle/writer";
import { sizes, storageTypes } from "./refs";

/** Nesting beyond which Python could not read it. */
const MOST_DEPTH = 200;

/** The memory of tensors under its key. */
export interface Part {
  readonly key: string;
  /** Undefined for no memory at all. */
  readonly storage: Storage | undefined;
  readonly dtype: DType;
  readonly bytes: number;
}

const storageClass = Object.fromEntries(Object.entries(storageTypes).map(([name, dtype]) => [dtype, name])) as Record<
  DType,
  string
>;

/** Writes an object of a class. @returns Whether it is one that can be. */
export type WriteObject = (pickler: Pickler, value: object, path: string, depth: number) => boolean;

/** Turns values into a pickle and the parts that it asks for. */
export class Pickler {
  readonly out = new PickleWriter();
  readonly parts: Part[] = [];
  private readonly known = new Map<Storage, Part>();
  /** What is being written, of which no part can be itself. */
  private readonly open = new Set<object>();

  constructor(
    private readonly op: string,
    private readonly writeObject: WriteObject,
  ) {}

  fail(path: string, why: string): never {
    throw new ArgumentError(`${this.op}: ${path} ${why}`);
  }

  /** Writes a value. @param path What errors call it. */
  write(value: unknown, path: string, depth = 0): void {
    if (depth > MOST_DEPTH) this.fail(path.slice(0, 100), `is nested more than ${MOST_DEPTH} deep`);
    if (value === null || value === undefined) this.out.none();
    else if (typeof value === "boolean") this.out.boolean(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "bigint") this.out.integer(value);
    else if (typeof value === "string") this.text(value, path);
    // Modules are functions too.
    else if (typeof value !== "object" && typeof value !== "function") this.refuse(value, path);
    else if (!this.out.recall(value)) this.object(value, path, depth);
  }

  text(value: string, path: string): void {
    if (!this.out.text(value)) this.fail(path, "has half of a surrogate pair, which is no text");
  }

  /** Integers that are exact are Python's int; −0, fractions and all others its float. */
  private number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.out.integer(value);
    else this.out.float(value);
  }

  private refuse(value: unknown, path: string): never {
    const name = classNameOf(value as object);
    const what = typeof value !== "object" || !name ? describe(value) : `of the class ${name}`;
    this.fail(
      path,
      `is ${what}, which cannot be saved: take tensors, numbers, texts, null, arrays, objects, Maps, Sets and Uint8Arrays, such as a state dict`,
    );
  }

  private object(value: object, path: string, depth: number): void {
    if (value instanceof Tensor) this.tensor(value, path);
    else if (value instanceof Uint8Array) this.keeping(value, () => this.out.binary(value));
    else if (Array.isArray(value)) this.array(value, path, depth);
    else if (value instanceof Map) this.dict(value, [...value], path, depth);
    else if (value instanceof Set) this.set(value, path, depth);
    else if (isPlainObject(value)) this.record(value, path, depth);
    else if (!this.writeObject(this, value, path, depth)) this.refuse(value, path);
  }

  private keeping(value: object, write: () => void): void {
    write();
    this.out.keep(value);
  }

  /** What Python makes only once its parts are there, so that it cannot be one of them. */
  private closed(value: object, path: string, write: () => void): void {
    if (this.open.has(value)) this.fail(path.slice(0, 100), "contains itself, which only lists and dicts can");
    this.open.add(value);
    write();
    this.open.delete(value);
    this.out.keep(value);
  }

  private array(values: readonly unknown[], path: string, depth: number): void {
    const items = Array.from(values, (item, i) => () => this.write(item, `${path}[${i}]`, depth + 1));
    if (!Object.isFrozen(values)) this.out.list(values, items);
    else if (!sizes.has(values)) this.closed(values, path, () => this.out.tuple(items));
    else this.closed(values, path, () => this.out.call("torch", "Size", () => this.out.tuple(items)));
  }

  private set(values: ReadonlySet<unknown>, path: string, depth: number): void {
    const items = [...values].map((item, i) => () => this.key(item, `${path}[${i}]`, depth + 1));
    this.closed(values, path, () => this.out.call("__builtin__", "set", () => this.out.list({}, items)));
  }

  private record(value: Record<string, unknown>, path: string, depth: number): void {
    const entries = Object.entries(value);
    // Python's optimizers have their parameters' numbers as keys, which objects here turn into texts.
    const isOptimizer = isPlainObject(value.state) && Array.isArray(value.param_groups);
    this.out.dict(
      value,
      entries.map(([key, item]) => () => {
        const at = `${path}.${key}`;
        this.text(key, at);
        if (isOptimizer && key === "state") this.numbered(item as Record<string, unknown>, at, depth + 1);
        else this.write(item, at, depth + 1);
      }),
    );
  }

  private numbered(value: Record<string, unknown>, path: string, depth: number): void {
    if (this.out.recall(value)) return;
    const entries = Object.entries(value).map(([key, item]): [unknown, unknown] => [
      /^(0|[1-9]\d{0,14})$/.test(key) ? Number(key) : key,
      item,
    ]);
    this.dict(value, entries, path, depth);
  }

  private dict(object: object, entries: readonly (readonly [unknown, unknown])[], path: string, depth: number): void {
    this.out.dict(
      object,
      entries.map(([key, item]) => () => {
        const at = `${path}.${typeof key === "object" ? "…" : String(key)}`;
        this.key(key, at, depth + 1);
        this.write(item, at, depth + 1);
      }),
    );
  }

  /** What Python can look up: no lists, dicts and sets. */
  private key(value: unknown, path: string, depth: number): void {
    const isPlain =
      typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Tensor;
    const isTuple = Array.isArray(value) && Object.isFrozen(value);
    if (!isPlain && !isTuple)
      this.fail(
        path,
        `has the key ${describe(value)}, which Python cannot look up: take a text, a number or a frozen array`,
      );
    this.write(value, path, depth);
  }

  private tensor(x: Tensor, path: string): void {
    x.assertAlive(this.op);
    if (x instanceof UninitializedParameter && x.isUninitialized)
      this.fail(path, "is a parameter whose shape is not known yet: run the model once before it is saved");
    const { out } = this;
    const rebuild = (requiresGrad: boolean) => this.window(x, path, requiresGrad);
    if (!(x instanceof Parameter)) rebuild(x.requiresGrad);
    else
      out.call(
        "torch._utils",
        "_rebuild_parameter",
        () => rebuild(false),
        () => out.boolean(x.requiresGrad),
        () => out.call("collections", "OrderedDict"),
      );
    out.keep(x);
  }

  /** A tensor as a window on its storage. */
  private window(x: Tensor, path: string, requiresGrad: boolean): void {
    const { out } = this;
    const part = this.part(x, path);
    const numbers = (values: readonly number[]) => () => out.tuple(values.map((n) => () => out.integer(n)));
    out.call(
      "torch._utils",
      "_rebuild_tensor_v2",
      () => this.persistent(part),
      () => out.integer(part.bytes === 0 ? 0 : x.offset),
      numbers(x.shape),
      numbers(x.strides),
      () => out.boolean(requiresGrad),
      () => out.call("collections", "OrderedDict"),
    );
  }

  private persistent({ key, dtype, bytes }: Part): void {
    const { out } = this;
    out.tuple([
      () => out.text("storage"),
      () => out.global("torch", storageClass[dtype]),
      () => out.text(key),
      () => out.text("cpu"),
      () => out.integer(bytes / sizeOf(dtype)),
    ]);
    out.code(0x51);
  }

  private part(x: Tensor, path: string): Part {
    // A storage of nothing has some bytes all the same, which are nobody's.
    if (x.numel() === 0) return this.add({ storage: undefined, dtype: x.dtype, bytes: 0 });
    const known = this.known.get(x.storage);
    if (known === undefined) {
      const size = sizeOf(x.dtype);
      const bytes = Math.floor(x.storage.bytes / size) * size;
      const made = this.add({ storage: x.storage, dtype: x.dtype, bytes });
      this.known.set(x.storage, made);
      return made;
    }
    if (known.dtype !== x.dtype)
      throw new StateError(
        `${this.op}: ${path}: Cannot save multiple tensors or storages that view the same data as different types: ${legacyName(known.dtype)} and ${legacyName(x.dtype)}; save a clone() of one`,
      );
    return known;
  }

  private add(part: Omit<Part, "key">): Part {
    const made = { ...part, key: String(this.parts.length) };
    this.parts.push(made);
    return made;
  }
}
