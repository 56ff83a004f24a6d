/** The networks that the command line trains by name. */
import { nn, vision } from "../../index";
import { UsageError } from "../commandLine";

/** A perceptron with two hidden layers. */
const perceptron = (channels: number, size: number, classes: number): nn.Module =>
  new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(channels * size * size, 512),
    new nn.ReLU(),
    new nn.Linear(512, 512),
    new nn.ReLU(),
    new nn.Linear(512, classes),
  );

/** torchvision's classifiers. */
const classifiers = (): string[] => vision.models.listModels(vision.models);

/** What `--model` takes. */
export const modelNames = (): string[] => ["lenet", "mlp", ...classifiers().filter((name) => name !== "lenet")];

/** A picture as the model is given it. */
export interface PictureShape {
  readonly channels: number;
  /** Height and width. */
  readonly size: number;
}

/** Channels that a model reads of pictures with so many: the classifiers of torchvision know colors only. */
export const channelsOf = (name: string, channels: number): number =>
  name === "lenet" || name === "mlp" ? channels : 3;

/** A fresh model for pictures of [channels, size, size]. @throws UsageError for an unknown name. */
export function createModel(name: string, { channels, size }: PictureShape, classes: number): nn.Module {
  if (name === "lenet") return new vision.models.LeNet({ channels, size, numClasses: classes });
  if (name === "mlp") return perceptron(channels, size, classes);
  if (!classifiers().includes(name))
    throw new UsageError(`--model: there is no "${name}"; there are ${modelNames().join(", ")}`);
  return vision.models.getModel(name, { numClasses: classes });
}
