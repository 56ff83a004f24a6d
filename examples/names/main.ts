/** `npm run example -- names`: a recurrent network guesses the language of a family name. */
import * as torch from "kindling";
import { integer, main, positive, text, type Values } from "../shared/program";
import { languages, names } from "./data";

const { nn, optim, utils } = torch;
const { packPaddedSequence, padSequence } = nn.utils.rnn;
const F = nn.functional;

const about = `Learns from which language a family name comes.

  npm run example -- names
  npm run example -- names --name "Yamashita,O'Brien"     and guesses those`;

const flags = {
  epochs: integer(15, "passes over the training names"),
  batchSize: integer(16, "names per step"),
  hidden: integer(64, "size of the hidden state"),
  lr: positive(0.005, "learning rate"),
  name: text("Kurosawa,Tchaikovsky,Castellano,Papandreou", "NAMES", "names to guess, separated by commas"),
  seed: integer(0, "seed of the split, initialization and shuffling", 0),
};

type Named = readonly [name: string, label: number];

const PAD = 26;

/** a to z are 0 to 25; case, accents and other marks are dropped. */
function encode(name: string): torch.Tensor {
  const letters = name
    .normalize("NFD")
    .toLowerCase()
    .replace(/[^a-z]/g, "");
  return torch.tensor(BigInt64Array.from(letters || "a", (letter) => BigInt(letter.charCodeAt(0) - 97)));
}

/** Names as one padded tensor, their lengths, and their labels. */
function collate(batch: readonly Named[]): [letters: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor] {
  const encoded = batch.map(([name]) => encode(name));
  const integers = (values: number[]) => torch.tensor(values, { dtype: torch.int64 });
  return [
    padSequence(encoded, { paddingValue: PAD }),
    integers(encoded.map((name) => name.length)),
    integers(batch.map(([, label]) => label)),
  ];
}

/** Reads the letters in order; the last hidden state says the language. */
class NameClassifier extends nn.Module {
  embedding: torch.nn.Embedding;
  rnn: torch.nn.GRU;
  head: torch.nn.Linear;

  constructor(hidden: number) {
    super();
    this.embedding = new nn.Embedding(PAD + 1, 32, { paddingIdx: PAD });
    this.rnn = new nn.GRU(32, hidden, { bidirectional: true });
    this.head = new nn.Linear(2 * hidden, languages.length);
  }

  /** Shape: letters [length, N], lengths [N] → [N, languages]. */
  override forward(letters: torch.Tensor, lengths: torch.Tensor): torch.Tensor {
    const packed = packPaddedSequence(this.embedding(letters), lengths, { enforceSorted: false });
    const [, last] = this.rnn(packed);
    return this.head(F.dropout(torch.cat([last.at(0), last.at(1)], 1), { p: 0.3, training: this.training }));
  }
}

const probabilities = (model: NameClassifier, batch: readonly Named[]): torch.Tensor => {
  const [letters, lengths] = collate(batch);
  model.eval();
  return torch.noGrad(() => model(letters, lengths).softmax(1));
};

/** The share of the names whose language is guessed. */
function accuracy(model: NameClassifier, part: readonly Named[]): number {
  const guesses: number[] = probabilities(model, part).argmax(1).tolist();
  return guesses.filter((guess, i) => guess === part[i]![1]).length / part.length;
}

async function trainEpoch(model: NameClassifier, optimizer: torch.optim.Optimizer, loader: AsyncIterable<any>) {
  let [sum, batches] = [0, 0];
  model.train();
  for await (const [letters, lengths, labels] of loader) {
    const loss = F.crossEntropy(model(letters, lengths), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    sum += loss.item();
    batches++;
  }
  return sum / batches;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

function showPerLanguage(model: NameClassifier, part: readonly Named[]): void {
  console.log("\ntest accuracy per language");
  languages.forEach((language, label) => {
    const own = part.filter(([, l]) => l === label);
    if (own.length > 0) console.log(`  ${language.padEnd(10)} ${percent(accuracy(model, own)).padStart(5)}`);
  });
}

function showGuesses(model: NameClassifier, given: readonly string[]): void {
  const { values, indices } = probabilities(
    model,
    given.map((name) => [name, 0]),
  ).topk(3);
  console.log("");
  given.forEach((name, i) => {
    const shares: number[] = values.at(i).tolist();
    const labels: number[] = indices.at(i).tolist();
    console.log(`${name}: ${labels.map((label, k) => `${languages[label]} ${percent(shares[k]!)}`).join(", ")}`);
  });
}

async function run({ epochs, batchSize, hidden, lr, name, seed }: Values<typeof flags>): Promise<void> {
  torch.manualSeed(seed);
  const order: number[] = torch.randperm(names.length).tolist();
  const shuffled = order.map((i) => names[i]!);
  const held = Math.floor(names.length / 5);
  const [test, train] = [shuffled.slice(0, held), shuffled.slice(held)];
  const model = new NameClassifier(hidden);
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const loader = new utils.data.DataLoader(train, { batchSize, shuffle: true, collateFn: collate });
  console.log(`${train.length} names of ${languages.length} languages to learn from, ${test.length} to test with\n`);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const loss = await trainEpoch(model, optimizer, loader);
    const [training, tested] = [train, test].map((part) => percent(accuracy(model, part)));
    console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, training accuracy ${training}, test accuracy ${tested}`);
  }
  showPerLanguage(model, test);
  showGuesses(
    model,
    name.split(",").map((part) => part.trim()),
  );
}

main(about, flags, run);
