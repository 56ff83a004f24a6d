/** Which observers a module gets. */
import { checkChoice } from "../core/arguments";
import { HistogramObserver } from "./histogram";
import { MinMaxObserver, type ObserverBase, PerChannelMinMaxObserver, PlaceholderObserver } from "./observers";

/** Functions that make the observers of the activations and of the weights of a module. @see torch.ao.quantization.QConfig */
export class QConfig {
  readonly activation: () => ObserverBase;
  readonly weight: () => ObserverBase;

  /** @example new QConfig({ activation: MinMaxObserver.withArgs({}), weight: defaultWeightObserver }) */
  constructor(options: { activation: () => ObserverBase; weight: () => ObserverBase });
  constructor(activation: () => ObserverBase, weight: () => ObserverBase);
  constructor(first: any, second?: any) {
    const { activation, weight } = typeof first === "function" ? { activation: first, weight: second } : first;
    this.activation = activation;
    this.weight = weight;
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
export function getDefaultQconfig(
  backend: QuantizationBackend | { backend?: QuantizationBackend } = "fbgemm",
): QConfig {
  const name = typeof backend === "object" ? (backend.backend ?? "fbgemm") : backend;
  checkChoice("getDefaultQconfig", "backend", name, ["x86", "fbgemm", "qnnpack", "onednn"]);
  const reduceRange = name === "fbgemm" || name === "x86";
  return new QConfig(
    HistogramObserver.withArgs({ reduceRange }),
    name === "qnnpack" ? defaultWeightObserver : defaultPerChannelWeightObserver,
  );
}
