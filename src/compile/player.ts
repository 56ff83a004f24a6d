/**
 * A call of a compiled function. The function itself runs each time, but its ops do nothing: each is compared with what was recorded, and gives a tensor
 * whose values are still to be computed. When the function has returned, or somebody looks at such a tensor, the program of the segment computes them.
 * As soon as an op is not the one that was recorded, those before it are run as they are, and so are those that follow.
 */
import { isInferenceModeEnabled } from "../autograd/mode";
import { type Declared, type Interceptor, interceptCalls } from "../core/signature";
import { isPending } from "../tensor/pending";
import type { Tensor } from "../tensor/tensor";
import { build } from "./build";
import { kindOf, matches } from "./calls";
import { SegmentRun } from "./run";
import { isSame, isSameUpTo, type Segment, type Step } from "./segment";

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
  private readonly isInference = isInferenceModeEnabled();
  /** Whether the function has returned or thrown. */
  private isOver = false;
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
    private readonly onDivert: (runs: readonly SegmentRun[], isInference: boolean) => CallRecorder | undefined,
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
      this.isOver = true;
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
      if (next === undefined || others === segments || !this.isSameBefore(segments, others) || !run.becomes(next))
        continue;
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
      const isComputed = typeof built === "object" && run.compute(built);
      if (!isComputed) run.runSteps();
      if (built === undefined) run.segment.built = build(run.segment, run.given);
      run.end();
    });
  }

  /** From here on every op runs as it is, and is recorded. */
  private divert(): void {
    this.isDiverted = true;
    const before = interceptCalls(undefined);
    if (!this.run.isFlushed) this.run.runSteps();
    this.run.end();
    if (this.isInOp || this.isOver) return;
    this.recorder = this.onDivert(this.runs, this.isInference);
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
      if (next === undefined || others === segments || next.end.kind === "op" || next.steps.length !== run.position)
        continue;
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
