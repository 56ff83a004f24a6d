/** Models of integers, `torch.quantization`: see docs/quantization.md. */
import "./dispatch";

export { type FuseOptions, fuseModules, type ModulesToFuse } from "./fuse";
export { HistogramObserver } from "./histogram";
export { DeQuantStub, QuantStub, QuantWrapper } from "./modules/stubs";
export {
  type ChannelObserverOptions,
  type HistogramOptions,
  MinMaxObserver,
  MovingAverageMinMaxObserver,
  type MovingAverageOptions,
  MovingAveragePerChannelMinMaxObserver,
  ObserverBase,
  type ObserverOptions,
  PerChannelMinMaxObserver,
  PlaceholderObserver,
  type QParams,
  UniformQuantizationObserverBase,
} from "./observers";
export {
  defaultDynamicQconfig,
  defaultDynamicQuantObserver,
  defaultHistogramObserver,
  defaultObserver,
  defaultPerChannelQconfig,
  defaultPerChannelWeightObserver,
  defaultQconfig,
  defaultWeightObserver,
  float16DynamicQconfig,
  getDefaultQconfig,
  perChannelDynamicQconfig,
  QConfig,
  type QuantizationBackend,
} from "./qconfig";
export {
  convert,
  type InplaceOptions,
  type ModuleType,
  prepare,
  type QConfigSpec,
  type QuantizeDynamicOptions,
  quantizeDynamic,
} from "./quantize";
