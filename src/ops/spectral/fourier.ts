/**
 * Discrete Fourier transforms whose results are real. There is no complex dtype: inside, a complex tensor is a pair of real ones. A transform is a
 * product with its matrix, or for sizes that have factors two smaller transforms (Cooley and Tukey, 1965), in differentiable ops.
 */

import { checkInteger, checkIntegers, checkNumber, MAX_COUNT } from "../../core/arguments";
import { type DType, getDefaultDtype, isFloat } from "../../core/dtype";
import { ArgumentError, checkOptions, describe, ShapeError, ValueError } from "../../core/errors";
import { wrapDim, wrapDims } from "../../core/shape";
import { named } from "../../core/signature";
import { tensor, vectorOf } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { matmul } from "../linalg/matmul";
import { cat, stack } from "../shape/join";

/** A complex tensor. */
export interface Complex {
  readonly re: Tensor;
  readonly im: Tensor;
}

/** Sizes up to this one are transformed by one product with a matrix. */
const DIRECT = 64;
/** From this size on a transform to an even number of real values is one of half as many complex ones. */
const PAIRED = 4096;
/** The most elements that a matrix of roots of unity may have. */
const MOST_ROOTS = 1 << 27;

/** The factor of n next below its square root, 1 if n is prime. */
function factorOf(n: number): number {
  for (let a = Math.floor(Math.sqrt(n)); a > 1; a--) if (n % a === 0) return a;
  return 1;
}

/** e^(sign · 2πi · j · k / n) for `begin` ≤ j < begin + rows and k < columns. */
function roots(rows: number, columns: number, n: number, sign: number, like: Tensor, begin = 0): Complex {
  if (rows * columns > MOST_ROOTS)
    throw new ValueError(
      `fft: a size with prime factors is transformed by matrices of its factors, which have at most ${MOST_ROOTS} elements; ${n} needs ${rows} × ${columns}. Pad the signal to a size with small factors`,
    );
  const re = new Float64Array(rows * columns);
  const im = new Float64Array(rows * columns);
  for (let j = 0; j < rows; j++)
    for (let k = 0; k < columns; k++) {
      // The product is reduced first: a large angle would lose digits.
      const angle = (sign * 2 * Math.PI * (((begin + j) * k) % n)) / n;
      re[j * columns + k] = Math.cos(angle);
      im[j * columns + k] = Math.sin(angle);
    }
  const part = (values: Float64Array) =>
    tensor(values, { dtype: like.dtype, device: like.device }).reshape([rows, columns]);
  return { re: part(re), im: part(im) };
}

type Product = (a: Tensor, b: Tensor) => Tensor;

const multiply = (a: Complex, b: Complex, product: Product): Complex => ({
  re: product(a.re, b.re).sub(product(a.im, b.im)),
  im: product(a.re, b.im).add(product(a.im, b.re)),
});

const mapParts = ({ re, im }: Complex, f: (x: Tensor) => Tensor): Complex => ({ re: f(re), im: f(im) });

/** Σ z[j] e^(sign · 2πi · jk / n) along the last axis, not scaled. */
function transformLast(z: Complex, sign: number): Complex {
  const n = z.re.shape.at(-1)!;
  const a = n <= DIRECT ? 1 : factorOf(n);
  if (a === 1) return multiply(z, roots(n, n, n, sign, z.re), matmul);
  // With j = j1·b + j2 and k = k1 + a·k2 the sum over j1 is a transform of size a, and that over j2 one of size b.
  const b = n / a;
  const lead = z.re.shape.slice(0, -1);
  const columns = mapParts(z, (x) => x.reshape([...lead, a, b]).transpose(-2, -1));
  const first = mapParts(transformLast(columns, sign), (x) => x.transpose(-2, -1));
  const twisted = multiply(first, roots(a, b, n, sign, z.re), (x, y) => x.mul(y));
  return mapParts(transformLast(twisted, sign), (x) => x.transpose(-2, -1).reshape([...lead, n]));
}

/** {@link transformLast} along any axis. @internal */
export function transform(z: Complex, dim: number, sign: number): Complex {
  const swap = (x: Tensor) => x.transpose(dim, -1);
  return mapParts(
    transformLast(
      mapParts(z, (x) => swap(x).contiguous()),
      sign,
    ),
    swap,
  );
}

/** `z` cut or filled up with zeros to a size along an axis. */
function resized(z: Complex, dim: number, size: number): Complex {
  const have = z.re.shape[dim]!;
  if (have === size) return z;
  if (have > size) return mapParts(z, (x) => x.narrow(dim, 0, size));
  const shape = z.re.shape.with(dim, size - have);
  return mapParts(z, (x) => cat([x, x.newZeros(shape)], dim));
}

/**
 * {@link hermitianTransform} of an even size n = 2m by a complex one of size m, whose results are pairs of neighbors: with X[k + m] = conj(X[m − k]) it is
 * that of X[k] + X[k + m] + i · wᵏ · (X[k] − X[k + m]), w being the n-th root of unity.
 */
function pairedTransform({ re, im }: Complex, dim: number, n: number, sign: number): Tensor {
  const m = n / 2;
  const shapeAlong = (size: number) => re.shape.map((_, i) => (i === dim ? size : 1));
  // The first and the last element are real: what else they are given does not count.
  const isInside = re
    .newOnes(shapeAlong(m + 1))
    .indexFill(dim, tensor([0, m], { dtype: "int64", device: re.device }), 0);
  const first = (x: Tensor) => x.narrow(dim, 0, m);
  const mirrored = (x: Tensor) => x.narrow(dim, 1, m).flip([dim]);
  const inner = im.mul(isInside);
  const [a, b] = [
    { re: first(re), im: first(inner) },
    { re: mirrored(re), im: mirrored(inner).neg() },
  ];
  const twiddles = mapParts(roots(1, m, n, sign, re, 1), (x) => x.reshape(shapeAlong(m)));
  const odd = multiply({ re: a.re.sub(b.re), im: a.im.sub(b.im) }, twiddles, (x, y) => x.mul(y));
  const z = transform({ re: a.re.add(b.re).sub(odd.im), im: a.im.add(b.im).add(odd.re) }, dim, sign);
  return stack([z.re, z.im], dim + 1).flatten(dim, dim + 1);
}

/**
 * The real transform of size n of the first ⌊n/2⌋ + 1 elements of a Hermitian sequence along an axis, not scaled.
 * @internal
 */
export function hermitianTransform(z: Complex, dim: number, n: number, sign: number): Tensor {
  const half = resized(z, dim, Math.floor(n / 2) + 1);
  if (n >= PAIRED && n % 2 === 0) return pairedTransform(half, dim, n, sign);
  const mirrored = (x: Tensor) => x.narrow(dim, 1, n - half.re.shape[dim]!).flip([dim]);
  const whole = {
    re: cat([half.re, mirrored(half.re)], dim),
    im: cat([half.im, mirrored(half.im).neg()], dim),
  };
  return transform(whole, dim, sign).re;
}

/** Which direction carries the factor 1/n; "ortho" gives both 1/√n. */
export type FourierNorm = "backward" | "ortho" | "forward";

/** Options of the transforms over one axis. */
export interface FourierOptions {
  /** Default: "backward". */
  norm?: FourierNorm | null;
}

/** The factor of a transform in a direction (sign 1: the inverse) over `count` elements. */
function scaleOf(op: string, norm: FourierNorm | null | undefined, sign: number, count: number): number {
  const mode = norm ?? "backward";
  if (mode === "ortho") return 1 / Math.sqrt(count);
  if (mode !== "backward" && mode !== "forward")
    throw new ArgumentError(`fft.${op}: norm must be "backward", "ortho" or "forward", got ${describe(norm)}`);
  return (mode === "backward") === sign > 0 ? 1 / count : 1;
}

/** One axis of a transform, and its size. */
type Axis = readonly [dim: number, size: number];

/** A transform to real numbers over axes; of the last one only half the input is given, since it is Hermitian. */
function toReal(
  op: string,
  x: Tensor,
  axes: readonly Axis[],
  norm: FourierNorm | null | undefined,
  sign: number,
): Tensor {
  for (const [, size] of axes)
    if (checkInteger(`fft.${op}`, "n", size, undefined, MAX_COUNT) < 1)
      throw new ValueError(`fft.${op}: Invalid number of data points (${size}) specified`);
  const real = isFloat(x.dtype) ? x : x.to(getDefaultDtype());
  let z: Complex = { re: real, im: real.newZeros(real.shape) };
  for (const [dim, size] of axes.slice(0, -1)) z = transform(resized(z, dim, size), dim, sign);
  const [last, n] = axes.at(-1)!;
  const count = axes.reduce((product, [, size]) => product * size, 1);
  return hermitianTransform(z, last, n, sign).mul(scaleOf(op, norm, sign, count));
}

const hermitianSize = (x: Tensor, dim: number): number => 2 * (x.shape[dim]! - 1);

function checkInput(op: string, x: Tensor, options: FourierOptions): void {
  checkTensor(`fft.${op}`, x);
  checkOptions(`fft.${op}`, options, ["norm"]);
  if (x.ndim === 0) throw new ShapeError(`fft.${op}: needs at least one axis to transform, got a tensor without axes`);
}

function overOne(
  op: string,
  x: Tensor,
  n: number | null | undefined,
  dim: number,
  options: FourierOptions,
  sign: number,
): Tensor {
  checkInput(op, x, options);
  const d = wrapDim(`fft.${op}`, dim, x.ndim);
  return toReal(op, x, [[d, n ?? hermitianSize(x, d)]], options.norm, sign);
}

/** One axis, several, or by default all. */
type Dims = number | readonly number[] | null;

/** The axes and sizes that `s` and `dim` name: without `dim` the last ones, −1 for the size that an axis has. */
function axesOf(
  op: string,
  x: Tensor,
  s: number | readonly number[] | null | undefined,
  dim: Dims | undefined,
): Axis[] {
  const sizes = s == null ? undefined : checkIntegers(`fft.${op}`, "s", typeof s === "number" ? [s] : s);
  const given = dim == null ? undefined : checkIntegers(`fft.${op}`, "dim", typeof dim === "number" ? [dim] : dim);
  const first = sizes === undefined ? 0 : x.ndim - sizes.length;
  if (first < 0) throw new ArgumentError(`fft.${op}: got ${sizes!.length} sizes for a tensor of ${x.ndim} axes`);
  const dims = given ?? x.shape.map((_, i) => i).slice(first);
  if (sizes !== undefined && sizes.length !== dims.length)
    throw new ArgumentError(`fft.${op}: s and dim must have the same length, got ${sizes.length} and ${dims.length}`);
  wrapDims(`fft.${op}`, dims, x.ndim);
  if (dims.length === 0) throw new ArgumentError(`fft.${op}: needs at least one axis to transform`);
  return dims.map((d, i): Axis => {
    const axis = wrapDim(`fft.${op}`, d, x.ndim);
    const own = i === dims.length - 1 ? hermitianSize(x, axis) : x.shape[axis]!;
    const size = sizes?.[i] ?? -1;
    return [axis, size === -1 ? own : size];
  });
}

function overMany(
  op: string,
  x: Tensor,
  s: number | readonly number[] | null | undefined,
  dim: Dims | undefined,
  options: FourierOptions,
  sign: number,
): Tensor {
  checkInput(op, x, options);
  return toReal(op, x, axesOf(op, x, s, dim), options.norm, sign);
}

/**
 * The inverse transform to real numbers of half a Hermitian signal, here a real one. `n` is the size of the result, by default 2 (size − 1).
 * @see torch.fft.irfft
 * @example torch.fft.irfft(torch.tensor([1, 0.5, 0])) // 4 samples of a cosine around ¼
 */
export const irfft = named(
  "irfft",
  "input, n?, dim?; norm",
  (x: Tensor, n?: number | null, dim = -1, options: FourierOptions = {}): Tensor =>
    overOne("irfft", x, n, dim, options, 1),
);

/** {@link irfft} over two axes, by default the last. @see torch.fft.irfft2 */
export const irfft2 = named(
  "irfft2",
  "input, s?, dim?; norm",
  (x: Tensor, s?: readonly number[] | null, dim: Dims = [-2, -1], options: FourierOptions = {}): Tensor =>
    overMany("irfft2", x, s, dim, options, 1),
);

/** {@link irfft} over several axes, by default all; `s` are their sizes. @see torch.fft.irfftn */
export const irfftn = named(
  "irfftn",
  "input, s?, dim?; norm",
  (x: Tensor, s?: readonly number[] | null, dim?: Dims, options: FourierOptions = {}): Tensor =>
    overMany("irfftn", x, s, dim, options, 1),
);

/** The transform of half a Hermitian signal, here a real one, whose result is real. `n` is its size, by default 2 (size − 1). @see torch.fft.hfft */
export const hfft = named(
  "hfft",
  "input, n?, dim?; norm",
  (x: Tensor, n?: number | null, dim = -1, options: FourierOptions = {}): Tensor =>
    overOne("hfft", x, n, dim, options, -1),
);

/** {@link hfft} over two axes, by default the last. @see torch.fft.hfft2 */
export const hfft2 = named(
  "hfft2",
  "input, s?, dim?; norm",
  (x: Tensor, s?: readonly number[] | null, dim: Dims = [-2, -1], options: FourierOptions = {}): Tensor =>
    overMany("hfft2", x, s, dim, options, -1),
);

/** {@link hfft} over several axes, by default all; `s` are their sizes. @see torch.fft.hfftn */
export const hfftn = named(
  "hfftn",
  "input, s?, dim?; norm",
  (x: Tensor, s?: readonly number[] | null, dim?: Dims, options: FourierOptions = {}): Tensor =>
    overMany("hfftn", x, s, dim, options, -1),
);

function shiftedBy(op: string, x: Tensor, dim: Dims | undefined, shift: (n: number) => number): Tensor {
  const dims = wrapDims(op, dim, checkTensor(op, x).ndim);
  return dims.length === 0
    ? x.clone()
    : x.roll(
        dims.map((d) => shift(x.shape[d]!)),
        dims,
      );
}

/** Moves the zero frequency to the middle of axes, by default of all. @see torch.fft.fftshift */
export const fftshift = named(
  "fftshift",
  "input, dim?",
  (x: Tensor, dim?: Dims): Tensor => shiftedBy("fft.fftshift", x, dim, (n) => Math.floor(n / 2)),
);

/** Undoes {@link fftshift}. @see torch.fft.ifftshift */
export const ifftshift = named(
  "ifftshift",
  "input, dim?",
  (x: Tensor, dim?: Dims): Tensor => shiftedBy("fft.ifftshift", x, dim, (n) => Math.ceil(n / 2)),
);

/** Options of the functions that give frequencies. */
export interface FrequencyOptions {
  /** The time between samples. Default: 1. */
  d?: number;
  /** Default: float32. */
  dtype?: DType;
}

/** The frequencies of `count` positions, negative from position `first`; both depend on n. */
function frequencies(
  op: string,
  n: number,
  [count, first]: readonly [(n: number) => number, (n: number) => number],
  options: FrequencyOptions,
): Tensor {
  checkOptions(`fft.${op}`, options, ["d", "dtype"]);
  checkInteger(`fft.${op}`, "n", n, 0, MAX_COUNT);
  const scale = n * checkNumber(`fft.${op}`, "d", options.d ?? 1);
  const [size, positive] = [count(n), first(n)];
  const values = vectorOf("float64", size, undefined, (out) => {
    for (let i = 0; i < size; i++) out[i] = (i < positive ? i : i - n) / scale;
  });
  return values.to(options.dtype ?? getDefaultDtype());
}

/** The frequencies of a transform of size n, in cycles per unit of time: those that are not negative come first. @see torch.fft.fftfreq */
export const fftfreq = named(
  "fftfreq",
  "n; d; dtype",
  (n: number, options: FrequencyOptions = {}): Tensor =>
    frequencies("fftfreq", n, [(size) => size, (size) => Math.ceil(size / 2)], options),
);

/** The frequencies of the half that a transform of n real numbers keeps. @see torch.fft.rfftfreq */
export const rfftfreq = named(
  "rfftfreq",
  "n; d; dtype",
  (n: number, options: FrequencyOptions = {}): Tensor =>
    frequencies("rfftfreq", n, [(size) => Math.floor(size / 2) + 1, (size) => size], options),
);
