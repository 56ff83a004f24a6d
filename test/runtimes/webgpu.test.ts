/** WebGPU where a browser has it built in. */
import { resolve } from "node:path";
import { chromium } from "playwright-core";
import { expect, it } from "vitest";
import { chromiumFlags, findChromium } from "./find";
import { serve } from "./server";

interface Result {
  readonly name: string;
  readonly cpu: number[];
  readonly gpu: number[];
  readonly error?: string;
}

/** What gives headless Chromium its software adapter. */
const gpuFlags = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

const executablePath = findChromium();
const skipped = executablePath === undefined ? " (skipped: install Debian's package chromium, or set CHROMIUM)" : "";

it.skipIf(executablePath === undefined)(
  `Chromium trains on its GPU with the cpu's losses${skipped}`,
  { timeout: 120_000 },
  async () => {
    const server = await serve(resolve("."), { isolated: true });
    const args = [...chromiumFlags.filter((flag) => flag !== "--disable-gpu"), ...gpuFlags];
    const browser = await chromium.launch({ executablePath: executablePath!, args });
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/test/runtimes/webgpu.html`);
      await page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: 100_000 });
      const result = (await page.evaluate("globalThis.result")) as Result;
      expect(result.error).toBeUndefined();
      expect(result.gpu).toHaveLength(10);
      expect(result.gpu.at(-1)).toBeLessThan(result.gpu[0]!);
      result.gpu.forEach((loss, i) => {
        expect(Math.abs(loss - result.cpu[i]!)).toBeLessThan(1e-5);
      });
    } finally {
      await browser.close();
      server.close();
    }
  },
);
