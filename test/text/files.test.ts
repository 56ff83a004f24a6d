/** Word vectors and data sets from files: right values, layouts of torchtext, and damaged files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const { datasets, vocab } = torch.text;
const root = mkdtempSync(join(tmpdir(), "kindling-text-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
});
function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe("vectors", () => {
  const lines = "king 1 0 0.5\nqueen 1 1 0.5\nman 0 -1e-1 +.5\nwoman 0 1 .5\n";

  test("are read from text, with a header or packed", async () => {
    for (const path of [
      put("a.txt", lines),
      put("b.vec", `4 3\n${lines}`),
      put("c.txt.gz", gzipSync(lines)),
      put("d.txt", lines.replaceAll("\n", " \r\n")),
    ]) {
      const vectors = await new vocab.Vectors(path);
      expect([vectors.itos, vectors.dim, vectors.length]).toEqual([["king", "queen", "man", "woman"], 3, 4]);
      expectClose(vectors.vectors, [
        [1, 0, 0.5],
        [1, 1, 0.5],
        [0, -0.1, 0.5],
        [0, 1, 0.5],
      ]);
      expect([vectors.stoi.get("man"), vectors.has("x")]).toEqual([2, false]);
    }
  });

  test("are looked up, in lower case too", async () => {
    const vectors = await vocab.Vectors(put("a.txt", lines), { unkInit: (x) => x.add(7), maxVectors: 2 });
    expect(vectors.length).toBe(2);
    expect(vectors.getVecsByTokens("king").tolist()).toEqual([1, 0, 0.5]);
    expect(vectors.getVecsByTokens(["KING", "man"]).tolist()).toEqual([
      [7, 7, 7],
      [7, 7, 7],
    ]);
    expect(vectors.getVecsByTokens(["KING", "Queen"], true).tolist()).toEqual([
      [1, 0, 0.5],
      [1, 1, 0.5],
    ]);
    expect(() => vectors.getVecsByTokens(3 as never)).toThrow(/tokens must be a string or an array of strings, got 3/);
  });

  test("have neighbors and analogies, as gensim computes them", async () => {
    const vectors = await vocab.Vectors(put("a.txt", lines));
    const near = vectors.mostSimilar("king", undefined, 2);
    expect(near.map(([word]) => word)).toEqual(["queen", "man"]);
    expectClose(
      near.map(([, x]) => x),
      [1.25 / Math.sqrt(1.25 * 2.25), 0.25 / Math.sqrt(1.25 * 0.26)],
      1e-6,
    );
    expect(vectors.mostSimilar({ positive: ["king", "woman"], negative: ["man"], topn: 1 })[0]![0]).toBe("queen");
    expect(vectors.mostSimilar(torch.tensor([0, 1, 0.5]))[0]![0]).toBe("woman");
    expect(() => vectors.mostSimilar("nobody")).toThrow(/mostSimilar: there is no vector of "nobody"/);
    expect(() => vectors.mostSimilar([])).toThrow(/takes at least one word or vector/);
    expect(() => vectors.mostSimilar(torch.ones(4))).toThrow(/vectors have the shape \[3\], got \[4\]/);
  });

  test("of GloVe and fastText lie in the cache", async () => {
    put("glove.6B.50d.txt", `the ${Array(50).fill("1").join(" ")}\n`);
    put("wiki.simple.vec", "1 2\nthe 1 2\n");
    expect((await vocab.GloVe("6B", 50, { cache: folder })).dim).toBe(50);
    expect((await new vocab.FastText({ language: "simple", cache: folder })).itos).toEqual(["the"]);
    await expect(vocab.GloVe("42B", { cache: folder })).rejects.toThrow(
      /GloVe: no vectors found at .*; download: true fetches it from https/,
    );
    await expect(vocab.GloVe("7B" as never)).rejects.toThrow(/GloVe: name must be one of "42B"/);
  });

  test("are downloaded to the cache, and unpacked", async () => {
    const server = createServer((_, answer) => answer.end(gzipSync(lines)));
    await new Promise<void>((done) => server.listen(0, done));
    const url = `http://localhost:${(server.address() as { port: number }).port}/mine.txt.gz`;
    try {
      expect((await vocab.Vectors("mine.txt.gz", { cache: folder, url })).length).toBe(4);
    } finally {
      server.close();
    }
    expect((await vocab.Vectors("mine.txt.gz", { cache: folder })).length).toBe(4);
  });

  test.each([
    [
      "another size",
      "a 1 2 3\nb 1 2\n",
      /line 2: Vector for token "b" has 2 dimensions, but previously read vectors have 3/,
    ],
    ["no number", "a 1 2x 3\n", /line 1: "2x" is no number/],
    ["two spaces", "a 1 2\nb 1  2\n", /line 2: Vector for token "b" has 3 dimensions/],
    ["nothing", "", /has no vectors/],
    ["a word alone", "a\n", /line 1: token "a" has no vector/],
    ["one long line", "x".repeat(5 << 20), /has a line of more than 4194304 bytes/],
  ])("%s is an error", async (_, content, words) => {
    const error = await vocab.Vectors(put("bad.txt", content)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(torch.FormatError);
    expect((error as Error).message).toMatch(words);
  });

  test("that are not there are an error", async () => {
    await expect(vocab.Vectors(join(folder, "none.txt"))).rejects.toThrow(
      /Vectors: no vectors found at .*none.txt"; give the path/,
    );
    const odd = await vocab.Vectors(put("odd.txt", Buffer.concat([Buffer.from([0xff]), Buffer.from(" 1 2\nb 3 4")])));
    expect(odd.itos).toEqual(["b"]);
  });
});

describe("CSV sets", () => {
  const rows = '"3","Wall St. ""Bears""","Short-sellers, Wall\\b Street"\n4,b,"c\nd"\n\n"1","Ünï","😀"\n';
  const samples = [
    [3, 'Wall St. "Bears" Short-sellers, Wall\\b Street'],
    [4, "b c\nd"],
    [1, "Ünï 😀"],
  ];

  test.each(["datasets/AG_NEWS/train.csv", "AG_NEWS/train.csv", "train.csv", "ag_news_csv/train.csv"])(
    "%s",
    async (name) => {
      put(name, rows);
      const set = await new datasets.AG_NEWS(folder);
      expect([set.length, [...set], set.at(-1)]).toEqual([3, samples, samples[2]]);
      expect(String(set)).toBe(
        `Dataset AG_NEWS\n    Number of datapoints: 3\n    Root location: ${folder}\n    Split: train`,
      );
      expect(() => set.at(3)).toThrow(/AG_NEWS: index 3 is out of range for 3 samples/);
    },
  );

  test("have rows that end as on other systems", async () => {
    for (const end of ["\r\n", "\r"]) {
      put("test.csv", `"1","a\nb"${end}2,c${end}`);
      expect([...(await datasets.YelpReviewPolarity(folder, { split: "test" }))]).toEqual([
        [1, "a\nb"],
        [2, "c"],
      ]);
    }
  });

  test("are read in pieces", async () => {
    const long = Array.from(
      { length: 40_000 },
      (_, i) => `${(i % 14) + 1},"title ${i}","text, of ""${i}"" ä${"x".repeat(i % 90)}"`,
    );
    put("dbpedia_csv/train.csv", long.join("\n"));
    const set = await datasets.DBpedia(folder);
    expect([set.length, set.at(39_999)]).toEqual([40_000, [2, `title 39999 text, of "39999" ä${"x".repeat(39)}`]]);
  });

  test("go through a loader", async () => {
    put("train.csv", rows);
    const loader = new torch.utils.data.DataLoader((await datasets.AG_NEWS(folder)) as any, { batchSize: 3 });
    for await (const [labels, texts] of loader as AsyncIterable<[torch.Tensor, string[]]>)
      expect([labels.tolist(), texts]).toEqual([[3, 4, 1], samples.map(([, text]) => text)]);
  });

  test.each([
    ["a label that is no class", "5,a\n", /row 1: the label is "5"; labels are 1 to 4/],
    ["a label that is no number", "1,a\nx,b\n", /row 2: the label is "x"/],
    ["no text", "1,a\n2\n", /row 2 has no text/],
    ["an open quote", '1,"a\n', /row 1: Quoted field unterminated/],
    ["no UTF-8", Buffer.from([0x31, 0x2c, 0xff, 0x0a]), /is no text in UTF-8/],
  ])("%s is an error", async (_, content, words) => {
    put("train.csv", content);
    const error = await datasets.AG_NEWS(folder).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(torch.FormatError);
    expect((error as Error).message).toMatch(words);
  });

  test("that are not there say how to get them", async () => {
    await expect(datasets.SogouNews(folder)).rejects.toThrow(
      /SogouNews: Dataset not found. You can use download: true/,
    );
    await expect(datasets.AG_NEWS(folder, { split: "valid" as never })).rejects.toThrow(
      /AG_NEWS: split must be one of "train", "test"/,
    );
    await expect((datasets.AG_NEWS as any)(3)).rejects.toThrow(/AG_NEWS: root must be a string, got 3/);
  });
});

describe("IMDB", () => {
  test("is a folder of files, the bad reviews first", async () => {
    put("aclImdb/test/neg/0_2.txt", "bad");
    put("aclImdb/test/neg/10_1.txt", "worse\n");
    put("aclImdb/test/pos/0_9.txt", "good<br />ä");
    put("aclImdb/test/labeledBow.feat", "x");
    const set = await datasets.IMDB(folder, { split: "test" });
    expect([...set]).toEqual([
      [1, "bad"],
      [1, "worse"],
      [2, "good<br />ä"],
    ]);
    await expect(datasets.IMDB(folder)).rejects.toThrow(/IMDB: Dataset not found.*aclImdb\/train\/neg/);
    put("aclImdb/test/pos/bad.txt", Buffer.from([0xff, 0xfe]));
    await expect(datasets.IMDB(folder, "test")).rejects.toThrow(/bad.txt" is no text in UTF-8/);
  });

  test("may be the files that torchtext makes of it", async () => {
    put("datasets/IMDB/aclImdb_v1/train/neg", "a\nb\n");
    put("datasets/IMDB/aclImdb_v1/train/pos", "c");
    expect([...(await datasets.IMDB(folder))]).toEqual([
      [1, "a"],
      [1, "b"],
      [2, "c"],
    ]);
  });
});
