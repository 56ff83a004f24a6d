/** Equal bins of a histogram, and NumPy's rules for their width. */
import { isKeyOf } from "../core/arguments";
import { ValueError } from "../core/errors";

/** Edges of `count` equal bins. */
export function linspace(first: number, last: number, count: number): Float64Array {
  const step = (last - first) / count;
  const edges = Float64Array.from({ length: count + 1 }, (_, i) => i * step + first);
  edges[count] = last;
  return edges;
}

/** The most bins: edges take memory, whatever the values are. */
const MOST_BINS = 2 ** 20;

/** Counts of bins, and their edges, of which there is one more. */
export interface Bins {
  readonly counts: number[];
  readonly edges: ArrayLike<number>;
}

/** NaN is both the smallest and the largest value. */
export function extremes(values: Float64Array): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (Number.isNaN(value)) return { min: value, max: value };
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** Equal bins, as NumPy counts them: by a division, put right where an edge is on the other side. */
export function countEqual(values: Float64Array, count: number, [first, last]: [number, number]): Bins {
  if (count > MOST_BINS) throw new ValueError(`${count} bins are more than ${MOST_BINS}; give a number of bins`);
  const edges = linspace(first, last, count);
  const counts = new Array<number>(count).fill(0);
  const norm = count / (last - first);
  for (const value of values) {
    let at = Math.trunc((value - first) * norm);
    if (at === count) at--;
    if (value < edges[at]!) at--;
    else if (value >= edges[at + 1]! && at !== count - 1) at++;
    counts[at]!++;
  }
  return { counts, edges };
}

interface Sample {
  readonly values: Float64Array;
  readonly n: number;
  /** From the smallest to the largest. */
  readonly range: number;
}

const sumOf = (values: Float64Array, f: (x: number) => number): number => {
  let sum = 0;
  for (const value of values) sum += f(value);
  return sum;
};

function deviation({ values, n }: Sample): { mean: number; std: number } {
  const mean = sumOf(values, (x) => x) / n;
  return { mean, std: Math.sqrt(sumOf(values, (x) => (x - mean) ** 2) / n) };
}

function percentile(sorted: Float64Array, q: number): number {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const [a, b, t] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!, at - low];
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

const sturges = ({ n, range }: Sample): number => range / (Math.log2(n) + 1);

function freedmanDiaconis({ values, n }: Sample): number {
  const sorted = values.slice().sort();
  return 2 * (percentile(sorted, 0.75) - percentile(sorted, 0.25)) * n ** (-1 / 3);
}

function doane(sample: Sample): number {
  const { values, n, range } = sample;
  if (n <= 2) return 0;
  const { mean, std } = deviation(sample);
  if (!(std > 0)) return 0;
  const scale = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)));
  const skew = sumOf(values, (x) => ((x - mean) / std) ** 3) / n;
  return range / (1 + Math.log2(n) + Math.log2(1 + Math.abs(skew) / scale));
}

/** The number of bins with the least error that is estimated by leaving each value out. */
function stone({ values, n, range }: Sample): number {
  if (n <= 1 || range === 0) return 0;
  const { min, max } = extremes(values);
  const most = Math.max(100, Math.floor(Math.sqrt(n)));
  let [best, least] = [1, Number.POSITIVE_INFINITY];
  for (let count = 1; count <= most; count++) {
    const { counts } = countEqual(values, count, [min, max]);
    const squares = counts.reduce((sum, k) => sum + (k / n) ** 2, 0);
    const error = (2 - (n + 1) * squares) / (range / count);
    if (error < least) [best, least] = [count, error];
  }
  return range / best;
}

const rules: Readonly<Record<string, (sample: Sample) => number>> = {
  auto: (sample) => {
    const width = freedmanDiaconis(sample);
    return width > 0 ? Math.min(width, sturges(sample)) : sturges(sample);
  },
  doane,
  fd: freedmanDiaconis,
  rice: ({ n, range }) => range / (2 * n ** (1 / 3)),
  scott: (sample) => ((24 * Math.sqrt(Math.PI)) / sample.n) ** (1 / 3) * deviation(sample).std,
  sqrt: ({ n, range }) => range / Math.sqrt(n),
  stone,
  sturges,
};

/** The width of bins by a rule; 0 for one bin. @throws ValueError for rules that there are not. */
export function widthOf(rule: string, values: Float64Array): number {
  const f = isKeyOf(rules, rule) ? rules[rule] : undefined;
  if (f === undefined)
    throw new ValueError(
      `'${rule}' is not a valid estimator for \`bins\`; there are tensorflow, ${Object.keys(rules).join(", ")}`,
    );
  const { min, max } = extremes(values);
  return f({ values, n: values.length, range: max - min });
}
