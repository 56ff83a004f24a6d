/** The ring of jobs that threads share: every chunk is done once, and jobs in their order. */
import { expect, test } from "vitest";
import { ArgumentList } from "../../src/backend/wasm/argumentList";
import type { Kernel } from "../../src/backend/wasm/kernels";
import { Memory } from "../../src/backend/wasm/memory";
import { Pace } from "../../src/backend/wasm/pace";
import { JobQueue } from "../../src/backend/wasm/queue";
import { Control, JOBS } from "../../src/backend/wasm/worker";

const MAIN = "main";
const OTHER = "other";
/** A job whose kernel throws. */
const UNLUCKY = -1;

interface Done {
  readonly job: number;
  readonly begin: number;
  readonly end: number;
  readonly by: string;
}

/** A queue, and another thread that takes a step when it is told to. */
function pose() {
  const wasm = new WebAssembly.Memory({ initial: 128, maximum: 128, shared: true });
  const queue = new JobQueue(new Memory(wasm, { address: 1024, bytes: 7 << 20 }), 0, new Pace());
  const { i32 } = queue;
  const done: Done[] = [];
  const run = (...[job, begin, end]: readonly (number | undefined)[]) => {
    if (job === UNLUCKY) throw new Error("bad luck");
    done.push({ job: job!, begin: begin!, end: end!, by: MAIN });
    return 0;
  };
  const kernel: Kernel = { name: "test", index: 7, types: "iii", run };
  const add = (job: number, chunks: number, range = 10 * chunks) => {
    const args = new ArgumentList();
    args.clear();
    args.push(job);
    queue.add(kernel, args, range, 1000 * chunks, { chunks, unit: 10, units: Math.ceil(range / 10) }, false);
  };
  /** As `computeThread` does it. @returns What finishes the chunk, or undefined if there was none. */
  const claim = (): (() => void) | undefined => {
    const { ticket } = queue;
    const number = ticket >>> 16;
    if (number === (i32[Control.added]! & 0xffff)) return undefined;
    const at = Control.jobs + (number % JOBS) * Control.job.size;
    const chunks = i32[at + Control.job.chunks]!;
    const fromEnd = (ticket >>> 8) & 0xff;
    if (fromEnd + (ticket & 0xff) >= chunks) return undefined;
    i32[Control.ticket] = ticket + 0x100;
    const chunk = chunks - 1 - fromEnd;
    const job = new Float64Array(wasm.buffer, queue.control)[(at + Control.job.arguments) / 2]!;
    return () => {
      done.push({ job, begin: 10 * chunk, end: 10 * (chunk + 1), by: OTHER });
      if (Atomics.add(i32, at + Control.job.finished, 1) + 1 === chunks) i32[Control.ticket] = (number + 1) << 16;
    };
  };
  const help = () => queue.runChunk(queue.ticket);
  return { queue, done, add, claim, help, i32 };
}

test("one thread claims from the front and the other from the end, until they meet", () => {
  const { queue, done, add, claim, help } = pose();
  add(1, 3, 25);
  expect(help()).toBe(true);
  claim()!();
  expect(help()).toBe(true);
  expect(claim()).toBeUndefined();
  expect(help()).toBe(false);
  expect(done).toEqual([
    { job: 1, begin: 0, end: 10, by: MAIN },
    { job: 1, begin: 20, end: 30, by: OTHER },
    { job: 1, begin: 10, end: 20, by: MAIN },
  ]);
  expect(queue.isEmpty).toBe(true);
});

test("a range that is no multiple of the unit ends where it ends", () => {
  const { done, add, help } = pose();
  add(1, 3, 25);
  while (help());
  expect(done.map(({ begin, end }) => [begin, end])).toEqual([
    [0, 10],
    [10, 20],
    [20, 25],
  ]);
});

test("no chunk of a job is claimed before all of the job before are finished, also by another thread", () => {
  const { queue, done, add, claim, help } = pose();
  add(1, 2);
  add(2, 2);
  const finish = claim()!;
  expect(help()).toBe(true);
  expect(help()).toBe(false);
  expect(claim()).toBeUndefined();
  expect(queue.isEmpty).toBe(false);
  finish();
  expect(help()).toBe(true);
  claim()!();
  expect(queue.isEmpty).toBe(true);
  expect(done.map(({ job }) => job)).toEqual([1, 1, 2, 2]);
});

test("what is left is what nobody has begun with", () => {
  const { queue, add, claim, help } = pose();
  expect(queue.left).toBe(0);
  add(1, 4);
  add(2, 2);
  expect(queue.left).toBe(6000);
  const finish = claim()!;
  help();
  expect(queue.left).toBe(4000);
  help();
  help();
  expect(queue.left).toBe(2000);
  finish();
  expect(queue.left).toBe(2000);
  help();
  help();
  expect(queue.left).toBe(0);
});

test("numbers of jobs wrap around: seventy thousand jobs of all sizes, by two threads in any order", () => {
  const { queue, done, add, claim, help } = pose();
  let random = 1;
  const draw = (n: number) => {
    random = (random * 48271) % 0x7fffffff;
    return Math.floor((random / 0x7fffffff) * n);
  };
  const sizes: number[] = [];
  const open: (() => void)[] = [];
  while (sizes.length < 70_000) {
    const choice = draw(4);
    if (choice === 0 && queue.hasRoom) {
      sizes.push(1 + draw(9));
      add(sizes.length - 1, sizes.at(-1)!);
    } else if (choice === 1) help();
    else if (choice === 2) {
      const finish = claim();
      if (finish) open.push(finish);
    } else open.splice(draw(open.length), 1)[0]?.();
  }
  for (const finish of open) finish();
  while (!queue.isEmpty) help();
  expect(done.every(({ job }, i) => i === 0 || job >= done[i - 1]!.job)).toBe(true);
  const ranges = new Map<number, number>();
  for (const { job, begin, end } of done) ranges.set(job, (ranges.get(job) ?? 0) + end - begin);
  expect(sizes.every((chunks, job) => ranges.get(job) === 10 * chunks)).toBe(true);
  expect(new Set(done.map(({ by }) => by))).toEqual(new Set([MAIN, OTHER]));
});

test("there is room for all but one of the places, and the next one is always free", () => {
  const { queue, add, help } = pose();
  for (let i = 0; i < JOBS - 1; i++) {
    expect(queue.hasRoom).toBe(true);
    expect(queue.next).toBe(i);
    add(i, 1);
  }
  expect(queue.hasRoom).toBe(false);
  help();
  expect(queue.isEmpty).toBe(false);
  expect(queue.hasRoom).toBe(true);
});

test("what a chunk throws is kept for whoever asks, and the job goes on", () => {
  const { queue, done, add, help, i32 } = pose();
  add(UNLUCKY, 2);
  add(2, 1);
  while (help());
  expect(done.map(({ job }) => job)).toEqual([2]);
  expect(queue.takeError()).toEqual(new Error("bad luck"));
  expect(queue.takeError()).toBeUndefined();
  i32[Control.failed] = 1;
  expect(String(queue.takeError())).toMatch(/a kernel failed on a compute thread/);
});

test("when a thread is lost with a chunk, the jobs behind it are done without, and nothing can be claimed", () => {
  const { queue, done, add, claim, help } = pose();
  add(1, 2);
  add(2, 3);
  add(3, 1);
  const late = claim()!;
  help();
  queue.abandon();
  expect(done.map(({ job, begin, end }) => [job, begin, end])).toEqual([
    [1, 0, 10],
    [2, 0, 30],
    [3, 0, 10],
  ]);
  expect(queue.isEmpty).toBe(true);
  expect(claim()).toBeUndefined();
  late();
  expect(queue.isEmpty).toBe(true);
});
