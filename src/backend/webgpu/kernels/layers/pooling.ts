/** Pooling: every output looks at its window, every input at the windows that saw it, so that nothing is added in an order of chance. */
import type { Averaging, AvgPool, AvgPoolGradient, MaxPool, MaxPoolGradient, PoolWindows } from "../../../ops";
import type { Gpu } from "../../gpu";
import type { Program } from "../../wgsl/program";
import { eachElement } from "../each";
import { indicesOf, positionOf, product, signed, unsigned } from "./axes";
import { sumSegments } from "./segments";

/** In adaptive pooling, windows follow from the sizes. */
const isAdaptive = ({ kernel }: PoolWindows): boolean => kernel.every((k) => k === 0);

/** The uniforms of windows, and text about them. */
class WindowText {
  private readonly input: readonly string[];
  private readonly output: readonly string[];
  private readonly kernel: readonly string[];
  private readonly stride: readonly string[];
  private readonly padding: readonly string[];
  private readonly dilation: readonly string[];
  private readonly isAdaptive: boolean;
  private readonly axes: readonly number[];

  constructor(program: Program, windows: PoolWindows) {
    this.input = unsigned(program, windows.input);
    this.output = unsigned(program, windows.output);
    this.kernel = signed(program, windows.kernel);
    this.stride = signed(program, windows.stride);
    this.padding = signed(program, windows.padding);
    this.dilation = signed(program, windows.dilation);
    this.isAdaptive = isAdaptive(windows);
    this.axes = windows.input.map((_, axis) => axis);
  }

  get key(): string {
    return `${this.axes.length} ${this.isAdaptive}`;
  }

  /** Elements of a plane of the input, or of the output. */
  get inputs(): string {
    return `(${this.input.join(" * ")})`;
  }

  get outputs(): string {
    return `(${this.output.join(" * ")})`;
  }

  /** Statements that declare, for output `i`, its plane and the ends of its window: from `first0` to before `last0`, and so on. */
  window(): string {
    return `let plane = i / ${this.outputs};
${indicesOf("o", `i % ${this.outputs}`, this.output)}${this.axes.map((a) => this.ends(a, `o${a}`)).join("\n")}`;
  }

  /** The ends of window `o` along an axis. */
  ends(a: number, o: string): string {
    const [input, output] = [this.input[a], this.output[a]];
    if (this.isAdaptive)
      return `let first${a} = i32((${o} * ${input}) / ${output});
let last${a} = i32(((${o} + 1u) * ${input} + ${output} - 1u) / ${output});`;
    const step = this.dilation[a];
    return `let begin${a} = i32(${o}) * ${this.stride[a]} - ${this.padding[a]};
let first${a} = select(begin${a} + ((${step} - 1i - begin${a}) / ${step}) * ${step}, begin${a}, begin${a} >= 0i);
let last${a} = min(begin${a} + (${this.kernel[a]} - 1i) * ${step} + 1i, i32(${input}));`;
  }

  /** Loops over the elements of a window, whose position in the plane is `at`. */
  each(statements: string): string {
    const place = positionOf(
      this.axes.map((a) => `u32(w${a})`),
      this.input,
    );
    return this.axes.reduceRight(
      (inner, a) =>
        `for (var w${a} = first${a}; w${a} < last${a}; w${a} += ${this.isAdaptive ? "1i" : this.dilation[a]}) {\n${inner}\n}`,
      `let at = ${place};\n${statements}`,
    );
  }

  /** Statements that declare, for input `i`, its plane, its position `place` in it and, along each axis, the windows that may see it. */
  seers(): string {
    return `let plane = i / ${this.inputs};
let place = i % ${this.inputs};
${indicesOf("p", "place", this.input)}${this.axes
  .map((a) => {
    const [input, output] = [this.input[a], this.output[a]];
    if (this.isAdaptive)
      return `let from${a} = i32((p${a} * ${output}) / ${input});
let to${a} = i32(((p${a} + 1u) * ${output} + ${input} - 1u) / ${input});`;
    return `let far${a} = i32(p${a}) + ${this.padding[a]};
let near${a} = far${a} - (${this.kernel[a]} - 1i) * ${this.dilation[a]};
let from${a} = select((near${a} + ${this.stride[a]} - 1i) / ${this.stride[a]}, 0i, near${a} <= 0i);
let to${a} = min(far${a} / ${this.stride[a]} + 1i, i32(${output}));`;
  })
  .join("\n")}`;
  }

  /** Loops over those windows, of which `o0`… are the indices and `at` is the position. */
  eachSeer(statements: string): string {
    const place = positionOf(
      this.axes.map((a) => `o${a}`),
      this.output,
    );
    return this.axes.reduceRight(
      (inner, a) => `for (var q${a} = from${a}; q${a} < to${a}; q${a}++) {\nlet o${a} = u32(q${a});\n${inner}\n}`,
      `let at = ${place};\n${statements}`,
    );
  }

  /** How many elements a mean counts, from the ends of a window. */
  count(countIncludePad: boolean): string {
    return this.axes
      .map((a) => {
        if (this.isAdaptive || !countIncludePad) return `max(last${a} - first${a}, 0i)`;
        return `(min(begin${a} + ${this.kernel[a]}, i32(${this.input[a]}) + ${this.padding[a]}) - begin${a})`;
      })
      .join(" * ");
  }

  /** Statements for the ends of the window with the indices `o0`…. */
  allEnds(): string {
    return this.axes.map((a) => this.ends(a, `o${a}`)).join("\n");
  }
}

/** Runs a maximum. NaN is larger than all else, and the last one of several counts, as on the cpu. */
export function maxPool(gpu: Gpu, { y, indices, x, windows }: MaxPool): void {
  pick(gpu, y, x, windows, false);
  pick(gpu, indices, x, windows, true);
}

/** Writes the maxima of windows, or their positions. */
function pick(gpu: Gpu, to: MaxPool["y"], x: MaxPool["x"], windows: PoolWindows, isPosition: boolean): void {
  const program = gpu.begin();
  const [target, source] = [program.write(to), program.read(x)];
  const text = new WindowText(program, windows);
  eachElement(gpu, program, `maxPool ${text.key} ${isPosition}`, to, target, () => ({
    body: `${text.window()}
var best = -infinity();
var found = -1i;
${text.each(`let v = ${source.loadAt(`plane * ${text.inputs} + at`)};
if (found < 0i || v > best || isNan(v)) { best = v; found = i32(at); }`)}
value = ${isPosition ? "found" : "best"};`,
  }));
}

/** Runs the gradient of a maximum. */
export function maxPoolGradient(gpu: Gpu, { gx, gy, indices, windows }: MaxPoolGradient): void {
  const program = gpu.begin();
  const [target, gradient, positions] = [program.result(gx, true), program.read(gy), program.read(indices)];
  const text = new WindowText(program, windows);
  eachElement(gpu, program, `maxPoolGradient ${text.key}`, gx, target, () => ({
    body: `${text.seers()}
${text.eachSeer(`let output = plane * ${text.outputs} + at;
if (${positions.loadAt("output")} == i32(place)) { value += ${gradient.loadAt("output")}; }`)}`,
  }));
}

/** The divisor of a mean as a number, from the ends of its window. */
function divisorOf(program: Program, text: WindowText, { divisor, countIncludePad }: Averaging): string {
  return divisor === undefined ? `f32(${text.count(countIncludePad)})` : program.float(divisor);
}

const keyOf = ({ divisor, countIncludePad }: Averaging): string => `${divisor === undefined} ${countIncludePad}`;

/** Runs the means of whole planes, which workgroups add up. */
function planeMeans(gpu: Gpu, { y, x, windows }: AvgPool): void {
  const inner = product(windows.input);
  sumSegments(gpu, {
    name: "planeMeans",
    outer: 1,
    segments: product(y.shape),
    inner,
    sums: 1,
    terms: (program) => {
      const source = program.read(x);
      return { terms: (at) => [source.loadAt(`${at}`)] };
    },
    finish: (program) => {
      const target = program.result(y);
      const count = program.float(inner);
      return { put: (segment, [sum]) => target.storeAt(`${segment}`, `${sum} / ${count}`) };
    },
  });
}

/** Runs a mean. */
export function avgPool(gpu: Gpu, work: AvgPool): void {
  const { y, x, windows, ...averaging } = work;
  if (isAdaptive(windows) && windows.output.every((size) => size === 1) && averaging.divisor === undefined) {
    planeMeans(gpu, work);
    return;
  }
  const program = gpu.begin();
  const [target, source] = [program.result(y, true), program.read(x)];
  const text = new WindowText(program, windows);
  const divisor = divisorOf(program, text, averaging);
  eachElement(gpu, program, `avgPool ${text.key} ${keyOf(averaging)}`, y, target, () => ({
    body: `${text.window()}
var sum = 0.0;
${text.each(`sum += ${source.loadAt(`plane * ${text.inputs} + at`)};`)}
let divisor = ${divisor};
if (${averaging.divisor === undefined ? "divisor > 0.0" : "true"}) { value = sum / divisor; }`,
  }));
}

/** Runs the gradient of a mean. */
export function avgPoolGradient(gpu: Gpu, { gx, gy, windows, ...averaging }: AvgPoolGradient): void {
  const program = gpu.begin();
  const [target, gradient] = [program.result(gx, true), program.read(gy)];
  const text = new WindowText(program, windows);
  const divisor = divisorOf(program, text, averaging);
  eachElement(gpu, program, `avgPoolGradient ${text.key} ${keyOf(averaging)}`, gx, target, () => ({
    body: `${text.seers()}
${text.eachSeer(`${averaging.divisor === undefined ? text.allEnds() : ""}
value += ${gradient.loadAt(`plane * ${text.outputs} + at`)} / ${divisor};`)}`,
  }));
}
