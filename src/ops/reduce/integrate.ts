/** Integrals and derivatives of sampled functions: the trapezoidal rule, and second-order differences. */

import { checkIntegers, checkNumber } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { ArgumentError, checkOptions, ShapeError } from "../../core/errors";
import { wrapDim } from "../../core/shape";
import { alias, named } from "../../core/signature";
import { full } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cat } from "../shape/join";

/** Options of {@link trapezoid}. */
export interface TrapezoidOptions {
  /** The distance of neighboring samples, where no positions are given. Default: 1. */
  dx?: number | null;
  /** The axis to integrate along. Default: the last. */
  dim?: number;
}

/** The area between neighbors along `dim`, times two. */
function trapezoids(
  op: string,
  y: Tensor,
  x: Tensor | null | undefined,
  options: TrapezoidOptions,
): { areas: Tensor; dim: number } {
  checkTensor(op, y, "y");
  if (x) checkTensor(op, x, "x");
  checkOptions(op, options, ["dx", "dim"]);
  if (x && options.dx != null) throw new ArgumentError(`${op}: takes the positions x or the distance dx, not both`);
  if (x != null) checkTensor(op, x, "x");
  const dx = options.dx == null ? 1 : checkNumber(op, "dx", options.dx);
  if (y.ndim === 0) throw new ShapeError(`${op}: takes samples along an axis, got a 0-d tensor`);
  const dim = wrapDim(op, options.dim ?? -1, y.ndim);
  const after = y.ndim - 1 - dim;
  const n = y.shape[dim] ?? 0;
  const sums = n === 0 ? y : y.narrow(dim, 0, n - 1).add(y.narrow(dim, 1, n - 1));
  if (!x) return { areas: dx === 1 ? sums : sums.mul(dx), dim };
  const size = x.shape.at(x.ndim === 1 ? 0 : x.ndim - 1 - after)!;
  if (n > 0 && size !== n && size !== 1)
    throw new ShapeError(`${op}: there must be one x value for each sample point: ${size} and ${n}`);
  const points = x.ndim === 1 ? x.reshape([size, ...Array<number>(after).fill(1)]) : x;
  return { areas: n === 0 ? sums : sums.mul(points.diff(1, points.ndim - 1 - after)), dim };
}

/**
 * The integral along an axis by the trapezoidal rule, of samples at the positions `x` or at equal distances.
 * @see torch.trapezoid
 */
export const trapezoid = named(
  "trapezoid",
  "y, x?;; dx, dim",
  (y: Tensor, x?: Tensor | null, options: TrapezoidOptions = {}): Tensor => {
    const { areas, dim } = trapezoids("trapezoid", y, x, options);
    return areas.sum(dim - y.ndim).div(2);
  },
);

/** Another name of {@link trapezoid}. @see torch.trapz */
export const trapz: typeof trapezoid = alias("trapz", trapezoid);

/** The integral up to each sample but the first. Shape: [*, n, *] → [*, n − 1, *]. @see torch.cumulative_trapezoid */
export const cumulativeTrapezoid = named(
  "cumulativeTrapezoid",
  "y, x?;; dx, dim",
  (y: Tensor, x?: Tensor | null, options: TrapezoidOptions = {}): Tensor => {
    const { areas, dim } = trapezoids("cumulativeTrapezoid", y, x, options);
    return areas.cumsum(dim - y.ndim).div(2);
  },
);

/** Options of {@link gradient}. */
export interface GradientOptions {
  /** The distance of neighboring samples, one distance per axis, or their positions per axis. Default: 1. */
  spacing?: number | readonly number[] | readonly Tensor[] | null;
  /** The axes. Default: all. */
  dim?: number | readonly number[] | null;
  /** The order of accuracy at both ends: 1 or 2. Default: 1. */
  edgeOrder?: number;
}

/** The first or last derivative by three samples; `a` is the step next to the edge, `b` the one after, `sign` −1 at the upper end. */
function secondOrderEdge(f: readonly [Tensor, Tensor, Tensor], a: Tensor, b: Tensor, sign: 1 | -1): Tensor {
  const sum = a.add(b);
  const [c0, c1, c2] = [a.mul(2).add(b).div(a.mul(sum)).neg(), sum.div(a.mul(b)), a.div(b.mul(sum)).neg()];
  const slope = f[0].mul(c0).add(f[1].mul(c1)).add(f[2].mul(c2));
  return sign === 1 ? slope : slope.neg();
}

/** The derivative along axis `d` of samples with `steps` between them. Central differences inside, one-sided at both ends. */
function derivative(x: Tensor, d: number, steps: Tensor, edgeOrder: number): Tensor {
  const n = x.shape[d]!;
  const along = x.shape.map((_, i) => (i === d ? -1 : 1));
  const h = steps.reshape(along);
  const f = (start: number, length: number) => x.narrow(d, start, length);
  const step = (start: number, length: number) => h.narrow(d, start, length);
  const [before, after] = [step(0, n - 2), step(1, n - 2)];
  const sum = before.add(after);
  const inner = f(0, n - 2)
    .mul(after.div(before.mul(sum)).neg())
    .add(f(1, n - 2).mul(after.sub(before).div(before.mul(after))))
    .add(f(2, n - 2).mul(before.div(after.mul(sum))));
  const ends =
    edgeOrder === 1
      ? [
          f(1, 1).sub(f(0, 1)).div(step(0, 1)),
          f(n - 1, 1)
            .sub(f(n - 2, 1))
            .div(step(n - 2, 1)),
        ]
      : [
          secondOrderEdge([f(0, 1), f(1, 1), f(2, 1)], step(0, 1), step(1, 1), 1),
          secondOrderEdge([f(n - 1, 1), f(n - 2, 1), f(n - 3, 1)], step(n - 2, 1), step(n - 3, 1), -1),
        ];
  return cat([ends[0]!, inner, ends[1]!], d);
}

/**
 * The derivative of a sampled function along each axis, by differences of second order: one tensor of the input's shape per axis.
 * @see torch.gradient
 * @throws ShapeError if an axis has fewer than edgeOrder + 1 samples.
 */
export const gradient = named(
  "gradient",
  "input;; spacing, dim, edgeOrder",
  (x: Tensor, options: GradientOptions = {}): Tensor[] => {
    checkTensor("gradient", x);
    const { spacing, dim, edgeOrder = 1 } = options;
    if (edgeOrder !== 1 && edgeOrder !== 2)
      throw new ArgumentError("gradient: only supports edgeOrder=1 and edgeOrder=2.");
    const dims =
      dim == null
        ? x.shape.map((_, i) => i)
        : checkIntegers("gradient", "dim", typeof dim === "number" ? [dim] : dim).map((d) =>
            wrapDim("gradient", d, x.ndim),
          );
    if (Array.isArray(spacing) && spacing.length !== dims.length)
      throw new ArgumentError(
        `gradient: expected spacing to be one value or ${dims.length}, one per axis, got ${spacing.length}`,
      );
    const input = isFloat(x.dtype) ? x : x.float();
    return dims.map((d, i) => {
      const n = x.shape[d]!;
      if (n < edgeOrder + 1)
        throw new ShapeError(`gradient: expected each dimension size to be at least edgeOrder+1, got ${n}`);
      const own = Array.isArray(spacing)
        ? (spacing[i] as number | Tensor)
        : ((spacing as number | null | undefined) ?? 1);
      const steps =
        own instanceof Tensor
          ? own.to(input.dtype).diff()
          : full([n - 1], own, { dtype: input.dtype, device: input.device });
      return derivative(input, d, steps, edgeOrder);
    });
  },
);
