/**
 * The text of tiled products: both factors go through workgroup memory, four neighbors at a time, and every thread keeps a block of results in
 * registers. What the factors are is the caller's business: a matrix, or a convolution's view of pictures.
 */
import { type Scalar, zero } from "../../wgsl/elements";
import type { Source } from "../../wgsl/program";
import { DEPTH, type Tiling, tileOf } from "./tilings";

/** A factor of a product: a function of a position on the outer axis (a row of the left one, a column of the right one) and one along k. */
export interface Factor {
  /** Along which axis the four elements lie that a thread loads together. */
  readonly along: "outer" | "depth";
  /** Statements that declare variables, whose names begin with `name`, for the outer position `at`. */
  outer(name: string, at: string): string;
  /** The same for what a declared outer position is in a section of k, where there are {@link Sections}. */
  readonly section?: (outer: string) => string;
  /** The same for the position `at` along k. */
  depth(name: string, at: string): string;
  /** The element at two positions that were declared: 0 beyond the end of k, and anything beyond that of the outer axis, whose results nobody stores. */
  value(outer: string, depth: string): string;
  /** Four elements at once, from the first of four positions; undefined unless they lie side by side and are all within k or all beyond. */
  readonly four?: ((outer: string, depth: string) => string) | undefined;
}

/** Where results go. */
export interface Target {
  /** Statements that declare variables for a row or a column of the result. */
  row(name: string, at: string): string;
  column(name: string, at: string): string;
  /** A statement that stores a result. */
  put(row: string, column: string, value: string): string;
}

/** Uniforms of a tiled product. */
export interface TileWords extends Record<"m" | "n" | "k" | "chunk" | "splits" | "down" | "across" | "tiles", string> {}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const lane = (i: number): string => "xyzw"[i]!;
/** Vectors of four along k. */
const FOURS = DEPTH / 4;

/** One factor as a workgroup stages it. */
class Stage {
  /** Vectors that each thread loads. */
  private readonly loads: number;
  private readonly isDeep: boolean;

  constructor(
    private readonly name: string,
    private readonly factor: Factor,
    private readonly type: Scalar,
    /** Positions on the outer axis of a tile, and of a thread. */
    private readonly size: number,
    private readonly each: number,
    /** Threads along the outer axis, and the number of this one. */
    private readonly threads: number,
    private readonly thread: string,
    private readonly workgroup: number,
  ) {
    this.loads = (size * FOURS) / workgroup;
    this.isDeep = factor.along === "depth";
  }

  get declaration(): string {
    // Rows of five vectors lie in different banks of workgroup memory.
    const length = this.isDeep ? this.size * (FOURS + 1) : (DEPTH * this.size) / 4;
    return `var<workgroup> s${this.name}: array<vec4<${this.type}>, ${length}>;`;
  }

  /** What each thread knows before the loop of its places; `first` is the first outer position of the tile. */
  begin(first: string): string {
    const { name, factor, workgroup } = this;
    if (this.isDeep)
      return `let ${name}q = local % ${FOURS}u;
let ${name}r = local / ${FOURS}u;
${range(this.loads)
  .map((i) => factor.outer(`${name}o${i}`, `(${first} + ${name}r + ${(i * workgroup) / FOURS}u)`))
  .join("\n")}`;
    const columns = factor.four ? [0] : range(4);
    return `let ${name}q = local % ${this.size / 4}u;
let ${name}r = local / ${this.size / 4}u;
${columns.map((c) => factor.outer(`${name}o${c}`, `(${first} + ${name}q * 4u + ${c}u)`)).join("\n")}`;
  }

  /** Loads this thread's vectors of the step at `k0` into variables. */
  load(k0: string): string {
    const { name, factor, type, workgroup } = this;
    const four = (outer: (c: number) => string, depth: (c: number) => string): string =>
      factor.four?.(outer(0), depth(0)) ??
      `vec4<${type}>(${range(4)
        .map((c) => factor.value(outer(c), depth(c)))
        .join(", ")})`;
    if (this.isDeep) {
      const steps = factor.four ? [0] : range(4);
      return `${steps.map((c) => factor.depth(`${name}k${c}`, `(${k0} + ${name}q * 4u + ${c}u)`)).join("\n")}
${range(this.loads)
  .map(
    (i) =>
      `${name}v${i} = ${four(
        () => `${name}o${i}`,
        (c) => `${name}k${c}`,
      )};`,
  )
  .join("\n")}`;
    }
    const rows = workgroup / (this.size / 4);
    return range(this.loads)
      .map(
        (i) => `${factor.depth(`${name}k${i}`, `(${k0} + ${name}r + ${i * rows}u)`)}
${name}v${i} = ${four(
          (c) => `${name}o${c}`,
          () => `${name}k${i}`,
        )};`,
      )
      .join("\n");
  }

  get variables(): string {
    return range(this.loads)
      .map((i) => `var ${this.name}v${i} = vec4<${this.type}>();`)
      .join("\n");
  }

  /** Puts the vectors into workgroup memory. */
  get stage(): string {
    const { name, workgroup, size } = this;
    const place = (i: number): string =>
      this.isDeep
        ? `(${name}r + ${(i * workgroup) / FOURS}u) * ${FOURS + 1}u + ${name}q`
        : `(${name}r + ${i * (workgroup / (size / 4))}u) * ${size / 4}u + ${name}q`;
    return range(this.loads)
      .map((i) => `s${name}[${place(i)}] = ${name}v${i};`)
      .join("\n");
  }

  /** Reads what a thread needs of four steps along k, the `q`-th four. */
  get fetch(): string {
    const { name, each, thread, threads, size } = this;
    if (this.isDeep)
      return range(each)
        .map((i) => `let ${name}${i} = s${name}[(${thread} + ${i * threads}u) * ${FOURS + 1}u + q];`)
        .join("\n");
    return range(4)
      .flatMap((k) =>
        range(each / 4).map(
          (i) => `let ${name}${k}_${i} = s${name}[(q * 4u + ${k}u) * ${size / 4}u + ${thread} + ${i * threads}u];`,
        ),
      )
      .join("\n");
  }

  /** The fetched element of outer position `i` of the thread and step `k` of the four. */
  at(i: number, k: number): string {
    return this.isDeep ? `${this.name}${i}.${lane(k)}` : `${this.name}${k}_${i >> 2}.${lane(i & 3)}`;
  }

  /** Where outer position `i` of the thread lies in the tile. */
  position(i: number): string {
    return this.isDeep
      ? `${this.thread} + ${i * this.threads}u`
      : `(${this.thread} + ${(i >> 2) * this.threads}u) * 4u + ${i & 3}u`;
  }
}

/** Statements that find the tile of a workgroup, its product and its part of k. */
export const findTile = (
  { tiles, splits, across, down, k, chunk }: TileWords,
  [rows, columns]: readonly [number, number],
  prelude: string,
): string => `let tile = group.y * groups.x + group.x;
if (tile >= ${tiles}) { return; }
let split = tile % ${splits};
let column0 = ((tile / ${splits}) % ${across}) * ${columns}u;
let row0 = ((tile / (${splits} * ${across})) % ${down}) * ${rows}u;
let batch = tile / (${splits} * ${across} * ${down});
${prelude}
let kEnd = min(${k}, (split + 1u) * ${chunk});`;

/** Statements that store the results of a thread, given the row and the column of each. */
export const finishTiles = (
  { each }: Tiling,
  words: TileWords,
  target: Target,
  row: (i: number) => string,
  column: (j: number) => string,
): string => `${range(each[1])
  .map((j) => `let n${j} = ${column(j)};\n${target.column(`w${j}`, `n${j}`)}`)
  .join("\n")}
${range(each[0])
  .map(
    (i) => `let m${i} = ${row(i)};
if (m${i} < ${words.m}) {
${target.row(`h${i}`, `m${i}`)}
${range(each[1])
  .map((j) => `if (n${j} < ${words.n}) { ${target.put(`h${i}`, `w${j}`, `c${i}_${j}`)} }`)
  .join("\n")}
}`,
  )
  .join("\n")}`;

/** The text of a product through workgroup memory; the left factor has the rows of the result. `prelude` are statements that see the number of the product as `batch`. */
export function tiledSource(
  tiling: Tiling,
  type: Scalar,
  words: TileWords,
  left: Factor,
  right: Factor,
  target: Target,
  prelude = "",
): Source {
  const { threads, each } = tiling;
  const [rows, columns] = tileOf(tiling);
  const workgroup = threads[0] * threads[1];
  const a = new Stage("l", left, type, rows, each[0], threads[0], "ty", workgroup);
  const b = new Stage("r", right, type, columns, each[1], threads[1], "tx", workgroup);
  const cells = range(each[0]).flatMap((i) => range(each[1]).map((j) => [i, j] as const));
  const body = `${findTile(words, tileOf(tiling), prelude)}
let ty = local / ${threads[1]}u;
let tx = local % ${threads[1]}u;
${a.begin("row0")}
${b.begin("column0")}
${cells.map(([i, j]) => `var c${i}_${j} = ${zero(type)};`).join("\n")}
${a.variables}
${b.variables}
for (var k0 = split * ${words.chunk}; k0 < kEnd; k0 += ${DEPTH}u) {
${a.load("k0")}
${b.load("k0")}
workgroupBarrier();
${a.stage}
${b.stage}
workgroupBarrier();
for (var q = 0u; q < ${FOURS}u; q++) {
${a.fetch}
${b.fetch}
${range(4)
  .flatMap((k) => cells.map(([i, j]) => `c${i}_${j} += ${a.at(i, k)} * ${b.at(j, k)};`))
  .join("\n")}
}
}
${finishTiles(
  tiling,
  words,
  target,
  (i) => `row0 + ${a.position(i)}`,
  (j) => `column0 + ${b.position(j)}`,
)}`;
  return { declarations: `${a.declaration}\n${b.declaration}`, body, workgroup };
}
