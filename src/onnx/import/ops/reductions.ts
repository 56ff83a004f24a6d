/** Ops that take axes together. */
import { isFloat } from "../../../core/dtype";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";

/** The axes that an op takes together: an attribute until opset 12 or 17, an input since; without any, all or none. */
function axesOf(c: Context): number[] {
  const { ndim } = c.x;
  const given = (c.intsOrInput("axes", 1) ?? []).map((axis) => c.wrapAxis(axis, ndim));
  if (given.length > 0) return given;
  return c.flag("noop_with_empty_axes") ? [] : c.x.shape.map((_, i) => i);
}

function reduction(
  name: string,
  f: (x: Tensor, axes: number[], keepdims: boolean) => Tensor,
  before = (x: Tensor) => x,
  after = (x: Tensor) => x,
): Entry {
  return {
    name,
    weights: "all",
    run: (c) => {
      const axes = axesOf(c);
      const x = before(c.x);
      const y = axes.length === 0 ? x : f(x, axes, c.flag("keepdims", true));
      const result = after(y);
      return result === c.x ? result : result.to(c.x.dtype);
    },
  };
}

const sum = (x: Tensor, axes: number[], keepdim: boolean): Tensor => x.sum(axes, keepdim);

function product(x: Tensor, axes: number[], keepdim: boolean): Tensor {
  let y = x;
  for (const axis of [...axes].sort((a, b) => b - a)) y = y.prod(axis, keepdim);
  return y;
}

/** Floating-point, for means of integers. */
const mean = (x: Tensor, axes: number[], keepdim: boolean): Tensor =>
  isFloat(x.dtype) ? x.mean(axes, keepdim) : x.to("float64").mean(axes, keepdim).trunc();

/** The position of the extremum, the first one, or the last one if asked for. */
function position(name: string, f: (x: Tensor, axis: number, keepdim: boolean) => Tensor): Entry {
  return {
    name,
    run: (c) => {
      const axis = c.axis("axis", c.x.ndim, 0);
      const keepdim = c.flag("keepdims", true);
      if (!c.flag("select_last_index")) return f(c.x, axis, keepdim);
      return f(c.x.flip([axis]), axis, keepdim)
        .neg()
        .add(c.x.shape[axis]! - 1);
    },
  };
}

/** Booleans have an extremum since opset 20. */
const extremum =
  (f: (x: Tensor, axes: number[], keepdim: boolean) => Tensor) => (x: Tensor, axes: number[], keepdim: boolean) =>
    x.dtype === "bool" ? f(x.to("uint8"), axes, keepdim).to("bool") : f(x, axes, keepdim);

export const reductions: readonly Entry[] = [
  reduction("ReduceSum", sum),
  reduction("ReduceMean", mean),
  reduction("ReduceProd", product),
  reduction(
    "ReduceMax",
    extremum((x, axes, keepdim) => x.amax(axes, keepdim)),
  ),
  reduction(
    "ReduceMin",
    extremum((x, axes, keepdim) => x.amin(axes, keepdim)),
  ),
  reduction("ReduceL1", sum, (x) => x.abs()),
  reduction(
    "ReduceL2",
    sum,
    (x) => x.mul(x),
    (y) => (isFloat(y.dtype) ? y.sqrt() : y.to("float64").sqrt()),
  ),
  reduction("ReduceLogSum", sum, undefined, (y) => y.log()),
  reduction("ReduceLogSumExp", (x, axes, keepdim) => (isFloat(x.dtype) ? x : x.to("float64")).logsumexp(axes, keepdim)),
  reduction("ReduceSumSquare", sum, (x) => x.mul(x)),
  position("ArgMax", (x, axis, keepdim) => x.argmax(axis, keepdim)),
  position("ArgMin", (x, axis, keepdim) => x.argmin(axis, keepdim)),
];
