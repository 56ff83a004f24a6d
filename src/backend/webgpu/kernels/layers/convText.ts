/** The factors of the products that the passes of a convolution are: where their elements lie. */
import type { Operand, Optional } from "../../../operand";
import type { ConvolutionGeometry, ConvPass } from "../../../ops";
import type { Program, View } from "../../wgsl/program";
import type { Sections } from "../products/direct";
import type { Factor, Target, TileWords } from "../products/tiled";
import { constants, indicesOf, positionOf, product, signed, unsigned } from "./axes";
import type { Phases } from "./phases";

interface Operands {
  readonly x: Operand;
  readonly w: Operand;
  readonly y: Operand;
  readonly bias: Optional;
}

/** Stands for the first tap of a phase that sees none. */
const NO_TAP = `${2 ** 31 - 1}i`;

/** Whether all hold. The operator with one sign has no branches, of which loops with dozens of them compile slowly. */
const all = (conditions: readonly string[]): string => conditions.map((condition) => `(${condition})`).join(" & ");

const zeroUnless = (condition: string, value: string): string => `select(0.0, ${value}, ${condition})`;
const zerosUnless = (condition: string, value: string): string => `select(vec4<f32>(), ${value}, ${condition})`;

/** The text of a pass. Kernel, stride and dilation are constants in it; all else is uniforms. */
export class ConvText {
  protected views!: Readonly<Record<"x" | "w" | "y", View>> & { readonly bias: View | undefined };
  private out!: View;
  protected words!: Readonly<Record<"c" | "o" | "cg" | "og" | "groups" | "slice" | "inputs" | "outputs", string>>;
  private input!: readonly string[];
  private output!: readonly string[];
  private padding!: readonly string[];
  private positions!: readonly string[];
  private isFourX = false;
  private isFourW = false;
  private isFourY = false;

  /** @param isDirect Whether threads load one element at a time, and no step along k goes beyond its end. */
  constructor(
    private readonly pass: ConvPass,
    private readonly g: ConvolutionGeometry,
    readonly phases: Phases,
    private readonly isDirect: boolean,
  ) {}

  /** Adds the operands and uniforms. @param to What is written, of which each part of a split has `slice` elements. */
  declare(program: Program, { x, w, y, bias }: Operands, to: Operand, slice: number): void {
    const { pass, g } = this;
    const [inputs, outputs] = [product(g.input), product(g.output)];
    const [cg, og, taps] = [g.c / g.groups, g.o / g.groups, product(g.kernel)];
    const isWord = to.dtype === "float32" && !this.isDirect;
    const isPointwise = taps === 1 && g.stride.every((s) => s === 1) && g.padding.every((p) => p === 0);
    this.isFourX = isWord && pass === "forward" && isPointwise && outputs % 4 === 0 && x.offset % 4 === 0;
    this.isFourW = isWord && pass === "forward" && (cg * taps) % 4 === 0 && w.offset % 4 === 0;
    this.isFourY = isWord && pass === "weightGrad" && outputs % 4 === 0 && y.offset % 4 === 0;
    this.out = program.result(to);
    const read = (operand: Operand, isFour: boolean): View =>
      isFour ? program.readFours(operand) : program.read(operand);
    this.views = {
      x: pass === "inputGrad" ? this.out : read(x, this.isFourX),
      w: pass === "weightGrad" ? this.out : read(w, this.isFourW),
      y: pass === "forward" ? this.out : read(y, this.isFourY),
      bias: bias && program.read(bias),
    };
    const values = { c: g.c, o: g.o, cg, og, groups: g.groups, slice, inputs, outputs };
    this.words = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, program.uint(value)]),
    ) as typeof this.words;
    this.input = unsigned(program, g.input);
    this.output = unsigned(program, g.output);
    this.padding = signed(program, g.padding);
    this.positions = unsigned(program, this.phases.positions);
  }

  get key(): string {
    const { kernel, stride, dilation } = this.g;
    const fours = [this.isFourX, this.isFourW, this.isFourY].map(Number).join("");
    return `conv ${this.pass} ${this.isDirect} ${kernel} ${stride} ${dilation} ${fours} ${this.views.bias !== undefined}`;
  }

  private get axes(): readonly number[] {
    return this.g.kernel.map((_, axis) => axis);
  }

  protected get taps(): number {
    return product(this.g.kernel);
  }

  /** How k is divided into sections, if it is. */
  get sections(): Sections | undefined {
    return undefined;
  }

  /** Whether a position along k is within it. */
  private isWithin(k: string): string {
    return this.isDirect ? "true" : `${k} < kEnd`;
  }

  /** What a workgroup knows of its product. */
  get prelude(): string {
    if (this.pass !== "inputGrad") return "";
    const { stride, dilation } = this.g;
    const { steps } = this.phases;
    return `let part = batch % ${this.words.groups};
${indicesOf("residue", `(batch / ${this.words.groups})`, constants(stride))}${this.axes
  .map((axis) =>
    stride[axis] === 1
      ? `let start${axis} = ${this.padding[axis]};`
      : `var first${axis} = ${NO_TAP};
for (var t = 0i; t < ${steps[axis]}i; t++) {
  if ((i32(residue${axis}) + ${this.padding[axis]} - t * ${dilation[axis]}i) % ${stride[axis]}i == 0i) { first${axis} = t; break; }
}
let start${axis} = (i32(residue${axis}) + ${this.padding[axis]} - select(first${axis}, 0i, first${axis} == ${NO_TAP}) * ${dilation[axis]}i) / ${stride[axis]}i;`,
  )
  .join("\n")}`;
  }

  left(words: TileWords): Factor {
    if (this.pass === "forward") return this.weights(words);
    return this.pass === "inputGrad" ? this.weightsOfPhase() : this.gradients();
  }

  right(): Factor {
    if (this.pass === "forward") return this.windows();
    return this.pass === "inputGrad" ? this.gradientsOfPhase() : this.windowsByTap();
  }

  /** w [o, cg · taps] of a group. */
  private weights(words: TileWords): Factor {
    const { w } = this.views;
    return {
      along: "depth",
      outer: (name, at) => `let ${name} = ${at};
let ${name}p = ${w.offset} + (batch * ${this.words.og} + ${name}) * ${words.k};`,
      depth: (name, at) => `let ${name} = ${at};`,
      value: (o, k) => zeroUnless(this.isWithin(k), w.load(`(${o}p + ${k})`)),
      four: this.isFourW ? (o, k) => zerosUnless(this.isWithin(k), w.loadFour(`(${o}p + ${k})`)) : undefined,
    };
  }

  /**
   * Where the places along each axis that a name has lie in a picture of these sizes, counted from its p: what an outer position and one along k have of it add
   * up to the place of an element. Places before 0 wrap around, and back in the sum.
   */
  private placeAt(name: string, sizes: readonly string[]): string {
    const places = this.axes.map((a) => `u32(${name}${a})`);
    return `let ${name}q = ${name}p + ${positionOf(places, sizes)};`;
  }

  /**
   * Statements that declare, for an output position `at` of all images, where its image and group begin (the name with a p), where its window does, along each
   * axis, and in all (the name with a q).
   */
  private windowAt(name: string, at: string): string {
    const { x } = this.views;
    return `let ${name} = ${at};
let ${name}p = ${x.offset} + ((${name} / ${this.words.outputs}) * ${this.words.c} + batch * ${this.words.cg}) * ${this.words.inputs};
${indicesOf(`${name}y`, `${name} % ${this.words.outputs}`, this.output)}${this.axes
  .map((a) => `let ${name}${a} = i32(${name}y${a} * ${this.g.stride[a]}u) - ${this.padding[a]};`)
  .join("\n")}
${this.placeAt(name, this.input)}`;
  }

  /** The same for a tap `at` of all channels: where its channel begins, and where it lies in a window. */
  private tapAt(name: string, at: string): string {
    return `let ${name} = ${at};
let ${name}p = (${name} / ${this.taps}u) * ${this.words.inputs};
${indicesOf(`${name}t`, `${name} % ${this.taps}u`, constants(this.g.kernel))}${this.axes
  .map((a) => `let ${name}${a} = i32(${name}t${a} * ${this.g.dilation[a]}u);`)
  .join("\n")}
${this.placeAt(name, this.input)}`;
  }

  /** The element of x that a window sees at a tap. */
  private seen(window: string, tap: string, isThere: string): string {
    const inside = this.axes.map((a) => `u32(${window}${a} + ${tap}${a}) < ${this.input[a]}`);
    return zeroUnless(all([isThere, ...inside]), this.views.x.load(`(${window}q + ${tap}q)`));
  }

  /** The windows of x as columns. */
  private windows(): Factor {
    const { x } = this.views;
    return {
      along: "outer",
      outer: (name, at) => this.windowAt(name, at),
      depth: (name, at) => this.tapAt(name, at),
      value: (o, k) => this.seen(o, k, this.isWithin(k)),
      four: this.isFourX
        ? (o, k) =>
            zerosUnless(
              this.isWithin(k),
              x.loadFour(`(${o}p + ${k} * ${this.words.inputs} + ${o} % ${this.words.inputs})`),
            )
        : undefined,
    };
  }

  /** What each tap sees, as columns with a term for each output. */
  private windowsByTap(): Factor {
    return {
      along: "depth",
      outer: (name, at) => this.tapAt(name, at),
      depth: (name, at) => this.windowAt(name, at),
      value: (o, k) => this.seen(k, o, this.isWithin(k)),
    };
  }

  /** The gradient of y as rows with a term for each output. */
  private gradients(): Factor {
    const { y } = this.views;
    const { o: channels, og, outputs } = this.words;
    return {
      along: "depth",
      outer: (name, at) => `let ${name} = ${at};
let ${name}p = ${y.offset} + (batch * ${og} + ${name}) * ${outputs};`,
      depth: (name, at) => `let ${name} = ${at};
let ${name}p = (${name} / ${outputs}) * ${channels} * ${outputs} + ${name} % ${outputs};`,
      value: (o, k) => zeroUnless(this.isWithin(k), y.load(`(${o}p + ${k}p)`)),
      four: this.isFourY ? (o, k) => zerosUnless(this.isWithin(k), y.loadFour(`(${o}p + ${k}p)`)) : undefined,
    };
  }

  /**
   * Statements that declare the tap of a phase and its channel of y, and whether there is such a tap (the name with ok); where its weights begin (the name with a
   * w), how far before an input the gradient lies that it meets, along each axis (with a b), and in all, from the first channel on (with a q).
   */
  protected phaseTapAt(name: string, at: string): string {
    const { phaseTaps, taps, steps } = this.phases;
    const { kernel, stride, dilation } = this.g;
    const { og, cg, outputs } = this.words;
    const places = this.axes.map((a) => `${name}${a}`);
    // Without a stride every input sees all taps.
    const strided = this.axes.filter((a) => stride[a] !== 1);
    return `let ${name} = ${at};
let ${name}c = ${name} / ${phaseTaps}u;
${indicesOf(`${name}u`, `${name} % ${phaseTaps}u`, constants(taps))}${this.axes
  .map(
    (a) => `let ${name}${a} = ${stride[a] === 1 ? "" : `u32(first${a}) + `}${name}u${a} * ${steps[a]}u;
let ${name}b${a} = i32(${name}u${a} * ${(steps[a]! * dilation[a]!) / stride[a]!}u);`,
  )
  .join("\n")}
let ${name}ok = ${all([this.isWithin(name), ...strided.map((a) => `${places[a]} < ${kernel[a]}u`)])};
let ${name}w = ${this.views.w.offset} + (part * ${og} + ${name}c) * ${cg} * ${this.taps}u + ${positionOf(places, constants(kernel))};
let ${name}q = ${name}c * ${outputs} + ${positionOf(
      this.axes.map((a) => `u32(-${name}b${a})`),
      this.output,
    )};`;
  }

  private weightsOfPhase(): Factor {
    return {
      along: this.phases.phaseTaps === 1 ? "outer" : "depth",
      outer: (name, at) => `let ${name} = (${at}) * ${this.taps}u;`,
      depth: (name, at) => this.phaseTapAt(name, at),
      value: (o, k) => zeroUnless(`${k}ok`, this.views.w.load(`(${k}w + ${o})`)),
    };
  }

  /** Statements that declare an input of a phase `at` of all images, and from where on it meets the gradient of y: the names are those of {@link windowAt}. */
  protected inputAt(name: string, at: string): string {
    const { y } = this.views;
    const { o: channels, og, outputs } = this.words;
    return `let ${name} = ${at};
let ${name}p = ${y.offset} + ((${name} / ${this.perImage}) * ${channels} + part * ${og}) * ${outputs};
${indicesOf(`${name}j`, `${name} % ${this.perImage}`, this.positions)}${this.axes
  .map((a) => `let ${name}${a} = start${a} + i32(${name}j${a});`)
  .join("\n")}
${this.placeAt(name, this.output)}`;
  }

  /** Whether an input meets a gradient at a tap of its phase. */
  protected meets(input: string, tap: string): string {
    return all(this.axes.map((a) => `u32(${input}${a} - ${tap}b${a}) < ${this.output[a]}`));
  }

  /** The gradient of y as each input of a phase meets it. */
  private gradientsOfPhase(): Factor {
    const { y } = this.views;
    return {
      along: "outer",
      outer: (name, at) => this.inputAt(name, at),
      depth: (name, at) => this.phaseTapAt(name, at),
      value: (o, k) => {
        return zeroUnless(`${k}ok & ${this.meets(o, k)}`, y.load(`(${o}q + ${k}q)`));
      },
    };
  }

  /** Inputs of a phase in an image. */
  private get perImage(): string {
    return `(${this.positions.join(" * ")})`;
  }

  get target(): Target {
    if (this.pass === "weightGrad") return this.weightTarget;
    return this.pass === "forward" ? this.outputTarget : this.inputTarget;
  }

  private get outputTarget(): Target {
    const { out, words, views } = this;
    const { o, og, outputs, slice } = words;
    return {
      row: (name, at) => `let ${name}o = batch * ${og} + ${at};
let ${name} = ${out.offset} + split * ${slice} + ${name}o * ${outputs};
${views.bias ? `let ${name}b = ${views.bias.loadAt(`${name}o`)};` : ""}`,
      column: (name, at) => `let ${name} = (${at} / ${outputs}) * ${o} * ${outputs} + ${at} % ${outputs};`,
      put: (row, column, value) => out.store(`${row} + ${column}`, views.bias ? `${value} + ${row}b` : value),
    };
  }

  private get inputTarget(): Target {
    const { out, words, axes } = this;
    const { c, cg, inputs, slice } = words;
    const inside = (name: string): string => all(axes.map((a) => `${name}i${a} < ${this.input[a]}`));
    return {
      row: (name, at) => `let ${name} = ${out.offset} + split * ${slice} + (part * ${cg} + ${at}) * ${inputs};`,
      column: (name, at) => `${indicesOf(`${name}j`, `${at} % ${this.perImage}`, this.positions)}${axes
        .map((a) => `let ${name}i${a} = residue${a} + ${name}j${a} * ${this.g.stride[a]}u;`)
        .join("\n")}
let ${name} = (${at} / ${this.perImage}) * ${c} * ${inputs} + ${positionOf(
        axes.map((a) => `${name}i${a}`),
        this.input,
      )};`,
      put: (row, column, value) => `if (${inside(column)}) { ${out.store(`${row} + ${column}`, value)} }`,
    };
  }

  private get weightTarget(): Target {
    const { out, words } = this;
    const { og, cg, slice } = words;
    return {
      row: (name, at) =>
        `let ${name} = ${out.offset} + split * ${slice} + (batch * ${og} + ${at}) * ${cg} * ${this.taps}u;`,
      column: (name, at) => `let ${name} = ${at};`,
      put: (row, column, value) => out.store(`${row} + ${column}`, value),
    };
  }
}
