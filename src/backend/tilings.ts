/** Whose tilings the GPU computes products with. */
import { backendOf } from "./backend";
import type { TilingSet } from "./capabilities";

export const tilingSets: readonly TilingSet[] = ["auto", "card", "software"];

/** What a device that is opened later begins with. */
let current: TilingSet = "auto";

export const tilings = (): TilingSet => current;

export function setTilings(tilings: TilingSet): void {
  current = tilings;
  const gpu = backendOf("webgpu");
  if (gpu !== undefined) gpu.tilings = tilings;
}
