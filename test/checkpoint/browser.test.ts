/** A page that is loaded again in the middle of training goes on with the same bits. */
import { resolve } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { allNote, runsAll } from "../helpers/cut";
import { chromiumFlags, findChromium } from "../runtimes/find";
import { serve } from "../runtimes/server";

const program = `
  import * as torch from "/dist/kindling.js";
  const { nn, optim } = torch;
  async function run() {
    const query = new URLSearchParams(location.search);
    torch.manualSeed(0);
    const data = { length: 20, at: (i) => [torch.rand([3]).add(i), i % 2] };
    const loader = new torch.utils.data.DataLoader(data, { batchSize: 4, shuffle: true });
    const model = new nn.Sequential(new nn.Linear(3, 8), new nn.Dropout(0.5), new nn.Linear(8, 2));
    const optimizer = new optim.Adam(model.parameters());
    const checkpoint = new torch.Checkpoint(query.get("folder"), { model, optimizer, loader });
    let { epoch, step } = (await checkpoint.resume()) ?? { epoch: 0, step: 0 };
    const begun = step;
    const losses = [];
    for (; epoch < 2; epoch++)
      for await (const [x, y] of loader) {
        const loss = nn.functional.crossEntropy(model(x), y);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        losses.push(loss.item());
        await checkpoint.save({ epoch, step: ++step });
        if (step === Number(query.get("until"))) return { begun, losses };
      }
    const other = await new torch.Checkpoint(query.get("folder")).resume().catch((error) => error.message);
    const size = (await checkpoint.toBlob()).size;
    return { begun, losses, weights: [...model.parameters()].map((p) => p.tolist()), other, size };
  }
  run().then((result) => { globalThis.result = result; }, (error) => { globalThis.result = { error: String(error?.stack ?? error) }; });
`;

async function visit(context: BrowserContext, url: string): Promise<any> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: 90_000 });
  const result = await page.evaluate("globalThis.result");
  await page.close();
  return result;
}

describe("Chromium", () => {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    it.skip("is not installed: install Debian's package chromium, or set CHROMIUM", () => {});
    return;
  }

  it.runIf(runsAll)(`goes on in a page that is loaded again${allNote}`, { timeout: 120_000 }, async () => {
    const page = `<!doctype html><script type="module">${program}</script>`;
    const server = await serve(resolve("."), { isolated: true, files: new Map([["/page.html", page]]) });
    const browser = await chromium.launch({ executablePath, args: chromiumFlags });
    try {
      const context = await browser.newContext();
      const at = (query: string) => visit(context, `${server.url}/page.html?${query}`);
      const whole = await at("folder=whole");
      expect(whole.error).toBeUndefined();
      const first = await at("folder=parts&until=7");
      const second = await at("folder=parts");
      expect(second.begun).toBe(7);
      expect([...first.losses, ...second.losses]).toEqual(whole.losses);
      expect(second.weights).toEqual(whole.weights);
      expect(second.other).toMatch(/in use by another page or worker/);
      expect(second.size).toBeGreaterThan(500);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
