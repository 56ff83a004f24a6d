/** What can be reached from what outlives a scope: tensors in values, and the graph behind tensors. */
import { isDeferred } from "../core/arguments";

/** A tensor as far as scopes are concerned. */
export interface Temporary {
  readonly storage: {
    /** Called when no scope holds on to the tensor any more, though it lives. */
    watch(): void;
  };
  /** Scopes let it live. */
  isKept: boolean;
  /** Users may hold this gradient or buffer outside of scopes. */
  isShared: boolean;
  readonly node: object | null;
  readonly origin: { readonly base: Temporary } | null;
  readonly ownGrad: object | null;
  /** Forgets the gradient. */
  takeGrad(grad: null): void;
  dispose(): void;
}

/** A step of the graph that has saved something for backward. */
export interface Recorded {
  /** A step leads only to steps of lower numbers, and to leaves. */
  readonly sequence: number;
  readonly edges: readonly ({ readonly node: unknown } | null)[];
  /** Whether nothing saved is left. */
  readonly isReleased: boolean;
  /** Values in which tensors may occur that backward uses. */
  readonly kept: readonly unknown[];
  release(): void;
  /** Lets the collector find what was saved. */
  watch(): void;
}

/** The keys of what scopes want to know of modules and optimizers; symbols, since users give these objects fields of any name. */
export const held: unique symbol = Symbol("held");
export const born: unique symbol = Symbol("born");

/** What users keep tensors in: a module, an optimizer. */
export interface Holder {
  /** How many scopes had been opened when it was made. */
  readonly [born]: number;
  /** The values that it keeps tensors in. */
  [held](): readonly unknown[];
}

const isHolder = (x: object): x is Holder => held in x;

const nothing: ReadonlySet<never> = new Set();

/** Collects what occurs in values: in arrays, maps, sets, fields, modules, alone. */
export class Reach {
  /** Made when they are needed: most scopes have a plain number for a result, or nothing. */
  private found: Set<Temporary> | undefined;
  private visited: Set<object> | undefined;
  /** Whether all that was found is data: no function or object of a class, in which more could hide. */
  isData = true;
  /** A promise or generator among the values, not in the fields of a module or object: something that goes on later. */
  deferred: object | undefined;
  private depth = 0;

  /**
   * @param most Containers of more items are passed over.
   * @param entersHolders Whether modules in the fields of others are looked through as well.
   */
  constructor(
    private readonly isTensor: (x: object) => boolean,
    private readonly most = Number.POSITIVE_INFINITY,
    private readonly entersHolders = true,
  ) {}

  get tensors(): ReadonlySet<Temporary> {
    return this.found ?? nothing;
  }

  addTensor(tensor: Temporary): void {
    this.found ??= new Set();
    this.found.add(tensor);
  }

  /** Forgets the tensors that were found. */
  clear(): void {
    this.found = undefined;
  }

  hasSeen(value: object): boolean {
    return this.visited?.has(value) ?? false;
  }

  private see(value: object): void {
    this.visited ??= new Set();
    this.visited.add(value);
  }

  add(value: unknown): void {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || this.hasSeen(value)) return;
    this.see(value);
    if (this.isTensor(value)) this.addTensor(value as Temporary);
    else if (isHolder(value)) {
      this.isData = false;
      if (this.entersHolders) this.addHolder(value);
    } else if (Array.isArray(value)) this.addAll(value, value.length);
    else if (typeof value === "function") this.isData = false;
    else if (!ArrayBuffer.isView(value)) this.addObject(value);
  }

  addHolder(holder: Holder): void {
    this.see(holder);
    this.isData = false;
    this.depth++;
    for (const value of holder[held]()) this.add(value);
    this.depth--;
  }

  private addAll(values: Iterable<unknown>, count: number): void {
    if (count <= this.most) for (const value of values) this.add(value);
  }

  private addObject(value: object): void {
    if (value instanceof Map) {
      this.addAll(value.keys(), value.size);
      this.addAll(value.values(), value.size);
    } else if (value instanceof Set) this.addAll(value, value.size);
    else this.addFields(value);
  }

  private addFields(value: object): void {
    const prototype = Object.getPrototypeOf(value);
    const isPlain = prototype === Object.prototype || prototype === null;
    if (!isPlain) {
      this.isData = false;
      if (isDeferred(value)) {
        if (this.depth === 0) this.deferred = value;
        return;
      }
      if (this.most !== Number.POSITIVE_INFINITY) return;
    }
    if (!isPlain) this.depth++;
    const fields = Object.values(value);
    this.addAll(fields, fields.length);
    if (!isPlain) this.depth--;
  }
}

/** The steps from `first` on that backward reaches from `roots`; the tensors that it needs on the way are added to `found`. */
export function stepsBehind(roots: Iterable<Temporary>, first: number, found: Reach): Set<unknown> {
  const reached = new Set<unknown>();
  const stack: Recorded[] = [];
  const visit = (step: unknown): void => {
    if (step === null || step === undefined || (step as Recorded).sequence < first || reached.has(step)) return;
    reached.add(step);
    stack.push(step as Recorded);
  };
  const enter = (tensor: Temporary): void => {
    visit(tensor.node);
    visit(tensor.origin?.base.node);
  };
  for (const tensor of roots) enter(tensor);
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    for (const edge of step.edges) visit(edge?.node);
    if (step.kept.length === 0) continue;
    const before = found.tensors.size;
    for (const value of step.kept) found.add(value);
    if (found.tensors.size > before) for (const tensor of [...found.tensors].slice(before)) enter(tensor);
  }
  return reached;
}
