/** What the ranks of the tests of DistributedDataParallel do. */

/** LeNet on random images, of which each rank has its part: losses, and the weights as text. */
export function leNet({ torch, group, rank, size, argument = {} }) {
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
        group.allReduce(total, "avg").wait();
        return total.item();
      }),
    );
  }
  return {
    losses,
    weights: model.parameters().map((p) => p.tolist()),
    buckets: new Set(model.parameters().map((p) => p.grad.storage)).size,
  };
}
