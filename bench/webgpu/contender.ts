/** Runs on a GPU, which are asked for one after the other and then waited for. */
import type { Contender } from "../measure";
import type { GpuWorkload } from "./suite";

/** A library that computes on the GPU of the page. */
export interface GpuLibrary {
  readonly name: string;
  readonly version: string;
  /** Undefined where the library lacks what the workload takes. */
  create(workload: GpuWorkload): Contender | undefined | Promise<Contender | undefined>;
}

/** @param run Asks for a result. @param wait Waits until all are there, and lets go of them. */
export const queued = (run: () => void, wait: () => Promise<unknown>): Contender => ({
  time: async (iterations) => {
    const start = performance.now();
    for (let i = 0; i < iterations; i++) run();
    await wait();
    return performance.now() - start;
  },
});
