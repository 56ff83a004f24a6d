/** Elements moved by index. Kernels that move elements of any dtype take their size in place of the code of the dtype. */
import { sizeOf } from "../../../core/dtype";
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";

/** Nanoseconds per element that is moved or added in whole slices, one by one, or searched for. */
const SLICE_COST = 0.5;
const MOVE_COST = 1;
const SEARCH_COST = 20;

/** The flag of scatter kernels whose source has an element for each index. */
const ONE_EACH = 0;

/** Codes of the kernel `scatterReduce`. */
const scatterCodes = { sum: 0, prod: 1, amax: 2, amin: 3 } as const;

/** Where kernels that go through all elements in order, on one thread, begin to write. */
const FROM_THE_START = 0;

export const indexings = {
  indexSelect(engine, { y, x, index, n, inner }) {
    const m = sizeOfShape(index.shape);
    const size = sizeOfShape(y.shape);
    const range = inner === 0 ? 0 : size / inner;
    engine.call("indexSelect", undefined, [sizeOf(y.dtype), y, x, index, n, m, inner], range, size * SLICE_COST);
  },

  indexCopy(engine, { y, index, source, n, inner }) {
    const m = sizeOfShape(index.shape);
    const range = n === 0 ? 0 : sizeOfShape(y.shape) / n;
    const args = [sizeOf(y.dtype), y, index, source, n, m, inner] as const;
    engine.callColumns("indexCopy", undefined, args, range, sizeOfShape(source.shape) * SLICE_COST);
  },

  indexAdd(engine, { y, index, source, alpha, n, inner }) {
    const m = sizeOfShape(index.shape);
    const range = n === 0 ? 0 : sizeOfShape(y.shape) / n;
    const args = [y, index, source, alpha, n, m, inner] as const;
    engine.callColumns("indexAdd", y.dtype, args, range, sizeOfShape(source.shape) * SLICE_COST);
  },

  gather(engine, { y, x, index, n, m, inner }) {
    const range = sizeOfShape(y.shape);
    engine.call("gather", undefined, [sizeOf(y.dtype), y, x, index, n, m, inner], range, range * MOVE_COST);
  },

  scatter(engine, { kind, y, index, source, n, m, inner }) {
    const size = sizeOfShape(index.shape);
    const range = m === 0 ? 0 : size / m;
    const cost = size * MOVE_COST;
    if (kind === "replace") {
      const args = [sizeOf(y.dtype), y, index, source, ONE_EACH, n, m, inner] as const;
      engine.call("scatter", undefined, args, range, cost);
    } else if (kind === "sum") engine.call("scatterAdd", y.dtype, [y, index, source, n, m, inner], range, cost);
    else {
      const args = [scatterCodes[kind], y, index, source, ONE_EACH, n, m, inner] as const;
      engine.call("scatterReduce", y.dtype, args, range, cost);
    }
  },

  searchSorted(engine, { y, sorted, values, n, m, shared, right }) {
    const range = sizeOfShape(values.shape);
    const args = [y, sorted, values, n, m, shared ? 1 : 0, right ? 1 : 0] as const;
    engine.call("searchsorted", values.dtype, args, range, range * SEARCH_COST);
  },

  nonzero(engine, { y, x }) {
    const args = [y, x, x.shape, x.shape.length, FROM_THE_START] as const;
    engine.call("nonzero", x.dtype, args, sizeOfShape(x.shape), 0);
  },

  maskedSelect(engine, { y, x, mask }) {
    const args = [sizeOf(x.dtype), y, x, mask, FROM_THE_START] as const;
    engine.call("maskedSelect", undefined, args, sizeOfShape(mask.shape), 0);
  },

  maskedScatter(engine, { y, mask, source }) {
    const args = [sizeOf(y.dtype), y, mask, source, FROM_THE_START] as const;
    engine.call("maskedScatter", undefined, args, sizeOfShape(mask.shape), 0);
  },
} satisfies OpTable<Engine>;
