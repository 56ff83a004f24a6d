/** Threads that die, and places where none can be had. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { signaturesOf } from "../../scripts/building/signatures.mjs";
import { ArgumentList } from "../../src/backend/wasm/argumentList";
import type { Kernel, KernelFunction, Kernels } from "../../src/backend/wasm/kernels";
import { Memory } from "../../src/backend/wasm/memory";
import { Pool } from "../../src/backend/wasm/pool";

/** Claims a chunk and dies. */
const deadlyThread = `
receive(({ memory, control, words, jobs }) => {
  const i32 = new Int32Array(memory.buffer, control, words.jobs + jobs * words.job.size);
  Atomics.add(i32, words.started, 1);
  for (;;) {
    const ticket = Atomics.load(i32, words.ticket);
    if (ticket >>> 16 === (Atomics.load(i32, words.added) & 0xffff)) continue;
    const at = words.jobs + ((ticket >>> 16) & (jobs - 1)) * words.job.size;
    if (((ticket >>> 8) & 0xff) + (ticket & 0xff) >= Atomics.load(i32, at + words.job.chunks)) continue;
    if (Atomics.compareExchange(i32, words.ticket, ticket, ticket + 0x100) === ticket) process.exit();
  }
});`;

vi.mock("../../src/platform/platform", async (original) => {
  const platform = (await original()) as typeof import("../../src/platform/platform");
  const startWorker = (_: string, name: string) => platform.startWorker(deadlyThread, name);
  return { ...platform, startWorker, mostThreads: () => 2, hardwareConcurrency: () => 2 };
});

function createKernels(memory: WebAssembly.Memory): Kernels {
  const bytes = readFileSync(resolve("build/kernels.baseline.wasm"));
  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const types = signaturesOf(bytes) as Record<string, string>;
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  const table = new Map<string, Kernel>(
    names.map((name, index) => [name, { name, index, types: types[name]!, run: exports[name] as KernelFunction }]),
  );
  return { level: "baseline", module, loader: "", table, exports, heapBase: 1 << 20 };
}

test("a thread that dies with a chunk ends the call with an error, and the next ones do without", async () => {
  const wasm = new WebAssembly.Memory({ initial: 512, maximum: 65535, shared: true });
  const memory = new Memory(wasm, { address: 1 << 20, bytes: 31 << 20 });
  const kernels = createKernels(wasm);
  const pool = new Pool(kernels, memory, 1500);
  pool.setNumThreads(2);
  const n = 1 << 20;
  const { address } = memory.allocate(4 * n);
  const fill = () => {
    const args = new ArgumentList();
    args.set(0, address, 5);
    pool.run(kernels.table.get("fill")!, args, n, 1e6, false);
    pool.finish();
  };
  fill();
  while (pool.running < 2) await new Promise((done) => setTimeout(done, 10));
  let message = "";
  for (let i = 0; i < 100_000 && message === ""; i++)
    try {
      fill();
    } catch (error) {
      message = (error as Error).message;
    }
  expect(message).toMatch(/^a compute thread has died/);
  expect(pool.numThreads).toBe(1);
  pool.setNumThreads(2);
  expect(pool.numThreads).toBe(1);
  memory.view("float32", address, n).fill(0 as never);
  fill();
  expect((memory.view("float32", address, n) as Float32Array).every((x) => x === 5)).toBe(true);
});

const program = `
import * as torch from ${JSON.stringify(resolve("dist/kindling.js"))};
const { simd, hints } = torch.doctor();
let sum, error;
try {
  const x = torch.ones(512, 512);
  for (let i = 0; i < 20; i++) sum = x.matmul(x).sum().item();
} catch (e) { error = e.constructor.name; }
const { threads } = torch.doctor();
process.stdout.write(JSON.stringify({ simd, sum, error, threads, first: hints, last: torch.doctor().hints }));
`;

async function runWith(...flags: string[]) {
  const args = [...flags, "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, KINDLING_THREADS: "2" },
  });
  return { ...JSON.parse(stdout.slice(stdout.indexOf('{"simd"'))), said: stdout.slice(0, stdout.indexOf('{"simd"')) };
}

test("without permission to start threads there is one, and one hint that says what to do", async () => {
  const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  const { sum, threads, last, said } = await runWith(flag, "--allow-fs-read=*");
  expect(sum).toBe(512 ** 3);
  expect(threads).toEqual({ wanted: 1, running: 1 });
  expect(last.at(-1)).toMatch(/--allow-worker/);
  expect(said.match(/Kindling computes on one thread/g)).toHaveLength(1);
});

test("without WebAssembly the doctor says so, and ops are errors", async () => {
  const { simd, error, first } = await runWith("--jitless");
  expect(simd).toBe("none");
  expect(first.at(-1)).toMatch(/no WebAssembly.*--jitless/);
  expect(error).toBe("DeviceError");
});
