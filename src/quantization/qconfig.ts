/** Which observers a module gets. */

import { checkChoice, checkFunction } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import { ArgumentError, describe } from "../core/errors";
import { named } from "../core/signature";
import { HistogramObserver } from "./histogram";
import { MinMaxObserver, type ObserverBase, PerChannelMinMaxObserver, PlaceholderObserver } from "./observers";

function maker(name: string, value: unknown): () => ObserverBase {
  checkFunction("QConfig", name, value);
  return value as () => ObserverBase;
}

/** Functions that make the observers of the activations and of the weights of a module. @see torch.ao.quantization.QConfig */
export class QConfig {
  readonly activation: () => ObserverBase;
  readonly weight: () => ObserverBase;

  /** @example new QConfig({ activation: MinMaxObserver.withArgs({}), weight: defaultWeightObserver }) */
  constructor(options: { activation: () => ObserverBase; weight: () => ObserverBase });
  constructor(activation: () => ObserverBase, weight: () => ObserverBase);
  constructor(first: any, second?: any) {
    const { activation, weight } = isPlainObject(first) ? first : { activation: first, weight: second };
    this.activation = maker("activation", activation);
    this.weight = maker("weight", weight);
  }
}

/** Observes activations by their extremes, in 7 bits. @see torch.ao.quantization.default_observer */
export const defaultObserver: () => ObserverBase = MinMaxObserver.withArgs({ quantMin: 0, quantMax: 127 });
/** Observes weights by their extremes, symmetric. @see torch.ao.quantization.default_weight_observer */
export const defaultWeightObserver: () => ObserverBase = MinMaxObserver.withArgs({
  dtype: "qint8",
  qscheme: "perTensorSymmetric",
});
/** Observes weights by the extremes of each channel, symmetric. @see torch.ao.quantization.default_per_channel_weight_observer */
export const defaultPerChannelWeightObserver: () => ObserverBase = PerChannelMinMaxObserver.withArgs({
  dtype: "qint8",
  qscheme: "perChannelSymmetric",
});
/** Observes activations by a histogram, in 7 bits. @see torch.ao.quantization.default_histogram_observer */
export const defaultHistogramObserver: () => ObserverBase = HistogramObserver.withArgs({ quantMin: 0, quantMax: 127 });
/** For activations that are measured in each call. @see torch.ao.quantization.default_dynamic_quant_observer */
export const defaultDynamicQuantObserver: () => ObserverBase = PlaceholderObserver.withArgs({ dtype: "quint8" });

/** @see torch.ao.quantization.default_qconfig */
export const defaultQconfig: QConfig = new QConfig(defaultObserver, defaultWeightObserver);
/** @see torch.ao.quantization.default_per_channel_qconfig */
export const defaultPerChannelQconfig: QConfig = new QConfig(defaultObserver, defaultPerChannelWeightObserver);
/** Weights of 8 bits, activations measured in each call. @see torch.ao.quantization.default_dynamic_qconfig */
export const defaultDynamicQconfig: QConfig = new QConfig(defaultDynamicQuantObserver, defaultWeightObserver);
/** {@link defaultDynamicQconfig} with a scale per channel. @see torch.ao.quantization.per_channel_dynamic_qconfig */
export const perChannelDynamicQconfig: QConfig = new QConfig(
  defaultDynamicQuantObserver,
  defaultPerChannelWeightObserver,
);
/** Weights of 16 bits. @see torch.ao.quantization.float16_dynamic_qconfig */
export const float16DynamicQconfig: QConfig = new QConfig(
  PlaceholderObserver.withArgs({ dtype: "float16" }),
  PlaceholderObserver.withArgs({ dtype: "float16" }),
);

/** The kinds of processors that PyTorch has configurations for. */
export type QuantizationBackend = "x86" | "fbgemm" | "qnnpack" | "onednn";

/**
 * The configuration of a kind of processors: `"fbgemm"` and `"x86"` have activations of 7 bits and weights with a scale per channel, which is fastest here too where
 * the engine has relaxed SIMD; `"onednn"` has activations of 8 bits; `"qnnpack"` also has one scale for all channels.
 * @param backend Default: `"fbgemm"`.
 * @see torch.ao.quantization.get_default_qconfig
 */
export const getDefaultQconfig = named(
  "getDefaultQconfig",
  "; backend",
  ({ backend = "fbgemm" }: { backend?: QuantizationBackend } = {}): QConfig => {
    checkChoice("getDefaultQconfig", "backend", backend, ["x86", "fbgemm", "qnnpack", "onednn"]);
    const reduceRange = backend === "fbgemm" || backend === "x86";
    return new QConfig(
      HistogramObserver.withArgs({ reduceRange }),
      backend === "qnnpack" ? defaultWeightObserver : defaultPerChannelWeightObserver,
    );
  },
);

/** @internal @throws ArgumentError unless a value is a configuration, null or undefined. */
export function checkQConfig(op: string, value: unknown): void {
  if (value != null && !(value instanceof QConfig))
    throw new ArgumentError(`${op}: qconfig must be a QConfig, such as getDefaultQconfig(), got ${describe(value)}`);
}
