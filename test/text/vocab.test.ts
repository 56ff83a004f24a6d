/** Vocabularies, tokenizers of plain rules, transforms and padded batches: torchtext's documented values. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { text } = torch;
const { Vocab, buildVocabFromIterator, vocab } = text.vocab;

describe("vocab", () => {
  test("keeps the order of the frequencies", () => {
    const v1 = vocab(
      new Map([
        ["b", 3],
        ["a", 2],
      ]),
    );
    expect(v1.at("a")).toBe(1);
    expect(() => v1.at("out of vocab")).toThrow(/Token out of vocab not found and default index is not set/);
    const v2 = vocab(
      ["e", "d", "c", "b", "a"].map((token) => [token, 1] as const),
      { specials: ["<unk>"] },
    );
    v2.setDefaultIndex(-1);
    expect([v2.at("<unk>"), v2.at("out of vocab")]).toEqual([0, -1]);
    v2.setDefaultIndex(v2.at("<unk>"));
    expect([v2.at("out of vocab"), v2.getDefaultIndex()]).toEqual([0, 0]);
  });

  test("leaves out what is rare, and puts special tokens first or last", () => {
    const dict = { hello: 4, world: 3, "ᑌᑎIᑕOᗪᕮ_Tᕮ᙭T": 5, freq_too_low: 2 };
    expect(vocab(dict, 3, ["<unk>", "hello"]).getItos()).toEqual(["<unk>", "hello", "world", "ᑌᑎIᑕOᗪᕮ_Tᕮ᙭T"]);
    expect(vocab(dict, { minFreq: 3, specials: ["<unk>"], specialFirst: false }).getItos()).toEqual([
      "hello",
      "world",
      "ᑌᑎIᑕOᗪᕮ_Tᕮ᙭T",
      "<unk>",
    ]);
    expect(
      vocab(new Map([["__proto__", 1]]))
        .getStoi()
        .get("__proto__"),
    ).toBe(0);
  });

  test("changes", () => {
    const v = new Vocab(["a", "b", "c"]);
    v.insertToken("d", 1);
    v.appendToken("e");
    expect([v.getItos(), v.lookupIndices(["d", "b", "e"]), v.length]).toEqual([
      ["a", "d", "b", "c", "e"],
      [1, 2, 4],
      5,
    ]);
    expect([v.has("e"), v.has("z"), v.lookupTokens([4, 0]), v.lookupToken(1)]).toEqual([true, false, ["e", "a"], "d"]);
    expect([v(["a", "c"]), String(v)]).toEqual([[0, 3], "Vocab()"]);
    expect(() => v.insertToken("x", 9)).toThrow(/Specified index 9 is out of bounds for vocab of size 5/);
    expect(() => v.insertToken("a", 0)).toThrow(/Token a already exists in the Vocab with index: 0/);
    expect(() => v.appendToken("d")).toThrow(/Token d already exists in the Vocab with index: 1/);
    expect(() => v.lookupToken(5)).toThrow(/lookupToken: Specified index 5 is out of bounds/);
    expect(() => new Vocab(["a", "a"])).toThrow(/Duplicate token found in tokens list: a/);
    expect(() => new Vocab(["a", 3] as never)).toThrow(/tokens\[1\] must be a string, got 3/);
  });
});

describe("buildVocabFromIterator", () => {
  test("sorts by frequency, then by code points", () => {
    const lines = [
      ["hello", "hello", "hello", "world"],
      ["b", "😀", "ﬀ", "a", "world"],
    ];
    // In UTF-16 the emoji would come before the ligature.
    expect(buildVocabFromIterator(lines).getItos()).toEqual(["hello", "world", "a", "b", "ﬀ", "😀"]);
    expect(buildVocabFromIterator(lines, { specials: ["<unk>"], maxTokens: 3 }).getItos()).toEqual([
      "<unk>",
      "hello",
      "world",
    ]);
    expect(buildVocabFromIterator(lines, 2, ["world"], false).getItos()).toEqual(["hello", "world"]);
    expect(() => buildVocabFromIterator(lines, { specials: ["a", "b"], maxTokens: 2 })).toThrow(
      /vocab will be entirely special tokens/,
    );
    expect(() => buildVocabFromIterator([[1]] as never)).toThrow(/must give arrays of strings, got one with 1/);
    expect(() => buildVocabFromIterator(5 as never)).toThrow(/iterator must give arrays of tokens, got 5/);
  });

  test("takes generators, and asynchronous ones", async () => {
    function* lines() {
      yield "b a a".split(" ");
    }
    async function* later() {
      yield* lines();
    }
    expect(buildVocabFromIterator(lines()).getItos()).toEqual(["a", "b"]);
    expect((await buildVocabFromIterator(later())).getItos()).toEqual(["a", "b"]);
  });
});

describe("tokenizers", () => {
  test("basic English has torchtext's rules", () => {
    const tokenizer = text.data.getTokenizer("basic_english");
    expect(tokenizer("You can now install TorchText using pip!")).toEqual([
      "you",
      "can",
      "now",
      "install",
      "torchtext",
      "using",
      "pip",
      "!",
    ]);
    expect(tokenizer("Basic English Normalization for a Line of Text   'ab' \"cd\" (e.f)!?,;: g<br />H")).toEqual(
      "basic english normalization for a line of text ' ab ' cd ( e . f ) ! ? , g h".split(" "),
    );
    expect(tokenizer("ÜBER\u00a0\x1fÉté\ufeff")).toEqual(["über", "été\ufeff"]);
    expect(text.data.getTokenizer(null)(" A\tb \n")).toEqual(["A", "b"]);
    const own = (line: string) => [...line];
    expect(text.data.getTokenizer(own)).toBe(own);
    expect(() => text.data.getTokenizer("basic_english", "de")).toThrow(/only available for English/);
    expect(() => text.data.getTokenizer("spacy" as never)).toThrow(/"spacy" is a library of Python/);
    expect(() => text.data.getTokenizer("magic" as never)).toThrow(/Requested tokenizer "magic", valid choices are/);
  });

  test("n-grams come after the tokens", () => {
    const grams = (n: number) => [...text.data.utils.ngramsIterator(["here", "we", "are"], n)];
    expect(grams(2)).toEqual(["here", "we", "are", "here we", "we are"]);
    expect(grams(9)).toEqual(["here", "we", "are", "here we", "we are", "here we are"]);
    expect(() => text.data.ngramsIterator("abc" as never, 2)).toThrow(/tokenList must be an array of strings/);
  });
});

describe("transforms", () => {
  const T = text.transforms;
  const words = vocab(
    new Map([
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ]),
    { specials: ["<pad>"] },
  );

  test("lead from tokens to a tensor", () => {
    const encode = new T.Sequential(
      new T.VocabTransform(words),
      new T.Truncate(2),
      new T.AddToken(7),
      new T.AddToken(8, false),
      new T.ToTensor(0),
    );
    const batch = encode([["a", "b", "c"], ["c"]]);
    expect([batch.dtype, batch.tolist()]).toEqual([
      "int64",
      [
        [7, 1, 2, 8],
        [7, 3, 8, 0],
      ],
    ]);
    expect(encode(["c", "a"]).tolist()).toEqual([7, 3, 1, 8]);
    expect(String(new T.Sequential(new T.Truncate(2)))).toBe("Sequential(\n  (0): Truncate()\n)");
  });

  test("are functions too", () => {
    const F = text.functional;
    expect(F.toTensor([[1, 2], [3]], { paddingValue: 0, dtype: "int32" }).tolist()).toEqual([
      [1, 2],
      [3, 0],
    ]);
    expect(F.truncate([["a", "b"], ["c"]], 1)).toEqual([["a"], ["c"]]);
    expect(F.addToken(["a"], "<s>", false)).toEqual(["a", "<s>"]);
    expect(F.strToInt([["1", "-2"], []])).toEqual([[1, -2], []]);
    expect(() => F.toTensor([[1, 2], [3]])).toThrow(
      /toTensor: the sequences have different lengths; give a paddingValue/,
    );
    expect(() => F.toTensor(["a"] as never)).toThrow(/Input type not supported: takes an array of integers/);
    expect(() => F.truncate([1, "a"] as never, 1)).toThrow(/Input type not supported/);
    expect(() => F.addToken([1], "a" as never)).toThrow(/tokenId "a" does not go with 1/);
    expect(() => F.strToInt(["1.5"])).toThrow(/"1.5" is no integer/);
  });

  test("labels, padding and integers", () => {
    const labels = new T.LabelToIndex({ labelNames: ["test", "label", "indices"] });
    expect([labels("label"), labels(["indices", "test"])]).toEqual([1, [2, 0]]);
    expect(new T.LabelToIndex({ labelNames: ["b", "a"], sortNames: true }).labelNames).toEqual(["a", "b"]);
    const pad = new T.PadTransform(4, 9);
    expect([pad(torch.tensor([1, 2])).tolist(), pad(torch.ones(2, 5)).shape]).toEqual([
      [1, 2, 9, 9],
      [2, 5],
    ]);
    expect(new T.StrToIntTransform()(["3"])).toEqual([3]);
    expect(() => new T.VocabTransform(3 as never)).toThrow(/vocab must be a Vocab, got 3/);
  });
});

describe("PadCollate", () => {
  test("fills up sequences and gives their lengths", async () => {
    const samples = [
      [[1, 2, 3], 0],
      [[4], 1],
      [[5, 6], 2],
    ] as const;
    const collateFn = new text.data.PadCollate({ paddingValue: 9 });
    const loader = new torch.utils.data.DataLoader(samples, { batchSize: 2, collateFn });
    const batches: unknown[] = [];
    for await (const [ids, lengths, labels] of loader as AsyncIterable<torch.Tensor[]>)
      batches.push([ids!.tolist(), lengths!.tolist(), labels!.tolist()]);
    expect(batches).toEqual([
      [
        [
          [1, 2, 3],
          [4, 9, 9],
        ],
        [3, 1],
        [0, 1],
      ],
      [[[5, 6]], [2], [2]],
    ]);
  });

  test("cuts, takes tensors, and packs", () => {
    const collate = new text.data.PadCollate({ maxLength: 2, batchFirst: false });
    const [padded, lengths] = collate([torch.tensor([1.5, 2, 3]), torch.tensor([4])]);
    expect([padded.tolist(), lengths.tolist(), padded.dtype]).toEqual([
      [
        [1.5, 4],
        [2, 0],
      ],
      [2, 1],
      "float32",
    ]);
    const packed = torch.nn.utils.rnn.packPaddedSequence(padded, lengths);
    expect(packed.data.tolist()).toEqual([1.5, 4, 2]);
    expect(() => collate([])).toThrow(/PadCollate: the batch is empty/);
    expect(() => collate([[[1], 2], 3])).toThrow(/samples must be sequences, or arrays of 2 fields, got 3/);
  });
});
