/** Small trainings on both devices: the same text in every runtime. */

/**
 * The networks, with batches and optimizers; small, since drivers may be software.
 * @returns {Record<string, [model: () => any, inputs: () => any, optimizer: (parameters: any) => any]>}
 */
const programs = (torch) => {
  const { nn, optim } = torch;
  const F = nn.functional;
  class Lstm extends nn.Module {
    lstm = new nn.LSTM(6, 8, { batchFirst: true });
    last = new nn.Linear(8, 4);
    forward(x) {
      return this.last(this.lstm(x)[0].select(1, -1));
    }
  }
  class Gpt extends nn.Module {
    words = new nn.Embedding(11, 8);
    places = new nn.Embedding(6, 8);
    qkv = new nn.Linear(8, 24);
    norm = new nn.LayerNorm(8);
    head = new nn.Linear(8, 4);
    forward(x) {
      const y = this.words(x).add(this.places.weight);
      const [q, k, v] = this.qkv(this.norm(y)).unflatten(-1, [3, 2, 4]).permute(2, 0, 3, 1, 4).unbind(0);
      const seen = F.scaledDotProductAttention(q, k, v, { isCausal: true });
      return this.head(F.gelu(seen.transpose(1, 2).flatten(2).add(y)).mean(1));
    }
  }
  const block = (from, to, stride) =>
    new torch.vision.models.BasicBlock(from, to, { stride, downsample: shortcut(from, to, stride) });
  const shortcut = (from, to, stride) =>
    new nn.Sequential(new nn.Conv2d(from, to, 1, { stride, bias: false }), new nn.BatchNorm2d(to));
  const sgd = (parameters) => new optim.SGD(parameters, { lr: 0.05, momentum: 0.9 });
  const adam = (parameters) => new optim.Adam(parameters, { lr: 0.01 });
  const pictures = (channels, size) => () => torch.randn(8, channels, size, size);
  return {
    mlp: [
      () => new nn.Sequential(new nn.Linear(20, 16), new nn.ReLU(), new nn.Linear(16, 4)),
      () => torch.randn(8, 20),
      sgd,
    ],
    lenet: [
      () =>
        new nn.Sequential(
          ...[new nn.Conv2d(1, 4, 5, { padding: 2 }), new nn.ReLU(), new nn.MaxPool2d(2)],
          ...[new nn.Conv2d(4, 8, 3), new nn.ReLU(), new nn.MaxPool2d(2), new nn.Flatten(), new nn.Linear(8 * 9, 4)],
        ),
      pictures(1, 16),
      sgd,
    ],
    // The blocks of ResNet-18, fewer and narrower.
    resnet: [
      () =>
        new nn.Sequential(
          ...[new nn.Conv2d(3, 8, 3, { padding: 1, bias: false }), new nn.BatchNorm2d(8), new nn.ReLU()],
          ...[block(8, 8, 1), block(8, 16, 2), new nn.AdaptiveAvgPool2d(1), new nn.Flatten(), new nn.Linear(16, 4)],
        ),
      pictures(3, 8),
      sgd,
    ],
    lstm: [() => new Lstm(), () => torch.randn(8, 5, 6), adam],
    gpt: [() => new Gpt(), () => torch.randint(0, 11, [8, 6]), adam],
  };
};

/** The loss of each step on a device. */
async function train(torch, [make, inputs, optimizerOf], device, steps) {
  torch.manualSeed(0);
  const model = make().to(device);
  const x = inputs().to(device);
  const y = torch.randint(0, 4, [8]).to(device);
  const optimizer = optimizerOf(model.parameters());
  const losses = [];
  for (let step = 0; step < steps; step++) {
    const loss = torch.nn.functional.crossEntropy(model(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.detach().itemAsync());
  }
  return Promise.all(losses);
}

/** The losses of the networks on both devices: of the first one, unless all are wanted. */
export async function run(torch, all) {
  await torch.webgpu.init();
  const networks = {};
  for (const [name, program] of Object.entries(programs(torch)).slice(0, all ? undefined : 1))
    networks[name] = { cpu: await train(torch, program, "cpu", 6), gpu: await train(torch, program, "webgpu", 6) };
  return { name: torch.webgpu.getDeviceName(), networks };
}
