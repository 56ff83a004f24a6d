/** `torch.nn.parallel`: training on several processes. */
export {
  DistributedDataParallel,
  type DistributedDataParallelOptions,
  type JoinOptions,
} from "./distributedDataParallel";
