/** Safetensors files that are open: single tensors, and parts of them, are read without the rest. */

import type { DType } from "../core/dtype";
import { keptAs, widthOf } from "../core/elements";
import { ArgumentError, FormatError, StateError } from "../core/errors";
import { setOwn } from "../core/record";
import { type FileSource, openFile, type RandomAccessFile } from "../platform/randomAccess";
import type { IndexItem } from "../tensor/indexing";
import type { Tensor } from "../tensor/tensor";
import { type Box, boxOf, readBox } from "./box";
import { type ByteStream, readTensor } from "./elements";
import { type Entry, elementFailure, headerLength, headerText, LENGTH_BYTES, parseText } from "./safetensorsHeader";

/** One file, whose header was read and checked. */
export class OpenShard {
  private constructor(
    readonly file: RandomAccessFile,
    readonly entries: ReadonlyMap<string, Entry>,
    readonly metadata: ReadonlyMap<string, string>,
    private readonly dataStart: number,
  ) {}

  static async open(op: string, source: FileSource): Promise<OpenShard> {
    const file = await openFile(op, source);
    let isOpen = false;
    try {
      const shard = await naming(file.path, async () => {
        const start = new Uint8Array(Math.min(LENGTH_BYTES, file.size));
        const length = headerLength(await file.read(0, start.length, start), file.size);
        const text = headerText(await file.read(LENGTH_BYTES, length, new Uint8Array(length)));
        const dataStart = LENGTH_BYTES + length;
        const { entries, metadata } = parseText(text, file.size - dataStart);
        return new OpenShard(file, new Map(entries.map((entry) => [entry.name, entry])), metadata, dataStart);
      });
      isOpen = true;
      return shard;
    } finally {
      if (!isOpen) await file.close();
    }
  }

  /** All of a tensor. */
  read(entry: Entry): Promise<Tensor> {
    return naming(this.file.path, () =>
      readTensor(this.streamAt(entry.begin), entry.shape, entry, elementFailure(entry.name)),
    );
  }

  /** A box of a tensor. */
  readPart(entry: Entry, box: Box): Promise<Tensor> {
    const width = widthOf(entry.type);
    const read = (start: number, count: number, into: Uint8Array) =>
      this.file.read(this.dataStart + entry.begin + start * width, count * width, into);
    return naming(this.file.path, () => readBox(box, entry.shape, entry.type, read, elementFailure(entry.name)));
  }

  private streamAt(begin: number): ByteStream {
    let at = this.dataStart + begin;
    return {
      take: (length, into) => {
        at += length;
        return this.file.read(at - length, length, into);
      },
    };
  }
}

/** Lets an error name its file. */
async function naming<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof FormatError) || error.message.includes(path)) throw error;
    throw new FormatError(`${error.message} (in "${path}")`, { cause: error });
  }
}

/** What a {@link SafeOpen} reads from: one file, or several with an index. */
export interface TensorFiles {
  readonly path: string;
  readonly names: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  find(name: string): Promise<{ shard: OpenShard; entry: Entry }>;
  close(): Promise<void>;
}

/** A safetensors file, or a set of them, that is open. Made by {@link safeOpen}; to be closed. @see safetensors.safe_open */
export class SafeOpen {
  private isClosed = false;

  /** @internal */
  constructor(private readonly files: TensorFiles) {}

  /** The names of the tensors, in the order of the header. */
  keys(): string[] {
    return [...this.files.names];
  }

  /** The text entries in the header, or those of an index. */
  metadata(): Record<string, string> {
    const texts: Record<string, string> = {};
    for (const [name, value] of this.files.metadata) setOwn(texts, name, value);
    return texts;
  }

  /**
   * One tensor; nothing else is read.
   * @throws ArgumentError if there is no tensor of this name; FormatError with the path if its data is damaged.
   */
  async getTensor(name: string): Promise<Tensor> {
    this.check("getTensor", name);
    const { shard, entry } = await this.files.find(name);
    return shard.read(entry);
  }

  /** A tensor of which parts can be read. @throws As {@link getTensor}. */
  getSlice(name: string): SafeSlice {
    this.check("getSlice", name);
    return new SafeSlice(
      () => this.files.find(name),
      () => this.check("getSlice", name),
    );
  }

  /** Closes the file. Tensors that were read stay. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.files.close();
  }

  private check(method: string, name: unknown): void {
    if (this.isClosed) throw new StateError(`safetensors.SafeOpen.${method}: "${this.files.path}" is closed`);
    if (typeof name === "string" && this.files.names.includes(name)) return;
    const some = this.files.names
      .slice(0, 5)
      .map((known) => JSON.stringify(known))
      .join(", ");
    throw new ArgumentError(
      `safetensors.SafeOpen.${method}: "${this.files.path}" has no tensor ${typeof name === "string" ? JSON.stringify(name.slice(0, 200)) : `by ${typeof name}`}; it has ${this.files.names.length}: ${some}${this.files.names.length > 5 ? ", …" : ""}`,
    );
  }
}

/** A tensor in a file, of which parts can be read. */
export class SafeSlice {
  /** @internal */
  constructor(
    private readonly find: () => Promise<{ shard: OpenShard; entry: Entry }>,
    private readonly check: () => void,
  ) {}

  /** The shape of the whole tensor. */
  async getShape(): Promise<number[]> {
    return [...(await this.find()).entry.shape];
  }

  /** The dtype of the tensor that {@link at} gives. */
  async getDtype(): Promise<DType> {
    return keptAs((await this.find()).entry.type);
  }

  /**
   * A part of the tensor, by integers and slices as of `x.at(…)`; only about what is asked for is read.
   * @throws IndexError for an index beyond the tensor, or of another kind.
   * @example await file.getSlice("wte.weight").at("0:10", "::2");
   */
  async at(...items: IndexItem[]): Promise<Tensor> {
    this.check();
    const { shard, entry } = await this.find();
    const { box, rest } = boxOf(items, entry.shape);
    const part = await shard.readPart(entry, box);
    if (rest === undefined) return part;
    const x = part.at(...rest);
    if (x !== part) part.dispose();
    return x;
  }
}
