/** Single steps of recurrent networks: one invocation for each element of the state. */
import { sizeOfShape } from "../../../../core/shape";
import type { Operand } from "../../../operand";
import type { GruCell, GruCellGradient, LstmCell, LstmCellGradient } from "../../../ops";
import type { Gpu } from "../../gpu";
import type { Program, View } from "../../wgsl/program";

/** An operand [n, count · size] of which an invocation sees one element for each gate, and an operand [n, size] as one with one gate. */
class Gates {
  private readonly view: View;

  constructor(
    program: Program,
    x: Operand,
    private readonly count: number,
    private readonly size: string,
    isWritten: boolean,
  ) {
    this.view = isWritten ? program.scatter(x) : program.read(x);
  }

  private at(gate: number): string {
    return `${this.view.offset} + (index / ${this.size}) * ${this.count}u * ${this.size} + ${gate}u * ${this.size} + index % ${this.size}`;
  }

  load(gate = 0): string {
    return this.view.load(this.at(gate));
  }

  store(value: string, gate = 0): string {
    return this.view.store(this.at(gate), value);
  }
}

/** Runs a kernel over the elements of a state. `body` gets a maker of operands with so many gates. */
function eachOf(
  gpu: Gpu,
  name: string,
  state: Operand,
  size: number,
  body: (gates: (x: Operand, count: number, isWritten?: boolean) => Gates) => () => string,
): void {
  const n = sizeOfShape(state.shape);
  if (n === 0) return;
  const program = gpu.begin();
  const [width, count] = [program.uint(size), program.uint(n)];
  const text = body((x, gates, isWritten = false) => new Gates(program, x, gates, width, isWritten));
  gpu.dispatchEach(name, n, () => ({ body: `if (index >= ${count}) { return; }\n${text()}` }));
}

/** Runs a step of an LSTM. */
export function lstmCell(gpu: Gpu, { hidden, cells, gates, cellsBefore, size }: LstmCell): void {
  eachOf(gpu, "lstmCell", hidden, size, (operand) => {
    const [h, c, g] = [operand(hidden, 1, true), operand(cells, 1, true), operand(gates, 4, true)];
    const before = operand(cellsBefore, 1);
    return () => `let i = sigmoidSafe(${g.load(0)});
let f = sigmoidSafe(${g.load(1)});
let fresh = tanhSafe(${g.load(2)});
let o = sigmoidSafe(${g.load(3)});
let cell = f * ${before.load()} + i * fresh;
${["i", "f", "fresh", "o"].map((value, gate) => g.store(value, gate)).join("\n")}
${c.store("cell")}
${h.store("o * tanhSafe(cell)")}`;
  });
}

/** Runs its gradient. */
export function lstmCellGradient(gpu: Gpu, work: LstmCellGradient): void {
  eachOf(gpu, "lstmCellGradient", work.gHidden, work.size, (operand) => {
    const [d, dc] = [operand(work.gGates, 4, true), operand(work.gCells, 1, true)];
    const [dh, g] = [operand(work.gHidden, 1), operand(work.active, 4)];
    const [c, before] = [operand(work.cells, 1), operand(work.cellsBefore, 1)];
    return () => `let i = ${g.load(0)};
let f = ${g.load(1)};
let fresh = ${g.load(2)};
let o = ${g.load(3)};
let bent = tanhSafe(${c.load()});
let gh = ${dh.load()};
let gc = ${dc.load()} + gh * o * (1.0 - bent * bent);
let old = ${before.load()};
${["gc * fresh * (i - i * i)", "gc * old * (f - f * f)", "gc * i * (1.0 - fresh * fresh)", "gh * bent * (o - o * o)"]
  .map((value, gate) => d.store(value, gate))
  .join("\n")}
${dc.store("gc * f")}`;
  });
}

/** Runs a step of a GRU. */
export function gruCell(gpu: Gpu, { hidden, gates, fromState, hiddenBefore, size }: GruCell): void {
  eachOf(gpu, "gruCell", hidden, size, (operand) => {
    const [h, g] = [operand(hidden, 1, true), operand(gates, 3, true)];
    const [s, before] = [operand(fromState, 3), operand(hiddenBefore, 1)];
    return () => `let r = sigmoidSafe(${g.load(0)} + ${s.load(0)});
let z = sigmoidSafe(${g.load(1)} + ${s.load(1)});
let fresh = tanhSafe(${g.load(2)} + r * ${s.load(2)});
let old = ${before.load()};
${["r", "z", "fresh"].map((value, gate) => g.store(value, gate)).join("\n")}
${h.store("(old - fresh) * z + fresh")}`;
  });
}

/** Runs its gradient. */
export function gruCellGradient(gpu: Gpu, work: GruCellGradient): void {
  eachOf(gpu, "gruCellGradient", work.gHidden, work.size, (operand) => {
    const [d, ds] = [operand(work.gGates, 3, true), operand(work.gFromState, 3, true)];
    const [dh, g] = [operand(work.gHidden, 1, true), operand(work.active, 3)];
    const [s, before] = [operand(work.fromState, 3), operand(work.hiddenBefore, 1)];
    return () => `let r = ${g.load(0)};
let z = ${g.load(1)};
let fresh = ${g.load(2)};
let gh = ${dh.load()};
let kept = gh * z;
let dNew = (gh - kept) * (1.0 - fresh * fresh);
let dUpdate = gh * (${before.load()} - fresh) * (z - z * z);
let dReset = dNew * ${s.load(2)} * (r - r * r);
${["dReset", "dUpdate", "dNew"].map((value, gate) => d.store(value, gate)).join("\n")}
${["dReset", "dUpdate", "dNew * r"].map((value, gate) => ds.store(value, gate)).join("\n")}
${dh.store("kept")}`;
  });
}
