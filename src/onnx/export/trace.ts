/**
 * Runs a model and notes the calls of ops. A call whose op has an ONNX form is one entry, and nothing inside of it is looked at; a call of another op is
 * entered. Tensors are known by identity. One that changes in place gets a new number; others on the same memory are then read out of the changed one.
 */
import { noGrad } from "../../autograd/mode";
import { isPlainObject, parse } from "../../core/binding";
import { type DType, sizeOf } from "../../core/dtype";
import { ArgumentError, KindlingError } from "../../core/errors";
import { sameShape, sizeOfShape } from "../../core/shape";
import { type Declared, watchCalls } from "../../core/signature";
import type { Module } from "../../nn/module/module";
import { registerModuleForwardHook, registerModuleForwardPreHook } from "../../nn/module/module";
import { composesAttention } from "../../ops/layers/attention";
import { simulate } from "../../quantization/simulate";
import type { Storage } from "../../tensor/storage";
import { Tensor } from "../../tensor/tensor";
import { formOf, moduleFormOf } from "./ops/index";
import { lineOfUser, Untraceable, untraceable } from "./place";
import { type Origin, Ref, type Trace, type TracedCall, type TracedValue } from "./types";

/** What memory holds, as one tensor whose number is known. */
interface Root {
  id: number;
  version: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

interface Known {
  readonly id: number;
  readonly version: number;
  readonly geometry: string;
}

/** Why a tensor cannot be written: an op without a form made it. */
interface Unwritable {
  readonly op: string;
  readonly line: string;
}

/** The values of a tensor in row-major order, little-endian. */
export function bytesOf(x: Tensor): Uint8Array {
  const own = x.detach();
  const dense = own.contiguous();
  const size = sizeOf(x.dtype);
  const view = x.storage.backend.view(dense.storage.block, "uint8", dense.offset * size, x.numel() * size);
  const copy = new Uint8Array(view as Uint8Array);
  dense.dispose();
  own.dispose();
  return copy;
}

/** All tensors in a value made of arrays and plain objects. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (isPlainObject(value)) return Object.values(value).flatMap(tensorsIn);
  return [];
}

/** Arguments in the order of an implementation's parameters, by their names. */
export function byName(signature: string, given: readonly unknown[]): Record<string, unknown> {
  const { positions, leading, isOpen } = parse(signature);
  const named: Record<string, unknown> = {};
  const last = leading - 1;
  let values = given;
  const options = given.at(-1);
  if ((isOpen || given.length > leading) && isPlainObject(options)) {
    Object.assign(named, options);
    values = given.slice(0, -1);
  }
  for (let i = 0; i < leading; i++)
    named[positions[i]!] = isOpen && i === last ? spread(positions[i]!, values.slice(i)) : values[i];
  return named;
}

/** Values that are left, also given as one array; an item of an index may be an array itself. */
const spread = (name: string, values: readonly unknown[]): unknown =>
  name !== "items" && values.length === 1 && Array.isArray(values[0]) ? values[0] : values;

class Tracer {
  readonly calls: TracedCall[] = [];
  readonly values: TracedValue[] = [];
  private readonly known = new WeakMap<Tensor, Known>();
  private readonly roots = new WeakMap<Storage, Root>();
  private readonly unwritable = new WeakMap<Storage, Unwritable>();
  /** How many calls with a form are running. */
  private depth = 0;
  private readonly modules: string[] = [""];
  /** The ops that are looked into, outermost first. */
  private readonly entered: string[] = [];

  constructor(
    private readonly state: ReadonlyMap<Tensor, string>,
    private readonly paths: ReadonlyMap<Module, string>,
    private readonly keepsBytes: boolean,
  ) {}

  private get path(): string {
    return this.modules.at(-1)!;
  }

  addInput(name: string, x: Tensor): void {
    this.define(x, { kind: "input", name }, true, false);
  }

  private define(x: Tensor, origin: Origin, isDynamic: boolean, keepsBytes: boolean): number {
    const id = this.values.length;
    const bytes = keepsBytes ? this.unseen(() => bytesOf(x)) : undefined;
    this.values.push({ origin, shape: [...x.shape], dtype: x.dtype, bytes, isDynamic });
    this.knowAs(x, id);
    if (!this.roots.has(x.storage)) this.roots.set(x.storage, rootOf(x, id));
    return id;
  }

  private knowAs(x: Tensor, id: number): void {
    this.known.set(x, { id, version: x.storage.version, geometry: layoutOf(x) });
  }

  /** The number of an operand. */
  private lookUp(x: Tensor, op: string): number {
    const bad = this.unwritable.get(x.storage);
    if (bad !== undefined) throw untraceable(bad.op, bad.line, "has no ONNX form");
    const known = this.known.get(x);
    const root = this.roots.get(x.storage);
    const { version } = x.storage;
    // `t_()` and the like turn a tensor into another view of its memory.
    if (known !== undefined && known.version === version && known.geometry === layoutOf(x)) return known.id;
    if (root !== undefined && root.version !== version)
      throw untraceable(op, lineOfUser(), "reads a tensor that was changed in place by code that the trace cannot see");
    if (root !== undefined && (known !== undefined || this.values[root.id]!.isDynamic)) return this.readRoot(x, root);
    const name = this.state.get(x);
    if (name !== undefined) return this.define(x, { kind: "state", name }, false, false);
    return this.define(x, { kind: "constant", path: this.path, inside: this.entered[0] }, false, true);
  }

  /** A tensor on memory that another one has changed. */
  private readRoot(x: Tensor, root: Root): number {
    if (covers(x, root)) {
      this.knowAs(x, root.id);
      return root.id;
    }
    const args = { input: new Ref(root.id), ...geometry(x, root) };
    return this.note("onnx.read", args, [x], this.values[root.id]!.isDynamic, lineOfUser());
  }

  /** Notes a call; gives the number of its first result. */
  private note(op: string, args: Record<string, unknown>, out: Tensor[], isDynamic: boolean, line: string): number {
    const keepsBytes = this.keepsBytes && !isDynamic;
    const results = out.map((x) => this.define(x, { kind: "result" }, isDynamic, keepsBytes));
    this.calls.push({ op, args, results, path: this.path, line });
    return results[0]!;
  }

  /** Runs what is no part of the model. */
  private unseen<T>(body: () => T): T {
    this.depth++;
    try {
      return body();
    } finally {
      this.depth--;
    }
  }

  private isDynamic(ids: readonly number[]): boolean {
    return ids.some((id) => this.values[id]!.isDynamic);
  }

  /** Replaces tensors by their numbers, which are added to `ids`. */
  private replace(value: unknown, op: string, ids: number[]): unknown {
    if (value instanceof Tensor) {
      const id = this.lookUp(value, op);
      ids.push(id);
      return new Ref(id);
    }
    if (Array.isArray(value)) return value.map((item) => this.replace(item, op, ids));
    if (isPlainObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.replace(item, op, ids)]));
    return value;
  }

  call(op: Declared, given: readonly unknown[], run: () => unknown): unknown {
    if (this.depth > 0) return run();
    const form = formOf(op);
    if (form === undefined) return this.enter(op, given, run);
    const named = byName(op.signature, given);
    const args = this.unseen(() => form.prepare?.(named) ?? named);
    // Those of `torch.masked` have the names of the ops that they are made of.
    if (args.mask instanceof Tensor && !op.opName.startsWith("masked")) return this.enter(op, given, run);
    if (form.when !== undefined && !form.when(args)) return this.enter(op, given, run);
    return this.record(op.opName, args, run);
  }

  private record(name: string, args: Readonly<Record<string, unknown>>, run: () => unknown): unknown {
    const ids: number[] = [];
    const line = lineOfUser();
    const replaced = this.replace(args, name, ids) as Record<string, unknown>;
    const operands = tensorsIn(args);
    const before = operands.map((x) => [x.storage.version, layoutOf(x)] as const);
    const result = this.unseen(run);
    const out = tensorsIn(result);
    if (out.length === 0) return result;
    const at = operands.indexOf(out[0]!);
    const isDynamic = this.isDynamic(ids);
    if (at < 0) this.note(name, replaced, out, isDynamic, line);
    // An op that gives an operand back as it is computes nothing.
    else if (layoutOf(out[0]!) !== before[at]![1]) this.note(name, replaced, out, isDynamic, line);
    else if (out[0]!.storage.version !== before[at]![0]) this.write(name, replaced, out[0]!, isDynamic, line);
    return result;
  }

  /** Notes a call that changed `x` in place. */
  private write(op: string, args: Record<string, unknown>, x: Tensor, isDynamic: boolean, line: string): void {
    const root = this.roots.get(x.storage)!;
    const id = this.note(op, args, [x], isDynamic, line);
    const { version } = x.storage;
    if (covers(x, root)) root.id = id;
    else {
      const whole = [root.id, id];
      const next = this.values.length;
      this.values.push({
        ...this.values[root.id]!,
        origin: { kind: "result" },
        bytes: undefined,
        isDynamic: isDynamic || this.isDynamic(whole),
      });
      const written = { input: new Ref(root.id), source: new Ref(id), ...geometry(x, root) };
      this.calls.push({ op: "onnx.write", args: written, results: [next], path: this.path, line });
      root.id = next;
    }
    root.version = version;
    this.knowAs(x, id);
  }

  /** A call of an op without a form: its parts are looked at instead. */
  private enter(op: Declared, given: readonly unknown[], run: () => unknown): unknown {
    this.entered.push(op.opName);
    try {
      return this.look(op, given, run);
    } finally {
      this.entered.pop();
    }
  }

  private look(op: Declared, given: readonly unknown[], run: () => unknown): unknown {
    const operands = tensorsIn(given);
    const before = operands.map((x) => this.state.get(x) === undefined && this.roots.get(x.storage) !== undefined);
    const result = run();
    const line = lineOfUser();
    for (const x of operands) {
      const root = this.roots.get(x.storage);
      if (root !== undefined && root.version !== x.storage.version)
        this.unwritable.set(x.storage, { op: op.opName, line });
    }
    const isDerived = operands.some(
      (x, i) => this.unwritable.has(x.storage) || (before[i] && this.values[this.roots.get(x.storage)!.id]!.isDynamic),
    );
    if (!isDerived) return result;
    for (const x of tensorsIn(result))
      if (!this.known.has(x) && !this.roots.has(x.storage) && !this.unwritable.has(x.storage))
        this.unwritable.set(x.storage, { op: op.opName, line });
    return result;
  }

  /** Modules that have a form of their own are seen through hooks. */
  private readonly pending: ({ op: string; args: Record<string, unknown>; isDynamic: boolean; line: string } | null)[] =
    [];

  enterModule(module: Module, args: readonly unknown[]): void {
    this.modules.push(this.paths.get(module) ?? this.path);
    const form = this.depth === 0 ? moduleFormOf(module, args) : undefined;
    if (form === undefined) {
      this.pending.push(null);
      return;
    }
    const ids: number[] = [];
    const replaced = this.replace(form.args, form.op, ids) as Record<string, unknown>;
    this.pending.push({ op: form.op, args: replaced, isDynamic: this.isDynamic(ids), line: lineOfUser() });
    this.depth++;
  }

  leaveModule(output: unknown): void {
    const form = this.pending.pop();
    if (form) {
      this.depth--;
      this.note(form.op, form.args, tensorsIn(output), form.isDynamic, form.line);
    }
    this.modules.pop();
  }

  output(x: Tensor): number {
    return this.lookUp(x, "output");
  }
}

const layoutOf = (x: Tensor): string => `${x.shape};${x.strides};${x.offset}`;

const rootOf = (x: Tensor, id: number): Root => ({
  id,
  version: x.storage.version,
  dtype: x.dtype,
  shape: [...x.shape],
  strides: [...x.strides],
  offset: x.offset,
});

const covers = (x: Tensor, root: Root): boolean =>
  x.dtype === root.dtype &&
  x.offset === root.offset &&
  sameShape(x.shape, root.shape) &&
  (sameShape(x.strides, root.strides) || sizeOfShape(x.shape) <= 1);

/** Where the elements of `x` lie among those of the root, if both are seen as vectors. */
function geometry(x: Tensor, root: Root): Record<string, unknown> {
  return {
    shape: [...x.shape],
    strides: [...x.strides],
    offset: x.offset - root.offset,
    rootShape: root.shape,
    rootStrides: root.strides,
    sameType: x.dtype === root.dtype,
  };
}

/** What is traced. */
export interface Traceable {
  readonly run: () => unknown;
  readonly inputs: readonly (readonly [name: string, x: Tensor])[];
  readonly state: ReadonlyMap<Tensor, string>;
  readonly paths: ReadonlyMap<Module, string>;
  /** Whether values that depend on no input are kept. */
  readonly keepsBytes: boolean;
}

/** Runs a model once. @throws KindlingError naming the op that has no ONNX form, and the line that called it. */
export function trace({ run, inputs, state, paths, keepsBytes }: Traceable): Trace & { readonly result: unknown } {
  const tracer = new Tracer(state, paths, keepsBytes);
  for (const [name, x] of inputs) tracer.addInput(name, x);
  const hooks = [
    registerModuleForwardPreHook((module, args) => tracer.enterModule(module, args)),
    registerModuleForwardHook((_module, _args, output) => tracer.leaveModule(output)),
  ];
  const previous = watchCalls((op, given, body) => tracer.call(op, given, body));
  try {
    const result = composesAttention.hold(true, () => simulate(() => noGrad(run)));
    watchCalls(previous);
    const found = tensorsIn(result);
    if (found.length === 0)
      throw new ArgumentError("onnx.export: the model must give a Tensor, or an array or object of tensors");
    const outputs = found.map((x) => tracer.output(x));
    return { calls: tracer.calls, values: tracer.values, outputs, result };
  } catch (error) {
    throw error instanceof Untraceable ? new KindlingError(error.message) : error;
  } finally {
    watchCalls(previous);
    for (const hook of hooks) hook.remove();
  }
}
