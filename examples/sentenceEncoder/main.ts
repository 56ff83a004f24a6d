/** `npm run example -- sentenceEncoder`: a BERT that gives sentences of one meaning vectors that lie together, and a search with them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as torch from "kindling";
import { integer, main, positive, text, type Values } from "../shared/program";
import { meanings, tokenizer as tokenizerFile, vocabSize } from "./phrases";

const { nn, optim } = torch;
const F = nn.functional;

const about = `Trains a small BERT so that sentences of one meaning get vectors that lie together, saves it in Hugging
Face's layout, reads it again, and finds the sentences that are nearest to a question.

  npm run example -- sentenceEncoder
  npm run example -- sentenceEncoder --query "how much is the ring"`;

const flags = {
  epochs: integer(6, "passes over the sentences"),
  batchSize: integer(24, "pairs of sentences per step", 2),
  layers: integer(2, "encoder layers"),
  width: integer(48, "features per token, of four heads"),
  lr: positive(0.002, "learning rate"),
  query: text("my parcel is late when will it come", "TEXT", "what to search for"),
  out: text("runs/sentenceEncoder", "DIR", "where the model is written"),
  seed: integer(0, "seed of initialization and pairs", 0),
};

type Options = Values<typeof flags>;
type Hub = Awaited<ReturnType<typeof torch.hub.huggingFace>>;
type Encoder = InstanceType<Hub["SentenceEncoder"]>;
type Tokenizer = Awaited<ReturnType<typeof torch.text.Tokenizer>>;

/** One way to say each thing, another for each, is kept for the test: its words are known from other things. */
const asked = meanings.map(({ sentences }, i) => sentences[i % sentences.length]!);
const taught = meanings.map(({ sentences }, i) => sentences.filter((sentence) => sentence !== asked[i]));
const known = taught.map((ways) => ways[0]!);

/** Pads sentences to one length. Shapes: [N, L], int64. */
function batchOf(sentences: readonly string[], tokenizer: Tokenizer): [ids: torch.Tensor, mask: torch.Tensor] {
  const rows = sentences.map((sentence) => torch.tensor(tokenizer.encode(sentence).ids, { dtype: torch.int64 }));
  const ids = nn.utils.rnn.padSequence(rows, { batchFirst: true, paddingValue: 0 });
  return [ids, ids.ne(0).to(torch.int64)];
}

/** The share of questions for which the sentence of the same meaning is the nearest. */
function accuracy(encoder: Encoder, tokenizer: Tokenizer): number {
  encoder.eval();
  return torch.tidy(() => {
    const scores = encoder.similarity(encoder.encode(asked, tokenizer), encoder.encode(known, tokenizer));
    return scores.argmax(1).eq(torch.arange(asked.length)).to(torch.float32).mean().item();
  });
}

/** Two ways to say the same, of each meaning, in any order. Two lists of one length. */
function pairs(): [firsts: string[], seconds: string[]] {
  const order = torch.randperm(taught.length).tolist() as number[];
  const drawn = order.map((i) => {
    const ways = taught[i]!;
    return (torch.randperm(ways.length).tolist() as number[]).map((j) => ways[j]!);
  });
  return [drawn.map(([first]) => first!), drawn.map(([, second]) => second!)];
}

/**
 * One step of the multiple negatives ranking loss (Henderson et al., 2017): in each row of cosines the own partner is the right class, and the
 * partners of all others are the wrong ones.
 */
function step(
  encoder: Encoder,
  tokenizer: Tokenizer,
  firsts: string[],
  seconds: string[],
  optimizer: torch.optim.AdamW,
): number {
  return torch.tidy(() => {
    const a = encoder(...batchOf(firsts, tokenizer));
    const b = encoder(...batchOf(seconds, tokenizer));
    const loss = F.crossEntropy(a.matmul(b.t()).mul(20), torch.arange(firsts.length));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function train(encoder: Encoder, tokenizer: Tokenizer, { epochs, batchSize, lr }: Options): void {
  const optimizer = new optim.AdamW(encoder.parameters(), { lr });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    encoder.train();
    const [firsts, seconds] = pairs();
    const losses: number[] = [];
    for (let at = 0; at + 2 <= firsts.length; at += batchSize) {
      const end = at + batchSize;
      losses.push(step(encoder, tokenizer, firsts.slice(at, end), seconds.slice(at, end), optimizer));
    }
    const found = (100 * accuracy(encoder, tokenizer)).toFixed(0);
    console.log(`epoch ${epoch}  loss ${mean(losses).toFixed(3)}  found ${found} %`);
  }
}

/** Prints the sentences that are nearest to a question. */
function search(encoder: Encoder, tokenizer: Tokenizer, query: string): void {
  const scores = encoder.similarity(encoder.encode(query, tokenizer), encoder.encode(known, tokenizer)).squeeze(0);
  const { values, indices } = scores.topk(3);
  console.log(`\n${query}`);
  (indices.tolist() as number[]).forEach((i, place) => {
    console.log(`  ${values.select(0, place).item().toFixed(2)}  ${known[i]}`);
  });
}

main(about, flags, async (options) => {
  torch.manualSeed(options.seed);
  const { BertModel, SentenceEncoder } = await torch.hub.huggingFace();
  const tokenizer = await torch.text.Tokenizer(tokenizerFile);
  const bert = new BertModel({
    vocabSize,
    hiddenSize: options.width,
    numHiddenLayers: options.layers,
    numAttentionHeads: 4,
    intermediateSize: 4 * options.width,
    maxPositionEmbeddings: 32,
  });
  const encoder = new SentenceEncoder(bert);
  console.log(
    `${meanings.length} meanings, found before training: ${(100 * accuracy(encoder, tokenizer)).toFixed(0)} %`,
  );
  train(encoder, tokenizer, options);

  mkdirSync(options.out, { recursive: true });
  await torch.hub.savePretrained(bert, options.out);
  writeFileSync(join(options.out, "tokenizer.json"), JSON.stringify(tokenizerFile));
  const copy = await torch.hub.fromPretrained(options.out, { architecture: "BertModel" });
  console.log(`written to ${options.out}, and read again`);
  search(
    new SentenceEncoder(copy).eval(),
    await torch.text.Tokenizer(join(options.out, "tokenizer.json")),
    options.query,
  );
});
