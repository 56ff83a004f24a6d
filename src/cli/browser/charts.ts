/** What charts draw: series on one axis, smoothed, and histograms. */

export type Axis = "step" | "relative" | "wall";

export interface Scalar {
  readonly step: number;
  readonly time: number;
  readonly value: number;
}

export interface Bucketed {
  readonly step: number;
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** Points of a chart; of more, only some are drawn. */
const MOST_POINTS = 5000;

/** The mean of what came before, of which each step back counts `weight` times as much; the beginning is not drawn to zero. */
export function smoothed(values: readonly number[], weight: number): number[] {
  let [mean, count] = [0, 0];
  return values.map((value) => {
    if (weight === 0 || !Number.isFinite(value)) return value;
    count++;
    mean = mean * weight + (1 - weight) * value;
    return mean / (1 - weight ** count);
  });
}

function placeOf(points: readonly Scalar[], axis: Axis): number[] {
  const first = points[0]?.time ?? 0;
  return points.map(({ step, time }) => (axis === "step" ? step : axis === "wall" ? time : time - first));
}

const thinned = (points: readonly Scalar[]): readonly Scalar[] => {
  const every = Math.ceil(points.length / MOST_POINTS);
  return every <= 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1);
};

/** The places of all series, and the values of each at them; null where it has none. */
export function seriesData(
  series: readonly (readonly Scalar[])[],
  axis: Axis,
  smoothing: number,
  isLog: boolean,
): (number | null)[][] {
  const maps = series.map((points) => {
    const values = smoothed(
      points.map(({ value }) => value),
      smoothing,
    );
    const kept = thinned(points.map((point, i) => ({ ...point, value: values[i]! })));
    return new Map(placeOf(kept, axis).map((x, i) => [x, kept[i]!.value] as const));
  });
  const places = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
  const drawn = (y: number | undefined): number | null =>
    y === undefined || !Number.isFinite(y) || (isLog && y <= 0) ? null : y;
  return [places, ...maps.map((map) => places.map((x) => drawn(map.get(x))))];
}

/** Histograms behind one another, the last in front. */
export function drawHistogram(canvas: HTMLCanvasElement, list: readonly Bucketed[], color: string): void {
  const context = canvas.getContext("2d")!;
  const { width, height } = canvas;
  const some = list.slice(-30);
  const ends = some.flatMap(({ limits }) => limits.filter((x) => Math.abs(x) < 1e19));
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const densities = some.map(densityOf);
  const tallest = Math.max(...densities.flatMap((points) => points.map(([, y]) => y)), 1e-300);
  const x = (value: number): number => ((value - low) / (high - low || 1)) * (width - 60) + 10;
  context.font = "11px system-ui";
  for (const [i, points] of densities.entries()) {
    const lift = ((some.length - 1 - i) * (height * 0.5)) / Math.max(1, some.length);
    const base = height - 18 - lift;
    context.beginPath();
    context.moveTo(x(points[0]?.[0] ?? low), base);
    for (const [value, density] of points) context.lineTo(x(value), base - (density / tallest) * height * 0.42);
    context.lineTo(x(points.at(-1)?.[0] ?? high), base);
    context.fillStyle = color;
    context.strokeStyle = "#fff";
    context.globalAlpha = 0.35 + (0.65 * (i + 1)) / some.length;
    context.fill();
    context.stroke();
  }
  context.globalAlpha = 1;
  context.fillStyle = "#222";
  context.fillText(low.toPrecision(3), 4, height - 4);
  context.fillText(high.toPrecision(3), width - 70, height - 4);
}

/** The middle of each bucket, and how densely it is filled. */
function densityOf({ limits, counts }: Bucketed): [number, number][] {
  return counts.slice(1).flatMap((count, k): [number, number][] => {
    const [from, to] = [limits[k]!, limits[k + 1]!];
    return to > from ? [[(from + to) / 2, count / (to - from)]] : [];
  });
}
