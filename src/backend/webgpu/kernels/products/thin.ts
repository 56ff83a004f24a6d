/**
 * Products of which one factor has a few rows only, down to a single one: each result is a sum of its own. Threads of a workgroup share the columns of
 * the other factor, which is read once, and the terms of each.
 */
import type { Operand } from "../../../operand";
import type { Gpu } from "../../gpu";
import { scalarOf, zero } from "../../wgsl/elements";
import { isAligned, type Matrix, type Plus, type Sizes, stridesOf } from "./matrix";

const WORKGROUP = 128;
/** Threads that add up one result: where its terms lie side by side in the wide factor, and where columns do. */
const LANES = { deep: 32, shallow: 4 };

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * Runs a product of m rows.
 * @param wide The factor with the n columns.
 * @param thin The other one.
 * @param isTurned Whether y is [n, m] instead of [m, n].
 */
export function multiplyThin(
  gpu: Gpu,
  y: Operand,
  wide: Matrix,
  thin: Matrix,
  sizes: Sizes,
  isTurned: boolean,
  { bias, accumulate }: Plus,
): void {
  const { batch, m, n, k } = sizes;
  const isDeep = wide.outer !== 1 || n === 1;
  const isFour = isDeep && isAligned(wide, "depth", k) && isAligned(thin, "depth", k);
  const depth = isDeep ? LANES.deep : LANES.shallow;
  // Four neighboring columns of a thread are loaded at once.
  const isWide = !isDeep && isAligned(wide, "outer", n);
  const each = isWide ? 4 : 1;
  const columns = (WORKGROUP / depth) * each;
  const program = gpu.begin();
  const result = program.result(y);
  const b = isFour || isWide ? program.readFours(wide.x) : program.read(wide.x);
  const a = isFour ? program.readFours(thin.x) : program.read(thin.x);
  const plus = bias && program.read(bias);
  const [sb, sa] = [stridesOf(program, wide), stridesOf(program, thin)];
  const across = Math.ceil(n / columns);
  const words = { n: program.uint(n), k: program.uint(k), across: program.uint(across) };
  const count = program.uint(across * batch);
  const key = `matmulThin ${m} ${isDeep} ${depth} ${isFour} ${isWide} ${isTurned} ${plus !== undefined} ${accumulate}`;
  const type = scalarOf(y.dtype)!;
  const sums = isWide ? `vec4<${type}>` : type;
  const step = isFour ? 4 : 1;
  const load = (view: typeof a, at: string, four = isFour): string => (four ? view.loadFour(at) : view.load(at));
  const terms = (r: number): string => {
    const place = `thin0 + ${r}u * ${sa[1]} + k * ${sa[2]}`;
    return isFour ? `sum${r} += dot(v, ${load(a, `(${place})`)});` : `sum${r} += v * ${load(a, `(${place})`)};`;
  };
  const put = (r: number, c: number): string => {
    const column = `(column + ${c}u)`;
    const place = isTurned ? `${column} * ${m}u + ${r}u` : `${r}u * ${words.n} + ${column}`;
    const at = `${result.offset} + batch * ${m}u * ${words.n} + ${place}`;
    const added = plus ? ` + ${plus.loadAt(`${isTurned ? `${r}u` : column}`)}` : "";
    return result.store(
      at,
      `parts[local * ${m}u + ${r}u]${isWide ? `.${"xyzw"[c]}` : ""}${added}${accumulate ? ` + ${result.load(at)}` : ""}`,
    );
  };
  // Threads of one column lie side by side if terms do, else those of neighboring columns do.
  const [own, lane] = isDeep
    ? [`local / ${depth}u`, `local % ${depth}u`]
    : [`local % ${columns / each}u * ${each}u`, `local / ${columns / each}u`];
  const apart = isDeep ? 1 : columns / each;
  gpu.dispatch(key, across * batch, () => ({
    workgroup: WORKGROUP,
    declarations: `var<workgroup> parts: array<${sums}, ${WORKGROUP * m}>;`,
    body: `let number = group.y * groups.x + group.x;
if (number >= ${count}) { return; }
let batch = number / ${words.across};
let column = (number % ${words.across}) * ${columns}u + ${own};
let lane = ${lane};
let thin0 = ${a.offset} + batch * ${sa[0]};
let wide0 = ${b.offset} + batch * ${sb[0]} + column * ${sb[1]};
${range(m)
  .map((r) => `var sum${r} = ${isWide ? `${sums}()` : zero(type)};`)
  .join("\n")}
if (column < ${words.n}) {
  for (var k = lane * ${step}u; k < ${words.k}; k += ${depth * step}u) {
    let v = ${load(b, `(wide0 + k * ${sb[2]})`, isFour || isWide)};
    ${range(m).map(terms).join("\n    ")}
  }
}
${range(m)
  .map((r) => `parts[local * ${m}u + ${r}u] = sum${r};`)
  .join("\n")}
for (var half = ${depth >> 1}u; half > 0u; half = half >> 1u) {
  workgroupBarrier();
  if (lane < half) {
    ${range(m)
      .map((r) => `parts[local * ${m}u + ${r}u] += parts[(local + half * ${apart}u) * ${m}u + ${r}u];`)
      .join("\n    ")}
  }
}
if (lane == 0u && column < ${words.n}) {
${range(m)
  .flatMap((r) => range(each).map((c) => put(r, c)))
  .join("\n")}
}`,
  }));
}
