/** Training a classifier (PyTorch's tutorials: neural networks, CIFAR-10). */
import * as torch from "kindling";

const { nn, optim } = torch;
const F = nn.functional;

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5);
  pool = new nn.MaxPool2d(2, 2);
  conv2 = new nn.Conv2d(6, 16, 5, { padding: 2 });
  fc1 = new nn.Linear(16 * 6 * 6, 120);
  fc2 = new nn.Linear(120, 84);
  fc3 = new nn.Linear(84, 10);

  forward(x: torch.Tensor) {
    x = this.pool(F.relu(this.conv1(x)));
    x = this.pool(F.relu(this.conv2(x)));
    x = x.view(-1, this.numFlatFeatures(x));
    x = F.relu(this.fc1(x));
    x = F.relu(this.fc2(x));
    return this.fc3(x);
  }

  numFlatFeatures(x: torch.Tensor) {
    const size = x.size().slice(1);
    let numFeatures = 1;
    for (const s of size) numFeatures *= s;
    return numFeatures;
  }
}

export async function main() {
  torch.manualSeed(0);
  const net = new Net();
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
  const images = torch.randn(8, 1, 28, 28);
  const labels = torch.randint(0, 10, [8]);
  const trainset = new torch.utils.data.TensorDataset(images, labels);
  const trainloader = new torch.utils.data.DataLoader(trainset, { batchSize: 4, shuffle: true });

  let runningLoss = 0;
  for (let epoch = 0; epoch < 2; epoch++) {
    for await (const [inputs, targets] of trainloader) {
      optimizer.zeroGrad();
      const outputs = net(inputs);
      const loss = criterion(outputs, targets);
      loss.backward();
      optimizer.step();
      runningLoss += loss.item();
    }
  }

  let correct = 0;
  let total = 0;
  const correctOf = new Array<number>(10).fill(0);
  torch.noGrad(() => {
    for (const [inputs, targets] of trainloader) {
      const outputs = net(inputs);
      const [, predicted] = torch.max(outputs, 1);
      total += targets.size(0);
      correct += predicted.eq(targets).sum().item();
      const hits = predicted.eq(targets).squeeze();
      for (let i = 0; i < targets.shape[0]; i++) {
        const label = targets.at(i).item();
        correctOf[label] = (correctOf[label] ?? 0) + Number(hits.at(i).item());
      }
    }
  });
  for (const [name, parameter] of net.namedParameters()) {
    const size: number = parameter.numel();
    if (size === 0 || name === "") throw new Error(`${name} is empty`);
  }
  const [n, c, h, w] = images.shape;
  const pixels: number = n * c * h * w;
  const parameterCount = net.parameters().reduce((sum, p) => sum + p.numel(), 0);
  return { accuracy: correct / total, runningLoss, pixels, parameterCount };
}
