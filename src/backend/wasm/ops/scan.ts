/** Running results along an axis. */
import { sizeOfShape } from "../../../core/shape";
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";

/** Nanoseconds per element. */
const SCAN_COST = 1.5;

export const scans = {
  scan(engine, { kind, y, x, n, inner, reverse }) {
    const size = sizeOfShape(x.shape);
    const args = [y, x, n, inner, reverse ? 1 : 0] as const;
    const rows = n === 0 ? 0 : size / n;
    if (inner > 1) engine.callColumns(kind, x.dtype, args, rows, size * SCAN_COST);
    else engine.call(kind, x.dtype, args, rows, size * SCAN_COST);
  },

  runningExtremum(engine, { kind, values, indices, x, n, inner }) {
    const size = sizeOfShape(x.shape);
    engine.call(kind, x.dtype, [values, indices, x, n, inner], n === 0 ? 0 : size / n, size * SCAN_COST);
  },
} satisfies OpTable<Engine>;
