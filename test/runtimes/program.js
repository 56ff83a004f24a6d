/**
 * The program that every runtime runs on the built bundle: trains a tiny network from batches of a DataLoader, with nothing configured.
 * It makes and forgets more memory than there is if `forgets` is true. Plain JavaScript, so that browsers and all servers take the same file.
 */
export async function run(torch, { forgets }) {
  const { nn, optim, utils } = torch;
  torch.manualSeed(0);
  const x = torch.randn(256, 20);
  const y = x.sum(1).gt(0).long();
  const loader = (numWorkers) =>
    new utils.data.DataLoader(new utils.data.TensorDataset(x, y), { batchSize: 32, shuffle: true, numWorkers });
  const train = async (numWorkers) => {
    torch.manualSeed(1);
    const model = new nn.Sequential(
      new nn.Linear(20, 512),
      new nn.ReLU(),
      new nn.Linear(512, 256),
      new nn.Tanh(),
      new nn.Linear(256, 2),
    );
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
    const lossFn = new nn.CrossEntropyLoss();
    const losses = [];
    for (let epoch = 0; epoch < 3; epoch++)
      for await (const [inputs, labels] of loader(numWorkers)) {
        const loss = lossFn(model(inputs), labels);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        losses.push(loss.item());
      }
    return losses;
  };
  const losses = await train(0);
  const withWorkers = await train(2);
  // Large enough for several threads; waits until they are up.
  const a = torch.randn(400, 400);
  const deadline = performance.now() + 5000;
  while (torch.doctor().threads.running < torch.getNumThreads() && performance.now() < deadline) {
    a.matmul(a);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { losses, withWorkers, doctor: torch.doctor(), peak: forgets ? await forget(torch) : 0 };
}

/**
 * Makes and forgets 4.5 GiB of tensors, more than there is, and returns the bytes that were held at most. Servers do without a turn of the event
 * loop; a page needs one now and then, and takes long for each round of its collector, so that it makes 3.5 GiB.
 */
async function forget(torch) {
  const isPage = typeof document === "object";
  for (let i = 0; i < (isPage ? 448 : 576); i++) {
    torch.zeros(1 << 20).add(1);
    if (isPage && i % 16 === 0) await torch.nextTurn();
  }
  return torch.memoryStats().peakAllocated;
}
