/** Matrix products: tiles of the result, whose factors go through workgroup memory. */
import type { DType } from "../../../core/dtype";
import type { Operand } from "../../operand";
import type { MatMul } from "../../ops";
import type { Gpu } from "../gpu";
import { scalarOf, zero } from "../wgsl/elements";
import type { Source } from "../wgsl/program";

/** How a workgroup divides its tile. */
interface Tiling {
  /** Threads down and across. */
  readonly threads: readonly [number, number];
  /** Results of a thread, down and across. */
  readonly each: readonly [number, number];
  /** How far along k factors are staged at a time. */
  readonly depth: number;
}

/** The one fixed choice that loses least over vendors (llama.cpp's measurements), and one for results that would be few of its tiles. */
const tilings = {
  wide: { threads: [8, 8], each: [4, 4], depth: 16 },
  narrow: { threads: [8, 8], each: [2, 2], depth: 16 },
} as const satisfies Record<string, Tiling>;

/** Fewer workgroups than this leave most of a GPU idle. */
const FEW_TILES = 64;

const tilesOf = ({ threads, each }: Tiling, m: number, n: number): readonly [number, number] => [
  Math.ceil(m / (threads[0] * each[0])),
  Math.ceil(n / (threads[1] * each[1])),
];

function chooseTiling(m: number, n: number, batch: number): keyof typeof tilings {
  const [down, across] = tilesOf(tilings.wide, m, n);
  return down * across * batch < FEW_TILES ? "narrow" : "wide";
}

/** Runs a product. */
export function matmul(gpu: Gpu, work: MatMul): void {
  const { y } = work;
  const lead = y.shape.length - 2;
  const batch = lead > 0 ? y.shape[0]! : 1;
  const most = gpu.limits.maxComputeWorkgroupsPerDimension;
  if (y.shape.includes(0)) return;
  for (let at = 0; at < batch; at += most) stack(gpu, work, at, Math.min(most, batch - at));
}

/** The products of `count` matrices of the stack, from number `first` on. */
function stack(gpu: Gpu, { y, a, b, bias, accumulate }: MatMul, first: number, count: number): void {
  const lead = y.shape.length - 2;
  const step = (x: Operand): number => (lead > 0 ? x.strides[0]! : 0);
  const from = (x: Operand): Operand => (first === 0 ? x : { ...x, offset: x.offset + first * step(x) });
  const [m, n] = [y.shape[lead]!, y.shape[lead + 1]!];
  const tiling = chooseTiling(m, n, count);
  const [down, across] = tilesOf(tilings[tiling], m, n);
  const program = gpu.begin();
  const views = {
    y: program.write(from(y)),
    a: program.read(from(a)),
    b: program.read(from(b)),
    bias: bias && program.read(bias),
  };
  const words = {
    m: program.uint(m),
    n: program.uint(n),
    k: program.uint(a.shape[lead + 1]!),
    across: program.uint(across),
    tiles: program.uint(down * across),
    a: [step(a), a.strides[lead]!, a.strides[lead + 1]!].map((stride) => program.uint(stride >>> 0)),
    b: [step(b), b.strides[lead]!, b.strides[lead + 1]!].map((stride) => program.uint(stride >>> 0)),
    y: program.uint(m * n),
  };
  // Neighboring threads stage neighboring elements.
  const isRowsA = a.strides[lead]! === 1;
  const isRowsB = b.strides[lead]! === 1 && b.strides[lead + 1]! !== 1;
  const key = `matmul ${tiling} ${isRowsA} ${isRowsB} ${bias !== undefined} ${accumulate}`;
  const source = () => text(tilings[tiling], y.dtype, views, words, isRowsA, isRowsB, accumulate);
  gpu.dispatch(key, down * across, source, count);
}

type Views = Record<"y" | "a" | "b", import("../wgsl/program").View> & {
  readonly bias: import("../wgsl/program").View | undefined;
};

interface Words extends Record<"m" | "n" | "k" | "across" | "tiles" | "y", string> {
  readonly a: readonly string[];
  readonly b: readonly string[];
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function text(
  { threads, each, depth }: Tiling,
  dtype: DType,
  views: Views,
  words: Words,
  isRowsA: boolean,
  isRowsB: boolean,
  accumulate: boolean,
): Source {
  const type = scalarOf(dtype)!;
  const workgroup = threads[0] * threads[1];
  const [tileM, tileN] = [threads[0] * each[0], threads[1] * each[1]];
  const cells = range(each[0]).flatMap((i) => range(each[1]).map((j) => [i, j] as const));
  const acc = ([i, j]: readonly [number, number]) => `acc${i}_${j}`;
  const place = (view: import("../wgsl/program").View, strides: readonly string[], r: string, c: string) =>
    view.load(`${view.offset} + group.z * ${strides[0]} + (${r}) * ${strides[1]} + (${c}) * ${strides[2]}`);
  const body = `let tile = group.y * groups.x + group.x;
if (tile >= ${words.tiles}) { return; }
let row0 = (tile / ${words.across}) * ${tileM}u;
let column0 = (tile % ${words.across}) * ${tileN}u;
let ty = local / ${threads[1]}u;
let tx = local % ${threads[1]}u;
${cells.map((cell) => `var ${acc(cell)} = ${zero(type)};`).join("\n")}
for (var k0 = 0u; k0 < ${words.k}; k0 += ${depth}u) {
  for (var e = local; e < ${tileM * depth}u; e += ${workgroup}u) {
    ${isRowsA ? `let r = e % ${tileM}u; let c = e / ${tileM}u;` : `let r = e / ${depth}u; let c = e % ${depth}u;`}
    var v = ${zero(type)};
    if (row0 + r < ${words.m} && k0 + c < ${words.k}) { v = ${place(views.a, words.a, "row0 + r", "k0 + c")}; }
    sa[c * ${tileM}u + r] = v;
  }
  for (var e = local; e < ${tileN * depth}u; e += ${workgroup}u) {
    ${isRowsB ? `let r = e % ${depth}u; let c = e / ${depth}u;` : `let r = e / ${tileN}u; let c = e % ${tileN}u;`}
    var v = ${zero(type)};
    if (k0 + r < ${words.k} && column0 + c < ${words.n}) { v = ${place(views.b, words.b, "k0 + r", "column0 + c")}; }
    sb[r * ${tileN}u + c] = v;
  }
  workgroupBarrier();
  for (var k = 0u; k < ${depth}u; k++) {
${range(each[0])
  .map((i) => `    let a${i} = sa[k * ${tileM}u + ty * ${each[0]}u + ${i}u];`)
  .join("\n")}
${range(each[1])
  .map((j) => `    let b${j} = sb[k * ${tileN}u + tx * ${each[1]}u + ${j}u];`)
  .join("\n")}
${cells.map(([i, j]) => `    ${acc([i, j])} += a${i} * b${j};`).join("\n")}
  }
  workgroupBarrier();
}
${cells.map(([i, j]) => store(views, words, acc([i, j]), [i, j], each, accumulate)).join("\n")}`;
  const declarations = `var<workgroup> sa: array<${type}, ${tileM * depth}>;\nvar<workgroup> sb: array<${type}, ${tileN * depth}>;`;
  return { declarations, body, workgroup };
}

/** Writes one result of a thread, with what is added at the end. */
function store(
  { y, bias }: Views,
  words: Words,
  value: string,
  [i, j]: readonly [number, number],
  each: readonly [number, number],
  accumulate: boolean,
): string {
  const [row, column] = [`row0 + ty * ${each[0]}u + ${i}u`, `column0 + tx * ${each[1]}u + ${j}u`];
  const at = `${y.offset} + group.z * ${words.y} + (${row}) * ${words.n} + ${column}`;
  const sum = `${value}${bias ? ` + ${bias.load(`${bias.offset} + ${column}`)}` : ""}${accumulate ? ` + ${y.load(at)}` : ""}`;
  return `if (${row} < ${words.m} && ${column} < ${words.n}) { ${y.store(at, sum)} }`;
}
