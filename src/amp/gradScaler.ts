/** `torch.amp.GradScaler`: keeps small gradients from vanishing in float16. */
import { noGrad } from "../autograd/mode";
import { checkFlag, checkInteger } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { classNameOf } from "../core/className";
import { ArgumentError, DeviceError, describe, StateError } from "../core/errors";
import { declareMethods } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import type { Optimizer } from "../optim/optimizer";
import { stepUnless } from "../optim/steps/skips";
import { full } from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { checkBackoff, checkGrowth, checkScale, divide, gradientsOf, isGated, positive, readScale } from "./scaling";

/** Options of {@link GradScaler}. */
export interface GradScalerOptions {
  /** The first scale. Default: 65536. */
  initScale?: number;
  /** What the scale is multiplied by after {@link growthInterval} steps in a row without infinities. Default: 2. */
  growthFactor?: number;
  /** What it is multiplied by after a step that was skipped. Default: 0.5. */
  backoffFactor?: number;
  /** Default: 2000. */
  growthInterval?: number;
  /** Whether anything is scaled. Default: true. */
  enabled?: boolean;
}

/** What a scaler remembers, in PyTorch's spelling; empty if it is not enabled. */
export interface GradScalerState {
  scale?: number;
  growth_factor?: number;
  backoff_factor?: number;
  growth_interval?: number;
  _growth_tracker?: number;
}

/** What is computed on a device, or known at once. */
interface Progress {
  stage: "ready" | "unscaled" | "stepped";
  /** One float32, which is 1 if a gradient is not finite. */
  found: Tensor | undefined;
}

const signature = "; initScale, growthFactor, backoffFactor, growthInterval, enabled";

/** A value of one element on the device of another tensor. */
const single = (value: number, dtype: "float32" | "int32", like: Tensor): Tensor => {
  const x = full([1], value, { dtype, device: like.device });
  x.isKept = true;
  return x;
};

/**
 * Multiplies losses by a scale, so that small gradients do not vanish in float16, and divides the gradients by it before an optimizer steps with them. A
 * step with gradients that are infinite or NaN is skipped, and the scale shrinks; after many steps without it grows.
 *
 * On a device that cannot be read at once nobody waits for the outcome: the device itself leaves out the steps of SGD, Adam, AdamW, Adamax, Adagrad, Adadelta,
 * RMSprop, Rprop and Lion. With other optimizers use {@link stepAsync}.
 * @see torch.cuda.amp.GradScaler
 * @throws ValueError unless `growthFactor` is above 1 and `backoffFactor` below 1.
 * @example
 * const scaler = new torch.amp.GradScaler();
 * const loss = torch.autocast("webgpu", () => F.crossEntropy(model(x), y));
 * optimizer.zeroGrad();
 * scaler.scale(loss).backward();
 * scaler.step(optimizer);
 * scaler.update();
 */
export class GradScaler {
  /** @internal */
  static readonly signature: string = signature;
  readonly #enabled: boolean;
  #initScale: number;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  #initTracker = 0;
  #scale: Tensor | undefined;
  #tracker: Tensor | undefined;
  #progress = new Map<Optimizer, Progress>();

  constructor(...given: Arguments<typeof signature, GradScalerOptions>) {
    const options = argumentsOf<GradScalerOptions>("GradScaler", signature, given);
    const {
      initScale = 2 ** 16,
      growthFactor = 2,
      backoffFactor = 0.5,
      growthInterval = 2000,
      enabled = true,
    } = options;
    this.#enabled = checkFlag("GradScaler", "enabled", enabled);
    this.#initScale = positive("GradScaler", "initScale", initScale);
    this.#growthFactor = checkGrowth("GradScaler", growthFactor);
    this.#backoffFactor = checkBackoff("GradScaler", backoffFactor);
    this.#growthInterval = checkInteger("GradScaler", "growthInterval", growthInterval, 1);
  }

  /**
   * Multiplies a loss by the scale, or each tensor of a list.
   * @see torch.cuda.amp.GradScaler.scale
   * @throws ArgumentError for what is neither.
   */
  scale<T extends Tensor | readonly Tensor[]>(outputs: T): T {
    if (outputs instanceof Tensor) return (this.#enabled ? this.#scaled(outputs) : outputs) as T;
    if (!Array.isArray(outputs) || !outputs.every((x) => x instanceof Tensor))
      throw new ArgumentError(`scale: takes a tensor or a list of tensors, got ${describe(outputs)}`);
    return (this.#enabled ? outputs.map((x) => this.#scaled(x)) : outputs) as unknown as T;
  }

  #scaled(x: Tensor): Tensor {
    if (this.#scale === undefined) {
      this.#scale = single(this.#initScale, "float32", x);
      this.#tracker = single(this.#initTracker, "int32", x);
    }
    const scale = this.#scale.to(x.device).reshape([]);
    return x.mul(x.dtype === "float64" ? scale.double() : scale);
  }

  /** @throws StateError before something was scaled. */
  #begun(op: string): Tensor {
    if (this.#scale !== undefined) return this.#scale;
    throw new StateError(`${op}: nothing was scaled yet; call scaler.scale(loss).backward() first`);
  }

  #progressOf(optimizer: Optimizer): Progress {
    let progress = this.#progress.get(optimizer);
    if (progress === undefined) {
      progress = { stage: "ready", found: undefined };
      this.#progress.set(optimizer, progress);
    }
    return progress;
  }

  /**
   * Divides the gradients of an optimizer by the scale. {@link step} does so by itself; calling it before lets gradients be clipped.
   * @see torch.cuda.amp.GradScaler.unscale_
   * @throws StateError the second time since {@link update}, ValueError for gradients of float16.
   */
  unscale_(optimizer: Optimizer): void {
    if (!this.#enabled) return;
    const scale = this.#begun("unscale_");
    const progress = this.#progressOf(optimizer);
    if (progress.stage === "unscaled")
      throw new StateError("unscale_: it has already been called on this optimizer since the last update()");
    if (progress.stage === "stepped") throw new StateError("unscale_: it is being called after step()");
    const gradients = gradientsOf("unscale_", optimizer);
    const [first] = gradients;
    if (first === undefined)
      throw new StateError(
        "unscale_: no inf checks were recorded for this optimizer: none of its parameters has a gradient",
      );
    if (gradients.some((gradient) => gradient.device !== first.device))
      throw new DeviceError(
        "unscale_: the parameters of an optimizer must be on one device; use an optimizer for each",
      );
    const found = single(0, "float32", first);
    const factor = scale.to(first.device);
    noGrad(() => {
      for (const gradient of gradients) divide(gradient, factor, found);
    });
    progress.found = found;
    progress.stage = "unscaled";
  }

  /** Divides the gradients by the scale if that was not done. */
  #prepare(op: string, optimizer: Optimizer): Progress {
    gradientsOf(op, optimizer);
    this.#begun(op);
    const progress = this.#progressOf(optimizer);
    if (progress.stage === "stepped") throw new StateError(`${op}: it has already been called since the last update()`);
    if (progress.stage === "ready") this.unscale_(optimizer);
    progress.stage = "stepped";
    return progress;
  }

  /**
   * Steps, unless a gradient is infinite or NaN.
   * @returns What `optimizer.step()` gives.
   * @see torch.cuda.amp.GradScaler.step
   * @throws StateError the second time since {@link update}; DeviceError on a device that cannot be read at once, if it cannot leave out steps of this optimizer.
   */
  step(optimizer: Optimizer): undefined {
    if (!this.#enabled) return optimizer.step();
    const isAtOnce = gradientsOf("step", optimizer).every(({ storage }) => storage.backend.readsAtOnce);
    if (!isAtOnce && !isGated(optimizer))
      throw new DeviceError(
        `step: the GPU cannot leave out steps of this ${classNameOf(optimizer)} by itself; use await scaler.stepAsync(optimizer)`,
      );
    const { found } = this.#prepare("step", optimizer);
    if (!isAtOnce) return stepUnless(found!, () => optimizer.step());
    return found!.item() === 0 ? optimizer.step() : undefined;
  }

  /** {@link step} of any optimizer: it waits until it is known whether the gradients are finite. */
  async stepAsync(optimizer: Optimizer): Promise<void> {
    if (!this.#enabled) return optimizer.step();
    const { found } = this.#prepare("stepAsync", optimizer);
    if ((await found!.itemAsync()) === 0) optimizer.step();
  }

  /**
   * Changes the scale by what the steps since the last call have found, or to a value.
   * @see torch.cuda.amp.GradScaler.update
   * @throws StateError if no step was taken or tried.
   */
  update(newScale?: number | Tensor | null): void {
    if (!this.#enabled) return;
    const scale = this.#begun("update");
    noGrad(() => {
      if (newScale instanceof Tensor) scale.copy_(checkScale(newScale).reshape([1]));
      else if (newScale != null) scale.fill_(positive("update", "newScale", newScale));
      else this.#adapt(scale, this.#tracker!);
    });
    this.#progress = new Map();
  }

  #adapt(scale: Tensor, tracker: Tensor): void {
    const [first, ...others] = [...this.#progress.values()].flatMap(({ found }) => found ?? []);
    if (first === undefined)
      throw new StateError("update: no inf checks were recorded prior to update; call scaler.step(optimizer) first");
    const found = others.reduce((sum, one) => sum.add(one.to(sum.device)), first).to(scale.device);
    const { backend } = scale.storage;
    const [growth, backoff, interval] = [this.#growthFactor, this.#backoffFactor, this.#growthInterval];
    if (!backend.readsAtOnce) {
      backend.run("updateScale", { scale, tracker, found, growth, backoff, interval });
      return;
    }
    const steps = Number(tracker.item()) + 1;
    const grown = Math.fround(Number(scale.item()) * growth);
    if (found.item() !== 0) scale.mul_(backoff);
    else if (steps === interval && Number.isFinite(grown)) scale.fill_(grown);
    tracker.fill_(found.item() !== 0 || steps === interval ? 0 : steps);
  }

  /** Whether anything is scaled. @see torch.cuda.amp.GradScaler.is_enabled */
  isEnabled(): boolean {
    return this.#enabled;
  }

  /** The scale; 1 if nothing is scaled. @see torch.cuda.amp.GradScaler.get_scale @throws DeviceError on a device that cannot be read at once: see {@link getScaleAsync}. */
  getScale(): number {
    if (!this.#enabled) return 1;
    return this.#scale === undefined ? this.#initScale : readScale("getScale", "getScaleAsync", this.#scale);
  }

  /** {@link getScale} of any device. */
  async getScaleAsync(): Promise<number> {
    if (!this.#enabled) return 1;
    return this.#scale === undefined ? this.#initScale : Number(await this.#scale.itemAsync());
  }

  /** @see torch.cuda.amp.GradScaler.get_growth_factor */
  getGrowthFactor(): number {
    return this.#growthFactor;
  }

  /** @see torch.cuda.amp.GradScaler.set_growth_factor @throws ValueError unless it is above 1. */
  setGrowthFactor(newFactor: number): void {
    this.#growthFactor = checkGrowth("setGrowthFactor", newFactor);
  }

  /** @see torch.cuda.amp.GradScaler.get_backoff_factor */
  getBackoffFactor(): number {
    return this.#backoffFactor;
  }

  /** @see torch.cuda.amp.GradScaler.set_backoff_factor @throws ValueError unless it is below 1. */
  setBackoffFactor(newFactor: number): void {
    this.#backoffFactor = checkBackoff("setBackoffFactor", newFactor);
  }

  /** @see torch.cuda.amp.GradScaler.get_growth_interval */
  getGrowthInterval(): number {
    return this.#growthInterval;
  }

  /** @see torch.cuda.amp.GradScaler.set_growth_interval */
  setGrowthInterval(newInterval: number): void {
    this.#growthInterval = checkInteger("setGrowthInterval", "newInterval", newInterval, 1);
  }

  /** @see torch.cuda.amp.GradScaler.state_dict @throws DeviceError on a device that cannot be read at once: see {@link stateDictAsync}. */
  stateDict(): GradScalerState {
    if (!this.#enabled) return {};
    const tracker =
      this.#tracker === undefined ? this.#initTracker : readScale("stateDict", "stateDictAsync", this.#tracker);
    return this.#state(this.getScale(), tracker);
  }

  /** {@link stateDict} of any device. */
  async stateDictAsync(): Promise<GradScalerState> {
    if (!this.#enabled) return {};
    const tracker = this.#tracker === undefined ? this.#initTracker : Number(await this.#tracker.itemAsync());
    return this.#state(await this.getScaleAsync(), tracker);
  }

  #state(scale: number, tracker: number): GradScalerState {
    return {
      scale,
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: tracker,
    };
  }

  /** @see torch.cuda.amp.GradScaler.load_state_dict @throws StateError for an empty state, that of a scaler which was not enabled. */
  loadStateDict(stateDict: GradScalerState): void {
    if (!this.#enabled) return;
    const { scale, growth_factor, backoff_factor, growth_interval, _growth_tracker } = stateDict;
    const op = "loadStateDict";
    if (scale === undefined)
      throw new StateError(
        `${op}: the source state dict is empty, possibly because it was saved from a disabled instance of GradScaler`,
      );
    const tracker = checkInteger(op, "_growth_tracker", _growth_tracker, 0);
    positive(op, "scale", scale);
    this.setGrowthFactor(growth_factor as number);
    this.setBackoffFactor(backoff_factor as number);
    this.setGrowthInterval(growth_interval as number);
    this.#scale?.fill_(scale);
    this.#tracker?.fill_(tracker);
    this.#initScale = scale;
    this.#initTracker = tracker;
  }
}

declareMethods(GradScaler, {
  scale: "outputs",
  unscale_: "optimizer",
  step: "optimizer",
  update: "newScale?",
  isEnabled: "",
  getScale: "",
  getGrowthFactor: "",
  setGrowthFactor: "newFactor",
  getBackoffFactor: "",
  setBackoffFactor: "newFactor",
  getGrowthInterval: "",
  setGrowthInterval: "newInterval",
  stateDict: "",
  loadStateDict: "stateDict{}",
});
