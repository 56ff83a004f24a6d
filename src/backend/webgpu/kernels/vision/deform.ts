/** Deformable convolution: columns of what moved taps see, and their gradients. */
import type { Optional } from "../../../operand";
import type { Deformation, DeformColumns, DeformInputGradient, DeformOffsetGradient } from "../../../ops";
import type { Gpu } from "../../gpu";
import type { Program, View } from "../../wgsl/program";
import { eachElement } from "../each";
import { fill } from "../elementwise";
import { product } from "../layers/axes";

/** The uniforms of a deformation. */
function wordsOf(program: Program, d: Deformation) {
  const uint = (value: number): string => program.uint(value);
  const int = (value: number): string => program.int(value);
  return {
    channels: uint(d.input[0]!),
    height: int(d.input[1]!),
    width: int(d.input[2]!),
    taps: uint(product(d.kernel)),
    across: uint(d.kernel[1]),
    size: uint(product(d.output)),
    outWidth: uint(d.output[1]),
    groups: uint(d.offsetGroups),
    depth: uint(d.input[0]! / d.offsetGroups),
    stride: d.stride.map(int),
    padding: d.padding.map(int),
    dilation: d.dilation.map(int),
  };
}

type Words = ReturnType<typeof wordsOf>;

/** How far a sample may lie outside before it sees nothing, and its four corners. */
const CORNERS = [
  ["y0", "x0", "(1.0 - dy) * (1.0 - dx)"],
  ["y0", "x0 + 1i", "(1.0 - dy) * dx"],
  ["y0 + 1i", "x0", "dy * (1.0 - dx)"],
  ["y0 + 1i", "x0 + 1i", "dy * dx"],
] as const;

/** Statements that declare the place of the sample of `tap` at output position `p` for the offsets of family, the group of an image: y0, x0, dy, dx. */
const sampleAt = (
  w: Words,
  offset: View,
): string => `let moved = ${offset.offset} + (family * ${w.taps} + tap) * 2u * ${w.size} + p;
let y = f32(i32(tap / ${w.across}) * ${w.dilation[0]} - ${w.padding[0]} + i32(p / ${w.outWidth}) * ${w.stride[0]}) + ${offset.load("moved")};
let x = f32(i32(tap % ${w.across}) * ${w.dilation[1]} - ${w.padding[1]} + i32(p % ${w.outWidth}) * ${w.stride[1]}) + ${offset.load(`moved + ${w.size}`)};
let isNear = y > -2.0 && y < f32(${w.height} + 1i) && x > -2.0 && x < f32(${w.width} + 1i);
let y0 = i32(floor(select(-2.0, y, isNear)));
let x0 = i32(floor(select(-2.0, x, isNear)));
let dy = select(0.0, y - f32(y0), isNear);
let dx = select(0.0, x - f32(x0), isNear);`;

const isInside = (w: Words, row: string, column: string): string =>
  `${row} >= 0i && ${row} < ${w.height} && ${column} >= 0i && ${column} < ${w.width}`;

const maskAt = (mask: View | undefined, w: Words): string =>
  mask === undefined ? "1.0" : mask.loadAt(`(family * ${w.taps} + tap) * ${w.size} + p`);

/** Statements that declare tap, position and channel of element `i` of columns, and the set of its offsets. */
const columnAt = (w: Words): string => `let p = i % ${w.size};
let tap = (i / ${w.size}) % ${w.taps};
let channel = (i / (${w.size} * ${w.taps})) % ${w.channels};
let image = i / (${w.size} * ${w.taps} * ${w.channels});
let family = image * ${w.groups} + channel / ${w.depth};
let plane = (image * ${w.channels} + channel) * u32(${w.height} * ${w.width});`;

const optional = (program: Program, x: Optional): View | undefined => x && program.read(x);

/** Runs the columns. */
export function deformColumns(gpu: Gpu, { y, x, offset, mask, deformation }: DeformColumns): void {
  const program = gpu.begin();
  const [target, source, moves] = [program.write(y), program.read(x), program.read(offset)];
  const factor = optional(program, mask);
  const w = wordsOf(program, deformation);
  eachElement(gpu, program, `deformColumns ${factor !== undefined}`, y, target, () => ({
    body: `${columnAt(w)}
${sampleAt(w, moves)}
let factor = ${maskAt(factor, w)};
${CORNERS.map(
  ([row, column, weight]) => `if (${isInside(w, row, column)}) {
  let weight = ${weight} * factor;
  if (weight != 0.0) { value += weight * ${source.loadAt(`plane + u32((${row}) * ${w.width} + ${column})`)}; }
}`,
).join("\n")}`,
  }));
}

/** Runs the gradient of the input. Samples may meet anywhere, so that it is added by compare and exchange. */
export function deformInputGradient(gpu: Gpu, { gx, gy, offset, mask, deformation }: DeformInputGradient): void {
  fill(gpu, gx, 0);
  const program = gpu.begin();
  const [target, gradient, moves] = [program.atomic(gx), program.read(gy), program.read(offset)];
  const factor = optional(program, mask);
  const w = wordsOf(program, deformation);
  const n = product(gy.shape);
  const count = program.uint(n);
  if (n === 0) return;
  gpu.dispatchEach(`deformInputGradient ${factor !== undefined}`, n, () => ({
    declarations: `fn addAt(at: u32, value: f32) {
${target.atWord(
  "at",
  (place) => `  var old = atomicLoad(&${place});
  loop {
    let found = atomicCompareExchangeWeak(&${place}, old, bitcast<u32>(bitcast<f32>(old) + value));
    if (found.exchanged) { break; }
    old = found.old_value;
  }`,
)}
}`,
    body: `let i = index;
if (i >= ${count}) { return; }
${columnAt(w)}
${sampleAt(w, moves)}
let g = ${gradient.loadAt("i")} * ${maskAt(factor, w)};
${CORNERS.map(
  ([row, column, weight]) => `if (${isInside(w, row, column)} && ${weight} != 0.0) {
  addAt(${target.offset} + plane + u32((${row}) * ${w.width} + ${column}), g * ${weight});
}`,
).join("\n")}`,
  }));
}

/** Runs the gradients of the offsets and of the mask. */
export function deformOffsetGradient(gpu: Gpu, work: DeformOffsetGradient): void {
  slope(gpu, work, 0);
  slope(gpu, work, 1);
  if (work.gMask !== undefined) slope(gpu, work, 2);
}

const SLOPES = [
  "dx * (d - b) + (1.0 - dx) * (c - a)",
  "dy * (d - c) + (1.0 - dy) * (b - a)",
  "(1.0 - dy) * (a + dx * (b - a)) + dy * (c + dx * (d - c))",
] as const;

/** The sum over channels of the gradient down, to the right, or of the value: an invocation for each sample. */
function slope(
  gpu: Gpu,
  { gOffset, gMask, gy, x, offset, mask, deformation: d }: DeformOffsetGradient,
  kind: 0 | 1 | 2,
): void {
  const program = gpu.begin();
  const target = program.scatter(kind === 2 ? gMask! : gOffset);
  const [gradient, source, moves] = [program.read(gy), program.read(x), program.read(offset)];
  const factor = kind === 2 ? undefined : optional(program, mask);
  const w = wordsOf(program, d);
  const n = d.images * d.offsetGroups * product(d.kernel) * product(d.output);
  const count = program.uint(n);
  if (n === 0) return;
  const place = kind === 2 ? `index` : `(family * ${w.taps} + tap) * 2u * ${w.size} + ${kind}u * ${w.size} + p`;
  gpu.dispatchEach(`deformSlope ${kind} ${factor !== undefined}`, n, () => ({
    body: `if (index >= ${count}) { return; }
let p = index % ${w.size};
let tap = (index / ${w.size}) % ${w.taps};
let family = index / (${w.size} * ${w.taps});
let image = family / ${w.groups};
${sampleAt(w, moves)}
var sum = 0.0;
for (var k = 0u; k < ${w.depth}; k++) {
  let channel = image * ${w.channels} + (family % ${w.groups}) * ${w.depth} + k;
  let plane = channel * u32(${w.height} * ${w.width});
${CORNERS.map(
  ([row, column], i) => `  var ${"abcd"[i]} = 0.0;
  if (${isInside(w, row, column)}) { ${"abcd"[i]} = ${source.loadAt(`plane + u32((${row}) * ${w.width} + ${column})`)}; }`,
).join("\n")}
  sum += ${gradient.loadAt(`(channel * ${w.taps} + tap) * ${w.size} + p`)} * (${SLOPES[kind]});
}
${target.storeAt(`${place}`, `sum * ${maskAt(factor, w)}`)}`,
  }));
}
