/** Whether devices that can do so let ops wait and make several of them one kernel. */
import { backendOf } from "./backend";

/** What a device that is opened later begins with. */
let isOn = true;

export const isFusing = (): boolean => isOn;

export function setFusing(on: boolean): void {
  isOn = on;
  const gpu = backendOf("webgpu");
  if (gpu !== undefined) gpu.isFusing = on;
}
