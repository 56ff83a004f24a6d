/** The WebGPU device, loaded when it is first asked for. */
import { WebgpuBackend } from "./webgpu/backend";
import { connect } from "./webgpu/connect";

/** Opens the GPU. @throws DeviceError saying why there is none, and what to do. */
export const openWebgpu = async (): Promise<WebgpuBackend> => new WebgpuBackend(await connect(), connect);
