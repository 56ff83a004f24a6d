/** Starts the runner in a runtime. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { chromiumFlags, findChromium } from "../test/runtimes/find";
import { serve } from "../test/runtimes/server";
import type { Job, Message } from "./runner";

export const runtimeNames = ["node20", "node24", "deno", "bun", "chromium"] as const;

export type RuntimeName = (typeof runtimeNames)[number];

const output = resolve("build", "bench");
const installed = (name: string): string => join("build", "runtimes", "node_modules", ".bin", name);

/** The runtime that this process is. */
export const ownRuntime: RuntimeName = Number.parseInt(process.versions.node, 10) >= 24 ? "node24" : "node20";

const common = { outdir: output, bundle: true, format: "esm", logLevel: "error" } as const;

/** Bundles the runner, with `kindling` left to be imported. */
export async function bundleRunner(): Promise<void> {
  await build({
    ...common,
    // A module by itself, which workers import.
    entryPoints: { main: "bench/main.ts", page: "bench/runner.ts", pictures: "bench/pictures.mjs" },
    splitting: true,
    platform: "neutral",
    external: ["kindling", "assemblyscript/asc", "node:*"],
  });
}

/** Bundles the program that runs a peer from npm. */
export async function bundlePeers(): Promise<void> {
  await build({
    ...common,
    entryPoints: { peer: "bench/peers/main.ts" },
    platform: "node",
    external: ["kindling"],
    // Some peers are CommonJS inside.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    define: { __filename: '"peer.js"', __dirname: '"build/bench"' },
  });
}

/** Bundles the part of the benchmark that calls Kindling, with the build at `bundle`. Returns the module's path as the runner sees it. */
export async function bundleOther(bundle: string): Promise<string> {
  const kindling = { path: relative(output, bundle).replaceAll("\\", "/"), external: true };
  await build({
    ...common,
    entryPoints: { other: "bench/kindling.ts" },
    platform: "neutral",
    plugins: [{ name: "other-build", setup: ({ onResolve }) => onResolve({ filter: /^kindling$/ }, () => kindling) }],
  });
  return "./other.js";
}

function commandOf(runtime: RuntimeName): readonly [command: string, ...args: string[]] {
  switch (runtime) {
    case ownRuntime:
      return [process.execPath];
    case "node24":
      return [installed("node")];
    case "deno":
      return [installed("deno"), "run", "--allow-all", "--quiet"];
    case "bun":
      return [installed("bun"), "run"];
    default:
      throw new Error(`run the benchmark itself with ${runtime} to measure it`);
  }
}

/** Starts a bundled program in a server runtime; yields the lines that it prints. */
async function* linesOf(
  runtime: RuntimeName,
  program: string,
  args: readonly string[],
  env = process.env,
): AsyncGenerator<string> {
  const [command, ...flags] = commandOf(runtime);
  if (!existsSync(command)) throw new Error(`${runtime} is not installed: run "npm run runtimes"`);
  const child = spawn(command, [...flags, join(output, program), ...args], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  yield* createInterface({ input: child.stdout });
}

async function* runInServer(runtime: RuntimeName, job: Job, env: NodeJS.ProcessEnv): AsyncGenerator<Message> {
  for await (const line of linesOf(runtime, "main.js", [JSON.stringify(job)], env))
    if (line.startsWith("{")) yield JSON.parse(line) as Message;
}

/** Bundles `memory.ts`, with `kindling` left to be imported. */
export async function bundleMemory(): Promise<void> {
  await build({
    ...common,
    entryPoints: { memory: "bench/memory.ts" },
    platform: "neutral",
    external: ["kindling"],
  });
}

/** Runs one loop of `memory.ts`, and `pairs` pairs of timed blocks; yields the lines that it prints. */
export const runMemory = (runtime: RuntimeName, loop: string, steps: number, pairs: number): AsyncGenerator<string> =>
  linesOf(runtime, "memory.js", [loop, String(steps), String(pairs)]);

async function* runInChromium(job: Job): AsyncGenerator<Message> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("there is no Chromium: install it, or set CHROMIUM to its path");
  await writeFile(join(output, "job.json"), JSON.stringify({ ...job, peers: [] }));
  const server = await serve(resolve("."), { isolated: true });
  const browser = await chromium.launch({ executablePath, args: chromiumFlags });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/bench/page.html`);
    for (let seen = 0, finished = false; !finished; ) {
      await new Promise((r) => setTimeout(r, 200));
      finished = (await page.evaluate("globalThis.finished === true")) as boolean;
      const messages = (await page.evaluate(`globalThis.messages.slice(${seen})`)) as Message[];
      seen += messages.length;
      yield* messages;
    }
  } finally {
    await browser.close();
    server.close();
  }
}

/** Messages of the job, as they come. The SIMD level is the best that the runtime has, or the baseline. */
export async function* runIn(runtime: RuntimeName, job: Job, simd?: "baseline"): AsyncGenerator<Message> {
  await mkdir(output, { recursive: true });
  const env = simd ? { ...process.env, KINDLING_SIMD: simd } : process.env;
  yield* runtime === "chromium" ? runInChromium(job) : runInServer(runtime, job, env);
}
