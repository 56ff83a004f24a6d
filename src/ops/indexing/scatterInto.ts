/** How scattered elements find their places: shared by scatter, scatterAdd and scatterReduce. */
import type { ScatterKind } from "../../backend/ops";
import { determinism } from "../../core/determinism";
import { DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText, wrapDim } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import { axisOf, checkedIndex, checkIndexType, copyOf, dense } from "./indexChecks";

/** The corner of `x` that an index of `shape` reaches: all of axis `dim`, and the sizes of the index elsewhere. */
export function corner(x: Tensor, shape: readonly number[], dim: number): Tensor {
  let part = x;
  shape.forEach((n, d) => {
    if (d !== dim && n < x.shape[d]!) part = part.narrow(d, 0, n);
  });
  return part;
}

/** @throws ShapeError unless the index has as many axes as the tensor, and is nowhere longer but along `dim`. */
export function checkReach(op: string, index: Tensor, x: Tensor, dim: number, name: string): void {
  if (Math.max(index.ndim, 1) !== Math.max(x.ndim, 1))
    throw new ShapeError(
      `${op}: Index tensor must have the same number of dimensions as ${name} tensor, got ${index.ndim} and ${x.ndim}`,
    );
  const tooLong = index.shape.findIndex((n, d) => d !== dim && n > (x.shape[d] ?? 1));
  if (tooLong >= 0 && index.numel() > 0)
    throw new ShapeError(
      `${op}: Size does not match at dimension ${tooLong} expected index ${shapeText(index.shape)} to be smaller than ${name} ${shapeText(x.shape)} apart from dimension ${dim}`,
    );
}

/** The index, where it leads and the part of `src` that it takes. */
export interface Route {
  readonly dim: number;
  readonly at: Tensor;
  readonly src: Tensor;
}

export function route(op: string, x: Tensor, dim: number, index: Tensor, src: Tensor): Route {
  checkTensor(op, x);
  checkIndexType(op, index, x);
  checkTensor(op, src, "src");
  if (src.dtype !== x.dtype)
    throw new DTypeError(
      `${op}: Expected self.dtype to be equal to src.dtype, got ${x.dtype} and ${src.dtype}; cast one with x.to(dtype)`,
    );
  const d = wrapDim(op, dim, x.ndim);
  checkReach(op, index, x, d, "self");
  checkReach(op, index, src, -1, "src");
  return { dim: d, at: checkedIndex(op, index, x.shape[d] ?? 1, d), src: corner(src.detach(), index.shape, -1) };
}

/** Scatters into a contiguous `y`; into the corner that the index reaches, if it does not reach all. */
function scatterOnto(y: Tensor, { dim, at, src }: Route, kind: ScatterKind): void {
  if (at.numel() === 0) return;
  const target = corner(y, at.shape, dim);
  const part = dense(target);
  const { n, inner } = axisOf("scatter", part.shape, dim);
  const source = dense(cast(src, y.dtype));
  const deterministic = determinism() > 0;
  const m = at.shape[dim] ?? 1;
  part.storage.backend.run("scatter", { kind, y: part, index: at, source, n, m, inner, deterministic });
  if (part !== target) y.storage.backend.copy(target, part);
}

/** Writes the elements of `src` where the index leads in a contiguous `y`. */
export const moveInto = (y: Tensor, way: Route): void => scatterOnto(y, way, "replace");

/** How elements that meet are joined. */
export type ReduceMode = "sum" | "prod" | "mean" | "amax" | "amin";

/** Every {@link ReduceMode}. */
export const reduceModes: readonly ReduceMode[] = ["sum", "mean", "prod", "amax", "amin"];

/** Joins the elements of `src` to those of a contiguous `y` where the index leads. A mean is a sum, divided later. */
export const joinInto = (y: Tensor, way: Route, mode: ReduceMode): void =>
  scatterOnto(y, way, mode === "mean" ? "sum" : mode);

/** `x` with the elements of `src` where the index leads. */
export function move(x: Tensor, way: Route): Tensor {
  const y = copyOf(x);
  moveInto(y, way);
  return y;
}

/** `x` with the elements of `src` joined to those where the index leads. */
export function joined(x: Tensor, way: Route, mode: ReduceMode): Tensor {
  const y = copyOf(x, computeType(x.dtype));
  joinInto(y, way, mode);
  return cast(y, x.dtype);
}

/** The gradient of a source that the index took a corner of. */
export function spread(g: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(g.shape, shape)) return g;
  if (shape.length === 0) return g.reshape(shape);
  let y = g.ndim === 0 ? g.reshape(1) : g;
  shape.forEach((n, d) => {
    if (y.shape[d]! < n) y = y.newZeros(y.shape.with(d, n)).sliceScatter(y, { dim: d, end: y.shape[d]! });
  });
  return y;
}
