/** Profiles of the GPU beside the program. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noGpu, onGpu } from "../helpers/webgpu";

const { profiler } = torch;
const isTimed = noGpu === undefined && profiler.supportedActivities().has("webgpu");

it.skipIf(noGpu !== undefined || isTimed)("a GPU without timestamps says so", async () => {
  expect(() => new profiler.Profile({ activities: ["webgpu"] })).toThrow('no "timestamp-query"');
  const prof = await profiler.profile(() => torch.ones([2], { device: "webgpu" }).add(1));
  expect(prof.keyAverages().table()).toContain('webgpu: the adapter has no "timestamp-query"');
});

describe.skipIf(!isTimed)(`profiles ${onGpu}`, () => {
  // Kernels that become one have the name of the last.
  beforeAll(() => {
    torch.backends.webgpu.fusion = false;
  });
  afterAll(() => {
    torch.backends.webgpu.fusion = true;
  });

  const train = (): void => {
    const x = torch.ones([64, 64], { device: "webgpu", requiresGrad: true });
    x.matmul(x).relu().sum().backward();
  };

  it("have kernels beside ops, and add their times up by op", async () => {
    const prof = await profiler.profile(train);
    const kernels = prof.events().filter(({ kind }) => kind === "kernel");
    expect(kernels.map(({ name }) => name)).toContain("matmul: matmul");
    for (const { duration, start } of kernels) {
      expect(duration).toBeGreaterThanOrEqual(0);
      expect(start).toBeGreaterThanOrEqual(-1e-3);
    }
    const rows = new Map([...prof.keyAverages()].map((row) => [row.key, row]));
    const total = kernels.reduce((sum, { duration }) => sum + duration, 0);
    expect(prof.keyAverages().selfDeviceTimeTotal).toBeCloseTo(total, 3);
    expect(rows.get("matmul")!.deviceTimeTotal).toBeGreaterThan(0);
    expect(rows.get("backward")!.deviceTimeTotal).toBeGreaterThanOrEqual(rows.get("backward")!.selfDeviceTimeTotal);
    expect(rows.get("matmul: matmul")!).toMatchObject({ isKernel: true, cpuTimeTotal: 0, count: 3 });
    const own = [...rows.values()].filter(({ isKernel }) => !isKernel);
    expect(own.reduce((sum, row) => sum + row.selfDeviceTimeTotal, 0)).toBeLessThanOrEqual(total + 1e-3);
    expect(prof.keyAverages().table({ sortBy: "selfDeviceTimeTotal" })).toMatch(
      /Self webgpu[\s\S]*Self webgpu time total/,
    );
  });

  it("are traces with a process for the GPU, which handlers see", async () => {
    const folder = mkdtempSync(join(tmpdir(), "kindling-profiler-"));
    const path = join(folder, "trace.json");
    try {
      await profiler.profile(train, { onTraceReady: (prof) => prof.exportChromeTrace(path) });
      const { traceEvents } = JSON.parse(readFileSync(path, "utf8")) as { traceEvents: Record<string, unknown>[] };
      expect(traceEvents.filter(({ cat, pid }) => cat === "kernel" && pid === 2).length).toBeGreaterThan(3);
      expect(traceEvents.find(({ pid, name }) => pid === 2 && name === "process_name")).toMatchObject({
        args: { name: "webgpu" },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("watch one of both when asked, and cost nothing afterwards", async () => {
    const gpu = await profiler.profile(train, { activities: ["webgpu"] });
    expect(gpu.events().every(({ kind }) => kind === "kernel")).toBe(true);
    expect(gpu.events().length).toBeGreaterThan(3);
    const cpu = await profiler.profile(train, { activities: ["cpu"] });
    expect(cpu.events().some(({ kind }) => kind === "kernel")).toBe(false);
    expect(cpu.keyAverages().table()).not.toContain("webgpu");
    expect(() => new profiler.Profile({ activities: ["cuda" as "cpu"] })).toThrow('there are "cpu" and "webgpu"');
  });
});
