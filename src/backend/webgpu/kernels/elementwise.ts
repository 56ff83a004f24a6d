/** Elementwise kernels: a rule, the layouts of its operands, and one invocation for each word of the result. */
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { Arange } from "../../ops";
import type { Elementwise } from "../fusion/node";
import type { Gpu } from "../gpu";
import { bitsOf, convert, perWord, scalarOf } from "../wgsl/elements";
import { type Geometry, geometryOf, type Step, stepOf } from "../wgsl/layout";
import type { Program, View } from "../wgsl/program";
import { wordBody } from "./each";

const NONE: Operand["shape"] = [];

/** An operand of a kernel and how it is stepped through. */
interface Input {
  readonly view: View;
  readonly step: Step;
  readonly strides: readonly string[];
}

/** The coordinates of element `i`, innermost axis first, as statements; and where an operand has its element. */
class Walk {
  private readonly sizes: readonly string[];

  constructor(
    program: Program,
    private readonly geometry: Geometry,
  ) {
    this.sizes = geometry.sizes.map((size) => program.uint(size));
  }

  input(program: Program, view: View, k: number): Input {
    const step = stepOf(this.geometry, k);
    const strides = step === "strided" ? this.geometry.strides[k]!.map((stride) => program.uint(stride >>> 0)) : [];
    return { view, step, strides };
  }

  /** Statements that declare `c0`, `c1`, … for the element `i`. */
  coordinates(inputs: readonly Input[]): string {
    if (!inputs.some(({ step }) => step === "strided")) return "";
    const last = this.sizes.length - 1;
    let text = "var rest = i;\n";
    for (let axis = last; axis > 0; axis--)
      text += `let c${axis} = rest % ${this.sizes[axis]}; rest = rest / ${this.sizes[axis]};\n`;
    return `${text}let c0 = rest;\n`;
  }

  /** The position of element `i` of an operand. */
  place({ view, step, strides }: Input): string {
    if (step === "single") return view.offset;
    if (step === "linear") return `${view.offset} + i`;
    return [view.offset, ...strides.map((stride, axis) => `c${axis} * ${stride}`)].join(" + ");
  }
}

const isOperand = (x: Operand | number): x is Operand => typeof x === "object";

/** Runs a kernel over all elements of its result. */
export function elementwise(gpu: Gpu, work: Elementwise): void {
  const { name, y, inputs, numbers, scalars, rule, declarations = "" } = work;
  const n = sizeOfShape(y.shape);
  if (n === 0) return;
  const program = gpu.begin();
  const geometry = geometryOf(y.shape, [y, ...inputs.map((x) => (isOperand(x) ? x : { shape: NONE, strides: NONE }))]);
  const isDense = stepOf(geometry, 0) !== "strided" && (geometry.sizes.length > 0 || perWord(y.dtype) === 1);
  const target = isDense ? program.write(y) : program.scatter(y);
  const walk = new Walk(program, geometry);
  const result = walk.input(program, target, 0);
  const sources = inputs.map((x, i) => (isOperand(x) ? walk.input(program, program.read(x), i + 1) : undefined));
  const values = inputs.map((x, i) => (isOperand(x) ? `v${i}` : program.scalar(x, numbers, true)));
  const words = scalars.map((value) => program.scalar(value, numbers));
  const count = program.uint(n);
  const all = [result, ...sources.filter((source) => source !== undefined)];
  const key = `${name} ${geometry.sizes.length} ${all.map(({ step }) => step).join(" ")} ${inputs.map((x) => typeof x)}`;
  const element = (): string => {
    const loads = sources.map((source, i) => source && `let v${i} = ${source.view.load(walk.place(source))};\n`);
    return `${walk.coordinates(all)}${loads.join("")}`;
  };
  const value = (): string => rule(values, words);
  const lanes = perWord(y.dtype);
  if (!isDense || lanes === 1) {
    gpu.dispatchEach(key, n, () => ({
      declarations,
      body: `let i = index;\nif (i >= ${count}) { return; }\n${element()}${target.store(walk.place(result), value())}`,
    }));
    return;
  }
  // The first word may begin before the result does.
  gpu.dispatchEach(key, Math.floor((y.offset + n - 1) / lanes) - Math.floor(y.offset / lanes) + 1, () => ({
    declarations: `${declarations}\nfn element(i: u32) -> u32 {\n${element()}return ${bitsOf(value(), y.dtype)};\n}`,
    body: wordBody(target, count, lanes),
  }));
}

/** y = x cast to the dtype of y, between any two layouts. */
export function copying(y: Operand, x: Operand): Elementwise {
  const { dtype } = x;
  const to = y.dtype;
  const rule = ([v]: readonly string[]) => convert(v!, dtype, to);
  return { name: `copy ${dtype} ${to}`, y, inputs: [x], numbers: dtype, scalars: [], rule };
}

/** Sets y to a value. */
export function filling(y: Operand, value: number): Elementwise {
  const scalar = y.dtype === "bool" ? Number(value !== 0) : value;
  const rule = (_: readonly string[], [p]: readonly string[]) => p!;
  return { name: "fill", y, inputs: [], numbers: y.dtype, scalars: [scalar], rule };
}

/** Runs {@link copying} at once. */
export const copy = (gpu: Gpu, y: Operand, x: Operand): void => elementwise(gpu, copying(y, x));

/** Runs {@link filling} at once. */
export const fill = (gpu: Gpu, y: Operand, value: number): void => elementwise(gpu, filling(y, value));

/** Runs y[i] = start + i · step. Numbers of 32 bits are as exact as their dtype. */
export function arange(gpu: Gpu, { y, start, step }: Arange): void {
  const n = sizeOfShape(y.shape);
  if (n === 0) return;
  const program = gpu.begin();
  const target = program.scatter(y);
  const isWhole = Number.isInteger(start) && Number.isInteger(step) && scalarOf(y.dtype) === "i32";
  const dtype = isWhole ? "int64" : "float32";
  const [first, by] = [program.scalar(start, dtype), program.scalar(step, dtype)];
  if (isWhole) program.scalar(start + (n - 1) * step, dtype);
  const count = program.uint(n);
  const value = isWhole ? `${first} + i32(index) * ${by}` : `${first} + f32(index) * ${by}`;
  gpu.dispatchEach(`arange ${isWhole}`, n, () => ({
    body: `if (index >= ${count}) { return; }\n${target.storeAt("index", convert(value, dtype, y.dtype))}`,
  }));
}
