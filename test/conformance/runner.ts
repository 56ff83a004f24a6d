/** Runs the families of a source, sample by sample, and says what became of each. */
import { excludedAll, exclusion } from "./device";
import { runCurve } from "./families/curves";
import { distributionEntry, distributionKinds, runDistribution } from "./families/distributions";
import { runIo } from "./families/io";
import { ModuleRunner, moduleKinds } from "./families/modules";
import { onnxEntry, runOnnx } from "./families/onnx";
import { OpRunner, opKinds } from "./families/ops";
import { runOptim } from "./families/optim";
import { rngEntry, runRng } from "./families/rng";
import { runSched } from "./families/sched";
import { runTransform, transformEntry } from "./families/transforms";
import type { Kind, SampleResult } from "./report";
import type { Source } from "./source";

/** How a family is read: the entry that a sample belongs to, and its judgment. */
interface Family {
  /** The kinds that a sample has; without it, only the forward one. */
  kinds?(sample: any): Kind[];
  entry(file: string, sample: any): string;
  run(file: string, sample: any): SampleResult | Promise<SampleResult>;
}

const openFamily: Readonly<Record<string, (source: Source) => Family>> = {
  ops: (source) => {
    const runner = new OpRunner(source.index("ops").ops ?? []);
    return { kinds: opKinds, entry: (_, sample) => sample.op, run: (file, sample) => runner.run(file, sample) };
  },
  modules: (source) => {
    const runner = new ModuleRunner(source.index("modules").modules ?? []);
    return { kinds: moduleKinds, entry: (_, sample) => sample.module, run: (_, sample) => runner.run(sample) };
  },
  optim: () => ({ entry: (_, sample) => sample.optimizer, run: (_, sample) => runOptim(sample) }),
  sched: () => ({ entry: (_, sample) => sample.scheduler, run: (_, sample) => runSched(sample) }),
  rng: (source) => {
    const modules = new ModuleRunner(
      source.families.includes("modules") ? (source.index("modules").modules ?? []) : [],
    );
    return { entry: rngEntry, run: (_, sample) => runRng(sample, modules) };
  },
  curves: () => ({ entry: (_, sample) => sample.curve, run: (_, sample) => runCurve(sample) }),
  transforms: () => ({ entry: (_, sample) => transformEntry(sample), run: (_, sample) => runTransform(sample) }),
  distributions: () => ({
    kinds: distributionKinds,
    entry: distributionEntry,
    run: (_, sample) => runDistribution(sample),
  }),
  onnx: (source) => ({
    entry: (_, sample) => onnxEntry(sample, source),
    run: (_, sample) => runOnnx(sample, source),
  }),
  io: (source) => ({ entry: (file) => file.replace(/\.json$/, ""), run: (_, sample) => runIo(sample, source) }),
};

export const familyNames: readonly string[] = Object.keys(openFamily);

/** The families whose samples can run on another device than the cpu. */
export const deviceFamilies: readonly string[] = ["ops", "modules", "optim", "curves"];

/** A sample that is about to run, or that has run. */
export interface Step {
  readonly family: string;
  readonly entry: string;
  readonly id: string;
  readonly kinds: readonly Kind[];
  /** Runs the sample. */
  readonly run: () => SampleResult | Promise<SampleResult>;
}

/** The samples of the families asked for, in a fixed order. */
export function* steps(
  source: Source,
  families: readonly string[],
  wanted?: (entry: string) => boolean,
): Generator<Step> {
  for (const name of families) {
    const family = openFamily[name]!(source);
    for (const file of source.files(name))
      for (const sample of source.samples(name, file)) {
        const entry = family.entry(file, sample);
        if (wanted && !wanted(entry)) continue;
        const kinds = family.kinds?.(sample) ?? ["forward"];
        const run = (): SampleResult | Promise<SampleResult> => {
          const reason = exclusion(sample);
          return reason === undefined ? family.run(file, sample) : excludedAll(kinds, reason);
        };
        yield { family: name, entry, kinds, id: sample.id ?? sample.file, run };
      }
  }
}
