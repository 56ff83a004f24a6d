/** The support matrix is up to date: it names what exists, and agrees with the entries that the samples hold. */
import { readFileSync } from "node:fs";
import * as kindling from "kindling";
import { expect, test } from "vitest";

const torch = kindling as unknown as Record<string, any>;
const page = readFileSync("docs/ops.md", "utf8");
const passing: { ops: string[] } = JSON.parse(readFileSync("test/conformance/passing.json", "utf8"));

/** PyTorch's name, ours, and the cells of the three kinds. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, theirs, ours, ...cells]) => ({ name: theirs!.slice(1, -1), ours: ours!, cells: cells.slice(0, 3) }));

const isComplete = ({ cells }: (typeof rows)[number]): boolean => cells.every((cell) => cell === "✓" || cell === "");

/** Whether a name such as `torch.linalg.qr` or `x.abs` exists. */
function exists(name: string): boolean {
  const [root, ...path] = name.slice(1, -1).replace(/\(.*/, "").split(".");
  if (root === "x") return path[0]! in kindling.Tensor.prototype;
  return path.reduce<any>((value, key) => value?.[key], torch) !== undefined;
}

test("every function that the matrix names exists", () => {
  expect(rows.length).toBeGreaterThan(600);
  expect(rows.filter(({ ours }) => !exists(ours)).map(({ name }) => name)).toEqual([]);
});

test("complete rows are the entries that conformance holds", () => {
  const complete = rows.filter(isComplete).map(({ name }) => name);
  expect(complete.sort()).toEqual([...passing.ops].sort());
});

test("every other row has a reason", () => {
  const open = rows.filter((row) => !isComplete(row)).map(({ name }) => name);
  const explained = page.split("\n").flatMap((line) => /^- `(.+?)`: \S/.exec(line)?.[1] ?? []);
  expect(explained.sort()).toEqual(open.sort());
});
