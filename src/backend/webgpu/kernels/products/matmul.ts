/** Matrix products: thin ones by sums, all others by tiles. */
import type { Operand } from "../../../operand";
import type { MatMul } from "../../../ops";
import type { Gpu } from "../../gpu";
import { scalarOf } from "../../wgsl/elements";
import type { Program, View } from "../../wgsl/program";
import { directSource } from "./direct";
import { isAligned, type Matrix, type Plus, type Sizes, stridesOf } from "./matrix";
import { addParts, temporary } from "./splits";
import { multiplyThin } from "./thin";
import { type Factor, type Target, type TileWords, tiledSource } from "./tiled";
import { type Cut, cutOf, THIN } from "./tilings";

/** Runs a product. */
export function matmul(gpu: Gpu, { y, a, b, bias, accumulate }: MatMul): void {
  const lead = y.shape.length - 2;
  const sizes = { batch: lead > 0 ? y.shape[0]! : 1, m: y.shape[lead]!, n: y.shape[lead + 1]!, k: a.shape[lead + 1]! };
  const batchOf = (x: Operand): number => (lead > 0 && x.shape[0]! > 1 ? x.strides[0]! : 0);
  const left = { x: a, batch: batchOf(a), outer: a.strides[lead]!, depth: a.strides[lead + 1]! };
  const right = { x: b, batch: batchOf(b), outer: b.strides[lead + 1]!, depth: b.strides[lead]! };
  if (y.shape.includes(0)) return;
  const plus = { bias, accumulate };
  const isShared = gpu.card.thin === "shared";
  if (isShared && sizes.m <= THIN) multiplyThin(gpu, y, right, left, sizes, false, plus);
  else if (isShared && sizes.n <= THIN)
    multiplyThin(gpu, y, left, right, { ...sizes, m: sizes.n, n: sizes.m }, true, plus);
  else multiplyTiles(gpu, y, left, right, sizes, plus);
}

/** A matrix as a factor. `isWhole` says that no step along k goes beyond its end. */
function factorOf(
  view: View,
  strides: readonly string[],
  along: Factor["along"],
  isFour: boolean,
  isWhole: boolean,
): Factor {
  const type = scalarOf(view.dtype)!;
  const within = (zero: string, k: string, value: string): string =>
    isWhole ? value : `select(${zero}, ${value}, ${k} < kEnd)`;
  return {
    along,
    outer: (name, at) =>
      `let ${name} = ${at}; let ${name}p = ${view.offset} + batch * ${strides[0]} + ${name} * ${strides[1]};`,
    depth: (name, at) => `let ${name} = ${at}; let ${name}p = ${name} * ${strides[2]};`,
    value: (o, k) => within(`${type}()`, k, view.load(`(${o}p + ${k}p)`)),
    four: isFour ? (o, k) => within(`vec4<${type}>()`, k, view.loadFour(`(${o}p + ${k}p)`)) : undefined,
  };
}

/** The uniforms of the tiles of a product. */
export const tileWords = (program: Program, { batch, m, n, k }: Sizes, cut: Cut): TileWords => ({
  m: program.uint(m),
  n: program.uint(n),
  k: program.uint(k),
  chunk: program.uint(cut.chunk),
  splits: program.uint(cut.splits),
  down: program.uint(cut.down),
  across: program.uint(cut.across),
  tiles: program.uint(batch * cut.down * cut.across * cut.splits),
});

function multiplyTiles(gpu: Gpu, y: Operand, left: Matrix, right: Matrix, sizes: Sizes, plus: Plus): void {
  const { batch, m, n, k } = sizes;
  const cut = cutOf(gpu.card, m, n, k, batch);
  const isSplit = cut.splits > 1;
  const parts = isSplit ? temporary(y.dtype, [cut.splits, batch, m, n]) : undefined;
  const program = gpu.begin();
  const result = program.result(parts ?? y);
  // Threads load neighbors that lie side by side, unless each loads for itself.
  const isDirect = cut.tiling.isDirect === true;
  const alongA = left.outer === 1 && left.depth !== 1 ? "outer" : "depth";
  const alongB = right.outer === 1 ? "outer" : "depth";
  const [fourA, fourB] = [
    !isDirect && isAligned(left, alongA, alongA === "depth" ? k : m),
    !isDirect && isAligned(right, alongB, alongB === "depth" ? k : n),
  ];
  const a = fourA ? program.readFours(left.x) : program.read(left.x);
  const b = fourB ? program.readFours(right.x) : program.read(right.x);
  const bias = !isSplit && plus.bias ? program.read(plus.bias) : undefined;
  const accumulate = !isSplit && plus.accumulate;
  const words = tileWords(program, sizes, cut);
  const [stridesA, stridesB] = [stridesOf(program, left), stridesOf(program, right)];
  const [slice, matrix] = [program.uint(batch * m * n), program.uint(m * n)];
  const target: Target = {
    row: (name, at) => `let ${name} = ${result.offset} + split * ${slice} + batch * ${matrix} + ${at} * ${words.n};`,
    column: (name, at) => `let ${name} = ${at};`,
    put: (row, column, value) => {
      const place = `${row} + ${column}`;
      const sum = `${value}${bias ? ` + ${bias.loadAt(`${column}`)}` : ""}${accumulate ? ` + ${result.load(place)}` : ""}`;
      return result.store(place, sum);
    },
  };
  const key = `matmul ${cut.name} ${alongA} ${fourA} ${alongB} ${fourB} ${bias !== undefined} ${accumulate}`;
  gpu.dispatch(key, batch * cut.down * cut.across * cut.splits, () => {
    const type = scalarOf(y.dtype)!;
    const [l, r] = [factorOf(a, stridesA, alongA, fourA, isDirect), factorOf(b, stridesB, alongB, fourB, isDirect)];
    return isDirect
      ? directSource(cut.tiling, type, words, l, r, target, { subgroup: gpu.subgroup })
      : tiledSource(cut.tiling, type, words, l, r, target);
  });
  if (parts === undefined) return;
  addParts(gpu, y, parts, plus);
  gpu.release(parts.storage.block);
}
