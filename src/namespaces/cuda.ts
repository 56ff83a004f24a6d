/** `torch.cuda`: what programs ask before they use a graphics card that is not there. Everything else is an error with the way out. */
import { namespace, type WaysOut } from "../core/absent";

const waysOut: WaysOut = [
  [
    /^(manualSeed|seed|initialSeed|[gs]etRngState)(All)?$/,
    "leave it out: torch.manualSeed(seed) sets all generators, torch.getRngState() reads the state",
  ],
  [
    /^(max)?(memory|mem|reset|ipc)\w*|^emptyCache$/i,
    "use torch.memoryStats(); memory comes back by itself, or with x.dispose() and torch.tidy(() => …)",
  ],
  [
    /^(synchronize|Event)$/,
    "leave it out, since reading a tensor waits by itself; to take time, call torch.backends.wasm.synchronize() before performance.now()",
  ],
  [
    /^((current|default|set)?Stream\w*|nvtx|CUDAGraph|graph\w*|makeGraphedCallables)$/i,
    "leave it out: there are no streams, ops are done in the order in which they were called",
  ],
  [/^(\w*Tensor|\w*Storage)$/, "there is no CUDA; use the types of torch itself, such as torch.FloatTensor"],
  [/^amp$/, 'use torch.amp.autocast("webgpu", () => …) and torch.amp.GradScaler'],
  [
    /^(currentDevice|set\w+|get\w+|device|deviceOf|init|is\w+|has\w+|can\w+|utilization|OutOfMemoryError|(cud|Cud|nc)\w+|Device|ExternalStream|checkError|defaultGenerators|cachingAllocator\w+|random|profiler|jiterator|sparse|list\w+|power\w*|temperature|\w*[bB]las\w*)$/,
    'there is no CUDA; devices here are "cpu" and "webgpu": ask torch.cuda.isAvailable() first',
  ],
];

/** There is no CUDA here: programs that ask first go on without it. @see torch.cuda */
export const cuda = namespace(
  {
    /** Whether there is a device: false. @see torch.cuda.is_available */
    isAvailable: (): boolean => false,
    /** The number of devices: 0. @see torch.cuda.device_count */
    deviceCount: (): number => 0,
  },
  "torch.cuda",
  waysOut,
);
