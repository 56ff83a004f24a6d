/** Checkpoints: activations that are computed again in backward instead of being kept. */

import { checkFunction, checkInteger, checkIterable, checkSettled } from "../core/arguments";
import { ArgumentError, AutogradError, checkOptions } from "../core/errors";
import { defaultGenerator } from "../core/generator";
import { shapeText } from "../core/shape";
import { named } from "../core/signature";
import { Tensor } from "../tensor/tensor";
import { enableGrad, isGradEnabled } from "./mode";
import { keep } from "./node";
import { type Saved, savingHooks } from "./savedTensor";

/** Options of {@link checkpoint} and {@link checkpointSequential}. */
export interface CheckpointOptions {
  /** Draw the same random numbers when computing again, as dropout needs. Default: true. */
  preserveRngState?: boolean;
  /** "default" compares the shapes and dtypes of what is computed again with the first time; "none" does not. */
  determinismCheck?: "default" | "none";
  /** Stop computing again as soon as everything that backward needs is there. Default: true. */
  earlyStop?: boolean;
  /** Only the variant that is not reentrant exists, which PyTorch recommends; so false, which is the default. */
  useReentrant?: false;
}

const known = ["preserveRngState", "determinismCheck", "earlyStop", "useReentrant"] as const;

/**
 * `fn(...args)`, without keeping its intermediate results: backward calls `fn` again when it needs them. Trades time for memory.
 *
 * @param args The arguments of `fn`; after them, an object of {@link CheckpointOptions} may follow.
 * @throws AutogradError in backward, if the second run saves other tensors than the first.
 * @see torch.utils.checkpoint.checkpoint
 * @example const y = torch.utils.checkpoint.checkpoint(block, x);
 */
export function checkpoint<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R;
export function checkpoint<A extends unknown[], R>(
  fn: (...args: A) => R,
  ...args: [...args: A, options: CheckpointOptions]
): R;
export function checkpoint<R>(fn: (...args: unknown[]) => R, ...args: unknown[]): R {
  checkFunction("checkpoint", "fn", fn);
  const [given, options] = splitOptions("checkpoint", args);
  return isGradEnabled() ? new Recomputation(fn, given, options).run(given) : fn(...given);
}

/**
 * Calls functions (or the modules of a `Sequential`) one after the other, in `segments` groups of which all but the last are checkpoints.
 * @throws ValueError unless `segments` is an integer from 1 to the number of functions.
 * @see torch.utils.checkpoint.checkpoint_sequential
 * @example const y = torch.utils.checkpoint.checkpointSequential(model, 4, x);
 */
export const checkpointSequential = named(
  "checkpointSequential",
  "functions(), segments, input;; preserveRngState, determinismCheck, earlyStop, useReentrant",
  (functions: Iterable<(x: any) => any>, segments: number, input: unknown, options: CheckpointOptions = {}): any => {
    checkCheckpointOptions("checkpointSequential", options);
    const list = checkIterable("checkpointSequential", "functions", functions, "functions") as ((x: any) => any)[];
    for (const [i, f] of list.entries()) checkFunction("checkpointSequential", `functions[${i}]`, f);
    checkInteger("checkpointSequential", "segments", segments, 1, list.length);
    const size = Math.floor(list.length / segments);
    const last = size * (segments - 1);
    const chain = (part: readonly ((x: any) => any)[]) => (x: any) => part.reduce((value, f) => f(value), x);
    let x = input;
    for (let start = 0; start < last; start += size) x = checkpoint(chain(list.slice(start, start + size)), x, options);
    return chain(list.slice(last))(x);
  },
);

/** Splits the options off the arguments. Only an object that has a field of their name is taken for them. */
function splitOptions(op: string, args: readonly unknown[]): [unknown[], CheckpointOptions] {
  const last = args.at(-1);
  const isPlain = typeof last === "object" && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  if (!isPlain || !known.some((name) => name in last)) return [[...args], {}];
  checkCheckpointOptions(op, last);
  return [args.slice(0, -1), last];
}

function checkCheckpointOptions(op: string, options: CheckpointOptions): void {
  checkOptions(op, options, known);
  if (options.useReentrant)
    throw new ArgumentError(`${op}: useReentrant: true is not available; the default gives the same gradients`);
}

/** What stands in the graph for a saved tensor: its number, and what it must be like the second time. */
interface Holder {
  readonly index: number;
  readonly like: string;
}

const likeness = (x: Tensor): string => `${x.dtype} ${shapeText(x.shape)}`;

/** Thrown through the user's function when all that was wanted is there. */
class Enough extends Error {}

/** A call that can be made again. */
class Recomputation<R> {
  private readonly args: readonly unknown[];
  private readonly inputs: readonly (Saved | undefined)[];
  private readonly rngState: Uint8Array | undefined;
  private count = 0;
  /** Holders that the graph still has. */
  private held = 0;
  /** Results of the second run that backward has not asked for yet. */
  private readonly again = new Map<number, Tensor>();

  constructor(
    private readonly fn: (...args: unknown[]) => R,
    args: readonly unknown[],
    private readonly options: CheckpointOptions,
  ) {
    this.args = args.map((x) => (x instanceof Tensor ? undefined : x));
    this.inputs = args.map((x) => (x instanceof Tensor ? keep(x) : undefined));
    for (const input of this.inputs) input?.watch();
    this.rngState = (options.preserveRngState ?? true) ? defaultGenerator.getState() : undefined;
  }

  /** The first run. The arguments are not kept here, so that the saved inputs alone decide how long they live. */
  run(args: readonly unknown[]): R {
    const pack = (x: Tensor): Holder => {
      this.held++;
      return { index: this.count++, like: likeness(x) };
    };
    const unpack = (holder: Holder): Tensor => this.take(holder);
    const release = (holder: Holder): void => this.drop(holder);
    const result = savingHooks.hold({ pack, unpack, release }, () => this.fn(...args));
    checkSettled("checkpoint", result);
    if (this.held === 0) this.releaseInputs();
    return result;
  }

  /** Each result is given out once; asked for a second time, as by a second backward, everything is computed anew. */
  private take({ index, like }: Holder): Tensor {
    if (!this.again.has(index)) this.recompute();
    const x = this.again.get(index);
    this.again.delete(index);
    if (x === undefined)
      throw new AutogradError(
        `checkpoint: A different number of tensors was saved during the original forward and recomputation. Number of tensors saved during forward: ${this.count}; the recomputation did not save number ${index}`,
      );
    if (this.options.determinismCheck !== "none" && likeness(x) !== like)
      throw new AutogradError(
        `checkpoint: Recomputed values for the following tensors have different metadata than during the forward pass. Tensor at position ${index}: saved ${like}, recomputed ${likeness(x)}`,
      );
    x.isKept = false;
    return x;
  }

  private drop({ index }: Holder): void {
    this.again.get(index)?.dispose();
    this.again.delete(index);
    if (--this.held === 0) this.releaseInputs();
  }

  private releaseInputs(): void {
    for (const input of this.inputs) input?.release();
  }

  private recompute(): void {
    const args = this.args.map((x, i) => this.inputs[i]?.unpack("checkpoint") ?? x);
    let position = 0;
    const pack = (x: Tensor): Tensor => {
      x.isKept = true;
      this.again.set(position++, x);
      if (position === this.count && (this.options.earlyStop ?? true)) throw new Enough();
      return x;
    };
    const unpack = (x: Tensor): Tensor => x;
    this.withRngState(() => {
      try {
        savingHooks.hold({ pack, unpack }, () => enableGrad(() => this.fn(...args)));
      } catch (error) {
        if (!(error instanceof Enough)) throw error;
      }
    });
    if (position !== this.count)
      throw new AutogradError(
        `checkpoint: A different number of tensors was saved during the original forward and recomputation. Number of tensors saved during forward: ${this.count}; Number of tensors saved during recomputation: ${position}`,
      );
  }

  private withRngState(body: () => void): void {
    if (this.rngState === undefined) {
      body();
      return;
    }
    const now = defaultGenerator.getState();
    defaultGenerator.setState(this.rngState);
    try {
      body();
    } finally {
      defaultGenerator.setState(now);
    }
  }
}
