/** What a new user does: installs the packed file in an empty folder, pastes the first program of the README, runs it and checks its types. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cut, cutNote, runsAll } from "../helpers/cut";
import { findRuntimes } from "../runtimes/find";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "kindling-package-"));
afterAll(() => rmSync(folder, { recursive: true }));

const installed = join(folder, "node_modules", "kindling");
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const rooms = Object.keys(manifest.exports)
  .map((path) => path.slice(2))
  .filter((path) => path !== "" && !path.includes("."));

beforeAll(async () => {
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]);
  const packed = JSON.parse(stdout);
  const { filename } = Array.isArray(packed) ? packed[0] : (Object.values(packed)[0] as { filename: string });
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", `./${filename}`], {
    cwd: folder,
  });
  const [, program] = /```ts\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8"))!;
  writeFileSync(join(folder, "program.ts"), program!);
  writeFileSync(join(folder, "program.mjs"), program!);
}, 120_000);

describe("the first program of the README", () => {
  // `npm run environments` runs a program in the others.
  for (const { name, command, args } of findRuntimes().found.filter((_, i) => runsAll || i === 0))
    test(`runs in ${name}${cutNote}`, { timeout: 60_000 }, async () => {
      const { stdout } = await run(resolve(command), [...args, "program.mjs"], { cwd: folder });
      const losses = stdout
        .trim()
        .split("\n")
        .map((line) => Number(line.split(" ")[1]));
      expect(losses).toHaveLength(4);
      expect(losses[3]).toBeLessThan(losses[0]!);
    });
  for (const name of findRuntimes().missing) test.skip(`${name} is not installed: run "npm run runtimes"`, () => {});
});

const tsc = join("typescript7", "bin", "tsc");

// `test/types/published.test.ts` finds the package in each of these ways.
describe.each(cut(["nodenext", "node16", "bundler"], 3))(`as %s${cutNote}`, (moduleResolution) => {
  const check = (...files: string[]) =>
    run(
      process.execPath,
      [
        resolve("node_modules", tsc),
        ...["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "es2022", "--types", ""],
        ...[
          "--moduleResolution",
          moduleResolution,
          "--module",
          moduleResolution === "bundler" ? "esnext" : moduleResolution,
        ],
        ...files,
      ],
      { cwd: folder },
    ).then(
      () => "",
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );

  test("the first program of the README is typed, and rooms are as the namespaces are", {
    timeout: 120_000,
  }, async () => {
    const lines = rooms.map(
      (room) =>
        `import * as ${room} from "kindling/${room}";\nexport const ${room}1: typeof ${room} = torch.${room};\nexport const ${room}2: typeof torch.${room} = ${room};`,
    );
    writeFileSync(join(folder, "rooms.ts"), `import * as torch from "kindling";\n${lines.join("\n")}\n`);
    expect(await check("program.ts", "rooms.ts")).toBe("");
  });
});

test("rooms have what the namespaces have, and their classes are the same", async () => {
  const source = `import * as torch from "kindling";
const rooms = ${JSON.stringify(rooms)};
const differences = [];
for (const room of rooms) {
  const names = await import("kindling/" + room);
  for (const name of new Set([...Object.keys(names), ...Object.keys(torch[room])]))
    if (names[name] !== torch[room][name] && typeof names[name] !== "object") differences.push(room + "." + name);
}
console.log(JSON.stringify([rooms.length, differences]));`;
  writeFileSync(join(folder, "rooms.mjs"), source);
  const { stdout } = await run(process.execPath, ["rooms.mjs"], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual([19, []]);
});

test("a part of the library computes by itself", async () => {
  const source = `import { Linear, functional } from "kindling/nn";
console.log(String(functional.relu(new Linear(2, 3).weight.detach().fill_(-1)).sum().item()));`;
  writeFileSync(join(folder, "part.mjs"), source);
  const { stdout } = await run(process.execPath, ["part.mjs"], { cwd: folder });
  expect(stdout.trim()).toBe("0");
});

test("require() loads it where it can, and explains itself elsewhere", async () => {
  writeFileSync(join(folder, "required.cjs"), 'console.log(require("kindling").ones(2).sum().item());');
  const { stdout } = await run(process.execPath, ["--no-warnings", "required.cjs"], { cwd: folder });
  expect(stdout.trim()).toBe("2");
  const old = run(process.execPath, ["--no-experimental-require-module", "required.cjs"], { cwd: folder });
  await expect(old).rejects.toThrow(/kindling is an ES module.*20\.19.*await import\('kindling'\)/);
});

/** The files that an exports map names. */
const targetsIn = (entry: object | string): string[] =>
  typeof entry === "string" ? [entry] : Object.values(entry).flatMap(targetsIn);

test("nothing is packed that nobody needs", () => {
  const files = readdirSync(join(installed, "dist"));
  expect(files.filter((name) => name.endsWith(".map"))).toEqual([]);
  for (const target of targetsIn(manifest.exports))
    expect([target, existsSync(join(installed, target as string))]).toEqual([target, true]);
});
