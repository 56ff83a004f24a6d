/** New random tensors, and the state of the random numbers. Every stream is PyTorch's. */

import { checkArray, checkFunction, checkInteger, checkNumber, MAX_COUNT } from "../core/arguments";
import { type DType, getDefaultDtype } from "../core/dtype";
import { ArgumentError, checkOptions } from "../core/errors";
import { defaultGenerator } from "../core/generator";
import type { FloatArray } from "../core/random";
import * as random from "../core/random";
import { broadcastShapes, checkSize } from "../core/shape";
import { named } from "../core/signature";
import {
  allocateFor,
  type CreateOptions,
  checkRange,
  createOptions,
  finish,
  type SizeArgs,
  splitSize,
  tensor,
  writeValues,
} from "../tensor/create";
import { Tensor } from "../tensor/tensor";
import { checkTensor } from "./checks";
import { check, checkFloat, type Draw, drawNormal, generatorOf, type RandomOptions, sampleInto } from "./sample";

/** Options of random tensors. */
export interface RandomCreateOptions extends CreateOptions, RandomOptions {}

const known = [...createOptions, "generator"];

/** A new tensor filled by `draw`. */
function drawn(
  op: string,
  shape: readonly number[],
  options: RandomCreateOptions,
  fallback: DType,
  draw: (dtype: DType) => Draw,
): Tensor {
  const x = allocateFor(op, shape, options, fallback);
  sampleInto(x, draw(x.dtype));
  return finish(x, options);
}

function uniform(op: string, shape: readonly number[], options: RandomCreateOptions, fallback: DType): Tensor {
  const generator = generatorOf(op, options);
  checkFloat(op, options.dtype ?? fallback);
  return drawn(op, shape, options, fallback, () => (out) => random.uniform(out as FloatArray, 0, 1, generator));
}

function standardNormal(op: string, shape: readonly number[], options: RandomCreateOptions, fallback: DType): Tensor {
  const generator = generatorOf(op, options);
  checkFloat(op, options.dtype ?? fallback);
  return drawn(op, shape, options, fallback, () => drawNormal(0, 1, generator));
}

/** Uniform numbers in [0, 1). @see torch.rand @example torch.rand(2, 3, { generator }) */
export function rand(...args: SizeArgs<RandomCreateOptions>): Tensor {
  const [shape, options] = splitSize<RandomCreateOptions>("rand", args, known);
  return uniform("rand", shape, options, getDefaultDtype());
}

/** Normal numbers of mean 0 and standard deviation 1. @see torch.randn @example torch.randn([64, 1, 28, 28]) */
export function randn(...args: SizeArgs<RandomCreateOptions>): Tensor {
  const [shape, options] = splitSize<RandomCreateOptions>("randn", args, known);
  return standardNormal("randn", shape, options, getDefaultDtype());
}

/** {@link rand} with the shape, dtype and device of `x`. @see torch.rand_like */
export const randLike = named(
  "randLike",
  "input;; dtype, device, requiresGrad, generator",
  (x: Tensor, options: RandomCreateOptions = {}): Tensor => {
    return uniform("randLike", checkTensor("randLike", x).shape, likeOptions("randLike", x, options), x.dtype);
  },
);

/** {@link randn} with the shape, dtype and device of `x`. @see torch.randn_like */
export const randnLike = named(
  "randnLike",
  "input;; dtype, device, requiresGrad, generator",
  (x: Tensor, options: RandomCreateOptions = {}): Tensor => {
    return standardNormal(
      "randnLike",
      checkTensor("randnLike", x).shape,
      likeOptions("randnLike", x, options),
      x.dtype,
    );
  },
);

function likeOptions(op: string, x: Tensor, options: RandomCreateOptions): RandomCreateOptions {
  checkOptions(op, options, known);
  return { device: x.device, ...options };
}

/** An upper bound, or both bounds, then what follows them. */
type Bounds<Rest extends unknown[]> = [high: number, ...rest: Rest] | [low: number, high: number, ...rest: Rest];

/** Splits leading bounds from the rest of the arguments. */
function splitBounds(op: string, args: readonly unknown[]): { low: number; high: number; rest: readonly unknown[] } {
  const [first, second] = args;
  const both = typeof second === "number" || typeof second === "bigint";
  const [low, high] = [both ? checkInteger(op, "low", first) : 0, checkInteger(op, "high", both ? second : first)];
  check(low < high, `random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
  return { low, high, rest: args.slice(both ? 2 : 1) };
}

/**
 * Integers in [0, high) or [low, high), int64 unless another dtype is named.
 * @see torch.randint
 * @example torch.randint(10, [3]); torch.randint(-5, 5, [2, 2]);
 */
export function randint(...args: Bounds<[size: readonly number[], options?: RandomCreateOptions]>): Tensor {
  const { low, high, rest } = splitBounds("randint", args);
  const [size, options = {}] = rest as [readonly number[], RandomCreateOptions?];
  checkArray("randint", "size", size, "integers");
  checkOptions("randint", options, known);
  return integers("randint", checkSize("randint", [size]), low, high, options, "int64");
}

/** {@link randint} with the shape, dtype and device of `x`. @see torch.randint_like */
export function randintLike(x: Tensor, ...args: Bounds<[options?: RandomCreateOptions]>): Tensor {
  const { low, high, rest } = splitBounds("randintLike", args);
  const options = likeOptions("randintLike", checkTensor("randintLike", x), (rest[0] as RandomCreateOptions) ?? {});
  return integers("randintLike", x.shape, low, high, options, x.dtype);
}

function integers(
  op: string,
  shape: readonly number[],
  low: number,
  high: number,
  options: RandomCreateOptions,
  fallback: DType,
): Tensor {
  const generator = generatorOf(op, options);
  return drawn(op, shape, options, fallback, (dtype) => (out) => random.randomFromTo(out, dtype, low, high, generator));
}

/** The integers 0 … n − 1 in random order, int64 unless another dtype is named. @see torch.randperm */
export const randperm = named(
  "randperm",
  "n;; dtype, device, requiresGrad, generator",
  (n: number, options: RandomCreateOptions = {}): Tensor => {
    checkInteger("randperm", "n", n, 0, MAX_COUNT);
    const x = allocateFor("randperm", [n], options, "int64");
    checkRange("randperm", n, x.dtype);
    writeValues(x, random.randperm(n, generatorOf("randperm", options)));
    return finish(x, options);
  },
);

/**
 * Normal numbers whose mean and standard deviation are tensors (which broadcast) or numbers; two numbers need a size.
 * @see torch.normal
 * @example torch.normal(torch.arange(1, 11).float(), 0.5); torch.normal(2, 3, [1, 4]);
 */
export function normal(
  location: Tensor | number,
  scale: Tensor | number,
  ...rest: [options?: RandomOptions] | [size: readonly number[], options?: RandomCreateOptions]
): Tensor {
  const size = Array.isArray(rest[0]) ? (rest[0] as readonly number[]) : undefined;
  const options = ((size === undefined ? rest[0] : rest[1]) ?? {}) as RandomCreateOptions;
  checkOptions("normal", options, size === undefined ? ["generator"] : known);
  const mean = location instanceof Tensor ? location : checkNumber("normal", "mean", location);
  const std = scale instanceof Tensor ? scale : checkNumber("normal", "std", scale);
  const like = mean instanceof Tensor ? mean : std instanceof Tensor ? std : undefined;
  if (typeof std === "number") check(std >= 0, `normal expects std >= 0.0, but found std ${std}`);
  if (like === undefined) {
    if (size === undefined) throw new ArgumentError("normal: a size is needed when mean and std are numbers");
    return standardNormal("normal", checkSize("normal", [size]), options, getDefaultDtype())
      .mul(std)
      .add(mean);
  }
  const shapes = [mean, std].map((p) => (p instanceof Tensor ? p.shape : []));
  const noise = standardNormal(
    "normal",
    broadcastShapes("normal", ...shapes),
    { ...options, device: like.device },
    like.dtype,
  );
  return noise.mul(std).add(mean);
}

/** Seeds the random numbers of every operation that is given no generator of its own. @see torch.manual_seed */
export const manualSeed = named("manualSeed", "seed", (seed: number | bigint) => defaultGenerator.manualSeed(seed));

/** Seeds them from the system's source of randomness, and returns the seed. @see torch.seed */
export const seed = named("seed", "", (): number => defaultGenerator.seed());

/** The last seed. @see torch.initial_seed */
export const initialSeed = named("initialSeed", "", (): number | bigint => defaultGenerator.initialSeed());

/** The state of the random numbers, as a tensor of bytes that PyTorch reads too. @see torch.get_rng_state */
export const getRngState = named("getRngState", "", (): Tensor => tensor(defaultGenerator.getState()));

/** Goes back to a state from {@link getRngState}, or from PyTorch. @see torch.set_rng_state @throws FormatError for bytes that are none. */
export const setRngState = named("setRngState", "newState", (state: Tensor | Uint8Array): void => {
  const bytes = state instanceof Tensor ? state.toTypedArray() : state;
  if (!(bytes instanceof Uint8Array)) throw new ArgumentError("setRngState: expected a tensor of dtype uint8");
  defaultGenerator.setState(bytes);
});

/** Where the forks under way, the latest last, are to go back to. */
const forks: { state: Uint8Array }[] = [];

/**
 * Goes back to before a fork. If later ones are under way still, which async bodies may be, the next of them will, since it started from random
 * numbers of this one.
 */
function join(fork: { state: Uint8Array }): void {
  const place = forks.indexOf(fork);
  const later = forks[place + 1];
  if (later === undefined) defaultGenerator.setState(fork.state);
  else later.state = fork.state;
  forks.splice(place, 1);
}

/**
 * Runs `body` and puts the random numbers back to where they were, after an async body when it settles.
 * @see torch.random.fork_rng
 */
export function forkRng<R>(body: () => R): R {
  checkFunction("forkRng", "body", body);
  const fork = { state: defaultGenerator.getState() };
  forks.push(fork);
  let result: R;
  try {
    result = body();
  } catch (error) {
    join(fork);
    throw error;
  }
  if (result instanceof Promise) return result.finally(() => join(fork)) as R;
  join(fork);
  return result;
}
