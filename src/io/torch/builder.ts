/** What a pickle of PyTorch may call: the functions that rebuild tensors, and plain values. Each is written here; none of the file's names runs code. */
import { isDType, sizeOf } from "../../core/dtype";
import { MAX_AXES } from "../../core/shape";
import { builtins } from "../pickle/builtins";
import { type Builder, Global, type Reader, textOf, tuple } from "../pickle/machine";
import { foreignStorages, NameRef, ObjectRef, StoragePart, StorageRef, sizes, storageTypes, TensorRef } from "./refs";

type Call = (builder: TorchBuilder, reader: Reader, given: readonly unknown[]) => unknown;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isCount);

/** `_rebuild_tensor(storage, offset, size, stride)` and what came after it. */
const rebuildTensor: Call = (_, reader, [source, start, shape, strides, requiresGrad, , name]) => {
  const part = source instanceof StorageRef ? { root: source, offset: 0, count: source.count } : source;
  if (!(source instanceof StorageRef || source instanceof StoragePart)) return reader.fail("a tensor has no storage");
  const { root, offset, count } = part as StoragePart;
  if (!isCount(start) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length)
    return reader.fail("a tensor has no shape, strides or offset");
  if (shape.length > MAX_AXES)
    return reader.fail(`a tensor has ${shape.length} axes; those here have at most ${MAX_AXES}`);
  const text = `a tensor of shape [${shape}]`;
  if (shape.reduce((n, size) => n * Math.max(size, 1), 8) > Number.MAX_SAFE_INTEGER)
    return reader.fail(`${text}, whose sizes overflow,`);
  const dtype = name instanceof NameRef ? name.name : root.dtype;
  if (!isDType(dtype)) return reader.fail(`${text} is of dtype ${dtype}, which is not there`);
  if (shape.includes(0)) return new TensorRef(root, dtype, 0, [...shape], [...strides], requiresGrad === true, false);
  const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, start);
  const most = Math.floor((count * sizeOf(root.dtype)) / sizeOf(dtype));
  if (!(last < most))
    return reader.fail(`${text}, strides [${strides}] and offset ${start} reaches beyond its ${most} elements`);
  return new TensorRef(root, dtype, offset + start, [...shape], [...strides], requiresGrad === true, false);
};

const rebuildParameter: Call = (_, reader, [data, requiresGrad]) => {
  if (!(data instanceof TensorRef)) return reader.fail("a parameter has no tensor");
  const { storage, dtype, offset, shape, strides } = data;
  return new TensorRef(storage, dtype, offset, shape, strides, requiresGrad === true, true);
};

/** `_rebuild_from_type_v2(function, type, arguments, state)`: a tensor with attributes, which tensors here do not have. */
const rebuildFromType: Call = (builder, reader, [called, type, given]) => {
  const name = type instanceof Global ? type.name : "";
  if (!(called instanceof Global) || !Array.isArray(given)) return reader.fail("a tensor is made of nothing");
  const made = builder.call(reader, called.name, given);
  if (!(made instanceof TensorRef)) return reader.fail("a tensor is made of something else");
  if (name === "torch.nn.parameter.Parameter") return rebuildParameter(builder, reader, [made, made.requiresGrad]);
  return made;
};

/** `device("cuda", 0)` as `cuda:0`. */
const device: Call = (_, reader, [type, index]) => {
  const name = textOf(type);
  if (name === undefined) return reader.fail("a device has no name");
  if (index === undefined || index === null) return name;
  return isCount(index) ? `${name}:${index}` : reader.fail("the number of a device is no number");
};

const size: Call = (_, reader, [list]) => {
  if (!isCounts(list)) return reader.fail("a size is no list of numbers");
  reader.spend(16 * list.length);
  const copy = tuple([...list]);
  sizes.add(copy);
  return copy;
};

/** `defaultdict(factory)` and `Counter(dict)`: dicts here. */
const dict: Call = (_, reader, given) => {
  const entries = given.find((value) => value instanceof Map);
  if (entries === undefined) return new Map();
  reader.spend(32 * (entries as Map<unknown, unknown>).size);
  return new Map(entries as Map<unknown, unknown>);
};

const refuse =
  (what: string): Call =>
  (_, reader) =>
    reader.fail(`it holds a ${what} tensor, which is not there; convert it in Python before it is saved`);

const calls: Readonly<Record<string, Call>> = {
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor_v3": rebuildTensor,
  "torch._utils._rebuild_parameter": rebuildParameter,
  "torch._utils._rebuild_parameter_with_state": rebuildParameter,
  "torch._tensor._rebuild_from_type_v2": rebuildFromType,
  "torch._tensor._rebuild_from_type": rebuildFromType,
  "torch._utils._rebuild_sparse_tensor": refuse("sparse"),
  "torch._utils._rebuild_sparse_csr_tensor": refuse("sparse"),
  "torch._utils._rebuild_qtensor": refuse("quantized"),
  "torch._utils._rebuild_meta_tensor_no_storage": refuse("meta"),
  "torch._utils._rebuild_nested_tensor": refuse("nested"),
  "torch.serialization._get_layout": (_, reader, [name]) =>
    new NameRef((textOf(name) ?? reader.fail("a layout has no name")).replace("torch.", "")),
  "torch.device": device,
  "torch.Size": size,
  "collections.defaultdict": dict,
  "collections.Counter": dict,
};

/** Names that are values. */
const NAMES =
  /^torch\.(float|double|half|bfloat16|float16|float32|float64|u?int(8|16|32|64)|short|int|long|bool|complex(32|64|128)|cfloat|cdouble|q?u?int\d+(x\d)?|float8_\w+|strided|sparse_coo|contiguous_format|channels_last|preserve_format)$/;

/** Names of functions and classes that say of what kind something is, and are never called. */
const KINDS: ReadonlySet<string> = new Set([
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
  "torch.Tensor",
  "torch._tensor.Tensor",
  "torch.storage.UntypedStorage",
  "torch.storage._UntypedStorage",
  "torch.storage.TypedStorage",
  "torch.UntypedStorage",
  "builtins.list",
  "builtins.dict",
  "builtins.int",
  "builtins.float",
  "__builtin__.list",
  "__builtin__.dict",
  "__builtin__.int",
  "__builtin__.float",
]);

const storageName = (name: string): string | undefined =>
  /^torch\.(?:cuda\.|storage\.)?_?(\w+Storage)$/.exec(name)?.[1];

const isUntyped = (name: string | undefined): boolean => name === "UntypedStorage";

/** The pickle of a checkpoint. */
export class TorchBuilder implements Builder {
  /** Storages by key. */
  readonly storages = new Map<string, StorageRef>();

  /** @param hasClass Whether objects of a class, by its Python name, can be made. */
  constructor(readonly hasClass: (name: string) => boolean = () => false) {}

  knows(name: string): boolean {
    const storage = storageName(name);
    const isStorage = storage !== undefined && (storage in storageTypes || storage in foreignStorages);
    return (
      Object.hasOwn(calls, name) ||
      KINDS.has(name) ||
      NAMES.test(name) ||
      isStorage ||
      builtins.knows(name) ||
      this.hasClass(name)
    );
  }

  refusal(name: string): string {
    return (
      `it holds an object of ${name}, or calls it; only tensors and plain data are read, as anything else could run code. Save a state dict in ` +
      "Python instead, torch.save(model.state_dict(), path); for a class of this program pass it, torch.load(file, { classes: { Net } }):"
    );
  }

  call(reader: Reader, name: string, given: readonly unknown[]): unknown {
    const own = Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (own !== undefined) return own(this, reader, given.map(named));
    if (builtins.knows(name)) return builtins.call(reader, name, given);
    return reader.fail(`it calls ${name}`);
  }

  create(_: Reader, name: string): unknown {
    return this.hasClass(name) ? new ObjectRef(name) : undefined;
  }

  build(reader: Reader, target: unknown, state: unknown): boolean {
    if (target instanceof ObjectRef) {
      target.state = state;
      return true;
    }
    // The attribute of a state dict that has the versions of the layers.
    if (target instanceof Map) return state instanceof Map;
    return builtins.build(reader, target, state);
  }

  /** `("storage", class, key, location, elements)`, in older files with a view of another storage at the end. */
  persistent(reader: Reader, id: unknown): unknown {
    if (!Array.isArray(id)) return reader.fail("it asks for what lies outside of it");
    const [kind, type, key, location, count, view] = id;
    if (textOf(kind) === "module" && type instanceof Global) return type;
    const name = type instanceof Global ? storageName(type.name) : undefined;
    if (textOf(kind) !== "storage" || name === undefined || textOf(key) === undefined || !isCount(count))
      return reader.fail("it asks for what is no storage");
    if (Object.hasOwn(foreignStorages, name))
      return reader.fail(
        `it holds a tensor of dtype ${foreignStorages[name]}, which is not there; convert it in Python before it is saved`,
      );
    if (Array.isArray(view)) return this.viewOf(reader, name, textOf(location) ?? "cpu", count, textOf(key)!, view);
    return this.storage(reader, textOf(key)!, name, count, textOf(location) ?? "cpu");
  }

  private storage(reader: Reader, key: string, name: string, count: number, location: string): StorageRef {
    const dtype = isUntyped(name) ? "uint8" : storageTypes[name]!;
    const known = this.storages.get(key);
    if (known === undefined) {
      const made = new StorageRef(key, dtype, count, location);
      this.storages.set(key, made);
      return made;
    }
    if (known.dtype !== dtype || known.count !== count)
      return reader.fail(`storage ${JSON.stringify(key.slice(0, 40))} has two sizes or dtypes`);
    return known;
  }

  /** Before version 1.0, parts of a storage were storages too. */
  private viewOf(
    reader: Reader,
    name: string,
    location: string,
    count: number,
    key: string,
    [viewKey, offset, length]: readonly unknown[],
  ): unknown {
    const root = this.storage(reader, key, name, count, location);
    const isPart = isCount(offset) && isCount(length) && offset + length <= root.count;
    if (textOf(viewKey) === undefined || !isPart) return reader.fail("a part of a storage lies beyond it");
    return new StoragePart(root, offset, length);
  }
}

const named = (value: unknown): unknown =>
  value instanceof Global && NAMES.test(value.name) ? nameOf(value.name) : value;

/** Other names of dtypes. */
const aliases: Readonly<Record<string, string>> = {
  float: "float32",
  double: "float64",
  half: "float16",
  short: "int16",
  int: "int32",
  long: "int64",
};

/** A name of torch's as what it is: a dtype or a layout. */
export function nameOf(name: string): NameRef {
  const short = name.slice("torch.".length);
  return new NameRef(aliases[short] ?? short);
}
