/** The WebGPU device, loaded when it is first asked for. */
import { WebgpuBackend } from "./webgpu/backend";
import { connect } from "./webgpu/connect";
import type { Limits } from "./webgpu/limits";

/** Opens the GPU. @param lowered Limits to keep below those of the adapter, for tests. @throws DeviceError saying why there is none, and what to do. */
export const openWebgpu = async (lowered?: Partial<Limits>): Promise<WebgpuBackend> =>
  new WebgpuBackend(await connect(lowered), () => connect(lowered));
