/** Tasks that a module of the user's describes by what it exports. */
import * as torch from "../../index";
import { UsageError } from "../commandLine";
import { exportOf, importOwn, modelOf, type Own } from "../own";
import type { Loader, Task } from "./loop";

/** What the command line says of a task. */
export interface OwnOptions {
  readonly batchSize: number;
  readonly workers: number;
  optimizer(model: torch.nn.Module): Task["optimizer"];
}

const isTensor = (value: unknown): value is torch.Tensor => value instanceof torch.Tensor;

/** A loader as it is; a data set, or a pair of tensors, in batches. */
function loaderOf(path: string, name: string, given: unknown, shuffle: boolean, options: OwnOptions): Loader {
  if (given !== null && typeof given === "object" && Symbol.asyncIterator in given) return given as Loader;
  const isPair = Array.isArray(given) && given.length === 2 && given.every(isTensor);
  const data = isPair ? new torch.utils.data.TensorDataset(...(given as torch.Tensor[])) : given;
  const { length, at } = (data ?? {}) as { length?: unknown; at?: unknown };
  if (typeof length !== "number" || typeof at !== "function")
    throw new UsageError(
      `"${path}": "${name}" must be a DataLoader, a data set with length and at(i), or a pair of tensors`,
    );
  const { batchSize, workers: numWorkers } = options;
  return new torch.utils.data.DataLoader(data as never, { batchSize, shuffle, numWorkers }) as unknown as Loader;
}

/** The loss that a module exports, or the usual one for labels and for numbers. */
function lossOf(own: Own): Task["loss"] {
  const given = exportOf(own, "loss");
  if (given instanceof torch.nn.Module) return (outputs, targets) => given(outputs, targets);
  if (typeof given === "function") return given;
  const { functional: F } = torch.nn;
  return (outputs, targets) =>
    targets.dtype === "int64" ? F.crossEntropy(outputs, targets) : F.mseLoss(outputs, targets.reshape(outputs.shape));
}

/**
 * The task of a module that exports `model` and `train`, and may export `test`, `loss` (a module or a function of outputs and targets),
 * `optimizer` (one, or a function that makes one of the model) and `classes`.
 * @throws UsageError for what is missing or of another kind.
 */
export async function ownTask(path: string, options: OwnOptions): Promise<Task> {
  const own = await importOwn(path);
  const model = await modelOf(path, own);
  const [train, test] = [exportOf(own, "train"), exportOf(own, "test")];
  if (train === undefined)
    throw new UsageError(`"${path}" exports no "train": a DataLoader, a data set, or a pair of tensors`);
  const given = exportOf(own, "optimizer") ?? options.optimizer;
  return {
    model,
    optimizer: typeof given === "function" ? await given(model) : given,
    train: loaderOf(path, "train", await train, true, options),
    test: test === undefined ? undefined : loaderOf(path, "test", await test, false, options),
    prepare: (inputs) => inputs,
    loss: lossOf(own),
    classes: exportOf(own, "classes"),
  };
}
