/** Batch and instance normalization as layers. */

import { noGrad } from "../../autograd/mode";
import type { Device } from "../../backend/backend";
import { isPlainObject } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { ones, tensor, zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { ones_, zeros_ } from "../init";
import { batchDefaults, instanceDefaults } from "../module/defaults";
import { type FactoryOptions, newParameter } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { type Given, readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { float, text } from "../module/repr";
import { stateKeyOf } from "../module/state";
import { lateParts } from "../parallel/late";

/** Options of batch and instance normalization. */
export interface BatchNormOptions extends FactoryOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Weight of the new statistics in the running ones; null for their plain mean. Default: 0.1. */
  momentum?: number | null;
  /** Whether scale and shift are learned. Default: true (instance normalization: false). */
  affine?: boolean;
  /** Whether running statistics are kept. Default: true (instance normalization: false). */
  trackRunningStats?: boolean;
}

/** Parameters of batch and instance normalization. */
export interface BatchNormParameters extends BatchNormOptions {
  /** The number of channels. */
  numFeatures: number;
}

const signature = "numFeatures; eps, momentum, affine, trackRunningStats, device, dtype";

const syncSignature = "numFeatures; eps, momentum, affine, trackRunningStats, processGroup, device, dtype";
const syncDefaults = { ...batchDefaults, processGroup: null };

/** Parameters and running statistics of a normalization over channels. */
abstract class ChannelNorm extends Module {
  numFeatures: number;
  eps: number;
  momentum: number | null;
  affine: boolean;
  trackRunningStats: boolean;
  /** Shape: [numFeatures]. */
  weight: Parameter | null;
  /** Shape: [numFeatures]. */
  bias: Parameter | null;
  runningMean: Tensor | null = null;
  runningVar: Tensor | null = null;
  /** How many batches the running statistics have seen, 0-d int64. */
  numBatchesTracked: Tensor | null = null;

  constructor(options: Given<BatchNormParameters>) {
    super();
    const { numFeatures, dtype, device = "cpu" } = options;
    this.numFeatures = numFeatures;
    this.eps = options.eps;
    this.momentum = options.momentum;
    this.affine = options.affine;
    this.trackRunningStats = options.trackRunningStats;
    this.weight = options.affine ? newParameter([numFeatures], options) : null;
    this.bias = options.affine ? newParameter([numFeatures], options) : null;
    const tracks = options.trackRunningStats;
    const where = { device, ...(dtype && { dtype }) };
    this.registerBuffer("runningMean", tracks ? zeros([numFeatures], where) : null);
    this.registerBuffer("runningVar", tracks ? ones([numFeatures], where) : null);
    this.registerBuffer("numBatchesTracked", tracks ? tensor(0, { dtype: "int64", device }) : null);
    this.resetParameters();
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** Forgets the running statistics. */
  resetRunningStats(): void {
    this.runningMean?.zero_();
    this.runningVar?.fill_(1);
    this.numBatchesTracked?.zero_();
  }

  /** Forgets the running statistics and what was learned. */
  resetParameters(): void {
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  /** The numbers of axes that inputs may have. */
  protected abstract get ranks(): readonly number[];

  protected checkInput(input: Tensor): void {
    if (this.ranks.includes(checkTensor(classNameOf(this), input).ndim)) return;
    const expected = this.ranks.map((rank) => `${rank}D`).join(" or ");
    throw new ShapeError(`${classNameOf(this)}: expected ${expected} input (got ${input.ndim}D input)`);
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats } = this;
    const momentumText = momentum === null ? "None" : text(momentum);
    return `${numFeatures}, eps=${float(eps)}, momentum=${momentumText}, affine=${text(affine)}, track_running_stats=${text(trackRunningStats)}`;
  }
}

abstract class BatchNorm extends ChannelNorm {
  constructor(
    numFeatures: number,
    eps?: number,
    momentum?: number | null,
    affine?: boolean,
    trackRunningStats?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof signature, BatchNormParameters>);
  constructor(...given: unknown[]) {
    super(readArguments<BatchNormParameters>(nameOf(new.target), signature, batchDefaults, given));
  }

  /** Counts the batch, and gives the weight of its statistics. */
  protected nextFactor(): number {
    if (!this.training || this.numBatchesTracked === null) return this.momentum ?? 0;
    this.numBatchesTracked.add_(1);
    return this.momentum ?? 1 / this.numBatchesTracked.item();
  }

  /** The cumulative average where the number of batches cannot be read: the statistics of the batch are weighed on its device. */
  private forwardCounted(input: Tensor, mean: Tensor, variance: Tensor, count: Tensor): Tensor {
    const { weight, bias, eps } = this;
    const [batchMean, batchVar] = [mean.detach().clone(), variance.detach().clone()];
    const y = F.batchNorm(input, batchMean, batchVar, { weight, bias, training: true, momentum: 1, eps });
    noGrad(() => {
      const share = count.add_(1).to(mean.dtype).reciprocal();
      mean.lerp_(batchMean, share);
      variance.lerp_(batchVar, share);
    });
    return y;
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    const { weight, bias, eps, runningMean, runningVar, numBatchesTracked: count } = this;
    const isCounted = this.training && this.momentum === null && runningMean !== null && runningVar !== null;
    if (isCounted && count !== null && !count.storage.backend.readsAtOnce)
      return this.forwardCounted(input, runningMean, runningVar, count);
    const momentum = this.nextFactor();
    const training = this.training || (runningMean === null && runningVar === null);
    const keeps = !this.training || this.trackRunningStats;
    return F.batchNorm(input, keeps ? runningMean : null, keeps ? runningVar : null, {
      weight,
      bias,
      training,
      momentum,
      eps,
    });
  }
}

/** Batch normalization. Shape: [N, C] or [N, C, L]. @see torch.nn.BatchNorm1d; Ioffe and Szegedy, 2015 */
export class BatchNorm1d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [2, 3];
  }
}

/** Batch normalization of images. Shape: [N, C, H, W]. @see torch.nn.BatchNorm2d; Ioffe and Szegedy, 2015 */
export class BatchNorm2d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [4];
  }
}

/** Batch normalization of volumes. Shape: [N, C, D, H, W]. @see torch.nn.BatchNorm3d; Ioffe and Szegedy, 2015 */
export class BatchNorm3d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [5];
  }
}

/** Options of {@link SyncBatchNorm}. */
export interface SyncBatchNormOptions extends BatchNormOptions {
  /** The ranks whose statistics count, a `torch.distributed.ProcessGroup`; null for all. Default: null. */
  processGroup?: unknown;
}

/**
 * Batch normalization by the mean and variance of the batches of all ranks together; alone and in evaluation, the same as the others. Shape: [N, C, …].
 * The gradients of its parameters are those of the own batch, as `DistributedDataParallel` expects them.
 * @throws ShapeError for inputs of fewer than 2 axes, ValueError for inputs without channels, or with one value per channel on all ranks together.
 * @see torch.nn.SyncBatchNorm
 * @example const model = new nn.parallel.DistributedDataParallel(nn.SyncBatchNorm.convertSyncBatchnorm(net));
 */
export class SyncBatchNorm extends BatchNorm {
  /** The ranks whose statistics count; null for all. */
  processGroup: unknown;

  constructor(
    numFeatures: number,
    eps?: number,
    momentum?: number | null,
    affine?: boolean,
    trackRunningStats?: boolean,
    processGroup?: unknown,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof syncSignature, SyncBatchNormOptions & { numFeatures: number }>);
  constructor(...given: unknown[]) {
    const { processGroup, ...options } = readArguments<SyncBatchNormOptions & { numFeatures: number }>(
      nameOf(new.target),
      syncSignature,
      syncDefaults,
      given,
    );
    super(options);
    this.processGroup = processGroup;
  }

  protected override get ranks(): readonly number[] {
    return [2, 3, 4, 5];
  }

  protected override checkInput(input: Tensor): void {
    const name = classNameOf(this);
    if (checkTensor(name, input).ndim < 2)
      throw new ShapeError(`${name}: expected at least 2D input (got ${input.ndim}D input)`);
    if (input.shape[1] === 0) throw new ValueError(`${name}: number of input channels should be non-zero`);
  }

  override forward(input: Tensor): Tensor {
    const { weight, bias, eps, processGroup } = this;
    const late = lateParts();
    if (!this.training || late === undefined || !late.isShared(processGroup)) return super.forward(input);
    this.checkInput(input);
    const [runningMean, runningVar] = this.trackRunningStats ? [this.runningMean, this.runningVar] : [null, null];
    const momentum = this.nextFactor();
    return late.syncedNorm(input, { weight, bias, eps, processGroup, momentum, runningMean, runningVar });
  }

  /**
   * Puts a layer like this in the place of every batch normalization of a model, with the same parameters and buffers.
   * @param processGroup The ranks whose statistics count; null for all. Default: null.
   * @returns The model, or the layer that takes its place.
   * @see torch.nn.SyncBatchNorm.convert_sync_batchnorm
   */
  static convertSyncBatchnorm<M extends Module>(module: M, processGroup?: unknown): M;
  static convertSyncBatchnorm(module: any, processGroup: any = null): any {
    const op = "convertSyncBatchnorm";
    if (isPlainObject(module)) return SyncBatchNorm.convertSyncBatchnorm(module.module as Module, module.processGroup);
    if (!(module instanceof Module)) throw new ArgumentError(`${op}: takes an nn.Module, got ${describe(module)}`);
    if (module instanceof BatchNorm) return synced(module, processGroup);
    for (const [field, child] of Object.entries(module))
      if (child instanceof Module)
        (module as unknown as Record<string, unknown>)[field] = SyncBatchNorm.convertSyncBatchnorm(child, processGroup);
    return module;
  }
}

/** A layer with the parameters and buffers of another. */
function synced(norm: BatchNorm, processGroup: unknown): SyncBatchNorm {
  const { numFeatures, eps, momentum, affine, trackRunningStats, training, weight, bias } = norm;
  const layer = new SyncBatchNorm({ numFeatures, eps, momentum, affine, trackRunningStats, processGroup });
  const { runningMean, runningVar, numBatchesTracked } = norm;
  return Object.assign(layer, { weight, bias, runningMean, runningVar, numBatchesTracked, training });
}

abstract class InstanceNorm extends ChannelNorm {
  constructor(
    numFeatures: number,
    eps?: number,
    momentum?: number | null,
    affine?: boolean,
    trackRunningStats?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof signature, BatchNormParameters>);
  constructor(...given: unknown[]) {
    super(readArguments<BatchNormParameters>(nameOf(new.target), signature, instanceDefaults, given));
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    if (input.ndim === this.ranks[0]) return this.forward(input.unsqueeze(0)).squeeze(0);
    const { weight, bias, eps, runningMean, runningVar } = this;
    const useInputStats = this.training || !this.trackRunningStats;
    const momentum = this.momentum ?? 0;
    return F.instanceNorm(input, { runningMean, runningVar, weight, bias, useInputStats, momentum, eps });
  }
}

/** Instance normalization. Shape: [N, C, L] or [C, L]. @see torch.nn.InstanceNorm1d; Ulyanov et al., 2016 */
export class InstanceNorm1d extends InstanceNorm {
  protected override get ranks(): readonly number[] {
    return [2, 3];
  }
}

/** Instance normalization of images. Shape: [N, C, H, W] or [C, H, W]. @see torch.nn.InstanceNorm2d; Ulyanov et al., 2016 */
export class InstanceNorm2d extends InstanceNorm {
  protected override get ranks(): readonly number[] {
    return [3, 4];
  }
}

/** Instance normalization of volumes. Shape: [N, C, D, H, W] or [C, D, H, W]. @see torch.nn.InstanceNorm3d; Ulyanov et al., 2016 */
export class InstanceNorm3d extends InstanceNorm {
  protected override get ranks(): readonly number[] {
    return [4, 5];
  }
}

takes("input", BatchNorm, InstanceNorm);
