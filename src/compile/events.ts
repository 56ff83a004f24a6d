/** What a device was asked for while a function ran: the record from which programs are made. */
import type { Backend, Block, Operand, Recorder } from "../backend/backend";
import type { ValueCheck } from "../backend/ops/checks";
import type { DeviceOps } from "../backend/ops/index";
import type { DType } from "../core/dtype";

/** An operand as it was when it was used: tensors may get another window later. */
export interface Window {
  readonly block: Block;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly dtype: DType;
}

/** An elementwise op. */
export interface MapEvent {
  readonly kind: "map";
  readonly op: string;
  readonly dtype: DType;
  readonly y: Window;
  readonly inputs: readonly (Window | number)[];
  readonly p: number;
  readonly q: number;
  readonly arity: 1 | 2 | 3;
}

export type Event =
  | MapEvent
  | { readonly kind: "copy"; readonly y: Window; readonly x: Window }
  | { readonly kind: "fill"; readonly y: Window; readonly value: number }
  | { readonly kind: "run"; readonly op: string; readonly description: object }
  | { readonly kind: "check"; readonly check: object };

const windowOf = ({ storage, offset, shape, strides, dtype }: Operand): Window => ({
  block: storage.block,
  offset,
  shape,
  strides,
  dtype,
});

/** The blocks of all operands in a description. */
export function blocksIn(value: unknown): Block[] {
  if (typeof value !== "object" || value === null) return [];
  if (isOperand(value)) return [value.storage.block];
  if (Array.isArray(value)) return value.flatMap(blocksIn);
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value).flatMap(blocksIn) : [];
}

const isOperand = (value: object): value is Operand => "storage" in value && "strides" in value;

/** Stands for an operand in the description of an op. */
export class Mark {
  constructor(readonly window: Window) {}
}

/** A description with marks in place of operands, which may change. */
function marked(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isOperand(value)) return new Mark(windowOf(value));
  if (Array.isArray(value)) return value.map(marked);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, marked(item)]));
}

/** Replaces the marks of a description. */
export function withMarks(value: unknown, replace: (window: Window, name: string) => unknown, name = ""): unknown {
  if (value instanceof Mark) return replace(value.window, name);
  if (Array.isArray(value)) return value.map((item) => withMarks(item, replace, name));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withMarks(item, replace, key)]));
}

/** Ops that draw random numbers: each call gives others. */
const random: ReadonlySet<string> = new Set(["draw", "boxMuller"]);

/** Records what a device is asked for. Blocks that are given back meanwhile are kept, so that each block stands for one piece of memory. */
export class DeviceRecord implements Recorder {
  readonly events: Event[] = [];
  private readonly released: Block[] = [];
  /** Why what was asked since this was last cleared cannot be done again without the program. */
  obstacle: string | undefined;

  constructor(private readonly backend: Backend) {}

  /** Runs `body` and records what the device is asked for. */
  during<R>(body: () => R): R {
    const { backend } = this;
    const before = backend.recorder;
    backend.recorder = this;
    try {
      return body();
    } finally {
      backend.recorder = before;
    }
  }

  /** Gives back what was kept. */
  close(): void {
    for (const block of this.released.splice(0)) this.backend.release(block, false);
  }

  map(
    op: string,
    dtype: DType,
    y: Operand,
    inputs: readonly (Operand | number)[],
    p: number,
    q: number,
    arity: 1 | 2 | 3,
  ): void {
    const windows = inputs.map((x) => (typeof x === "number" ? x : windowOf(x)));
    this.events.push({ kind: "map", op, dtype, y: windowOf(y), inputs: windows, p, q, arity });
  }

  copy(y: Operand, x: Operand): void {
    this.events.push({ kind: "copy", y: windowOf(y), x: windowOf(x) });
  }

  fill(y: Operand, value: number): void {
    this.events.push({ kind: "fill", y: windowOf(y), value });
  }

  run<K extends keyof DeviceOps>(op: K, description: DeviceOps[K]): void {
    if (random.has(op)) this.obstacle ??= "it draws random numbers";
    this.events.push({ kind: "run", op, description: marked(description) as object });
  }

  check(check: ValueCheck, isValid: boolean): void {
    if (!isValid) this.obstacle ??= "it was given values that are not valid";
    this.events.push({ kind: "check", check: marked(check) as object });
  }

  allocate(_block: Block): void {}

  touch(_block: Block, _how: "read" | "write"): void {
    this.obstacle ??= "it takes values from JavaScript, or gives it values";
  }

  release(block: Block): boolean {
    if (!block.freed) this.released.push(block);
    return true;
  }
}
