/** Ops that read and write at places, and that sort. */
import { sizeOfShape } from "../../../core/shape";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import type { Value } from "../values";
import { arange, full, tensor } from "./make";

/** Places from the front, of int64. @throws FormatError for places that there are not. */
export function placesIn(c: Context, index: Tensor, size: number): Tensor {
  const places = index.to("int64");
  const wrapped = places.add(places.lt(0).to("int64").mul(size));
  if (wrapped.numel() > 0) {
    const [low, high] = [Number(wrapped.min().item()), Number(wrapped.max().item())];
    if (low < 0 || high >= size) c.fail(`an index is out of range for an axis of size ${size}`);
  }
  return wrapped;
}

function gather(c: Context): Tensor {
  const x = c.x;
  const axis = c.axis("axis", x.ndim, 0);
  const index = c.y;
  const places = placesIn(c, index, x.shape[axis]!);
  const shape = [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)];
  return x.indexSelect(axis, places.reshape([-1])).reshape(shape);
}

function gatherElements(c: Context): Tensor {
  const axis = c.axis("axis", c.x.ndim, 0);
  return c.x.gather(axis, placesIn(c, c.y, c.x.shape[axis]!));
}

/** The places in the tensor as one row that tuples of indices stand for, and what each is the place of. */
function tuples(c: Context, shape: readonly number[], index: Tensor, batch: number) {
  const depth = index.shape.at(-1) ?? c.fail("the indices have no axis");
  if (batch + depth > shape.length) c.fail(`${depth} indices are too many for ${shape.length - batch} axes`);
  const inner = shape.slice(batch + depth);
  let at = tensor(0, "int64").expand([...index.shape.slice(0, -1)]);
  for (let i = 0; i < depth; i++)
    at = at.mul(shape[batch + i]!).add(placesIn(c, index.select(index.ndim - 1, i), shape[batch + i]!));
  return { at, inner, outer: index.shape.slice(0, -1) };
}

function gatherND(c: Context): Tensor {
  const x = c.x;
  const batch = c.int("batch_dims", 0);
  const { at, inner, outer } = tuples(c, x.shape, c.y, batch);
  const batches = sizeOfShape(x.shape.slice(0, batch));
  const rows = sizeOfShape(x.shape) / Math.max(1, batches * sizeOfShape(inner));
  const first = arange(batches, "int64").mul(rows).reshape([batches, 1]);
  const places = at.reshape([batches, -1]).add(first).reshape([-1]);
  return x
    .reshape([batches * rows, sizeOfShape(inner)])
    .indexSelect(0, places)
    .reshape([...outer, ...inner]);
}

const reductions: Readonly<Record<string, "sum" | "prod" | "amax" | "amin">> = {
  add: "sum",
  mul: "prod",
  max: "amax",
  min: "amin",
};

/** Writes `updates`, the later ones over the earlier ones. */
function scatterInto(c: Context, x: Tensor, axis: number, places: Tensor, updates: Tensor): Tensor {
  const name = c.string("reduction", "none");
  if (name === "none") return x.scatter(axis, places, updates.to(x.dtype));
  const reduce = reductions[name] ?? c.fail(`there is no reduction "${name}"`);
  return reduce === "sum" ? x.scatterAdd(axis, places, updates) : x.scatterReduce(axis, places, updates, reduce);
}

function scatterElements(c: Context): Tensor {
  const axis = c.axis("axis", c.x.ndim, 0);
  return scatterInto(c, c.x, axis, placesIn(c, c.y, c.x.shape[axis]!), c.tensor(2));
}

function scatterND(c: Context): Tensor {
  const x = c.x;
  const { at, inner } = tuples(c, x.shape, c.y, 0);
  const width = sizeOfShape(inner);
  const rows = width === 0 ? 0 : x.numel() / width;
  const places = at.reshape([-1, 1]);
  const updates = c.tensor(2).reshape([places.shape[0]!, width]);
  return scatterInto(c, x.reshape([rows, width]), 0, places.expand([places.shape[0]!, width]), updates).reshape([
    ...x.shape,
  ]);
}

function oneHot(c: Context): Tensor {
  const depth = c.scalar(1);
  const values = c.tensor(2);
  const index = c.x.to("int64");
  const ndim = index.ndim + 1;
  const axis = c.wrapAxis(c.int("axis", -1), ndim);
  const places = arange(depth, "int64").reshape(Array.from({ length: ndim }, (_, i) => (i === axis ? -1 : 1)));
  const wrapped = index.add(index.lt(0).to("int64").mul(depth)).unsqueeze(axis);
  return values.select(0, 1).where(wrapped.eq(places), values.select(0, 0));
}

/** The `k` largest or smallest, of equal ones the first. */
function topK(c: Context): Value[] {
  const x = c.x;
  const axis = c.axis("axis", x.ndim, -1);
  const k = c.version < 10 ? c.int("k") : c.scalar(1);
  if (k < 0 || k > x.shape[axis]!) c.fail(`k = ${k} is out of range for an axis of size ${x.shape[axis]}`);
  const { values, indices } = x.sort({ dim: axis, descending: c.flag("largest", true), stable: true });
  return [values.narrow(axis, 0, k), indices.narrow(axis, 0, k)];
}

function compress(c: Context): Tensor {
  const flat = !c.attributes.has("axis");
  const x = flat ? c.x.reshape([-1]) : c.x;
  const axis = flat ? 0 : c.axis("axis", x.ndim);
  const places = c.y.nonzero().reshape([-1]);
  return x.indexSelect(axis, placesIn(c, places, x.shape[axis]!));
}

/** Sums up to each place, without it if `exclusive`, from the end if `reverse`. */
function cumSum(c: Context): Tensor {
  const axis = c.wrapAxis(c.scalar(1), c.x.ndim);
  const turn = (x: Tensor) => (c.flag("reverse") ? x.flip([axis]) : x);
  const sums = turn(c.x).cumsum(axis).to(c.x.dtype);
  return turn(c.flag("exclusive") ? sums.sub(turn(c.x)) : sums);
}

/** Different elements, or slices along an axis, in order or as they come. */
function unique(c: Context): Value[] {
  const hasAxis = c.attributes.has("axis");
  const x = hasAxis ? c.x : c.x.reshape([-1]);
  const axis = hasAxis ? c.axis("axis", x.ndim) : 0;
  const options = { dim: axis, returnInverse: true, returnCounts: true, sorted: true };
  const [, inverse, counts] = x.unique(options as never) as unknown as [Tensor, Tensor, Tensor];
  const n = x.shape[axis]!;
  const groups = counts.shape[0]!;
  const first = full([groups], n, "int64").scatterReduce(0, inverse, arange(n, "int64"), "amin");
  const order = c.flag("sorted", true) ? arange(groups, "int64") : first.argsort();
  const rank = full([groups], 0, "int64").scatter(0, order, arange(groups, "int64"));
  const places = first.indexSelect(0, order);
  return [x.indexSelect(axis, places), places, rank.indexSelect(0, inverse), counts.indexSelect(0, order)];
}

export const indexing: readonly Entry[] = [
  { name: "Compress", since: 9, run: compress },
  { name: "CumSum", since: 11, run: cumSum },
  { name: "Gather", weights: [0], unsigned: "itself", run: gather },
  { name: "GatherElements", since: 11, run: gatherElements },
  { name: "GatherND", since: 11, run: gatherND },
  { name: "NonZero", since: 9, run: (c) => c.x.nonzero().t() },
  { name: "OneHot", since: 9, run: oneHot },
  { name: "Scatter", since: 9, run: scatterElements },
  { name: "ScatterElements", since: 11, run: scatterElements },
  { name: "ScatterND", since: 11, run: scatterND },
  { name: "TopK", run: topK },
  { name: "Unique", since: 11, run: unique },
];
