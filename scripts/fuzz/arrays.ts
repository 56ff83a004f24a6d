/** Damaged files of arrays: NumPy's, and indices of safetensors files. */
import { writeFile } from "node:fs/promises";
import { crc32, deflateRawSync } from "node:zlib";
import * as torch from "kindling";
import { byteEdits, pick, type Random, type Trial } from "./files";
import type { Reading } from "./readings";

const types: readonly [descr: string, dtype: string, width: number][] = [
  ["<f4", "float32", 4],
  ["<f8", "float64", 8],
  ["<i8", "int64", 8],
  ["<i4", "int32", 4],
  ["<i2", "int16", 2],
  ["|i1", "int8", 1],
  ["|u1", "uint8", 1],
  ["|b1", "bool", 1],
];

/** A valid file of one array, and what it holds. */
function npyFile(random: Random): { file: Uint8Array; reading: Reading } {
  const [descr, dtype, width] = pick(random, types);
  const shape = Array.from({ length: random(4) }, () => random(4));
  const data = Uint8Array.from({ length: shape.reduce((n, size) => n * size, width) }, () => random(2));
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.map((size) => `${size},`).join("")}), }`;
  return { file: fileOf(random, text, data), reading: new Map([["", { dtype, shape, data }]]) };
}

function fileOf(random: Random, text: string, data: Uint8Array): Uint8Array {
  const version = 1 + random(3);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.of(0x93, 78, 85, 77, 80, 89, version, 0, ...length, ...Buffer.from(text), ...data);
}

/** What stands in headers and indices that are hostile. */
const hostile = [
  "-1",
  "4294967296",
  "99999999999999999999",
  "'<U3'",
  "None",
  "()",
  "[('a', '<f4')]",
  "{",
  "(((((",
  "True",
  "'|O'",
  "\0",
  '"',
];

function editedText(random: Random, file: Uint8Array): Uint8Array {
  const text = Buffer.from(file).toString("latin1");
  const at = random(text.length + 1);
  const edited = text.slice(0, at) + pick(random, hostile) + text.slice(at + random(8));
  return new Uint8Array(Buffer.from(edited, "latin1"));
}

/** The file as it is, or damaged: then nobody says what it still holds, if it is read. */
function damaged(random: Random, file: Uint8Array): { file: Uint8Array; isOpen: boolean } {
  const count = random(4);
  let changed = file;
  for (let i = 0; i < count; i++)
    changed = random(3) === 0 ? editedText(random, changed) : pick(random, byteEdits)(changed, random);
  return { file: changed, isOpen: Buffer.compare(changed, file) !== 0 };
}

export function npyTrial(random: Random): Trial {
  const { file: whole, reading } = npyFile(random);
  const { file, isOpen } = damaged(random, whole);
  const read = async () => named(await torch.numpy.load(file));
  return { call: "await torch.numpy.load(file)", file, read, expected: isOpen ? undefined : reading, isOpen };
}

/** A damaged array may be an archive by its beginning, and the other way. */
const named = (found: torch.Tensor | Record<string, torch.Tensor>): Record<string, torch.Tensor> =>
  found instanceof torch.Tensor ? { "": found } : found;

const le = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

/** An archive, written in another way than the library does. */
function npzFile(random: Random): { file: Uint8Array; reading: Reading } {
  const reading: Reading = new Map();
  const [local, central]: [number[], number[]] = [[], []];
  for (const name of ["a", "__proto__", "b c"].slice(0, random(4))) {
    const { file: content, reading: inner } = npyFile(random);
    reading.set(name, inner.get("")!);
    const method = random(2) * 8;
    const packed = method === 8 ? deflateRawSync(content) : content;
    const label = Buffer.from(`${name}.npy`);
    const sizes = [...le(crc32(content), 4), ...le(packed.length, 4), ...le(content.length, 4), ...le(label.length, 2)];
    const start = local.length;
    const common = [20, 0, 0, 0, method, 0, 0, 0, 33, 0, ...sizes, 0, 0];
    local.push(0x50, 0x4b, 3, 4, ...common, ...label, ...packed);
    central.push(0x50, 0x4b, 1, 2, 20, 0, ...common, ...new Array<number>(10).fill(0), ...le(start, 4), ...label);
  }
  const counts = [...le(reading.size, 2), ...le(reading.size, 2)];
  const end = [0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...counts, ...le(central.length, 4), ...le(local.length, 4), 0, 0];
  return { file: Uint8Array.of(...local, ...central, ...end), reading };
}

export function npzTrial(random: Random): Trial {
  const { file: whole, reading } = npzFile(random);
  const { file, isOpen } = damaged(random, whole);
  const read = async () => named(await torch.numpy.load(file));
  return { call: "await torch.numpy.load(file)", file, read, expected: isOpen ? undefined : reading, isOpen };
}

/** An index beside one small file. */
export async function indexTrial(random: Random, folder: string): Promise<Trial> {
  const data = Uint8Array.of(1, 0, 0, 0);
  const x = torch.tensor([1], { dtype: "int32" });
  await writeFile(`${folder}/one.safetensors`, torch.safetensors.save({ a: x, __proto__x: x }));
  x.dispose();
  const map = { a: "one.safetensors", __proto__x: "one.safetensors" };
  const whole = new TextEncoder().encode(JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }));
  const { file, isOpen } = damaged(random, whole);
  const read = async () => {
    await writeFile(`${folder}/model.safetensors.index.json`, file);
    return torch.safetensors.loadFile(`${folder}/model.safetensors.index.json`);
  };
  const entry = { dtype: "int32", shape: [1], data };
  const expected: Reading = new Map([
    ["a", entry],
    ["__proto__x", entry],
  ]);
  const call = 'await torch.safetensors.loadFile("index of file")';
  return { call, file, read, expected: isOpen ? undefined : expected, isOpen };
}
