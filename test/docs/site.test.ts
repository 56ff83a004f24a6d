/**
 * The documentation site in Chromium: nothing that axe finds, in light and dark, on a screen and a phone; blocks that run by a click; pages that are found;
 * threads without a server's headers. It runs in `npm run test:all`, needs `npm run docs -- --no-api` (for the reference `npm run docs`), and is skipped without.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runsAll } from "../helpers/cut";
import { chromiumFlags, findChromium } from "../runtimes/find";
import { type FileServer, serve } from "../runtimes/server";

const root = resolve("build/site");
const executablePath = findChromium();
const isBuilt = existsSync(`${root}/index.html`) && existsSync("build/docs/node_modules/axe-core");
const problem =
  executablePath === undefined ? "no Chromium" : isBuilt ? undefined : "no build/site: npm run docs -- --no-api";
const missing = runsAll ? problem : "only in npm run test:all";

describe.skipIf(missing !== undefined)(`the site ${missing === undefined ? "" : `(skipped: ${missing})`}`, () => {
  const axe = isBuilt
    ? readFileSync(createRequire(resolve("build/docs/x.js")).resolve("axe-core/axe.min.js"), "utf8")
    : "";
  let server: FileServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await serve(root, { isolated: false });
    browser = await chromium.launch({ executablePath: executablePath!, args: chromiumFlags });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const open = async (context: BrowserContext, path: string): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(`${server.url}/${path}.html`, { waitUntil: "load" });
    // Before Vue has taken the page over, a click is lost.
    await page.waitForFunction(() => "__vue_app__" in document.querySelector("#app")!);
    return page;
  };

  /** What axe objects to, a line each. */
  async function objections(page: Page): Promise<string[]> {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => (globalThis as any).axe.run());
    return violations.flatMap(({ id, nodes }: { id: string; nodes: { target: string[]; failureSummary: string }[] }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
    );
  }

  const pages = [
    "index",
    "tutorials/tensors",
    "how-to/freeze-layers",
    "name-table",
    "comparison",
    "threads-and-headers",
  ];

  // Colors do not depend on the width, nor what is there on the colors: two of the four pairs show everything.
  test.each([
    ["light", "screen", 1280],
    ["dark", "phone", 390],
  ] as const)(`has nothing that axe objects to in %s on a %s`, { timeout: 300_000 }, async (colorScheme, _, width) => {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 800 },
      serviceWorkers: "block",
    });
    const asked = new Set<string>();
    context.on("request", (request) => asked.add(new URL(request.url()).origin));
    for (const path of pages) {
      const page = await open(context, path);
      expect(await page.evaluate(() => document.documentElement.classList.contains("dark"))).toBe(
        colorScheme === "dark",
      );
      // Thousands of rows of one kind take axe half a minute.
      if (path === "name-table") await page.fill("#name-search", "relu");
      expect(await objections(page), path).toEqual([]);
      const { scrollWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth }));
      expect(scrollWidth, `${path} fits`).toBeLessThanOrEqual(width);
      await page.close();
    }
    // It works offline: nothing is fetched from elsewhere.
    expect([...asked].filter((origin) => origin !== server.url && !origin.startsWith("null"))).toEqual([]);
    await context.close();
  });

  const hasReference = existsSync(`${root}/api/index.html`);
  const kinds = ["classes/Checkpoint", "functions/autograd.Variable", "variables/matmul", "interfaces/AddmmOptions"];

  test.skipIf(!hasReference).each([
    ["light", "screen", 1280],
    ["dark", "phone", 390],
  ] as const)(
    `${hasReference ? "" : "(skipped: no build/site/api: npm run docs) "}has nothing that axe objects to in the reference in %s on a %s`,
    { timeout: 600_000 },
    async (colorScheme, _, width) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
      for (const path of ["index", ...kinds]) {
        const page = await context.newPage();
        await page.goto(`${server.url}/api/${path}.html`, { waitUntil: "load" });
        await page.waitForSelector("#tsd-nav-container details li a", { state: "attached" });
        expect(await objections(page), path).toEqual([]);
        const { scrollWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth }));
        expect(scrollWidth, `${path} fits`).toBeLessThanOrEqual(width);
        await page.close();
      }
      await context.close();
    },
  );

  const programs = ["index", ...readdirSync("docs/tutorials").map((name) => `tutorials/${name.replace(/\.md$/, "")}`)];
  const howTos = ["custom-layer", "freeze-layers", "profile", "vite", "github-pages", "training-worker"].map(
    (name) => `how-to/${name}`,
  );

  // `blocks.alone.test.ts` runs the blocks of every page in Node.
  test.each([...programs, ...howTos])(`the blocks of %s run by a click`, { timeout: 300_000 }, async (path) => {
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await open(context, path);
    const blocks = page.locator(".run-block");
    const count = await blocks.count();
    expect(count).toBeGreaterThan(0);
    // Blocks that go on from others run these first: the last of a page runs nearly all.
    const block = blocks.last();
    await block.locator("button").click();
    await page.waitForFunction(
      () =>
        ["done", "failed"].includes([...document.querySelectorAll<HTMLElement>(".run-block")].at(-1)!.dataset.state!),
      undefined,
      { timeout: 250_000 },
    );
    const output = (await block.locator("pre").count()) > 0 ? await block.locator("pre").textContent() : "";
    expect(await block.getAttribute("data-state"), `${path}: ${output}`).toBe("done");
    await context.close();
  });

  const tasks = [
    ["own pictures", "how-to/own-pictures"],
    [".pth", "how-to/load-pth"],
    ["vite", "how-to/vite"],
    ["github pages", "how-to/github-pages"],
    ["custom layer", "how-to/custom-layer"],
    ["freeze layers", "how-to/freeze-layers"],
    ["export onnx", "how-to/export-onnx"],
    ["slow step", "how-to/profile"],
  ] as const;

  test("each task is one click from the start page, and found by one search", { timeout: 300_000 }, async () => {
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await open(context, "index");
    for (const [words, path] of tasks) {
      expect(await page.locator(`.vp-doc a[href$="${path}.html"]`).count(), path).toBeGreaterThan(0);
      await page.locator("button.DocSearch").first().click();
      const input = page.locator("#localsearch-input");
      await input.fill(words);
      await page.waitForSelector(`#localsearch-list a[href*="${path}.html"]`, { timeout: 60_000 });
      await page.keyboard.press("Escape");
    }
    await context.close();
  });

  test("the table of names is narrowed down by typing", { timeout: 60_000 }, async () => {
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await open(context, "name-table");
    await page.fill("#name-search", "functional log_softmax");
    await page.waitForFunction(() => document.querySelectorAll(".names tbody tr").length === 1);
    expect(await page.locator(".names tbody tr").textContent()).toBe(
      "torch.nn.functional.log_softmaxtorch.nn.functional.logSoftmax",
    );
    await context.close();
  });

  test("the service worker turns threads on without a server's headers", { timeout: 120_000 }, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${server.url}/index.html`);
    await page.waitForFunction(() => crossOriginIsolated && navigator.serviceWorker.controller !== null, undefined, {
      timeout: 60_000,
    });
    // As text: what vitest makes of an import means nothing in a page.
    const found: any = await page.evaluate(`(async () => {
      const torch = await import("/kindling/kindling.js");
      torch.randn(64, 64).matmul(torch.randn(64, 64));
      const { threads, sharedMemory } = torch.doctor();
      return { threads, sharedMemory };
    })()`);
    expect(found.sharedMemory).toBe(true);
    expect(found.threads.wanted).toBeGreaterThan(1);
    // A second visit needs no second load.
    let loads = 0;
    page.on("load", () => loads++);
    await page.goto(`${server.url}/comparison.html`, { waitUntil: "load" });
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(loads).toBe(1);
    await context.close();
  });
});

test("every page of the documentation is in the sidebar", async () => {
  const { sidebar } = await import(resolve("docs/.vitepress/sidebar.mjs"));
  const links = sidebar.flatMap(({ items }: { items: { link: string }[] }) => items.map(({ link }) => link));
  const pagesOf = (folder: string) =>
    readdirSync(`docs/${folder}`).flatMap((name) => (name.endsWith(".md") ? [`/${folder}${name.slice(0, -3)}`] : []));
  const all = [...pagesOf(""), ...pagesOf("tutorials/"), ...pagesOf("how-to/")].map((link) =>
    link === "/quick-start" ? "/" : link,
  );
  expect([...links].sort()).toEqual([...all, "/name-table"].sort());
});
