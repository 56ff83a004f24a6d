import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";

const { nn, profiler } = torch;
const folder = mkdtempSync(join(tmpdir(), "kindling-profiler-"));
afterAll(() => rmSync(folder, { recursive: true }));

class Net extends nn.Module {
  fc1 = new nn.Linear(4, 8);
  fc2 = new nn.Linear(8, 2);
  override forward(x: torch.Tensor): torch.Tensor {
    return this.fc2(this.fc1(x).relu());
  }
}

const step = (model: Net): void => model(torch.rand(3, 4)).sum().backward();

describe("profile", () => {
  test("sums calls up by op, with nodes of backward and named stretches", async () => {
    const model = new Net();
    const prof = await profiler.profile(() => {
      for (let i = 0; i < 2; i++) profiler.recordFunction("step", () => step(model));
    });
    const rows = new Map([...prof.keyAverages()].map((row) => [row.key, row]));
    expect(rows.get("linear")!.count).toBe(4);
    expect(rows.get("relu")!.count).toBe(2);
    expect(rows.get("step")!.count).toBe(2);
    expect(rows.get("backward")!.count).toBe(2);
    expect(rows.get("ReluBackward0")!.count).toBe(2);
    const total = [...rows.values()].reduce((sum, row) => sum + row.selfCpuTimeTotal, 0);
    expect(total).toBeCloseTo(rows.get("step")!.cpuTimeTotal, 3);
    for (const row of rows.values()) expect(row.selfCpuTimeTotal).toBeGreaterThanOrEqual(-1e-6);
  });

  test("sums modules up by their path", async () => {
    const model = new Net();
    const prof = await profiler.profile(() => step(model));
    const rows = [...prof.moduleAverages()];
    expect(rows.map(({ key }) => key)).toEqual(["Net", "Net.fc1 (Linear)", "Net.fc2 (Linear)"]);
    const [net, fc1, fc2] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
    expect(net.selfCpuTimeTotal).toBeCloseTo(net.cpuTimeTotal - fc1.cpuTimeTotal - fc2.cpuTimeTotal, 3);
  });

  test("looks at memory, shapes, operations and lines when asked", async () => {
    const x = torch.ones(64, 32);
    const kept: torch.Tensor[] = [];
    const prof = await profiler.profile(() => void kept.push(x.matmul(torch.ones(32, 16))), {
      profileMemory: true,
      recordShapes: true,
      withFlops: true,
      withStack: true,
    });
    const event = prof.events().find(({ name }) => name === "matmul")!;
    expect(event.shapes).toEqual([
      [64, 32],
      [32, 16],
    ]);
    expect(event.flops).toBe(2 * 64 * 32 * 16);
    expect(event.memory).toBe(64 * 16 * 4);
    expect(event.stack.some((line) => line.includes("profile.alone.test.ts"))).toBe(true);
    const table = prof.keyAverages({ groupByInputShape: true }).table({ sortBy: "flops", rowLimit: 1 });
    expect(table).toContain("[[64, 32], [32, 16]]");
    expect(table).toContain("65.536K");
    expect(table).toMatch(/Self CPU time total: [\d.]+(us|ms|s)\n$/);
  });

  test("prints a table with the share of each op", async () => {
    const prof = await profiler.profile(() => torch.ones(2).add(1));
    const lines = prof.keyAverages().table({ header: "two ops" }).split("\n");
    expect(lines[1]).toBe("two ops");
    expect(lines[3]!.trim().split(/\s{2,}/)).toEqual([
      "Name",
      "Self CPU %",
      "Self CPU",
      "CPU total %",
      "CPU total",
      "CPU time avg",
      "# of Calls",
    ]);
    const shares = lines.slice(5, 7).map((line) => Number(/([\d.]+)%/.exec(line)![1]));
    expect(shares[0]! + shares[1]!).toBeCloseTo(100, 1);
  });

  test("ends with what the body throws, and another one can begin", async () => {
    const failing = new nn.Linear(2, 2);
    await expect(profiler.profile(() => failing(torch.ones(3)))).rejects.toThrow("Linear: an input of shape [3]");
    const prof = await profiler.profile(() => torch.ones(1).neg());
    expect(prof.events().map(({ name, depth }) => [name, depth])).toEqual([
      ["ones", 0],
      ["neg", 0],
    ]);
    torch.ones(1).neg();
    expect(prof.events()).toHaveLength(2);
  });

  test("one at a time", () => {
    using prof = new profiler.Profile().start();
    expect(() => new profiler.Profile().start()).toThrow("another profile is being recorded");
    expect(() => prof.start()).toThrow("start: the profile runs already");
    prof.stop();
    expect(() => prof.step()).toThrow("step: the profile does not run");
  });

  test("gives what was computed unchanged, with gradients", async () => {
    const w = torch.tensor([1, 2, 3], { requiresGrad: true });
    let loss = Number.NaN;
    await profiler.profile(() => {
      const y = w.mul(w).sum();
      y.backward();
      loss = y.item();
    });
    expect(loss).toBe(14);
    expect(w.grad!.tolist()).toEqual([2, 4, 6]);
  });

  test("refuses what it does not know", () => {
    expect(() => new profiler.Profile({ activities: ["cuda" as never] })).toThrow('there are "cpu" and "webgpu"');
    expect(() => profiler.recordFunction(1 as never, () => 1)).toThrow("recordFunction: name must be a string");
    expect(() => new profiler.Profile().keyAverages().table({ sortBy: "size" as never })).toThrow("table: sortBy");
  });
});

test("schedules wait, warm up, record and save as PyTorch's", () => {
  const actions = (options: torch.profiler.ScheduleOptions, steps: number) =>
    Array.from({ length: steps }, (_, i) => profiler.schedule(options)(i));
  const [n, w, r, s] = ["none", "warmup", "record", "recordAndSave"];
  expect(actions({ wait: 1, warmup: 1, active: 2 }, 8)).toEqual([n, w, r, s, n, w, r, s]);
  expect(actions({ wait: 0, warmup: 1, active: 1, repeat: 1, skipFirst: 2 }, 6)).toEqual([n, n, w, s, n, n]);
  expect(() => profiler.schedule({ wait: 1, warmup: 1, active: 0 })).toThrow("schedule: active");
});

test("a schedule hands each cycle over, with its steps", async () => {
  const seen: string[][] = [];
  await profiler.profile(
    (prof) => {
      for (let i = 0; i < 6; i++) {
        torch.ones(1).add(i);
        prof.step();
      }
    },
    {
      schedule: profiler.schedule({ wait: 1, warmup: 0, active: 2 }),
      onTraceReady: async (prof) => void seen.push(prof.events().map(({ name }) => name)),
    },
  );
  expect(seen.slice(0, 2)).toEqual([
    ["ProfilerStep#1", "ones", "add", "ProfilerStep#2", "ones", "add"],
    ["ProfilerStep#4", "ones", "add", "ProfilerStep#5", "ones", "add"],
  ]);
});

test("traces are those of Chrome, with nested events", async () => {
  const model = new Net();
  const prof = await profiler.profile(() => step(model), { onTraceReady: profiler.tensorboardTraceHandler(folder) });
  await prof.exportChromeTrace(`${folder}/trace.json.gz`);
  const { traceEvents } = JSON.parse(gunzipSync(readFileSync(`${folder}/trace.json.gz`)).toString());
  const named = (name: string) => traceEvents.find((event: { name: string }) => event.name === name);
  const [outer, inner] = [named("backward"), named("ReluBackward0")];
  expect(outer.ph).toBe("X");
  expect(inner.ts).toBeGreaterThanOrEqual(outer.ts);
  expect(inner.ts + inner.dur).toBeLessThanOrEqual(outer.ts + outer.dur + 1e-3);
  expect(named("Net.fc1 (Linear)").cat).toBe("python_function");
  await expect(prof.exportChromeTrace(`${folder}/missing/trace.json`)).rejects.toThrow(
    "exportChromeTrace: cannot write",
  );
});
