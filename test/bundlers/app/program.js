/**
 * What every environment runs: LeNet trains for 50 steps, workers of a DataLoader read with the library's own classes, and a data set of the program's
 * own class is read with workers wished for. Plain JavaScript without `import.meta`, so that every bundler and CommonJS take the same file.
 */
const STEPS = 50;

/** A newcomer's class, which says nothing of modules. */
export const createSquares = (torch) =>
  new (class Squares extends torch.utils.data.Dataset {
    length = 6;
    at(i) {
      return torch.tensor(i * i);
    }
  })();

function createNetwork({ nn }) {
  return new nn.Sequential(
    new nn.Conv2d(1, 6, 5, { padding: 2 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(16 * 5 * 5, 120),
    new nn.ReLU(),
    new nn.Linear(120, 84),
    new nn.ReLU(),
    new nn.Linear(84, 10),
  );
}

async function train(torch, isBrief) {
  torch.manualSeed(0);
  const labels = torch.randint(0, 10, [128]);
  const stripes = torch.nn.functional.oneHot(labels, 28).float().reshape(128, 1, 28, 1).mul(3);
  const images = torch.randn(128, 1, 28, 28).add(stripes);
  const net = createNetwork(torch);
  const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.05, momentum: 0.9 });
  const lossFn = new torch.nn.CrossEntropyLoss();
  const losses = [];
  for (let step = 0; step < (isBrief ? 3 : STEPS); step++) {
    const at = (step * 16) % 128;
    const loss = lossFn(net(images.narrow(0, at, 16)), labels.narrow(0, at, 16));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.item());
    if (step % 10 === 0) await torch.nextTurn();
  }
  return losses;
}

/** The values of all batches, in their order. */
async function read(torch, dataset) {
  const loader = new torch.utils.data.DataLoader(dataset, { batchSize: 2, numWorkers: 2 });
  const values = [];
  for await (const batch of loader) values.push(...(Array.isArray(batch) ? batch[0] : batch).tolist());
  return values;
}

/** @param own Data sets of the program's own, by name. */
export async function run(torch, own = {}, isBrief = false) {
  const warnings = [];
  const { warn } = console;
  console.warn = (...words) => void warnings.push(words.join(" "));
  try {
    const losses = await train(torch, isBrief);
    const { TensorDataset } = torch.utils.data;
    const library = await read(torch, new TensorDataset(torch.arange(6)));
    const values = {};
    for (const [name, dataset] of Object.entries({ squares: createSquares(torch), ...own }))
      values[name] = await read(torch, dataset);
    const printed = String(new torch.nn.Linear(2, 3));
    return { losses, library, values, printed, warnings, doctor: torch.doctor() };
  } finally {
    console.warn = warn;
  }
}
