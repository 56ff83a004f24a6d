/** What environments are built with, and where. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

export const tools = resolve("build/bundlers");
export const heavyTools = join(tools, "heavy");
export const runtimes = resolve("build/runtimes/node_modules/.bin");
/** The project of a user: the packed library is installed in it. */
export const project = join(tools, "project");
export const app = join(project, "app");

const execute = promisify(execFile);

/** Runs a program; an error has what it printed. */
export async function run(command, args, options = {}) {
  try {
    const { stdout, stderr } = await execute(command, args, {
      cwd: project,
      timeout: 180_000,
      maxBuffer: 1 << 26,
      ...options,
    });
    return { stdout, stderr };
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout?.slice(-3000) ?? ""}`);
  }
}

/** A package that `npm run bundlers` has installed. */
export function load(name, from = tools) {
  const { resolve: find } = createRequire(join(from, "package.json"));
  return import(pathToFileURL(find(name)).href);
}

/** Why an environment cannot be tried, or undefined. */
export const missing = (path, how) => (existsSync(path) ? undefined : `not installed: ${how}`);
export const missingTool = (name) => missing(join(tools, "node_modules", name), "npm run bundlers");
export const missingHeavy = (name) => missing(join(heavyTools, "node_modules", name), "npm run bundlers -- --heavy");
export const missingRuntime = (name) => missing(join(runtimes, name), "npm run runtimes");

/** Installs what `npm pack` packs in an empty project, and puts the programs beside it. */
export async function prepare() {
  rmSync(project, { recursive: true, force: true });
  const target = join(project, "node_modules", "kindling");
  mkdirSync(target, { recursive: true });
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", tools], {
    cwd: resolve("."),
  });
  const packed = JSON.parse(stdout);
  const { filename, size, unpackedSize } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  await run("tar", ["-xzf", join(tools, filename), "-C", target, "--strip-components", "1"]);
  rmSync(join(tools, filename));
  cpSync("test/bundlers/app", app, { recursive: true });
  return { size, unpackedSize };
}
