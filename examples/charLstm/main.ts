/** `npm run example -- charLstm`: an LSTM learns to write, character by character. */
import * as torch from "kindling";
import { Corpus, drawNext } from "../shared/corpus";
import { integer, main, positive, text, type Values } from "../shared/program";

const { nn, optim } = torch;
const F = nn.functional;

const about = `Trains a character-level LSTM on a text and lets it write.

  npm run example -- charLstm                      on the documentation of this project
  npm run example -- charLstm --text FILE          on a text of yours`;

const flags = {
  text: text(undefined, "FILE", "the text to learn from"),
  epochs: integer(20, "passes over the text"),
  batchSize: integer(16, "places of the text that are read side by side"),
  length: integer(64, "characters through which gradients flow"),
  hidden: integer(128, "size of the hidden state"),
  layers: integer(2, "LSTM layers"),
  lr: positive(0.005, "learning rate"),
  prompt: text("# ", "TEXT", "what the sample begins with"),
  sample: integer(300, "characters of the sample"),
  temperature: positive(0.7, "how daring the sample is"),
  seed: integer(0, "seed of initialization and sampling", 0),
};

type State = readonly [hidden: torch.Tensor, cell: torch.Tensor];

/** Characters in, scores of the next characters out. */
class CharLSTM extends nn.Module {
  embedding: torch.nn.Embedding;
  lstm: torch.nn.LSTM;
  head: torch.nn.Linear;

  constructor(vocabulary: number, hidden: number, layers: number) {
    super();
    this.embedding = new nn.Embedding(vocabulary, hidden);
    this.lstm = new nn.LSTM(hidden, hidden, { numLayers: layers });
    this.head = new nn.Linear(hidden, vocabulary);
  }

  /** Shape: [length, batch] → [length, batch, vocabulary]. */
  override forward(input: torch.Tensor, state?: State): [scores: torch.Tensor, state: State] {
    const [output, next] = this.lstm(this.embedding(input), state);
    return [this.head(output), next];
  }
}

/** One pass over the text in `batchSize` columns. The state is carried on from one stretch to the next, its gradient is not. */
function trainEpoch(model: CharLSTM, optimizer: torch.optim.Optimizer, columns: torch.Tensor, length: number): number {
  const losses: number[] = [];
  let state: State | undefined;
  model.train();
  for (let start = 0; start + 1 < columns.shape[0]!; start += length) {
    const end = Math.min(start + length, columns.shape[0]! - 1);
    const [loss, next] = torch.tidy(() => {
      const [scores, last] = model(columns.at(`${start}:${end}`), state);
      const loss = F.crossEntropy(scores.flatten(0, 1), columns.at(`${start + 1}:${end + 1}`).flatten());
      optimizer.zeroGrad();
      loss.backward();
      nn.utils.clipGradNorm_(model.parameters(), 1);
      optimizer.step();
      return [loss.item(), [last[0].detach(), last[1].detach()] as State];
    });
    for (const old of state ?? []) old.dispose();
    state = next;
    losses.push(loss);
  }
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** The prompt, and what the model writes after it. */
function write(model: CharLSTM, corpus: Corpus, { prompt, sample, temperature }: Values<typeof flags>): string {
  model.eval();
  return torch.noGrad(() =>
    torch.tidy(() => {
      const written: number[] = corpus.encode(prompt).tolist();
      let [scores, state] = model(torch.tensor(written, { dtype: torch.int64 }).unsqueeze(1));
      for (let i = 0; i < sample; i++) {
        const next = drawNext(scores.at(-1, 0), temperature);
        written.push(next);
        [scores, state] = model(torch.tensor([[next]], { dtype: torch.int64 }), state);
      }
      return corpus.decode(written);
    }),
  );
}

function run(options: Values<typeof flags>): void {
  const { batchSize, length, epochs } = options;
  const corpus = Corpus.read(options.text, 2 * batchSize);
  corpus.encode(options.prompt);
  torch.manualSeed(options.seed);
  const model = new CharLSTM(corpus.vocabulary.length, options.hidden, options.layers);
  const optimizer = new optim.Adam(model.parameters(), { lr: options.lr });
  const parameters = model.parameters().reduce((n, p) => n + p.numel(), 0);
  console.log(
    `An LSTM of ${parameters.toLocaleString("en")} parameters reads ${corpus.data.length.toLocaleString("en")} characters, ${corpus.vocabulary.length} different ones.\n`,
  );

  const rows = Math.floor(corpus.data.length / batchSize);
  const columns = corpus.data
    .at(`:${rows * batchSize}`)
    .reshape(batchSize, rows)
    .t()
    .contiguous();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const start = performance.now();
    const loss = trainEpoch(model, optimizer, columns, length);
    const speed = Math.round((rows * batchSize) / ((performance.now() - start) / 1000));
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(3)}, ${(loss / Math.LN2).toFixed(2)} bits per character, ${speed} characters/s`,
    );
  }
  console.log(`\n${write(model, corpus, options)}`);
}

main(about, flags, run);
