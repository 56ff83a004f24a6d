/**
 * Optimizer steps. Those of many parameters that follow one another run in one dispatch, as far as the bindings of a dispatch go: a step waits until
 * something else is recorded, or the next one does not fit.
 */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { DeviceOps } from "../../ops";
import type { Gate } from "../../ops/amp";
import type { GpuBlock } from "../buffers";
import type { Gpu } from "../gpu";
import { scalarOf } from "../wgsl/elements";
import { noFloat64, type Program, type View, WORKGROUP } from "../wgsl/program";
import { type StepName, type StepText, stepRules } from "./optimizerRules";

/** Steps of a dispatch, for which its uniforms have room. */
const MOST_STEPS = 16;

/** A range of a block that a step reads or writes. */
interface Range {
  readonly block: GpuBlock;
  readonly begin: number;
  readonly end: number;
}

/** A step that waits for others. */
interface Waiting {
  readonly op: StepName;
  readonly n: number;
  readonly maximize: boolean;
  readonly parameter: Operand;
  readonly gradient: Operand;
  readonly text: StepText;
  readonly written: readonly Range[];
  readonly read: Range;
  readonly gate: Gate | undefined;
}

const rangeOf = (x: Operand, n: number): Range => ({
  block: x.storage.block as GpuBlock,
  begin: x.offset,
  end: x.offset + n,
});

const overlap = (a: Range, b: Range): boolean => a.block === b.block && a.begin < b.end && b.begin < a.end;

/** Whether two steps must not run at the same time. */
const conflict = (a: Waiting, b: Waiting): boolean =>
  a.written.some((x) => overlap(x, b.read) || b.written.some((y) => overlap(x, y))) ||
  b.written.some((y) => overlap(y, a.read));

/** All memory that a step takes a look at. */
const blocksOf = ({ read, written, gate }: Waiting): GpuBlock[] => [
  read.block,
  ...written.map(({ block }) => block),
  ...(gate ? [gate.found, gate.skips].map(({ storage }) => storage.block as GpuBlock) : []),
];

/** The steps that wait on a device. */
class StepQueue {
  private steps: Waiting[] = [];
  private blocks = new Set<GpuBlock>();

  constructor(private readonly gpu: Gpu) {}

  add(step: Waiting): void {
    if (!this.fits(step)) this.gpu.settle();
    this.steps.push(step);
    for (const block of blocksOf(step)) this.blocks.add(block);
    this.gpu.hold({ blocks: this.blocks, run: () => this.run() });
  }

  private fits(step: Waiting): boolean {
    const all = new Set([...this.blocks, ...blocksOf(step)]);
    return (
      this.steps.length < MOST_STEPS &&
      this.gpu.buffers.bindingsOf(all) <= this.gpu.limits.maxStorageBuffersPerShaderStage &&
      !this.steps.some((other) => conflict(step, other))
    );
  }

  private run(): void {
    const { steps } = this;
    this.steps = [];
    this.blocks = new Set();
    this.gpu.op = steps[0]!.op;
    const program = this.gpu.begin();
    let groups = 0;
    const parts = steps.map((step) => {
      const begin = groups;
      groups += Math.ceil(step.n / WORKGROUP);
      return partOf(program, step, begin, groups);
    });
    const key = steps
      .map(({ op, maximize, gate, text }) => `${op} ${maximize} ${gate !== undefined} ${text.lines.join("")}`)
      .join("\n");
    this.gpu.dispatch(`steps ${key}`, groups, () => ({
      body: `let tile = group.y * groups.x + group.x;\n${parts.map((part) => part()).join("\n")}`,
    }));
  }
}

/** Adds the operands and scalars of a step, which has the workgroups from `begin` to `end`. @returns What gives its text. */
function partOf(program: Program, step: Waiting, begin: number, end: number): () => string {
  const views: Record<string, View> = { w: program.write(step.parameter) };
  for (const [name, x] of Object.entries(step.text.state)) if (x !== undefined) views[name] = program.write(x);
  const gradient = program.read(step.gradient);
  const gate = step.gate && gateOf(program, step.gate);
  const scalars = Object.entries(step.text.scalars).map(([name, value]) => [name, program.float(value)] as const);
  const [first, last, n] = [program.uint(begin), program.uint(end), program.uint(step.n)];
  const place = (view: View): string => `${view.offset} + index`;
  return () => `if (tile >= ${first} && tile < ${last}) {
let index = (tile - ${first}) * ${WORKGROUP}u + local;
${gate?.count ?? ""}
if (index < ${n}${gate ? ` && ${gate.isOpen}` : ""}) {
${gate?.taken ?? ""}
${scalars.map(([name, value]) => `let ${name} = ${value};`).join("\n")}
var d = ${step.maximize ? "-" : ""}${gradient.load(place(gradient))};
${Object.entries(views)
  .map(([name, view]) => `var ${name} = ${view.load(place(view))};`)
  .join("\n")}
${step.text.lines.join("\n")}
${Object.entries(views)
  .map(([name, view]) => view.store(place(view), name))
  .join("\n")}
}
}`;
}

/** The text of a gate. Its count changes only where nobody asks for it, since the gate is closed. */
function gateOf(program: Program, { found, skips, attempt }: Gate) {
  const [flag, count, number] = [program.read(found), program.write(skips), program.float(attempt)];
  const isOpen = `${flag.load(flag.offset)} == 0.0`;
  const own = count.load(count.offset);
  return {
    isOpen,
    count: `if (index == 0u && !(${isOpen})) { ${count.store(count.offset, `${own} + 1.0`)} }`,
    taken: `let taken = ${number} - ${own};`,
  };
}

const queues = new WeakMap<Gpu, StepQueue>();

function queueOf(gpu: Gpu): StepQueue {
  let queue = queues.get(gpu);
  if (queue === undefined) {
    queue = new StepQueue(gpu);
    queues.set(gpu, queue);
  }
  return queue;
}

/** Lets a step wait for others of its kind. */
function enqueue<K extends StepName>(gpu: Gpu, op: K, step: DeviceOps[K]): void {
  const { parameter, gradient, maximize, gate } = step;
  if (scalarOf(parameter.dtype) === undefined) throw noFloat64(op);
  const n = sizeOfShape(parameter.shape);
  if (n === 0) return;
  const text = stepRules[op](step);
  const state = Object.values(text.state).filter((x) => x !== undefined);
  const written = [parameter, ...state].map((x) => rangeOf(x, n));
  queueOf(gpu).add({ op, n, maximize, parameter, gradient, text, written, read: rangeOf(gradient, n), gate });
}

export const optimizers = Object.fromEntries(
  (Object.keys(stepRules) as StepName[]).map((op) => [
    op,
    (gpu: Gpu, step: DeviceOps[typeof op]) => enqueue(gpu, op, step as never),
  ]),
) as OpTable<Gpu>;
