/** Kernels of parts of the library come when a program says that it uses the part. */
import { describe, expect, it } from "vitest";
import { useKernels } from "../../../src/backend/parts";
import { openDevice, operand, valuesOf } from "./device";

const device = await openDevice();
const note = typeof device === "string" ? `(skipped: ${device})` : `on ${device.name}`;

describe.skipIf(typeof device === "string")(`kernels of parts ${note}`, () => {
  it("are missed by name, asked for, waited for, and run", async () => {
    if (typeof device === "string") return;
    const x = operand(device, "float32", [1, 3, 1], [1, 2, 3]);
    const y = operand(device, "float32", [1, 3, 1]);
    const mirror = (): void => device.run("mirrorRows", { y, x, height: 1, width: 3, bands: 1 });
    expect(mirror).toThrow('mirrorRows: the device "webgpu" does not have this op for float32');
    useKernels("vision");
    useKernels("vision");
    expect(mirror).toThrow(
      "mirrorRows: the kernels of kindling/vision are not loaded: await torch.webgpu.init() after importing it",
    );
    await device.ready();
    mirror();
    expect(await valuesOf(device, y)).toEqual([3, 2, 1]);
    await device.ready();
  });
});
