/** Convolutions of small groups, above all of single channels: every result is a sum of its own. */
import type { Convolution, ConvolutionGeometry } from "../../../ops";
import type { Gpu } from "../../gpu";
import type { Program } from "../../wgsl/program";
import { eachElement } from "../each";
import { runRows } from "../rows";
import { constants, indicesOf, loops, positionOf, product, signed, unsigned } from "./axes";

/** Runs a pass. */
export function convolveDirectly(gpu: Gpu, work: Convolution): void {
  if (work.pass === "forward") forward(gpu, work);
  else if (work.pass === "inputGrad") inputGradient(gpu, work);
  else weightGradient(gpu, work);
}

/** The uniforms of a geometry. */
function wordsOf(program: Program, g: ConvolutionGeometry) {
  return {
    c: program.uint(g.c),
    o: program.uint(g.o),
    cg: program.uint(g.c / g.groups),
    og: program.uint(g.o / g.groups),
    input: unsigned(program, g.input),
    output: unsigned(program, g.output),
    padding: signed(program, g.padding),
  };
}

const keyOf = ({ pass, bias, geometry: { kernel, stride, dilation } }: Convolution): string =>
  `convDirect ${pass} ${kernel} ${stride} ${dilation} ${bias !== undefined}`;

const times = (sizes: readonly string[]): string => `(${sizes.join(" * ")})`;
const named = (name: string, { kernel }: ConvolutionGeometry): string[] => kernel.map((_, axis) => `${name}${axis}`);
const inside = (places: readonly string[], sizes: readonly string[]): string =>
  places.map((place, axis) => `${place} < ${sizes[axis]}`).join(" && ");

function forward(gpu: Gpu, work: Convolution): void {
  const { x, w, y, bias, geometry: g } = work;
  const program = gpu.begin();
  const [target, source, weights] = [program.result(y, true), program.read(x), program.read(w)];
  const plus = bias && program.read(bias);
  const { c, o, cg, og, input, output, padding } = wordsOf(program, g);
  const place = named("s", g);
  eachElement(gpu, program, keyOf(work), y, target, () => ({
    body: `let channel = (i / ${times(output)}) % ${o};
let image = i / (${times(output)} * ${o});
${indicesOf("p", `i % ${times(output)}`, output)}
for (var k = 0u; k < ${cg}; k++) {
let plane = ${source.offset} + (image * ${c} + (channel / ${og}) * ${cg} + k) * ${times(input)};
let kernel = ${weights.offset} + (channel * ${cg} + k) * ${product(g.kernel)}u;
${loops(
  "t",
  constants(g.kernel),
  `${place.map((s, a) => `let ${s} = u32(i32(p${a} * ${g.stride[a]}u + t${a} * ${g.dilation[a]}u) - ${padding[a]});`).join("\n")}
if (${inside(place, input)}) { value += ${source.load(`plane + ${positionOf(place, input)}`)} * ${weights.load(`kernel + ${positionOf(named("t", g), constants(g.kernel))}`)}; }`,
)}
}
${plus ? `value += ${plus.loadAt("channel")};` : ""}`,
  }));
}

function inputGradient(gpu: Gpu, work: Convolution): void {
  const { x, w, y, geometry: g } = work;
  const program = gpu.begin();
  const [target, gradient, weights] = [program.result(x, true), program.read(y), program.read(w)];
  const { c, o, cg, og, input, output, padding } = wordsOf(program, g);
  const place = named("s", g);
  eachElement(gpu, program, keyOf(work), x, target, () => ({
    body: `let channel = (i / ${times(input)}) % ${c};
let image = i / (${times(input)} * ${c});
${indicesOf("p", `i % ${times(input)}`, input)}
for (var k = 0u; k < ${og}; k++) {
let own = (channel / ${cg}) * ${og} + k;
let plane = ${gradient.offset} + (image * ${o} + own) * ${times(output)};
let kernel = ${weights.offset} + (own * ${cg} + channel % ${cg}) * ${product(g.kernel)}u;
${loops(
  "t",
  constants(g.kernel),
  `${place
    .map(
      (s, a) => `let d${a} = i32(p${a}) + ${padding[a]} - i32(t${a} * ${g.dilation[a]}u);
let ${s} = u32(d${a}) / ${g.stride[a]}u;`,
    )
    .join("\n")}
if (${place.map((s, a) => `d${a} >= 0i && ${s} * ${g.stride[a]}u == u32(d${a})`).join(" && ")} && ${inside(place, output)}) {
  value += ${gradient.load(`plane + ${positionOf(place, output)}`)} * ${weights.load(`kernel + ${positionOf(named("t", g), constants(g.kernel))}`)};
}`,
)}
}`,
  }));
}

function weightGradient(gpu: Gpu, work: Convolution): void {
  const { x, w, y, geometry: g } = work;
  const program = gpu.begin();
  const [target, source, gradient] = [program.scatter(w), program.read(x), program.read(y)];
  const { c, o, cg, og, input, output, padding } = wordsOf(program, g);
  const taps = product(g.kernel);
  const place = named("s", g);
  const rows = g.o * (g.c / g.groups) * taps;
  runRows(gpu, program, keyOf(work), { rows, n: g.n * product(g.output), inner: 1 }, (row) => ({
    body: `let channel = row / (${taps}u * ${cg});
let seen = (channel / ${og}) * ${cg} + (row / ${taps}u) % ${cg};
${indicesOf("t", `row % ${taps}u`, constants(g.kernel))}
var sum = 0.0;
${row.each(`let image = i / ${times(output)};
${indicesOf("p", `i % ${times(output)}`, output)}
${place.map((s, a) => `let ${s} = u32(i32(p${a} * ${g.stride[a]}u + t${a} * ${g.dilation[a]}u) - ${padding[a]});`).join("\n")}
if (${inside(place, input)}) {
  sum += ${source.loadAt(`(image * ${c} + seen) * ${times(input)} + ${positionOf(place, input)}`)} * ${gradient.loadAt(`(image * ${o} + channel) * ${times(output)} + i % ${times(output)}`)};
}`)}
${row.join("total", "sum", "f32", (a, b) => `${a} + ${b}`)}
${row.once(target.storeAt("row", "total"))}`,
  }));
}
