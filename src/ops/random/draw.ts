/** How random numbers get into a tensor's memory, in PyTorch's order. */

import { record } from "../../autograd/node";
import { unsupported } from "../../backend/dispatch";
import type { DrawKind } from "../../backend/ops";
import { checkNumbers } from "../../core/arguments";
import { checkDType, type DType, isFloat, legacyName, sizeOf } from "../../core/dtype";
import { ArgumentError, DTypeError, describe, ValueError } from "../../core/errors";
import { defaultGenerator, Generator } from "../../core/generator";
import type { FillableArray, FloatArray } from "../../core/random";
import * as random from "../../core/random";
import type { Named, Typed } from "../../core/signatureTypes";
import { allocate, filled } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { cast, nodeName } from "../builders/define";
import { inplace } from "../builders/inplace";

/** Options of everything random. */
export interface RandomOptions {
  /** Where the numbers come from. Default: the generator that `manualSeed` seeds. */
  generator?: Generator;
}

/** The generator that the options name. */
export function generatorOf(op: string, options: RandomOptions): Generator {
  const { generator = defaultGenerator } = options;
  if (!(generator instanceof Generator))
    throw new ArgumentError(`${op}: generator must be a Generator, got ${describe(generator)}`);
  return generator;
}

/**
 * The numbers among the options of something random, and its generator.
 * @param defaults What is taken where none is given.
 */
export function numbersOf<K extends string>(
  op: string,
  options: RandomOptions & Partial<Record<K, number>>,
  defaults: Readonly<Record<K, number>>,
): Record<K, number> & { generator: Generator } {
  const { generator = defaultGenerator, ...numbers } = options;
  return { ...checkNumbers(op, numbers as unknown as Partial<Record<K, number>>, defaults), generator };
}

/** @throws DTypeError unless `dtype` is floating point. */
export function checkFloat(op: string, dtype: DType): void {
  if (!isFloat(checkDType(op, dtype)))
    throw new DTypeError(`${op}: not implemented for '${legacyName(dtype)}': takes floating-point tensors`);
}

/** @throws ValueError with PyTorch's words unless `holds`. */
export function check(holds: boolean, message: string): void {
  if (!holds) throw new ValueError(message);
}

/** What a device draws by itself: its kind and numbers, and tensors of the shape of the result. */
export interface DeviceDraw {
  readonly kind: DrawKind;
  readonly generator: Generator;
  readonly p?: number;
  readonly q?: number;
  readonly given?: readonly Tensor[];
}

/**
 * Writes into a range of memory; `inOrder` says whether the tensor is contiguous. `owner` is the tensor whose memory it is, if any.
 * `onDevice` says what a device draws whose memory is not at hand.
 */
export interface Draw {
  (out: FillableArray, inOrder: boolean, owner?: Tensor): void;
  readonly onDevice?: DeviceDraw;
}

/** A draw that devices can do by themselves, too. */
export const drawing = (
  kind: DrawKind,
  generator: Generator,
  [p, q]: readonly [p?: number, q?: number],
  draw: (out: FillableArray, inOrder: boolean, owner?: Tensor) => void,
): Draw => Object.assign(draw, { onDevice: { kind, generator, p: p ?? 0, q: q ?? 0 } });

/** The Box–Muller transform by the device, where the numbers lie. */
const boxMullerOn = (x: Tensor, all: FillableArray): random.BoxMuller => {
  const { storage, dtype } = x;
  return (data, mean, std) => {
    const offset = x.offset + (data.byteOffset - all.byteOffset) / data.BYTES_PER_ELEMENT;
    const part = { storage, dtype, offset, shape: [data.length], strides: [1] };
    storage.backend.run("boxMuller", { x: part, mean, std });
    // Who draws goes on in this memory.
    storage.backend.threads?.finish();
  };
};

/** Draws normal numbers. */
export const drawNormal = (mean: number, std: number, generator: Generator): Draw =>
  drawing("normal", generator, [mean, std], (out, inOrder, owner) => {
    const values = out as FloatArray;
    if (!inOrder) random.normalEach(values, mean, std, generator);
    else if (owner?.dtype === "float32") random.normal(values, mean, std, generator, boxMullerOn(owner, out));
    else random.normal(values, mean, std, generator);
  });

/** Draws whole numbers in [from, to). */
export function drawIntegers(dtype: DType, from: number | bigint, to: number | bigint, generator: Generator): Draw {
  const [low, high] = random.boundsOf(dtype, from, to);
  return drawing("integers", generator, [Number(low), Number(high - low)], (out) =>
    random.randomFromTo(out, dtype, from, to, generator),
  );
}

/** Two words of the generator, from which all numbers of a draw on a device follow. */
const keyOf = (generator: Generator): [number, number] => [generator.random(), generator.random()];

/** Lets the device of `x` draw. */
function drawOn(x: Tensor, { kind, generator, p = 0, q = 0, given = [] }: DeviceDraw): void {
  const { backend } = x.storage;
  const y = x.isContiguous() ? x : allocate(x.shape, x.dtype, x);
  const dense = given.map((tensor) => cast(tensor.detach().expand(x.shape), "float32").contiguous());
  backend.run("draw", { kind, y, p, q, given: dense, key: keyOf(generator) });
  if (y === x) return;
  backend.copy(x, y);
  y.dispose();
}

/**
 * Fills `x` with what `draw` writes. Elements are drawn in the order in which they lie in memory, which PyTorch's iterator also follows,
 * so that the stream lands on the same elements when `x` is transposed. A device whose memory is not at hand draws by itself.
 */
export function sampleInto(x: Tensor, draw: Draw): void {
  const { backend, block } = x.storage;
  if (!backend.readsAtOnce) {
    if (draw.onDevice === undefined) throw unsupported("draw", x.dtype, backend.device);
    drawOn(x, draw.onDevice);
    return;
  }
  const isHalf = isFloat(x.dtype) && sizeOf(x.dtype) === 2;
  if (x.isContiguous() && !isHalf) {
    fillMemory(x, draw, true);
    return;
  }
  const order = x.shape.map((_, i) => i).sort((a, b) => x.strides[b]! - x.strides[a]!);
  const pick = (list: readonly number[]) => order.map((axis) => list[axis]!);
  const dense = allocate(pick(x.shape), isHalf ? "float32" : x.dtype, x);
  fillMemory(dense, draw, x.isContiguous());
  backend.copy(
    { storage: { block }, dtype: x.dtype, shape: dense.shape, strides: pick(x.strides), offset: x.offset },
    dense,
  );
  dense.dispose();
}

function fillMemory(x: Tensor, draw: Draw, inOrder: boolean): void {
  const { backend, block } = x.storage;
  draw(backend.view(block, x.dtype, x.offset, x.numel()) as FillableArray, inOrder, x);
}

/**
 * An in-place op that overwrites a tensor with random numbers; its gradient is zero.
 * @param prepare Checks the arguments and gives what fills the memory.
 */
export function sampler<const S extends string, A extends unknown[]>(
  name: string,
  signature: S,
  prepare: (x: Tensor, ...args: A) => Draw,
): Named<S, (x: Tensor, ...args: A) => Tensor> {
  const into = (out: Tensor, x: Tensor, ...args: A): void => sampleInto(out, prepare(x, ...args));
  const implementation = (x: Tensor, ...args: A): Tensor => {
    const y = allocate(x.shape, x.dtype, x);
    into(y, x, ...args);
    return record(nodeName(name.slice(0, -1)), y, [x], [], [(g) => filled(allocate(g.shape, g.dtype, g), 0)]);
  };
  return inplace(name, { signature, implementation, into } as Typed<S, typeof implementation> & { into: typeof into });
}
