/** Damaged files of `torch.save`, of all three formats: each gives an error of Kindling's, or whatever it still says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { byteEdits, pick, type Random, type Trial } from "./files";

/** The tensors of a checkpoint by their names, which are all that a damaged one may have. */
export function tensorsIn(value: unknown): Record<string, torch.Tensor> {
  const found: Record<string, torch.Tensor> = {};
  const seen = new Set<unknown>();
  const visit = (item: unknown, path: string): void => {
    // Modules are functions.
    if (!(item instanceof Object) || seen.has(item)) return;
    seen.add(item);
    if (item instanceof torch.Tensor) found[path] = item;
    else for (const [key, inner] of item instanceof Map ? item : Object.entries(item)) visit(inner, `${path}.${key}`);
  };
  visit(value, "");
  return found;
}

const trialOf = (file: Uint8Array): Trial => ({
  call: "await torch.load(file)",
  file,
  read: async () => tensorsIn(await torch.load(file)),
  expected: undefined,
  isOpen: true,
});

let zips: Promise<readonly Uint8Array[]> | undefined;

async function makeZips(): Promise<readonly Uint8Array[]> {
  const x = torch.arange(6).reshape([2, 3]);
  const nested = { a: [1, 2n ** 70n, 1.5, null, "text"], tuple: Object.freeze([true, new Set([1])]) };
  const optimizer = { state: { 0: { step: torch.ones([]) } }, param_groups: [{ lr: 0.1, params: [0] }] };
  const values = [
    x,
    { x, t: x.t(), bools: torch.ones([3], { dtype: "bool" }) },
    nested,
    optimizer,
    new torch.nn.Linear(2, 1),
  ];
  return await Promise.all(values.map((value) => torch.save(value)));
}

/** Codes of pickles that build, name, call and remember, and lengths beyond the file. */
const codes = [
  ..."().0126FKMJGLIUXTVNSQRbcdegjhlopqrstuw}]\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x92\x93\x94\x95\xff\x7f\0", // cspell:disable-line
];

function damagePickle(file: Uint8Array, begin: number, length: number, random: Random): void {
  for (let i = random(4); i > 0; i--) {
    const at = begin + random(length);
    if (random(3) > 0) file[at] = random(2) === 0 ? random(256) : pick(random, codes).charCodeAt(0);
    else file.copyWithin(at, begin + random(length), begin + random(length));
  }
}

/** Bytes of the pickle are changed too with their checksum mended, so that what reads it sees them. */
export async function zipTrial(random: Random): Promise<Trial> {
  zips ??= makeZips();
  let file = pick(random, await zips).slice();
  const pickle = 64;
  const length = new DataView(file.buffer).getUint32(18, true);
  const end = file.length - 22;
  const view = new DataView(file.buffer);
  const whole = file.slice();
  damagePickle(file, pickle, length, random);
  // What was moved is not to lie outside of the pickle.
  file.set(whole.subarray(pickle + length), pickle + length);
  view.setUint32(view.getUint32(end + 16, true) + 16, crc32(file.subarray(pickle, pickle + length)), true);
  for (let i = random(3); i > 0; i--) file = pick(random, byteEdits)(file, random) as typeof file;
  return trialOf(file);
}

interface Fixture {
  readonly files: Readonly<Record<string, { readonly file: string }>>;
  readonly legacy: readonly string[];
}
let fixture: Fixture | undefined;

const unpacked = (text: string): Uint8Array => new Uint8Array(gunzipSync(Buffer.from(text, "base64")));

function fixtures(): Fixture {
  fixture ??= JSON.parse(readFileSync(join(import.meta.dirname, "../../test/io/tar.json"), "utf8")) as Fixture;
  return fixture;
}

export function legacyTrial(random: Random): Trial {
  let file = unpacked(pick(random, fixtures().legacy));
  damagePickle(file, 0, file.length, random);
  for (let i = random(3); i > 0; i--) file = pick(random, byteEdits)(file, random);
  return trialOf(file);
}

/** Bytes of the four files inside are changed, whose headers stay whole most of the time. */
export function tarTrial(random: Random): Trial {
  let file = unpacked(pick(random, Object.values(fixtures().files)).file);
  const end = file.findLastIndex((byte) => byte !== 0) + 1;
  for (let i = 1 + random(3); i > 0; i--) {
    const at = random(end);
    const isHeader = String.fromCharCode(...file.subarray((at & ~511) + 257, (at & ~511) + 262)) === "ustar";
    if (isHeader && random(8) > 0) continue;
    file[at] = random(2) === 0 ? random(256) : pick(random, codes).charCodeAt(0);
  }
  if (random(4) === 0) file = pick(random, byteEdits)(file, random);
  return trialOf(file);
}
