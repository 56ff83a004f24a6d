/**
 * WebGPU in each runtime: Chromium and Deno have it built in, Node takes the package `webgpu`. A small network trains there; with `npm run test:all` LeNet,
 * ResNet-18, an LSTM, a GPT and PyTorch's tutorials do as well, of which a software driver compiles the kernels for minutes.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { expect, it } from "vitest";
import { swiftshader } from "../../helpers/adapter";
import { allNote, runsAll } from "../../helpers/cut";
import { chromiumFlags, findChromium, findRuntimes } from "../find";
import { serve } from "../server";

/** What each program read on both devices, and the bytes that came from the GPU for it. */
interface Result {
  readonly name: string;
  readonly results: Readonly<
    Record<string, { readonly cpu: number[]; readonly gpu: number[]; readonly bytesRead: number }>
  >;
  readonly error?: string;
}

/** How long a process or a page may take, in milliseconds. */
const TIMEOUT = 900_000;

/** What gives headless Chromium its software adapter. */
const gpuFlags = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

const executablePath = findChromium();
const skipped = executablePath === undefined ? " (skipped: install Debian's package chromium, or set CHROMIUM)" : "";

const programs = ["mlp", "lenet", "resnet18", "lstm", "gpt"];
const tutorials = [
  ...["quickstart", "polynomial", "customFunction", "classifier", "deepQLearning", "perSampleGradients"],
  ...["transferLearning", "dcgan", "spatialTransformer", "fastGradientSign"],
  ...["characterRnn", "translation", "transformer"],
];

function expectTraining({ error, results }: Result): void {
  expect(error).toBeUndefined();
  expect(Object.keys(results)).toEqual(runsAll ? [...programs, ...tutorials] : programs.slice(0, 1));
  for (const [name, { cpu, gpu, bytesRead }] of Object.entries(results)) {
    expect(Math.min(...gpu), `${name} learns`).toBeLessThan(gpu[0]!);
    for (const [step, loss] of gpu.entries())
      expect(Math.abs(loss - cpu[step]!), `${name}, step ${step}: ${loss} instead of ${cpu[step]}`).toBeLessThan(1e-3);
    expect(bytesRead, `${name} reads its losses and nothing else`).toBe(4 * gpu.length);
  }
}

it.skipIf(executablePath === undefined || !runsAll)(
  `Chromium trains on its GPU with the cpu's losses${skipped}${allNote}`,
  { timeout: TIMEOUT + 10_000 },
  async () => {
    const server = await serve(resolve("."), { isolated: true });
    const args = [...chromiumFlags.filter((flag) => flag !== "--disable-gpu"), ...gpuFlags];
    const browser = await chromium.launch({ executablePath: executablePath!, args });
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/test/runtimes/webgpu/page.html${runsAll ? "?all" : ""}`);
      await page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: TIMEOUT });
      expectTraining((await page.evaluate("globalThis.result")) as Result);
    } finally {
      await browser.close();
      server.close();
    }
  },
);

/** A driver that Deno takes; it refuses the one of Chromium. */
const mesa = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
const deno = findRuntimes().found.find(({ name }) => name === "deno");

/** What a process of a runtime finds with a driver. */
async function resultOf(command: string, args: readonly string[], driver: string): Promise<Result> {
  const { stdout } = await promisify(execFile)(
    resolve(command),
    [...args, "test/runtimes/webgpu/main.mjs", ...(runsAll ? ["all"] : [])],
    { env: { ...process.env, VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: tmpdir() }, timeout: TIMEOUT },
  );
  return JSON.parse(/^result (.*)$/m.exec(stdout)![1]!) as Result;
}

const withoutDeno =
  deno === undefined
    ? " (skipped: run npm run runtimes)"
    : existsSync(mesa)
      ? ""
      : " (skipped: install Debian's package mesa-vulkan-drivers)";
const deadline = { timeout: TIMEOUT + 10_000 };

it.skipIf(withoutDeno !== "")(`Deno trains on its GPU with the cpu's losses${withoutDeno}`, deadline, async () => {
  expectTraining(await resultOf(deno!.command, [...deno!.args, "--unstable-webgpu"], mesa));
});

const withoutDriver = existsSync(swiftshader) ? "" : " (skipped: install Debian's package chromium)";

it.skipIf(withoutDriver !== "" || !runsAll)(
  `Node trains on its GPU with the cpu's losses${withoutDriver}${allNote}`,
  deadline,
  async () => {
    expectTraining(await resultOf(process.execPath, [], swiftshader));
  },
);
