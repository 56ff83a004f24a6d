/** `npm run example -- names`: a recurrent network guesses the language of a family name. */
import * as torch from "kindling";
import { integer, main, positive, text, UsageError, type Values } from "../shared/program";
import { type Named, type Names, ownNames, readNames } from "./data";

const { nn, optim, utils } = torch;
const { packPaddedSequence } = nn.utils.rnn;
const { PadCollate } = torch.text.data;
const { Vocab } = torch.text.vocab;
const F = nn.functional;

const about = `Learns from which language a family name comes.

  npm run example -- names
  npm run example -- names --name "Yamashita,O'Brien"     and guesses those
  npm run example -- names --data data/names              from Arabic.txt, Chinese.txt …, as in PyTorch's tutorial`;

const flags = {
  epochs: integer(15, "passes over the training names"),
  batchSize: integer(16, "names per step"),
  hidden: integer(64, "size of the hidden state"),
  lr: positive(0.005, "learning rate"),
  data: text(
    undefined,
    "FOLDER",
    "a folder with a file for each language, a name on each line; default: some names that come along",
  ),
  name: text("Kurosawa,Tchaikovsky,Castellano,Papandreou", "NAMES", "names to guess, separated by commas"),
  seed: integer(0, "seed of the split, initialization and shuffling", 0),
};

/** The letters that names are made of, as the tutorial has them. */
const letters = new Vocab([..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,;'-", "<pad>"]);
const PAD = letters.at("<pad>");

/** A name in ASCII: accents and other marks are dropped, and so is what is no letter then. */
const asciiOf = (name: string): string[] =>
  [...name.normalize("NFD")].filter((letter) => letter !== "<pad>" && letters.has(letter));

/** The indices of the letters of a name, of which there must be one. */
const encode = (name: string): number[] => {
  const ascii = asciiOf(name);
  return letters(ascii.length > 0 ? ascii : [" "]);
};

const pad = new PadCollate({ paddingValue: PAD, batchFirst: false });

/** Names as one padded tensor, their lengths, and their labels. */
const collate = (batch: readonly Named[]): [letters: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor] =>
  pad(batch.map(([name, label]) => [encode(name), label])) as [torch.Tensor, torch.Tensor, torch.Tensor];

/** Reads the letters in order; the last hidden state says the language. */
class NameClassifier extends nn.Module {
  embedding: torch.nn.Embedding;
  rnn: torch.nn.GRU;
  head: torch.nn.Linear;

  constructor(hidden: number, languages: number) {
    super();
    this.embedding = new nn.Embedding(letters.length, 32, { paddingIdx: PAD });
    this.rnn = new nn.GRU(32, hidden, { bidirectional: true });
    this.head = new nn.Linear(2 * hidden, languages);
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

function showPerLanguage(model: NameClassifier, languages: readonly string[], part: readonly Named[]): void {
  console.log("\ntest accuracy per language");
  languages.forEach((language, label) => {
    const own = part.filter(([, l]) => l === label);
    if (own.length > 0) console.log(`  ${language.padEnd(10)} ${percent(accuracy(model, own)).padStart(5)}`);
  });
}

function showGuesses(model: NameClassifier, languages: readonly string[], given: readonly string[]): void {
  const { values, indices } = probabilities(
    model,
    given.map((name) => [name, 0]),
  ).topk(Math.min(3, languages.length));
  console.log("");
  given.forEach((name, i) => {
    const shares: number[] = values.at(i).tolist();
    const labels: number[] = indices.at(i).tolist();
    console.log(`${name}: ${labels.map((label, k) => `${languages[label]} ${percent(shares[k]!)}`).join(", ")}`);
  });
}

/** @throws UsageError for a folder without names of two languages. */
async function namesOf(folder: string | undefined): Promise<Names> {
  const found = folder === undefined ? ownNames : await readNames(folder);
  if (found.languages.length < 2 || found.names.length < 10)
    throw new UsageError(
      `--data takes a folder with a file for each of several languages, "${folder}" has ${found.languages.length}`,
    );
  return found;
}

async function run({ epochs, batchSize, data, hidden, lr, name, seed }: Values<typeof flags>): Promise<void> {
  torch.manualSeed(seed);
  const { languages, names } = await namesOf(data);
  const order: number[] = torch.randperm(names.length).tolist();
  const shuffled = order.map((i) => names[i]!);
  const held = Math.floor(names.length / 5);
  const [test, train] = [shuffled.slice(0, held), shuffled.slice(held)];
  const model = new NameClassifier(hidden, languages.length);
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const loader = new utils.data.DataLoader(train, { batchSize, shuffle: true, collateFn: collate });
  console.log(`${train.length} names of ${languages.length} languages to learn from, ${test.length} to test with\n`);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const loss = await trainEpoch(model, optimizer, loader);
    const [training, tested] = [train, test].map((part) => percent(accuracy(model, part)));
    console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, training accuracy ${training}, test accuracy ${tested}`);
  }
  showPerLanguage(model, languages, test);
  showGuesses(
    model,
    languages,
    name.split(",").map((part) => part.trim()),
  );
}

main(about, flags, run);
