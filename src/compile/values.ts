/** The values of a recorded function: expressions that can be computed anywhere, and memory that ops of the device write. */
import type { Block } from "../backend/backend";
import { writtenBy } from "../backend/ops/written";
import { formulaOf } from "../backend/wasm/fused/index";
import { sizeOf } from "../core/dtype";
import { broadcastStrides, isContiguous, sizeOfShape } from "../core/shape";
import { type Event, type MapEvent, type Mark, type Window, withMarks } from "./events";

/** A piece of memory of a program; where it is, is decided when it is known who needs it. */
export interface Memory {
  kind: "input" | "result" | "saved" | "temporary";
  /** Which input or result. */
  index: number;
  readonly bytes: number;
}

/** An element that an expression takes: of another expression at the same place, of memory, or a number. */
export type Argument =
  | { readonly kind: "value"; readonly value: Expression }
  | {
      readonly kind: "load";
      readonly value: Value;
      readonly offset: number;
      readonly shape: readonly number[];
      readonly strides: readonly number[];
      readonly dtype: "float32" | "bool";
    }
  | { readonly kind: "number"; readonly value: number };

/** What all values have. */
abstract class Base {
  /** Where the value is, once it is computed. */
  memory: Memory | undefined;
  /** Expressions that take it. */
  readonly readers: Expression[] = [];
  /** The product that it is a term of, which alone takes it. */
  product: Expression | RowSum | undefined;
  isLive = false;
  /** Whether its memory was changed by a later command, so that it is there no more. */
  isOverwritten = false;

  constructor(
    readonly bytes: number,
    readonly isBackward: boolean,
  ) {}
}

/** An elementwise op, or a number for every element. */
export class Expression extends Base {
  constructor(
    readonly op: string,
    readonly inputs: readonly Argument[],
    readonly p: number,
    readonly q: number,
    readonly n: number,
    readonly dtype: "float32" | "bool",
    isBackward: boolean,
  ) {
    super(n * sizeOf(dtype), isBackward);
    for (const input of inputs) if (input.kind !== "number") input.value.readers.push(this);
  }
}

/** The sums of the rows of an expression. */
export class RowSum extends Base {
  constructor(
    readonly of: Expression,
    readonly row: number,
    isBackward: boolean,
  ) {
    super((of.n / row) * 4, isBackward);
  }
}

/** Memory that a command has written, or that was there before. */
export class Stored extends Base {
  /** @param before What the memory held, where the command changes only a part of it. */
  constructor(
    bytes: number,
    readonly command: Command | undefined,
    readonly before: Value | undefined,
    isBackward: boolean,
  ) {
    super(bytes, isBackward);
  }
}

export type Value = Expression | RowSum | Stored;

/** A window on a value. */
export interface ValueWindow {
  readonly value: Value;
  /** In elements, from where the value begins. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly dtype: Window["dtype"];
}

/** A call of the device. */
export interface Command {
  readonly event: Event;
  /** The windows of the event, and the values behind them once the command has run. */
  readonly reads: Map<Window, ValueWindow>;
  readonly writes: Map<Window, ValueWindow>;
  /** What is computed from what it overwrites. */
  readonly first: (Expression | RowSum)[];
  readonly isBackward: boolean;
  isLive: boolean;
}

/** Why a record cannot become a program. */
export class Unsupported extends Error {}

/** Rows that are summed with the expression: longer ones are left to the kernel that sums in blocks, with less error. */
const LONGEST_ROW = 1024;

/** Products of at most so many terms are computed where they are needed, like the elementwise ops around them, if they have one column or at least so many. */
const FEW_TERMS = 4;
const MANY_COLUMNS = 32;

/** Where an input of the function begins. */
export interface Origin {
  readonly block: Block;
  /** In bytes. */
  readonly offset: number;
}

/** Makes values of events. */
export class Values {
  readonly commands: Command[] = [];
  private readonly contents = new Map<Block, Value>();
  private readonly origins = new Map<Block, number>();
  private isBackward = false;

  /** Memory that is there before the first event. */
  input({ block, offset }: Origin, index: number): Stored {
    const value = new Stored(block.bytes - offset, undefined, undefined, this.isBackward);
    value.memory = { kind: "input", index, bytes: value.bytes };
    this.contents.set(block, value);
    this.origins.set(block, offset);
    return value;
  }

  /** What follows is the gradient. */
  beginBackward(): void {
    this.isBackward = true;
  }

  /** What a block holds now. @throws Unsupported for memory that nothing known has written. */
  contentOf(block: Block): Value {
    const value = this.contents.get(block);
    if (value === undefined) throw new Unsupported("uses memory that was written before or elsewhere");
    return value;
  }

  window(x: Window): ValueWindow {
    const value = this.contentOf(x.block);
    const offset = x.offset - (this.origins.get(x.block) ?? 0) / sizeOf(x.dtype);
    return { value, offset, shape: x.shape, strides: x.strides, dtype: x.dtype };
  }

  add(event: Event): void {
    if (event.kind === "map" && this.addMap(event)) return;
    if (event.kind === "copy" && this.addCopy(event)) return;
    if (event.kind === "fill" && this.addFill(event)) return;
    if (event.kind === "run" && event.op === "reduce" && this.addSum(event)) return;
    if (event.kind === "run" && event.op === "matmul" && this.addProduct(event)) return;
    this.addCommand(event);
  }

  /** Whether a window is all of a block, which is then written whole. */
  private isWhole({ block, offset, shape, strides, dtype }: Window): boolean {
    return (
      offset === 0 &&
      isContiguous(shape, strides) &&
      Math.max(1, sizeOfShape(shape)) * sizeOf(dtype) === block.bytes &&
      !this.origins.has(block)
    );
  }

  private set(block: Block, value: Value): void {
    this.contents.set(block, value);
  }

  private addMap({ op, dtype, y, inputs, p, q }: MapEvent): boolean {
    const formula = formulaOf(op, dtype, p);
    if (formula === undefined || !this.isWhole(y) || !isFusable(y.dtype)) return false;
    if (inputs.some((x) => typeof x !== "number" && !isFusable(x.dtype))) return false;
    if (dtype === "bool" && inputs.some((x) => typeof x === "number")) return false;
    const args = inputs.map((x) => this.argument(x, y.shape));
    this.set(y.block, this.expression(formula, args, p, q, y));
    return true;
  }

  private addCopy({ y, x }: { y: Window; x: Window }): boolean {
    if (!this.isWhole(y) || !isFusable(y.dtype) || !isFusable(x.dtype)) return false;
    const argument = this.argument(x, y.shape);
    const op = x.dtype === y.dtype ? "copy" : y.dtype === "bool" ? "toBool" : "toFloat";
    this.set(y.block, this.expression(op, [argument], 0, 0, y));
    return true;
  }

  private addFill({ y, value }: { y: Window; value: number }): boolean {
    if (!this.isWhole(y) || y.dtype !== "float32") return false;
    this.set(y.block, this.expression("copy", [{ kind: "number", value: Math.fround(value) }], 0, 0, y));
    return true;
  }

  private expression(op: string, args: readonly Argument[], p: number, q: number, y: Window): Expression {
    const dtype = y.dtype as "float32" | "bool";
    return new Expression(op, args, Math.fround(p), Math.fround(q), sizeOfShape(y.shape), dtype, this.isBackward);
  }

  private argument(x: Window | number, shape: readonly number[]): Argument {
    if (typeof x === "number") return { kind: "number", value: Math.fround(x) };
    const { value, offset } = this.window(x);
    const n = sizeOfShape(shape);
    const isLinear = offset === 0 && isContiguous(x.shape, x.strides) && sizeOfShape(x.shape) === n;
    if (value instanceof Expression && isLinear && value.n === n && value.dtype === x.dtype)
      return { kind: "value", value };
    const strides = broadcastStrides(x.shape, x.strides, shape);
    return { kind: "load", value, offset, shape, strides, dtype: x.dtype as "float32" | "bool" };
  }

  /** A sum along the last axis of an expression is made with it; that of one element is an expression itself. */
  private addSum(event: Extract<Event, { kind: "run" }>): boolean {
    const { kind, y, x, n, inner } = event.description as { kind: string; y: Mark; x: Mark; n: number; inner: number };
    if (kind !== "sum" || inner !== 1 || n > LONGEST_ROW) return false;
    if (x.window.dtype !== "float32" || y.window.dtype !== "float32" || !this.isWhole(y.window)) return false;
    if (n === 1) {
      const only = this.argument({ ...x.window, shape: y.window.shape, strides: y.window.strides }, y.window.shape);
      this.set(y.window.block, this.expression("add", [ZERO, only], 0, 0, y.window));
      return true;
    }
    const from = this.argument(x.window, x.window.shape);
    if (from.kind !== "value") return false;
    const sum = new RowSum(from.value, n, this.isBackward);
    this.set(y.window.block, sum);
    return true;
  }

  /** Products of few terms are expressions; those of an expression with a vector are sums of its rows. */
  private addProduct(event: Extract<Event, { kind: "run" }>): boolean {
    const { y, a, b, bias, accumulate } = event.description as Record<"y" | "a" | "b", Mark> & {
      bias: Mark | undefined;
      accumulate: boolean;
    };
    const windows = [y, a, b, ...(bias === undefined ? [] : [bias])].map(({ window }) => window);
    if (accumulate || !this.isWhole(y.window) || windows.some(({ dtype }) => dtype !== "float32")) return false;
    const product =
      this.termsOf(a.window, b.window, y.window) ??
      this.rowSums(a.window, transposed(b.window), y.window) ??
      this.rowSums(transposed(b.window), a.window, y.window);
    if (product === undefined) return false;
    this.set(y.window.block, product);
    if (bias === undefined) return true;
    const { shape } = y.window;
    const sum = this.expression(
      "add",
      [y, bias].map(({ window }) => this.argument(window, shape)),
      0,
      0,
      y.window,
    );
    product.product = sum;
    this.set(y.window.block, sum);
    return true;
  }

  /** a · b, term by term: 0 + a₀b₀ + a₁b₁ …, if there are few of them and rows are long enough for vectors. */
  private termsOf(a: Window, b: Window, y: Window): Expression | undefined {
    const [terms, columns] = [a.shape.at(-1)!, y.shape.at(-1)!];
    if (terms < 1 || terms > FEW_TERMS || (columns > 1 && columns < MANY_COLUMNS)) return undefined;
    const parts: Expression[] = [];
    let sum: Argument = ZERO;
    for (let k = 0; k < terms; k++) {
      const factors = [part(a, -1, k), part(b, -2, k)].map((x) => this.argument(x, y.shape));
      const term = this.expression("mul", factors, 0, 0, y);
      const next = this.expression("add", [sum, { kind: "value", value: term }], 0, 0, y);
      parts.push(term, next);
      sum = { kind: "value", value: next };
    }
    const product = parts.pop()!;
    for (const one of parts) one.product = product;
    return product;
  }

  /** The products of rows with the only row of another matrix, if the rows are those of an expression. */
  private rowSums(rows: Window, vector: Window, y: Window): RowSum | undefined {
    const n = rows.shape.at(-1)!;
    if (vector.shape.at(-2) !== 1 || n < 2 || n > LONGEST_ROW) return undefined;
    const from = this.argument(rows, rows.shape);
    if (from.kind !== "value") return undefined;
    // Both have the axes of stacks that y has.
    const terms = this.expression("mul", [from, this.argument(vector, rows.shape)], 0, 0, { ...y, shape: rows.shape });
    const sum = new RowSum(terms, n, this.isBackward);
    terms.product = sum;
    return sum;
  }

  private addCommand(event: Event): void {
    const command: Command = {
      event,
      reads: new Map(),
      writes: new Map(),
      first: [],
      isBackward: this.isBackward,
      isLive: event.kind === "check",
    };
    const written: Window[] = [];
    for (const [window, isWritten] of this.operands(event)) {
      if (isWritten) written.push(window);
      else command.reads.set(window, this.window(window));
    }
    for (const { block } of written) this.overwrite(block, command);
    for (const window of written) command.writes.set(window, this.window(window));
    this.commands.push(command);
  }

  private copied(value: Expression): Expression {
    const { n, dtype } = value;
    return new Expression("copy", [{ kind: "value", value }], 0, 0, n, dtype, this.isBackward);
  }

  /** The operands of an event, and whether each is written. */
  private operands(event: Event): [Window, boolean][] {
    if (event.kind === "map" || event.kind === "copy" || event.kind === "fill") {
      const inputs = event.kind === "map" ? event.inputs : event.kind === "copy" ? [event.x] : [];
      return [
        ...inputs.filter((x) => typeof x !== "number").map((x): [Window, boolean] => [x, false]),
        [event.y, true],
      ];
    }
    const found: [Window, boolean][] = [];
    const names = event.kind === "run" ? writtenBy(event.op, event.description) : [];
    if (names === undefined)
      throw new Unsupported(`needs the op ${(event as { op: string }).op}, which cannot be recorded`);
    withMarks(event.kind === "run" ? event.description : event.check, (window, name) => {
      found.push([window, names.includes(name)]);
      return undefined;
    });
    return found;
  }

  private overwrite(block: Block, command: Command): void {
    if (this.origins.has(block)) throw new Unsupported("changes a tensor in place that was made elsewhere");
    let before = this.contents.get(block);
    if (before instanceof Stored && before.command === command) return;
    if (before !== undefined && before.isBackward !== this.isBackward)
      throw new Unsupported("changes a value of its forward in its gradient");
    // Expressions are computed wherever they are needed: what is changed is a copy.
    if (before instanceof Expression) before = this.copied(before);
    else if (before !== undefined) {
      before.isOverwritten = true;
      for (const reader of before.readers) command.first.push(productOf(reader));
    }
    const value = new Stored(block.bytes, command, before, this.isBackward);
    this.contents.set(block, value);
  }
}

const isFusable = (dtype: string): boolean => dtype === "float32" || dtype === "bool";

const ZERO: Argument = { kind: "number", value: 0 };

/** What somebody else may take: a term is taken by its product alone. */
function productOf(value: Expression | RowSum): Expression | RowSum {
  let found = value;
  while (found.product !== undefined) found = found.product;
  return found;
}

/** A matrix the other way around, or each of a stack. */
function transposed(x: Window): Window {
  const swap = (list: readonly number[]) => [...list.slice(0, -2), list.at(-1)!, list.at(-2)!];
  return { ...x, shape: swap(x.shape), strides: swap(x.strides) };
}

/** The part of a window at an index of an axis, which stays, with the size 1. */
function part(x: Window, axis: number, index: number): Window {
  const shape = x.shape.with(axis, 1);
  return { ...x, shape, offset: x.offset + index * x.strides.at(axis)! };
}
