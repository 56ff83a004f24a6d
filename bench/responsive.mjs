/**
 * `node bench/responsive.mjs`: how long a user waits. From the import to the first result, in a new process of each Node and in a new page of Chromium from a
 * server on this machine; and from a click to its listener, while LeNet trains in that page by a loop over a loader. Medians and the worst; `--rounds 5`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const at = process.argv.indexOf("--rounds");
const rounds = at < 0 ? 5 : Number(process.argv[at + 1]);

/** A program that says how many milliseconds its first result takes. */
const first = (/** @type {string} */ address) => `
const start = performance.now();
const torch = await import(${JSON.stringify(address)});
torch.randn(4, 4).matmul(torch.randn(4, 4)).sum().item();
const found = performance.now() - start;`;

const training = `
import * as torch from "/kindling.js";
const { nn, optim, utils } = torch;
const set = new utils.data.TensorDataset(torch.rand(6400, 1, 28, 28), torch.randint(0, 10, [6400]));
const model = new torch.vision.models.LeNet({ channels: 1, size: 28 });
const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
globalThis.delays = [];
globalThis.steps = 0;
addEventListener("click", (event) => delays.push(performance.now() - event.timeStamp));
for (;;)
  for await (const [x, y] of new utils.data.DataLoader(set, { batchSize: 64 })) {
    const loss = nn.functional.crossEntropy(model(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    globalThis.steps++;
  }`;

const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const report = (/** @type {string} */ name, /** @type {number[]} */ values) =>
  console.log(
    `${name.padEnd(48)} median ${median(values).toFixed(1)} ms, worst ${Math.max(...values).toFixed(1)} ms (${values.length})`,
  );

/** Serves the bundle, and pages around scripts, with cross-origin isolation. */
async function serve() {
  const script = (/** @type {string} */ body) => `<!doctype html><script type="module">${body}</script>`;
  const pages = {
    "/first.html": script(`${first("/kindling.js")} globalThis.found = found;`),
    "/training.html": script(training),
  };
  const server = createServer(({ url = "" }, response) => {
    const page = pages[url];
    const path = resolve("dist", url.slice(1));
    if (page === undefined && !(path.startsWith(resolve("dist")) && existsSync(path)))
      return response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": page === undefined ? "text/javascript" : "text/html",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    return response.end(page ?? readFileSync(path));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  return { url: `http://127.0.0.1:${/** @type {any} */ (server.address()).port}`, server };
}

const nodes = [process.execPath, join("build", "runtimes", "node_modules", ".bin", "node")].filter(existsSync);
for (const node of nodes) {
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const program = `${first(`file://${resolve("dist/kindling.js")}`)} console.log(found); process.exit();`;
  const time = () => Number(execFileSync(node, ["--input-type=module", "-e", program], { encoding: "utf8" }));
  report(`import to first result, Node ${version}`, Array.from({ length: rounds }, time));
}

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (existsSync(executablePath)) {
  const { url, server } = await serve();
  const browser = await chromium.launch({ executablePath, args: ["--headless=new", "--no-sandbox", "--disable-gpu"] });
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${url}/first.html`);
    times.push(await (await page.waitForFunction("globalThis.found")).jsonValue());
    await page.close();
  }
  report("import to first result, Chromium", /** @type {number[]} */ (times));
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`${url}/training.html`);
  await page.waitForFunction("globalThis.steps > 5", undefined, { timeout: 60_000 });
  for (let i = 0; i < 10 * rounds; i++) {
    await page.mouse.click(20, 20);
    await page.waitForTimeout(37);
  }
  report("click to its listener while LeNet trains", await page.evaluate("globalThis.delays"));
  await browser.close();
  server.close();
} else console.log("Chromium is not installed: nothing is measured in a page");
