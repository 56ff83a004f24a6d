/** What `DistributedDataParallel` may be told. */

/** Options of `DistributedDataParallel`. */
export interface DistributedDataParallelOptions {
  /** Only for devices of their own processes, which there are none of here: leave it out, or give an empty array. */
  deviceIds?: readonly unknown[] | null;
  /** As `deviceIds`: leave it out. */
  outputDevice?: unknown;
  /** Accepted as in PyTorch, without effect where there is one device for each process. Default: 0. */
  dim?: number;
  /** Whether each `forward` begins with the buffers of rank 0, such as running means. Default: true. */
  broadcastBuffers?: boolean;
  /** The ranks that train together; null for all. Default: null. */
  processGroup?: unknown;
  /**
   * Mebibytes of gradients that are reduced together; the first bucket of a backward has one. Default: 5, which hides more of the communication behind
   * backward than PyTorch's 25.
   */
  bucketCapMb?: number;
  /** Whether parameters may stay without a gradient; then each backward looks for them. Default: false. */
  findUnusedParameters?: boolean;
  /** Accepted as in PyTorch, without effect. Default: false. */
  checkReduction?: boolean;
  /** Whether gradients are views on the buckets, which saves a copy and their memory. Default: false. */
  gradientAsBucketView?: boolean;
  /** Whether every step uses the same parameters, each as often as in the first step. Default: false. */
  staticGraph?: boolean;
}

/** Options of `join`. */
export interface JoinOptions {
  /** Whether gradients are divided by the number of all ranks, or of those that still have inputs. Default: true. */
  divideByInitialWorldSize?: boolean;
  /** Whether uneven inputs are looked after; false costs nothing. Default: true. */
  enable?: boolean;
  /** Whether every rank gets an error as soon as one has no inputs left. Default: false. */
  throwOnEarlyTermination?: boolean;
}
