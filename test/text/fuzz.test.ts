/** Damaged files of each format of texts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, expect, test } from "vitest";
import { cutNote, runsAll } from "../helpers/cut";
import { readDamaged } from "../helpers/mutate";

const { text } = torch;
const folder = mkdtempSync(join(tmpdir(), "kindling-textfuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Damaged files of each format. */
const COUNT = runsAll ? 2000 : 400;
const bytes = (content: string): Uint8Array => Uint8Array.from(Buffer.from(content));

test(`damaged CSV files${cutNote}`, async () => {
  const row = (i: number) => `"${(i % 4) + 1}","Title ""${i}""","Text, ${"word ".repeat(i % 5)}\nof ${i} ä"\n`;
  const files = [1, 6, 12].map((n) => bytes(Array.from({ length: n }, (_, i) => row(i)).join("")));
  const accepted = await readDamaged(files, COUNT, async (file) => {
    writeFileSync(join(folder, "train.csv"), file);
    const set = await text.datasets.AG_NEWS(folder);
    let size = 0;
    for (const [label, content] of set) {
      expect([1, 2, 3, 4]).toContain(label);
      size += content.length;
    }
    expect(size).toBeLessThanOrEqual(file.length);
    return [];
  });
  expect(accepted).toBeGreaterThan(20);
  expect(accepted).toBeLessThan(COUNT - 33);
}, 120_000);

test(`damaged files of word vectors${cutNote}`, async () => {
  const line = (i: number) =>
    `word${i} ${Array.from({ length: 5 }, (_, k) => ((i * 7 + k * 3) % 11) / 10 - 0.5).join(" ")}\n`;
  const lines = Array.from({ length: 9 }, (_, i) => line(i)).join("");
  const path = join(folder, "vectors.txt");
  const accepted = await readDamaged([bytes(lines), bytes(`9 5\n${lines}`)], COUNT, async (file) => {
    writeFileSync(path, file);
    const { vectors, itos, dim, length } = await text.vocab.Vectors(path);
    expect([vectors.shape, itos.length]).toEqual([[length, dim], length]);
    expect(2 * length * dim).toBeLessThanOrEqual(file.length);
    return [vectors];
  });
  expect(accepted).toBeGreaterThan(20);
  expect(accepted).toBeLessThan(COUNT - 3);
}, 120_000);

test(`damaged files of tokenizers${cutNote}`, async () => {
  const kinds = JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, "tokenizers.json.gz"))).toString());
  // Short vocabularies, so that the damage hits the parts that matter.
  const files = Object.values(kinds as Record<string, { file: string }>).map(({ file }) => {
    const json = JSON.parse(file);
    const { vocab } = json.model;
    if (Array.isArray(vocab)) json.model.vocab = vocab.slice(0, 40);
    else json.model.vocab = Object.fromEntries(Object.entries(vocab as object).filter(([, id]) => id < 60));
    if (json.model.merges) json.model.merges = json.model.merges.slice(0, 20);
    return bytes(JSON.stringify(json));
  });
  mkdirSync(join(folder, "tokenizers"), { recursive: true });
  const path = join(folder, "tokenizers", "tokenizer.json");
  const accepted = await readDamaged(files, COUNT, async (file) => {
    writeFileSync(path, file);
    const tokenizer = await text.Tokenizer(path);
    const { ids } = tokenizer.encode("The tokenizer, low and new: 😀", { pair: "again" });
    expect(ids.every((id) => tokenizer.idToToken(id) !== undefined)).toBe(true);
    expect(typeof tokenizer.decode(ids)).toBe("string");
    return [];
  });
  expect(accepted).toBeGreaterThan(10);
  expect(accepted).toBeLessThan(COUNT - 16);
}, 120_000);
