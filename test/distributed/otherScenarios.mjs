/** What the ranks of the tests of ZeroRedundancyOptimizer, SyncBatchNorm and samplers do. */

const layers = (torch) =>
  new torch.nn.Sequential(new torch.nn.Linear(3, 5), new torch.nn.Tanh(), new torch.nn.Linear(5, 2));

const adam = { lr: 0.1, weightDecay: 0.01 };

/** What a state dict has, without tensors. */
const plain = (value) =>
  Array.isArray(value)
    ? value.map(plain)
    : typeof value?.tolist === "function"
      ? value.tolist()
      : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
        : value;

/** Trains with the divided optimizer and with the whole one, side by side. */
export function zero({ torch, rank, argument }) {
  const { optim } = torch;
  const { ZeroRedundancyOptimizer } = torch.distributed.optim;
  const models = [0, 1].map(() => torch.manualSeed(1) && layers(torch));
  const groups = (model) => [{ params: model[0].parameters() }, { params: model[2].parameters(), lr: 0.01 }];
  const whole = new optim[argument.name](groups(models[0]), argument.options ?? adam);
  const divided = new ZeroRedundancyOptimizer(groups(models[1]), optim[argument.name], {
    ...(argument.options ?? adam),
    parametersAsBucketView: argument.isView,
  });
  const scheduler = [whole, divided].map((o) => new optim.lrScheduler.StepLR(o, { stepSize: 2, gamma: 0.5 }));
  const step = (model, optimizer) => {
    optimizer.zeroGrad();
    model(torch.ones([4, 3]))
      .square()
      .sum()
      .backward();
    optimizer.step();
  };
  for (let i = 0; i < 4; i++) {
    step(models[0], whole);
    torch.tidy(() => step(models[1], divided));
    for (const s of scheduler) s.step();
  }
  let message = "";
  try {
    divided.stateDict();
  } catch (error) {
    message = error.message;
  }
  divided.consolidateStateDict(1);
  const weights = models.map((model) => model.parameters().map((p) => p.tolist()));
  return {
    weights,
    own: divided.state.size,
    isInstance: divided instanceof ZeroRedundancyOptimizer && divided instanceof optim.Optimizer,
    message,
    state: rank === 1 ? plain(divided.stateDict()) : undefined,
    whole: plain(whole.stateDict()),
    text: String(divided).split("\n")[0],
  };
}

/** Goes on from the state of a whole optimizer, with any number of ranks; gives the weights and the state at the end. */
export function zeroResumed({ torch, rank }) {
  const { optim } = torch;
  torch.manualSeed(1);
  const model = layers(torch);
  const step = (optimizer) => {
    optimizer.zeroGrad();
    model(torch.ones([4, 3]))
      .square()
      .sum()
      .backward();
    optimizer.step();
  };
  const first = new optim.Adam(model.parameters(), adam);
  step(first);
  step(first);
  const divided = new torch.distributed.optim.ZeroRedundancyOptimizer(model.parameters(), optim.Adam, adam);
  divided.loadStateDict(first.stateDict());
  const own = divided.state.size;
  step(divided);
  divided.consolidateStateDict();
  let last;
  if (rank === 0) {
    last = new optim.Adam(model.parameters(), adam);
    last.loadStateDict(divided.stateDict());
    step(last);
  }
  return { own, weights: model.parameters().map((p) => p.tolist()) };
}

export function zeroErrors({ torch, rank, argument }) {
  const { ZeroRedundancyOptimizer } = torch.distributed.optim;
  const { SGD } = torch.optim;
  const model = layers(torch);
  const bad = {
    class: () => new ZeroRedundancyOptimizer(model.parameters(), torch.nn.Linear),
    option: () => new ZeroRedundancyOptimizer(model.parameters(), SGD, { beta: 3 }),
    overlap: () => new ZeroRedundancyOptimizer(model.parameters(), SGD, { overlapWithDdp: true }),
    empty: () => new ZeroRedundancyOptimizer([], SGD),
    differing: () => new ZeroRedundancyOptimizer(model.parameters().slice(rank), SGD),
    rank: () => new ZeroRedundancyOptimizer(model.parameters(), SGD).consolidateStateDict(9),
  };
  bad[argument]();
}

/** A layer that is added later, and a closure. */
export function zeroGroups({ torch }) {
  const { ZeroRedundancyOptimizer } = torch.distributed.optim;
  const models = [0, 1].map(() => torch.manualSeed(1) && layers(torch));
  const optimizers = models.map((model, i) => {
    const optimizer =
      i === 0
        ? new torch.optim.SGD(model[0].parameters(), { lr: 0.1, momentum: 0.9 })
        : new ZeroRedundancyOptimizer({
            params: model[0].parameters(),
            optimizerClass: torch.optim.SGD,
            lr: 0.1,
            momentum: 0.9,
          });
    optimizer.addParamGroup({ params: model[2].parameters(), lr: 0.5 });
    return optimizer;
  });
  const losses = models.map((model, i) =>
    [0, 1].map(() =>
      optimizers[i].step(() => {
        optimizers[i].zeroGrad();
        const loss = model(torch.ones([4, 3]))
          .square()
          .sum();
        loss.backward();
        return loss.item();
      }),
    ),
  );
  return { losses, weights: models.map((model) => model.parameters().map((p) => p.tolist())) };
}

/** A step through batch normalization: whole on one rank, or divided among several. */
export function syncedNorm({ torch, rank, size, argument }) {
  const { nn } = torch;
  const { dtype = "float32", options = {}, shape = [8, 3, 4], momentum = 0.1 } = argument;
  torch.manualSeed(3);
  const all = torch.randn(shape, { dtype: "float64" }).mul(2).add(100).to(dtype);
  const weighing = torch.randn(shape, { dtype: "float64" }).to(dtype);
  const part = shape[0] / size;
  const of = (x) => x.narrow(0, rank * part, part);
  const plain =
    shape.length === 4
      ? new nn.BatchNorm2d(3, { dtype, momentum, ...options })
      : new nn.BatchNorm1d(3, { dtype, momentum, ...options });
  if (plain.weight !== null)
    torch.noGrad(() => {
      plain.weight.copy_(torch.tensor([0.5, 1, 2]));
      plain.bias.copy_(torch.tensor([0, 1, -1]));
    });
  const model = nn.SyncBatchNorm.convertSyncBatchnorm(new nn.Sequential(plain));
  const x = of(all).clone().requiresGrad_();
  const results = [];
  for (let step = 0; step < 2; step++) {
    x.grad = null;
    const y = model(x);
    y.mul(of(weighing)).sum().backward();
    results.push(y.detach().tolist().flat(9), x.grad.tolist().flat(9));
  }
  model.eval();
  results.push(model(x).tolist().flat(9));
  const [norm] = model;
  return {
    name: String(norm),
    results,
    parameters: norm.weight === null ? [] : [norm.weight.grad.tolist(), norm.bias.grad.tolist()],
    running:
      norm.runningMean === null
        ? []
        : [norm.runningMean.tolist(), norm.runningVar.tolist(), norm.numBatchesTracked.item()],
  };
}

/** Ranks with batches of different sizes, one of which is empty. */
export function unevenNorm({ torch, rank, argument = [6] }) {
  const all = torch.arange(12, { dtype: "float32" }).view([6, 2]).square();
  const counts = argument;
  const at = counts.slice(0, rank).reduce((sum, n) => sum + n, 0);
  const norm = new torch.nn.SyncBatchNorm(2);
  const y = norm(all.narrow(0, at, counts[rank]));
  return y.tolist().flat();
}

export function normErrors({ torch, argument }) {
  const { SyncBatchNorm } = torch.nn;
  const bad = {
    axes: () => new SyncBatchNorm(2)(torch.ones([2])),
    channels: () => new SyncBatchNorm(0)(torch.ones([2, 0])),
    group: () => new SyncBatchNorm(2, { processGroup: 5 })(torch.ones([2, 2])),
    convert: () => SyncBatchNorm.convertSyncBatchnorm(5),
    unknown: () => new SyncBatchNorm(2, { group: 5 }),
  };
  bad[argument]();
}

export function converted({ torch }) {
  const { nn } = torch;
  const net = new nn.Sequential(
    new nn.Conv2d(1, 2, 3),
    new nn.BatchNorm2d(2, { eps: 0.1, momentum: null }),
    new nn.ModuleDict({ a: new nn.BatchNorm1d(3, { affine: false }) }),
  );
  net[1].eval();
  const { weight } = net[1];
  const result = nn.SyncBatchNorm.convertSyncBatchnorm(net);
  return {
    text: String(result),
    same: result === net && net[1].weight === weight,
    training: net[1].training,
    keys: Object.keys(net.stateDict()),
  };
}

export function sampler({ torch, rank, size }) {
  const { DistributedSampler, ShardedDataset } = torch.utils.data;
  const ten = Array.from({ length: 10 }, (_, i) => i);
  const own = new DistributedSampler(ten);
  own.setEpoch(2);
  const shard = new ShardedDataset(ten);
  return {
    indices: [...own],
    rank: own.rank === rank && shard.rank === rank,
    size: own.numReplicas === size && shard.numReplicas === size,
  };
}

/** Trains to a step, from what a folder has; rank 0 saves for all. */
export async function resumedRun({ torch, rank, size, argument: { folder, until } }) {
  const { distributed: dist } = torch;
  torch.manualSeed(rank + size);
  const model = new torch.nn.parallel.DistributedDataParallel(layers(torch));
  const optimizer = new dist.optim.ZeroRedundancyOptimizer(model.parameters(), torch.optim.Adam, adam);
  const checkpoint = new torch.Checkpoint(folder, { model, optimizer });
  const found = [rank === 0 ? await checkpoint.resume() : null];
  dist.broadcastObjectList(found, 0);
  if (found[0] !== null && rank > 0) await checkpoint.load("last", { parts: ["model", "optimizer"] });
  const data = torch.linspace(-1, 1, 24).view([8, 3]);
  const part = 8 / size;
  let { step } = found[0] ?? { step: 0 };
  const first = step;
  for (; step < until; step++) {
    optimizer.zeroGrad();
    model(data.narrow(0, rank * part, part))
      .square()
      .mean()
      .backward();
    optimizer.step();
  }
  optimizer.consolidateStateDict(0);
  if (rank === 0) {
    await checkpoint.save({ step });
    await checkpoint.close();
  }
  dist.barrier();
  return {
    first,
    weights: model
      .parameters()
      .flatMap((p) => p.tolist())
      .flat(),
  };
}
