/** Spectra: complex numbers are pairs at a last axis of size 2. */

import { matmul } from "../../../ops/linalg/matmul";
import { cat, stack } from "../../../ops/shape/join";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { castTo } from "./cast";
import { arange, tensor, zeros } from "./make";

/** A window of the sums of cosines with coefficients. */
const window = (name: string, coefficients: readonly number[]): Entry => ({
  name,
  since: 17,
  run: (c) => {
    const size = c.scalar(0);
    if (!(size >= 0 && size < 2 ** 31)) c.fail(`cannot make a window of ${size}`);
    const period = c.flag("periodic", true) ? size : size - 1;
    const at = arange(size, "float64").mul((2 * Math.PI) / period);
    let sum = at.mul(0).nanToNum();
    for (const [k, factor] of coefficients.entries()) sum = sum.add(at.mul(k).cos().mul(factor));
    return castTo(c, sum, c.int("output_datatype", 1), "float32");
  },
});

/** Elements of a matrix of the transform: 512 MB. */
const MOST = 2 ** 26;

/** Cosines and sines of all products of places and frequencies, exact modulo the period. */
function waves(c: Context, n: number, count: number, dtype: Tensor["dtype"]): { cos: Tensor; sin: Tensor } {
  if (n * count > MOST) c.fail(`cannot transform ${n} elements at once`);
  const turn = arange(n, "int64")
    .reshape([-1, 1])
    .mul(arange(count, "int64").reshape([1, -1]))
    .remainder(n);
  const angle = turn.to("float64").mul((2 * Math.PI) / n);
  return { cos: angle.cos().to(dtype), sin: angle.sin().to(dtype) };
}

interface Complex {
  readonly re: Tensor;
  readonly im: Tensor | undefined;
}

const partsOf = (c: Context, x: Tensor): Complex => {
  const size = x.shape.at(-1);
  if (size !== 1 && size !== 2) c.fail(`the last axis must have size 1 or 2, got [${x.shape.join(", ")}]`);
  return { re: x.select(-1, 0), im: size === 2 ? x.select(-1, 1) : undefined };
};

/** The transform along the last axis: the first `count` frequencies. */
function transform(c: Context, { re, im }: Complex, count: number, isInverse: boolean): Tensor {
  const n = re.shape.at(-1)!;
  const sign = isInverse ? 1 : -1;
  const { cos, sin } = waves(c, n, count, "float64");
  const [a, b] = [re.to("float64"), im?.to("float64")];
  let real = matmul(a, cos);
  let imaginary = matmul(a, sin).mul(sign);
  if (b !== undefined) {
    real = real.sub(matmul(b, sin).mul(sign));
    imaginary = imaginary.add(matmul(b, cos));
  }
  const y = stack([real, imaginary], -1);
  return (isInverse ? y.div(n) : y).to(re.dtype);
}

/** Cut or padded by zeros to a length. */
function fitted(x: Tensor, axis: number, length: number): Tensor {
  const size = x.shape[axis]!;
  if (length <= size) return x.narrow(axis, 0, length);
  const shape = x.shape.map((n, i) => (i === axis ? length - size : n));
  return cat([x, zeros(shape, x.dtype)], axis);
}

function dft(c: Context): Tensor {
  const x = c.x;
  const ndim = x.ndim;
  const given = c.version >= 20 ? (c.has(2) ? c.scalar(2) : -2) : c.int("axis", 1);
  const axis = given < 0 ? given + ndim : given;
  if (axis < 0 || axis >= ndim - 1) c.fail(`there is no axis ${given} of a signal in ${ndim} axes`);
  const length = c.has(1) ? c.scalar(1) : x.shape[axis]!;
  const { re, im } = partsOf(c, fitted(x, axis, length));
  const last = ndim - 2;
  const along = (y: Tensor | undefined) => y?.transpose(axis, last);
  const count = c.flag("onesided") ? (length >> 1) + 1 : length;
  const y = transform(c, { re: along(re)!, im: along(im) }, count, c.flag("inverse"));
  return y.transpose(axis, last);
}

/** The transforms of frames, each times the window. */
function stft(c: Context): Tensor {
  const step = c.scalar(1);
  const own = c.optional(2);
  const length = c.has(3) ? c.scalar(3) : (own?.shape[0] ?? c.fail("the length of frames is missing"));
  const { re, im } = partsOf(c, c.x.ndim === 2 ? c.x.unsqueeze(-1) : c.x);
  if (!(step >= 1) || length < 1 || length > re.shape[1]!)
    c.fail(`cannot take frames of ${length} every ${step} of ${re.shape[1]}`);
  const framed = (y: Tensor | undefined) => {
    const frames = y?.unfold(1, length, step);
    return own === undefined ? frames : frames?.mul(own);
  };
  const count = c.flag("onesided", true) && im === undefined ? (length >> 1) + 1 : length;
  return transform(c, { re: framed(re)!, im: framed(im) }, count, false);
}

/** Triangles on the mel scale: [bins, mels]. */
function melWeights(c: Context): Tensor {
  const [mels, length, rate, low, high] = [0, 1, 2, 3, 4].map((i) => c.scalar(i)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const bins = Math.floor(length / 2) + 1;
  const mel = (f: number) => 2595 * Math.log10(1 + f / 700);
  const [from, to] = [mel(low), mel(high)];
  const edges = Array.from({ length: mels + 2 }, (_, i) => {
    const f = 700 * (10 ** ((i * (to - from)) / (mels + 2) / 2595 + from / 2595) - 1);
    return Math.floor(((length + 1) * f) / rate);
  });
  if (bins * mels > MOST) c.fail("the matrix would be too large");
  const out = new Float64Array(bins * mels);
  const put = (bin: number, m: number, value: number) => {
    if (bin >= 0 && bin < bins) out[bin * mels + m] = value;
  };
  for (let m = 0; m < mels; m++) {
    const [left, middle, right] = edges.slice(m, m + 3) as [number, number, number];
    if (middle === left) put(middle, m, 1);
    else for (let j = left; j <= middle; j++) put(j, m, (j - left) / (middle - left));
    if (right !== middle) for (let j = middle; j < right; j++) put(j, m, (right - j) / (right - middle));
  }
  return castTo(c, tensor(out as never, "float64").reshape([bins, mels]), c.int("output_datatype", 1), "float32");
}

export const signals: readonly Entry[] = [
  window("BlackmanWindow", [0.42, -0.5, 0.08]),
  { name: "DFT", since: 17, run: dft },
  window("HammingWindow", [25 / 46, -21 / 46]),
  window("HannWindow", [0.5, -0.5]),
  { name: "MelWeightMatrix", since: 17, run: melWeights },
  { name: "STFT", since: 17, run: stft },
];
