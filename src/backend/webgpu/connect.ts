/** Opens the GPU. */
import { DeviceError } from "../../core/errors";
import { findGpu } from "../../platform/gpu";
import { Gpu } from "./gpu";
import type { Limits } from "./limits";

/** Limits of which kernels use all that the adapter has; the defaults are what the weakest phone has. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupsPerDimension",
] as const;

const noAdapter = (reason: string): DeviceError =>
  new DeviceError(`webgpu.init: there is no GPU to compute on: ${reason}; "cpu" always works`);

/** What kernels and profiles use where the adapter has it. */
const FEATURES: readonly GPUFeatureName[] = ["shader-f16", "timestamp-query", "subgroups"];

/** @param lowered Limits to keep below those of the adapter, for tests. @throws DeviceError saying why there is no GPU, and what to do. */
export async function connect(lowered: Partial<Limits> = {}): Promise<Gpu> {
  const found = await findGpu();
  if ("reason" in found) throw noAdapter(found.reason);
  const adapter = await found.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw noAdapter("WebGPU found no adapter (a driver may be missing)");
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name));
  const device = await adapter
    .requestDevice({ label: "Kindling", requiredLimits, requiredFeatures })
    .catch((error: Error) => {
      throw noAdapter(error.message);
    });
  const { description, vendor, architecture, device: card, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const isOneSize = device.features.has("subgroups") && subgroupMinSize === subgroupMaxSize;
  const name = [description || card, vendor, architecture].filter(Boolean).join(", ");
  return new Gpu(device, name, lowered, isOneSize ? subgroupMaxSize : 0);
}
