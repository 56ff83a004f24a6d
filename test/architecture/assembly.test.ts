/** The rules for `assembly/`: every import leads somewhere, wings have an order, and each one hands its kernels on through its index. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { hide, show } from "../../scripts/building/kernelStyle.mjs";
import { circlesOf } from "./graph";

const root = resolve(import.meta.dirname, "../..");

/** A file imports only from its own wing and from the rows above; `assembly/index.ts` only from the indexes of the wings. */
const ROWS = [
  ["common"],
  ["math"],
  ["elementwise", "reduce", "indexing", "gemm", "optim"],
  ["layers", "conv", "linalg", "vision", "quantized"],
  // A binary of its own, which unpacks that of the kernels.
  ["unpack"],
];

const paths = readdirSync(resolve(root, "assembly"), { recursive: true, encoding: "utf8" })
  .map((path) => join("assembly", path).replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"));

const textOf = (path: string): string => readFileSync(resolve(root, path), "utf8");

/** The files that each file imports or exports from; AssemblyScript finds a file by its path alone. */
const graph = new Map(
  paths.map((path) => {
    const { importedFiles } = ts.preProcessFile(textOf(path), true, false);
    return [path, importedFiles.map(({ fileName }) => `${join(dirname(path), fileName).replaceAll("\\", "/")}.ts`)];
  }),
);

const wingOf = (path: string): string => path.split("/").slice(1, -1)[0] ?? "";

function rowOf(path: string): number {
  const row = ROWS.findIndex((wings) => wings.includes(wingOf(path)));
  if (row < 0) throw new Error(`assembly/${wingOf(path)} has no place in the order of the wings`);
  return row;
}

describe("imports in assembly", () => {
  test("lead to files that are there", () => {
    expect(paths.length).toBeGreaterThan(80);
    const targets = paths.flatMap((path) => graph.get(path)!.map((target) => ({ path, target })));
    const resolved = (target: string) => graph.has(target) || graph.has(target.replace(/\.ts$/, "/index.ts"));
    expect(targets.length).toBeGreaterThan(200);
    expect(targets.filter(({ target }) => !resolved(target))).toEqual([]);
  });

  test("lead only upwards in the order of the wings", () => {
    const wrong = paths
      .filter((path) => path !== "assembly/index.ts")
      .flatMap((path) =>
        graph
          .get(path)!
          .filter((target) => wingOf(target) !== wingOf(path) && rowOf(target) >= rowOf(path))
          .map((target) => `${path} → ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  test("form no circle", () => {
    expect(circlesOf(graph)).toEqual([]);
  });
});

describe("indexes in assembly", () => {
  const indexes = paths.filter((path) => path.endsWith("/index.ts"));

  test("contain nothing but re-exports", () => {
    const other = indexes.flatMap((path) =>
      ts
        .createSourceFile(path, textOf(path), ts.ScriptTarget.Latest)
        .statements.filter((statement) => !ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined)
        .map((statement) => `${path}: ${statement.getText()}`),
    );
    expect(other).toEqual([]);
  });

  /** Wings without kernels: what they export is for other wings. */
  const inner = ["math", "unpack"];

  test("make the ABI: that of assembly exports every wing with kernels", () => {
    const wings = ROWS.flat().filter((wing) => !inner.includes(wing));
    expect([...graph.get("assembly/index.ts")!].sort()).toEqual(wings.map((wing) => `assembly/${wing}.ts`).sort());
    expect(indexes.sort()).toEqual(["assembly/index.ts", ...wings.map((wing) => `assembly/${wing}/index.ts`)].sort());
  });

  test("are not imported by kernels", () => {
    const importing = paths.filter(
      (path) => path !== "assembly/index.ts" && graph.get(path)!.some((target) => !graph.has(target)),
    );
    expect(importing).toEqual([]);
  });
});

test("decorators that TypeScript does not know are hidden from the formatter and come back", () => {
  const text = "@inline export function f(): void {}\n@final @unmanaged\nclass A {\n  @inline g(): void {}\n}\n";
  expect(hide(text)).toBe(
    "// @decorator inline\nexport function f(): void {}\n@final @unmanaged\nclass A {\n  @inline g(): void {}\n}\n",
  );
  const decorated = paths.map(textOf).filter((content) => hide(content) !== content);
  expect(decorated.length).toBeGreaterThan(50);
  expect(decorated.filter((content) => show(hide(content)) !== content)).toEqual([]);
});
