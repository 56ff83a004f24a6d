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

/** The key of what scopes want to know of modules and optimizers; a symbol, since users give these objects fields of any name. */
export const held: unique symbol = Symbol("held");

/** What users keep tensors in: a module, an optimizer. */
export interface Holder {
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
  /** A promise or generator among the values, not in the fields of a module or object: something that goes on later. */
  deferred: object | undefined;
  private depth = 0;

  /**
   * @param most Of longer lists, maps and sets only as many items at the end are looked at; objects of classes are passed over.
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

  private hasSeen(value: object): boolean {
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
      if (this.entersHolders) this.addHolder(value);
    } else if (Array.isArray(value)) this.addAll(value);
    else if (typeof value === "object" && !ArrayBuffer.isView(value)) this.addObject(value);
  }

  addHolder(holder: Holder): void {
    this.see(holder);
    this.depth++;
    for (const value of holder[held]()) this.add(value);
    this.depth--;
  }

  private addAll(values: readonly unknown[]): void {
    for (let i = Math.max(0, values.length - this.most); i < values.length; i++) this.add(values[i]);
  }

  private addObject(value: object): void {
    if (value instanceof Map) {
      this.addAll([...value.keys()]);
      this.addAll([...value.values()]);
    } else if (value instanceof Set) this.addAll([...value]);
    else this.addFields(value);
  }

  private addFields(value: object): void {
    const prototype = Object.getPrototypeOf(value);
    const isPlain = prototype === Object.prototype || prototype === null;
    if (!isPlain) {
      if (isDeferred(value)) {
        if (this.depth === 0) this.deferred = value;
        return;
      }
      if (this.most !== Number.POSITIVE_INFINITY) return;
    }
    if (!isPlain) this.depth++;
    this.addAll(Object.values(value));
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
