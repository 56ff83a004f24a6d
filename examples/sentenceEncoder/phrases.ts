/** Requests to a shop, each said in several ways: what the encoder learns to bring together. */

const things = ["parcel", "jacket", "lamp", "phone", "book", "bicycle", "chair", "kettle", "camera", "ring"] as const;

/** The ways to say each request; `*` stands for the thing. */
const requests = [
  ["where is my *", "my * has not arrived yet", "when will the * come", "track the delivery of my *"],
  ["i want to send the * back", "how do i return a *", "please take my * back", "the * does not suit me"],
  ["the * arrived broken", "my * does not work", "there is a fault in the *", "something is wrong with this *"],
  ["how much is the *", "what does a * cost", "tell me the price of this *", "is the * expensive"],
  ["do you have another color of this *", "i would like a blue *", "is the * sold in red", "which colors has the *"],
  ["cancel my order of the *", "i no longer need the *", "please do not ship the *", "stop the order for my *"],
] as const;

/** A request about a thing: sentences of one meaning. */
export interface Meaning {
  readonly sentences: readonly string[];
}

/** Every request about every thing. */
export const meanings: readonly Meaning[] = things.flatMap((thing) =>
  requests.map((ways) => ({ sentences: ways.map((way) => way.replace("*", thing)) })),
);

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] as const;
const words = [...new Set(meanings.flatMap(({ sentences }) => sentences.flatMap((s) => s.split(" "))))].sort();

/** The number of tokens. */
export const vocabSize = special.length + words.length;

/** The tokenizer.json for these sentences: one token per word, between `[CLS]` and `[SEP]`, as BERT reads them. */
export const tokenizer = {
  version: "1.0",
  added_tokens: special.map((content, id) => ({ id, content, special: true, single_word: false, normalized: false })),
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Whitespace" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    pair: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
      { Sequence: { id: "B", type_id: 1 } },
      { SpecialToken: { id: "[SEP]", type_id: 1 } },
    ],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries([...special, ...words].map((token, id) => [token, id])),
  },
};
