/** `TrainingWorker` in a page of Chromium: the program of the documentation, orders, tensors, errors, and a page that goes on painting meanwhile. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allNote, cut, cutNote, runsAll } from "../helpers/cut";
import { chromiumFlags, findChromium } from "../runtimes/find";
import { type FileServer, serve } from "../runtimes/server";

const executablePath = findChromium();

/** The library by its address: import maps do not reach workers. */
const addressed = (code: string): string => code.replaceAll('from "kindling"', 'from "/kindling.js"');

const train = `
import * as torch from "/kindling.js";
torch.TrainingWorker.serve(async (run) => {
  const { fails, most, x } = run.options;
  if (fails) throw new RangeError("too far");
  let i = 0;
  while (i < most) if (!(await run.report({ x: x.mul(++i) }))) break;
  return { i, threads: torch.getNumThreads() };
});`;

const orders = `
import * as torch from "/kindling.js";
const url = new URL("/run.js", location.href);
const worker = new torch.TrainingWorker(new Worker(url, { type: "module" }), { most: 1e9, x: torch.ones(2) });
const reports = worker[Symbol.asyncIterator]();
const first = (await reports.next()).value.x.tolist();
worker.pause();
const paused = worker.state;
worker.resume();
await reports.next();
const { i, threads } = await worker.stop();
const failing = new torch.TrainingWorker(url, { fails: true });
const failure = await failing.result.catch((error) => error.name + ": " + error.message);
const terminated = new torch.TrainingWorker(url, { most: 1e9, x: torch.ones(1) });
terminated.terminate();
const end = await terminated.result.catch((error) => error.message);
console.log("FOUND " + JSON.stringify({ first, paused, i, threads, failure, end, state: worker.state }));`;

describe.skipIf(executablePath === undefined)(
  `in a page${executablePath === undefined ? " (skipped: no Chromium)" : ""}`,
  () => {
    const servers: FileServer[] = [];
    let browser: Browser;

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath!, args: chromiumFlags });
    });
    afterAll(async () => {
      await browser?.close();
      for (const server of servers) server.close();
    });

    const guide = new Map(
      [
        ...readFileSync("docs/how-to/training-worker.md", "utf8").matchAll(
          /^```javascript\n\/\/ (\w+\.js)\n([\s\S]*?)^```$/gm,
        ),
      ].map(([, name, code]) => [`/${name}`, addressed(code!)]),
    );
    const files = new Map([
      ...guide,
      ["/run.js", train],
      ["/orders.js", orders],
      ["/orders.html", '<!doctype html><script type="module" src="orders.js"></script>'],
      ["/guide.html", '<!doctype html><script type="module" src="page.js"></script>'],
    ]);

    async function open(isolated: boolean, path: string): Promise<{ page: Page; lines: string[] }> {
      const server = await serve(resolve("dist"), { isolated, files });
      servers.push(server);
      const page = await browser.newPage();
      const lines: string[] = [];
      page.on("console", (message) => lines.push(message.text()));
      page.on("pageerror", (error) => lines.push(String(error)));
      await page.goto(`${server.url}/${path}`);
      return { page, lines };
    }

    test.runIf(runsAll)(`the program of the documentation learns${allNote}`, async () => {
      const { page, lines } = await open(true, "guide.html");
      await expect.poll(() => lines.filter((line) => /^[\d.]+( |$)/.test(line)).length, { timeout: 30_000 }).toBe(5);
      expect(Math.abs(Number(lines.at(-1)) - 2)).toBeLessThan(0.2);
      await page.close();
    });

    test.each(cut([false, true], 2))(`orders, tensors and errors (isolated: %s)${cutNote}`, async (isolated) => {
      const { page, lines } = await open(isolated, "orders.html");
      await expect.poll(() => lines.find((line) => line.startsWith("FOUND ")), { timeout: 30_000 }).toBeDefined();
      const found = JSON.parse(lines.find((line) => line.startsWith("FOUND "))!.slice("FOUND ".length));
      expect(found).toMatchObject({
        first: [1, 1],
        paused: "paused",
        state: "done",
        failure: "WorkerError: TrainingWorker: the run ended with RangeError: too far",
        end: "TrainingWorker: the run was terminated",
      });
      expect(found.i).toBeGreaterThan(1);
      if (!isolated) expect(found.threads).toBe(1);
      expect(lines.filter((line) => /error/i.test(line) && !line.startsWith("FOUND "))).toEqual([]);
      await page.close();
    });
  },
);
