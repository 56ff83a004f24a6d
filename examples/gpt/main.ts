/** `npm run example -- gpt`: a small GPT learns to write, character by character. */
import * as torch from "kindling";
import { Corpus, drawNext } from "../shared/corpus";
import { integer, main, positive, text, UsageError, type Values } from "../shared/program";
import { GPT } from "./model";

const { nn, optim } = torch;
const F = nn.functional;

const about = `Trains a small GPT on a text and lets it write.

  npm run example -- gpt                      on the documentation of this project
  npm run example -- gpt --text FILE          on a text of yours`;

const flags = {
  text: text(undefined, "FILE", "the text to learn from"),
  epochs: integer(15, "passes over the text"),
  batchSize: integer(8, "stretches of text per step"),
  context: integer(64, "characters that the model sees at once"),
  layers: integer(4, "transformer blocks"),
  heads: integer(4, "attention heads"),
  width: integer(128, "features per character"),
  lr: positive(0.001, "learning rate, which warms up and then falls to a tenth"),
  prompt: text("# ", "TEXT", "what the sample begins with"),
  sample: integer(300, "characters of the sample"),
  temperature: positive(0.7, "how daring the sample is"),
  seed: integer(0, "seed of initialization and sampling", 0),
};

type Options = Values<typeof flags>;

/** The learning rate at a step as a share of the highest: up in a line, down to a tenth along a cosine. */
function schedule(step: number, steps: number): number {
  const warmup = Math.ceil(steps / 10);
  if (step < warmup) return (step + 1) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.1 + 0.9 * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Matrices decay, biases and scales do not. */
function createOptimizer(model: GPT, lr: number): torch.optim.AdamW {
  const parameters = model.parameters();
  const groups = [
    { params: parameters.filter((p) => p.ndim >= 2), weightDecay: 0.1 },
    { params: parameters.filter((p) => p.ndim < 2), weightDecay: 0 },
  ];
  return new optim.AdamW(groups, { lr, betas: [0.9, 0.95] });
}

/** Stretches from random places of the text, and the same moved by one character. Shape: [batchSize, context]. */
function drawBatch({ data }: Corpus, { batchSize, context }: Options): [input: torch.Tensor, target: torch.Tensor] {
  const starts = torch.randint(data.length - context, [batchSize, 1]);
  const places = starts.add(torch.arange(context));
  return [data.take(places), data.take(places.add(1))];
}

/** One step on a random batch; gives the loss. */
function trainStep(model: GPT, optimizer: torch.optim.Optimizer, corpus: Corpus, options: Options): number {
  return torch.tidy(() => {
    const [input, target] = drawBatch(corpus, options);
    const loss = F.crossEntropy(model(input).flatten(0, 1), target.flatten());
    optimizer.zeroGrad();
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), 1);
    optimizer.step();
    return loss.item();
  });
}

/** The prompt, and what the model writes after it. */
function write(model: GPT, corpus: Corpus, { prompt, sample, temperature }: Options): string {
  model.eval();
  const written: number[] = corpus.encode(prompt).tolist();
  for (let i = 0; i < sample; i++) {
    const next = torch.tidy(() => {
      const seen = torch.tensor(written.slice(-model.context), { dtype: torch.int64 });
      const scores = torch.noGrad(() => model(seen.unsqueeze(0)));
      return drawNext(scores.at(0, -1), temperature);
    });
    written.push(next);
  }
  return corpus.decode(written);
}

function describe(model: GPT, corpus: Corpus): void {
  const parameters = model.parameters().reduce((n, p) => n + p.numel(), 0);
  const [size, characters] = [parameters, corpus.data.length].map((n) => n.toLocaleString("en"));
  console.log(
    `A GPT of ${size} parameters reads ${characters} characters, ${corpus.vocabulary.length} different ones.\n`,
  );
}

function run(options: Options): void {
  const { epochs, batchSize, context, width, heads } = options;
  if (width % heads !== 0) throw new UsageError(`--width must be a multiple of --heads, got ${width} and ${heads}`);
  const corpus = Corpus.read(options.text, context + 1);
  corpus.encode(options.prompt);
  torch.manualSeed(options.seed);
  const model = new GPT({ ...options, vocabulary: corpus.vocabulary.length, dropout: 0.1 });
  const optimizer = createOptimizer(model, options.lr);
  const stepsPerEpoch = Math.max(1, Math.floor(corpus.data.length / (batchSize * context)));
  const scheduler = new optim.lrScheduler.LambdaLR(optimizer, (step) => schedule(step, epochs * stepsPerEpoch));
  describe(model, corpus);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const start = performance.now();
    let sum = 0;
    model.train();
    for (let step = 0; step < stepsPerEpoch; step++) {
      sum += trainStep(model, optimizer, corpus, options);
      scheduler.step();
    }
    const loss = sum / stepsPerEpoch;
    const milliseconds = (performance.now() - start) / stepsPerEpoch;
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(3)}, ${(loss / Math.LN2).toFixed(2)} bits per character, ${milliseconds.toFixed(0)} ms per step`,
    );
  }
  console.log(`\n${write(model, corpus, options)}`);
}

main(about, flags, run);
