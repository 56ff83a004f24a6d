/** Scopes of modes that overlap: the same program in every runtime, and once without AsyncLocalStorage, as in browsers. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { findRuntimes } from "./find";

interface Case {
  readonly name: string;
  readonly got: unknown;
  readonly right: unknown;
}

async function casesIn(command: string, args: readonly string[]): Promise<Case[]> {
  const { stdout } = await promisify(execFile)(command, args, { timeout: 60_000 });
  const line = stdout.split("\n").find((text) => text.startsWith("RESULT "));
  return JSON.parse(line!.slice("RESULT ".length));
}

const valuesOf = (cases: readonly Case[], key: "got" | "right") =>
  Object.fromEntries(cases.map((c) => [c.name, c[key]]));

describe("overlapping scopes", () => {
  const { found, missing } = findRuntimes();
  const browserLike = { ...found[0]!, name: "a runtime without AsyncLocalStorage", last: "browser" };
  for (const { name, command, args, last } of [...found.map((r) => ({ ...r, last: "" })), browserLike])
    it(name, async () => {
      const cases = await casesIn(command, [...args, "test/runtimes/scopes.mjs", last]);
      expect(cases.length).toBeGreaterThan(20);
      expect(valuesOf(cases, "got")).toEqual(valuesOf(cases, "right"));
    });
  for (const name of missing) it.skip(`${name} is not installed: run "npm run runtimes"`, () => {});
});
