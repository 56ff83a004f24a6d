/** `torch.utils`. */
export * as checkpoint from "../autograd/checkpoint";
export * as data from "../data/index";
export { type Dot, type DotOptions, makeDot } from "../inspect/dot";
export {
  type ColumnName,
  type LayerInfo,
  type ModelStatistics,
  type SummaryOptions,
  summary,
} from "../inspect/summary";
export * as dlpack from "../ops/creation/dlpack";
export * as tensorboard from "../tensorboard/index";
