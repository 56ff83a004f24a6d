/** Models of integers, `torch.quantization`: see docs/quantization.md. */
import "./dispatch";

export { type FuseOptions, fuseModules } from "./fuse";
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
export * from "./qconfig";
export {
  convert,
  type InplaceOptions,
  type ModuleType,
  prepare,
  type QConfigSpec,
  type QuantizeDynamicOptions,
  quantizeDynamic,
} from "./quantize";
