/**
 * The text of products without workgroup memory: every thread reads what it needs of both factors itself. That pays where the "GPU" is a processor, whose
 * caches do what workgroup memory is for, and to which a barrier is a change of threads.
 */
import { type Scalar, zero } from "../../wgsl/elements";
import type { Source } from "../../wgsl/program";
import { type Factor, findTile, finishTiles, lane, range, type Target, type TileWords } from "./tiled";
import { type Cut, type Tiling, tileOf } from "./tilings";

/** Steps along k that a thread reads at a time. */
const STEPS = 4;

/** Whether no step along k goes beyond its end, so that it need not be looked for. */
export const hasWholeSteps = ({ tiling }: Cut, k: number): boolean => tiling.isDirect === true && k % STEPS === 0;

/** One factor as a thread reads it: `each` neighbors on the outer axis. */
class Reader {
  constructor(
    private readonly name: string,
    private readonly factor: Factor,
    private readonly type: Scalar,
    private readonly each: number,
  ) {}

  get isDeep(): boolean {
    return this.factor.along === "depth";
  }

  /** The outer positions that are loaded from: of every neighbor, or of every fourth where four are loaded at once. */
  private get outers(): number[] {
    const step = this.factor.four && !this.isDeep ? 4 : 1;
    return range(this.each / step).map((i) => i * step);
  }

  /** What a thread knows before the loop; its neighbors begin at `first`. */
  begin(first: string): string {
    return this.outers.map((i) => this.factor.outer(`${this.name}o${i}`, `(${first} + ${i}u)`)).join("\n");
  }

  /** Loads four steps along k from `k0`. */
  load(k0: string): string {
    const { name, factor, type, each, isDeep } = this;
    const steps = isDeep && factor.four ? [0] : range(STEPS);
    const places = steps.map((k) => factor.depth(`${name}k${k}`, `(${k0} + ${k}u)`));
    const vector = (values: readonly string[]): string => `vec4<${type}>(${values.join(", ")})`;
    const loads = isDeep
      ? range(each).map((i) => {
          const four = factor.four?.(`${name}o${i}`, `${name}k0`);
          return `let ${name}${i} = ${four ?? vector(range(STEPS).map((k) => factor.value(`${name}o${i}`, `${name}k${k}`)))};`;
        })
      : range(STEPS).flatMap((k) =>
          range(each / 4).map((i) => {
            const at = (lane: number): string => `${name}o${i * 4 + lane}`;
            const four = factor.four?.(at(0), `${name}k${k}`);
            return `let ${name}${k}_${i} = ${four ?? vector(range(4).map((l) => factor.value(at(l), `${name}k${k}`)))};`;
          }),
        );
    return [...places, ...loads].join("\n");
  }

  /** The four steps of neighbor `i` of a factor along k, or the `i`-th four neighbors at step `k` of one along the outer axis. */
  four(i: number, k?: number): string {
    return k === undefined ? `${this.name}${i}` : `${this.name}${k}_${i}`;
  }

  /** The element of neighbor `i` and step `k`. */
  at(i: number, k: number): string {
    return this.isDeep ? `${this.name}${i}.${lane(k)}` : `${this.name}${k}_${i >> 2}.${lane(i & 3)}`;
  }
}

/** The sums of a thread: as vectors of neighboring columns, or one by one. */
interface Sums {
  readonly begin: string;
  /** Statements that add four steps. */
  readonly add: string;
  value(i: number, j: number): string;
}

const lines = (rows: number, columns: number, text: (i: number, j: number) => string): string =>
  range(rows)
    .flatMap((i) => range(columns).map((j) => text(i, j)))
    .join("\n");

function sumsOf(a: Reader, b: Reader, type: Scalar, [rows, columns]: readonly [number, number]): Sums {
  if (!b.isDeep)
    return {
      begin: lines(rows, columns / 4, (i, j) => `var c${i}_${j} = vec4<${type}>();`),
      add: range(STEPS)
        .map((k) => lines(rows, columns / 4, (i, j) => `c${i}_${j} += ${a.at(i, k)} * ${b.four(j, k)};`))
        .join("\n"),
      value: (i, j) => `c${i}_${j >> 2}.${lane(j & 3)}`,
    };
  const term = (i: number, j: number): string =>
    a.isDeep
      ? `dot(${a.four(i)}, ${b.four(j)})`
      : range(STEPS)
          .map((k) => `${a.at(i, k)} * ${b.at(j, k)}`)
          .join(" + ");
  return {
    begin: lines(rows, columns, (i, j) => `var c${i}_${j} = ${zero(type)};`),
    add: lines(rows, columns, (i, j) => `c${i}_${j} += ${term(i, j)};`),
    value: (i, j) => `c${i}_${j}`,
  };
}

/** The text of a product, as of {@link tiledSource}. */
export function directSource(
  tiling: Tiling,
  type: Scalar,
  words: TileWords,
  left: Factor,
  right: Factor,
  target: Target,
  prelude = "",
): Source {
  const { threads, each } = tiling;
  const a = new Reader("l", left, type, each[0]);
  const b = new Reader("r", right, type, each[1]);
  const sums = sumsOf(a, b, type, each);
  const body = `${findTile(words, tileOf(tiling), prelude)}
let row1 = row0 + (local / ${threads[1]}u) * ${each[0]}u;
let column1 = column0 + (local % ${threads[1]}u) * ${each[1]}u;
if (row1 >= ${words.m} || column1 >= ${words.n}) { return; }
${a.begin("row1")}
${b.begin("column1")}
${sums.begin}
for (var k0 = split * ${words.chunk}; k0 < kEnd; k0 += ${STEPS}u) {
${a.load("k0")}
${b.load("k0")}
${sums.add}
}
${finishTiles(
  tiling,
  words,
  target,
  (i) => `row1 + ${i}u`,
  (j) => `column1 + ${j}u`,
  sums.value,
)}`;
  return { body, workgroup: threads[0] * threads[1] };
}
