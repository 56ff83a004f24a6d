/** `sched/`: learning rates over 30 epochs. */
import { construct } from "../adapter";
import { failed, passed, type Result, type SampleResult } from "../report";
import { decode, Missing, torch } from "../values";
import { outcomeOf } from "./ops";
import { buildOptimizer } from "./optim";

interface SchedulerSpec {
  readonly scheduler: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

interface SchedSample extends SchedulerSpec {
  readonly id: string;
  readonly optimizer: {
    readonly name: string;
    readonly kwargs: Record<string, unknown>;
    readonly groups: readonly { params: number[] }[];
  };
  readonly lr: readonly (readonly number[])[];
  readonly momentum?: readonly (readonly number[])[];
  readonly metrics?: readonly number[];
}

/** The lambdas that samples name. */
const lambdas: Readonly<Record<string, (epoch: number) => number>> = {
  pow095: (e) => 0.95 ** e,
  half5: (e) => 0.5 ** Math.floor(e / 5),
  warmup10: (e) => Math.min(1, (e + 1) / 10),
  inv: (e) => 1 / (1 + e),
  const09: () => 0.9,
};

/** An argument of a scheduler, which may be another or a function. */
export function argument(json: unknown, optimizer: unknown): unknown {
  if (Array.isArray(json)) return json.map((item) => argument(item, optimizer));
  if (typeof json === "object" && json !== null) {
    if ("lambda" in json) return lambdas[json.lambda as string];
    if ("scheduler" in json) return buildScheduler(json as unknown as SchedulerSpec, optimizer);
  }
  return decode(json);
}

/** `ChainedScheduler` takes its optimizer from the schedulers; all others have it first. */
function buildScheduler({ scheduler, kwargs }: SchedulerSpec, optimizer: unknown): any {
  const named = Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, argument(value, optimizer)]));
  return construct(`optim.lr_scheduler.${scheduler}`, scheduler === "ChainedScheduler" ? [] : [optimizer], named, []);
}

export function runSched(sample: SchedSample): SampleResult {
  try {
    return { forward: judge(sample) };
  } catch (error) {
    return { forward: outcomeOf(error) };
  }
}

function judge(sample: SchedSample): Result {
  const { name, kwargs, groups } = sample.optimizer;
  if (torch.optim === undefined) throw new Missing("torch.optim");
  const count = Math.max(...groups.flatMap(({ params }) => params)) + 1;
  const params = Array.from({ length: count }, () => torch.zeros(2).requiresGrad_());
  const optimizer = buildOptimizer({ optimizer: name, kwargs, groups }, params);
  const scheduler = buildScheduler(sample, optimizer);
  for (let epoch = 0; epoch < sample.lr.length; epoch++) {
    if (epoch > 0) {
      optimizer.step();
      if (sample.metrics) scheduler.step(sample.metrics[epoch - 1]);
      else scheduler.step();
    }
    const verdict = compare(optimizer, sample, epoch);
    if (verdict) return failed(`epoch ${epoch}: ${verdict}`);
  }
  return passed;
}

function compare(optimizer: any, sample: SchedSample, epoch: number): string | undefined {
  const groups = optimizer.paramGroups as { lr: number; momentum?: number; betas?: number[] }[];
  const check = (what: string, actual: readonly unknown[], expected: readonly number[] | undefined) => {
    const wrong = expected?.findIndex(
      (value, i) => !(Math.abs((actual[i] as number) - value) <= 1e-9 * Math.abs(value)),
    );
    return wrong === undefined || wrong < 0 ? undefined : `${what} ${actual[wrong]} instead of ${expected![wrong]}`;
  };
  const momenta = groups.map((group) => group.betas?.[0] ?? group.momentum);
  return (
    check(
      "lr",
      groups.map((group) => group.lr),
      sample.lr[epoch],
    ) ?? check("momentum", momenta, sample.momentum?.[epoch])
  );
}
