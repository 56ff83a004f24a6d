/** The rules of the house: who may import whom, which kernels there are, and that everything public is documented. */
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { askedKernels } from "./architecture/kernels";
import { checker, exportedKernels, importsOf, isSupported, sources } from "./architecture/sources";

/** A file imports only from its own folder and from the rows above. Files in `src/` itself are the public face. */
const ROWS = [
  ["core"],
  ["platform"],
  ["backend"],
  ["tensor"],
  ["autograd"],
  ["ops"],
  ["nn"],
  ["optim", "data", "io", "func", "distributions"],
  ["hub"],
  ["vision", "text", "audio"],
  ["onnx", "darknet"],
  ["checkpoint", "tensorboard", "profiler", "inspect"],
  ["cli"],
  ["namespaces"],
];

const folderOf = (path: string): string => path.split("/").slice(1, -1)[0] ?? "";

function rowOf(path: string): number {
  const folder = folderOf(path);
  const row = ROWS.findIndex((folders) => folders.includes(folder));
  if (row < 0 && folder !== "") throw new Error(`src/${folder} has no place in the order of imports`);
  return row < 0 ? ROWS.length : row;
}

describe("imports", () => {
  test("lead only upwards in the order of the folders", () => {
    const wrong: string[] = [];
    for (const [path, file] of sources)
      for (const target of importsOf(file)) {
        expect(sources.has(target), `${path} imports ${target}`).toBe(true);
        const isNeighbour = folderOf(path) === folderOf(target);
        if (!isNeighbour && rowOf(target) >= rowOf(path)) wrong.push(`${path} → ${target}`);
      }
    expect(sources.size).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  test("form no circle", () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      const start = trail.indexOf(path);
      if (start >= 0) circles.push([...trail.slice(start), path].join(" → "));
      if (start >= 0 || done.has(path)) return;
      for (const target of importsOf(sources.get(path)!)) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of sources.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });
});

test("no check that converts is made in vain", () => {
  const wrong: string[] = [];
  for (const [path, file] of sources)
    for (const [line] of file.text.matchAll(/(?<=[;{}]\n)\s*checkNumber\(.*/g))
      wrong.push(`${path}: ${line.trim()} (assertNumber?)`);
  expect(wrong).toEqual([]);
});

describe("kernels", () => {
  const asked = askedKernels();
  const exported = exportedKernels("baseline");
  /** Not dispatched by name: where the binary's own data ends. */
  const internal = ["heapBase"];

  test.skipIf(!isSupported("relaxed"))("both targets export the same (skipped without relaxed SIMD)", () => {
    expect([...exportedKernels("relaxed")].sort()).toEqual([...exported].sort());
  });

  test("every kernel that the sources ask for exists", () => {
    expect(asked.size).toBeGreaterThan(100);
    expect([...asked].filter(([name]) => !exported.has(name))).toEqual([]);
  });

  test("every kernel is asked for", () => {
    expect([...exported].filter((name) => !asked.has(name) && !internal.includes(name))).toEqual([]);
  });
});

test("every public symbol has a doc comment", () => {
  const undocumented: string[] = [];
  const seen = new Set<ts.Symbol>();
  const visit = (module: ts.Symbol, path: string): void => {
    for (const symbol of checker.getExportsOfModule(module)) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (seen.has(target)) continue;
      seen.add(target);
      const name = path + symbol.name;
      if (target.flags & ts.SymbolFlags.ValueModule) visit(target, `${name}.`);
      else if (!isDocumented(target)) undocumented.push(name);
    }
  };
  visit(checker.getSymbolAtLocation(sources.get("src/index.ts")!)!, "torch.");
  expect(seen.size).toBeGreaterThan(500);
  expect(undocumented).toEqual([]);
});

const isDocumented = (symbol: ts.Symbol): boolean =>
  symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0;
