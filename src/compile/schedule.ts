/**
 * Makes programs of values: kernels of expressions, and calls of the device between them, in an order that leaves every value in memory until its last
 * use. What backward needs of forward is computed again where that is cheap, and saved where it is not.
 */

import { type Place, type Command as ProgramCommand, WindowMark } from "../backend/ops/program";
import { formulas } from "../backend/wasm/fused/index";
import type { Scheduled, Source } from "./built";
import { type Window, withMarks } from "./events";
import { fuse, loadedBy, missingFor, type Stream, sourceOf } from "./fuse";
import { aligned, arrangeTemporaries } from "./temporaries";
import {
  type Argument,
  type Command,
  Expression,
  type Memory,
  RowSum,
  Unsupported,
  type Value,
  type Values,
} from "./values";

/** Expressions of one kernel: enough for any chain that a person writes, few enough for registers and for the engine's compiler. */
const MOST_EXPRESSIONS = 48;
const MOST_STREAMS = 20;
/** What computing a value again may cost, in instructions on vectors, before it is rather kept in memory. */
const MOST_REPEATED_COST = 14;

const costOf = (op: string): number => formulas[op]?.cost ?? 0;

/** Forward and backward of one function. */
export class Schedule {
  /** Expressions and sums that somebody needs in memory. */
  private readonly wanted = new Set<Value>();
  private out: ProgramCommand[] = [];
  /** The memory that each command in `out` works on. */
  private uses: Memory[][] = [];
  private places = new Map<Memory, number>();
  private isBackward = false;
  private readonly costs = new Map<Expression, number>();
  savedBytes = 0;

  /** @param results What forward gives, in order. @param gradients What backward gives, in order; undefined without backward. */
  constructor(
    private readonly values: Values,
    private readonly results: readonly Value[],
    private readonly gradients: readonly Value[] | undefined,
  ) {
    for (const value of [...results, ...(gradients ?? [])]) this.mark(value);
    for (const command of values.commands) if (command.isLive) this.markCommand(command);
    results.forEach((value, index) => {
      if (value.memory?.kind === "input" || value.memory?.kind === "result")
        throw new Unsupported("gives the same memory twice");
      this.assign(value, "result", index);
      this.wanted.add(value);
    });
    for (const command of values.commands) if (command.isLive) this.wantInputs(command);
    this.wantLoads();
    if (gradients !== undefined) this.chooseSaved();
  }

  // --- what is needed ----------------------------------------------------------------------------------------------------------------------

  private mark(value: Value): void {
    if (value.isLive) return;
    value.isLive = true;
    if (value instanceof Expression) for (const input of value.inputs) this.markArgument(input);
    else if (value instanceof RowSum) this.mark(value.of);
    else {
      if (value.before !== undefined) this.mark(value.before);
      if (value.command !== undefined) this.markCommand(value.command);
    }
  }

  private markArgument(input: Argument): void {
    if (input.kind !== "number") this.mark(input.value);
  }

  private markCommand(command: Command): void {
    command.isLive = true;
    for (const { value } of command.reads.values()) this.mark(value);
    for (const { value } of command.writes.values()) this.mark(value);
  }

  private wantInputs(command: Command): void {
    for (const { value } of command.reads.values()) this.wanted.add(value);
    for (const expression of command.first) if (expression.isLive) this.wanted.add(expression);
    for (const { value } of command.writes.values()) {
      const before = beforeOf(value);
      if (before !== undefined) this.wanted.add(before);
    }
  }

  /** What is read at other places than it is computed at has to be in memory. */
  private wantLoads(): void {
    for (const expression of this.liveExpressions())
      for (const input of expression.inputs) if (input.kind === "load") this.wanted.add(input.value);
  }

  private seenLive: Expression[] | undefined;

  private liveExpressions(): Expression[] {
    if (this.seenLive !== undefined) return this.seenLive;
    const found = new Set<Expression>();
    const visit = (value: Value): void => {
      if (value instanceof RowSum) visit(value.of);
      else if (value instanceof Expression && !found.has(value)) {
        found.add(value);
        for (const input of value.inputs) if (input.kind !== "number") visit(input.value);
      } else if (!(value instanceof Expression) && value.before !== undefined) visit(value.before);
    };
    for (const value of [...this.results, ...(this.gradients ?? []), ...this.wanted]) visit(value);
    for (const { reads, first, isLive } of this.values.commands) {
      if (!isLive) continue;
      for (const { value } of reads.values()) visit(value);
      for (const expression of first) if (expression.isLive) visit(expression);
    }
    this.seenLive = [...found];
    return this.seenLive;
  }

  // --- what backward takes of forward ------------------------------------------------------------------------------------------------------

  private chooseSaved(): void {
    const visited = new Set<Value>();
    for (const expression of this.liveExpressions()) if (expression.isBackward) this.need(expression, visited);
    for (const command of this.values.commands) {
      if (!command.isLive || !command.isBackward) continue;
      for (const { value } of command.reads.values()) this.keep(value);
    }
    for (const value of this.gradients!) if (!value.isBackward) this.keep(value);
  }

  /** Goes from an expression that backward computes to what it takes. */
  private need(expression: Expression, visited: Set<Value>): void {
    if (visited.has(expression)) return;
    visited.add(expression);
    for (const input of expression.inputs) {
      if (input.kind === "number") continue;
      const { value } = input;
      if (value.isBackward) continue;
      const isRepeated =
        input.kind === "value" &&
        value instanceof Expression &&
        value.memory === undefined &&
        !this.wanted.has(value) &&
        this.fullCost(value) <= MOST_REPEATED_COST;
      if (isRepeated) this.need(value, visited);
      else this.keep(value);
    }
  }

  /** Keeps a value of forward for backward: as the input or result that it is, or as a copy. */
  private keep(value: Value): void {
    if (value.isBackward) return;
    if (value.isOverwritten) throw new Unsupported("needs a value for its gradient that it changes in place later");
    this.wanted.add(value);
    if (value.memory === undefined) this.assign(value, "saved", 0);
  }

  /** What it takes to compute a value from what is in memory. */
  private fullCost(value: Expression): number {
    const known = this.costs.get(value);
    if (known !== undefined) return known;
    let cost = costOf(value.op);
    for (const input of value.inputs)
      if (input.kind === "value" && input.value.memory === undefined) cost += this.fullCost(input.value);
    this.costs.set(value, cost);
    return cost;
  }

  /** Gives a value its memory, and the values that the same memory held before. */
  private assign(value: Value, kind: Memory["kind"], index: number): void {
    const memory: Memory = { kind, index, bytes: value.bytes };
    for (let at: Value | undefined = value; at !== undefined; at = beforeOf(at)) at.memory = memory;
  }

  // --- programs ----------------------------------------------------------------------------------------------------------------------------

  forward(): Scheduled {
    return this.program(false, this.results);
  }

  /** After {@link forward}. */
  backward(): Scheduled {
    this.gradients!.forEach((value, index) => {
      if (value.memory !== undefined) throw new Unsupported("gives the same gradient twice");
      this.assign(value, "result", index);
    });
    // Temporary memory of forward is not there any more.
    for (const value of [...this.computed])
      if (value.memory!.kind === "temporary") {
        this.computed.delete(value);
        value.memory = undefined;
      }
    return this.program(true, this.gradients!);
  }

  private program(isBackward: boolean, results: readonly Value[]): Scheduled {
    this.isBackward = isBackward;
    this.out = [];
    this.uses = [];
    this.places = new Map();
    for (const command of this.values.commands)
      if (command.isLive && command.isBackward === isBackward) this.command(command);
    const rest = [...this.wanted].filter((value) => value.isLive && value.isBackward === isBackward);
    this.materialize([...results, ...rest]);
    return this.finish();
  }

  private command(command: Command): void {
    const before = [...command.writes.values()]
      .map(({ value }) => beforeOf(value))
      .filter((value) => value !== undefined);
    const first = command.first.filter(({ isLive, isBackward }) => isLive && isBackward === command.isBackward);
    this.materialize([...first, ...[...command.reads.values()].map(({ value }) => value), ...before]);
    for (const { value } of command.writes.values()) this.memoryOf(value);
    const uses: Memory[] = [];
    const place = (window: Window) => {
      const { value, ...rest } = (command.writes.get(window) ?? command.reads.get(window))!;
      uses.push(value.memory!);
      return { ...rest, place: this.placeOf(value.memory!) };
    };
    const { event } = command;
    const marks = (description: object) => withMarks(description, (window) => new WindowMark(place(window))) as object;
    if (event.kind === "run") this.emit({ ...event, description: marks(event.description) }, uses);
    else if (event.kind === "check") this.emit({ ...event, check: marks(event.check) }, uses);
    else if (event.kind === "fill") this.emit({ ...event, y: place(event.y) }, uses);
    else if (event.kind === "copy") this.emit({ ...event, y: place(event.y), x: place(event.x) }, uses);
    else {
      const inputs = event.inputs.map((x) => (typeof x === "number" ? x : place(x)));
      this.emit({ ...event, y: place(event.y), inputs }, uses);
    }
  }

  private emit(command: ProgramCommand, uses: Memory[]): void {
    this.out.push(command);
    this.uses.push(uses);
  }

  /** The memory of a value that is about to be written. */
  private memoryOf(value: Value): Memory {
    if (value.memory === undefined) {
      const before = beforeOf(value)?.memory;
      if (before !== undefined) value.memory = before;
      else this.assign(value, "temporary", 0);
    }
    return value.memory!;
  }

  private readonly computed = new Set<Value>();

  /** Whether a value is in memory that this program can read. */
  private isThere(value: Value): boolean {
    return value instanceof Expression || value instanceof RowSum ? this.computed.has(value) : true;
  }

  /** Computes values that are not in memory, those of equally many elements together. */
  private materialize(values: readonly Value[]): void {
    const groups = new Map<string, (Expression | RowSum)[]>();
    for (const value of new Set(values)) {
      if (!(value instanceof Expression || value instanceof RowSum) || this.isThere(value)) continue;
      const row = value instanceof RowSum ? value.row : 0;
      const key = `${sourceOf(value).n} ${row}`;
      groups.set(key, [...(groups.get(key) ?? []), value]);
    }
    for (const roots of groups.values()) this.compute(roots);
  }

  private compute(given: readonly (Expression | RowSum)[]): void {
    // What is read at other places comes first, that of all roots together: sums of the same rows are then made in one pass.
    this.materialize(loadedBy(given, (value) => this.isThere(value)));
    const roots = given.filter((root) => !this.isThere(root));
    if (roots.length === 0) return;
    const inside = this.closure(roots);
    if (inside === undefined) {
      this.split(roots);
      return;
    }
    const stored = this.storedOf(roots, inside);
    for (const value of stored) this.memoryOf(value);
    const fused = fuse(stored, inside);
    if (fused === undefined || fused.streams.length > MOST_STREAMS) {
      this.split(roots);
      return;
    }
    for (const value of stored) this.computed.add(value);
    const windows = fused.streams.map(({ memory, offset, dtype }: Stream) => ({
      place: this.placeOf(memory),
      offset,
      dtype,
    }));
    const uses = fused.streams.map(({ memory }) => memory);
    this.emit({ kind: "fused", kernel: fused.kernel, windows, numbers: fused.numbers }, uses);
  }

  /** Computes roots apart, or what an only root takes before it. */
  private split(roots: readonly (Expression | RowSum)[]): void {
    if (roots.length > 1) {
      for (const root of roots) this.compute([root]);
      return;
    }
    const root = sourceOf(roots[0]!);
    if (roots[0] instanceof RowSum && !this.isThere(root)) {
      this.compute([root]);
      this.compute(roots);
      return;
    }
    const missing = missingFor(root, (value) => this.isThere(value));
    if (missing.length === 0) throw new Unsupported("has an expression that no kernel holds");
    // Those before it in this order are all that it may take.
    this.compute([missing[Math.min(missing.length, MOST_EXPRESSIONS) - 1]!]);
    this.compute(roots);
  }

  /** The expressions that roots are computed from, as far as they are not in memory; undefined if they are too many. */
  private closure(roots: readonly (Expression | RowSum)[]): Set<Expression> | undefined {
    const inside = new Set<Expression>();
    const visit = (value: Expression): boolean => {
      if (inside.has(value)) return true;
      inside.add(value);
      if (inside.size > MOST_EXPRESSIONS) return false;
      for (const input of value.inputs) {
        if (input.kind === "value" && !this.isThere(input.value) && !visit(input.value)) return false;
      }
      return true;
    };
    for (const root of roots) {
      const source = sourceOf(root);
      if (!this.isThere(source) && !visit(source)) return undefined;
    }
    return inside;
  }

  /** The roots, and what else of the kernel is to be in memory: what somebody wants there, and what is costly and needed later. */
  private storedOf(roots: readonly (Expression | RowSum)[], inside: ReadonlySet<Expression>): (Expression | RowSum)[] {
    const stored = new Set<Expression | RowSum>(roots);
    for (const value of inside) {
      if (this.isThere(value) || value.isBackward !== this.isBackward) continue;
      if (value.op === "copy" && value.inputs[0]!.kind === "number") continue;
      const isNeeded = this.wanted.has(value) || this.isCostlyLater(value, inside);
      if (isNeeded) stored.add(value);
    }
    return [...stored];
  }

  private isCostlyLater(value: Expression, inside: ReadonlySet<Expression>): boolean {
    if (this.fullCost(value) <= MOST_REPEATED_COST) return false;
    return value.readers.some(
      (reader) =>
        reader.isLive && !inside.has(reader) && !this.computed.has(reader) && reader.isBackward === this.isBackward,
    );
  }

  // --- memory ------------------------------------------------------------------------------------------------------------------------------

  private placeOf(memory: Memory): number {
    let place = this.places.get(memory);
    if (place === undefined) {
      place = this.places.size;
      this.places.set(memory, place);
    }
    return place;
  }

  private finish(): Scheduled {
    const temporary = arrangeTemporaries(this.uses);
    const sources: Source[] = [];
    const places = [...this.places.keys()].map((memory): Place => {
      const { kind, index } = memory;
      if (kind === "saved") return { kind, at: this.savedAt(memory) };
      if (kind === "temporary") return { kind, at: temporary.at.get(memory)! };
      const isOwn = kind === "result" && (!this.isBackward || !this.isOfForward(memory));
      if (isOwn) return { kind: "result", at: index };
      return { kind: "input", at: sources.push({ kind, index }) - 1 };
    });
    return { text: { places, commands: this.out, temporaryBytes: temporary.bytes }, sources };
  }

  private isOfForward(memory: Memory): boolean {
    return this.results.some((value) => value.memory === memory);
  }

  private readonly savedPlaces = new Map<Memory, number>();

  private savedAt(memory: Memory): number {
    let at = this.savedPlaces.get(memory);
    if (at === undefined) {
      at = this.savedBytes;
      this.savedPlaces.set(memory, at);
      this.savedBytes += aligned(memory.bytes);
    }
    return at;
  }
}

const beforeOf = (value: Value): Value | undefined =>
  value instanceof Expression || value instanceof RowSum ? undefined : value.before;
