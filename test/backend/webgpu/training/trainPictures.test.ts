/** Networks for pictures trained on the GPU as on the cpu. */
import * as torch from "kindling";
import { describe } from "vitest";
import { noGpu, onGpu } from "../../../helpers/webgpu";
import { labels, lenetFeatures, testPrograms } from "./training";

const { nn, optim } = torch;

type Tensor = torch.Tensor;

class LeNet extends nn.Module {
  features = lenetFeatures();
  classifier = new nn.Sequential(new nn.Flatten(), new nn.Linear(16 * 2 * 2, 24), new nn.ReLU(), new nn.Linear(24, 4));

  override forward(x: Tensor): Tensor {
    return this.classifier(this.features(x));
  }
}

/** Two convolutions with batch normalization around a shortcut, as in ResNet-18. */
class BasicBlock extends nn.Module {
  conv1: torch.nn.Conv2d;
  bn1: torch.nn.BatchNorm2d;
  conv2: torch.nn.Conv2d;
  bn2: torch.nn.BatchNorm2d;
  downsample: torch.nn.Module;

  constructor(from: number, to: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(from, to, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(to);
    this.conv2 = new nn.Conv2d(to, to, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(to);
    this.downsample =
      stride === 1 && from === to
        ? new nn.Identity()
        : new nn.Sequential(new nn.Conv2d(from, to, 1, { stride, bias: false }), new nn.BatchNorm2d(to));
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(this.bn1(this.conv1(x)).relu()));
    return y.add((this.downsample as unknown as (x: Tensor) => Tensor)(x)).relu();
  }
}

class ResNet extends nn.Module {
  layers = new nn.Sequential(
    new nn.Conv2d(3, 8, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new BasicBlock(8, 8, 1),
    new BasicBlock(8, 16, 2),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(16, 4),
  );

  override forward(x: Tensor): Tensor {
    return this.layers(x);
  }
}

describe.skipIf(noGpu !== undefined)(`training ${onGpu}`, () => {
  testPrograms({
    LeNet: {
      make: () => new LeNet(),
      batch: () => [torch.randn(8, 1, 16, 16), labels(8)],
      optimizer: (parameters) => new optim.SGD(parameters, { lr: 0.05, momentum: 0.9 }),
      steps: 30,
    },
    "ResNet of basic blocks": {
      make: () => new ResNet(),
      batch: () => [torch.randn(8, 3, 8, 8), labels(8)],
      optimizer: (parameters) => new optim.SGD(parameters, { lr: 0.02, momentum: 0.9, weightDecay: 1e-4 }),
      steps: 20,
    },
  });
});
