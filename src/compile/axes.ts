/** The axes of a fused kernel: those that all of its loads can be stepped through by. */

/** Elements in the order of a shape, and the step of a load along each of its axes. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** How many elements lie behind an index of each axis, innermost first: 1, n, n·m, … */
function bounds(shape: readonly number[]): number[] {
  const found = [1];
  for (let i = shape.length - 1; i >= 0; i--) if (shape[i] !== 1) found.push(found.at(-1)! * shape[i]!);
  return found;
}

/** The step of a layout along the axis that lies between two bounds of the common axes. */
function strideAt({ shape, strides }: Layout, low: number): number {
  let inner = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const outer = inner * shape[i]!;
    if (shape[i] !== 1 && low >= inner && low < outer) return strides[i]! * (low / inner);
    inner = outer;
  }
  return 0;
}

/** Neighboring axes that every layout steps through evenly are joined. @param split The row length, which stays the last axis. */
function joined(sizes: number[], strides: number[][], split: number | undefined): Joint {
  const shape: number[] = [];
  const out = strides.map((): number[] => []);
  let inner = 1;
  // From the innermost axis on.
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = sizes[axis]!;
    const canJoin =
      shape.length > 0 && inner !== split && strides.every((own, k) => own[axis] === out[k]![0]! * shape[0]!);
    if (canJoin) shape[0]! *= size;
    else {
      shape.unshift(size);
      strides.forEach((own, k) => {
        out[k]!.unshift(own[axis]!);
      });
    }
    inner *= size;
  }
  return { shape, strides: out };
}

/** Common axes, and the steps of each layout along them. */
export interface Joint {
  readonly shape: number[];
  readonly strides: number[][];
}

/**
 * The coarsest axes along which every layout has a step of its own; undefined if their shapes do not divide each other.
 * @param n Elements of every layout.
 * @param row The length of the rows that are summed, if any are.
 */
export function jointAxes(layouts: readonly Layout[], n: number, row: number | undefined): Joint | undefined {
  const all = new Set([1, n]);
  if (row !== undefined) all.add(row);
  for (const { shape } of layouts) for (const bound of bounds(shape)) all.add(bound);
  const sorted = [...all].sort((a, b) => a - b);
  const sizes: number[] = [];
  for (let i = 1; i < sorted.length; i++) {
    const size = sorted[i]! / sorted[i - 1]!;
    if (!Number.isInteger(size)) return undefined;
    sizes.unshift(size);
  }
  const lows = sorted.slice(0, -1).reverse();
  const strides = layouts.map((layout) => lows.map((low) => strideAt(layout, low)));
  if (sizes.length === 0)
    return { shape: row === undefined ? [1] : [1, 1], strides: layouts.map(() => (row === undefined ? [0] : [0, 0])) };
  const { shape, strides: out } = joined(sizes, strides, row);
  if (row !== undefined && shape.at(-1) !== row) return undefined;
  // Sums are of rows, so that there has to be an axis of rows.
  if (row === undefined || shape.length > 1) return { shape, strides: out };
  return { shape: [1, ...shape], strides: out.map((own) => [0, ...own]) };
}
