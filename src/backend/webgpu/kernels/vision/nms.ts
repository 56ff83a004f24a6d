/** Non-maximum suppression: a workgroup for each group of boxes, which takes them in order and lets its threads look at all that follow. */
import type { Nms } from "../../../ops";
import type { Gpu } from "../../gpu";
import { eachElement } from "../each";
import { temporary } from "../products/splits";
import { uploaded } from "./pictures";

const WORKGROUP = 128;

/** The largest float32 that is not above x: comparing float32 with either gives the same. */
function below(x: number): number {
  const [float, bits] = [new Float32Array([x]), new Int32Array(1)];
  if (!(float[0]! > x)) return float[0]!;
  const same = new Int32Array(float.buffer);
  bits[0] = float[0] === 0 ? 0x80000001 | 0 : same[0]! + (float[0]! > 0 ? -1 : 1);
  return new Float32Array(bits.buffer)[0]!;
}

/** Runs a suppression. */
export function nms(gpu: Gpu, { mask, boxes, order, starts, threshold }: Nms): void {
  const groups = starts.length - 1;
  const n = order.shape[0]!;
  if (n === 0 || groups <= 0) return;
  const ends = uploaded(gpu, Int32Array.from(starts));
  const gone = temporary("int32", [n]);
  const program = gpu.begin();
  const [removed, corners, positions, limits] = [
    program.write(gone),
    program.read(boxes),
    program.read(order),
    program.read(ends),
  ];
  const [least, count] = [program.float(below(threshold)), program.uint(groups)];
  const corner = (i: string): string =>
    [0, 1, 2, 3].map((k) => corners.loadAt(`4u * u32(${positions.loadAt(`${i}`)}) + ${k}u`)).join(", ");
  gpu.dispatch("nms", groups, () => ({
    workgroup: WORKGROUP,
    declarations: `fn larger(a: f32, b: f32) -> f32 { return select(a, b, a < b); }
fn smaller(a: f32, b: f32) -> f32 { return select(a, b, b < a); }
fn areaOf(a: vec4f) -> f32 { return (a.z - a.x) * (a.w - a.y); }
fn overlap(a: vec4f, b: vec4f) -> f32 {
  let inter = larger(0.0, smaller(a.z, b.z) - larger(a.x, b.x)) * larger(0.0, smaller(a.w, b.w) - larger(a.y, b.y));
  return inter / (areaOf(a) + areaOf(b) - inter);
}`,
    body: `let number = group.y * groups.x + group.x;
if (number >= ${count}) { return; }
let begin = u32(${limits.load("number")});
let end = u32(${limits.load("number + 1u")});
for (var i = begin + local; i < end; i += ${WORKGROUP}u) { ${removed.store("i", "0i")} }
for (var i = begin; i < end; i++) {
  storageBarrier();
  if (${removed.load("i")} == 0i) {
    let box = vec4f(${corner("i")});
    for (var j = i + 1u + local; j < end; j += ${WORKGROUP}u) {
      if (overlap(box, vec4f(${corner("j")})) > ${least}) { ${removed.store("j", "1i")} }
    }
  }
}`,
  }));
  const last = gpu.begin();
  const [target, dropped] = [last.write(mask), last.read(gone)];
  eachElement(gpu, last, "nmsMask", mask, target, () => ({
    body: `value = select(0i, 1i, ${dropped.load("i")} == 0i);`,
  }));
  gpu.release(ends.storage.block);
  gpu.release(gone.storage.block);
}
