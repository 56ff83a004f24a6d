/** Weights in files of every format, by their names. */
import * as torch from "../index";
import { UsageError } from "./commandLine";

/** Tensors by name. */
export type Weights = Readonly<Record<string, torch.Tensor>>;

const extensionOf = (path: string): string => /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";

const entriesOf = (value: unknown): [string, unknown][] | undefined => {
  if (value instanceof torch.Tensor || typeof value !== "object" || value === null) return undefined;
  return value instanceof Map ? [...value].map(([key, item]) => [String(key), item]) : Object.entries(value);
};

/** A dictionary of tensors alone, or undefined. */
function weightsIn(value: unknown): Weights | undefined {
  if (value instanceof torch.nn.Module) return value.stateDict() as Weights;
  const entries = entriesOf(value);
  if (entries === undefined || entries.length === 0 || !entries.every(([, item]) => item instanceof torch.Tensor))
    return undefined;
  return Object.fromEntries(entries) as Weights;
}

/** What stands behind a path such as `model.encoder`. */
function follow(value: unknown, key: string): unknown {
  const entries = entriesOf(value);
  for (const [name, item] of entries ?? []) {
    if (name === key) return item;
    if (key.startsWith(`${name}.`)) {
      const found = follow(item, key.slice(name.length + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The dictionaries of tensors in a checkpoint, by their keys. */
const partsOf = (value: unknown): [string, Weights][] =>
  (entriesOf(value) ?? []).flatMap(([key, item]) => {
    const weights = weightsIn(item);
    return weights === undefined ? [] : [[key, weights] as [string, Weights]];
  });

/** The weights in what `torch.load` gives. @throws UsageError if it is not clear which are meant. */
function chooseWeights(path: string, loaded: unknown, key: string | undefined): Weights {
  const chosen = key === undefined ? loaded : follow(loaded, key);
  if (chosen === undefined) throw new UsageError(`--key: "${path}" has no "${key}"`);
  const weights = weightsIn(chosen);
  if (weights !== undefined) return weights;
  const parts = partsOf(chosen);
  if (parts.length === 1) return parts[0]![1];
  if (chosen instanceof torch.Tensor) return { [key ?? "tensor"]: chosen };
  const keys = parts.map(([name]) => name).join(", ");
  throw new UsageError(
    parts.length === 0
      ? `"${path}" holds no dictionary of tensors${key === undefined ? "" : ` at "${key}"`}; kindling inspect shows what it holds`
      : `"${path}" holds several dictionaries of tensors: choose one of ${keys} by --key`,
  );
}

type Read = (path: string, key: string | undefined) => Promise<Weights>;
type Write = (path: string, weights: Weights, metadata: Readonly<Record<string, string>>) => Promise<void>;

const readTorch: Read = async (path, key) => chooseWeights(path, await torch.load(path), key);
const writeTorch: Write = (path, weights) => torch.save(weights, path);

/** How each format is read and written. */
const formats: Readonly<Record<string, { read?: Read; write?: Write }>> = {
  safetensors: {
    read: (path) => torch.safetensors.loadFile(path),
    write: (path, weights, metadata) => torch.safetensors.saveFile(weights, path, metadata),
  },
  pt: { read: readTorch, write: writeTorch },
  pth: { read: readTorch, write: writeTorch },
  bin: { read: readTorch },
  tar: { read: readTorch },
  npz: {
    read: async (path) => (await torch.numpy.load(path as `${string}.npz`)) as Weights,
    write: (path, weights) => torch.numpy.savez(path, weights),
  },
  npy: { read: async (path) => ({ array: (await torch.numpy.load(path as `${string}.npy`)) as torch.Tensor }) },
  onnx: { read: async (path) => (await torch.onnx.load(path)).stateDict() as Weights },
};

const namesOf = (kind: "read" | "write"): string =>
  Object.keys(formats)
    .filter((name) => formats[name]![kind] !== undefined)
    .map((name) => `.${name}`)
    .join(", ");

/**
 * The weights in a file. @param key Where they stand in a checkpoint that holds more.
 * @throws UsageError for a format that is not known, or if it is not clear which weights are meant.
 */
export function readWeights(path: string, key?: string): Promise<Weights> {
  const read = formats[extensionOf(path)]?.read;
  if (read === undefined) throw new UsageError(`"${path}": weights are read from ${namesOf("read")}`);
  return read(path, key);
}

/** Writes weights in the format that the name ends with. @throws UsageError for others. */
export function writeWeights(
  path: string,
  weights: Weights,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const extension = extensionOf(path);
  const write = formats[extension]?.write;
  if (extension === "onnx")
    throw new UsageError(
      `"${path}": ONNX files hold a model with its ops, not weights alone: kindling export writes them`,
    );
  if (write === undefined) throw new UsageError(`"${path}": weights are written to ${namesOf("write")}`);
  return write(path, weights, metadata);
}

/** Whether a name ends as an ONNX file's does. */
export const isOnnx = (path: string): boolean => extensionOf(path) === "onnx";
