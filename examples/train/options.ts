/** The command line of `npm start`. */
import { parseArgs } from "node:util";

/** A mistake of the user's: shown as one line, without a stack. */
export class UsageError extends Error {}

export interface Options {
  /** A folder with CIFAR-10, MNIST or Fashion-MNIST; the embedded digits if undefined. */
  readonly data: string | undefined;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly optimizer: "sgd" | "adam" | "adamw";
  readonly workers: number;
  readonly threads: number | undefined;
  readonly seed: number;
  readonly model: "lenet" | "mlp";
  /** Where the model and the picture go. */
  readonly out: string;
}

export const help = `Trains an image classifier, then saves, reloads and evaluates it.

  npm start                                   on digits drawn by code
  npm start -- --data DIR                     on CIFAR-10 (binary version), MNIST or Fashion-MNIST (IDX files)

Options
  --data DIR         folder with data_batch_*.bin and test_batch.bin, or with train-images-idx3-ubyte(.gz) and its companions
  --epochs N         passes over the training images (default 5)
  --batch-size N     images per step (default 4)
  --lr X             learning rate (default 0.001)
  --optimizer NAME   sgd (momentum 0.9), adam or adamw (default sgd)
  --model NAME       lenet or mlp (default lenet)
  --workers N        workers that load batches (default 0)
  --threads N        threads that compute (default: all cores)
  --seed N           seed of initialization and shuffling (default 0)
  --out DIR          folder for the saved model and the picture (default runs)
  --help             this text
`;

const flags = {
  data: { type: "string" },
  epochs: { type: "string" },
  "batch-size": { type: "string" },
  lr: { type: "string" },
  optimizer: { type: "string" },
  model: { type: "string" },
  workers: { type: "string" },
  threads: { type: "string" },
  seed: { type: "string" },
  out: { type: "string" },
  help: { type: "boolean" },
} as const;

function integer(name: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least)
    throw new UsageError(`--${name} takes an integer of at least ${least}, got "${text}"`);
  return value;
}

function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0)
    throw new UsageError(`--${name} takes a positive number, got "${text}"`);
  return value;
}

function oneOf<T extends string>(name: string, text: string | undefined, choices: readonly [T, ...T[]]): T {
  if (text === undefined) return choices[0];
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new UsageError(`--${name} takes ${choices.join(", ")}, got "${text}"`);
  return found;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(". ")[0]}; --help lists the options`);
  }
}

/** The options, or "help". @throws UsageError naming the flag and what it takes. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const given = parse(args);
  if (given.help) return "help";
  return {
    data: given.data,
    epochs: integer("epochs", given.epochs, 5, 1),
    batchSize: integer("batch-size", given["batch-size"], 4, 1),
    lr: positive("lr", given.lr, 0.001),
    optimizer: oneOf("optimizer", given.optimizer, ["sgd", "adam", "adamw"]),
    workers: integer("workers", given.workers, 0, 0),
    threads: given.threads === undefined ? undefined : integer("threads", given.threads, 1, 1),
    seed: integer("seed", given.seed, 0, 0),
    model: oneOf("model", given.model, ["lenet", "mlp"]),
    out: given.out ?? "runs",
  };
}
