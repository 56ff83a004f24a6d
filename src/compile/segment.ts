/** A segment of a compiled function: ops one after the other, whose work one program can do. */
import type { DType } from "../core/dtype";
import type { Declared } from "../core/signature";
import type { Tensor } from "../tensor/tensor";
import type { Built } from "./built";
import { type Form, filledIn, formOf, type Pattern, patternOf } from "./patterns";

/** A call of an op. */
export interface Step {
  readonly op: Declared;
  readonly isMethod: boolean;
  readonly args: readonly Pattern[];
  readonly result: Pattern;
  /** Whether operations were recorded for gradients. */
  readonly isGradEnabled: boolean;
  /** Whether it was in inference mode. */
  readonly isInference: boolean;
  /** What tensors were made of by default. */
  readonly defaultDtype: DType;
  /** The forms of the tensors that it makes, which are numbered on. */
  readonly makes: readonly Form[];
  /** The tensor that it changed in place, and whether that has a history now. */
  readonly changes: { readonly index: number; readonly requiresGrad: boolean } | undefined;
}

/** A tensor from elsewhere. */
export interface Slot {
  readonly form: Form;
  /** The earlier slot that has the same storage, and how many elements later this one begins. */
  readonly shares: { readonly slot: number; readonly distance: number } | undefined;
}

/** Why a segment ends. */
export type End =
  /** The function has returned. */
  | { readonly kind: "return" }
  /** An op that has to be run as it is. */
  | { readonly kind: "op"; readonly op: Declared; readonly isMethod: boolean; readonly reason: string }
  /** Values are read. */
  | { readonly kind: "read"; readonly reason: string };

export class Segment {
  readonly steps: Step[] = [];
  readonly slots: Slot[] = [];
  /** The forms of all tensors that steps make, by their numbers. */
  readonly forms: Form[] = [];
  end: End = { kind: "return" };
  /** The numbers of the tensors that are used after the segment. */
  readonly live = new Set<number>();
  /** What computes it; undefined before that is made, or why it cannot be. */
  built: Built | string | undefined;

  /** Runs a step as it is. */
  static run(step: Step, made: readonly Tensor[], given: readonly Tensor[]): unknown {
    const args = step.args.map((arg) => filledIn(arg, made, given));
    const [self, ...rest] = args;
    const op = step.op as Declared & ((...args: unknown[]) => unknown);
    return step.isMethod ? step.op.method.apply(self, rest) : op(...args);
  }
}

/** Records the steps of a segment. */
export class SegmentRecorder {
  constructor(readonly segment = new Segment()) {}

  private readonly made = new Map<Tensor, number>();
  private readonly given = new Map<Tensor, number>();
  readonly externals: Tensor[] = [];

  /** Goes on after the first steps of another segment, in a segment of its own. */
  static after(segment: Segment, steps: number, made: readonly Tensor[], given: readonly Tensor[]): SegmentRecorder {
    const recorder = new SegmentRecorder();
    recorder.segment.steps.push(...segment.steps.slice(0, steps));
    recorder.segment.slots.push(...segment.slots.slice(0, given.length));
    recorder.segment.forms.push(...segment.forms.slice(0, made.length));
    recorder.know(made, given);
    return recorder;
  }

  /** Takes tensors for those that the steps have made and been given. */
  know(made: readonly Tensor[], given: readonly Tensor[]): void {
    made.forEach((x, i) => {
      this.made.set(x, i);
    });
    given.forEach((x, slot) => {
      this.given.set(x, slot);
      this.externals.push(x);
    });
  }

  /** The number of a tensor that a step has made. */
  numberOf(x: Tensor): number | undefined {
    return this.made.get(x);
  }

  /** Where the record stands. */
  mark(): readonly [slots: number, forms: number] {
    return [this.externals.length, this.segment.forms.length];
  }

  /** Forgets what was noted since. */
  reset([slots, forms]: readonly [number, number]): void {
    for (const x of this.externals.splice(slots)) this.given.delete(x);
    this.segment.slots.length = slots;
    this.segment.forms.length = forms;
    for (const [x, number] of this.made) if (number >= forms) this.made.delete(x);
  }

  /** The pattern of arguments. */
  argument(value: unknown): Pattern | undefined {
    return patternOf(value, (x) => this.tensor(x));
  }

  private tensor(x: Tensor): Pattern {
    const index = this.made.get(x);
    if (index !== undefined) return { kind: "made", index };
    const known = this.given.get(x);
    if (known !== undefined) return { kind: "given", slot: known, isFirst: false };
    const slot = this.externals.push(x) - 1;
    this.given.set(x, slot);
    const other = this.externals.findIndex(({ storage }) => storage === x.storage);
    const shares = other < slot ? { slot: other, distance: x.offset - this.externals[other]!.offset } : undefined;
    this.segment.slots.push({ form: formOf(x), shares });
    return { kind: "given", slot, isFirst: true };
  }

  /** The pattern of a result; undefined if it has a tensor that is neither new nor an argument. */
  result(value: unknown, isNew: (x: Tensor) => boolean, makes: Form[]): Pattern | undefined {
    return patternOf(value, (x) => {
      const index = this.made.get(x);
      if (index !== undefined) return { kind: "made", index };
      const slot = this.given.get(x);
      if (slot !== undefined) return { kind: "given", slot, isFirst: false };
      if (!isNew(x)) return undefined;
      const number = this.segment.forms.length;
      this.made.set(x, number);
      const form = formOf(x);
      this.segment.forms.push(form);
      makes.push(form);
      return { kind: "made", index: number };
    });
  }
}

/** Whether two segments are the same in their first steps, and in the tensors from elsewhere that those take. */
export function isSameUpTo(a: Segment, b: Segment, steps: number, slots: number): boolean {
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
  a.isInference === b.isInference &&
  a.defaultDtype === b.defaultDtype &&
  isSame(a.args, b.args) &&
  isSame(a.result, b.result);

/** Whether two plain structures are equal. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
