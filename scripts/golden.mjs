/**
 * `node scripts/golden.mjs DIR`: chooses samples of PyTorch from DIR and packs them into `test/golden/samples.jsonl.br`.
 *
 * Every entry keeps the samples that say most: per file and kind of call the smallest ones with both derivatives, one per dtype,
 * one with special values. Long lines are left out where a shorter one says the same.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("golden: which folder of samples? node scripts/golden.mjs DIR");
  process.exit(2);
}

/** Samples kept per group of alike ones. */
const PER_GROUP = 2;
/** Characters of a line beyond which only the first of a group is kept. */
const LONG = 8_000;
/** Fields of `ops/index.json` that the judge reads. */
const INFO = ["file", "op", "impl", "signatures", "schemas"];

const out = join("test", "golden");
const lines = [];

const isSpecial = (text) => /"(nan|inf|-inf)"/.test(text);

/** What a sample exercises: alike samples stand for each other. */
function groupOf(family, sample, text) {
  const input = Array.isArray(sample.input) ? sample.input[0] : sample.input;
  if (family === "ops") return [sample.kind, input?.t, "grads" in sample, "grads2" in sample, isSpecial(text)].join();
  if (family === "modules") return [sample.train, Object.keys(sample.kwargs).join("+")].join();
  if (family === "rng") return [sample.fn, sample.module, sample.what, sample.name].join();
  if (family === "distributions")
    return [sample.p?.class, sample.q?.class, sample.transform, sample.text, Object.keys(sample.kwargs ?? {})].join();
  if (family === "transforms") return [sample.cls, sample.input?.t].join();
  return Object.keys(sample.kwargs ?? {}).join("+");
}

/** The shortest samples of every group, in the order of the file. */
function choose(family, samples) {
  const groups = new Map();
  for (const text of samples) {
    const key = groupOf(family, JSON.parse(text), text);
    groups.set(key, [...(groups.get(key) ?? []), text]);
  }
  const kept = [...groups.values()].flatMap((group) =>
    group
      .sort((a, b) => Math.abs(a.length - 600) - Math.abs(b.length - 600))
      .filter((text, i) => i === 0 || (i < PER_GROUP && text.length < LONG)),
  );
  return samples.filter((text) => kept.includes(text));
}

function packIndex(family) {
  const index = JSON.parse(readFileSync(join(folder, family, "index.json"), "utf8"));
  if (family === "ops") {
    const pick = (info) => Object.fromEntries(INFO.flatMap((key) => (key in info ? [[key, info[key]]] : [])));
    return { ops: index.ops.map(pick) };
  }
  return family === "modules" ? { modules: index.modules.map(({ module, signature }) => ({ module, signature })) } : {};
}

function packFamily(family) {
  lines.push(JSON.stringify({ family, index: packIndex(family) }));
  for (const file of readdirSync(join(folder, family)).sort()) {
    if (!file.endsWith(".jsonl")) continue;
    const samples = readFileSync(join(folder, family, file), "utf8")
      .split("\n")
      .filter(Boolean);
    for (const text of choose(family, samples)) lines.push(`{"family":"${family}","file":"${file}","sample":${text}}`);
  }
}

/** The smaller of the binary files: each format and dtype is among them. */
function packFiles() {
  const family = "io";
  for (const file of readdirSync(join(folder, family)).sort()) {
    const bytes = readFileSync(join(folder, family, file));
    if (file === "index.json" || file.endsWith(".json") || bytes.length > 70_000) continue;
    const value = readFileSync(join(folder, family, `${file}.json`), "utf8").trim();
    lines.push(`{"family":"${family}","file":"${file}.json","sample":${value}}`);
    lines.push(JSON.stringify({ family, file, base64: bytes.toString("base64") }));
  }
}

for (const family of ["ops", "modules", "optim", "sched", "rng", "curves", "transforms", "distributions"])
  packFamily(family);
packFiles();
mkdirSync(out, { recursive: true });
const text = `${lines.join("\n")}\n`;
const packed = brotliCompressSync(text, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_LGWIN]: 24 },
});
writeFileSync(join(out, "samples.jsonl.br"), packed);
console.log(`${lines.length} lines, ${text.length} characters, ${packed.length} bytes packed`);
