/** The geometry of elementwise kernels: axes that all operands step through alike are merged. */

/** Merged axes, outermost first, and the strides of each operand along them. */
export interface Geometry {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** The part of an operand that says where its elements are. */
export interface Window {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The strides of an operand that is broadcast to `shape`: 0 along axes that it has not, or of which it has one element. */
function broadcastStrides(x: Window, shape: readonly number[]): number[] {
  const lead = shape.length - x.shape.length;
  return shape.map((size, i) => (i < lead || (x.shape[i - lead] === 1 && size !== 1) ? 0 : x.strides[i - lead]!));
}

/** The geometry of operands that broadcast to `shape`. */
export function geometryOf(shape: readonly number[], operands: readonly Window[]): Geometry {
  const all = operands.map((x) => broadcastStrides(x, shape));
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i]!;
    if (size === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && all.every((own, k) => strides[k]![last] === own[i]! * size)) {
      sizes[last]! *= size;
      all.forEach((own, k) => {
        strides[k]![last] = own[i]!;
      });
    } else {
      sizes.push(size);
      all.forEach((own, k) => {
        strides[k]!.push(own[i]!);
      });
    }
  }
  return { sizes, strides };
}

/** How an operand is stepped through: element by element, not at all, or by its strides. */
export type Step = "linear" | "single" | "strided";

/** The step of operand `k`. */
export function stepOf({ sizes, strides }: Geometry, k: number): Step {
  const own = strides[k]!;
  if (own.every((stride) => stride === 0)) return "single";
  return sizes.length === 1 && own[0] === 1 ? "linear" : "strided";
}
