/**
 * Whoever reads or writes the memory of tensors waits for the jobs that threads still have. Here nothing is computed before somebody waits, so that
 * who does not is found by wrong numbers.
 */
process.env.KINDLING_DEFER = "1";
process.env.KINDLING_THREADS = "1";

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as torch from "kindling";
import { expect, test } from "vitest";
import { runWatched } from "../conformance/watched";

const passing: Record<string, string[]> = JSON.parse(readFileSync("test/conformance/passing.json", "utf8"));
/** On the edge of the tolerance, as in `test/conformance.test.ts`. */
const onTheEdge = torch.backends.wasm.simd === "relaxed" ? ["ops matrix_exp"] : [];
const families = ["ops", "modules", "optim", "rng", "transforms", "distributions"];

test("nothing is computed before somebody asks", () => {
  const x = torch.zeros(4);
  const { storage } = x as any;
  const bytes = storage.backend.view(storage.block, "float32", 0, 4) as Float32Array;
  x.add_(1);
  expect([...bytes]).toEqual([0, 0, 0, 0]);
  expect(x.tolist()).toEqual([1, 1, 1, 1]);
  x.add_(1);
  torch.backends.wasm.synchronize();
  expect([...bytes]).toEqual([2, 2, 2, 2]);
});

test("an array that shows a tensor's memory always shows what was called for", () => {
  const x = torch.arange(3).mul(2);
  const { data } = x.numpy();
  expect([...data]).toEqual([0n, 2n, 4n]);
  x.add_(1);
  expect([...data]).toEqual([1n, 3n, 5n]);
  x.copy_(x.flip(0));
  expect([...data]).toEqual([5n, 3n, 1n]);
  data[0] = 7n;
  expect(x.add(1).tolist()).toEqual([8, 4, 2]);
});

test("an array made from such an array shows it too", async () => {
  const x = torch.zeros(3);
  const part = x.numpy().data.subarray(1);
  (globalThis as { gc?: () => void }).gc?.();
  await torch.nextTurn();
  for (let i = 1; i < 100; i++) {
    x.fill_(i);
    expect([...part]).toEqual([i, i]);
  }
});

test("values are checked once they are computed, also those that a compiled function still has to compute", () => {
  const f = torch.compile((x: torch.Tensor, s: torch.Tensor) =>
    new torch.distributions.Exponential(s.mul(2).sin().mul(s.exp())).logProb(x),
  );
  const x = torch.ones(50, 50);
  const [good, bad] = [torch.ones(50, 50), torch.ones(50, 50).neg()];
  const call = (rate: torch.Tensor) => () => torch.noGrad(() => torch.tidy(() => void f(x, rate)));
  for (let i = 0; i < 8; i++) call(good)();
  for (let i = 0; i < 8; i++) {
    expect(call(bad)).toThrow(/Exponential/);
    call(good)();
  }
});

test("an element of a compiled function's result is read once it is computed", () => {
  const f = torch.compile((x: torch.Tensor) => x.mul(2).sin().add(1).mul(3));
  for (let i = 0; i < 12; i++) {
    const x = torch.full([40], i);
    const y = torch.noGrad(() => f(x) as torch.Tensor);
    expect(y.at(7).item()).toBeCloseTo(3 * (Math.sin(2 * i) + 1), 5);
  }
});

test("PyTorch's samples pass", async () => {
  const allowed = new Set(families.flatMap((family) => passing[family]!.map((entry) => `${family} ${entry}`)));
  const wrong: string[] = [];
  let count = 0;
  await runWatched({ folder: resolve("test/golden"), families }, 20_000, ({ family, entry, id, result }) => {
    const name = `${family} ${entry}`;
    if (!allowed.has(name) || onTheEdge.includes(name)) return;
    for (const [kind, one] of Object.entries(result)) {
      count++;
      if (one && one.outcome !== "passed") wrong.push(`${name} ${id} ${kind}: ${one.reason}`);
    }
  });
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(500);
}, 300_000);
