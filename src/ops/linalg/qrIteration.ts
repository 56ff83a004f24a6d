/**
 * Implicitly shifted QR iteration on tridiagonal and bidiagonal matrices: the few operations per element that decide. What it does to vectors
 * is written down as rotations, for a kernel to carry out in long lists. Nothing here knows tensors.
 */

/** Distance from 1 to its neighbors, halved: the largest relative error of rounding. */
const EPSILON = 2 ** -53;
const SMALLEST = 2 ** -1022;
/** A number beside whose square 1 is nothing. */
const LARGE = 1e100;
/** Sums of squares in this range are exact enough. */
const [SAFE_LOW, SAFE_HIGH] = [1e-280, 1e280];
/** Relative accuracy that is asked of singular values, as in LAPACK's dbdsqr. */
const TOLERANCE = 2 ** (53 / 8) * EPSILON;
/** Sweeps per value after which the iteration counts as failed; two are usual. */
const SWEEPS = 30;

/** Rotations of neighboring rows in the order in which they are applied, in the format of the device op `rotate`. */
export class Rotations {
  private used = 0;

  /**
   * @param list Where they are written.
   * @param apply Applies the first `length` numbers of the list.
   */
  constructor(
    private readonly list: Float64Array,
    private readonly apply: (length: number) => void,
  ) {}

  /** Numbers of a list that is not flushed too often. */
  static capacity = (n: number): number => Math.max(2 * n + 3, Math.min(4 * n * n, 1 << 18));

  /** Starts a sweep of `count` rotations, of rows first and first + step, and so on. */
  start(first: number, count: number, step: 1 | -1): void {
    if (this.used + 3 + 2 * count > this.list.length) this.flush();
    this.list[this.used] = first;
    this.list[this.used + 1] = count;
    this.list[this.used + 2] = step;
    this.used += 3;
  }

  push(c: number, s: number): void {
    this.list[this.used] = c;
    this.list[this.used + 1] = s;
    this.used += 2;
  }

  flush(): void {
    if (this.used > 0) this.apply(this.used);
    this.used = 0;
  }
}

/** The rotation found last: c f + s g = r and c g − s f = 0. */
let c = 1;
let s = 0;
let r = 0;

/** {@link findRotation} where squares would leave float64, or lengths be subnormal and have too few digits to divide by. */
function findScaled(f: number, g: number, scale: number): void {
  findRotation(f / scale, g / scale);
  r *= scale;
}

/** @see LAPACK dlartg */
function findRotation(f: number, g: number): void {
  if (g === 0) {
    c = 1;
    s = 0;
    r = f;
    return;
  }
  const squares = f * f + g * g;
  if (squares <= SAFE_LOW || squares >= SAFE_HIGH) {
    findScaled(f, g, Math.max(Math.abs(f), Math.abs(g)));
    return;
  }
  r = f < 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
  c = f / r;
  s = g / r;
}

/** Where the next sweep goes: toward the end of the block [lo, hi] where the elements are smaller, as long as the block is the same. */
class Direction {
  private lo = -1;
  private hi = -1;
  step: 1 | -1 = 1;

  choose(d: Float64Array, lo: number, hi: number): void {
    if (lo > this.hi || hi < this.lo || this.hi < 0) this.step = Math.abs(d[lo]!) >= Math.abs(d[hi]!) ? 1 : -1;
    [this.lo, this.hi] = [lo, hi];
  }
}

// ---- Symmetric tridiagonal --------------------------------------------------------------------------------------------

const isNegligible = (d: Float64Array, e: Float64Array, i: number): boolean =>
  e[i]! ** 2 <= EPSILON ** 2 * Math.abs(d[i]!) * Math.abs(d[i + 1]!) + SMALLEST;

/** One sweep over [lo, hi] with Wilkinson's shift. @see LAPACK dsteqr */
function sweepTridiagonal(
  d: Float64Array,
  e: Float64Array,
  lo: number,
  hi: number,
  step: 1 | -1,
  vectors: Rotations | undefined,
): void {
  const [first, last] = step > 0 ? [lo, hi] : [hi, lo];
  // Beside p and p + step stands e[p + beside].
  const beside = step > 0 ? 0 : -1;
  const end = e[last - step + beside]!;
  const half = (d[last - step]! - d[last]!) / (2 * end);
  const root = Math.abs(half) < LARGE ? Math.sqrt(half * half + 1) : Math.abs(half);
  let g = d[first]! - d[last]! + end / (half + (half < 0 ? -root : root));
  let q = 0;
  c = 1;
  s = 1;
  vectors?.start(first, hi - lo, step);
  for (let p = first; p !== last; p += step) {
    const f = s * e[p + beside]!;
    const b = c * e[p + beside]!;
    findRotation(g, f);
    if (p !== first) e[p - step + beside] = r;
    g = d[p]! - q;
    const t = (d[p + step]! - g) * s + 2 * c * b;
    q = s * t;
    d[p] = g + q;
    g = c * t - b;
    vectors?.push(c, s);
  }
  d[last]! -= q;
  e[last - step + beside] = g;
}

/**
 * The eigenvalues, in no order, of the symmetric matrix with d on the diagonal and e beside it, over d. e is destroyed.
 * @returns Whether it has converged.
 */
export function tridiagonalQr(d: Float64Array, e: Float64Array, vectors?: Rotations): boolean {
  const direction = new Direction();
  let hi = d.length - 1;
  for (let sweeps = SWEEPS * d.length; sweeps >= 0; sweeps--) {
    while (hi > 0 && isNegligible(d, e, hi - 1)) hi--;
    if (hi <= 0) break;
    let lo = hi - 1;
    while (lo > 0 && !isNegligible(d, e, lo - 1)) lo--;
    direction.choose(d, lo, hi);
    sweepTridiagonal(d, e, lo, hi, direction.step, vectors);
  }
  vectors?.flush();
  return hi <= 0;
}

// ---- Bidiagonal -------------------------------------------------------------------------------------------------------

/** The part of a bidiagonal matrix that is being worked on, seen from the end at which sweeps start: d[p], then e beside it. */
interface Block {
  readonly d: Float64Array;
  readonly e: Float64Array;
  readonly first: number;
  readonly last: number;
  readonly step: 1 | -1;
  /** Beside p and p + step stands e[p + beside]. */
  readonly beside: 0 | -1;
}

/** The smaller singular value of [[f, g], [0, h]]. @see LAPACK dlas2 */
function smallerSingular(f: number, g: number, h: number): number {
  const [a, b, x] = [Math.min(Math.abs(f), Math.abs(h)), Math.max(Math.abs(f), Math.abs(h)), Math.abs(g)];
  if (a === 0) return 0;
  const [sum, difference] = [1 + a / b, (b - a) / b];
  if (x < b) return a * (2 / (Math.sqrt(sum ** 2 + (x / b) ** 2) + Math.sqrt(difference ** 2 + (x / b) ** 2)));
  const ratio = b / x;
  if (ratio === 0) return (a * b) / x;
  return 2 * (a * (1 / (Math.sqrt(1 + (sum * ratio) ** 2) + Math.sqrt(1 + (difference * ratio) ** 2)))) * ratio;
}

/** A sweep that keeps small values exact, where a shift would lose them or a diagonal element is 0. (Demmel and Kahan, 1990.) */
function sweepWithoutShift({ d, e, first, last, step, beside }: Block, right?: Rotations, left?: Rotations): void {
  let cosine = 1;
  let oldCosine = 1;
  let oldSine = 0;
  for (let p = first; p !== last; p += step) {
    findRotation(d[p]! * cosine, e[p + beside]!);
    if (p !== first) e[p - step + beside] = oldSine * r;
    right?.push(c, s);
    const length = r;
    const sine = s;
    cosine = c;
    findRotation(oldCosine * length, d[p + step]! * sine);
    d[p] = r;
    left?.push(c, s);
    oldCosine = c;
    oldSine = s;
  }
  const h = d[last]! * cosine;
  d[last] = h * oldCosine;
  e[last - step + beside] = h * oldSine;
}

function sweepShifted(
  { d, e, first, last, step, beside }: Block,
  shift: number,
  right?: Rotations,
  left?: Rotations,
): void {
  const start = d[first]!;
  let f = (Math.abs(start) - shift) * (Math.sign(start) + shift / start);
  let g = e[first + beside]!;
  for (let p = first; p !== last; p += step) {
    const at = p + beside;
    const next = p + step;
    findRotation(f, g);
    if (p !== first) e[at - step] = r;
    right?.push(c, s);
    f = c * d[p]! + s * e[at]!;
    e[at] = c * e[at]! - s * d[p]!;
    g = s * d[next]!;
    d[next]! *= c;
    findRotation(f, g);
    left?.push(c, s);
    d[p] = r;
    f = c * e[at]! + s * d[next]!;
    d[next] = c * d[next]! - s * e[at]!;
    if (next === last) continue;
    g = s * e[at + step]!;
    e[at + step]! *= c;
  }
  e[last - step + beside] = f;
}

/** Sets what is negligible in a block to 0. Returns the least singular value, nearly, or −1 where the block came apart. */
function splitBlock({ d, e, first, last, step, beside }: Block): number {
  const end = last - step + beside;
  if (Math.abs(e[end]!) <= TOLERANCE * Math.abs(d[last]!)) {
    e[end] = 0;
    return -1;
  }
  let mu = Math.abs(d[first]!);
  let least = mu;
  for (let p = first; p !== last; p += step) {
    const size = Math.abs(e[p + beside]!);
    if (size <= TOLERANCE * mu) {
      e[p + beside] = 0;
      return -1;
    }
    mu = Math.abs(d[p + step]!) * (mu / (mu + size));
    least = Math.min(least, mu);
  }
  return least;
}

function sweepBidiagonal(block: Block, least: number, largest: number, U?: Rotations, V?: Rotations): void {
  const { d, e, first, last, step, beside } = block;
  const [right, left] = step > 0 ? [V, U] : [U, V];
  const count = Math.abs(last - first);
  right?.start(first, count, step);
  left?.start(first, count, step);
  const shift = smallerSingular(d[last - step]!, e[last - step + beside]!, d[last]!);
  const isLost =
    d.length * TOLERANCE * (least / largest) <= Math.max(EPSILON, 0.01 * TOLERANCE) ||
    (shift / Math.abs(d[first]!)) ** 2 < EPSILON;
  if (isLost) sweepWithoutShift(block, right, left);
  else sweepShifted(block, shift, right, left);
}

/**
 * The singular values, in no order and of any sign, of the upper bidiagonal matrix with d on the diagonal and e above it, over d. e is
 * destroyed. `U` and `V` take the rotations of its left and right vectors.
 * @returns Whether it has converged.
 * @see LAPACK dbdsqr
 */
export function bidiagonalQr(d: Float64Array, e: Float64Array, U?: Rotations, V?: Rotations): boolean {
  const n = d.length;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]!), i < n - 1 ? Math.abs(e[i]!) : 0);
  const threshold = Math.max(0.5 * EPSILON * norm, 6 * n * n * SMALLEST);
  const direction = new Direction();
  let hi = n - 1;
  for (let sweeps = SWEEPS * n; sweeps >= 0; ) {
    while (hi > 0 && Math.abs(e[hi - 1]!) <= threshold) hi--;
    if (hi <= 0) break;
    let lo = hi - 1;
    let largest = Math.max(Math.abs(d[hi]!), Math.abs(e[lo]!), Math.abs(d[lo]!));
    for (; lo > 0 && Math.abs(e[lo - 1]!) > threshold; lo--)
      largest = Math.max(largest, Math.abs(e[lo - 1]!), Math.abs(d[lo - 1]!));
    direction.choose(d, lo, hi);
    const { step } = direction;
    const [first, last] = step > 0 ? [lo, hi] : [hi, lo];
    const block: Block = { d, e, first, last, step, beside: step > 0 ? 0 : -1 };
    const least = splitBlock(block);
    if (least < 0) continue;
    sweepBidiagonal(block, least, largest, U, V);
    sweeps--;
  }
  U?.flush();
  V?.flush();
  return hi <= 0;
}
