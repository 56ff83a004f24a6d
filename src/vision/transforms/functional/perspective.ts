/**
 * Projective maps from four points. Their eight coefficients decide which pixel is nearest where a place lies between two, so they are found as
 * torchvision's are: a QR decomposition by reflectors in float32, with the order of additions that LAPACK has and fused multiplications.
 */
import { ValueError } from "../../../core/errors";

const { fround } = Math;
const N = 8;

/** A column of the system from a row on. */
type Vector = Float32Array;

/** The sum of fused products. */
function dot(x: Vector, y: Vector, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum = fround(x[i]! * y[i]! + sum);
  return sum;
}

/** Applies the reflector I − tau v vᵀ to columns. */
function reflect(v: Vector, tau: number, columns: readonly Vector[]): void {
  const length = v.findLastIndex((value) => value !== 0) + 1;
  const last = columns.findLastIndex((column) => column.subarray(0, length).some((value) => value !== 0));
  for (const column of columns.slice(0, last + 1)) {
    const factor = fround(-tau * dot(column, v, length));
    for (let i = 0; i < length; i++) column[i] = factor * v[i]! + column[i]!;
  }
}

/** √(a² + b²) without overflow. */
function hypotenuse(a: number, b: number): number {
  const [large, small] = [Math.max(Math.abs(a), Math.abs(b)), Math.min(Math.abs(a), Math.abs(b))];
  if (small === 0) return large;
  const ratio = fround(small / large);
  return fround(large * fround(Math.sqrt(fround(1 + fround(ratio * ratio)))));
}

/** Turns a column into the reflector that clears it below its first element, which becomes the diagonal of R. */
function reflectorOf(column: Vector): { v: Vector; tau: number; diagonal: number } {
  const below = column.subarray(1);
  const norm = fround(Math.sqrt(below.reduce((sum, value) => sum + value * value, 0)));
  const v = Float32Array.from(column);
  v[0] = 1;
  const alpha = column[0]!;
  if (norm === 0) return { v, tau: 0, diagonal: alpha };
  const length = hypotenuse(alpha, norm);
  const beta = alpha > 0 || Object.is(alpha, 0) ? -length : length;
  const scale = fround(1 / fround(alpha - beta));
  for (let i = 1; i < v.length; i++) v[i] = v[i]! * scale;
  return { v, tau: fround(fround(beta - alpha) / beta), diagonal: beta };
}

/** The solution of the system with these columns, or undefined if they do not determine one. */
function solve(columns: readonly Vector[], right: Vector): number[] | undefined {
  for (let i = 0; i < N; i++) {
    const { v, tau, diagonal } = reflectorOf(columns[i]!.subarray(i));
    if (diagonal === 0) return undefined;
    columns[i]![i] = diagonal;
    if (tau === 0) continue;
    const others = columns.slice(i + 1).map((column) => column.subarray(i));
    reflect(v, tau, others);
    reflect(v, tau, [right.subarray(i)]);
  }
  for (let k = N - 1; k >= 0; k--) {
    right[k] = right[k]! / columns[k]![k]!;
    for (let i = 0; i < k; i++) right[i] = right[i]! - right[k]! * columns[k]![i]!;
  }
  return [...right];
}

/**
 * The coefficients a … h of the map ((a x + b y + c) / w, (d x + e y + f) / w), w = g x + h y + 1, that takes `endpoints` to `startpoints`.
 * @see torchvision's `_get_perspective_coeffs`
 * @throws ValueError if the points do not determine one.
 */
export function perspectiveCoefficients(op: string, startpoints: number[][], endpoints: number[][]): number[] {
  const rows = endpoints.flatMap(([x, y], i) => {
    const [u, v] = startpoints[i] as [number, number];
    return [
      [x!, y!, 1, 0, 0, 0, -u * x!, -u * y!],
      [0, 0, 0, x!, y!, 1, -v * x!, -v * y!],
    ];
  });
  const columns = Array.from({ length: N }, (_, column) => Float32Array.from(rows, (row) => row[column]!));
  const solution = solve(columns, Float32Array.from(startpoints.flat()));
  if (solution === undefined)
    throw new ValueError(
      `${op}: The least squares solution could not be computed: the input matrix does not have full rank, since three of the points are in line`,
    );
  return solution;
}
