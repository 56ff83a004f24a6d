/** The networks that can be trained. */
import * as torch from "kindling";

const { nn, vision } = torch;

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

export type Model = torch.vision.models.LeNet | ReturnType<typeof mlp>;

/** A fresh model for images of [channels, size, size]. */
export function createModel(name: "lenet" | "mlp", channels: number, size: number, classes: number): Model {
  return name === "lenet"
    ? new vision.models.LeNet({ channels, size, numClasses: classes })
    : mlp(channels, size, classes);
}
