/** The WebGPU device, loaded when it is first asked for. */
import { WebgpuBackend } from "./webgpu/backend";
import { connect } from "./webgpu/connect";
import { loadKernels } from "./webgpu/kernels/parts";
import type { Limits } from "./webgpu/limits";

/** Opens the GPU. @param lowered Limits to keep below those of the adapter, for tests. @throws DeviceError saying why there is none, and what to do. */
export async function openWebgpu(lowered?: Partial<Limits>): Promise<WebgpuBackend> {
  const [gpu] = await Promise.all([connect(lowered), loadKernels()]);
  return new WebgpuBackend(gpu, () => connect(lowered));
}
