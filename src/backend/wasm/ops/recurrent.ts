/** Steps of recurrent networks, over a range of sequences. */
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";

/** Nanoseconds per element of a cell. */
const CELL_COST = 8;

export const recurrents = {
  lstmCell(engine, { hidden, cells, gates, cellsBefore, size }) {
    const n = hidden.shape[0]!;
    engine.call("lstmCell", gates.dtype, [hidden, cells, gates, cellsBefore, size], n, n * size * CELL_COST);
  },

  lstmCellGradient(engine, { gGates, gCells, gHidden, active, cells, cellsBefore, size }) {
    const n = gHidden.shape[0]!;
    const args = [gGates, gCells, gHidden, active, cells, cellsBefore, size];
    engine.call("lstmCellBackward", gHidden.dtype, args, n, n * size * CELL_COST);
  },

  gruCell(engine, { hidden, gates, fromState, hiddenBefore, size }) {
    const n = hidden.shape[0]!;
    engine.call("gruCell", gates.dtype, [hidden, gates, fromState, hiddenBefore, size], n, n * size * CELL_COST);
  },

  gruCellGradient(engine, { gGates, gFromState, gHidden, active, fromState, hiddenBefore, size }) {
    const n = gHidden.shape[0]!;
    const args = [gGates, gFromState, gHidden, active, fromState, hiddenBefore, size];
    engine.call("gruCellBackward", gHidden.dtype, args, n, n * size * CELL_COST);
  },
} satisfies OpTable<Engine>;
