/** `torch.nn.parallel`: training on several processes. */
export { DistributedDataParallel } from "./distributedDataParallel";
export type { DistributedDataParallelOptions, JoinOptions } from "./options";
