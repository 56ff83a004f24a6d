/** `torch.load` and `torch.save`: PyTorch's own files. What they do is loaded when they are first called. */
import type { Device } from "../backend/backend";
import { checkFlag } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import type { DType } from "../core/dtype";
import { ArgumentError, describe } from "../core/errors";
import { namedAsync } from "../core/signature";
import type { FileSource } from "../platform/randomAccess";

/** The memory of tensors in a file before it is read. Functions of {@link MapLocation} get it, and give back where it goes. */
export interface LoadingStorage {
  /** Where it goes if it is given back as it is. */
  readonly device: Device;
  readonly dtype: DType;
  /** Elements. */
  size(): number;
  nbytes(): number;
  /** The same storage on another device. @throws DeviceError if it is not there. */
  to(device: Device | "wasm"): LoadingStorage;
  cpu(): LoadingStorage;
  /** @throws DeviceError always: there is no CUDA here. */
  cuda(device?: number | string): LoadingStorage;
}

/**
 * Where tensors go: a device for all of them, a device for each location of the file, such as `cuda:0`, or a function of a storage and its location.
 * Locations that are not in the object, and those for which the function gives null, have the default of {@link LoadOptions.mapLocation}.
 */
export type MapLocation =
  | Device
  | "wasm"
  | `${Device}:0`
  | Readonly<Record<string, Device | "wasm" | `${Device}:0`>>
  | ReadonlyMap<string, Device | "wasm" | `${Device}:0`>
  | ((storage: LoadingStorage, location: string) => LoadingStorage | Device | "wasm" | null | undefined);

/** Options of {@link load}. */
export interface LoadOptions {
  /** Default: where the tensors were, if that device is here, else the CPU; so files of tensors on `cuda:0` can be read as they are. */
  mapLocation?: MapLocation | null;
  /** There is no other way: whatever a file says, no code of it runs. Default: true. */
  weightsOnly?: boolean;
  /** Classes of modules by name, for files that hold whole modules of them. Those of `nn` are known. */
  classes?: Readonly<Record<string, abstract new (...args: any[]) => object>>;
}

/**
 * Reads a file that `torch.save` wrote, here or in Python: `.pt` and `.pth`, of all of its formats. Dicts become objects, or a `Map` where an object
 * could not hold their keys in order; lists become arrays, tuples frozen arrays; numbers, texts and `None` numbers, texts and null. Tensors that
 * shared memory share it again. Only tensors and plain data are read; no code runs.
 * @param f A path, a URL, or bytes.
 * @see torch.load
 * @throws FormatError naming the file if it is damaged, or holds objects that are no plain data, whose class it names; DeviceError if `mapLocation` asks
 * for a device that is not there.
 * @example model.loadStateDict(await torch.load("model.pth"));
 */
export const load = namedAsync(
  "load",
  "f; mapLocation, weightsOnly, classes",
  async (f: FileSource, options: LoadOptions = {}): Promise<any> => {
    const { mapLocation = null, weightsOnly = true, classes = {} } = options;
    checkFlag("load", "weightsOnly", weightsOnly);
    if (!weightsOnly)
      throw new ArgumentError(
        "load: weightsOnly cannot be false: objects of Python are never run here; save a state dict in Python instead, torch.save(model.state_dict(), path)",
      );
    if (!isPlainObject(classes))
      throw new ArgumentError(`load: classes must be an object of classes by name, got ${describe(classes)}`);
    const implementation = await import("./torch/lazyLoad");
    return await implementation.load("load", f, { mapLocation, classes: classes as never });
  },
);

/** Where {@link save} writes: a path or a `file:` URL, or a stream, such as a browser's `FileSystemWritableFileStream`. */
export type SaveTarget = string | URL | WritableStream<Uint8Array>;

interface Save {
  (obj: unknown): Promise<Uint8Array>;
  (obj: unknown, f: SaveTarget): Promise<void>;
  (given: { obj: unknown; f: SaveTarget }): Promise<void>;
}

/**
 * Writes a value to a file that `torch.load` reads, here and in Python: tensors, and plain values of them, such as state dicts. Numbers that are
 * exact integers become Python's int, all others its float; frozen arrays tuples, other arrays lists; objects and Maps dicts. Tensors that share
 * memory share it in the file. The file is written whole or not at all.
 * @param f A path, a `file:` URL or a stream; without it, the promise is of the bytes.
 * @see torch.save
 * @throws ArgumentError naming the place of what cannot be saved; KindlingError if the file cannot be written; StateError if a tensor is changed
 * before the promise is fulfilled.
 * @example await torch.save({ model: model.stateDict(), optimizer: optimizer.stateDict() }, "checkpoint.pt");
 */
export const save = namedAsync(
  "save",
  "obj{}, f?",
  async (obj: unknown, f?: SaveTarget | null): Promise<Uint8Array | undefined> => {
    const implementation = await import("./torch/lazySave");
    return await implementation.save("save", obj, f ?? undefined);
  },
) as unknown as Save;
