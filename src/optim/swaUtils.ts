/** Averages of models over their training. @see torch.optim.swa_utils */
import { noGrad } from "../autograd/mode";
import type { Device } from "../backend/backend";
import { checkFlag, checkFunction } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { ArgumentError, describe, ValueError } from "../core/errors";
import { named, within } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import { snakeCase } from "../core/snakeCase";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm } from "../nn/layers/batchnorm";
import { deepcopy } from "../nn/module/deepcopy";
import { Module } from "../nn/module/module";
import { tensor } from "../tensor/create";
import { Tensor, tidy } from "../tensor/tensor";
import { type AnyOptimizer, LRScheduler, numbersPerGroup } from "./lrScheduler/scheduler";

/** The new average of a parameter, from the old one, the model's parameter, and how many models were averaged so far. */
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: number) => Tensor;

/** Changes all averages in place. */
export type MultiAvgFn = (averaged: readonly Tensor[], current: readonly Tensor[], numAveraged: number) => void;

const inPlace =
  (average: AvgFn): MultiAvgFn =>
  (averaged, current, numAveraged) => {
    averaged.forEach((old, i) => {
      tidy(() => {
        old.copy_(average(old, current[i]!, numAveraged));
      });
    });
  };

/** The mean of all models, each with the same weight. @see torch.optim.swa_utils.get_swa_avg_fn */
export const getSwaAvgFn = named(
  "getSwaAvgFn",
  "",
  (): AvgFn => (averaged, current, numAveraged) => averaged.add(current.sub(averaged).div(numAveraged + 1)),
);

/**
 * An average in which older models count less and less.
 * @param decay Share of the old average in the new one, in [0, 1].
 * @see torch.optim.swa_utils.get_ema_avg_fn
 */
export const getEmaAvgFn = named("getEmaAvgFn", "decay?", (decay = 0.999): AvgFn => {
  if (!(typeof decay === "number" && decay >= 0 && decay <= 1))
    throw new ValueError(`getEmaAvgFn: Invalid decay value ${describe(decay)}; please provide a value in [0, 1]`);
  return (averaged, current) => averaged.mul(decay).add(current, { alpha: 1 - decay });
});

/** {@link getSwaAvgFn} for all parameters at once. @see torch.optim.swa_utils.get_swa_multi_avg_fn */
export const getSwaMultiAvgFn = named("getSwaMultiAvgFn", "", (): MultiAvgFn => inPlace(getSwaAvgFn()));

/** {@link getEmaAvgFn} for all parameters at once. @see torch.optim.swa_utils.get_ema_multi_avg_fn */
export const getEmaMultiAvgFn = named(
  "getEmaMultiAvgFn",
  "decay?",
  (decay = 0.999): MultiAvgFn => inPlace(getEmaAvgFn(decay)),
);

/** Options of {@link AveragedModel}. */
export interface AveragedModelOptions {
  /** Where the average is kept. Default: with the model. */
  device?: Device;
  /** Default: the mean of all models. */
  avgFn?: AvgFn;
  /** In place of `avgFn`. */
  multiAvgFn?: MultiAvgFn;
  /** Average the buffers too, instead of taking over those of the last model. Default: false. */
  useBuffers?: boolean;
}

/** What {@link AveragedModel} takes. */
export type AveragedModelArguments<M> = { model: M } & AveragedModelOptions;

const averagedModelSignature = "model; device, avgFn, useBuffers; multiAvgFn";

/**
 * A model whose parameters are the average of another's over its training: stochastic weight averaging, or an exponential moving average.
 * @see torch.optim.swa_utils.AveragedModel
 * @see Averaging Weights Leads to Wider Optima and Better Generalization (Izmailov et al., 2018)
 * @example
 * const ema = new AveragedModel(model, { multiAvgFn: getEmaMultiAvgFn(0.999) });
 * optimizer.step();
 * ema.updateParameters(model);
 */
export class AveragedModel<M extends Module = any> extends Module {
  /** @internal */
  static readonly signature: string = averagedModelSignature;

  readonly module: M;
  /** How many models were averaged, 0-d int64. */
  declare nAveraged: Tensor;
  private readonly average: MultiAvgFn;
  private readonly useBuffers: boolean;

  constructor(...given: Arguments<typeof averagedModelSignature, AveragedModelArguments<M>>) {
    super();
    const { model, ...options } = argumentsOf<AveragedModelArguments<M>>(
      "AveragedModel",
      averagedModelSignature,
      given,
    );
    const { device, avgFn = getSwaAvgFn(), multiAvgFn } = options;
    if (options.useBuffers !== undefined) checkFlag("AveragedModel", "useBuffers", options.useBuffers);
    for (const [name, average] of Object.entries({ avgFn, ...(multiAvgFn && { multiAvgFn }) }))
      checkFunction("AveragedModel", name, average);
    if (!(model instanceof Module)) throw new ArgumentError(`AveragedModel: takes a Module, got ${describe(model)}`);
    if (options.avgFn !== undefined && multiAvgFn !== undefined)
      throw new ValueError("AveragedModel: Only one of avgFn and multiAvgFn should be provided");
    this.module = deepcopy(model as Module) as M;
    within("AveragedModel", () => {
      if (device !== undefined) this.module.to(device);
      this.registerBuffer("nAveraged", tensor(0, { dtype: "int64", device }));
    });
    this.average = multiAvgFn ?? inPlace(avgFn);
    this.useBuffers = options.useBuffers ?? false;
  }

  override stateKey(field: string): string {
    return snakeCase(field);
  }

  override forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return this.module(...args);
  }

  /** Takes the parameters of a model into the average; those of the first are copied. */
  updateParameters(model: M): void {
    const count = this.nAveraged.item();
    const tensorsOf = (module: Module): Tensor[] => [
      ...module.parameters(),
      ...(this.useBuffers ? module.buffers() : []),
    ];
    noGrad(() => {
      const averaged = tensorsOf(this.module);
      const current = tensorsOf(model);
      if (count === 0) copyAll(averaged, current);
      else this.average(averaged, current, count);
      if (!this.useBuffers) copyAll(this.module.buffers(), model.buffers());
      this.nAveraged.add_(1);
    });
  }
}

function copyAll(to: readonly Tensor[], from: readonly Tensor[]): void {
  to.forEach((x, i) => {
    x.copy_(from[i]!);
  });
}

const isBatchNorm = (module: Module): module is BatchNorm1d =>
  [BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm].some((layer) => module instanceof layer);

/**
 * Computes the running statistics of a model's batch normalization anew, by one pass over the data.
 * @param loader Batches: tensors, or lists whose first item is the input.
 * @see torch.optim.swa_utils.update_bn
 */
export const updateBn = named(
  "updateBn",
  "loader(), model; device",
  async (
    loader: AsyncIterable<unknown> | Iterable<unknown>,
    model: Module,
    options: { device?: Device } = {},
  ): Promise<void> => {
    if (!(model instanceof Module)) throw new ArgumentError(`updateBn: model must be a Module, got ${describe(model)}`);
    if (typeof loader !== "object" || loader === null || !(Symbol.asyncIterator in loader || Symbol.iterator in loader))
      throw new ArgumentError(`updateBn: loader must be an iterable of batches, got ${describe(loader)}`);
    const layers = model.modules().filter(isBatchNorm);
    if (layers.length === 0) return;
    const momenta = layers.map((layer) => layer.momentum);
    const { training } = model;
    for (const layer of layers) {
      layer.resetRunningStats();
      // The plain mean over all batches.
      layer.momentum = null;
    }
    model.train();
    try {
      for await (const batch of loader) {
        const first = batch instanceof Tensor ? batch : (batch as readonly unknown[])[0];
        const input = options.device !== undefined && first instanceof Tensor ? first.to(options.device) : first;
        noGrad(() => tidy(() => void model(input)));
      }
    } finally {
      layers.forEach((layer, i) => {
        layer.momentum = momenta[i]!;
      });
      model.train(training);
    }
  },
);

/** Options of {@link SWALR}. */
export interface SWALROptions {
  /** Epochs until the rate is reached. Default: 10. */
  annealEpochs?: number;
  /** Default: "cos". */
  annealStrategy?: "cos" | "linear";
  /** The epoch to resume after. Default: -1, from the start. */
  lastEpoch?: number;
}

/** What {@link SWALR} takes. */
export type SWALRArguments = { optimizer: AnyOptimizer; swaLr: number | readonly number[] } & SWALROptions;

const swaLrSignature = "optimizer, swaLr; annealEpochs, annealStrategy, lastEpoch";

/**
 * Anneals the rate to a fixed value, for stochastic weight averaging.
 * @param swaLr The value, or one per group.
 * @see torch.optim.swa_utils.SWALR
 * @throws ValueError for an unknown strategy or a negative number of epochs.
 */
export class SWALR extends LRScheduler {
  readonly annealEpochs: number;
  readonly #anneal: (share: number) => number;

  /** @internal */
  static readonly signature: string = swaLrSignature;

  constructor(...given: Arguments<typeof swaLrSignature, SWALRArguments>) {
    const {
      optimizer,
      swaLr,
      annealEpochs = 10,
      annealStrategy = "cos",
      lastEpoch,
    } = argumentsOf<SWALRArguments>("SWALR", swaLrSignature, given);
    super(optimizer, { lastEpoch });
    if (annealStrategy !== "cos" && annealStrategy !== "linear")
      throw new ValueError(
        `SWALR: annealStrategy must be one of "cos" or "linear", instead got ${describe(annealStrategy)}`,
      );
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0)
      throw new ValueError(`SWALR: annealEpochs must be equal or greater than 0, got ${describe(annealEpochs)}`);
    numbersPerGroup("SWALR", optimizer, "swaLr", swaLr).forEach((lr, i) => {
      Object.assign(optimizer.paramGroups[i]!, { swaLr: lr });
    });
    this.annealEpochs = annealEpochs;
    this.#anneal = annealStrategy === "cos" ? (share) => (1 - Math.cos(Math.PI * share)) / 2 : (share) => share;
    this.initialStep();
  }

  /** How much of the way is gone after a number of steps. */
  private shareAt(step: number): number {
    return this.#anneal(Math.max(0, Math.min(1, step / Math.max(1, this.annealEpochs))));
  }

  getLr(): number[] {
    const taken = this._stepCount - 1;
    const step = this.annealEpochs === 0 ? Math.max(1, taken) : taken;
    const before = this.shareAt(step - 1);
    const now = this.shareAt(step);
    return this.optimizer.paramGroups.map(({ lr, swaLr }) => {
      // The rate that the way began at, from how far it has come.
      const first = before === 1 ? swaLr : (lr - before * swaLr) / (1 - before);
      return swaLr * now + first * (1 - now);
    });
  }
}
