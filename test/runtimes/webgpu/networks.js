/** Networks of image recognition and language, each with a batch and an optimizer. */

/** @returns {Record<string, [model: () => any, inputs: () => any, optimizer: (parameters: any) => any]>} */
const networks = (torch) => {
  const { nn, optim } = torch;
  const F = nn.functional;

  /** A language model's layers, and scores of four classes from the last word. */
  class Lstm extends nn.Module {
    words = new nn.Embedding(30, 16);
    lstm = new nn.LSTM(16, 24, { numLayers: 2, batchFirst: true });
    head = new nn.Linear(24, 4);
    forward(x) {
      return this.head(this.lstm(this.words(x))[0].select(1, -1));
    }
  }

  class Block extends nn.Module {
    before = new nn.LayerNorm(16);
    qkv = new nn.Linear(16, 48);
    projection = new nn.Linear(16, 16);
    between = new nn.LayerNorm(16);
    mlp = new nn.Sequential(new nn.Linear(16, 64), new nn.GELU(), new nn.Linear(64, 16));
    forward(x) {
      const [q, k, v] = this.qkv(this.before(x)).unflatten(-1, [3, 4, 4]).permute(2, 0, 3, 1, 4).unbind(0);
      const seen = F.scaledDotProductAttention(q, k, v, { isCausal: true }).transpose(1, 2).flatten(2);
      const y = x.add(this.projection(seen));
      return y.add(this.mlp(this.between(y)));
    }
  }
  class Gpt extends nn.Module {
    words = new nn.Embedding(30, 16);
    places = new nn.Embedding(12, 16);
    blocks = new nn.Sequential(new Block(), new Block());
    norm = new nn.LayerNorm(16);
    head = new nn.Linear(16, 4, { bias: false });
    forward(x) {
      return this.head(this.norm(this.blocks(this.words(x).add(this.places.weight))).select(1, -1));
    }
  }

  const sgd = (options) => (parameters) => new optim.SGD(parameters, options);
  const momentum = sgd({ lr: 0.02, momentum: 0.9 });
  const adam = (parameters) => new optim.Adam(parameters, { lr: 0.01 });
  const pictures = (channels, size) => () => torch.randn(8, channels, size, size);
  const words = () => torch.randint(0, 30, [8, 12]);
  return {
    mlp: [
      () => new nn.Sequential(new nn.Linear(20, 16), new nn.ReLU(), new nn.Linear(16, 4)),
      () => torch.randn(8, 20),
      momentum,
    ],
    lenet: [() => new torch.vision.models.LeNet({ numClasses: 4 }), pictures(3, 32), momentum],
    // Normalization over few pixels makes rounding grow from step to step, on the cpu as well: more of them, and small steps, keep it low.
    resnet18: [() => torch.vision.models.resnet18({ numClasses: 4 }), pictures(3, 64), sgd({ lr: 0.0003 })],
    lstm: [() => new Lstm(), words, adam],
    gpt: [() => new Gpt(), words, adam],
  };
};

/** The loss of each of six steps on a device. */
async function train(torch, [make, inputs, optimizerOf], device) {
  torch.manualSeed(0);
  const model = make().to(device);
  const x = inputs().to(device);
  const y = torch.randint(0, 4, [8]).to(device);
  const optimizer = optimizerOf(model.parameters());
  const losses = [];
  for (let step = 0; step < 6; step++) {
    const loss = torch.nn.functional.crossEntropy(model(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.detach().itemAsync());
  }
  return Promise.all(losses);
}

/** A program of each network: its losses on a device. */
export const programsOf = (torch) =>
  Object.fromEntries(
    Object.entries(networks(torch)).map(([name, network]) => [name, (device) => train(torch, network, device)]),
  );
