/** `vmap`: a function of one example made into a function of a batch. */

import { checkFunction } from "../core/arguments";
import { ArgumentError, describe, ValueError } from "../core/errors";
import { defaultGenerator } from "../core/generator";
import { overloaded } from "../core/signature";
import { stack } from "../ops/shape/join";
import { isTensor, type Tensor } from "../tensor/tensor";
import { type Flat, flatten, structureText } from "./tree";

/** Axes by argument or output: one number for all, or numbers in the structure of the value. Null: the same for every example. */
export type Dims = number | null | readonly Dims[] | { readonly [key: string]: Dims };

/** Options of {@link vmap}. */
export interface VmapOptions {
  /** The batch axis of the inputs: one for all, or an array with one per argument; null for arguments that all examples share. Default: 0. */
  inDims?: Dims;
  /** Where the batch axis goes in the outputs. Default: 0. */
  outDims?: Exclude<Dims, null>;
  /**
   * Whether random numbers are an error (the default), "different" for every example, or the "same" for all.
   */
  randomness?: "error" | "different" | "same";
  /** Has no effect: one example is computed at a time in any case. PyTorch bounds its memory with it. */
  chunkSize?: number | null;
}

/**
 * A function that maps `func` over an axis of its arguments, and stacks the results. Arguments and results may be nested arrays and objects of
 * tensors.
 *
 * The examples are computed one after the other, on views of the arguments. So every operation is allowed, values may decide what is computed,
 * derivatives nest in any order, and in-place changes of an example change the argument. It saves writing the loop; it does not save its time: where an
 * operation takes batches itself, use that.
 *
 * @throws ValueError if the batch sizes differ, or if random numbers are drawn that were not allowed.
 * @see torch.func.vmap
 * @example torch.vmap((a, b) => a.dot(b))(torch.rand(5, 3), torch.rand(5, 3)); // [5]
 */
export const vmap = overloaded(
  "vmap",
  "func(); inDims, outDims, randomness; chunkSize",
  <A extends unknown[], R>(func: (...args: A) => R, options: VmapOptions = {}): ((...args: A) => R) => {
    checkFunction("vmap", "func", func);
    const { inDims = 0, outDims = 0, randomness = "error" } = options;
    if (!["error", "different", "same"].includes(randomness))
      throw new ValueError(
        `Only allowed values for randomness are 'error', 'different', or 'same'. Got ${describe(randomness)}`,
      );
    return (...args) => {
      const batched = batchOf(args, inDims);
      const runs = withRandomness(randomness, batched.size, (i) => flatten(func(...(batched.example(i) as A))));
      return join(runs, outDims) as R;
    };
  },
);

interface Batch {
  readonly size: number;
  example(index: number): unknown[];
}

/** @throws ValueError if no argument is mapped, or if the sizes differ. */
function batchOf(args: readonly unknown[], inDims: Dims): Batch {
  if (args.length === 0) throw new ValueError("vmap: got no inputs; a function without inputs cannot be mapped");
  const flat = flatten(args);
  const dims = broadcast("inDims", inDims, args);
  const axes = flat.leaves.map((x, i) => checkAxis(x, dims[i]!));
  const sizes = flat.leaves.flatMap((x, i) => (axes[i] === null ? [] : [(x as Tensor).shape[axes[i]!]!]));
  if (sizes.length === 0) throw new ValueError("vmap: Expected at least one Tensor to vmap over");
  if (sizes.some((size) => size !== sizes[0]))
    throw new ValueError(
      `vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [${sizes.join(", ")}] for the mapped dimension`,
    );
  if (sizes[0] === 0)
    throw new ValueError("vmap: the mapped dimension has size 0, so that the shape of the result is not known");
  const example = (index: number) =>
    flat.rebuild(flat.leaves.map((x, i) => (axes[i] === null ? x : (x as Tensor).select(axes[i]!, index))));
  return { size: sizes[0]!, example };
}

function checkAxis(x: unknown, dim: number | null): number | null {
  if (dim === null) return null;
  if (!isTensor(x))
    throw new ValueError(
      `vmap: Got inDim ${dim} for an input but the input is ${describe(x)}. We cannot vmap over non-Tensor arguments, please use null as the respective inDim`,
    );
  if (dim < -x.ndim || dim >= x.ndim)
    throw new ValueError(
      `vmap: Got inDim ${dim} for some input, but that input is a Tensor of dimensionality ${x.ndim} so expected inDim to satisfy -${x.ndim} <= inDim < ${x.ndim}.`,
    );
  return dim < 0 ? dim + x.ndim : dim;
}

/** The axis of every leaf of `value`: a number for a branch counts for all of its leaves. */
function broadcast(what: string, dims: Dims, value: unknown): (number | null)[] {
  if (dims === null || Number.isInteger(dims)) return flatten(value).leaves.map(() => dims as number | null);
  const keys = typeof value === "object" && value !== null && !isTensor(value) ? Object.keys(value) : [];
  if (typeof dims !== "object" || keys.length === 0 || Object.keys(dims).join() !== keys.join())
    throw new ValueError(
      `vmap: ${what} must be an integer, null, or have the structure ${structureText(value)}, got ${describe(dims)}`,
    );
  const part = (of: object, key: string): any => (of as Record<string, unknown>)[key];
  return keys.flatMap((key) => broadcast(what, part(dims, key), part(value as object, key)));
}

/** Runs all examples, with the random numbers that were asked for. */
function withRandomness<R>(randomness: string, size: number, run: (index: number) => R): R[] {
  const start = randomness === "different" ? undefined : defaultGenerator.getState();
  return Array.from({ length: size }, (_, i) => {
    if (randomness === "same" && i > 0) defaultGenerator.setState(start!);
    const result = run(i);
    if (i === 0 && randomness === "error" && !sameBytes(defaultGenerator.getState(), start!))
      throw new ValueError(
        "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on vmap or perform the randomness operation out of vmap",
      );
    return result;
  });
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);

/** Stacks the results of all examples, leaf by leaf. */
function join(runs: readonly Flat<unknown>[], outDims: Dims): unknown {
  const [first] = runs;
  const dims = broadcast("outDims", outDims, first!.rebuild(first!.leaves));
  const stacked = first!.leaves.map((_, k) => {
    const parts = runs.map((run) => {
      const x = run.leaves[k];
      if (!isTensor(x)) throw new ArgumentError(`vmap: the function must only return Tensors, got ${describe(x)}`);
      return x;
    });
    return stack(parts, dims[k] ?? 0);
  });
  return first!.rebuild(stacked);
}
