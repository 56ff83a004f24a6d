/** LeNet (LeCun et al., 1998), as in PyTorch's CIFAR-10 tutorial. */

import { checkInteger } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { composes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import type { Tensor } from "../../tensor/tensor";

const F = nn.functional;

/** Options of {@link LeNet}. */
export interface LeNetOptions {
  /** Default: 10. */
  numClasses?: number;
  /** Channels of the images. Default: 3. */
  channels?: number;
  /** Height and width of the images: a multiple of 4, at least 16. Default: 32. */
  size?: number;
}

const signature = "; numClasses, channels, size";

/**
 * Two convolutions and three linear layers. Shape: [N, channels, size, size] → [N, numClasses].
 * @see https://pytorch.org/tutorials/beginner/blitz/cifar10_tutorial.html
 * @example const model = new vision.models.LeNet({ channels: 1, size: 28 }); // MNIST
 */
export class LeNet extends nn.Module {
  conv1: nn.Conv2d;
  pool: nn.MaxPool2d;
  conv2: nn.Conv2d;
  fc1: nn.Linear;
  fc2: nn.Linear;
  fc3: nn.Linear;

  constructor(numClasses?: number, channels?: number, size?: number);
  constructor(...given: Arguments<typeof signature, LeNetOptions>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { numClasses: 10, channels: 3, size: 32 };
    const { numClasses, channels, size } = readArguments<LeNetOptions>(layer, signature, defaults, given);
    checkInteger(layer, "channels", channels, 1);
    if (checkInteger(layer, "size", size, 16) % 4 !== 0)
      throw new ValueError(`${layer}: size must be a multiple of 4, got ${size}`);
    // Each convolution takes 4 pixels, each pooling halves what is left.
    const side = ((size - 4) / 2 - 4) / 2;
    this.conv1 = new nn.Conv2d(channels, 6, 5);
    this.pool = new nn.MaxPool2d(2, 2);
    this.conv2 = new nn.Conv2d(6, 16, 5);
    this.fc1 = new nn.Linear(16 * side * side, 120);
    this.fc2 = new nn.Linear(120, 84);
    this.fc3 = new nn.Linear(84, numClasses);
  }

  override forward(input: Tensor): Tensor {
    let x = this.pool(F.relu(this.conv1(input)));
    x = this.pool(F.relu(this.conv2(x)));
    x = x.flatten(1);
    x = F.relu(this.fc1(x));
    x = F.relu(this.fc2(x));
    return this.fc3(x);
  }
}

composes("input()", LeNet);

/** {@link LeNet} with 62,006 parameters for CIFAR-10. */
export const lenet = named(
  "lenet",
  ";; numClasses, channels, size",
  (options?: LeNetOptions): LeNet => new LeNet(options ?? {}),
);
