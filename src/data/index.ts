import "./modules";

export { DataLoader2, DFIterDataPipe, IterDataPipe, MapDataPipe } from "./absent";
export { type Collated, defaultCollate, defaultConvert } from "./collate";
export {
  type AnyDataset,
  ChainDataset,
  ConcatDataset,
  Dataset,
  IterableDataset,
  type IterableStyle,
  type MapStyle,
  randomSplit,
  type SampleOf,
  StackDataset,
  Subset,
  TensorDataset,
} from "./dataset";
export { DistributedSampler, type DistributedSamplerOptions } from "./distributed";
export { DataLoader } from "./loader";
export type { DataLoaderOptions } from "./options";
export {
  BatchSampler,
  type IndexOrder,
  RandomSampler,
  type RandomSamplerOptions,
  Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type WeightedRandomSamplerOptions,
} from "./sampler";
export { ShardedDataset, type ShardedDatasetOptions } from "./sharded";
export { getWorkerInfo, type WorkerInfo } from "./worker";
