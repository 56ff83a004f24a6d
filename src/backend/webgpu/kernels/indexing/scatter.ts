/**
 * Elements written by index; a bad index writes nothing. What may meet in one place is joined by atomic operations, in any order. Where that would
 * show (floating-point numbers that round, elements that replace each other) and the description asks for one result whatever the order, indices
 * are sorted first, and one invocation joins all that goes to one place, in the order of the source.
 */
import { sizeOfShape } from "../../../../core/shape";
import type { Operand } from "../../../operand";
import type { IndexAdd, IndexCopy, Scatter, ScatterKind } from "../../../ops";
import { GpuBlock } from "../../buffers";
import type { Gpu } from "../../gpu";
import { sort } from "../sort";
import { exchange, guard, joined, mendSigns, settled, typeOf, wrapped } from "./places";

/** A description of everything that writes by index. */
interface Writes {
  readonly name: string;
  readonly kind: ScatterKind;
  readonly y: Operand;
  readonly index: Operand;
  readonly source: Operand;
  readonly n: number;
  readonly m: number;
  readonly inner: number;
  /** Whether there is an index for each element, or one for all of inner and outer. */
  readonly isEach: boolean;
  /** What elements of the source are multiplied by. */
  readonly alpha?: number;
}

/** Runs y[o, index[j], i] = source[o, j, i]. */
export function indexCopy(gpu: Gpu, { y, index, source, n, inner }: IndexCopy): void {
  inOrder(gpu, { name: "indexCopy", kind: "replace", ...slices({ y, index, source, n, inner }) });
}

/** Runs y[o, index[j], i] += alpha · source[o, j, i]. */
export function indexAdd(gpu: Gpu, { alpha, deterministic, ...work }: IndexAdd): void {
  const writes: Writes = { name: "indexAdd", kind: "sum", alpha, ...slices(work) };
  if (deterministic) inOrder(gpu, writes);
  else atOnce(gpu, writes);
}

const slices = ({ y, index, source, n, inner }: IndexCopy) => ({
  y,
  index,
  source,
  n,
  m: sizeOfShape(index.shape),
  inner,
  isEach: false,
});

/** Runs y[o, index[o, j, i], i] joined with source[o, j, i]. */
export function scatter(gpu: Gpu, { kind, y, index, source, n, m, inner, deterministic }: Scatter): void {
  const writes: Writes = { name: "scatter", kind, y, index, source, n, m, inner, isEach: true };
  if (deterministic || kind === "replace") inOrder(gpu, writes);
  else atOnce(gpu, writes);
}

/** The place in y of the element of the source whose number is `e`, if its index is `j`. */
const PLACE = "(e / (m * inner) * n + j) * inner + e % inner";

/** One invocation for each element of the source, by atomic operations. */
function atOnce(gpu: Gpu, { name, kind, y, index, source, n, m, inner, isEach, alpha }: Writes): void {
  const count = sizeOfShape(source.shape);
  if (count === 0 || kind === "replace") return;
  const program = gpu.begin();
  const target = program.atomic(y);
  const from = program.read(source);
  const indices = program.read(index);
  const words = program.uints(count, n, m, inner);
  const factor = alpha === undefined ? undefined : program.scalar(alpha, y.dtype);
  const type = typeOf(y);
  gpu.dispatchEach(`${name} ${kind}`, count, () => {
    const value = from.loadAt("e");
    const place = `${target.offset} + ${PLACE}`;
    return {
      body: `${guard(words[0]!)}let e = index;
let n = ${words[1]};
let m = ${words[2]};
let inner = ${words[3]};
${wrapped("j", indices.loadAt(`${isEach ? "e" : "e / inner % m"}`), "n")}
if (!isInside) { return; }
let value = ${factor === undefined ? value : `${factor} * ${value}`};
${exchange(target, place, (old) => joined(kind, type, old, "value"))}`,
    };
  });
  mendSigns(gpu, y, sizeOfShape(y.shape));
}

/** Sorts the indices of each lane and lets the invocation of the first of equal ones join all of them in order. */
function inOrder(gpu: Gpu, { name, kind, y, index, source, n, m, inner, isEach, alpha }: Writes): void {
  const count = sizeOfShape(source.shape);
  if (count === 0) return;
  const size = sizeOfShape(index.shape);
  const blocks = [new GpuBlock(8 * size), new GpuBlock(8 * size)] as const;
  const [sorted, order] = blocks.map((block): Operand => ({ ...index, storage: { block }, offset: 0 })) as [
    Operand,
    Operand,
  ];
  sort(gpu, {
    values: sorted,
    indices: order,
    x: index,
    n: m,
    m,
    inner: isEach ? inner : 1,
    descending: false,
  });
  const program = gpu.begin();
  const target = program.scatter(y);
  const from = program.read(source);
  const keys = program.read(sorted);
  const places = program.read(order);
  const words = program.uints(count, n, m, inner);
  const factor = alpha === undefined ? undefined : program.scalar(alpha, y.dtype);
  const type = typeOf(y);
  gpu.dispatchEach(`${name} ${kind} in order ${isEach}`, count, () => {
    const step = isEach ? "inner" : "1u";
    const place = `${target.offset} + ${PLACE}`;
    const element = from.loadAt(`lane + u32(${places.loadAt("at")}) * inner`);
    const value = factor === undefined ? element : `${factor} * ${element}`;
    const next = kind === "replace" ? value : joined(kind, type, "held", value);
    return {
      body: `${guard(words[0]!)}let e = index;
let n = ${words[1]};
let m = ${words[2]};
let inner = ${words[3]};
let k = e / inner % m;
let lane = e / (m * inner) * m * inner + e % inner;
var at = ${isEach ? "e" : "k"};
let own = ${keys.loadAt("at")};
if (k > 0u && own == ${keys.loadAt(`at - ${step}`)}) { return; }
${wrapped("j", "own", "n")}
if (!isInside) { return; }
let place = ${place};
var held = ${target.load("place")};
for (var i = k; i < m && ${keys.loadAt("at")} == own; i++) {
  held = ${settled(next, y.dtype)};
  at += ${step};
}
${target.store("place", "held")}`,
    };
  });
  for (const block of blocks) gpu.release(block);
}
