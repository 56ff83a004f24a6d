import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, expect, test } from "vitest";

const { makeDot } = torch.utils;
const folder = mkdtempSync(join(tmpdir(), "kindling-dot-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines of the graph: labels of the nodes, and edges between them. */
function read(source: string) {
  const labels = new Map([...source.matchAll(/^ {2}(n\d+) \[label="([^"]*)"/gm)].map((m) => [m[1]!, m[2]!]));
  const edges = [...source.matchAll(/^ {2}(n\d+) -> (n\d+);/gm)].map(
    (m) => `${labels.get(m[1]!)} -> ${labels.get(m[2]!)}`,
  );
  return { labels: [...labels.values()], edges };
}

test("draws leaves, operations and the result, each once", () => {
  const w = torch.ones(2, { requiresGrad: true });
  const y = w.mul(w).sum();
  const { labels, edges } = read(makeDot(y, { params: { w } }).source);
  expect(labels).toEqual(["()", "SumBackward0", "MulBackward0", "AccumulateGrad", "w\\n(2)"]);
  expect(edges).toEqual([
    "SumBackward0 -> ()",
    "MulBackward0 -> SumBackward0",
    "AccumulateGrad -> MulBackward0",
    "AccumulateGrad -> MulBackward0",
    "w\\n(2) -> AccumulateGrad",
  ]);
});

test("names parameters of modules, takes several results, and deep graphs", () => {
  const model = new torch.nn.Linear(2, 1);
  const y = model(torch.ones(1, 2));
  const { labels } = read(makeDot([y, y.sum()], { params: model }).source);
  expect(labels).toContain("weight\\n(1, 2)");
  expect(labels.filter((label) => label === "AddmmBackward0")).toHaveLength(1);
  let x = torch.ones(1, { requiresGrad: true }) as torch.Tensor;
  for (let i = 0; i < 20_000; i++) x = x.neg();
  expect(read(makeDot(x).source).labels).toHaveLength(20_003);
});

test("is drawn as SVG, and written", async () => {
  const dot = makeDot(torch.ones(1, { requiresGrad: true }).exp(), { rankdir: "LR" });
  expect(dot.source).toContain("rankdir=LR");
  expect(await dot.toSvg()).toContain("ExpBackward0");
  await dot.save(`${folder}/graph.svg`);
  expect(readFileSync(`${folder}/graph.svg`, "utf8")).toContain("<svg");
  await dot.save(`${folder}/graph.dot`);
  expect(readFileSync(`${folder}/graph.dot`, "utf8")).toBe(dot.source);
});

test("refuses what is no tensor", () => {
  expect(() => makeDot(1 as never)).toThrow("makeDot: results must be tensors, got 1");
  expect(() => makeDot(torch.ones(1), { params: [1] as never })).toThrow(
    "makeDot: params must hold names with tensors",
  );
  expect(() => makeDot(torch.ones(1), { rankdir: "XY" as never })).toThrow("makeDot: rankdir");
});
