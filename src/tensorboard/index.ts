/** `torch.utils.tensorboard`. */
export type { Numbers, Scalar } from "./arguments";
export {
  type Figure,
  type HistogramBins,
  type HparamValue,
  type ScalarLayout,
  SummaryWriter,
  type SummaryWriterOptions,
} from "./writer";
