/** Tokenizers from a tokenizer.json, against those of Hugging Face (see `write_expected.py`), and files that are damaged. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";

const { Tokenizer } = torch.text;
type Row = [
  text: string,
  ids: number[],
  tokens: string[],
  types: number[],
  mask: number[],
  decoded: string,
  whole: string,
];
interface Expected {
  file: string;
  rows: Row[];
  pair: [number[], number[]];
  plain: number[];
  size: number;
}
const expected = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, "tokenizers.json.gz"))).toString(),
) as Record<string, Expected>;
const folder = mkdtempSync(join(tmpdir(), "kindling-tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.entries(expected))("%s", (_, { file, rows, pair, plain, size }) => {
  test("gives the tokens of Hugging Face's library", async () => {
    const path = join(folder, "tokenizer.json");
    writeFileSync(path, file);
    const tokenizer = await new Tokenizer(path);
    expect(tokenizer.getVocabSize()).toBe(size);
    for (const [text, ids, tokens, typeIds, specialTokensMask, decoded, whole] of rows) {
      const attentionMask = ids.map(() => 1);
      expect(tokenizer.encode(text)).toEqual({ ids, tokens, attentionMask, typeIds, specialTokensMask });
      expect([tokenizer.decode(ids), tokenizer.decode(ids, { skipSpecialTokens: false })]).toEqual([decoded, whole]);
    }
    const { ids, typeIds } = tokenizer.encode(rows[0]![0], { pair: rows[1]![0] });
    expect([ids, typeIds]).toEqual(pair);
    expect(tokenizer.encode(rows[0]![0], null, false).ids).toEqual(plain);
  });

  test("takes the content itself, and batches", async () => {
    const tokenizer = await Tokenizer(JSON.parse(file) as object);
    const texts = rows.map(([text]) => text);
    expect(tokenizer.encodeBatch(texts).map(({ ids }) => ids)).toEqual(rows.map(([, ids]) => ids));
    expect(tokenizer.decodeBatch(rows.map(([, ids]) => ids))).toEqual(rows.map((row) => row[5]));
    const token = rows[0]![2][1]!;
    expect(tokenizer.idToToken(tokenizer.tokenToId(token)!)).toBe(token);
    expect([tokenizer.tokenToId("no such token"), tokenizer.idToToken(10 ** 6)]).toEqual([undefined, undefined]);
    expect(tokenizer.getVocab().get(token)).toBe(tokenizer.tokenToId(token));
  });
});

test("wrong calls are errors that say so", async () => {
  const tokenizer = await Tokenizer(expected.bpe!.file);
  expect(() => tokenizer.encode(3 as never)).toThrow(/encode: text must be a string, got 3/);
  expect(() => tokenizer.decode([0, 400])).toThrow(
    /decode: no token has the index 400, which is ids\[1\]; there are 400 tokens/,
  );
  expect(() => tokenizer.decode([0.5])).toThrow(/ids\[0\] must be an integer/);
  expect(tokenizer.decode([])).toBe("");
  await expect(Tokenizer(7 as never)).rejects.toThrow(/Tokenizer: file must be a path, a URL, or the content/);
  await expect(Tokenizer(join(folder, "none.json"))).rejects.toThrow(/Tokenizer: cannot read .*there is no such file/);
});

describe("damaged files", () => {
  const edited = (edit: (json: any) => void): string => {
    const json = JSON.parse(expected.wordpiece!.file);
    edit(json);
    return JSON.stringify(json);
  };
  const bpe = (edit: (model: any) => void): string => {
    const json = JSON.parse(expected.bpe!.file);
    edit(json.model);
    return JSON.stringify(json);
  };
  test.each([
    ["truncated", expected.bpe!.file.slice(0, 900), /damaged or truncated/],
    ["no model", edited((json) => delete json.model), /model must be an object, got undefined/],
    ["another model", edited((json) => (json.model.type = "WordLevel")), /must be "BPE", "WordPiece" or "Unigram"/],
    [
      "a huge index",
      edited((json) => (json.model.vocab.new = 4e9)),
      /the index of token "new" must be an integer from 0/,
    ],
    ["an index twice", edited((json) => (json.model.vocab.new = 3)), /two tokens of model.vocab have one index/],
    ["no token for the unknown", edited((json) => delete json.model.unk_token), /must have unk_token/],
    ["a merge of three", bpe((model) => (model.merges[1] = ["a", "b", "c"])), /model.merges\[1\] must be a pair/],
    [
      "added tokens without content",
      edited((json) => (json.added_tokens[0] = { id: 1 })),
      /added_tokens\[0\] must have a content/,
    ],
    [
      "an unknown normalizer",
      edited((json) => (json.normalizer = { type: "Magic" })),
      /Unknown Normalizer type: Magic/,
    ],
    [
      "a template without parts",
      edited((json) => (json.post_processor.single = null)),
      /no tokenizer.json that can be used/,
    ],
    [
      "a pattern that is none",
      edited(
        (json) =>
          (json.pre_tokenizer = { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated", invert: false }),
      ),
      /no tokenizer.json that can be used/,
    ],
  ])("%s", async (_, file, words) => {
    const path = join(folder, "damaged.json");
    writeFileSync(path, file);
    const error = await Tokenizer(path).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(torch.FormatError);
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).toMatch(/^Tokenizer: ".*damaged\.json" is no tokenizer\.json that can be used/);
  });
});
