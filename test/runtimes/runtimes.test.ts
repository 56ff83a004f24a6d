/** The built bundle, with nothing configured, gives the same training everywhere. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allNote, runsAll } from "../helpers/cut";
import { chromiumFlags, findChromium, findRuntimes } from "./find";
import { serve } from "./server";

interface Result {
  readonly losses: number[];
  readonly withWorkers: number[];
  readonly doctor: {
    simd: string;
    threads: { wanted: number; running: number };
    sharedMemory: boolean;
    hints: string[];
  };
  /** Bytes of tensors that were held at most, while gigabytes of them were made and forgotten. */
  readonly peak: number;
  readonly error?: string;
}

const run = promisify(execFile);

/** Runs the program, which makes and forgets more memory than there is if `forgets` is true. */
async function runIn(
  command: string,
  args: readonly string[],
  { env, forgets = false }: { env?: Record<string, string>; forgets?: boolean } = {},
): Promise<Result> {
  const { stdout } = await run(command, [...args, "test/runtimes/main.mjs", ...(forgets ? ["forget"] : [])], {
    env: { ...process.env, ...env },
    timeout: 100_000,
  });
  const line = stdout.split("\n").find((text) => text.startsWith("RESULT "));
  return JSON.parse(line!.slice("RESULT ".length));
}

const { found, missing } = findRuntimes();
const references = new Map<string, Promise<number[]>>();

/** The losses of this Node at a SIMD level that it has; another runtime at that level must have the same bits. */
function reference(simd: string): Promise<number[]> {
  const known =
    references.get(simd) ??
    runIn(process.execPath, [], { env: simd === "baseline" ? { KINDLING_SIMD: "baseline" } : {} }).then(
      (r) => r.losses,
    );
  references.set(simd, known);
  return known;
}

/** Bits are equal on one SIMD level, close between levels. */
async function expectSameTraining(result: Result, isPage = false): Promise<void> {
  expect(result.error).toBeUndefined();
  expect(result.losses).toHaveLength(24);
  expect(result.losses.at(-1)).toBeLessThan(result.losses[0]! / 2);
  expect(result.withWorkers).toEqual(result.losses);
  // In a page the collector works in the background, and how soon it is done is chance.
  expect(result.peak).toBeLessThan(isPage ? 2.5 * 2 ** 30 : 2 ** 30);
  const baseline = await reference("baseline");
  if (result.doctor.simd === "baseline") expect(result.losses).toEqual(baseline);
  else {
    relaxedLosses.push(result.losses);
    expect(result.losses).toEqual(relaxedLosses[0]);
    result.losses.forEach((loss, i) => {
      expect(Math.abs(loss - baseline[i]!)).toBeLessThan(1e-5);
    });
  }
}

const relaxedLosses: number[][] = [];

describe("servers", () => {
  // `npm run environments` trains in all of them and in Chromium, too, and other tests forget memory in this Node.
  for (const { name, command, args } of found)
    it.runIf(runsAll)(
      `${name} trains on threads, and from a DataLoader's workers${allNote}`,
      { timeout: 120_000 },
      async () => {
        const result = await runIn(command, args, { forgets: true });
        await expectSameTraining(result);
        expect(result.peak).toBeGreaterThan(0);
        expect(result.doctor.threads.running).toBe(result.doctor.threads.wanted);
      },
    );
  for (const name of missing) it.skip(`${name} is not installed: run "npm run runtimes"`, () => {});
});

describe("Chromium", () => {
  const executablePath = findChromium();
  let browser: Browser;

  beforeAll(async () => {
    if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: chromiumFlags });
  });
  afterAll(() => browser?.close());

  async function open(isolated: boolean): Promise<{ result: Result; messages: string[] }> {
    const server = await serve(resolve("."), { isolated });
    try {
      const page = await browser.newPage();
      const messages: string[] = [];
      page.on("console", (message) => messages.push(message.text()));
      await page.goto(`${server.url}/test/runtimes/page.html`);
      await page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: 90_000 });
      const result = (await page.evaluate("globalThis.result")) as Result;
      await page.close();
      return { result, messages };
    } finally {
      server.close();
    }
  }

  if (executablePath === undefined)
    it.skip("is not installed: install Debian's package chromium, or set CHROMIUM", () => {});
  else {
    it.runIf(runsAll)(`with cross-origin isolation trains on threads${allNote}`, { timeout: 120_000 }, async () => {
      const { result } = await open(true);
      await expectSameTraining(result, true);
      expect(result.doctor.sharedMemory).toBe(true);
      expect(result.doctor.threads.running).toBe(result.doctor.threads.wanted);
    });

    it.runIf(runsAll)(
      `without it trains on one thread, with one hint in the console${allNote}`,
      { timeout: 120_000 },
      async () => {
        const { result, messages } = await open(false);
        await expectSameTraining(result, true);
        expect(result.doctor.threads).toEqual({ wanted: 1, running: 1 });
        expect(messages.filter((text) => text.includes("Cross-Origin-Opener-Policy"))).toHaveLength(1);
      },
    );
  }
});
