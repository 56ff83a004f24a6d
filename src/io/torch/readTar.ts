/** The format of PyTorch before version 0.1.10: a tape archive of three files, which say of what each tensor is made. */
import { FormatError } from "../../core/errors";
import { MAX_AXES } from "../../core/shape";
import { untar } from "../../platform/archives/tar";
import { pieces } from "../../platform/archives/unpacking";
import { openFile, type RandomAccessFile } from "../../platform/randomAccess";
import { Global, type Reader, textOf } from "../pickle/machine";
import { TorchBuilder } from "./builder";
import { pickleAt } from "./readLegacy";
import type { Opened } from "./readZip";
import { StoragePart, StorageRef, type TensorRef } from "./refs";

export const isTar = (start: Uint8Array): boolean => String.fromCharCode(...start.subarray(257, 262)) === "ustar";

const PARTS = ["storages", "tensors", "pickle"];

/** The three files of an archive, which is read whole: nobody writes large ones any more. */
async function partsOf(file: RandomAccessFile): Promise<Map<string, Uint8Array>> {
  const parts = new Map<string, Uint8Array>();
  await untar(file.path, pieces(file), {
    folder: async () => {},
    file: async (name, content) => {
      const chunks: Uint8Array[] = [];
      for await (const piece of content) if (PARTS.includes(name)) chunks.push(piece.slice());
      parts.set(name, new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer()));
    },
  });
  return parts;
}

/** A file inside of the archive, read from its beginning on. */
class Part {
  private at = 0;

  constructor(
    private readonly file: RandomAccessFile,
    private readonly builder: TorchBuilder,
  ) {}

  fail(why: string): never {
    throw new FormatError(`"${this.file.path}" cannot be read: ${why}: it is truncated or damaged`);
  }

  async pickle(): Promise<{ value: unknown; reader: Reader }> {
    const { value, reader, end } = await pickleAt(this.file, this.at, this.builder);
    this.at = end;
    return { value, reader };
  }

  /** A number of things that follow. */
  async count(): Promise<number> {
    const { value } = await this.pickle();
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : this.fail("a count is none");
  }

  async bytes(count: number): Promise<Uint8Array> {
    const bytes = await this.file.read(this.at, count);
    this.at += count;
    return bytes;
  }

  async numbers(count: number): Promise<number[]> {
    const bytes = await this.bytes(8 * count);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return Array.from({ length: count }, (_, i) => Number(view.getBigInt64(8 * i, true)));
  }
}

/** The classes of tensors of those days, which say nothing that their storages do not. */
const TENSOR_CLASS = /^torch\.(?:cuda\.|sparse\.)?(?:Float|Double|Half|Long|Int|Short|Char|Byte)Tensor$/;

const isTensorClass = (value: unknown): value is Global => value instanceof Global && TENSOR_CLASS.test(value.name);

/** The key of a tensor or storage, which is its address in the memory of the process that wrote it. */
const keyOf = (value: unknown): string => String(textOf(value) ?? value);

/** The pickle names tensors and storages by their keys in the other two files. */
class TarBuilder extends TorchBuilder {
  readonly objects = new Map<string, TensorRef | StorageRef | StoragePart>();

  override knows(name: string): boolean {
    return TENSOR_CLASS.test(name) || super.knows(name);
  }

  override persistent(reader: Reader, id: unknown): unknown {
    // The class of a module with its source text, which is not looked at.
    if (Array.isArray(id)) return id[0] instanceof Global ? id[0] : reader.fail("it asks for a class that is none");
    return this.objects.get(keyOf(id)) ?? reader.fail("it asks for a tensor that is not there");
  }
}

/** Reads the archive; its storages are in memory already. @throws FormatError naming the file if it is damaged. */
export async function openTar(file: RandomAccessFile, builder: TorchBuilder): Promise<Opened> {
  const parts = await partsOf(file);
  const open = async (name: string) => {
    const bytes = parts.get(name);
    if (bytes === undefined) throw new FormatError(`"${file.path}" is no checkpoint of PyTorch: it has no ${name}`);
    return { ...(await openFile("load", bytes)), path: file.path };
  };
  const tar = new TarBuilder(builder.hasClass);
  const storages = await readStorages(new Part(await open("storages"), tar), builder, tar.objects);
  await readTensors(new Part(await open("tensors"), tar), builder, tar.objects);
  // Tensors without elements had no storage in those days.
  const read = new Set(storages.map(([ref]) => ref));
  for (const ref of builder.storages.values()) if (!read.has(ref)) storages.push([ref, new Uint8Array(0)]);
  const { reader, value } = await new Part(await open("pickle"), tar).pickle();
  return {
    reader,
    value,
    contents: storages.map(([ref, bytes]) => [ref, () => once(bytes)] as const),
    isBigEndian: false,
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type Objects = TarBuilder["objects"];

async function readStorages(part: Part, builder: TorchBuilder, objects: Objects): Promise<[StorageRef, Uint8Array][]> {
  const contents: [StorageRef, Uint8Array][] = [];
  for (let i = await part.count(); i > 0; i--) {
    const { value, reader } = await part.pickle();
    if (!Array.isArray(value) || !(value[2] instanceof Global)) return part.fail("a storage is none");
    const [count] = await part.numbers(1);
    const key = keyOf(value[0]);
    if (objects.has(key)) return part.fail("two of its storages have one key");
    const ref = builder.persistent(reader, ["storage", value[2], key, value[1], count]) as StorageRef;
    contents.push([ref, await part.bytes(ref.bytes)]);
    objects.set(key, ref);
  }
  const { value: views } = await part.pickle();
  if (!Array.isArray(views)) return part.fail("the parts of its storages are no list");
  for (const view of views) readView(part, view, objects);
  return contents;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** `(key, key of the whole, elements before it, elements)`: a storage that is a part of another. */
function readView(part: Part, view: unknown, objects: Objects): void {
  const [key, rootKey, offset, count] = Array.isArray(view) ? view : [];
  const root = objects.get(keyOf(rootKey));
  if (!(root instanceof StorageRef)) part.fail("a part of a storage is of none");
  if (!isCount(offset) || !isCount(count) || offset + count > root.count)
    part.fail("a part of a storage lies beyond it");
  if (objects.has(keyOf(key))) part.fail("two of its storages have one key");
  objects.set(keyOf(key), new StoragePart(root, offset, count));
}

/** What a tensor without a storage lies in. */
function emptyStorage(builder: TorchBuilder, reader: Reader, [key, , type]: readonly unknown[]): StorageRef {
  const name = (type as Global).name.replace(/^torch\.(?:\w+\.)?/, "torch.").replace(/Tensor$/, "Storage");
  return builder.persistent(reader, ["storage", new Global(name), `of ${keyOf(key)}`, "cpu", 0]) as StorageRef;
}

async function readTensors(part: Part, builder: TorchBuilder, objects: Objects): Promise<void> {
  for (let i = await part.count(); i > 0; i--) {
    const { value, reader } = await part.pickle();
    if (!Array.isArray(value) || !isTensorClass(value[2])) return part.fail("a tensor is none");
    const storage = value[1] === null ? emptyStorage(builder, reader, value) : objects.get(keyOf(value[1]));
    // The number of axes takes 8 bytes, of which only 4 are it.
    const header = await part.bytes(8);
    const axes = new DataView(header.buffer, header.byteOffset).getInt32(0, true);
    if (axes < 0 || axes > MAX_AXES) return part.fail(`a tensor has ${axes} axes`);
    const shape = await part.numbers(axes);
    const strides = await part.numbers(axes);
    const [offset] = await part.numbers(1);
    // No axes meant no elements, until tensors of one element without axes came with version 0.4, which no longer wrote this format.
    const isEmpty = axes === 0 && (storage as StorageRef | undefined)?.count === 0;
    const size = isEmpty ? [[0], [1]] : [shape, strides];
    const made = builder.call(reader, "torch._utils._rebuild_tensor", [storage, offset, ...size]);
    if (objects.has(keyOf(value[0]))) return part.fail("two of its tensors have one key");
    objects.set(keyOf(value[0]), made as TensorRef);
  }
}
