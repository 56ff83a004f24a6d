/** Measures contenders by turns, so that what slows the machine slows all of them. */

/** Something that can be run many times. */
export interface Contender {
  /** Milliseconds that `iterations` runs take, warm. */
  time(iterations: number): number | Promise<number>;
}

/**
 * A contender of this process. A run that returns a promise is awaited.
 * @param finish Waits for what the runs have left to other threads.
 */
export function local(run: () => void | Promise<unknown>, finish = (): void => {}): Contender {
  return {
    time: async (iterations) => {
      const start = performance.now();
      for (let i = 0; i < iterations; i++) {
        const done = run();
        if (done) await done;
      }
      finish();
      return performance.now() - start;
    },
  };
}

export interface Timing {
  /** Median milliseconds of one run. */
  readonly ms: number;
  /** The best round, in milliseconds of one run. */
  readonly best: number;
  /** Median over the rounds of (this time) / (the first contender's time in the same round). */
  readonly ratio: number;
  /** Lower and upper quartile of that ratio. */
  readonly spread: readonly [low: number, high: number];
}

export interface Effort {
  readonly rounds: number;
  /** How long one contender runs per round, in milliseconds, at least one run. */
  readonly slice: number;
  /** How many slices a contender runs before it is timed. Default: 3. */
  readonly warming?: number;
  /** Milliseconds between turns, in which threads of the last contender go to sleep. Default: 0. */
  readonly pause?: number;
}

export const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!;

/** Warms a contender up for some slices and finds how many runs fill one. */
async function calibrate(contender: Contender, slice: number, warming: number): Promise<number> {
  await contender.time(2);
  let [iterations, best, spent] = [1, Number.POSITIVE_INFINITY, 0];
  while (spent < warming * slice) {
    const ms = await contender.time(iterations);
    spent += ms;
    best = Math.min(best, ms / iterations);
    iterations = Math.max(1, Math.min(4 * iterations, Math.round(slice / Math.max(best, 1e-6))));
  }
  return iterations;
}

/** Times all contenders round by round. The ratios are those to the first. */
export async function measure(
  contenders: readonly Contender[],
  { rounds, slice, warming = 3, pause = 0 }: Effort,
): Promise<Timing[]> {
  const counts: number[] = [];
  for (const contender of contenders) counts.push(await calibrate(contender, slice, warming));
  const times: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, contender] of contenders.entries()) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      times[i]!.push((await contender.time(counts[i]!)) / counts[i]!);
    }
  return times.map((own) => {
    const ratios = own.map((ms, round) => ms / times[0]![round]!);
    return {
      ms: quantile(own, 0.5),
      best: Math.min(...own),
      ratio: quantile(ratios, 0.5),
      spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    };
  });
}

/** What several processes found of one thing: medians over them, and the quartiles of their ratios. */
export function combine(timings: readonly Timing[]): Timing {
  const [first] = timings;
  if (timings.length === 1) return first!;
  const ratios = timings.map(({ ratio }) => ratio);
  return {
    ms: quantile(
      timings.map(({ ms }) => ms),
      0.5,
    ),
    best: Math.min(...timings.map(({ best }) => best)),
    ratio: quantile(ratios, 0.5),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
  };
}
