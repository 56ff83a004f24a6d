/** The networks whose training steps are timed. `peers/native.py` has the same in PyTorch. */
import * as torch from "kindling";

const { nn } = torch;

export interface Problem {
  readonly model: torch.nn.Module;
  /** The loss on one fixed batch. */
  loss(): torch.Tensor;
}

const classes = (batch: number, count = 10): torch.Tensor => torch.randint(0, count, [batch]);

function classifier(model: torch.nn.Module, input: torch.Tensor): Problem {
  const labels = classes(input.size(0));
  return { model, loss: () => nn.functional.crossEntropy(model(input) as torch.Tensor, labels) };
}

function mlp(batch: number): Problem {
  const model = new nn.Sequential(
    new nn.Linear(784, 512),
    new nn.ReLU(),
    new nn.Linear(512, 512),
    new nn.ReLU(),
    new nn.Linear(512, 10),
  );
  return classifier(model, torch.rand(batch, 784));
}

function lenet(batch: number): Problem {
  const model = new nn.Sequential(
    new nn.Conv2d(3, 6, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(400, 120),
    new nn.ReLU(),
    new nn.Linear(120, 84),
    new nn.ReLU(),
    new nn.Linear(84, 10),
  );
  return classifier(model, torch.rand(batch, 3, 32, 32));
}

/** A residual block of two 3×3 convolutions. */
class BasicBlock extends nn.Module {
  body: torch.nn.Sequential;
  shortcut: torch.nn.Module;

  constructor(channels: number, filters: number, stride: number) {
    super();
    this.body = new nn.Sequential(
      new nn.Conv2d(channels, filters, 3, { stride, padding: 1, bias: false }),
      new nn.BatchNorm2d(filters),
      new nn.ReLU(),
      new nn.Conv2d(filters, filters, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(filters),
    );
    this.shortcut =
      stride === 1 && channels === filters
        ? new nn.Identity()
        : new nn.Sequential(new nn.Conv2d(channels, filters, 1, { stride, bias: false }), new nn.BatchNorm2d(filters));
  }

  override forward(x: torch.Tensor): torch.Tensor {
    return this.body(x)
      .add(this.shortcut(x) as torch.Tensor)
      .relu();
  }
}

/** ResNet-18 with the 3×3 stem that is used on CIFAR. */
function resnet18(batch: number): Problem {
  const blocks = [64, 128, 256, 512].flatMap((filters, stage) => [
    new BasicBlock(stage === 0 ? 64 : filters / 2, filters, stage === 0 ? 1 : 2),
    new BasicBlock(filters, filters, 1),
  ]);
  const model = new nn.Sequential(
    new nn.Conv2d(3, 64, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(64),
    new nn.ReLU(),
    ...blocks,
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(512, 10),
  );
  return classifier(model, torch.rand(batch, 3, 32, 32));
}

const LENGTH = 64;
const VOCABULARY = 96;

/** The next character after each of a text, by two layers of LSTM. */
class CharLstm extends nn.Module {
  embedding = new nn.Embedding(VOCABULARY, 128);
  lstm = new nn.LSTM(128, 128, { numLayers: 2, batchFirst: true });
  head = new nn.Linear(128, VOCABULARY);

  override forward(tokens: torch.Tensor): torch.Tensor {
    const [output] = this.lstm(this.embedding(tokens));
    return this.head(output);
  }
}

/** A decoder of causal transformer layers, pre-norm, as in GPT-2. */
class Gpt extends nn.Module {
  tokens = new nn.Embedding(VOCABULARY, 128);
  positions = new nn.Embedding(LENGTH, 128);
  layers = new nn.ModuleList(
    Array.from(
      { length: 4 },
      () =>
        new nn.TransformerEncoderLayer(128, 4, {
          dimFeedforward: 512,
          dropout: 0,
          activation: "gelu",
          batchFirst: true,
          normFirst: true,
        }),
    ),
  );
  norm = new nn.LayerNorm(128);
  head = new nn.Linear(128, VOCABULARY, { bias: false });

  override forward(tokens: torch.Tensor): torch.Tensor {
    const mask = nn.Transformer.generateSquareSubsequentMask(LENGTH);
    let x = this.tokens(tokens).add(this.positions(torch.arange(LENGTH)));
    for (const layer of this.layers) x = layer(x, { srcMask: mask }) as torch.Tensor;
    return this.head(this.norm(x));
  }
}

function language(model: torch.nn.Module, batch: number): Problem {
  const text = torch.randint(0, VOCABULARY, [batch, LENGTH + 1]);
  const [input, target] = [text.narrow(1, 0, LENGTH).contiguous(), text.narrow(1, 1, LENGTH).reshape(-1)];
  return {
    model,
    loss: () => nn.functional.crossEntropy((model(input) as torch.Tensor).reshape(-1, VOCABULARY), target),
  };
}

export const problems = {
  mlp,
  lenet,
  resnet18,
  lstm: (batch: number) => language(new CharLstm(), batch),
  gpt: (batch: number) => language(new Gpt(), batch),
} as const;
