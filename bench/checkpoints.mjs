/**
 * `node bench/checkpoints.mjs [MEGABYTES]`: torch.load of a checkpoint, here and in native PyTorch (`PYTHON`, default /usr/bin/python3), each in a
 * process of its own. Prints times and the memory above that of a process which has read a small file, and their ratios. The bars for 500 MB: at most
 * twice PyTorch's time, at most 1.2 times the size of the file in memory, and one tensor of a safetensors file under 50 MB.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PARTS = 20;
const python = process.env.PYTHON ?? "/usr/bin/python3";
const library = new URL("../dist/kindling.js", import.meta.url).href;
/** The most memory of this process so far, in megabytes. */
const peak = () => process.resourceUsage().maxRSS / 1024;

/** What the processes that measure do. */
const tasks = {
  async write(torch, path, size) {
    const elements = Math.round((size * 1e6) / 4 / PARTS / 1000);
    const state = Object.fromEntries(Array.from({ length: PARTS }, (_, i) => [`w${i}`, torch.ones([elements, 1000])]));
    await torch.save(state, `${path}/ours.pt`);
    await torch.safetensors.saveFile(state, `${path}/ours.safetensors`);
    await torch.save({ w: torch.ones([2]) }, `${path}/small.pt`);
  },
  load: (torch, path) => torch.load(path),
  async one(torch, path) {
    const file = await torch.safetensors.safeOpen(path);
    await file.getTensor(`w${PARTS - 1}`);
    await file.close();
  },
};

const pythonLoad = `
import resource, sys, time, torch
begin = time.perf_counter(); x = torch.load(sys.argv[1]); seconds = time.perf_counter() - begin
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)`;
const pythonWrite = `
import sys, torch
torch.save({k: v.clone() for k, v in torch.load(sys.argv[1]).items()}, sys.argv[2])`;

const numbers = (text) => text.trim().split(" ").map(Number);
const ours = (task, ...args) =>
  numbers(execFileSync(process.execPath, [fileURLToPath(import.meta.url), `--${task}`, ...args], { encoding: "utf8" }));
const theirs = (path) => numbers(execFileSync(python, ["-c", pythonLoad, path], { encoding: "utf8" }));
/** The fastest of three. */
const best = (run) => [1, 2, 3].map(run).sort(([a], [b]) => a - b)[0];

function measure(size) {
  const folder = mkdtempSync(join(tmpdir(), "kindling-bench-"));
  const at = (name) => join(folder, name);
  try {
    ours("write", folder, String(size));
    execFileSync(python, ["-c", pythonWrite, at("ours.pt"), at("theirs.pt")]);
    const [, base] = ours("load", at("small.pt"));
    for (const name of ["ours.pt", "theirs.pt"]) {
      const megabytes = statSync(at(name)).size / 2 ** 20;
      const [seconds, memory] = best(() => ours("load", at(name)));
      const [native] = best(() => theirs(at(name)));
      console.log(
        `${name.padEnd(16)} ${seconds.toFixed(2)} s, PyTorch ${native.toFixed(2)} s, ratio ${(seconds / native).toFixed(2)}; ` +
          `memory ${(memory - base).toFixed(0)} MiB, ${((memory - base) / megabytes).toFixed(2)} times the file's ${megabytes.toFixed(0)}`,
      );
    }
    const [seconds, memory] = ours("one", at("ours.safetensors"));
    console.log(
      `one tensor of ${(size / PARTS).toFixed(0)} MB out of ours.safetensors: ${seconds.toFixed(2)} s, memory ${(memory - base).toFixed(0)} MiB`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [first = "500", ...rest] = process.argv.slice(2);
if (first.startsWith("--")) {
  const torch = await import(library);
  torch.ones(1);
  const begin = performance.now();
  const kept = await tasks[first.slice(2)](torch, ...rest);
  console.log(`${(performance.now() - begin) / 1000} ${peak()}`);
  process.exit(kept === null ? 1 : 0);
} else measure(Number(first));
