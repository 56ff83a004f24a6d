/** Scattered elements joined where they meet. */

import { record } from "../../autograd/node";
import { checkChoice } from "../../core/arguments";
import { type DType, isFloat } from "../../core/dtype";
import { named } from "../../core/signature";
import { allocate, filled } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { corner, joined, move, type ReduceMode, type Route, reduceModes, route, spread } from "./scatterInto";

/** Options of {@link scatterReduce}. */
export interface ScatterReduceOptions {
  /** Whether the elements of `x` take part where the index leads. Default: true. */
  includeSelf?: boolean;
}

/** The value that changes nothing; for extrema the elements of src themselves, since any of them may begin. */
function cleared(x: Tensor, way: Route, mode: ReduceMode): Tensor {
  if (mode === "amax" || mode === "amin") return move(x, way);
  const neutral = filled(allocate(way.at.shape, x.dtype, x), mode === "prod" ? 1 : 0);
  return move(x, { ...way, src: neutral });
}

/** How many elements meet in each place, at least 1. */
function meeting(like: Tensor, { dim, at }: Pick<Route, "dim" | "at">, includeSelf: boolean, dtype: DType): Tensor {
  const start = filled(allocate(like.shape, dtype, like), includeSelf ? 1 : 0);
  const ones = filled(allocate(at.shape, dtype, like), 1);
  return start.scatterAdd(dim, at, ones).clampMin(1);
}

/**
 * {@link scatter} with elements that meet joined by `reduce`: `"sum"`, `"prod"`, `"mean"`, `"amax"` or `"amin"`. The mean of integers is rounded down.
 * @see torch.scatter_reduce
 */
export const scatterReduce = named(
  "scatterReduce",
  "input, dim, index, src, reduce;; includeSelf",
  (
    x: Tensor,
    dim: number,
    index: Tensor,
    src: Tensor,
    reduce: ReduceMode,
    options: ScatterReduceOptions = {},
  ): Tensor => {
    checkChoice("scatterReduce", "reduce", reduce, reduceModes);
    const way = route("scatterReduce", x, dim, index, src);
    const includeSelf = options.includeSelf ?? true;
    let y = joined(includeSelf ? x.detach() : cleared(x.detach(), way, reduce), way, reduce);
    if (reduce === "mean") {
      const count = meeting(x, way, includeSelf, isFloat(x.dtype) ? x.dtype : "int64");
      y = isFloat(x.dtype) ? y.div(count) : y.floorDivide(count).to(x.dtype);
    }
    const { shape } = src;
    const saved = reduce === "sum" || reduce === "mean" ? [way.at] : [way.at, x, src, y];
    return record("ScatterReduceBackward0", y, [x, src], saved, ([g], [at, self, source, result]) => {
      const call: Call = { at: at!, dim: way.dim, includeSelf, reduce };
      const [gx, gs] =
        source === undefined
          ? additiveGrads(g!, call)
          : pickGrads(reduce)(g!, self!, corner(source, at!.shape, -1), result!, call);
      return [includeSelf ? gx : gx.scatter(way.dim, at!, 0), spread(gs, shape)];
    });
  },
);

/** A call of {@link scatterReduce}, for its gradients. */
interface Call {
  readonly at: Tensor;
  readonly dim: number;
  readonly includeSelf: boolean;
  readonly reduce: ReduceMode;
}

type Pair = readonly [self: Tensor, src: Tensor];

/** The gradient of a sum is the gradient itself; that of a mean is divided by the number of elements that met. */
function additiveGrads(g: Tensor, call: Call): Pair {
  const { at, dim, includeSelf, reduce } = call;
  const share = reduce === "sum" ? g : g.div(meeting(g, call, includeSelf, g.dtype));
  return [share, share.gather(dim, at)];
}

const pickGrads = (reduce: ReduceMode) => (reduce === "prod" ? productGrads : extremeGrads);

/** Shared evenly by all elements that are the extreme. */
function extremeGrads(g: Tensor, self: Tensor, src: Tensor, result: Tensor, { at, dim }: Call): Pair {
  const isSelf = self.eq(result).to(g.dtype);
  const isSource = src.eq(result.gather(dim, at)).to(g.dtype);
  const share = g.div(isSelf.scatterAdd(dim, at, isSource).clampMin(1));
  return [isSelf.mul(share), isSource.mul(share.gather(dim, at))];
}

/** The product of the others: by division, but where the element is 0 by a product without it. */
function productGrads(g: Tensor, self: Tensor, src: Tensor, result: Tensor, { at, dim, includeSelf }: Call): Pair {
  const product = (x: Tensor, y: Tensor) => x.scatterReduce(dim, at, y, "prod", { includeSelf });
  const selfNotZero = self.maskedFill(self.eq(0), 1);
  const gx = g.mul(product(selfNotZero, src)).div(selfNotZero);
  const isZero = src.eq(0);
  const zeros = g.newZeros(g.shape).scatterAdd(dim, at, isZero.to(g.dtype)).gather(dim, at);
  const isOnlyZero = isZero.logicalAnd(zeros.eq(1));
  const withoutZero = g.mul(product(self, src.maskedFill(isOnlyZero, 1))).gather(dim, at);
  const divided = g.mul(result).gather(dim, at).div(src.maskedFill(isZero, 1));
  return [gx, withoutZero.mul(isOnlyZero.to(g.dtype)).add(divided.maskedFill(isOnlyZero, 0))];
}
