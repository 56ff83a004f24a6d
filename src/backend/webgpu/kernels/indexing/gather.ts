/** Elements read by index. A bad index reads 0. */
import { sizeOfShape } from "../../../../core/shape";
import type { Gather, IndexSelect, SearchSorted } from "../../../ops";
import type { Gpu } from "../../gpu";
import { zero } from "../../wgsl/elements";
import { guard, typeOf, wrapped } from "./places";

/** Runs y[o, j, i] = x[o, index[j], i]. */
export function indexSelect(gpu: Gpu, { y, x, index, n, inner }: IndexSelect): void {
  const m = sizeOfShape(index.shape);
  read(gpu, { y, x, index, n, m, inner }, "indexSelect", (plane) => `(${plane}) / inner % m`);
}

/** Runs y[o, j, i] = x[o, index[o, j, i], i]. */
export function gather(gpu: Gpu, work: Gather): void {
  read(gpu, work, "gather", (place) => place);
}

function read(
  gpu: Gpu,
  { y, x, index, n, m, inner }: Gather,
  name: string,
  indexPlace: (element: string) => string,
): void {
  const count = sizeOfShape(y.shape);
  if (count === 0) return;
  const program = gpu.begin();
  const target = program.scatter(y);
  const source = program.read(x);
  const indices = program.read(index);
  const words = program.uints(count, n, m, inner);
  gpu.dispatchEach(name, count, () => ({
    body: `${guard(words[0]!)}let n = ${words[1]};
let m = ${words[2]};
let inner = ${words[3]};
${wrapped("j", indices.loadAt(`${indexPlace("index")}`), "n")}
var value = ${zero(typeOf(x))};
if (isInside) { value = ${source.loadAt(`(index / (m * inner) * n + j) * inner + index % inner`)}; }
${target.storeAt("index", "value")}`,
  }));
}

/** Finds the places of values among sorted ones by halving. Comparisons with NaN are false. */
export function searchSorted(gpu: Gpu, { y, sorted, values, n, m, shared, right }: SearchSorted): void {
  const count = sizeOfShape(values.shape);
  if (count === 0) return;
  const program = gpu.begin();
  const target = program.write(y);
  const row = program.read(sorted);
  const wanted = program.read(values);
  const [all, length, each] = program.uints(count, n, m);
  const isFloat = typeOf(values) === "f32";
  const notNan = isFloat ? " && !isNan(middle) && !isNan(v)" : "";
  gpu.dispatchEach(`searchSorted ${shared} ${right}`, count, () => ({
    body: `${guard(all!)}let v = ${wanted.loadAt("index")};
let first = ${row.offset}${shared ? "" : ` + index / ${each} * ${length}`};
var low = 0u;
var high = ${length};
while (low < high) {
  let half = (low + high) / 2u;
  let middle = ${row.load("first + half")};
  if (middle ${right ? ">" : ">="} v${notNan}) { high = half; } else { low = half + 1u; }
}
${target.storeAt("index", "i32(low)")}`,
  }));
}
