/** Devices by name. */
import { backendOf, type Device } from "../backend/backend";
import { checkInteger } from "../core/arguments";
import { dtypes } from "../core/dtype";
import { ArgumentError, DeviceError, DTypeError, describe } from "../core/errors";
import { named } from "../core/signature";

/** Every name of a device that PyTorch or Kindling has, perhaps with a number. */
const NAMES =
  /^(cpu|wasm|webgpu|gpu|cuda|hip|ipu|xpu|hpu|mps|meta|mkldnn|vulkan|opengl|opencl|xla|ort|lazy|fpga|ve)(:\d+)?$/;

/** Whether a text can only mean a device, one that is here or not. */
export const isDeviceName = (text: string): boolean => NAMES.test(text);

/** The backend of a device. @throws DeviceError if this machine or build has none. */
export function resolveDevice(op: string, device: Device | "wasm" = "cpu") {
  const backend = backendOf(device === "wasm" ? "cpu" : device);
  if (backend !== undefined) return backend;
  if (device === "webgpu")
    throw new DeviceError(`${op}: device "webgpu" is not open; call await torch.webgpu.init() once, or use "cpu"`);
  throw new DeviceError(`${op}: device ${describe(device)} is not there; devices here are "cpu" and "webgpu"`);
}

/** @throws DTypeError saying which dtypes and devices there are. */
export function unknownTarget(op: string, target: unknown): never {
  throw new DTypeError(
    `${op}: unknown dtype ${describe(target)}; the dtypes are ${dtypes.join(", ")}, the devices "cpu" and "webgpu"`,
  );
}

/** The device that computes fastest of those that are open. */
const bestDevice = (): Device => (backendOf("webgpu")?.isLost === false ? "webgpu" : "cpu");

/**
 * The device of a name, to be passed on as `device`. Devices are texts: `torch.device("cpu") === x.device`. `"auto"` is `"webgpu"` where the GPU is
 * open, and `"cpu"` otherwise.
 * @param index The number of the device; there is one of each kind.
 * @see torch.device
 * @throws DeviceError for a device that is not there.
 * @example const device = torch.device("cpu"); model.to(device);
 * @example await torch.webgpu.isAvailable(); model.to(torch.device("auto"));
 */
export const device = named(
  "device",
  "type, index?",
  (type: Device | "wasm" | "auto" | `${Device}:0`, index: number | null = null): Device => {
    if (typeof (type as unknown) !== "string")
      throw new ArgumentError(`device: type must be "cpu" or "webgpu", got ${describe(type)}`);
    if (type === "auto") return bestDevice();
    const backend = resolveDevice("device", type.replace(/:0$/, "") as Device);
    if (index !== null) checkInteger("device", "index", index, 0, 0);
    return backend.device;
  },
);
