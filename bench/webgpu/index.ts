/** `npm run bench -- webgpu`: the GPU of a page next to the peers that compute there. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { chromiumFlags, findChromium } from "../../test/runtimes/find";
import { serve } from "../../test/runtimes/server";
import type { GpuJob, GpuMessage, GpuRow, GpuSetting } from "./page";

const output = resolve("build", "bench", "webgpu");

const common = chromiumFlags.filter((flag) => flag !== "--disable-gpu");
/** A graphics card first, and the processor where there is none. */
const adapters: readonly (readonly string[])[] = [
  ["--enable-unsafe-webgpu", "--ignore-gpu-blocklist", "--enable-features=Vulkan", "--use-angle=vulkan"],
  ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
];

/** Bundles a program for the page, with `kindling` left to be imported. */
export async function bundlePage(entries: Record<string, string>): Promise<void> {
  await build({
    entryPoints: entries,
    outdir: output,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    logLevel: "error",
    external: ["kindling"],
  });
}

const hasAdapter = "navigator.gpu?.requestAdapter().then((adapter) => adapter !== null) ?? false";

/** Runs a page of this folder to its end, on the first adapter that there is; yields its messages. */
export async function* runPage<Message>(page: string, job: object): AsyncGenerator<Message> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("there is no Chromium: install it, or set CHROMIUM to its path");
  await mkdir(output, { recursive: true });
  await writeFile(join(output, "job.json"), JSON.stringify(job));
  const server = await serve(resolve("."), { isolated: true, files: new Map([["/empty.html", "<!doctype html>"]]) });
  let browser: Browser | undefined;
  try {
    for (const flags of adapters) {
      browser = await chromium.launch({ executablePath, args: [...common, ...flags] });
      const tab = await browser.newPage();
      // What a driver or a library complains of, once.
      const heard = new Set<string>();
      tab.on("console", (message) => {
        const text = message.text().slice(0, 300);
        if (heard.size < 5 && !heard.has(text) && !text.includes("404")) console.log(`note: ${text}`);
        heard.add(text);
      });
      await tab.goto(`${server.url}/empty.html`);
      if (await tab.evaluate(hasAdapter)) {
        await tab.goto(`${server.url}/bench/webgpu/${page}`);
        for (let seen = 0, finished = false; !finished; ) {
          await new Promise((r) => setTimeout(r, 200));
          finished = (await tab.evaluate("globalThis.finished === true")) as boolean;
          const messages = (await tab.evaluate(`(globalThis.messages ?? []).slice(${seen})`)) as Message[];
          seen += messages.length;
          yield* messages;
        }
        return;
      }
      await browser.close();
    }
    throw new Error("Chromium finds no adapter of WebGPU, not even a software one");
  } finally {
    await browser?.close();
    server.close();
  }
}

const time = (ms: number): string => (ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(2)} ms`);

function heading({ adapter, scale, peak, versions }: GpuSetting): string {
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const against = peers.length > 0 ? ` · against ${peers.join(", ")}` : "";
  const note = scale === "software" ? "\na software adapter: sizes are small, and only the ratios count" : "";
  return `\nwebgpu · ${adapter} · float32 peak ${peak.toFixed(0)} GFLOP/s${against}${note}`;
}

/** One line: own time, own speed as a part of the peak, and how many times faster than each other contender. */
function line({ name, flops, timings }: GpuRow, peak: number): string {
  const { kindling, ...others } = timings;
  const parts = [name.padEnd(52), time(kindling!.ms).padStart(10)];
  const speed = flops === undefined ? undefined : flops / kindling!.ms / 1e6;
  parts.push(
    speed === undefined
      ? " ".repeat(23)
      : `${speed.toFixed(1).padStart(9)} GFLOP/s ${((100 * speed) / peak).toFixed(0).padStart(4)} %`,
  );
  for (const [other, { ratio }] of Object.entries(others)) parts.push(`${ratio.toFixed(2).padStart(7)}× ${other}`);
  return parts.join(" ");
}

/** Runs the suite and prints it. @returns what was measured */
export async function reportWebgpu(job: GpuJob): Promise<{ setting: GpuSetting | undefined; rows: GpuRow[] }> {
  await bundlePage({ page: "bench/webgpu/page.ts" });
  let setting: GpuSetting | undefined;
  const rows: GpuRow[] = [];
  for await (const message of runPage<GpuMessage>("page.html", job)) {
    if ("note" in message) console.log(`note: ${message.note}`);
    else if ("setting" in message) {
      setting = message.setting;
      console.log(heading(setting));
    } else {
      rows.push(message.row);
      console.log(line(message.row, setting!.peak));
    }
  }
  return { setting, rows };
}
