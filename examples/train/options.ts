/** The command line of `npm start`. */
import { integer, oneOf, positive, text, type Values } from "../shared/program";

export const about = `Trains an image classifier, then saves, reloads and evaluates it.

  npm start                                   on digits drawn by code
  npm start -- --data DIR                     on CIFAR-10 (binary version), MNIST or Fashion-MNIST (IDX files)`;

export const flags = {
  data: text(
    undefined,
    "DIR",
    "folder with data_batch_*.bin and test_batch.bin, or with train-images-idx3-ubyte(.gz) …",
  ),
  epochs: integer(5, "passes over the training images"),
  batchSize: integer(4, "images per step"),
  lr: positive(0.001, "learning rate"),
  optimizer: oneOf(["sgd", "adam", "adamw"], "sgd (momentum 0.9), adam or adamw"),
  model: oneOf(["lenet", "mlp"], "lenet or mlp"),
  workers: integer(0, "workers that load batches", 0),
  threads: integer(undefined, "threads that compute (default: all cores)"),
  seed: integer(0, "seed of initialization and shuffling", 0),
  log: text(undefined, "DIR", "folder for event files, which `npx kindling board DIR` shows"),
  out: text("runs", "DIR", "folder for the saved model and the picture"),
};

export type Options = Values<typeof flags>;
