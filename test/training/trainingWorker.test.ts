/** `TrainingWorker`: reports, orders, tensors and errors between threads; the program of the documentation in every runtime. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import * as torch from "kindling";
import { afterAll, describe, expect, test, vi } from "vitest";
import { cutNote, runsAll } from "../helpers/cut";
import { findRuntimes } from "../runtimes/find";

const root = mkdtempSync(join(tmpdir(), "kindling-training-"));
mkdirSync(join(root, "node_modules"));
symlinkSync(resolve("."), join(root, "node_modules/kindling"));
writeFileSync(join(root, "package.json"), '{"type": "module"}');
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The address of a module whose training function has this body. */
function module(name: string, body: string): URL {
  const path = join(root, `${name}.js`);
  writeFileSync(path, `import * as torch from "kindling";\ntorch.TrainingWorker.serve(async (run) => {${body}});\n`);
  return pathToFileURL(path);
}

const counting = module(
  "counting",
  "let i = 0; while (i < run.options.most) if (!(await run.report(++i))) break; return { i, stopped: run.stopped };",
);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("a run", () => {
  test("gives values as they are: several times in one, in themselves, and with any keys", async () => {
    const echo = module("echo", "await run.report(run.options); return run.options;");
    const x = torch.tensor([1, 2]);
    const options: Record<string, unknown> = {
      twice: [x, x],
      set: new Set([x]),
      kindlingTensor: { kindlingTensor: 0 },
    };
    options.self = options;
    const result = await new torch.TrainingWorker<any>(echo, options).result;
    expect(result.self).toBe(result);
    expect(result.twice[0]).toBe(result.twice[1]);
    expect([...result.set][0].tolist()).toEqual([1, 2]);
    expect(result.kindlingTensor).toEqual({ kindlingTensor: 0 });
  });

  test("that cannot be sent its options fails; two loops share the reports of a worker that exists", async () => {
    const wrong = new torch.TrainingWorker(counting, { most: () => 1 });
    await expect(wrong.result).rejects.toThrow(/TrainingWorker: the run ended with DataCloneError/);
    const worker = new torch.TrainingWorker<number>(new Worker(counting), { most: 6 });
    const found = await Promise.all([all(worker), all(worker)]);
    expect(found.flat().sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await worker.result).toEqual({ i: 6, stopped: false });
  });

  test("reports in order, and returns what the function returns", async () => {
    const worker = new torch.TrainingWorker<number>(counting, { most: 5 });
    expect(worker.state).toBe("starting");
    expect(await all(worker)).toEqual([1, 2, 3, 4, 5]);
    expect(await worker.result).toEqual({ i: 5, stopped: false });
    expect(worker.state).toBe("done");
  });

  test("waits while it is paused, goes on, and stops when asked", async () => {
    const worker = new torch.TrainingWorker<number>(counting, { most: 1e9 });
    const reports = worker[Symbol.asyncIterator]();
    let last = (await reports.next()).value as number;
    expect(last).toBeGreaterThan(0);
    worker.pause();
    expect(worker.state).toBe("paused");
    for (let quiet = 0; quiet < 3; ) {
      const next = reports.next();
      const found = await Promise.race([next, new Promise<undefined>((done) => setTimeout(done, 200, undefined))]);
      if (found === undefined) {
        quiet = 3;
        worker.resume();
        // Reports that nobody has asked for yet may be left out.
        expect((await next).value).toBeGreaterThan(last);
      } else last = found.value as number;
    }
    expect(worker.state).toBe("running");
    const { i, stopped } = (await worker.stop()) as { i: number; stopped: boolean };
    expect(stopped).toBe(true);
    expect(i).toBeGreaterThan(last);
    expect(worker.state).toBe("done");
  });

  test("a pause before the first report holds", async () => {
    const worker = new torch.TrainingWorker<number>(counting, { most: 1e9 });
    worker.pause();
    const stopped = worker.stop();
    expect(((await stopped) as { stopped: boolean }).stopped).toBe(true);
  });

  test("copies tensors of every dtype in options, reports and results", async () => {
    const echo = module("echo", "await run.report([run.options.x.add(1)]); return new Map([['all', run.options]]);");
    const dtypes = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool"] as const;
    const x = torch.arange(6).reshape(2, 3).float();
    const options = { x, list: dtypes.map((dtype) => x.T.to(dtype)), plain: { n: 1n, s: "text" } };
    const worker = new torch.TrainingWorker(echo, options);
    const [[report]] = await all(worker);
    expect(torch.equal(report, x.add(1))).toBe(true);
    const back = (await worker.result).get("all");
    expect(back.plain).toEqual({ n: 1n, s: "text" });
    for (const [i, dtype] of dtypes.entries()) {
      expect(back.list[i].dtype).toBe(dtype);
      expect(torch.equal(back.list[i], options.list[i]!)).toBe(true);
    }
  });
});

describe("errors", () => {
  test("of the run come out of the loop and of the result", async () => {
    const failing = module("failing", "await run.report(1); throw new RangeError('too far');");
    const worker = new torch.TrainingWorker<number>(failing);
    await expect(all(worker)).rejects.toThrow("TrainingWorker: the run ended with RangeError: too far");
    await expect(worker.result).rejects.toThrow(torch.WorkerError);
    await expect(worker.result).rejects.toMatchObject({ cause: { name: "RangeError" } });
    expect(worker.state).toBe("failed");
  });

  test("of the module, and of one that is not there", async () => {
    writeFileSync(join(root, "broken.js"), "throw new Error('broken module');");
    const broken = new torch.TrainingWorker(pathToFileURL(join(root, "broken.js")));
    await expect(broken.result).rejects.toThrow(/the run ended with Error: broken module/);
    const none = new torch.TrainingWorker(pathToFileURL(join(root, "none.js")));
    await expect(none.result).rejects.toThrow(torch.WorkerError);
    const silent = module("exits", "process.exit(3);");
    await expect(new torch.TrainingWorker(silent).result).rejects.toThrow(/exit code 3/);
  });

  test("a module that never calls serve is spoken of", async () => {
    writeFileSync(join(root, "idle.js"), "setInterval(() => {}, 1e6);");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const worker = new torch.TrainingWorker(pathToFileURL(join(root, "idle.js")));
      const words = /the module has not called TrainingWorker\.serve within 10 s, without which nothing is trained/;
      while (warn.mock.calls.length === 0) {
        // What listens to the worker is loaded first.
        await new Promise((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(10_000);
      }
      expect(warn).toHaveBeenCalledWith(expect.stringMatching(words));
      worker.terminate();
      await expect(worker.result).rejects.toThrow("the run was terminated");
    } finally {
      vi.useRealTimers();
      warn.mockRestore();
    }
  });

  test("a run that is terminated fails", async () => {
    const worker = new torch.TrainingWorker<number>(counting, { most: 1e9 });
    await worker[Symbol.asyncIterator]().next();
    worker.terminate();
    await expect(all(worker)).rejects.toThrow("the run was terminated");
    await expect(worker.result).rejects.toThrow("the run was terminated");
  });

  test("arguments say what they take", () => {
    expect(() => new torch.TrainingWorker(3 as never)).toThrow(
      /worker must be a Worker, or the address of a module, got 3/,
    );
    expect(() => torch.TrainingWorker.serve(3 as never)).toThrow(/train must be a function, got 3/);
  });
});

describe("the program of the documentation", () => {
  const page = readFileSync("docs/how-to/training-worker.md", "utf8");
  for (const [, name, code] of page.matchAll(/^```javascript\n\/\/ (\w+\.js)\n([\s\S]*?)^```$/gm))
    writeFileSync(join(root, name!), code!);
  const { found, missing } = findRuntimes();
  if (missing.length > 0) console.warn(`not installed: ${missing.join(", ")} (npm run runtimes)`);

  const chosen = found.slice(0, runsAll ? undefined : 1);
  test.each(chosen)(`learns in $name${cutNote}`, { timeout: 60_000 }, ({ command, args }) => {
    const lines = execFileSync(resolve(command), [...args, "page.js"], { cwd: root, encoding: "utf8" })
      .trim()
      .split("\n");
    expect(lines.map((line) => line.split(" ")[0]).slice(0, 4)).toEqual(["50", "100", "150", "200"]);
    expect(Math.abs(Number(lines.at(-1)) - 2)).toBeLessThan(0.2);
  });
});
