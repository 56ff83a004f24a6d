/**
 * Damaged files: valid ones are mutated, and what the library makes of them is judged by checkers of their own. Each input gives an
 * error of Kindling's, or exactly the right tensors; memory stays flat.
 */
import { gzipSync } from "node:zlib";
import * as torch from "kindling";
import { UsageError } from "../../src/cli/usageError";
import { indexTrial, npyTrial, npzTrial } from "./arrays";
import { eventTrial } from "./events";
import type { Fault, FuzzOptions } from "./fault";
import { configTrial, manifestTrial, runTrial, tokenizerTrial } from "./models";
import { onnxTrial } from "./onnx";
import { pictureTrial } from "./pictures";
import { gunzipStrictly, idxContent, type Reading, safetensorsContent } from "./readings";
import { legacyTrial, tarTrial, zipTrial } from "./torchFiles";

/** Milliseconds that one file may take. */
const LIMIT = 2000;

/** Numbers that depend on the seed only (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % below;
  };
}

export type Random = ReturnType<typeof randomOf>;

export const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)]!;

const names = ["a", "weight", "layer.0.bias", "__proto__", "constructor", "", "ä😀", "__metadata__", "toString"];
const dtypes = { F32: 4, F64: 8, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

function fileOf(header: string, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

/** A valid file of a few small tensors. */
function safetensorsFile(random: Random): { header: string; data: Uint8Array } {
  const parts: string[] = random(3) === 0 ? ['"__metadata__":{"format":"pt"}'] : [];
  let end = 0;
  const taken = new Set(["__metadata__"]);
  for (let i = random(4); i >= 0; i--) {
    const name = pick(random, names);
    if (taken.has(name)) continue;
    taken.add(name);
    const [dtype, size] = pick(random, Object.entries(dtypes));
    const shape = Array.from({ length: random(4) }, () => random(4));
    const begin = end;
    end += shape.reduce((n, s) => n * s, size);
    parts.push(`${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`);
  }
  return {
    header: `{${parts.join(",")}}${" ".repeat(random(8))}`,
    data: Uint8Array.from({ length: end }, () => random(2)),
  };
}

const hostile = [
  "-1",
  "1.0",
  "1e0",
  "-0",
  "9007199254740993",
  "4294967296",
  "null",
  '"1"',
  "[]",
  "{}",
  "0",
  "1",
  "65536",
  "1e999",
];

/** Edits of the header that keep it JSON, or nearly. */
const headerEdits: ((text: string, random: Random) => string)[] = [
  (text, random) => text.replace(/\d+/g, (digits) => (random(6) === 0 ? pick(random, hostile) : digits)),
  (text, random) =>
    text.replace(/\d+/g, (digits) => (random(6) === 0 ? String(Number(digits) + random(3) - 1) : digits)),
  (text, random) =>
    text.replace(/"[A-Z0-9]+"/g, (code) => (random(3) === 0 ? `"${pick(random, Object.keys(dtypes))}"` : code)),
  (text, random) => text.replace(/"(dtype|shape|data_offsets)"/g, (key) => (random(5) === 0 ? '"shape"' : key)),
  (text) => text.replace(/\{(.*)\}( *)$/, "{$1,$1}$2"),
  (text) => text.replace(/^\{/, '{"__metadata__":{"a":1},'),
  (text) => text.replace(/^\{/, '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},'),
  (text) => text.replace("}", ',"extra":[1.5,{"x":null}]}'),
  (text) => text.replace(/"a"/, '"\\u0061"'),
  (text) => text.replace(/"a"/, '"\\ud800"'),
  (text, random) => text + pick(random, [" ", "\n", "\0", "x", "}", "{}"]),
  (text, random) => pick(random, [" ", "\ufeff", "["]) + text,
  (text, random) => "[".repeat(random(5000)) + text,
];

/** Edits of bytes. */
export const byteEdits: ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  (file, random) => {
    const copy = file.slice();
    if (copy.length > 0) copy[random(copy.length)]! ^= 1 << random(8);
    return copy;
  },
  (file, random) => {
    const copy = file.slice();
    if (copy.length > 0) copy[random(Math.min(copy.length, 24))] = random(256);
    return copy;
  },
  (file, random) => file.slice(0, random(file.length + 1)),
  (file, random) => Uint8Array.of(...file, ...Array.from({ length: 1 + random(9) }, () => random(256))),
  (file, random) => {
    const at = random(file.length + 1);
    const from = random(file.length + 1);
    return Uint8Array.of(...file.subarray(0, at), ...file.subarray(from, from + random(16)), ...file.subarray(at));
  },
  (file, random) => {
    const at = random(file.length + 1);
    return Uint8Array.of(...file.subarray(0, at), ...file.subarray(at + 1 + random(8)));
  },
];

export function idxFile(random: Random): Uint8Array {
  const shape = Array.from({ length: 1 + random(3) }, () => random(5));
  const size = shape.reduce((n, s) => n * s, 1);
  return Uint8Array.of(
    0,
    0,
    8,
    shape.length,
    ...shape.flatMap((n) => [0, 0, 0, n]),
    ...Array.from({ length: size }, () => random(256)),
  );
}

/** An input, how the library reads it, and what it should find. */
export interface Trial {
  readonly call: string;
  readonly file: Uint8Array;
  read(): Record<string, torch.Tensor> | Promise<Record<string, torch.Tensor>>;
  readonly expected: Reading | undefined;
  /** Whether nobody else can tell what a damaged file still says: whatever is read will do. */
  readonly isOpen?: boolean;
  /** Whether what an error or a reading leaves is given back when it is collected: that of a module whose constructor throws, and what nobody disposes. */
  readonly isCollected?: boolean;
}

function safetensorsTrial(random: Random): Trial {
  let { header, data } = safetensorsFile(random);
  if (random(2) === 0) header = pick(random, headerEdits)(header, random);
  let file = fileOf(header, data);
  for (let i = random(3); i > 0; i--) file = pick(random, byteEdits)(file, random);
  const expected = safetensorsContent(file);
  // Other code reads it as a stream, or tensor by tensor.
  const kind = random(3);
  if (kind === 0)
    return { call: "torch.safetensors.load(file)", file, read: () => torch.safetensors.load(file), expected };
  if (kind === 1)
    return {
      call: "await torch.safetensors.loadFile(file)",
      file,
      read: () => torch.safetensors.loadFile(file),
      expected,
    };
  const call =
    "const open = await torch.safetensors.safeOpen(file); for (const name of open.keys()) await open.getSlice(name).at()";
  return { call, file, read: () => readByName(file), expected };
}

async function readByName(file: Uint8Array): Promise<Record<string, torch.Tensor>> {
  const tensors: Record<string, torch.Tensor> = Object.create(null);
  const open = await torch.safetensors.safeOpen(file);
  try {
    for (const name of open.keys()) tensors[name] = await open.getSlice(name).at();
  } catch (error) {
    for (const x of Object.values(tensors)) x.dispose();
    throw error;
  } finally {
    await open.close();
  }
  return tensors;
}

function idxTrial(random: Random): Trial {
  let file = idxFile(random);
  for (let i = random(3); i > 0; i--) file = pick(random, byteEdits)(file, random);
  const call = 'torch.vision.datasets.parseIdx("file", file)';
  const read = () => ({ "": torch.vision.datasets.parseIdx("file", file) });
  return { call, file, read, expected: idxContent(file) };
}

/** Compressed files are read as the images of a data set, through a folder. */
function gzipTrial(random: Random, folder: Folder): Trial {
  const content = idxFile(random);
  let file: Uint8Array = gzipSync(random(4) === 0 ? pick(random, byteEdits)(content, random) : content);
  for (let i = random(3); i > 0; i--) file = pick(random, byteEdits)(file, random);
  const raw = gunzipStrictly(file);
  const images = raw && idxContent(raw)?.get("");
  const isPictures = images?.dtype === "uint8" && images.shape.length === 3;
  const fits = isPictures && images.shape[0]! < 1 << 16;
  const read = async () => {
    await folder.write(file, fits ? images.shape[0]! : 0);
    const set = await new torch.vision.datasets.MNIST(folder.path);
    (set.targets as torch.Tensor).dispose();
    return { "": set.data };
  };
  const shape = images?.shape ?? [];
  const expected: Reading | undefined = fits ? new Map([["", { ...images, shape }]]) : undefined;
  return { call: 'await new torch.vision.datasets.MNIST("folder of file")', file, read, expected };
}

function cifarTrial(random: Random, folder: Folder): Trial {
  let file: Uint8Array = Uint8Array.from({ length: 3073 * random(3) }, (_, i) =>
    i % 3073 === 0 ? random(11) : i & 255,
  );
  if (random(3) === 0) file = file.slice(0, random(file.length + 1));
  const count = file.length / 3073;
  const isWhole = Number.isInteger(count) && count > 0 && file.every((byte, i) => i % 3073 > 0 || byte < 10);
  const data = file.filter((_, i) => i % 3073 > 0);
  const read = async () => {
    await folder.writeCifar(file);
    const set = await new torch.vision.datasets.CIFAR10(folder.path);
    const view = set.data.permute(0, 3, 1, 2);
    const planes = view.contiguous();
    for (const x of [view, set.data]) x.dispose();
    return { "": planes };
  };
  const expected: Reading | undefined = isWhole
    ? new Map([["", { dtype: "uint8", shape: [count, 3, 32, 32], data }]])
    : undefined;
  return { call: 'await new torch.vision.datasets.CIFAR10("folder of file")', file, read, expected };
}

/** A folder for data sets that are read by their path. */
class Folder {
  private constructor(
    readonly path: string,
    private readonly files: typeof import("node:fs/promises"),
  ) {}

  static async create(): Promise<Folder> {
    const [files, { tmpdir }, { join }] = await Promise.all([
      import("node:fs/promises"),
      import("node:os"),
      import("node:path"),
    ]);
    return new Folder(await files.mkdtemp(join(tmpdir(), "kindling-fuzz-")), files);
  }

  async write(images: Uint8Array, labels: number): Promise<void> {
    const file = Buffer.alloc(8 + labels);
    file.writeUInt32BE(0x801);
    file.writeUInt32BE(labels, 4);
    await this.files.writeFile(`${this.path}/train-images-idx3-ubyte.gz`, images);
    await this.files.writeFile(`${this.path}/train-labels-idx1-ubyte`, file);
  }

  writeCifar = (file: Uint8Array): Promise<void> => this.files.writeFile(`${this.path}/data_batch_1.bin`, file);

  remove = (): Promise<void> => this.files.rm(this.path, { recursive: true, force: true });
}

const bytesOf = (x: torch.Tensor): Uint8Array => {
  const { dtype } = x;
  // The bits of halves are compared as numbers of single precision, which hold them.
  const array = (dtype === "float16" || dtype === "bfloat16" ? x.float() : x).toTypedArray();
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
};

/** What is wrong with the tensors of an accepted file, or undefined. */
function difference(found: Record<string, torch.Tensor>, expected: Reading): string | undefined {
  const entries = Object.entries(found);
  if (entries.length !== expected.size) return `${entries.length} tensors instead of ${expected.size}`;
  for (const [name, x] of entries) {
    const want = expected.get(name);
    if (want === undefined) return `an unexpected tensor ${JSON.stringify(name)}`;
    if (x.dtype !== want.dtype || x.shape.join() !== want.shape.join()) return `${name} is ${x.dtype} [${x.shape}]`;
    const isHalf = x.dtype === "float16" || x.dtype === "bfloat16";
    if (!isHalf && Buffer.compare(bytesOf(x), want.data) !== 0) return `${name} has other values`;
  }
  return undefined;
}

/** The fault of one trial, or undefined. */
async function judge({ read, expected, isOpen }: Trial): Promise<Pick<Fault, "kind" | "detail"> | undefined> {
  const begin = performance.now();
  let found: Record<string, torch.Tensor> | undefined;
  let error: unknown;
  try {
    found = await read();
  } catch (caught) {
    error = caught;
  }
  const wrong = found && expected && difference(found, expected);
  for (const x of Object.values(found ?? {})) x.dispose();
  if (performance.now() - begin > LIMIT) return { kind: "hang", detail: `${Math.round(performance.now() - begin)} ms` };
  if (error !== undefined && !(error instanceof torch.KindlingError)) return { kind: "foreign", detail: String(error) };
  if (found !== undefined && expected === undefined && !isOpen)
    return { kind: "accepted", detail: "the file is not valid" };
  if (wrong !== undefined) return { kind: "accepted", detail: wrong };
  return error !== undefined && expected !== undefined
    ? { kind: "foreign", detail: `a valid file was refused: ${(error as Error).message}` }
    : undefined;
}

const programOf = ({ call, file }: Trial): string =>
  `const file = Uint8Array.from(atob("${Buffer.from(file).toString("base64")}"), (c) => c.charCodeAt(0));\n${call};`;

type MakeTrial = (random: Random, folder: Folder) => Trial | Promise<Trial>;

/** The formats, and how often each has its turn. */
const formats: Readonly<Record<string, readonly [turns: number, make: MakeTrial]>> = {
  safetensors: [13, safetensorsTrial],
  idx: [4, idxTrial],
  gzip: [2, gzipTrial],
  cifar: [1, cifarTrial],
  pictures: [6, pictureTrial],
  torch: [6, zipTrial],
  legacy: [4, legacyTrial],
  tar: [4, tarTrial],
  events: [2, eventTrial],
  onnx: [8, onnxTrial],
  npy: [6, npyTrial],
  npz: [6, npzTrial],
  index: [3, (random, folder) => indexTrial(random, folder.path)],
  checkpoint: [2, (random, folder) => runTrial(random, folder.path)],
  manifest: [1, (random, folder) => manifestTrial(random, folder.path)],
  config: [1, (random, folder) => configTrial(random, folder.path)],
  tokenizer: [2, tokenizerTrial],
};

/** The names of the formats. */
export const formatNames = Object.keys(formats);

const turns = Object.values(formats).flatMap(([count, make]) => Array.from({ length: count }, () => make));

/** Loads what reads the formats, which takes longer than a file may, and starts the threads, which keep memory of their own. */
async function warmUp(chosen: readonly (typeof formats)[string][], folder: Folder): Promise<void> {
  torch.tidy(() => void torch.ones(1 << 20).long());
  for (const [, make] of chosen) {
    const { read } = await make(randomOf(1), folder);
    const found = await Promise.resolve()
      .then(read)
      .catch(() => ({}));
    for (const x of Object.values(found)) (x as torch.Tensor).dispose();
  }
}

/**
 * Reads damaged files until `calls` were made or the time is over.
 * @returns How many were made.
 */
export async function fuzzFiles({
  seed,
  calls,
  seconds,
  report,
  format,
}: FuzzOptions & {
  /** Only files of this one. Default: all. */
  readonly format?: string;
}): Promise<number> {
  const only = format === undefined ? undefined : formats[format];
  if (format !== undefined && only === undefined)
    throw new UsageError(`--format takes one of ${formatNames.join(", ")}, got "${format}"`);
  const end = performance.now() + seconds * 1000;
  const folder = await Folder.create();
  await warmUp(only === undefined ? Object.values(formats) : [only], folder);
  let call = 0;
  try {
    for (; call < calls && performance.now() < end; call++) {
      // Each file depends on the seed and its number alone.
      const random = randomOf(Math.imul(seed + 1, 0x9e3779b9) ^ Math.imul(call + 1, 0x85ebca6b));
      const trial = await (only?.[1] ?? pick(random, turns))(random, folder);
      const { blocks } = torch.memoryStats();
      let isAccepted = false;
      const read = async () => {
        const found = await trial.read();
        isAccepted = true;
        return found;
      };
      let fault = await judge({ ...trial, read });
      const held = torch.memoryStats().blocks - blocks;
      // A damaged file may put a tensor where a later field of it stands: nobody can dispose that one, and it is collected.
      const isCollected = trial.isCollected || (trial.isOpen && isAccepted);
      if (fault === undefined && held > 0 && !isCollected) fault = { kind: "leak", detail: `${held} blocks are held` };
      if (fault !== undefined) report({ ...fault, program: `// file ${call} of seed ${seed}\n${programOf(trial)}` });
    }
  } finally {
    await folder.remove();
  }
  return call;
}
