/** Networks for sequences trained on the GPU as on the cpu. */
import * as torch from "kindling";
import { describe } from "vitest";
import { allNote, runsAll } from "../../../helpers/cut";
import { noGpu, onGpu } from "../../../helpers/webgpu";
import { labels, testPrograms } from "./training";

const { nn, optim } = torch;

type Tensor = torch.Tensor;

class Sequence extends nn.Module {
  lstm = new nn.LSTM(6, 12, { batchFirst: true });
  head = new nn.Linear(12, 4);

  override forward(x: Tensor): Tensor {
    const [y] = this.lstm(x) as unknown as [Tensor];
    return this.head(y.select(1, -1));
  }
}

const WORDS = 7;
const LENGTH = 6;

/** A GPT of one block. */
class Gpt extends nn.Module {
  words = new nn.Embedding(WORDS, 16);
  places = new nn.Parameter(torch.randn(LENGTH, 16).mul(0.1));
  block = new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 32, dropout: 0, batchFirst: true, normFirst: true });
  norm = new nn.LayerNorm(16);
  head = new nn.Linear(16, WORDS);

  override forward(x: Tensor): Tensor {
    const mask = torch.ones(LENGTH, LENGTH).triu(1).bool().to(x.device);
    const y = this.block(this.words(x).add(this.places), mask);
    return this.head(this.norm(y));
  }
}

describe.skipIf(noGpu !== undefined || !runsAll)(`training ${onGpu}${allNote}`, () => {
  testPrograms({
    GPT: {
      make: () => new Gpt(),
      batch: () => {
        const x = torch.randint(0, WORDS, [4, LENGTH]);
        return [x, x.mul(2).add(1).remainder(WORDS)];
      },
      optimizer: (parameters) => new optim.AdamW(parameters, { lr: 0.003 }),
      steps: 20,
    },
    LSTM: {
      make: () => new Sequence(),
      batch: () => [torch.randn(8, 5, 6), labels(8)],
      optimizer: (parameters) => new optim.Adam(parameters, { lr: 0.01 }),
      steps: 30,
    },
  });
});
