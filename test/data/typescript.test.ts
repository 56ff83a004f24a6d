/** Workers of a program that tsx compiles import its modules, too. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cut, cutNote } from "../helpers/cut";
import { findRuntimes } from "../runtimes/find";

const run = promisify(execFile);
const program = "test/data/fixtures/typedProgram.ts";
const nodes = findRuntimes().found.filter(({ name }) => name.startsWith("node"));

const ways: readonly (readonly [string, string[], NodeJS.ProcessEnv])[] = [
  ["the command of tsx", ["node_modules/tsx/dist/cli.mjs"], {}],
  ["--import tsx", ["--import", "tsx"], {}],
  ["NODE_OPTIONS", [], { NODE_OPTIONS: "--import=tsx" }],
];
const cases = ways.flatMap(([way, args, env]) => nodes.map(({ name, command }) => ({ way, args, env, name, command })));

test.each(cut(cases, 6))(`$name with $way${cutNote}`, { timeout: 60_000 }, async ({ command, args, env }) => {
  const { stdout } = await run(command, [...args, program], { env: { ...process.env, ...env } });
  expect(JSON.parse(stdout)).toEqual([
    [7, 8],
    [11, 16],
  ]);
});
