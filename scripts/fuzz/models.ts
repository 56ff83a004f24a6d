/** Damaged files of models and of runs of training: config.json and tokenizer.json as Hugging Face has them, and a Checkpoint's. */
import { mkdir, writeFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import * as torch from "kindling";
import { byteEdits, pick, type Random, type Trial } from "./files";
import { tensorsIn } from "./torchFiles";

/** What stands in JSON that is hostile. */
const hostile = [
  "-1",
  "0",
  "1.5",
  "1e999",
  "4294967296",
  "9007199254740993",
  "null",
  "true",
  '"text"',
  "[]",
  "{}",
  "[[]]",
  '{"__proto__":{"x":1}}',
  '{"type":"Sequence"}',
  '"[UNK]"',
];

/** Edits of JSON: of a value, a name, a part of the text, or its bytes. */
function damagedJson(random: Random, text: string): string {
  let edited = text;
  for (let i = 1 + random(2); i > 0; i--) {
    const kind = random(5);
    const values = [...edited.matchAll(/(?<=:\s*)(?:-?\d[\d.e+-]*|"[^"]*"|true|false|null)/g)];
    const names = [...edited.matchAll(/"[^"]*"(?=\s*:)/g)];
    const found = pick(random, kind === 0 ? names : values);
    if (kind < 4 && found !== undefined) {
      const by =
        kind === 0
          ? pick(random, ['"__proto__"', '"constructor"', '"type"', '""', '"toString"'])
          : pick(random, hostile);
      edited = edited.slice(0, found.index) + by + edited.slice(found.index + found[0].length);
    } else
      edited = Buffer.from(pick(random, byteEdits)(new Uint8Array(Buffer.from(edited)), random)).toString("latin1");
  }
  return edited;
}

const open = { expected: undefined, isOpen: true } as const;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const small = { vocabSize: 7, nPositions: 8, nEmbd: 4, nLayer: 1, nHead: 2, eosTokenId: null };
const encoder = { vocabSize: 7, hiddenSize: 4, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 6 };

/** A folder of each kind of model, and its config.json. */
async function makeFolders(folder: string): Promise<readonly (readonly [path: string, config: string])[]> {
  const { GPT2LMHeadModel, BertForMaskedLM, LlamaForCausalLM, ViTForImageClassification } =
    await torch.hub.huggingFace();
  const models = [
    new GPT2LMHeadModel(small),
    new BertForMaskedLM({ ...encoder, maxPositionEmbeddings: 8 }),
    new LlamaForCausalLM({ ...encoder, maxPositionEmbeddings: 8 }),
    new ViTForImageClassification({ ...encoder, imageSize: 4, patchSize: 2 }),
  ];
  return await Promise.all(
    models.map(async (model, i) => {
      const path = `${folder}/model${i}`;
      await torch.hub.savePretrained(model, path);
      for (const x of model.parameters()) x.dispose();
      const { readFile } = await import("node:fs/promises");
      return [path, await readFile(`${path}/config.json`, "utf8")] as const;
    }),
  );
}

let folders: Promise<readonly (readonly [path: string, config: string])[]> | undefined;

export async function configTrial(random: Random, folder: string): Promise<Trial> {
  folders ??= makeFolders(folder);
  const [path, config] = pick(random, await folders);
  const file = bytesOf(damagedJson(random, config));
  const read = async () => {
    await mkdir(path, { recursive: true });
    await writeFile(`${path}/config.json`, file);
    const model = (await torch.hub.fromPretrained(path)) as torch.nn.Module;
    return Object.fromEntries([...model.namedParameters(), ...model.namedBuffers()]) as Record<string, torch.Tensor>;
  };
  return { call: 'await torch.hub.fromPretrained("folder of file")', file, read, ...open, isCollected: true };
}

const added = (content: string, id: number) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const tokenizers = [
  {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [added("[PAD]", 0), added("[UNK]", 1), added("[CLS]", 2), added("[SEP]", 3)],
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, a: 4, cat: 5, "##s": 6 },
    },
  },
  {
    version: "1.0",
    added_tokens: [added("<end>", 6)],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
    post_processor: { type: "ByteLevel", add_prefix_space: true, trim_offsets: false },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      fuse_unk: false,
      vocab: { a: 0, c: 1, t: 2, s: 3, at: 4, cat: 5, "<end>": 6 },
      merges: ["a t", "c at"],
    },
  },
  {
    version: "1.0",
    added_tokens: [],
    normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }, { type: "Lowercase" }] },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", add_prefix_space: true },
    decoder: { type: "Metaspace", replacement: "▁", add_prefix_space: true },
    model: {
      type: "Unigram",
      unk_id: 0,
      vocab: [
        ["<unk>", 0],
        ["▁", -1.5],
        ["cat", -2],
        ["s", -2.5],
        ["a", -3],
      ],
    },
  },
].map((tokenizer) => JSON.stringify(tokenizer));

export function tokenizerTrial(random: Random): Trial {
  const text = damagedJson(random, pick(random, tokenizers));
  const read = async () => {
    // Without its brace it would be a path.
    const tokenizer = await torch.text.Tokenizer(text.trimStart().startsWith("{") ? text : `{${text}`);
    tokenizer.decode(tokenizer.encode("a cat, cats and [CLS] é").ids);
    return {};
  };
  const call = "(await torch.text.Tokenizer(new TextDecoder().decode(file))).encode('a cat, cats and [CLS] é')";
  return { call, file: bytesOf(text), read, ...open };
}

interface Run {
  readonly checkpoint: torch.Checkpoint;
  readonly file: Uint8Array;
}
let run: Promise<Run> | undefined;

async function makeRun(folder: string): Promise<Run> {
  const model = new torch.nn.Linear(2, 2);
  const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.1 });
  const y = model(torch.ones([1, 2])).sum();
  y.backward();
  optimizer.step();
  const checkpoint = new torch.Checkpoint(`${folder}/run`, { model, optimizer });
  await checkpoint.resume();
  await checkpoint.save({ epoch: 1, best: torch.ones(2), list: [1n, new Map([["a", 1]])], metric: 0.5 });
  const blob = await checkpoint.toBlob({ epoch: 1, best: torch.ones(2), list: [1n, new Map([["a", 1]])] });
  return { checkpoint, file: new Uint8Array(await blob.arrayBuffer()) };
}

/** Most checksums are mended, so that what is behind them is reached. */
export async function runTrial(random: Random, folder: string): Promise<Trial> {
  run ??= makeRun(folder);
  const { checkpoint, file: whole } = await run;
  let file: Uint8Array = whole.slice();
  const header = Number(new DataView(file.buffer).getBigUint64(0, true));
  if (random(3) > 0) {
    const text = damagedJson(random, Buffer.from(file.subarray(8, 8 + header)).toString("latin1"));
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(text.length));
    file = new Uint8Array(Buffer.concat([start, Buffer.from(text, "latin1"), file.subarray(8 + header)]));
  } else for (let i = random(3); i > 0; i--) file = pick(random, byteEdits)(file, random);
  if (random(8) > 0 && file.length > 4)
    new DataView(file.buffer, file.byteOffset).setUint32(file.length - 4, crc32(file.subarray(0, -4)), true);
  const read = async () => tensorsIn(await checkpoint.load(file, { parts: ["model"] }));
  return {
    call: 'await new torch.Checkpoint(folder, { model }).load(file, { parts: ["model"] })',
    file,
    read,
    ...open,
  };
}

const manifest = JSON.stringify({ checkpoints: [{ file: "checkpoint-00000001.safetensors", metric: 0.5 }] });

export async function manifestTrial(random: Random, folder: string): Promise<Trial> {
  run ??= makeRun(folder);
  const { checkpoint } = await run;
  const file = bytesOf(damagedJson(random, manifest));
  const read = async () => {
    await writeFile(`${folder}/run/manifest.json`, file);
    await checkpoint.list();
    return {};
  };
  return { call: 'await new torch.Checkpoint("folder of file").list()', file, read, ...open };
}
