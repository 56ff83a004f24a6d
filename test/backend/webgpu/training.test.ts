/** Networks trained on the GPU by the same program as on the cpu: their losses agree, and nothing goes back and forth behind the user's back. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { noGpu, onGpu } from "../../helpers/webgpu";

const { nn, optim } = torch;
const F = torch.nn.functional;

type Tensor = torch.Tensor;

class LeNet extends nn.Module {
  features = new nn.Sequential(
    new nn.Conv2d(1, 6, 5, { padding: 2 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
  );
  classifier = new nn.Sequential(new nn.Flatten(), new nn.Linear(16 * 2 * 2, 24), new nn.ReLU(), new nn.Linear(24, 4));

  override forward(x: Tensor): Tensor {
    return this.classifier(this.features(x));
  }
}

/** Two convolutions with batch normalization around a shortcut, as in ResNet-18. */
class BasicBlock extends nn.Module {
  conv1: torch.nn.Conv2d;
  bn1: torch.nn.BatchNorm2d;
  conv2: torch.nn.Conv2d;
  bn2: torch.nn.BatchNorm2d;
  downsample: torch.nn.Module;

  constructor(from: number, to: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(from, to, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(to);
    this.conv2 = new nn.Conv2d(to, to, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(to);
    this.downsample =
      stride === 1 && from === to
        ? new nn.Identity()
        : new nn.Sequential(new nn.Conv2d(from, to, 1, { stride, bias: false }), new nn.BatchNorm2d(to));
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(this.bn1(this.conv1(x)).relu()));
    return y.add((this.downsample as unknown as (x: Tensor) => Tensor)(x)).relu();
  }
}

class ResNet extends nn.Module {
  layers = new nn.Sequential(
    new nn.Conv2d(3, 8, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new BasicBlock(8, 8, 1),
    new BasicBlock(8, 16, 2),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(16, 4),
  );

  override forward(x: Tensor): Tensor {
    return this.layers(x);
  }
}

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

/** Inputs and targets of one batch. */
type Batch = readonly [x: Tensor, target: Tensor];

interface Program {
  readonly make: () => torch.nn.Module;
  readonly batch: () => Batch;
  readonly optimizer: (parameters: Iterable<torch.nn.Parameter>) => torch.optim.Optimizer;
  readonly steps: number;
}

const labels = (n: number): Tensor => torch.randint(0, 4, [n]);

const programs: Readonly<Record<string, Program>> = {
  LeNet: {
    make: () => new LeNet(),
    batch: () => [torch.randn(8, 1, 16, 16), labels(8)],
    optimizer: (parameters) => new optim.SGD(parameters, { lr: 0.05, momentum: 0.9 }),
    steps: 30,
  },
  "ResNet of basic blocks": {
    make: () => new ResNet(),
    batch: () => [torch.randn(8, 3, 8, 8), labels(8)],
    optimizer: (parameters) => new optim.SGD(parameters, { lr: 0.02, momentum: 0.9, weightDecay: 1e-4 }),
    steps: 20,
  },
  LSTM: {
    make: () => new Sequence(),
    batch: () => [torch.randn(8, 5, 6), labels(8)],
    optimizer: (parameters) => new optim.Adam(parameters, { lr: 0.01 }),
    steps: 30,
  },
  GPT: {
    make: () => new Gpt(),
    batch: () => {
      const x = torch.randint(0, WORDS, [4, LENGTH]);
      return [x, x.mul(2).add(1).remainder(WORDS)];
    },
    optimizer: (parameters) => new optim.AdamW(parameters, { lr: 0.003 }),
    steps: 20,
  },
};

/** The loss of every step. */
async function train({ make, batch, optimizer: of, steps }: Program, device: torch.Device): Promise<number[]> {
  torch.manualSeed(0);
  const model = make().to(device) as unknown as torch.nn.Module & ((x: Tensor) => Tensor);
  const batches = [batch(), batch()];
  const optimizer = of(model.parameters());
  const losses: (Tensor | Promise<Tensor>)[] = [];
  for (let step = 0; step < steps; step++) {
    const [x, target] = batches[step % 2]!;
    const scores = model(x.to(device));
    const loss = F.crossEntropy(scores.reshape(-1, scores.shape.at(-1)!), target.to(device).reshape(-1));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.detach().cpu());
  }
  return (await Promise.all(losses)).map((loss) => loss.item());
}

describe.skipIf(noGpu !== undefined)(`training ${onGpu}`, () => {
  it.each(Object.entries(programs))("%s as on the cpu", { timeout: 120_000 }, async (_, program) => {
    const expected = await train(program, "cpu");
    const before = torch.webgpu.counts();
    const actual = await train(program, "webgpu");
    const after = torch.webgpu.counts();
    // What comes back are the losses, of four bytes each.
    expect(after.bytesRead - before.bytesRead).toBe(4 * program.steps);
    expect(expected.at(-1)).toBeLessThan(expected[0]! * 0.9);
    for (const [step, loss] of actual.entries())
      expect(Math.abs(loss - expected[step]!), `step ${step}: ${loss} instead of ${expected[step]}`).toBeLessThan(1e-3);
  });
});
