/** Sorting, with scratch memory of threads where that is enough. */
import { codeOf } from "../../../core/dtype";
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";
import { THREAD_SCRATCH } from "../pool";

/** Nanoseconds per element sorted. */
const SORT_COST = 12;

export const sorts = {
  sort(engine, { values, indices, x, n, m, inner, descending }) {
    const args = [values, indices, x, n, m, inner, descending ? 1 : 0];
    const range = n === 0 ? 0 : sizeOfShape(x.shape) / n;
    const bytes = engine.ask("sortScratch", [codeOf(x.dtype), n]);
    if (bytes <= THREAD_SCRATCH) {
      engine.call("sort", x.dtype, args, range, range * n * SORT_COST, true);
      return;
    }
    // Rows too long for that share one piece of memory, so that one thread sorts them all.
    const scratch = engine.temporary("uint8", bytes);
    engine.call("sort", x.dtype, [...args, scratch], range, 0);
    engine.drop(scratch);
  },

  mostFrequent(engine, { values, indices, x, n, inner }) {
    const scratch = engine.temporary("uint8", engine.ask("sortScratch", [codeOf(x.dtype), n]));
    engine.call("mode", x.dtype, [values, indices, x, n, inner, scratch], sizeOfShape(values.shape), 0);
    engine.drop(scratch);
  },
} satisfies OpTable<Engine>;
