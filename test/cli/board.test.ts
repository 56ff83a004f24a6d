/** `kindling board`: what its server answers and refuses, and its page in Chromium while a run goes on. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smoothed } from "../../src/cli/browser/charts";
import { allNote, runsAll } from "../helpers/cut";
import { inTurn } from "../helpers/inTurn";
import { chromiumFlags, findChromium } from "../runtimes/find";

const root = mkdtempSync(join(tmpdir(), "kindling-page-"));
const logs = join(root, "logs");
let server: ChildProcess;
let url = "";

/** Starts the command, and waits for the address that it prints. */
function start(...args: string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ["dist/cli.js", "board", ...args]);
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (part) => {
      text += part;
      const found = /http:\/\/\S+/.exec(text);
      if (found) resolve({ child, url: found[0] });
    });
    child.stderr.on("data", (part) => reject(new Error(String(part))));
    child.on("exit", (code) => reject(new Error(`ended with ${code}`)));
  });
}

/** GET with a path as it is, which `fetch` would tidy. */
function get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, headers }, (answer) => {
      let text = "";
      answer.on("data", (part) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode!, text }));
    });
    asked.on("error", reject).end();
  });
}

const { SummaryWriter } = torch.utils.tensorboard;
const writers = ["first", "second"].map((name) => new SummaryWriter(join(logs, name)));

beforeAll(async () => {
  mkdirSync(logs, { recursive: true });
  writeFileSync(join(root, "secret"), "secret");
  for (const [k, writer] of writers.entries()) {
    for (let i = 0; i < 10; i++) writer.addScalar("loss/train", 1 / (i + k + 1), i);
    writer.addHistogram("weights", torch.randn(100), 1);
    writer.addImage("picture", torch.ones(3, 4, 5), 1);
    writer.addText("note", "<b>bold</b>", 1);
    await writer.flush();
  }
  ({ child: server, url } = await start(logs, "--port", "0"));
}, 60_000);

afterAll(async () => {
  server?.kill();
  for (const writer of writers) await writer.close();
  rmSync(root, { recursive: true });
});

describe("the server", () => {
  it("is on this machine alone, and answers nobody who names it otherwise", async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect((await get("/events", { host: "evil.example" })).status).toBe(403);
    expect((await get("/", { host: "localhost:1" })).status).toBe(200);
  });

  it("opens no path", async () => {
    for (const path of [
      "/../secret",
      "/%2e%2e/secret",
      "/..%2fsecret",
      "/image?id=../secret",
      "/first",
      "//etc/passwd",
    ]) {
      const { status, text } = await get(path);
      expect([path, status, text.includes("secret")]).toEqual([path, 404, false]);
    }
  });

  it("tells what is new, and follows no links out of the folder", async () => {
    symlinkSync(root, join(logs, "link"));
    const all = JSON.parse((await get("/events?after=0")).text) as { items: any[]; last: number };
    expect(all.items.filter(({ kind }) => kind === "scalar").length).toBe(20);
    expect(new Set(all.items.map(({ run }) => run))).toEqual(new Set(["first", "second"]));
    const picture = all.items.find(({ kind }) => kind === "image");
    expect((await get(`/image?id=${picture.id}`)).status).toBe(200);
    expect(JSON.parse((await get(`/events?after=${all.last}`)).text).items).toEqual([]);
  });

  it("says what is wrong with a folder or a port", async () => {
    const lines = [[join(root, "nowhere")], [logs, "--port", "x"], [logs, "--port", new URL(url).port]];
    const [folder, word, taken] = await inTurn(lines.map((args) => ["dist/cli.js", "board", ...args]));
    expect(folder!.stderr).toMatch(/board: cannot open the folder ".*nowhere"/);
    expect(word!.stderr).toMatch(/--port takes an integer from 0 to 65535, got "x"/);
    expect(taken!.stderr).toMatch(/board: cannot listen on port/);
    expect([folder!.code, word!.code, taken!.code]).toEqual([1, 2, 1]);
  });
});

it("smoothing does not draw the beginning to zero", () => {
  expect(smoothed([4, 4, 4], 0.9).map((x) => Math.round(x * 1e9) / 1e9)).toEqual([4, 4, 4]);
  expect(smoothed([1, 2], 0.5)).toEqual([1, (0.25 + 1) / 0.75]);
  expect(smoothed([1, Number.NaN, 3], 0)).toEqual([1, Number.NaN, 3]);
});

describe("Chromium", () => {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    it.skip("is not installed: install Debian's package chromium, or set CHROMIUM", () => {});
    return;
  }

  it.runIf(runsAll)(`shows runs, and what comes while it looks${allNote}`, { timeout: 90_000 }, async () => {
    const browser = await chromium.launch({ executablePath, args: chromiumFlags });
    try {
      const page = await browser.newPage();
      const asked: string[] = [];
      const errors: string[] = [];
      page.on("request", (made) => asked.push(made.url()));
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(url);
      await page.waitForSelector(".u-wrap canvas");
      await page.waitForSelector("img");
      expect(await page.locator("aside label:has-text('first')").count()).toBe(1);
      expect(await page.locator("h2").allTextContents()).toEqual(
        expect.arrayContaining(["scalar: loss", "histogram: weights", "image: picture"]),
      );
      // Text of files is text.
      expect(await page.locator("pre").first().textContent()).toBe("<b>bold</b>");
      expect(await page.evaluate("document.querySelector('img').naturalWidth")).toBe(5);
      writers[0]!.addScalar("live", 1, 1);
      await writers[0]!.flush();
      await page.waitForSelector("h2:has-text('scalar: live')", { timeout: 20_000 });
      await page.locator("#log").check();
      await page.locator("#axis").selectOption("relative");
      await page.locator("aside label:has-text('second') input").uncheck();
      expect(await page.locator("main").textContent()).not.toContain("second, step");
      expect(errors).toEqual([]);
      expect(asked.every((address) => address.startsWith(url))).toBe(true);
    } finally {
      await browser.close();
    }
  });
});
