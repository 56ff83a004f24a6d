/** The format of PyTorch before version 0.1.10: a tape archive of three files, which say of what each tensor is made. */
import { FormatError } from "../../core/errors";
import { openFile, type RandomAccessFile } from "../../platform/randomAccess";
import { untar } from "../../platform/tar";
import { pieces } from "../../platform/unpacking";
import { Global, type Reader, textOf } from "../pickle/machine";
import { TorchBuilder } from "./builder";
import { pickleAt } from "./readLegacy";
import type { Opened } from "./readZip";
import { type StorageRef, TensorRef } from "./refs";
import { fillStorage, type Locate } from "./storages";

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

/** Tensors are named in the pickle by the numbers that they have in their file. */
class TarBuilder extends TorchBuilder {
  readonly tensors = new Map<string, TensorRef>();

  override persistent(reader: Reader, id: unknown): unknown {
    const key = Array.isArray(id) ? String(id[0]) : String(textOf(id) ?? id);
    return this.tensors.get(key) ?? reader.fail("it asks for a tensor that is not there");
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
  const contents = await readStorages(new Part(await open("storages"), tar), builder);
  await readTensors(new Part(await open("tensors"), tar), builder, tar.tensors);
  const { reader, value } = await new Part(await open("pickle"), tar).pickle();
  const fill = async (op: string, locate: Locate) => {
    for (const [ref, bytes] of contents) await fillStorage(op, ref, once(bytes), locate, false);
  };
  return { reader, value, fill };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function readStorages(part: Part, builder: TorchBuilder): Promise<[StorageRef, Uint8Array][]> {
  const contents: [StorageRef, Uint8Array][] = [];
  for (let i = await part.count(); i > 0; i--) {
    const { value, reader } = await part.pickle();
    if (!Array.isArray(value) || !(value[2] instanceof Global)) return part.fail("a storage is none");
    const [count] = await part.numbers(1);
    const id = ["storage", value[2], String(value[0]), value[1], count];
    const ref = builder.persistent(reader, id) as StorageRef;
    contents.push([ref, await part.bytes(ref.bytes)]);
  }
  const { value: views } = await part.pickle();
  if (!Array.isArray(views)) return part.fail("the parts of its storages are no list");
  if (views.length > 0) return part.fail("storages that are parts of others are not read");
  return contents;
}

async function readTensors(part: Part, builder: TorchBuilder, tensors: Map<string, TensorRef>): Promise<void> {
  for (let i = await part.count(); i > 0; i--) {
    const { value, reader } = await part.pickle();
    if (!Array.isArray(value)) return part.fail("a tensor is none");
    const storage = builder.storages.get(String(value[1]));
    const header = await part.bytes(8);
    const axes = new DataView(header.buffer, header.byteOffset).getInt32(0, true);
    if (axes < 0 || axes > 64) return part.fail(`a tensor has ${axes} axes`);
    const shape = await part.numbers(axes);
    const strides = await part.numbers(axes);
    const [offset] = await part.numbers(1);
    const made = builder.call(reader, "torch._utils._rebuild_tensor", [storage, offset, shape, strides]);
    if (made instanceof TensorRef) tensors.set(String(value[0]), made);
  }
}
