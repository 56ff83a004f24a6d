/**
 * A call of a compiled function. The function itself runs each time, but its ops do nothing: each is compared with what was recorded, and gives a tensor
 * whose values are still to be computed. When the function has returned, or somebody looks at such a tensor, the program of the segment computes them.
 * As soon as an op is not the one that was recorded, those before it are run as they are, and so are those that follow.
 */
import { isGradEnabled } from "../autograd/mode";
import { type Node, Node as GraphNode } from "../autograd/node";
import { type Block, requireBackend } from "../backend/backend";
import type { Start } from "../backend/ops/program";
import { AutogradError } from "../core/errors";
import { type Declared, interceptCalls, type Interceptor } from "../core/signature";
import { withGrad } from "../autograd/mode";
import { isPending, pendingTensor, settleAs, settlePending, type Supplier } from "../tensor/pending";
import { Storage } from "../tensor/storage";
import type { Tensor } from "../tensor/tensor";
import { type Built, build } from "./build";
import { SegmentNode, startOf } from "./node";
import { fits, hasForm, isPlain, tensorsIn, type Tensors, valueOf } from "./patterns";
import { Segment, type Step } from "./segment";

/** Stands for the history of a tensor that is still to be computed. */
class PendingNode extends GraphNode {
  constructor() {
    super("CompiledFunctionBackward", []);
  }
  apply(): never {
    throw new AutogradError("a tensor of a compiled function was differentiated before it was computed");
  }
}

const pendingNode: Node = new PendingNode();

/** The ops of one segment in one call. */
class SegmentRun implements Supplier, Tensors {
  readonly made: Tensor[] = [];
  readonly given: Tensor[] = [];
  private readonly versions: number[] = [];
  position = 0;
  /** How many tensors the steps so far have taken. */
  private taken = 0;
  isFlushed = false;

  constructor(
    public segment: Segment,
    private readonly onSupply: (run: SegmentRun, x: Tensor) => void,
  ) {}

  takes(slot: number, isFirst: boolean, x: Tensor): boolean {
    if (!isFirst) return this.given[slot] === x;
    const { form, shares } = this.segment.slots[slot]!;
    if (!hasForm(x, form) || x.storage.backend.device !== "cpu" || !x.isAlive) return false;
    if (shares !== undefined) {
      const other = this.given[shares.slot]!;
      if (other.storage !== x.storage || x.offset - other.offset !== shares.distance) return false;
    }
    this.given[slot] = x;
    this.versions[slot] = x.storage.version;
    return true;
  }

  /** What a step gives: tensors to be computed. */
  advance(step: Step): unknown {
    const { made } = this;
    const backend = requireBackend("cpu");
    for (const { dtype, shape, strides, offset, requiresGrad } of step.makes)
      made.push(pendingTensor(backend, this, dtype, shape, strides, offset, requiresGrad ? pendingNode : null));
    if (step.changes !== undefined) made[step.changes.index]!.node = step.changes.requiresGrad ? pendingNode : null;
    this.position++;
    this.taken = this.given.length;
    return valueOf(step.result, made, this.given);
  }

  /** Goes on as another segment, if its ops were the same up to here. */
  becomes(other: Segment): boolean {
    this.given.length = this.taken;
    if (other !== this.segment && !isSameUpTo(this.segment, other, this.position, this.taken)) return false;
    this.segment = other;
    return true;
  }

  supply(x: Tensor): void {
    this.onSupply(this, x);
  }

  /** @throws AutogradError if a tensor was changed in place since an op took it. */
  private checkVersions(): void {
    for (let i = 0; i < this.given.length; i++)
      if (this.given[i]!.storage.version !== this.versions[i])
        throw new AutogradError(
          "compile: a tensor was changed in place after an op of the compiled function took it, by code that the compiler cannot see; call such code outside of the function, or leave it uncompiled with torch.compiler.disable",
        );
  }

  /** Computes what is used later by the program. @returns Whether that could be done. */
  compute(built: Built): boolean {
    this.checkVersions();
    const { segment, given, made } = this;
    const backend = requireBackend("cpu");
    const { backward, resultBytes, inputs } = built;
    const results: Storage[] = [];
    const blocks: Block[] = [];
    for (let i = 0; i < resultBytes.length; i++) {
      const storage = new Storage(backend, resultBytes[i]!);
      results.push(storage);
      blocks.push(storage.block);
    }
    const saved = backward !== undefined && backward.savedBytes > 0 ? new Storage(backend, backward.savedBytes) : undefined;
    const starts: Start[] = [];
    for (let i = 0; i < inputs.length; i++) starts.push(startOf(given[inputs[i]!]!));
    if (!built.forward.run(starts, blocks, saved?.block)) {
      for (const storage of results) backend.release(storage.block, false);
      if (saved !== undefined) backend.release(saved.block, false);
      return false;
    }
    this.isFlushed = true;
    const node = backward === undefined ? null : new SegmentNode(segment, built, given, saved);
    for (let k = 0; k < built.given.length; k++) {
      const { index, result, form } = built.given[k]!;
      const outputNr = backward === undefined ? -1 : backward.outputs.indexOf(k);
      const hasHistory = outputNr >= 0;
      const y = made[index]!;
      settlePending(y, results[result]!, form.offset, hasHistory ? node : null, hasHistory ? outputNr : 0, null);
    }
    node?.setOutputs(backward!.outputs.map((k) => made[built.given[k]!.index]!));
    node?.keepResults(built.given, made);
    for (const s of built.views) this.runStep(segment.steps[s]!);
    return true;
  }

  /** Runs a step as it is, and gives the tensors that it made what it gave. */
  private runStep(step: Step): void {
    const { made, given } = this;
    const result = withGrad(step.isGradEnabled, () => Segment.run(step, made, given));
    const expected = [...tensorsIn(valueOf(step.result, made, given))];
    let at = 0;
    for (const x of tensorsIn(result)) {
      const y = expected[at++]!;
      if (y !== x && isPending(y)) settleAs(y, x);
    }
  }

  /** Gives a tensor that nobody was known to use later what running the steps again gives. */
  computeLate(): void {
    this.checkVersions();
    const { segment, made, given } = this;
    const again: Tensor[] = [];
    const known = new Set<Tensor>(given);
    for (const step of segment.steps.slice(0, this.position)) {
      const result = withGrad(step.isGradEnabled, () => Segment.run(step, again, given));
      for (const x of tensorsIn(result))
        if (!known.has(x)) {
          known.add(x);
          again.push(x);
        }
    }
    again.forEach((x, i) => {
      const y = made[i]!;
      if (isPending(y)) settleAs(y, x);
    });
  }

  /** Runs all steps so far as they are. */
  runSteps(): void {
    // What a call that did not fit has taken is none of theirs.
    this.given.length = this.taken;
    this.checkVersions();
    this.isFlushed = true;
    for (let s = 0; s < this.position; s++) this.runStep(this.segment.steps[s]!);
  }
}

/** Whether two segments are the same in their first steps, and in the tensors from elsewhere that those take. */
function isSameUpTo(a: Segment, b: Segment, steps: number, slots: number): boolean {
  if (b.steps.length < steps || b.slots.length < slots) return false;
  for (let i = 0; i < slots; i++) if (!isSameSlot(a.slots[i]!, b.slots[i]!)) return false;
  for (let i = 0; i < steps; i++) if (!isSameStep(a.steps[i]!, b.steps[i]!)) return false;
  return true;
}

const isSameSlot = (a: Segment["slots"][number], b: Segment["slots"][number]): boolean =>
  isSame({ ...a, form: { ...a.form, offset: 0 } }, { ...b, form: { ...b.form, offset: 0 } });

const isSameStep = (a: Step, b: Step): boolean =>
  a.op === b.op &&
  a.isMethod === b.isMethod &&
  a.isGradEnabled === b.isGradEnabled &&
  isSame(a.args, b.args) &&
  isSame(a.result, b.result);

/** Whether two plain structures are equal. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

/** Whether the code of an op calls code of the caller, whose ops are to be seen. */
export const runsCode = (op: Declared): boolean => op.signature.includes("()");

/** Ops that make or change histories in ways that only they know. */
export const breaking: ReadonlySet<string> = new Set([
  "backward",
  "grad",
  "requiresGrad_",
  "retainGrad",
  "registerHook",
  "registerPostAccumulateGradHook",
  "customFunction",
  "disabledFunction",
  "detach_",
]);

/** Whether an op is seen as a whole, broken at, or run with its own ops seen. */
export function kindOf(op: Declared, args: readonly unknown[]): "step" | "break" | "open" {
  if (breaking.has(op.opName)) return "break";
  if (runsCode(op)) return "open";
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === "object" ? !isPlain(arg) : typeof arg === "function") return "open";
  }
  return "step";
}

/** Whether a call is that of a step. */
function matches(
  step: Step,
  op: Declared,
  isMethod: boolean,
  self: unknown,
  given: ArrayLike<unknown>,
  run: SegmentRun,
): boolean {
  if (step.op !== op || step.isMethod !== isMethod || step.isGradEnabled !== isGradEnabled()) return false;
  const { args } = step;
  const first = isMethod ? 1 : 0;
  if (args.length !== given.length + first || (isMethod && !fits(args[0]!, self, run))) return false;
  for (let i = first; i < args.length; i++) if (!fits(args[i]!, given[i - first], run)) return false;
  return true;
}

/** Says that a call is none that was recorded. */
const another = Symbol("another");

/** Records the rest of a call. */
export interface CallRecorder {
  readonly intercept: Interceptor;
  start(): void;
  stop(): void;
  /** @returns The segments of the whole call, if they are of use. */
  complete(result: unknown): readonly Segment[] | undefined;
}

/** Plays the segments of a recorded call. */
export class Player {
  private run: SegmentRun;
  private at = 0;
  private isDiverted = false;
  private readonly runs: SegmentRun[] = [];
  /** Records what follows once the call goes another way. */
  private recorder: CallRecorder | undefined;
  private recorded: readonly Segment[] | undefined;
  /** Whether an op is run as it is, whose own ops nobody sees. */
  private isInOp = false;
  private readonly intercept: Interceptor = (op, isMethod, self, given, run) =>
    this.called(op, isMethod, self, given, run);

  constructor(
    private segments: readonly Segment[],
    /** Told of values that are looked at after their segment, although that was not recorded. */
    private readonly onLate: (segment: Segment) => void,
    /** What all calls were recorded as. */
    private readonly others: readonly { readonly segments: readonly Segment[] }[],
    /** Records a call that goes another way, if it is to be. */
    private readonly onDivert: (runs: readonly SegmentRun[]) => CallRecorder | undefined,
  ) {
    this.run = this.begin();
  }

  private begin(): SegmentRun {
    const run = new SegmentRun(this.segments[this.at]!, (run, x) => {
      this.supply(run, x);
    });
    this.runs.push(run);
    return run;
  }

  play<R>(body: () => R): R {
    const before = interceptCalls(this.intercept);
    try {
      const result = body();
      interceptCalls(before);
      if (!this.isDiverted) this.finish();
      this.recorder?.stop();
      this.recorded = this.recorder?.complete(result);
      this.recorder = undefined;
      return result;
    } finally {
      this.recorder?.stop();
      interceptCalls(before);
    }
  }

  /** What a call was recorded as that went another way. */
  get found(): readonly Segment[] | undefined {
    return this.recorded;
  }

  /** What the call turned out to be; undefined if it was none of those that were recorded. */
  get played(): readonly Segment[] | undefined {
    return this.isDiverted ? undefined : this.segments;
  }

  private called(
    op: Declared,
    isMethod: boolean,
    self: unknown,
    given: ArrayLike<unknown>,
    run: (...given: unknown[]) => unknown,
  ): unknown {
    const current = this.run;
    const step = current.segment.steps[current.position];
    if (step !== undefined && matches(step, op, isMethod, self, given, current)) return current.advance(step);
    const args = Array.from(given);
    const result = this.unexpected(op, isMethod, self, args, () => (isMethod ? run.apply(self, args) : run(...args)));
    if (result !== another) return result;
    if (this.recorder !== undefined) return this.recorder.intercept(op, isMethod, self, given, run);
    return isMethod ? run.apply(self, args) : run(...args);
  }

  /** A call that is not that of the step at hand. @returns {@link another} if it is none that was recorded. */
  private unexpected(
    op: Declared,
    isMethod: boolean,
    self: unknown,
    given: readonly unknown[],
    direct: () => unknown,
  ): unknown {
    const { run } = this;
    const { segment } = run;
    if (run.position === segment.steps.length && segment.end.kind === "read") {
      this.flush(run);
      if (this.isDiverted) return another;
      this.next();
      const step = this.run.segment.steps[0];
      if (step !== undefined && matches(step, op, isMethod, self, given, this.run)) return this.run.advance(step);
    }
    return this.other(op, isMethod, self, given, direct);
  }

  /** An op that is no step here. */
  private other(
    op: Declared,
    isMethod: boolean,
    self: unknown,
    given: readonly unknown[],
    direct: () => unknown,
  ): unknown {
    const kind = kindOf(op, isMethod ? [self, ...given] : given);
    if (kind === "open") return direct();
    const { run } = this;
    if (!this.isEnd(run, op, isMethod)) {
      const step = this.turn(op, isMethod, self, given);
      if (step !== undefined) return run.advance(step);
      if (!this.isEnd(run, op, isMethod)) {
        this.divert();
        return another;
      }
    }
    this.flush(run);
    const result = this.undisturbed(direct);
    if (!this.isDiverted) this.next();
    return result;
  }

  /** Whether the segment is known to end with an op. */
  private isEnd({ segment: { end, steps }, position }: SegmentRun, op: Declared, isMethod: boolean): boolean {
    return end.kind === "op" && position === steps.length && end.op === op && end.isMethod === isMethod;
  }

  /** Goes on as another of the recorded calls that has come this way and goes on with this op. @returns The step, if it is one. */
  private turn(op: Declared, isMethod: boolean, self: unknown, given: readonly unknown[]): Step | undefined {
    const { run, segments, at } = this;
    const old = run.segment;
    for (const { segments: others } of this.others) {
      const next = others[at];
      if (next === undefined || others === segments || !this.isSameBefore(segments, others) || !run.becomes(next)) continue;
      this.segments = others;
      const step = next.steps[run.position];
      if (step !== undefined && matches(step, op, isMethod, self, given, run)) return step;
      if (this.isEnd(run, op, isMethod)) return undefined;
      this.segments = segments;
      run.segment = old;
    }
    return undefined;
  }

  private isSameBefore(a: readonly Segment[], b: readonly Segment[]): boolean {
    for (let i = 0; i < this.at; i++) {
      const [one, other] = [a[i]!, b[i]!];
      if (one.steps.length !== other.steps.length || !isSame(one.end, other.end)) return false;
      if (!isSameUpTo(one, other, one.steps.length, one.slots.length)) return false;
    }
    return true;
  }

  /** Runs what is not to be seen. */
  private undisturbed<R>(body: () => R): R {
    const before = interceptCalls(undefined);
    const wasInOp = this.isInOp;
    this.isInOp = true;
    try {
      return body();
    } finally {
      this.isInOp = wasInOp;
      interceptCalls(this.isDiverted && before === this.intercept ? this.recorder?.intercept : before);
    }
  }

  private next(): void {
    this.at++;
    this.run = this.begin();
  }

  /** Computes a segment whose ops have all been seen. */
  private flush(run: SegmentRun): void {
    if (run.isFlushed) return;
    this.undisturbed(() => {
      const { built } = run.segment;
      if (typeof built === "object" && run.compute(built)) return;
      run.runSteps();
      if (built === undefined) run.segment.built = build(run.segment, run.given);
    });
  }

  /** From here on every op runs as it is, and is recorded. */
  private divert(): void {
    this.isDiverted = true;
    const before = interceptCalls(undefined);
    if (!this.run.isFlushed) this.run.runSteps();
    if (this.isInOp) return;
    this.recorder = this.onDivert(this.runs);
    this.recorder?.start();
    if (before === this.intercept) interceptCalls(this.recorder?.intercept);
  }

  private finish(): void {
    const { run } = this;
    const { segment } = run;
    if (run.position === segment.steps.length && segment.end.kind !== "op") this.flush(run);
    else if (!this.turnToEnd()) this.divert();
  }

  /** Ends as another of the recorded calls that ended here. */
  private turnToEnd(): boolean {
    const { run, at, segments } = this;
    for (const { segments: others } of this.others) {
      const next = others[at];
      if (next === undefined || others === segments || next.end.kind === "op" || next.steps.length !== run.position) continue;
      if (!this.isSameBefore(segments, others) || !run.becomes(next)) continue;
      this.segments = others;
      this.flush(run);
      return true;
    }
    return false;
  }

  /** Somebody looks at a tensor that is to be computed. */
  private supply(run: SegmentRun, x: Tensor): void {
    const { segment } = run;
    if (run === this.run && !run.isFlushed) {
      if (run.position === segment.steps.length) this.flush(run);
      else if (this.isDiverted) run.runSteps();
      else this.divert();
      if (!isPending(x)) return;
    }
    this.undisturbed(() => {
      const number = run.made.indexOf(x);
      segment.live.add(number);
      this.onLate(segment);
      run.computeLate();
    });
  }
}
