/** `torch.webgpu`: opens the GPU, and says what it holds and does. Its names are those of `torch.cuda`. */
import { type MemoryStats, registerBackend } from "../backend/backend";
import type { GpuCounts, WebgpuBackend } from "../backend/webgpu/backend";
import { DeviceError } from "../core/errors";
import { named } from "../core/signature";

export type { GpuCounts } from "../backend/webgpu/backend";

let current: WebgpuBackend | undefined;
let opening: Promise<void> | undefined;

async function open(): Promise<void> {
  if (current !== undefined) {
    await current.restore();
    return;
  }
  const { openWebgpu } = await import("../backend/lazyWebgpu");
  current = await openWebgpu();
  registerBackend(current);
}

/** Whether the GPU is open: then `"webgpu"` is a device. @see torch.cuda.is_initialized */
export const isInitialized = named("webgpu.isInitialized", "", (): boolean => current !== undefined && !current.isLost);

/**
 * Opens the GPU, which takes a moment; after that `"webgpu"` is a device. If it is open, only kernels are loaded that the program may want since: those
 * of `kindling/vision`, if that was imported later. After a loss of the device it does what {@link restore} does.
 *
 * Browsers and Deno have WebGPU built in, Node and Bun take it from npm's package `webgpu`.
 * @see torch.cuda.init
 * @throws DeviceError saying why there is no GPU, and what to do.
 * @example
 * await torch.webgpu.init();
 * const model = new Net().to("webgpu");
 * const loss = F.crossEntropy(model(x.to("webgpu")), y.to("webgpu"));
 * console.log((await loss.cpu()).item());
 */
export const init = named("webgpu.init", "", async (): Promise<void> => {
  if (isInitialized()) return current!.ready();
  opening ??= open().finally(() => {
    opening = undefined;
  });
  await opening;
});

/**
 * Opens the GPU anew after it was lost, as happens when a driver resets or a tab sleeps; does nothing otherwise. Models and optimizers of before can go
 * on: their tensors have lost their values, to use them is an error, and `loadStateDict` brings them back from the last checkpoint.
 * @throws DeviceError if there is no GPU any more.
 * @example
 * await torch.webgpu.restore();
 * model.loadStateDict(saved.model);
 * optimizer.loadStateDict(saved.optimizer);
 */
export const restore = named("webgpu.restore", "", async (): Promise<void> => {
  try {
    await init();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError(error.message.replace("webgpu.init", "webgpu.restore"), { cause: error });
  }
});

/**
 * Whether there is a GPU to compute on. It has to be opened to know, so that after `true` `"webgpu"` is a device; PyTorch's answer comes at once.
 * @see torch.cuda.is_available
 * @example const device = (await torch.webgpu.isAvailable()) ? "webgpu" : "cpu";
 */
export const isAvailable = named("webgpu.isAvailable", "", async (): Promise<boolean> => {
  try {
    await init();
  } catch (error) {
    if (error instanceof DeviceError) return false;
    throw error;
  }
  return true;
});

/** @throws DeviceError before {@link init}. */
function opened(): WebgpuBackend {
  if (current === undefined) throw new DeviceError("the GPU is not open; call await torch.webgpu.init() once");
  return current;
}

/** How the adapter calls itself. @see torch.cuda.get_device_name @throws DeviceError before {@link init}. */
export const getDeviceName = named("webgpu.getDeviceName", "", (): string => opened().name);

/**
 * Waits until the GPU has done all that was asked for, and for nothing else: reading waits by itself.
 * @see torch.cuda.synchronize
 * @throws DeviceError if the device was lost.
 */
export const synchronize = named("webgpu.synchronize", "", (): Promise<void> => opened().synchronize());

/** Gives memory back to the system that waits to be used again. @see torch.cuda.empty_cache */
export const emptyCache = named("webgpu.emptyCache", "", (): Promise<void> => opened().emptyCache());

/** Bytes in tensors on the GPU. @see torch.cuda.memory_allocated */
export const memoryAllocated = named("webgpu.memoryAllocated", "", (): number => opened().memoryStats().allocated);

/** The most bytes that were in tensors on the GPU. @see torch.cuda.max_memory_allocated */
export const maxMemoryAllocated = named(
  "webgpu.maxMemoryAllocated",
  "",
  (): number => opened().memoryStats().peakAllocated,
);

/** Bytes of GPU memory that tensors use, or that wait to be used again. @see torch.cuda.memory_reserved */
export const memoryReserved = named("webgpu.memoryReserved", "", (): number => opened().memoryStats().reserved);

/** What the GPU holds, as {@link torch.memoryStats} says of the cpu. @see torch.cuda.memory_stats */
export const memoryStats = named("webgpu.memoryStats", "", (): MemoryStats => opened().memoryStats());

/** What was done since the GPU was opened: dispatches, submits, buffers made, kernels compiled, bytes written and read. */
export const counts = named("webgpu.counts", "", (): GpuCounts => opened().counts);
