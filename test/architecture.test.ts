/** The rules of the house: who may import whom, which kernels there are, and that everything public is documented. */
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { namesRead, namesReadIn } from "./architecture/classNames";
import { circlesOf } from "./architecture/graph";
import { checker, exportedKernels, importsOf, isSupported, placeOf, sources, stringsIn } from "./architecture/sources";
import { allNote, runsAll } from "./helpers/cut";

/** A file imports only from its own folder and from the rows above. Files in `src/` itself are the public face. */
const ROWS = [
  ["core"],
  ["platform"],
  ["backend"],
  ["tensor"],
  ["autograd"],
  ["ops"],
  ["nn"],
  ["optim", "data", "io", "func", "distributions", "compile", "quantization"],
  ["distributed", "amp"],
  ["hub"],
  ["vision", "text", "audio"],
  ["onnx", "darknet"],
  ["checkpoint", "tensorboard", "profiler", "inspect", "training"],
  ["namespaces"],
];

/** The command line is a user of the public face, and stands after it. */
const LAST = "cli";

const folderOf = (path: string): string => path.split("/").slice(1, -1)[0] ?? "";

function rowOf(path: string): number {
  const folder = folderOf(path);
  if (folder === LAST) return ROWS.length + 1;
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
        const isNeighbor = folderOf(path) === folderOf(target);
        if (!isNeighbor && rowOf(target) >= rowOf(path)) wrong.push(`${path} → ${target}`);
      }
    expect(sources.size).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  test("form no circle", () => {
    const graph = new Map([...sources].map(([path, file]) => [path, importsOf(file)]));
    expect(circlesOf(graph)).toEqual([]);
  });
});

describe("devices", () => {
  /** The folders that hand work to devices. */
  const users = ["autograd", "ops", "nn", "optim", "data", "vision"];
  /** The lines of their files that match a pattern. */
  const linesWith = (pattern: RegExp): string[] =>
    [...sources]
      .filter(([path]) => users.includes(folderOf(path)))
      .flatMap(([path, { text }]) =>
        text.split("\n").flatMap((line) => (pattern.test(line) ? [`${path}: ${line}`] : [])),
      );

  test("nothing imports the device of WebAssembly but the line that makes it known, and what compiles functions for it", () => {
    const importers: string[] = [];
    for (const [path, file] of sources)
      for (const target of importsOf(file))
        if (target.startsWith("src/backend/wasm/") && !path.startsWith("src/backend/wasm/")) importers.push(path);
    // Programs that compile nothing leave out the folder `fused` with the room that uses it.
    expect(importers.filter((path) => !path.startsWith("src/compile/"))).toEqual(["src/index.ts"]);
    const compiling = [...sources].filter(([path]) => path.startsWith("src/compile/"));
    for (const [, file] of compiling)
      expect(importsOf(file).filter((target) => /backend\/wasm\/(?!fused\/index)/.test(target))).toEqual([]);
    expect(sources.get("src/index.ts")!.text).toContain('import "./backend/wasm/backend";');
  });

  test("are asked for ops, not for kernels", () => {
    expect(linesWith(/backend\.(call|query|check|ask)\(|\.(call|query|ask)\("/)).toEqual([]);
    expect(linesWith(/backend\.run\("/).length).toBeGreaterThan(50);
  });

  test("alone know what a computation costs, how it is divided, codes of dtypes and where memory lies", () => {
    expect(linesWith(/\b[A-Z_]*COSTS?\b|\bcost:|\bscratch: true|\bcodeOf\(|\bblock\.address\b/)).toEqual([]);
  });
});

test("no check that converts is made in vain", () => {
  const wrong: string[] = [];
  for (const [path, file] of sources)
    for (const [line] of file.text.matchAll(/(?<=[;{}]\n)\s*checkNumber\(.*/g))
      wrong.push(`${path}: ${line.trim()} (assertNumber?)`);
  expect(wrong).toEqual([]);
});

describe("names of classes and functions", () => {
  // It asks for the types of nearly everything.
  test.runIf(runsAll)(
    `are read in src/core/className.ts alone, which knows those of minified bundles${allNote}`,
    () => {
      const others = [...sources].filter(([path]) => path !== "src/core/className.ts");
      expect(others.flatMap(([, file]) => namesRead(file, checker).map(placeOf))).toEqual([]);
    },
  );

  test("are found in every form", () => {
    const found = namesReadIn(`
      class A { a() { return this.constructor.name; } constructor() { new.target.name; } static named = "x"; }
      const { name: short } = A;
      const f = () => 1;
      const wide: any = f;
      [f.name, A.name, wide.constructor.name];
      const none = { name: "x" };
      [none.name, A.named];
    `);
    expect(found).toEqual([
      "this.constructor.name",
      "new.target.name",
      "name: short",
      "f.name",
      "A.name",
      "wide.constructor.name",
    ]);
  });
});

describe("kernels", () => {
  const exported = exportedKernels("baseline");
  /** Not dispatched by name: where the binary's own data ends. */
  const internal = ["heapBase"];

  test.skipIf(!isSupported("relaxed"))("both targets export the same (skipped without relaxed SIMD)", () => {
    expect([...exportedKernels("relaxed")].sort()).toEqual([...exported].sort());
  });

  // That every kernel which is asked for exists, with the arguments that it is given, is what the types say.
  test("every kernel is asked for", () => {
    const { texts, ends } = stringsIn(sources.values());
    const isMade = (name: string): boolean =>
      [...ends].some((end) => end !== "" && name.endsWith(end) && texts.has(name.slice(0, -end.length)));
    const isAsked = (name: string): boolean => texts.has(name) || isMade(name);
    expect([...exported].filter((name) => !isAsked(name) && !internal.includes(name))).toEqual([]);
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
