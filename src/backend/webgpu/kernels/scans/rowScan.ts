/**
 * Running results along the middle axis of [outer, n, inner]: a thread for each row where rows are short or very many, else workgroups that scan a
 * block each. Where a row has several blocks, their totals are scanned first, by the same way.
 */
import type { Operand } from "../../../operand";
import { GpuBlock } from "../../buffers";
import type { Gpu } from "../../gpu";
import { type Program, WORKGROUP } from "../../wgsl/program";

/** A scan as a fold over states of one or two words. */
export interface Fold {
  /** Tells it from others. */
  readonly name: string;
  /** The type of the state. */
  readonly state: string;
  readonly declarations: string;
  /** The state before the first element. */
  readonly begin: string;
  /** The state of `a` followed by `b`. */
  readonly merge: (a: string, b: string) => string;
  /** The words of a state, as i32. */
  readonly pack: (s: string) => readonly string[];
  readonly unpack: (words: readonly string[]) => string;
}

/** How a scan reads and writes. Places count elements from the first of an operand. */
export interface Ends {
  /** The state of the element at `place`, whose number along the row is `i`. */
  readonly read: (place: string, i: string) => string;
  /** Statements that store a state. */
  readonly write: (place: string, s: string) => string;
}

/** The size of what is scanned. */
export interface Extent {
  readonly rows: number;
  readonly n: number;
  readonly inner: number;
  readonly reverse: boolean;
}

/** Elements of a block. */
const BLOCK = 1024;
const SHORT_ROW = 32;
const MANY_ROWS = 4096;

/** Runs a scan. @param ends adds the operands to a program */
export function scanRows(gpu: Gpu, fold: Fold, extent: Extent, ends: (program: Program) => Ends): void {
  const { rows, n, inner } = extent;
  if (rows === 0 || n === 0) return;
  if (n <= SHORT_ROW || (rows >= MANY_ROWS && inner >= SHORT_ROW)) {
    byThreads(gpu, fold, extent, ends);
    return;
  }
  const blocks = Math.ceil(n / BLOCK);
  if (blocks === 1) {
    byBlocks(gpu, fold, extent, ends, undefined, false);
    return;
  }
  const words = fold.pack("s").length;
  const block = new GpuBlock(4 * words * rows * blocks);
  const totals: Operand = {
    storage: { block },
    offset: 0,
    shape: [rows * blocks * words],
    strides: [1],
    dtype: "int32",
  };
  byBlocks(gpu, fold, extent, ends, totals, false);
  scanRows(gpu, fold, { rows, n: blocks, inner: 1, reverse: false }, (program) => {
    const view = program.write(totals);
    const at = (place: string, i: number): string => `${view.offset} + (${place}) * ${words}u + ${i}u`;
    return {
      read: (place) => fold.unpack(Array.from({ length: words }, (_, i) => view.load(at(place, i)))),
      write: (place, s) =>
        fold
          .pack(s)
          .map((word, i) => view.store(at(place, i), word))
          .join("\n"),
    };
  });
  byBlocks(gpu, fold, extent, ends, totals, true);
  gpu.release(block);
}

/** The place of element `i` of a row. */
const PLACE = "(row / inner) * n * inner + row % inner + i * inner";
const stepOf = (reverse: boolean, i: string): string => (reverse ? `n - 1u - (${i})` : i);

function byThreads(gpu: Gpu, fold: Fold, { rows, n, inner, reverse }: Extent, ends: (program: Program) => Ends): void {
  const program = gpu.begin();
  const { read, write } = ends(program);
  const words = program.uints(rows, n, inner);
  gpu.dispatchEach(`${fold.name} thread ${reverse}`, rows, () => ({
    declarations: fold.declarations,
    body: `let row = index;
if (row >= ${words[0]}) { return; }
let n = ${words[1]};
let inner = ${words[2]};
var s: ${fold.state} = ${fold.begin};
for (var k = 0u; k < n; k++) {
  let i = ${stepOf(reverse, "k")};
  let place = ${PLACE};
  let v = ${read("place", "i")};
  s = ${fold.merge("s", "v")};
  ${write("place", "s")}
}`,
  }));
}

/**
 * Scans blocks, a workgroup each: either only their totals are written, or all results, which go on from the scanned totals where there are some.
 */
function byBlocks(
  gpu: Gpu,
  fold: Fold,
  { rows, n, inner, reverse }: Extent,
  ends: (program: Program) => Ends,
  totals: Operand | undefined,
  isCarried: boolean,
): void {
  const blocks = Math.ceil(n / BLOCK);
  const each = Math.ceil(Math.min(n, BLOCK) / WORKGROUP);
  const program = gpu.begin();
  const { read, write } = ends(program);
  const sums = totals && (isCarried ? program.read(totals) : program.write(totals));
  const words = program.uints(rows * blocks, n, inner, blocks);
  const count = fold.pack("s").length;
  const isTotal = totals !== undefined && !isCarried;
  const sumAt = (block: string, i: number): string => `${sums!.offset} + (${block}) * ${count}u + ${i}u`;
  const carry = (): string =>
    `if (block > 0u) { s = ${fold.unpack(Array.from({ length: count }, (_, i) => sums!.load(sumAt("id - 1u", i))))}; }`;
  const walk = (statements: string): string => `for (var k = 0u; k < ${each}u; k++) {
  let step = block * ${BLOCK}u + local * ${each}u + k;
  if (step >= n) { break; }
  let i = ${stepOf(reverse, "step")};
  let place = ${PLACE};
  let v = ${read("place", "i")};
  s = ${fold.merge("s", "v")};
  ${statements}
}`;
  const end = (): string =>
    isTotal
      ? `if (local == ${WORKGROUP - 1}u) {
  let t = states[local];
  ${fold
    .pack("t")
    .map((word, i) => sums!.store(sumAt("id", i), word))
    .join("\n")}
}`
      : `s = ${fold.begin};
${isCarried ? carry() : ""}
if (local > 0u) { s = ${fold.merge("s", "states[local - 1u]")}; }
${walk(write("place", "s"))}`;
  gpu.dispatch(`${fold.name} block ${each} ${isTotal} ${isCarried} ${reverse}`, rows * blocks, () => ({
    declarations: `${fold.declarations}\nvar<workgroup> states: array<${fold.state}, ${WORKGROUP}>;`,
    body: `let id = group.y * groups.x + group.x;
if (id >= ${words[0]}) { return; }
let n = ${words[1]};
let inner = ${words[2]};
let row = id / ${words[3]};
let block = id % ${words[3]};
var s: ${fold.state} = ${fold.begin};
${walk("")}
states[local] = s;
workgroupBarrier();
for (var back = 1u; back < ${WORKGROUP}u; back = back << 1u) {
  var joined = states[local];
  if (local >= back) { joined = ${fold.merge("states[local - back]", "joined")}; }
  workgroupBarrier();
  states[local] = joined;
  workgroupBarrier();
}
${end()}`,
  }));
}
