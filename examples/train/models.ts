/** The networks that can be trained. */
import * as torch from "kindling";

const { nn } = torch;
const F = nn.functional;

/** The convolutional network of PyTorch's CIFAR-10 tutorial, after LeCun et al., 1998. */
export class LeNet extends nn.Module {
  conv1: torch.nn.Conv2d;
  pool = new nn.MaxPool2d(2, { stride: 2 });
  conv2: torch.nn.Conv2d;
  fc1: torch.nn.Linear;
  fc2: torch.nn.Linear;
  fc3: torch.nn.Linear;

  constructor(channels: number, size: number, classes: number) {
    super();
    // Two convolutions take 4 pixels each, two poolings halve.
    const side = ((size - 4) / 2 - 4) / 2;
    // All here, in PyTorch's order: each draws its initial values from the same random stream.
    this.conv1 = new nn.Conv2d(channels, 6, 5);
    this.conv2 = new nn.Conv2d(6, 16, 5);
    this.fc1 = new nn.Linear(16 * side * side, 120);
    this.fc2 = new nn.Linear(120, 84);
    this.fc3 = new nn.Linear(84, classes);
  }

  override forward(x: torch.Tensor): torch.Tensor {
    x = this.pool(F.relu(this.conv1(x)));
    x = this.pool(F.relu(this.conv2(x)));
    x = torch.flatten(x, 1);
    x = F.relu(this.fc1(x));
    x = F.relu(this.fc2(x));
    return this.fc3(x);
  }
}

/** A perceptron with two hidden layers. */
export const mlp = (channels: number, size: number, classes: number) =>
  new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(channels * size * size, 512),
    new nn.ReLU(),
    new nn.Linear(512, 512),
    new nn.ReLU(),
    new nn.Linear(512, classes),
  );

export type Model = LeNet | ReturnType<typeof mlp>;

/** A fresh model for images of [channels, size, size]. */
export function createModel(name: "lenet" | "mlp", channels: number, size: number, classes: number): Model {
  return name === "lenet" ? new LeNet(channels, size, classes) : mlp(channels, size, classes);
}
