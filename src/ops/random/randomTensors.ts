/** New random tensors, and the state of the random numbers. Every stream is PyTorch's. */

import { checkArray, checkFunction, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { type DType, getDefaultDtype } from "../../core/dtype";
import { ArgumentError, checkOptions } from "../../core/errors";
import { defaultGenerator } from "../../core/generator";
import type { FloatArray } from "../../core/random";
import * as random from "../../core/random";
import { broadcastShapes, checkSize } from "../../core/shape";
import { named, skipping } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
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
} from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import {
  check,
  checkFloat,
  type Draw,
  drawIntegers,
  drawing,
  drawNormal,
  generatorOf,
  type RandomOptions,
  sampleInto,
} from "./draw";
import { drawOrder } from "./indices";

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
  return drawn(op, shape, options, fallback, () =>
    drawing("uniform", generator, [0, 1], (out) => random.uniform(out as FloatArray, 0, 1, generator)),
  );
}

function standardNormal(op: string, shape: readonly number[], options: RandomCreateOptions, fallback: DType): Tensor {
  const generator = generatorOf(op, options);
  checkFloat(op, options.dtype ?? fallback);
  return drawn(op, shape, options, fallback, () => drawNormal(0, 1, generator));
}

/** Uniform numbers in [0, 1). @see torch.rand @example torch.rand(2, 3, { generator }) */
export const rand = named(
  "rand",
  "...size;; dtype, device, requiresGrad, generator",
  (...args: SizeArgs<RandomCreateOptions>): Tensor => {
    const [shape, options] = splitSize<RandomCreateOptions>("rand", args);
    return uniform("rand", shape, options, getDefaultDtype());
  },
);

/** Normal numbers of mean 0 and standard deviation 1. @see torch.randn @example torch.randn([64, 1, 28, 28]) */
export const randn = named(
  "randn",
  "...size;; dtype, device, requiresGrad, generator",
  (...args: SizeArgs<RandomCreateOptions>): Tensor => {
    const [shape, options] = splitSize<RandomCreateOptions>("randn", args);
    return standardNormal("randn", shape, options, getDefaultDtype());
  },
);

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

function checkBounds(op: string, low: unknown, high: unknown): void {
  checkInteger(op, "low", low);
  checkInteger(op, "high", high);
  check(
    (low as number) < (high as number),
    `random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`,
  );
}

/** The forms of {@link randint}. */
interface Randint {
  (high: number, size: readonly number[], options?: RandomCreateOptions): Tensor;
  (low: number, high: number, size: readonly number[], options?: RandomCreateOptions): Tensor;
  (low: number, high: number, options: { size: readonly number[] } & RandomCreateOptions): Tensor;
  (high: number, options: { size: readonly number[] } & RandomCreateOptions): Tensor;
  (options: { low?: number; high: number; size: readonly number[] } & RandomCreateOptions): Tensor;
}

/**
 * Integers in [0, high) or [low, high), int64 unless another dtype is named.
 * @see torch.randint
 * @example torch.randint(10, [3]); torch.randint(-5, 5, [2, 2]); torch.randint({ high: 10, size: [3] });
 */
export const randint = skipping(
  named(
    "randint",
    "low?, high?, size?;; dtype, device, requiresGrad, generator",
    (low = 0, high?: number, size?: readonly number[], options: RandomCreateOptions = {}): Tensor => {
      checkBounds("randint", low, high);
      checkArray("randint", "size", size, "integers");
      return integers("randint", checkSize("randint", [size!]), low, high!, options, "int64");
    },
  ) as unknown as Overloaded<Randint>,
  0,
  (given, names) => given.length <= 2 && typeof given[1] !== "number" && names?.high === undefined,
);

/** The forms of {@link randintLike}. */
interface RandintLike {
  (input: Tensor, high: number, options?: RandomCreateOptions): Tensor;
  (input: Tensor, low: number, high: number, options?: RandomCreateOptions): Tensor;
  (input: Tensor, options: { low?: number; high: number } & RandomCreateOptions): Tensor;
  (options: { input: Tensor; low?: number; high: number } & RandomCreateOptions): Tensor;
}

/** {@link randint} with the shape, dtype and device of `x`. @see torch.randint_like */
export const randintLike = skipping(
  named(
    "randintLike",
    "input, low?, high?;; dtype, device, requiresGrad, generator",
    (x: Tensor, low = 0, high?: number, options: RandomCreateOptions = {}): Tensor => {
      checkBounds("randintLike", low, high);
      const own = likeOptions("randintLike", checkTensor("randintLike", x), options);
      return integers("randintLike", x.shape, low, high!, own, x.dtype);
    },
  ) as unknown as Overloaded<RandintLike>,
  1,
  (given, names) => given.length === 2 && names?.high === undefined,
);

function integers(
  op: string,
  shape: readonly number[],
  low: number,
  high: number,
  options: RandomCreateOptions,
  fallback: DType,
): Tensor {
  const generator = generatorOf(op, options);
  return drawn(op, shape, options, fallback, (dtype) => drawIntegers(dtype, low, high, generator));
}

/** The integers 0 … n − 1 in random order, int64 unless another dtype is named. @see torch.randperm */
export const randperm = named(
  "randperm",
  "n;; dtype, device, requiresGrad, generator",
  (n: number, options: RandomCreateOptions = {}): Tensor => {
    checkInteger("randperm", "n", n, 0, MAX_COUNT);
    const x = allocateFor("randperm", [n], options, "int64");
    checkRange("randperm", n, x.dtype);
    const generator = generatorOf("randperm", options);
    if (x.storage.backend.readsAtOnce) writeValues(x, random.randperm(n, generator));
    else drawOrder(x, generator);
    return finish(x, options);
  },
);

/** The forms of {@link normal}. */
interface Normal {
  (mean: Tensor, std?: Tensor | number, options?: RandomOptions): Tensor;
  (mean: number, std: Tensor, options?: RandomOptions): Tensor;
  (mean: number, std: number, size: readonly number[], options?: RandomCreateOptions): Tensor;
  (mean: Tensor | number, options: { std: Tensor | number; size?: readonly number[] } & RandomCreateOptions): Tensor;
  (mean: number, std: number, options: { size: readonly number[] } & RandomCreateOptions): Tensor;
  (options: { mean: Tensor | number; std?: Tensor | number; size?: readonly number[] } & RandomCreateOptions): Tensor;
}

/**
 * Normal numbers whose mean and standard deviation are tensors (which broadcast) or numbers; two numbers need a size.
 * @see torch.normal
 * @example torch.normal(torch.arange(1, 11).float(), 0.5); torch.normal(2, 3, [1, 4]);
 */
export const normal = named(
  "normal",
  "mean, std?, size?;; dtype, device, requiresGrad, generator",
  (
    location: Tensor | number,
    scale: Tensor | number = 1,
    size?: readonly number[],
    options: RandomCreateOptions = {},
  ): Tensor => {
    const mean = location instanceof Tensor ? location : checkNumber("normal", "mean", location);
    const std = scale instanceof Tensor ? scale : checkNumber("normal", "std", scale);
    const like = mean instanceof Tensor ? mean : std instanceof Tensor ? std : undefined;
    if (typeof std === "number") check(std >= 0, `normal expects std >= 0.0, but found std ${std}`);
    if (like === undefined) {
      if (size === undefined) throw new ArgumentError("normal: a size is needed when mean and std are numbers");
      checkArray("normal", "size", size, "integers");
      return standardNormal("normal", checkSize("normal", [size]), options, getDefaultDtype())
        .mul(std)
        .add(mean);
    }
    if (size !== undefined) throw new ArgumentError("normal: takes a size only when mean and std are numbers");
    checkOptions("normal", options, ["generator"]);
    const shapes = [mean, std].map((p) => (p instanceof Tensor ? p.shape : []));
    const noise = standardNormal(
      "normal",
      broadcastShapes("normal", ...shapes),
      { ...options, device: like.device },
      like.dtype,
    );
    return noise.mul(std).add(mean);
  },
) as unknown as Overloaded<Normal>;

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
export const forkRng = named("forkRng", "body()", (body: () => unknown): unknown => {
  checkFunction("forkRng", "body", body);
  const fork = { state: defaultGenerator.getState() };
  forks.push(fork);
  let result: unknown;
  try {
    result = body();
  } catch (error) {
    join(fork);
    throw error;
  }
  if (result instanceof Promise) return result.finally(() => join(fork));
  join(fork);
  return result;
}) as unknown as Overloaded<<R>(body: () => R) => R>;
