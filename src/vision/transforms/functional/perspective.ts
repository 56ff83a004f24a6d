/** Projective maps from four points. */
import { ValueError } from "../../../core/errors";

/** Solves eight equations by elimination with pivots. Undefined if they have no unique solution. */
function solve(rows: number[][]): number[] | undefined {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(rows[r]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = r;
    if (Math.abs(rows[pivot]![i]!) < 1e-12) return undefined;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    for (let r = 0; r < n; r++) {
      const factor = r === i ? 0 : rows[r]![i]! / rows[i]![i]!;
      if (factor !== 0) for (let c = i; c <= n; c++) rows[r]![c]! -= factor * rows[i]![c]!;
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}

/**
 * The coefficients a … h of the map ((a x + b y + c) / w, (d x + e y + f) / w), w = g x + h y + 1, that takes `endpoints` to `startpoints`, rounded to
 * float32 as torchvision's are.
 * @throws ValueError if there is none, since three of the points are in line.
 */
export function solve8(op: string, startpoints: number[][], endpoints: number[][]): number[] {
  const rows = endpoints.flatMap(([x, y], i) => {
    const [u, v] = startpoints[i] as [number, number];
    return [
      [x!, y!, 1, 0, 0, 0, -u * x!, -u * y!, u],
      [0, 0, 0, x!, y!, 1, -v * x!, -v * y!, v],
    ];
  });
  const solution = solve(rows);
  if (solution?.every(Number.isFinite) !== true)
    throw new ValueError(`${op}: no perspective takes these points to each other: three of them are in line`);
  return solution.map(Math.fround);
}
