/** Locks between processes: one holder at a time, also where several find the lock of a dead one. */
import * as files from "node:fs/promises";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FileLock, type Holder } from "../../src/platform/lock";

let root: string;
let path: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "kindling-lock-"));
  path = join(root, "a.lock");
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** The lock of a process that no system has. */
const dead = JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, key: "dead" } satisfies Holder);

/** What a process sees of the disk that pauses after it has looked at the lock once. */
function pausing() {
  let [arrive, goOn] = [() => {}, () => {}];
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const released = new Promise<void>((resolve) => (goOn = resolve));
  let isFirst = true;
  const readFile = async (...args: Parameters<typeof files.readFile>) => {
    const text = await files.readFile(...args);
    if (!isFirst) return text;
    isFirst = false;
    arrive();
    await released;
    return text;
  };
  return { view: { ...files, readFile } as typeof files, arrived, goOn };
}

describe.each(["take", "tryTake"] as const)("%s", (how) => {
  test("a process that saw a dead holder does not take the lock from one that was faster", async () => {
    await writeFile(path, dead);
    const { view, arrived, goOn } = pausing();
    const slow = FileLock[how]("test", view, path);
    await arrived;
    const fast = await FileLock.take("test", files, path);
    goOn();
    const found = await Promise.race([slow, new Promise((resolve) => setTimeout(resolve, 500, "it waits"))]);
    // What does not wait is told who has the lock.
    if (how === "tryTake") expect(found).toMatchObject({ host: hostname(), pid: process.pid });
    else expect(found).toBe("it waits");
    await fast.release();
    const lock = await slow;
    if (lock instanceof FileLock) await lock.release();
    expect(await readdir(root)).toEqual([]);
  });

  test("of many that find the lock of a dead process, one has it at a time", async () => {
    await writeFile(path, dead);
    let [holders, most, times] = [0, 0, 0];
    const run = async () => {
      for (;;) {
        const lock = await FileLock[how]("test", files, path);
        if (!(lock instanceof FileLock)) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          continue;
        }
        most = Math.max(most, ++holders);
        await new Promise((resolve) => setTimeout(resolve, 2));
        holders--;
        times++;
        await lock.release();
        return;
      }
    };
    await Promise.all(Array.from({ length: 8 }, run));
    expect([most, times, await readdir(root)]).toEqual([1, 8, []]);
  });
});

test("a process that died while it removed another's lock is no obstacle", async () => {
  await writeFile(path, dead);
  await writeFile(`${path}.burial`, dead);
  const lock = await FileLock.take("test", files, path);
  await lock.release();
  expect(await readdir(root)).toEqual([]);
});

test("a lock without content is waited for, and taken when nobody goes on writing it", async () => {
  await writeFile(path, "");
  const start = performance.now();
  const lock = await FileLock.tryTake("test", files, path);
  expect(performance.now() - start).toBeGreaterThan(1500);
  expect(lock).toBeInstanceOf(FileLock);
  await (lock as FileLock).release();
});

test("one that was taken for dead does not give its successor's lock back", async () => {
  const lock = await FileLock.take("test", files, path);
  await utimes(path, new Date(0), new Date(0));
  const next = await FileLock.take("test", files, path);
  await lock.release();
  expect(await readdir(root)).toEqual(["a.lock"]);
  await next.release();
});

test("a lock that cannot be read is an error", async () => {
  await writeFile(path, dead);
  const denied = Object.assign(new Error("EACCES"), { code: "EACCES" });
  const view = { ...files, readFile: vi.fn(async () => Promise.reject(denied)) } as unknown as typeof files;
  await expect(FileLock.take("test", view, path)).rejects.toThrow(/^test: cannot read ".*a\.lock": permission denied$/);
});
