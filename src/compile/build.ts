/**
 * Makes the programs of a segment: its ops are run once more on leaves of their own, and backward through them, while the device is recorded. So hooks and
 * graphs of the caller see nothing of it.
 */
import { grad } from "../autograd/backward";
import { withGrad } from "../autograd/mode";
import { type Backend, type Block, requireBackend } from "../backend/backend";
import type { Program } from "../backend/ops/program";
import { bytesOf, programOf } from "../backend/wasm/fused/index";
import { sizeOf } from "../core/dtype";
import { contiguousStrides, sizeOfShape } from "../core/shape";
import { interceptCalls } from "../core/signature";
import { runInScope } from "../tensor/scope";
import { Storage } from "../tensor/storage";
import { Tensor } from "../tensor/tensor";
import type { Built, BuiltBackward, Scheduled, Source } from "./built";
import { DeviceRecord, type Event } from "./events";
import { formOf, tensorsIn } from "./patterns";
import { Schedule } from "./schedule";
import { Segment } from "./segment";
import { Unsupported, Values } from "./values";

/** The window of a tensor that begins its block's memory in a program: what other slots on the block are seen from. */
const isBase = (slot: Segment["slots"][number]): boolean => slot.shares === undefined;

class Builder {
  private readonly backend: Backend = requireBackend("cpu");
  private readonly record = new DeviceRecord(this.backend);
  private readonly made: Tensor[] = [];
  private readonly leaves: Tensor[];

  constructor(
    private readonly segment: Segment,
    externals: readonly Tensor[],
  ) {
    this.leaves = externals.map((x) => {
      const leaf = new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
      if (x.requiresGrad) leaf.leafRequiresGrad = true;
      return leaf;
    });
  }

  build(): Built {
    try {
      return this.record.during(() => this.replay());
    } finally {
      this.record.close();
    }
  }

  private replay(): Built {
    const { segment, made, leaves, record } = this;
    const before = leaves.map((x) => x.storage.version);
    /** The step that made each tensor. */
    const makers: number[] = [];
    segment.steps.forEach((step, s) => {
      const result = withGrad(step.isGradEnabled, () => Segment.run(step, made, leaves));
      const known = new Set([...made, ...leaves]);
      for (const x of tensorsIn(result))
        if (!known.has(x)) {
          made.push(x);
          makers.push(s);
        }
    });
    if (record.obstacle !== undefined) throw new Unsupported(record.obstacle.replace(/^it /, ""));
    if (leaves.some((x, i) => x.storage.version !== before[i]))
      throw new Unsupported("changes a given tensor in place");
    if (made.length !== segment.forms.length) throw new Unsupported("gives other tensors when it is run again");
    const forwardEvents = record.events.splice(0);
    return this.programs(forwardEvents, makers);
  }

  // --- what the segment gives --------------------------------------------------------------------------------------------------------------

  /** Tensors whose memory the program writes, and steps that make views of them. */
  private outputs(makers: readonly number[]): { roots: number[]; views: number[] } {
    const { made, leaves, segment } = this;
    const owners = new Map<Storage, number>();
    for (const x of leaves) owners.set(x.storage, -1);
    made.forEach((x, i) => {
      if (!owners.has(x.storage)) owners.set(x.storage, i);
    });
    const roots = new Set<number>();
    const views = new Set<number>();
    const visit = (index: number): void => {
      if (owners.get(made[index]!.storage) === index) {
        roots.add(index);
        return;
      }
      const s = makers[index]!;
      if (views.has(s)) return;
      views.add(s);
      // A view is made of the tensors that its step was given.
      for (const arg of segment.steps[s]!.args) for (const other of indicesIn(arg)) visit(other);
    };
    for (const index of segment.live) visit(index);
    return { roots: [...roots].sort((a, b) => a - b), views: [...views].sort((a, b) => a - b) };
  }

  private programs(events: readonly Event[], makers: readonly number[]): Built {
    const { segment, made, leaves } = this;
    const { roots, views } = this.outputs(makers);
    const bases = segment.slots.flatMap((slot, i) => (isBase(slot) ? [i] : []));
    const values = new Values();
    bases.forEach((slot, k) => {
      const x = leaves[slot]!;
      values.input({ block: x.storage.block, offset: x.offset * sizeOf(x.dtype) }, k);
    });
    for (const event of events) values.add(event);
    const results = roots.map((index) => values.contentOf(made[index]!.storage.block));
    const outputs = roots.flatMap((index, k) => (made[index]!.requiresGrad ? [k] : []));
    const gradients = outputs.length > 0 ? this.gradients(values, roots, outputs, bases.length) : undefined;
    const schedule = new Schedule(values, results, gradients?.values);
    const forward = schedule.forward();
    const backward = gradients && this.backward(schedule, gradients, outputs, bases);
    return {
      forward: this.program(forward),
      resultBytes: roots.map((index) => made[index]!.storage.bytes),
      given: roots.map((index, result) => ({ index, result, form: formOf(made[index]!) })),
      views,
      inputs: forward.sources.map(({ index }) => bases[index]!),
      backward,
      kernels: forward.text.commands.length,
    };
  }

  /** Memory of the program's own lives as long as the program. */
  private program({ text }: Scheduled): Program {
    const storage = new Storage(this.backend, bytesOf(text));
    storage.watch();
    const program = programOf(text, storage.block);
    keeps.set(program, storage);
    return program;
  }

  // --- gradients ---------------------------------------------------------------------------------------------------------------------------

  /** Runs backward with gradients of the outputs that stand for those to come. */
  private gradients(values: Values, roots: readonly number[], outputs: readonly number[], first: number) {
    const { made, leaves, record, segment } = this;
    const places: Block[] = [];
    const seeds = outputs.map((k) => {
      const { shape, dtype } = made[roots[k]!]!;
      const storage = new Storage(this.backend, Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
      const seed = new Tensor(storage, dtype, shape, contiguousStrides(shape));
      this.backend.fill(seed, 1);
      places.push(storage.block);
      return seed;
    });
    record.events.length = 0;
    const wanted = segment.slots.flatMap((slot, i) => (slot.form.requiresGrad ? [i] : []));
    const inputs = wanted.map((slot) => leaves[slot]!);
    const found = grad(
      outputs.map((k) => made[roots[k]!]!),
      inputs,
      { gradOutputs: seeds, allowUnused: true },
    ) as (Tensor | null)[];
    const copies = found.map((g) => g && this.ownCopy(g));
    if (record.obstacle !== undefined) throw new Unsupported(`${record.obstacle.replace(/^it /, "")} in its gradient`);
    values.beginBackward();
    places.forEach((block, k) => {
      values.input({ block, offset: 0 }, first + k);
    });
    for (const event of record.events) values.add(event);
    const results: Tensor[] = [];
    const leavesOf = wanted.map((slot, i) => {
      const copy = copies[i];
      return { slot, result: copy ? results.push(copy) - 1 : undefined };
    });
    return { values: results.map((g) => values.contentOf(g.storage.block)), leaves: leavesOf, results };
  }

  /** A gradient in memory of its own. */
  private ownCopy(g: Tensor): Tensor {
    const { shape, dtype } = g;
    const storage = new Storage(this.backend, Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
    const copy = new Tensor(storage, dtype, shape, contiguousStrides(shape));
    this.backend.copy(copy, g);
    return copy;
  }

  private backward(
    schedule: Schedule,
    gradients: { leaves: BuiltBackward["leaves"]; results: readonly Tensor[] },
    outputs: readonly number[],
    bases: readonly number[],
  ): BuiltBackward {
    const scheduled = schedule.backward();
    const slots = scheduled.sources.flatMap(({ kind, index }) =>
      kind === "input" && index < bases.length ? [bases[index]!] : [],
    );
    const sources = scheduled.sources.map((source): Source => {
      if (source.kind !== "input" || source.index >= bases.length) return source;
      return { kind: "input", index: bases[source.index]! };
    });
    return {
      program: this.program(scheduled),
      sources: sources.map((source, i) => {
        const { kind, index } = scheduled.sources[i]!;
        return kind === "input" && index >= bases.length ? { kind: "gradient", index: index - bases.length } : source;
      }),
      savedBytes: schedule.savedBytes,
      readsResult: resultsRead(scheduled.sources),
      outputs,
      leaves: gradients.leaves,
      resultForms: gradients.results.map(formOf),
      slots,
    };
  }
}

function resultsRead(sources: readonly Source[]): boolean[] {
  const reads: boolean[] = [];
  for (const { kind, index } of sources) if (kind === "result") reads[index] = true;
  return reads;
}

/** The memory of programs. */
const keeps = new WeakMap<Program, Storage>();

/** The numbers of tensors in a pattern. */
function indicesIn(pattern: Segment["steps"][number]["args"][number]): number[] {
  if (pattern.kind === "made") return [pattern.index];
  return pattern.kind === "list" || pattern.kind === "record" ? pattern.items.flatMap(indicesIn) : [];
}

/** Makes the programs of a segment. @returns Why that cannot be done, if it cannot. */
export function build(segment: Segment, externals: readonly Tensor[]): Built | string {
  const taken = interceptCalls(undefined);
  try {
    if (externals.some((x) => x.storage.backend.device !== "cpu")) return "runs on another device than the cpu";
    if (segment.forms.some(({ shape }) => sizeOfShape(shape) === 0)) return "has a tensor without elements";
    let built: Built | undefined;
    runInScope(
      "compile",
      () => {
        built = new Builder(segment, externals).build();
      },
      (x) => x instanceof Tensor,
    );
    return built!;
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    return error instanceof Error ? error.message : String(error);
  } finally {
    interceptCalls(taken);
  }
}
