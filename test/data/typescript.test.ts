/** Workers of a program that tsx compiles import its modules, too. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { findRuntimes } from "../runtimes/find";

const run = promisify(execFile);
const program = "test/data/fixtures/typedProgram.ts";
const nodes = findRuntimes().found.filter(({ name }) => name.startsWith("node"));

describe.each(nodes)("$name", ({ command }) => {
  test.each([
    ["--import tsx", ["--import", "tsx"], {}],
    ["the command of tsx", ["node_modules/tsx/dist/cli.mjs"], {}],
    ["NODE_OPTIONS", [], { NODE_OPTIONS: "--import=tsx" }],
  ])("with %s", { timeout: 60_000 }, async (_, args, env) => {
    const { stdout } = await run(command, [...args, program], { env: { ...process.env, ...env } });
    expect(JSON.parse(stdout)).toEqual([
      [7, 8],
      [11, 16],
    ]);
  });
});
