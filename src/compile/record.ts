/** The first call of a compiled function: it runs as it is, and its ops are noted. */
import { isGradEnabled, isInferenceModeEnabled } from "../autograd/mode";
import { type Block, type Recorder as DeviceRecorder, type Operand, requireBackend } from "../backend/backend";
import type { DeviceOps } from "../backend/ops/index";
import { type DType, getDefaultDtype } from "../core/dtype";
import { sameShape } from "../core/shape";
import { type Declared, type Interceptor, interceptCalls } from "../core/signature";
import type { Tensor } from "../tensor/tensor";
import { build } from "./build";
import { areOpsChanged, free, kindOf } from "./calls";
import { blocksIn, DeviceRecord } from "./events";
import { type Form, type Pattern, tensorsHeldBy, tensorsIn } from "./patterns";
import { type End, type Segment, SegmentRecorder, type Step } from "./segment";

/** What was recorded. */
export interface Recorded {
  readonly segments: readonly Segment[];
  /** Why the call cannot be repeated from what was recorded. */
  readonly obstacle: string | undefined;
}

/** Watches the device while the caller's code runs: what ops do is noted as theirs, what is done besides cannot be repeated. */
class Watch extends DeviceRecord {
  private isInOp = false;
  /** What was done besides ops. */
  stray: string | undefined;

  constructor(private readonly onRead: (block: Block) => void) {
    super(requireBackend("cpu"));
  }

  /** The memory of what the op was given, and of what it has made. */
  private known: Set<Block> | undefined;

  /** Begins an op. @param given What it may work on; undefined for one that may work on anything. */
  enter(given: Iterable<Tensor> | undefined): void {
    this.isInOp = true;
    this.obstacle = undefined;
    this.known = given && new Set([...given].map(({ storage }) => storage.block));
  }

  leave(): void {
    this.isInOp = false;
  }

  private note(what: string, operands: readonly (Operand | number)[]): void {
    if (!this.isInOp) this.stray ??= what;
    else for (const x of operands) if (typeof x !== "number") this.noteBlock(x.storage.block);
  }

  private noteBlock(block: Block): void {
    if (this.known?.has(block) === false) this.obstacle ??= "it works on tensors that it was not given";
  }

  override map(op: string, _dtype: DType, y: Operand, inputs: readonly (Operand | number)[]): void {
    this.note(op, [y, ...inputs]);
  }

  override copy(y: Operand, x: Operand): void {
    this.note("copy", [y, x]);
  }

  override fill(y: Operand): void {
    this.note("fill", [y]);
  }

  override run<K extends keyof DeviceOps>(op: K, description: DeviceOps[K]): void {
    this.note(op, []);
    if (this.isInOp) for (const block of blocksIn(description)) this.noteBlock(block);
    if (op === "draw" || op === "boxMuller") this.obstacle ??= "it draws random numbers";
  }

  override check(): void {}

  override allocate(block: Block): void {
    if (this.isInOp) this.known?.add(block);
  }

  override touch(block: Block, how: "read" | "write"): void {
    if (this.isInOp) super.touch(block, how);
    else if (how === "read") this.onRead(block);
  }

  override release(): boolean {
    return false;
  }
}

/** What ops may change of a tensor beside its values. */
interface State {
  readonly x: Tensor;
  readonly version: number;
  readonly window: readonly [readonly number[], readonly number[], number];
  readonly marks: readonly unknown[];
}

const stateOf = (x: Tensor): State => ({
  x,
  version: x.storage.version,
  window: [x.shape, x.strides, x.offset],
  marks: [x.leafRequiresGrad, x.hooks, x.retainsGrad, x.ownGrad, x.storage],
});

/** A call that was under way: what was seen of it so far. */
export interface Underway {
  readonly segment: Segment;
  readonly position: number;
  readonly made: readonly Tensor[];
  readonly given: readonly Tensor[];
}

export class Recorder {
  private readonly recorders: SegmentRecorder[] = [];
  /** Tensors that steps of all segments have made. */
  private readonly owners = new Map<Tensor, SegmentRecorder>();
  private readonly watch = new Watch((block) => {
    this.read(block);
  });
  readonly intercept: Interceptor = (op, isMethod, self, given, run) => this.called(op, isMethod, self, given, run);
  private before: DeviceRecorder | undefined;
  private readonly backend = requireBackend("cpu");

  /**
   * @param runs The segments of a call that went as recorded up to here, the last of them in part.
   * @param isInference Whether the call began in inference mode.
   */
  constructor(
    runs: readonly Underway[] = [],
    private readonly isInference = isInferenceModeEnabled(),
  ) {
    runs.forEach(({ segment, position, made, given }, i) => {
      const isLast = i === runs.length - 1;
      const recorder = isLast ? SegmentRecorder.after(segment, position, made, given) : new SegmentRecorder(segment);
      if (!isLast) recorder.know(made, given);
      for (const x of made) this.owners.set(x, recorder);
      this.recorders.push(recorder);
    });
    if (runs.length === 0) this.recorders.push(new SegmentRecorder());
  }

  /** Begins to watch the device; calls are taken by {@link intercept}. */
  start(): void {
    this.before = this.backend.recorder;
    this.backend.recorder = this.watch;
  }

  stop(): void {
    this.backend.recorder = this.before;
  }

  private get current(): SegmentRecorder {
    return this.recorders.at(-1)!;
  }

  record<R>(body: () => R, holder?: object): { result: R; recorded: Recorded } {
    const before = interceptCalls(this.intercept);
    let result: R;
    this.start();
    try {
      result = body();
    } finally {
      this.stop();
      interceptCalls(before);
    }
    return { result, recorded: this.complete(result, holder) };
  }

  /** What was recorded of a call that has returned. @param holder Keeps tensors of the call in its fields. */
  complete(result: unknown, holder?: object): Recorded {
    for (const x of tensorsIn(result)) this.use(x);
    if (holder !== undefined) for (const x of tensorsHeldBy(holder)) this.use(x);
    return this.finish();
  }

  private finish(): Recorded {
    const segments = this.recorders.map(({ segment }) => segment);
    const { stray } = this.watch;
    if (stray !== undefined)
      return { segments, obstacle: `asks the device for "${stray}" in code that is no op, so that it is not seen` };
    for (const { segment, externals } of this.recorders)
      if (segment.steps.length > 0) segment.built ??= build(segment, externals);
    return { segments, obstacle: undefined };
  }

  /** A tensor is used after the segment that made it, or at its end. */
  private use(x: Tensor): void {
    const owner = this.owners.get(x);
    if (owner === undefined) return;
    const { live } = owner.segment;
    const number = owner.numberOf(x)!;
    if (live.has(number)) return;
    live.add(number);
    owner.segment.built = undefined;
  }

  private end(end: End): void {
    this.current.segment.end = end;
    this.recorders.push(new SegmentRecorder());
  }

  /** Values are read by the caller. */
  private read(block: Block): void {
    if (this.current.segment.steps.length === 0) return;
    for (const [x, owner] of this.owners) if (owner === this.current && x.storage.block === block) this.use(x);
    this.end({ kind: "read", reason: "values are read by the function" });
  }

  private called(
    op: Declared,
    isMethod: boolean,
    self: unknown,
    given: ArrayLike<unknown>,
    run: (...given: unknown[]) => unknown,
  ): unknown {
    const own = Array.from(given);
    const args = isMethod ? [self, ...own] : own;
    const direct = () => (isMethod ? run.apply(self, own) : run(...own));
    const kind = kindOf(op, args);
    if (kind === "open") return direct();
    if (kind === "break")
      return this.broken(op, isMethod, args, "it makes or changes histories", () => this.inside(direct));
    const obstacle = this.modeThatBegan();
    if (obstacle !== undefined) return this.broken(op, isMethod, args, obstacle, () => this.inside(direct));
    return this.step(op, isMethod, args, direct);
  }

  /** A mode that the function itself has begun, and in which a program cannot run. */
  private modeThatBegan(): string | undefined {
    if (areOpsChanged()) return "it is cast by autocast, profiled, traced for anomalies, or has hooks on saved tensors";
    return isInferenceModeEnabled() === this.isInference ? undefined : "it is in another inference mode";
  }

  /** Runs an op, whose own ops are not seen. */
  private inside<R>(body: () => R, given?: Iterable<Tensor>): R {
    const before = interceptCalls(undefined);
    this.watch.enter(given);
    try {
      return body();
    } finally {
      this.watch.leave();
      interceptCalls(before);
    }
  }

  private broken<R>(op: Declared, isMethod: boolean, args: readonly unknown[], reason: string, body: () => R): R {
    for (const x of tensorsIn(args)) this.use(x);
    this.end({ kind: "op", op, isMethod, reason: `${op.opName}: ${reason}` });
    return body();
  }

  private step(op: Declared, isMethod: boolean, args: readonly unknown[], direct: () => unknown): unknown {
    const { current } = this;
    const tensors = tensorsIn(args);
    const states = [...tensors].map(stateOf);
    const mark = current.mark();
    const patterns = args.map((arg) => current.argument(arg));
    let result: unknown;
    try {
      result = this.inside(direct, tensors);
    } catch (error) {
      // The function may go on without what has failed.
      current.reset(mark);
      throw error;
    }
    if (tensors.size === 0 && tensorsIn(result).size === 0 && this.watch.obstacle === undefined) {
      free.add(op);
      return result;
    }
    const makes: Form[] = [];
    const pattern = this.resultOf(result, tensors, makes);
    const obstacle = this.watch.obstacle ?? this.changeOf(states) ?? this.unknownOf(patterns, pattern, makes);
    if (obstacle !== undefined) {
      current.reset(mark);
      for (const x of tensorsIn(result)) if (!tensors.has(x)) this.owners.delete(x);
      return this.broken(op, isMethod, args, obstacle, () => result);
    }
    for (const x of tensors) if (this.owners.get(x) !== current) this.use(x);
    const changed = states.find(({ x, version }) => x.storage.version !== version)?.x;
    const step: Step = {
      op,
      isMethod,
      args: patterns as Pattern[],
      result: pattern!,
      isGradEnabled: isGradEnabled(),
      isInference: this.isInference,
      defaultDtype: getDefaultDtype(),
      makes,
      changes: changed && { index: current.numberOf(changed)!, requiresGrad: changed.requiresGrad },
    };
    current.segment.steps.push(step);
    return result;
  }

  private resultOf(result: unknown, args: ReadonlySet<Tensor>, makes: Form[]): Pattern | undefined {
    const { current } = this;
    return current.result(
      result,
      (x) => {
        const isNew = !this.owners.has(x) && !args.has(x) && x.storage.backend.device === "cpu";
        if (isNew) this.owners.set(x, current);
        return isNew;
      },
      makes,
    );
  }

  /** What an op has changed that is more than the values of a tensor that the segment has made. */
  private changeOf(states: readonly State[]): string | undefined {
    for (const { x, version, window, marks } of states) {
      if (x.storage.version !== version && !this.isOwn(x))
        return "it changes a tensor in place that was made elsewhere";
      const isSame = sameShape(x.shape, window[0]) && sameShape(x.strides, window[1]) && x.offset === window[2];
      const now = stateOf(x).marks;
      if (!isSame || marks.some((one, i) => one !== now[i])) return "it changes what a tensor is";
    }
    return undefined;
  }

  /** Whether the segment has made the memory of a tensor, and not only a view of what was given. */
  private isOwn(x: Tensor): boolean {
    const { current } = this;
    return this.owners.get(x) === current && current.externals.every(({ storage }) => storage !== x.storage);
  }

  private unknownOf(
    args: readonly (Pattern | undefined)[],
    result: Pattern | undefined,
    makes: readonly Form[],
  ): string | undefined {
    if (args.includes(undefined)) return "it takes values of a kind that cannot be compared";
    if (makes.some(({ isLeaf }) => isLeaf)) return "it makes a leaf that requires a gradient";
    return result === undefined ? "it gives something that is no new tensor" : undefined;
  }
}
