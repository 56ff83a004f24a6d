/** Line search by the strong Wolfe conditions, in two phases: find an interval that has a suitable step, then narrow it down. */
import type { Tensor } from "../tensor/tensor";

/** A step along the search direction. */
export interface LinePoint {
  readonly t: number;
  readonly loss: number;
  readonly grad: Tensor;
  /** The derivative of the loss along the direction. */
  readonly slope: number;
}

/** Share of the decrease that the slope at 0 promises, which a step must reach. */
const SUFFICIENT_DECREASE = 1e-4;
/** Share of the slope at 0 that may remain. */
const CURVATURE = 0.9;
/** An interval in which no parameter moves by more is not narrowed further. */
const LEAST_CHANGE = 1e-9;
const MAX_ITERATIONS = 25;

type Evaluate = (t: number) => LinePoint;
type Interval = [LinePoint, LinePoint];

/** What a search found, and how often it evaluated the loss. */
export interface LineSearchResult {
  readonly point: LinePoint;
  readonly evaluations: number;
}

/**
 * The minimum of the cubic through two points with their slopes, within bounds.
 * @see Numerical Optimization (Nocedal, Wright, 2006), equation 3.59
 */
function cubicMinimum(a: LinePoint, b: LinePoint, least = Math.min(a.t, b.t), most = Math.max(a.t, b.t)): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (least + most) / 2;
  const d2 = Math.sqrt(square);
  const t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(t, least), most);
}

/** Whether the loss has not fallen as much as the slope at `start` asks for. */
const isTooHigh = (point: LinePoint, start: LinePoint): boolean =>
  point.loss > start.loss + SUFFICIENT_DECREASE * point.t * start.slope;

const isFlat = (point: LinePoint, start: LinePoint): boolean => Math.abs(point.slope) <= -CURVATURE * start.slope;

/** The point that meets both conditions, or an interval around one; and the iterations that it took. */
function bracket(evaluate: Evaluate, start: LinePoint, first: number): [LinePoint | Interval, iterations: number] {
  let previous = start;
  let current = evaluate(first);
  for (let i = 0; i < MAX_ITERATIONS; i++) {
    if (isTooHigh(current, start) || (i > 1 && current.loss >= previous.loss)) return [[previous, current], i];
    if (isFlat(current, start)) return [current, i];
    if (current.slope >= 0) return [[previous, current], i];
    const t = cubicMinimum(previous, current, current.t + 0.01 * (current.t - previous.t), current.t * 10);
    previous = current;
    current = evaluate(t);
  }
  return [[start, current], MAX_ITERATIONS];
}

const lowerOf = ([a, b]: Interval): 0 | 1 => (a.loss <= b.loss ? 0 : 1);

/** Moves `t` a tenth into the interval, if it is close to an end for the second time or outside. */
function intoInterval(t: number, [a, b]: Interval, wasClose: boolean): [t: number, isClose: boolean] {
  const [least, most] = [Math.min(a.t, b.t), Math.max(a.t, b.t)];
  const margin = 0.1 * (most - least);
  if (Math.min(most - t, t - least) >= margin) return [t, false];
  if (!wasClose && t < most && t > least) return [t, true];
  return [Math.abs(t - most) < Math.abs(t - least) ? most - margin : least + margin, false];
}

/** Narrows an interval until its lower end meets both conditions; that end, and the iterations so far. */
function zoom(
  evaluate: Evaluate,
  start: LinePoint,
  interval: Interval,
  reach: number,
  iterations: number,
): [LinePoint, number] {
  let low = lowerOf(interval);
  let isClose = false;
  for (; iterations < MAX_ITERATIONS; iterations++) {
    const [a, b] = interval;
    if (Math.abs(b.t - a.t) * reach < LEAST_CHANGE) break;
    let t: number;
    [t, isClose] = intoInterval(cubicMinimum(a, b), interval, isClose);
    const point = evaluate(t);
    const high = low === 0 ? 1 : 0;
    if (isTooHigh(point, start) || point.loss >= interval[low].loss) {
      interval[high] = point;
      low = lowerOf(interval);
      continue;
    }
    if (isFlat(point, start)) return [point, iterations + 1];
    if (point.slope * (interval[high].t - interval[low].t) >= 0) interval[high] = interval[low];
    interval[low] = point;
  }
  return [interval[low], iterations];
}

/**
 * A step that meets the strong Wolfe conditions, or the best that was found.
 * @param evaluate The loss and its slope at a step.
 * @param start The point with t = 0.
 * @param first The step to try first.
 * @param reach The largest magnitude of an element of the direction.
 * @see Numerical Optimization (Nocedal, Wright, 2006), algorithms 3.5 and 3.6
 */
export function strongWolfe(evaluate: Evaluate, start: LinePoint, first: number, reach: number): LineSearchResult {
  const [found, iterations] = bracket(evaluate, start, first);
  if (!Array.isArray(found)) return { point: found, evaluations: iterations + 1 };
  const [point, total] = zoom(evaluate, start, found, reach, iterations);
  return { point, evaluations: total + 1 };
}
