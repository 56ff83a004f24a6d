/**
 * Programs reach users bundled and minified: a bundler has shortened all identifiers, moved the code into files of its own, and left out what it
 * takes for unused. Nothing that the library prints, throws, saves or loads may depend on that.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checks, runAll } from "./program";

const folder = mkdtempSync(join(tmpdir(), "kindling-bundle-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly results: Record<string, unknown>;
  readonly names: string[];
}

/** What prints the report. In a bundle of one file, workers import this program, which has to do nothing there. */
const main = (program: string) => `
import * as torch from "kindling";
import { namesLeft, runAll } from ${JSON.stringify(program)};
if (torch.utils.data.getWorkerInfo() === null) {
  console.log("REPORT " + JSON.stringify({ results: await runAll(process.argv[2]), names: namesLeft() }));
  process.exit(0);
}
`;

/** Bundles the program, minified, and runs it in Node. */
async function runBundle(name: string, splitting: boolean): Promise<Report> {
  const outdir = join(folder, name);
  await build({
    stdin: { contents: main(resolve("test/bundle/program.js")), resolveDir: resolve("."), loader: "js" },
    bundle: true,
    minify: true,
    keepNames: false,
    splitting,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    outdir,
    entryNames: "main",
    logLevel: "error",
    // The version of the built library that the tests of this folder load.
    alias: { kindling: resolve("dist/kindling.js") },
  });
  writeFileSync(join(outdir, "package.json"), '{ "type": "module" }');
  const { stdout } = await promisify(execFile)(process.execPath, [join(outdir, "main.js"), outdir], {
    timeout: 120_000,
    maxBuffer: 1 << 26,
  });
  const line = stdout.split("\n").find((text) => text.startsWith("REPORT "));
  return JSON.parse(line!.slice("REPORT ".length));
}

/** What the program gives without a bundler. */
let expected: Record<string, unknown>;
beforeAll(async () => {
  expected = JSON.parse(JSON.stringify(await runAll(folder)));
}, 120_000);

test("the program runs as it is", () => {
  expect(Object.entries(expected).filter(([, value]) => String(value).startsWith("failed"))).toEqual([]);
  expect(expected.userClass).toMatch(/^Net\(\n {2}\(features\): Sequential\(\n {4}\(0\): Conv2d\(1, 2/);
  expect(expected.norms).toEqual([[4], [5], [6]]);
  expect((expected.fusion as unknown[]).at(-1)).toBe(true);
});

for (const [name, splitting] of [
  ["several files", true],
  ["one file", false],
] as const)
  describe(`minified into ${name}`, () => {
    let report: Report;
    beforeAll(async () => {
      report = await runBundle(name.replace(" ", "-"), splitting);
    }, 180_000);

    test("the identifiers are shortened", () => {
      for (const shown of report.names) expect(shown).toMatch(/^[\w$]{1,3}\(\)$/);
    });

    test.each(Object.keys(checks))("%s is as without a bundler", (key) => {
      expect(report.results[key]).toEqual(expected[key]);
    });
  });
