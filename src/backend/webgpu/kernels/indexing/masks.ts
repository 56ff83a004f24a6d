/** Elements chosen by a mask: a running count of the chosen ones gives each its place. */
import { sizeOfShape } from "../../../../core/shape";
import type { Operand } from "../../../operand";
import type { MaskedScatter, MaskedSelect, Nonzero } from "../../../ops";
import { GpuBlock } from "../../buffers";
import type { Gpu } from "../../gpu";
import { runScan } from "../scans/scan";
import { guard, typeOf } from "./places";

/** Counts the elements of `x` that are not 0 up to each one, and hands the counts over while they exist. */
function counted(gpu: Gpu, x: Operand, then: (counts: Operand, n: number) => void): void {
  const n = sizeOfShape(x.shape);
  if (n === 0) return;
  const block = new GpuBlock(4 * n);
  const counts: Operand = { storage: { block }, offset: 0, shape: [n], strides: [1], dtype: "int32" };
  runScan(gpu, { kind: "count", y: counts, x, n, inner: 1, reverse: false });
  then(counts, n);
  gpu.release(block);
}

/** Runs y = the elements of x where the mask is true. */
export function maskedSelect(gpu: Gpu, { y, x, mask }: MaskedSelect): void {
  counted(gpu, mask, (counts, n) => {
    const program = gpu.begin();
    const target = program.scatter(y);
    const source = program.read(x);
    const chosen = program.read(mask);
    const places = program.read(counts);
    const [count, room] = [program.uint(n), program.uint(sizeOfShape(y.shape))];
    gpu.dispatchEach("maskedSelect", n, () => ({
      body: `${guard(count)}if (${chosen.loadAt("index")} == 0i) { return; }
let place = u32(${places.loadAt("index")}) - 1u;
if (place >= ${room}) { return; }
let value = ${source.loadAt("index")};
${target.storeAt("place", "value")}`,
    }));
  });
}

/** Writes the first elements of the source where the mask is true, as many as there are. */
export function maskedScatter(gpu: Gpu, { y, mask, source }: MaskedScatter): void {
  counted(gpu, mask, (counts, n) => {
    const program = gpu.begin();
    const target = program.scatter(y);
    const from = program.read(source);
    const chosen = program.read(mask);
    const places = program.read(counts);
    const [count, room] = [program.uint(n), program.uint(sizeOfShape(source.shape))];
    gpu.dispatchEach("maskedScatter", n, () => ({
      body: `${guard(count)}if (${chosen.loadAt("index")} == 0i) { return; }
let place = u32(${places.loadAt("index")}) - 1u;
if (place >= ${room}) { return; }
let value = ${from.loadAt("place")};
${target.storeAt("index", "value")}`,
    }));
  });
}

/** Writes the coordinates of the elements that are not 0. */
export function nonzero(gpu: Gpu, { y, x }: Nonzero): void {
  const axes = x.shape.length;
  counted(gpu, x, (counts, n) => {
    const program = gpu.begin();
    const target = program.write(y);
    const source = program.read(x);
    const places = program.read(counts);
    const count = program.uint(n);
    const room = program.uint(axes === 0 ? 0 : sizeOfShape(y.shape) / axes);
    const sizes = x.shape.map((size) => program.uint(size));
    const isTrue = typeOf(x) === "f32" ? "isNonzero(value)" : "value != 0i";
    gpu.dispatchEach(`nonzero ${axes}`, n, () => ({
      body: `${guard(count)}let value = ${source.loadAt("index")};
if (!(${isTrue})) { return; }
let place = u32(${places.loadAt("index")}) - 1u;
if (place >= ${room}) { return; }
var rest = index;
${sizes
  .map((size, i) => [size, i] as const)
  .reverse()
  .map(([size, i]) => `${target.storeAt(`place * ${axes}u + ${i}u`, `i32(rest % ${size})`)}\nrest = rest / ${size};`)
  .join("\n")}`,
    }));
  });
}
