/**
 * WebGPU in each runtime: Chromium and Deno have it built in. A small network trains there; with `npm run test:all`
 * LeNet, the blocks of ResNet-18, an LSTM and a GPT do as well, of which a software driver compiles the kernels for a minute.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { expect, it } from "vitest";
import { allNote, runsAll } from "../helpers/cut";
import { chromiumFlags, findChromium, findRuntimes } from "./find";
import { serve } from "./server";

/** The losses of each network on both devices. */
interface Result {
  readonly name: string;
  readonly networks: Readonly<Record<string, { readonly cpu: number[]; readonly gpu: number[] }>>;
  readonly error?: string;
}

/** What gives headless Chromium its software adapter. */
const gpuFlags = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

const executablePath = findChromium();
const skipped = executablePath === undefined ? " (skipped: install Debian's package chromium, or set CHROMIUM)" : "";

function expectTraining({ error, networks }: Result): void {
  expect(error).toBeUndefined();
  expect(Object.keys(networks)).toEqual(["mlp", ...(runsAll ? ["lenet", "resnet", "lstm", "gpt"] : [])]);
  for (const [name, { cpu, gpu }] of Object.entries(networks)) {
    expect(gpu.at(-1), name).toBeLessThan(gpu[0]!);
    for (const [step, loss] of gpu.entries())
      expect(Math.abs(loss - cpu[step]!), `${name}, step ${step}: ${loss} instead of ${cpu[step]}`).toBeLessThan(1e-3);
  }
}

it.skipIf(executablePath === undefined || !runsAll)(
  `Chromium trains on its GPU with the cpu's losses${skipped}${allNote}`,
  { timeout: 240_000 },
  async () => {
    const server = await serve(resolve("."), { isolated: true });
    const args = [...chromiumFlags.filter((flag) => flag !== "--disable-gpu"), ...gpuFlags];
    const browser = await chromium.launch({ executablePath: executablePath!, args });
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/test/runtimes/webgpu.html${runsAll ? "?all" : ""}`);
      await page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: 220_000 });
      expectTraining((await page.evaluate("globalThis.result")) as Result);
    } finally {
      await browser.close();
      server.close();
    }
  },
);

const deno = findRuntimes().found.find(({ name }) => name === "deno");
/** A driver that Deno takes; it refuses the one of Chromium. */
const mesa = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
const reason =
  deno === undefined
    ? " (skipped: run npm run runtimes)"
    : existsSync(mesa)
      ? ""
      : " (skipped: install Debian's package mesa-vulkan-drivers)";

it.skipIf(reason !== "")(`Deno trains on its GPU with the cpu's losses${reason}`, { timeout: 240_000 }, async () => {
  const { stdout } = await promisify(execFile)(
    resolve(deno!.command),
    [...deno!.args, "--unstable-webgpu", "test/runtimes/webgpuMain.mjs", ...(runsAll ? ["all"] : [])],
    { env: { ...process.env, VK_ICD_FILENAMES: mesa, XDG_RUNTIME_DIR: tmpdir() }, timeout: 230_000 },
  );
  const line = stdout.split("\n").find((text) => text.startsWith("result "));
  expectTraining(JSON.parse(line!.slice(7)) as Result);
});
