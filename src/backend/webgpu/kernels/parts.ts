/** Loads the kernels of those parts of the library that a program uses. */
import { DeviceError } from "../../../core/errors";
import type { OpTable } from "../../dispatch";
import { type KernelPart, onKernelsUsed } from "../../parts";
import type { Gpu } from "../gpu";
import { kernels } from "./index";

const parts: Readonly<Record<KernelPart, () => Promise<OpTable<Gpu>>>> = {
  vision: async () => (await import("./vision/lazyVision")).visionKernels,
};

/** Parts that are not there yet, and what brings them. One that could not be loaded is tried again. */
const missing = new Map<KernelPart, Promise<void> | undefined>();

function load(part: KernelPart): Promise<void> {
  const loading = parts[part]().then(
    (table) => {
      Object.assign(kernels, table);
      missing.delete(part);
    },
    (error: unknown) => {
      missing.set(part, undefined);
      throw error;
    },
  );
  missing.set(part, loading);
  // Whoever waits hears of the error.
  loading.catch(() => {});
  return loading;
}

onKernelsUsed(load);

/** Waits for the kernels of all parts that the program uses by now. */
export async function loadKernels(): Promise<void> {
  await Promise.all([...missing].map(([part, loading]) => loading ?? load(part)));
}

/** @throws DeviceError if kernels are on their way, among which that of an op may be which the table lacks. */
export function checkLoaded(op: string): void {
  for (const part of missing.keys())
    throw new DeviceError(
      `${op}: the kernels of kindling/${part} are not loaded: await torch.webgpu.init() after importing it`,
    );
}
