/** What data-parallel training gains on several machines, on paper. */

/** A job. */
export interface Plan {
  /** Parameters of the model. */
  readonly parameters: number;
  /** Milliseconds that one node takes for a step. */
  readonly step: number;
  /** Of the network, Gb/s, and its latency in µs. */
  readonly gigabits: number;
  readonly latency: number;
  /** MB of gradients that are reduced together. */
  readonly bucket: number;
  /** Steps whose gradients are added up before they are reduced. */
  readonly accumulate: number;
}

/** Milliseconds for sums and copies of a megabyte. */
const COMPUTE = 0.25;
/** The part of a step that backward takes, behind which communication hides. */
const BACKWARD = 2 / 3;

/** Milliseconds of an all-reduce of `megabytes` in a ring of `n` nodes, in one piece. */
export function allReduceTime(megabytes: number, n: number, { gigabits, latency }: Plan): number {
  const wire = ((2 * (n - 1)) / n) * ((megabytes * 8) / gigabits);
  return wire + (2 * (n - 1) * latency) / 1000 + COMPUTE * megabytes;
}

/** The share of perfect scaling that `n` nodes reach: without overlap, and with buckets that are reduced during backward. */
export function efficiency(n: number, plan: Plan): { plain: number; overlapped: number } {
  const megabytes = (plan.parameters * 4) / 1e6;
  const buckets = Math.max(1, Math.ceil(megabytes / plan.bucket));
  const single = allReduceTime(megabytes / buckets, n, plan);
  const hidden = plan.step * BACKWARD * (1 - 1 / buckets);
  // The last bucket is ready when backward ends, so that nothing hides it.
  const exposed = Math.max(single, single * buckets - hidden);
  const share = (time: number): number => {
    const work = plan.step * plan.accumulate;
    return n === 1 ? 1 : work / (work + time);
  };
  return { plain: share(allReduceTime(megabytes, n, plan)), overlapped: share(exposed) };
}

/** The table that `--plan` prints. */
export function planText(plan: Plan): string {
  const megabytes = ((plan.parameters * 4) / 1e6).toFixed(1);
  const rows = [2, 4, 8, 16, 32, 64].map((n) => {
    const { plain, overlapped } = efficiency(n, plan);
    const percent = (x: number): string => `${Math.round(100 * x)} %`.padStart(6);
    return `${String(n).padStart(5)}  ${percent(plain)}            ${percent(overlapped)}          ${(n * overlapped).toFixed(1).padStart(5)}×`;
  });
  return [
    `${megabytes} MB of gradients, ${plan.step} ms per step on one node, ${plan.gigabits} Gb/s:`,
    "nodes  reduced after    during backward   speed",
    ...rows,
  ].join("\n");
}
