/** Elements chosen one by one along an axis, by an index of the shape of the result; and the ways back. */

import { record } from "../../autograd/node";
import { checkChoice } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { broadcastShapes, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, checkScalar, filled } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { inplace } from "../builders/inplace";
import { axisOf, checkedIndex, checkIndexType, dense, writing } from "./indexChecks";
import { checkReach, corner, joined, joinInto, move, moveInto, route, spread } from "./scatterInto";
import { scatterReduce } from "./scatterReduce";

/**
 * y[i][j][k] = x[index[i][j][k]][j][k] for dim 0, and so on. The result has the shape of the index.
 * @see torch.gather
 * @throws ShapeError if the index is longer than `x` along another axis, IndexError for an index out of range.
 */
export const gather = named("gather", "input, dim, index", (x: Tensor, dim: number, index: Tensor): Tensor => {
  checkTensor("gather", x);
  checkIndexType("gather", index, x);
  const d = wrapDim("gather", dim, x.ndim);
  checkReach("gather", index, x, d, "input");
  const at = checkedIndex("gather", index, x.shape[d] ?? 1, d);
  const source = corner(x.detach(), index.shape, d);
  const { n, outer, inner } = axisOf("gather", source.shape, d);
  const y = allocate(index.shape, x.dtype, x);
  const m = index.shape[d] ?? 1;
  if (outer * inner > 0) y.storage.backend.run("gather", { y, x: dense(source), index: at, n, m, inner });
  const { shape } = x;
  return record("GatherBackward0", y, [x], [at], [(g, [i]) => g.newZeros(shape).scatterAdd(d, i!, g)]);
});

/** The source with an element for each index: of a number, or of a 0-d tensor, the same everywhere. */
function sourceOf(x: Tensor, index: Tensor, src: Tensor | number | boolean): Tensor {
  if (!(src instanceof Tensor)) {
    checkScalar("scatter", "src", src, x.dtype);
    return filled(allocate(index.shape, x.dtype, x), src);
  }
  return src.ndim === 0 && index.ndim > 0 ? src.to(x.dtype).expand(index.shape) : src;
}

/** Options of {@link scatter}. */
export interface ScatterOptions {
  /** Join with what is there instead of replacing it. */
  reduce?: "add" | "multiply" | null;
}

/**
 * y[index[i][j][k]][j][k] = src[i][j][k] for dim 0, and so on; everything else as in `x`. The source may be a number. Which element stays
 * where indices repeat is unspecified.
 * @see torch.scatter
 * @throws ShapeError if the index is longer than `x` or `src` along another axis, IndexError for an index out of range.
 */
export const scatter = named(
  "scatter",
  "input, dim, index, src;; reduce",
  (x: Tensor, dim: number, index: Tensor, src: Tensor | number | boolean, options: ScatterOptions = {}): Tensor => {
    checkTensor("scatter", x);
    checkTensor("scatter", index, "index");
    if (options.reduce != null) checkChoice("scatter", "reduce", options.reduce, ["add", "multiply"]);
    const source = sourceOf(x, index, src);
    if (options.reduce === "add") return scatterAdd(x, dim, index, source);
    if (options.reduce === "multiply") return scatterReduce(x, dim, index, source, "prod");
    const way = route("scatter", x, dim, index, source);
    const { shape } = source;
    return record(
      "ScatterBackward0",
      move(x, way),
      [x, source],
      [way.at],
      [(g, [i]) => g.scatter(way.dim, i!, 0), (g, [i]) => spread(g.gather(way.dim, i!), shape)],
    );
  },
);

/**
 * y[index[i][j][k]][j][k] += src[i][j][k] for dim 0, and so on; elements that meet add up.
 * @see torch.scatter_add
 * @throws ShapeError if the index is longer than `x` or `src` along another axis, IndexError for an index out of range.
 */
export const scatterAdd = named(
  "scatterAdd",
  "input, dim, index, src",
  (x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor => {
    const way = route("scatterAdd", x, dim, index, src);
    const { shape } = src;
    return record(
      "ScatterAddBackward0",
      joined(x, way, "sum"),
      [x, src],
      [way.at],
      [(g) => g, (g, [i]) => spread(g.gather(way.dim, i!), shape)],
    );
  },
);

/**
 * {@link gather} with the index and `x` broadcast against each other, but for `dim`; without `dim` over all elements in row-major order.
 * @see torch.take_along_dim
 * @example x.takeAlongDim(x.argsort(1), 1)
 */
export const takeAlongDim = named(
  "takeAlongDim",
  "input, indices, dim?",
  (x: Tensor, indices: Tensor, dim?: number | null): Tensor => {
    checkTensor("takeAlongDim", x);
    checkTensor("takeAlongDim", indices, "indices");
    if (dim === undefined || dim === null) return gather(x.reshape(-1), 0, indices.reshape(-1));
    if (x.ndim !== indices.ndim)
      throw new ShapeError(
        `takeAlongDim(): input and indices should have the same number of dimensions, but got ${x.ndim} dimensions for input, and ${indices.ndim} dimensions for indices`,
      );
    const d = wrapDim("takeAlongDim", dim, x.ndim);
    const shape = broadcastShapes("takeAlongDim", x.shape.with(d, 1), indices.shape.with(d, 1));
    return gather(x.expand(shape.with(d, x.shape[d]!)), d, indices.expand(shape.with(d, indices.shape[d]!)));
  },
);

/** scatter in place. @see torch.Tensor.scatter_ */
export const scatter_: typeof scatter = inplace(
  "scatter_",
  writing("scatter_", scatter, (x, dim, index, src, options = {}) => {
    checkTensor("scatter_", index, "index");
    if (options.reduce != null) x.copy_(scatter(x, dim, index, src, options));
    else moveInto(x, route("scatter_", x, dim, index, sourceOf(x, index, src)));
  }),
);
/** scatterAdd in place. @see torch.Tensor.scatter_add_ */
export const scatterAdd_: typeof scatterAdd = inplace(
  "scatterAdd_",
  writing("scatterAdd_", scatterAdd, (x, dim, index, src) => {
    joinInto(x, route("scatterAdd_", x, dim, index, src), "sum");
  }),
);
/** scatterReduce in place. @see torch.Tensor.scatter_reduce_ */
export const scatterReduce_: typeof scatterReduce = inplace("scatterReduce_", scatterReduce);
