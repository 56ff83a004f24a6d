/** Pictures of bytes: at other sizes, mirrored, and as floats. */
import { sizeOfShape } from "../../../../core/shape";
import type { MirrorRows, NormalizePlanes, Resample, Taps, UnitPlanes } from "../../../ops";
import type { GpuBlock } from "../../buffers";
import type { Gpu } from "../../gpu";
import { eachElement } from "../each";
import { temporary } from "../products/splits";

/** Bits of the weights after the point, as PIL has them: the sums fit into 32. */
const BITS = 22;

/** A weight in fixed point. */
const fixed = (weight: number): number => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << BITS));

type Words = ReturnType<typeof temporary>;

/** Integers as an operand of temporary memory. */
export function uploaded(gpu: Gpu, values: Int32Array<ArrayBuffer>): Words {
  const list = temporary("int32", [values.length]);
  if (values.length > 0) gpu.write(list.storage.block as GpuBlock, 0, new Uint8Array(values.buffer));
  return list;
}

/** For each position of the result the first input, their count and `width` weights. */
function recordsOf({ starts, counts, width, weights }: Taps): Int32Array<ArrayBuffer> {
  const size = width + 2;
  const records = new Int32Array(starts.length * size);
  for (let i = 0; i < starts.length; i++) {
    records[i * size] = starts[i]!;
    records[i * size + 1] = counts[i]!;
    for (let k = 0; k < counts[i]!; k++) records[i * size + 2 + k] = fixed(weights[i * width + k]!);
  }
  return records;
}

/** Runs a change of size along one axis. The picture is [lines, width · bands] along columns and [height, width, bands] along rows. */
export function resample(gpu: Gpu, { axis, y, x, width, bands, taps }: Resample): void {
  if (sizeOfShape(y.shape) === 0) return;
  const list = uploaded(gpu, recordsOf(taps));
  const program = gpu.begin();
  const [target, source, records] = [program.write(y), program.read(x), program.read(list)];
  const [size, from, to, depth] = [
    program.uint(taps.width + 2),
    program.uint(width),
    program.uint(taps.starts.length),
    program.uint(bands),
  ];
  const [place, step] =
    axis === "rows"
      ? [`((i / (${to} * ${depth})) * ${from} + first) * ${depth} + i % ${depth}`, depth]
      : [`first * ${from} * ${depth} + i % (${from} * ${depth})`, `(${from} * ${depth})`];
  const position = axis === "rows" ? `(i / ${depth}) % ${to}` : `i / (${from} * ${depth})`;
  eachElement(gpu, program, `resample ${axis}`, y, target, () => ({
    body: `let record = (${position}) * ${size};
let first = u32(${records.load("record")});
let count = u32(${records.load("record + 1u")});
let start = ${source.offset} + ${place};
var sum = ${1 << (BITS - 1)}i;
for (var k = 0u; k < count; k++) { sum += ${source.load(`start + k * ${step}`)} * ${records.load("record + 2u + k")}; }
value = clamp(sum >> ${BITS}u, 0i, 255i);`,
  }));
  gpu.release(list.storage.block);
}

/** Runs y[band, p] = x[p, band] / 255. */
export function unitPlanes(gpu: Gpu, { y, x, pixels, bands }: UnitPlanes): void {
  const program = gpu.begin();
  const [target, source] = [program.write(y), program.read(x)];
  const [count, depth, most] = [program.uint(pixels), program.uint(bands), program.float(255)];
  eachElement(gpu, program, "unitPlanes", y, target, () => ({
    body: `value = f32(${source.loadAt(`(i % ${count}) * ${depth} + i / ${count}`)}) / ${most};`,
  }));
}

/** Runs y[r, i, band] = x[r, width − 1 − i, band]. */
export function mirrorRows(gpu: Gpu, { y, x, width, bands }: MirrorRows): void {
  const program = gpu.begin();
  const [target, source] = [program.write(y), program.read(x)];
  const [row, depth] = [program.uint(width), program.uint(bands)];
  eachElement(gpu, program, "mirrorRows", y, target, () => ({
    body: `let line = i / (${row} * ${depth});
let column = (i / ${depth}) % ${row};
value = ${source.loadAt(`(line * ${row} + ${row} - 1u - column) * ${depth} + i % ${depth}`)};`,
  }));
}

/** Runs y = (x − mean) / std; y may be x, of which every invocation reads the element alone that it writes. */
export function normalizePlanes(gpu: Gpu, { y, x, mean, std, plane }: NormalizePlanes): void {
  const program = gpu.begin();
  const [target, source] = [program.write(y), program.read(x)];
  const [center, scale] = [program.read(mean), program.read(std)];
  const [size, channels] = [program.uint(plane), program.uint(sizeOfShape(mean.shape))];
  eachElement(gpu, program, "normalizePlanes", y, target, () => ({
    body: `let c = (i / ${size}) % ${channels};
value = (${source.loadAt("i")} - ${center.loadAt("c")}) / ${scale.loadAt("c")};`,
  }));
}
