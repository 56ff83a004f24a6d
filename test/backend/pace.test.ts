/** When work is shared with threads: simulated jobs on machines that are idle or busy. */
import { expect, test } from "vitest";
import { Pace } from "../../src/backend/wasm/pace";
import { stream } from "../kernels/instance";

/** The number of the kernel. */
const KERNEL = 3;
const US = 1000;
const MS = 1000 * US;

/** What a shared job takes. */
interface Shared {
  readonly worked: number;
  readonly waited: number;
  readonly own: number;
}

/** Runs `jobs` jobs that take `alone` ns on one thread. @returns How long they took against one thread, and how many were shared. */
function simulate(pace: Pace, jobs: number, alone: number, share: () => Shared, cost = alone) {
  let [time, shared] = [0, 0];
  for (let i = 0; i < jobs; i++) {
    if (pace.mayShare(KERNEL, cost)) {
      const { worked, waited, own } = share();
      pace.shared(KERNEL, cost, own, worked, waited);
      time += worked + waited;
      shared++;
    } else {
      pace.alone(KERNEL, cost, alone);
      time += alone;
    }
  }
  return { ratio: time / (jobs * alone), shared: shared / jobs };
}

/** Half the work, and now and then a wait for a time slice. */
const interrupted = (alone: number, chance: number, slice = 4 * MS) => {
  const next = stream(7);
  return (): Shared => ({ worked: alone / 2, waited: next() + 0.5 < chance ? slice : alone / 20, own: 0.5 });
};

/** The part of the jobs that is shared where nothing speaks against it: a few are done alone to see how long that takes. */
const ALL = 0.995;

test("on an idle machine jobs are shared", () => {
  for (const alone of [20 * US, 200 * US, 5 * MS])
    expect(simulate(new Pace(), 2000, alone, interrupted(alone, 0)).shared).toBeGreaterThan(ALL);
});

test("a clock that is too coarse for a job is no reason to do it alone", () => {
  for (const tick of [20 * US, 100 * US])
    for (const alone of [12 * US, 20 * US, 60 * US, 100 * US]) {
      const pace = new Pace();
      const next = stream(5);
      /** What the clock says of `time`: ticks that fell into it. */
      const seen = (time: number) => tick * (Math.floor(time / tick) + (next() + 0.5 < (time % tick) / tick ? 1 : 0));
      let shared = 0;
      for (let i = 0; i < 20_000; i++)
        if (pace.mayShare(KERNEL, alone)) {
          pace.shared(KERNEL, alone, 0.5, seen(alone / 2), seen(alone / 20));
          shared++;
        } else pace.alone(KERNEL, alone, seen(alone));
      expect([tick, alone, shared / 20_000 > ALL]).toEqual([tick, alone, true]);
    }
});

test("long jobs are all shared", () => {
  expect(simulate(new Pace(), 1000, 20 * MS, interrupted(20 * MS, 0)).shared).toBe(1);
});

test("jobs are shared beside a neighbor that takes a core for a time slice now and then", () => {
  for (const alone of [50 * US, 300 * US, 2 * MS]) {
    const { ratio, shared } = simulate(new Pace(), 20_000, alone, interrupted(alone, alone / (80 * MS)));
    expect(shared).toBeGreaterThan(ALL);
    expect(ratio).toBeLessThan(0.65);
  }
});

test("kernels whose costs are estimated differently are shared", () => {
  const pace = new Pace();
  let shared = 0;
  for (let i = 0; i < 20_000; i++) {
    const kernel = i % 2;
    const alone = kernel === 0 ? 100 * US : 200 * US;
    const cost = kernel === 0 ? 30 * US : 600 * US;
    if (pace.mayShare(kernel, cost)) {
      // Every 20th waits for a thread that is late.
      pace.shared(kernel, cost, 0.5, alone / 2, i % 20 === 0 ? MS : 5 * US);
      shared++;
    } else pace.alone(kernel, cost, alone);
  }
  expect(shared).toBeGreaterThan(ALL * 20_000);
});

test.each([15, 60, 300])("jobs of %d µs are at most a tenth slower than alone, whatever threads wait for", (us) => {
  for (const chance of [0.01, 0.05, 0.2, 0.5, 1])
    expect(simulate(new Pace(), 100_000, us * US, interrupted(us * US, chance)).ratio).toBeLessThan(1.1);
});

test("a wrong estimate of the cost changes nothing", () => {
  for (const factor of [0.2, 5]) {
    const alone = 60 * US;
    expect(simulate(new Pace(), 100_000, alone, interrupted(alone, 0.1), alone * factor).ratio).toBeLessThan(1.1);
    expect(simulate(new Pace(), 10_000, alone, interrupted(alone, 0), alone * factor).shared).toBeGreaterThan(ALL);
  }
});

test("threads that come when everything is done are not woken for ever", () => {
  const late = (): Shared => ({ worked: 60 * US, waited: 0, own: 1 });
  expect(simulate(new Pace(), 100_000, 50 * US, late).shared).toBeLessThan(0.2);
});

test("once a busy machine is idle, work is shared again", () => {
  const pace = new Pace();
  const alone = 100 * US;
  simulate(pace, 100_000, alone, interrupted(alone, 0.2));
  simulate(pace, 400_000, alone, interrupted(alone, 0));
  expect(simulate(pace, 10_000, alone, interrupted(alone, 0)).shared).toBeGreaterThan(ALL);
});
