/** Elements made from their positions. */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";

export const elementwise = {
  arange(engine, { y, start, step }) {
    const n = sizeOfShape(y.shape);
    engine.call("arange", y.dtype, [y, start, step], n, n);
  },
} satisfies OpTable<Engine>;
