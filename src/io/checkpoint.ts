/** `torch.load` and `torch.save`: PyTorch's own files. What they do is loaded when they are first called. */
import type { Device } from "../backend/backend";
import { checkFlag } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import { ArgumentError, describe } from "../core/errors";
import { namedAsync } from "../core/signature";
import type { FileSource } from "../platform/randomAccess";
import { resolveDevice } from "../tensor/device";

/** Where tensors go: a device for all, a device for each of the file's, or a function of the file's, such as `cuda:0`. */
export type MapLocation = Device | "wasm" | Readonly<Record<string, Device>> | ((location: string) => Device | null);

/** Options of {@link load}. */
export interface LoadOptions {
  /** Default: `"cpu"`, wherever the tensors were. */
  mapLocation?: MapLocation | null;
  /** There is no other way: whatever a file says, no code of it runs. Default: true. */
  weightsOnly?: boolean;
  /** Classes of modules by name, for files that hold whole modules of them. Those of `nn` are known. */
  classes?: Readonly<Record<string, abstract new (...args: any[]) => object>>;
}

/** The device for each location of a file. */
function locator(mapLocation: MapLocation | null): (location: string) => Device {
  if (mapLocation === null) return () => "cpu";
  if (typeof mapLocation === "function") return (location) => mapLocation(location) ?? "cpu";
  if (isPlainObject(mapLocation))
    return (location) =>
      Object.hasOwn(mapLocation, location) ? (mapLocation as Record<string, Device>)[location]! : "cpu";
  const { device } = resolveDevice("load", mapLocation as Device);
  return () => device;
}

/**
 * Reads a file that `torch.save` wrote, here or in Python: `.pt` and `.pth`, of all of its formats. Dicts become objects, or a `Map` where an object
 * could not hold their keys in order; lists become arrays, tuples frozen arrays; numbers, texts and `None` numbers, texts and null. Tensors that
 * shared memory share it again. Only tensors and plain data are read; no code runs.
 * @param f A path, a URL, or bytes.
 * @see torch.load
 * @throws FormatError naming the file if it is damaged, or holds objects that are no plain data, whose class it names.
 * @example model.loadStateDict(await torch.load("model.pth"));
 */
export const load = namedAsync(
  "load",
  "f; mapLocation; weightsOnly; classes",
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
    return await implementation.load("load", f, { locate: locator(mapLocation), classes: classes as never });
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
