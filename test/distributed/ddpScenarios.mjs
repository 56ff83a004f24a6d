/** What the ranks of the tests of DistributedDataParallel do. */

/** LeNet on random images, of which each rank has its part: losses, and the weights as text. */
export function leNet({ torch, rank, size, argument = /** @type {any} */ ({}) }) {
  const { steps = 40, batch = 16, options = {} } = argument;
  const { nn } = torch;
  torch.manualSeed(rank);
  const net = new nn.Sequential(
    new nn.Conv2d(1, 6, 5, { padding: 2 }),
    new nn.Tanh(),
    new nn.AvgPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.Tanh(),
    new nn.AvgPool2d(2),
    new nn.Flatten(),
    new nn.Linear(400, 120),
    new nn.Tanh(),
    new nn.Linear(120, 84),
    new nn.Tanh(),
    new nn.Linear(84, 10),
  );
  const model = new nn.parallel.DistributedDataParallel(net, { bucketCapMb: 0.05, ...options });
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 });
  const data = new torch.Generator().manualSeed(7);
  const images = torch.randn([batch * 4, 1, 28, 28], { generator: data });
  const labels = torch.randint(0, 10, [batch * 4], { generator: data });
  const part = batch / size;
  const losses = [];
  for (let step = 0; step < steps; step++) {
    losses.push(
      torch.tidy(() => {
        const at = (step % 4) * batch + rank * part;
        optimizer.zeroGrad();
        const loss = nn.functional.crossEntropy(model(images.narrow(0, at, part)), labels.narrow(0, at, part));
        loss.backward();
        optimizer.step();
        const total = loss.detach().clone();
        torch.distributed.allReduce(total, { op: "avg" });
        return total.item();
      }),
    );
  }
  return { losses, weights: model.parameters().map((p) => p.tolist()) };
}

const wrap = (torch, module, options = {}) => new torch.nn.parallel.DistributedDataParallel(module, options);

/** A chain of linear layers, whose gradients come from the last to the first. */
function chain(torch, count = 4, width = 64) {
  return new torch.nn.Sequential(...Array.from({ length: count }, () => new torch.nn.Linear(width, width)));
}

/** When hooks of leaves run and buckets are reduced, in the first and in the second step. */
export function overlap({ torch, engine, rank }) {
  const net = chain(torch);
  const model = wrap(torch, net, { bucketCapMb: 0.0158 });
  const logs = [];
  for (let step = 0; step < 3; step++) {
    const x = torch.randn([2, 64]);
    engine.log.length = 0;
    const hooks = [0, 1, 2, 3].map((i) => net[i].weight.registerHook(() => void engine.log.push(`weight ${i}`)));
    model(x).sum().backward();
    for (const hook of hooks) hook.remove();
    logs.push(engine.log.map((text) => text.replace(/\(.*/, "").replace("DistributedDataParallel ", "")));
  }
  return { logs, rank };
}

/** The mean of the gradients of all ranks, however they add up. */
export function accumulation({ torch, rank, argument: options }) {
  const net = new torch.nn.Linear(3, 1, { bias: false });
  const model = wrap(torch, net, options);
  const step = (value) =>
    model(torch.full([1, 3], value, { dtype: "float32" }))
      .sum()
      .backward();
  const grads = [];
  const note = () => grads.push(net.weight.grad.tolist()[0][0]);
  step(1 + rank);
  note();
  // Without zeroGrad, the next one adds.
  step(10 + rank);
  note();
  model.zeroGrad({ setToNone: false });
  model.noSync(() => {
    step(1 + rank);
    note();
    step(2 + rank);
    note();
  });
  step(3 + rank);
  note();
  model.zeroGrad();
  step(5 + rank);
  note();
  torch.nn.utils.clipGradNorm_(model.parameters(), 1);
  note();
  return grads;
}

export async function noSyncAsync({ torch, rank }) {
  const net = new torch.nn.Linear(1, 1, { bias: false });
  const model = wrap(torch, net);
  const step = (value) =>
    model(torch.tensor([[value]], { dtype: "float32" }))
      .sum()
      .backward();
  await model.noSync(async () => {
    await null;
    step(1 + rank);
  });
  const alone = net.weight.grad.item();
  let failed = false;
  try {
    model.noSync(() => {
      throw new Error("body");
    });
  } catch {
    failed = true;
  }
  step(1 + rank);
  return [alone, failed, net.weight.grad.item()];
}

/** Parameters that some ranks, or all of them, do not use. */
export function unusedParameters({ torch, rank, argument: options }) {
  const { nn } = torch;
  class Net extends nn.Module {
    a = new nn.Linear(2, 2, { bias: false });
    b = new nn.Linear(2, 2, { bias: false });
    c = new nn.Linear(2, 2, { bias: false });
    forward(x, usesB) {
      const y = this.a(x);
      return { y: usesB ? [this.b(y)] : [y] };
    }
  }
  const net = new Net();
  const model = wrap(torch, net, { findUnusedParameters: true, ...options });
  const grads = [];
  for (const usesB of [rank === 0, true, false]) {
    model.zeroGrad();
    model(torch.ones([1, 2]), usesB)
      .y[0].sum()
      .backward();
    grads.push(["a", "b", "c"].map((name) => net[name].weight.grad !== null));
  }
  return { grads, same: net.a.weight.grad?.tolist() };
}

export function unusedError({ torch }) {
  const { nn } = torch;
  class Net extends nn.Module {
    a = new nn.Linear(2, 2);
    b = new nn.Linear(2, 2);
    forward(x) {
      return this.a(x);
    }
  }
  const model = wrap(torch, new Net());
  model(torch.ones([1, 2]))
    .sum()
    .backward();
  model(torch.ones([1, 2]))
    .sum()
    .backward();
}

export function twice({ torch }) {
  const net = chain(torch, 2, 2);
  const model = wrap(torch, new torch.nn.Sequential(net, new torch.nn.Linear(2, 2)));
  const y = model(torch.ones([1, 2]));
  const hidden = net(torch.ones([1, 2])).sum();
  hidden.backward(undefined, { retainGraph: true });
  hidden.backward();
  y.sum().backward();
}

const broken = {
  count: (nn, rank) => (rank === 0 ? new nn.Linear(2, 2) : new nn.Linear(2, 2, { bias: false })),
  shape: (nn, rank) => new nn.Linear(2, rank === 1 ? 3 : 2),
  dtype: (nn, rank) => new nn.Linear(2, 2, { dtype: rank === 1 ? "float64" : "float32" }),
  name: (nn, rank) => new nn.ModuleDict({ [rank === 1 ? "b" : "a"]: new nn.Linear(2, 2) }),
  buffer: (nn, rank) => new nn.BatchNorm1d(2, { trackRunningStats: rank === 0 }),
  frozen: (nn) => new nn.Linear(2, 2).requiresGrad_(false),
  lazy: (nn) => new nn.LazyLinear(2),
};

export function mismatch({ torch, rank, argument }) {
  wrap(torch, broken[argument](torch.nn, rank));
}

export function badArguments({ torch, argument }) {
  wrap(torch, new torch.nn.Linear(2, 2), argument);
}

/** Parameters, buffers, state dicts and shared parameters. */
export function state({ torch, rank, argument: options }) {
  const { nn } = torch;
  torch.manualSeed(rank);
  const first = new nn.Linear(2, 2);
  const net = new nn.Sequential(first, new nn.BatchNorm1d(2), first);
  net[1].runningMean.fill_(rank + 1);
  const model = wrap(torch, net, options);
  const atStart = net[1].runningMean.tolist();
  model(torch.full([4, 2], rank, { dtype: "float32" }))
    .sum()
    .backward();
  const afterStep = net[1].runningMean.tolist();
  model.eval();
  model(torch.ones([4, 2]));
  return {
    keys: Object.keys(model.stateDict()),
    count: model.parameters().length,
    weight: first.weight.tolist(),
    grad: first.weight.grad.tolist(),
    isModule: model.module === net,
    atStart,
    afterStep,
    afterEval: net[1].runningMean.tolist(),
    text: String(model).split("\n")[0],
  };
}

/** Gradients stay those of buckets, also through moves and scopes. */
export function views({ torch }) {
  const net = chain(torch, 2, 2);
  const model = wrap(torch, net, { gradientAsBucketView: true });
  const step = () =>
    torch.tidy(() =>
      model(torch.ones([1, 2]))
        .sum()
        .backward(),
    );
  step();
  const storages = () => new Set(model.parameters().map((p) => p.grad.storage)).size;
  const first = storages();
  step();
  const grads = model.parameters().map((p) => p.grad.tolist());
  model.zeroGrad();
  step();
  return { first, second: storages(), grads, last: net[0].bias.grad.tolist() };
}

export function commHooks({ torch, rank, argument }) {
  const net = new torch.nn.Linear(2, 1, { bias: false });
  const model = wrap(torch, net, { gradientAsBucketView: argument.isView });
  const seen = [];
  const own = (state, bucket) => {
    seen.push([
      state,
      bucket.index(),
      bucket.isLast(),
      bucket.parameters()[0] === net.weight,
      bucket.gradients()[0].tolist(),
    ]);
    const copy = bucket.buffer().clone();
    const work = model.processGroup.allReduce(copy, "max");
    return { wait: () => work.wait() && copy };
  };
  const { algorithms } = torch.distributed;
  const hook = argument.name === "own" ? own : algorithms.ddpCommHooks[argument.name];
  const wrapped = argument.wrapper === undefined ? hook : algorithms.ddpCommHooks[argument.wrapper](hook);
  model.registerCommHook(argument.name === "own" ? "state" : null, wrapped);
  model(torch.tensor([[1 + rank, 0.1]], { dtype: "float32" }))
    .sum()
    .backward();
  let second = "";
  try {
    model.registerCommHook(null, own);
  } catch (error) {
    second = error.message;
  }
  return { grad: net.weight.grad.tolist(), seen, second, dtype: net.weight.grad.dtype };
}

/** Uneven inputs: rank r has r + 1 of them. */
export async function joined({ torch, rank, argument }) {
  const net = new torch.nn.Sequential(new torch.nn.Linear(1, 1, { bias: false }), new torch.nn.BatchNorm1d(1));
  torch.noGrad(() => net[0].weight.fill_(1));
  const model = wrap(torch, net, argument.options);
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
  let steps = 0;
  const step = () => {
    optimizer.zeroGrad();
    model(torch.tensor([[1], [3 + rank + steps]], { dtype: "float32" }))
      .square()
      .sum()
      .backward();
    optimizer.step();
    steps++;
  };
  const loop = () => {
    for (let i = 0; i <= rank; i++) step();
  };
  if (argument.isAsync)
    await model.join(async () => {
      await null;
      loop();
    }, argument.join);
  else model.join(loop, argument.join);
  const after = model.parameters().map((p) => p.tolist());
  step();
  return { steps, after, mean: net[1].runningMean.tolist(), later: model.parameters().map((p) => p.tolist()) };
}

/** Steps with gradients that are reduced as products of small matrices; all ranks begin with the same weights. */
export function powerSgd({ torch, rank, argument: { hook, options } }) {
  const { nn } = torch;
  const { PowerSGDState, ...hooks } = torch.distributed.algorithms.ddpCommHooks;
  const wave = (n, step, shift) => torch.arange(n, { dtype: "float64" }).mul(step).add(shift);
  // The order of a weight and its bias in a bucket differs from PyTorch's, which matters where a bucket is one matrix.
  const bias = hook === "powerSGDHook";
  const linear = (from, to) => [new nn.Linear(from, to, { bias }), new nn.Tanh()];
  const first = [new nn.Unflatten(1, [2, 6]), new nn.Conv1d(2, 8, 3, { bias }), new nn.Tanh(), new nn.Flatten()];
  const [last] = linear(16, 4);
  const net = new nn.Sequential(...first, ...linear(32, 16), ...linear(16, 16), ...linear(16, 16), last);
  net.double();
  torch.noGrad(() => {
    for (const [k, p] of net.parameters().entries()) p.copy_(wave(p.numel(), 0.7, k).sin().view(p.shape).mul(0.4));
  });
  const model = wrap(torch, net);
  const state = new PowerSGDState(null, options);
  model.registerCommHook(state, hooks[hook]);
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.002 });
  const losses = [];
  for (let step = 0; step < 7; step++)
    torch.tidy(() => {
      optimizer.zeroGrad();
      const x = wave(60, 0.37, step + 2 * rank)
        .cos()
        .view([5, 12]);
      const loss = model(x).square().sum();
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    });
  const norms = net.parameters().map((p) => p.grad.norm().item());
  const weights = net[4].weight.select(0, 0).narrow(0, 0, 4).tolist();
  return { losses, norms, weights, stats: state.compressionStats(), iter: state.iter };
}
