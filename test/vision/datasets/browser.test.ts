/** Fashion-MNIST in a page: its files from a server, trained on, and kept for the second visit. */
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allNote, runsAll } from "../../helpers/cut";
import { chromiumFlags, findChromium } from "../../runtimes/find";
import { serve } from "../../runtimes/server";
import { md5Of } from "./server";

/** Pictures of two classes, bright above or below, as an IDX file. */
function images(count: number): Uint8Array {
  const head = Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]);
  const pixels = Buffer.from(
    Array.from({ length: count * 784 }, (_, i) => {
      const isAbove = i % 784 < 392;
      return isAbove === (Math.floor(i / 784) % 2 === 0) ? 200 + (i % 50) : i % 40;
    }),
  );
  return gzipSync(Buffer.concat([head, pixels]));
}

const labels = (count: number): Uint8Array =>
  gzipSync(Buffer.from([0, 0, 8, 1, 0, 0, 0, count, ...Array.from({ length: count }, (_, i) => i % 2)]));

const raw: Record<string, Uint8Array> = {
  "train-images-idx3-ubyte.gz": images(96),
  "train-labels-idx1-ubyte.gz": labels(96),
  "t10k-images-idx3-ubyte.gz": images(32),
  "t10k-labels-idx1-ubyte.gz": labels(32),
};

const program = `
  import * as torch from "/dist/kindling.js";
  const { nn, optim } = torch;
  const { datasets, transforms } = torch.vision;
  const { DataLoader } = torch.utils.data;
  async function run() {
    torch.manualSeed(0);
    const workers = Number(new URLSearchParams(location.search).get("workers"));
    const Sets = { FashionMNIST: datasets.FashionMNIST };
    const options = { transform: new transforms.ToTensor(), download: false };
    if (location.search.includes("mirror")) {
      datasets.FashionMNIST.mirrors = [location.origin + "/nowhere/", location.origin + "/mirror/"];
      datasets.FashionMNIST.resources = RESOURCES;
      options.download = true;
    }
    const root = location.search.includes("mirror") ? "/cached" : "/data";
    const training = await new datasets.FashionMNIST(root, { ...options, train: true });
    const test = await new datasets.FashionMNIST(root, { ...options, train: false });
    const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const losses = [];
    for (let epoch = 0; epoch < 3; epoch++)
      for await (const [X, y] of new DataLoader(training, { batchSize: 32, numWorkers: workers })) {
        const loss = nn.functional.crossEntropy(model(X), y);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        losses.push(loss.item());
      }
    let correct = 0;
    for await (const [X, y] of new DataLoader(test, { batchSize: 8 })) correct += model(X).argmax(1).eq(y).sum().item();
    const missing = await new datasets.MNIST("/data").catch((error) => error.message);
    return { losses, correct, text: String(test), missing };
  }
  run().then((result) => { globalThis.result = result; }, (error) => { globalThis.result = { error: String(error?.stack ?? error) }; });
`;

interface Result {
  readonly losses: number[];
  readonly correct: number;
  readonly text: string;
  readonly missing: string;
  readonly error?: string;
}

async function visit(context: BrowserContext, url: string): Promise<Result> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: 90_000 });
  const result = (await page.evaluate("globalThis.result")) as Result;
  await page.close();
  return result;
}

describe("Chromium", () => {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    it.skip("is not installed: install Debian's package chromium, or set CHROMIUM", () => {});
    return;
  }

  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: chromiumFlags });
  });
  afterAll(() => browser?.close());

  it.runIf(runsAll).each([
    ["from the page's own server, with a worker", "?workers=1", true],
    ["from mirrors", "?mirror", false],
  ] as const)(
    `trains on Fashion-MNIST %s; the second visit makes no request${allNote}`,
    { timeout: 120_000 },
    async (_, query, isolated) => {
      const resources = Object.entries(raw).map(([name, bytes]) => [name, md5Of(bytes)]);
      const files = new Map<string, Uint8Array | string>([
        [
          "/page.html",
          `<!doctype html><script type="module">${program.replace("RESOURCES", JSON.stringify(resources))}</script>`,
        ],
      ]);
      const folder = query === "?mirror" ? "/mirror" : "/data/FashionMNIST/raw";
      for (const [name, bytes] of Object.entries(raw)) files.set(`${folder}/${name}`, bytes);
      const server = await serve(resolve("."), { isolated, files });
      const context = await browser.newContext();
      try {
        const first = await visit(context, `${server.url}/page.html${query}`);
        expect(first.error).toBeUndefined();
        expect(first.correct).toBe(32);
        expect(first.losses.at(-1)).toBeLessThan(first.losses[0]! / 2);
        expect(first.text).toContain("Dataset FashionMNIST\n    Number of datapoints: 32\n");
        expect(first.missing).toMatch(/^MNIST: Dataset not found/);
        const fetched = () =>
          server.requests.filter(
            (path) => (/ubyte/.test(path) && path.includes("FashionMNIST")) || path.startsWith("/mirror"),
          );
        expect(fetched().filter((path) => path.endsWith(".gz")).length).toBeGreaterThanOrEqual(4);
        const before = fetched().length;
        const second = await visit(context, `${server.url}/page.html${query}`);
        expect(second.losses).toEqual(first.losses);
        expect(fetched().length).toBe(before);
      } finally {
        await context.close();
        server.close();
      }
    },
  );
});
