/** The text of expressions. Uniforms and operands are added at every dispatch; the text is asked for only once per key. */
import type { DType } from "../../../core/dtype";
import type { Operand } from "../../operand";
import { bitsOf, perWord, scalarOf } from "../wgsl/elements";
import { geometryOf } from "../wgsl/layout";
import { type Program, View } from "../wgsl/program";
import { type Input, inFrame, type Node, readsInPlace, waitsFor } from "./node";

/** A value as memory would give it back: elements of fewer bits are rounded or wrapped. */
function stored(value: string, dtype: DType): string {
  switch (dtype) {
    case "float16":
      return `unpack2x16float(halfBits(${value})).x`;
    case "bfloat16":
      return `bitcast<f32>(brainBits(${value}) << 16u)`;
    case "uint8":
      return `((${value}) & 255i)`;
    case "int8":
      return `extractBits(${value}, 0u, 8u)`;
    case "int16":
      return `extractBits(${value}, 0u, 16u)`;
    default:
      return value;
  }
}

/** The values of one position, in the order in which they are computed. */
interface Frame {
  readonly names: Map<Node, string>;
  /** Loads that were added. */
  readonly loads: Map<string, string>;
  readonly statements: (() => string)[];
}

const frameOf = (): Frame => ({ names: new Map(), loads: new Map(), statements: [] });

/** An operand that is computed where it is read. */
class Computed extends View {
  constructor(
    x: Operand,
    program: Program,
    private readonly name: string,
  ) {
    super(x.dtype, -1, program.uint(x.offset), program);
  }

  override load(index: string): string {
    return `${this.name}(${index})`;
  }
}

/** Writes expressions into a program. */
export class Expressions {
  private key = "";
  private readonly functions = new Map<Node, string>();
  private readonly texts: (() => string)[] = [];

  constructor(
    private readonly program: Program,
    /** A kernel whose results are at hand, as `given`. */
    private readonly given?: Node,
  ) {}

  /** Adds the values of a position `i`. @returns what gives the statements that compute them, and their names */
  frame(nodes: Iterable<Node>): { readonly text: () => string; readonly names: ReadonlyMap<Node, string> } {
    const frame = frameOf();
    if (this.given !== undefined) frame.names.set(this.given, "given");
    this.key += "{";
    for (const node of nodes) if (node !== this.given) this.add(node, frame);
    this.key += "}";
    return { text: () => frame.statements.map((statement) => statement()).join("\n"), names: frame.names };
  }

  /** Hands the declarations of what was added to the program. @param more what tells the kernel from others */
  finish(more: string, declarations: () => string = () => ""): void {
    this.program.extend(this.key + more, () => [...this.texts.map((text) => text()), declarations()].join("\n"));
  }

  /** A view on a value that waits, which computes it where it is read. */
  view(x: Operand, node: Node): View {
    return new Computed(x, this.program, this.functionOf(node));
  }

  private add(node: Node, frame: Frame): void {
    const { name, numbers, inputs, scalars, rule, declarations } = node.expression!;
    const { dtype } = node.y;
    this.key += `${name}:${numbers}:${dtype}(`;
    let k = 0;
    const values = inputs.map((x) => {
      if (typeof x !== "number") return this.read(node, node.inputs[k++]!, frame);
      this.key += "#";
      return this.program.scalar(x, numbers, true);
    });
    const words = scalars.map((value) => this.program.scalar(value, numbers));
    this.key += ")";
    const own = `t${frame.names.size}`;
    frame.names.set(node, own);
    if (declarations !== undefined) this.program.useFunctions(declarations);
    frame.statements.push(() => `let ${own} = ${stored(rule(values, words), dtype)};`);
  }

  /** The value of an input at the position. */
  private read(node: Node, input: Input, frame: Frame): string {
    const from = waitsFor(input);
    const { operand } = input;
    if (from === undefined) return this.load(node, operand, frame);
    if (readsInPlace(node, input, from)) {
      const name = frame.names.get(from)!;
      this.key += `${name} `;
      return name;
    }
    const called = this.functionOf(from);
    this.key += `${called} `;
    return this.once(node, operand, frame, (place) => `${called}(${place})`, called, this.program.uint(operand.offset));
  }

  private load(node: Node, operand: Operand, frame: Frame): string {
    const view = this.program.read(operand);
    return this.once(
      node,
      operand,
      frame,
      (place) => view.load(place),
      `b${view.binding} ${operand.dtype}`,
      view.offset,
    );
  }

  /** Loads what several values are computed from once. */
  private once(
    node: Node,
    operand: Operand,
    frame: Frame,
    load: (place: string) => string,
    source: string,
    offset: string,
  ): string {
    const same = `${source} ${operand.offset} ${operand.shape} ${operand.strides} ${node.y.shape}`;
    const found = frame.loads.get(same);
    const name = found ?? `m${frame.loads.size}`;
    this.key += `${name} `;
    if (found !== undefined) return found;
    frame.loads.set(same, name);
    const place = this.place(node.y.shape, operand, offset);
    frame.statements.push(() => `let ${name} = ${load(place())};`);
    return name;
  }

  /** Where a window has its element for position `i` of a result of the given shape. */
  private place(shape: readonly number[], x: Operand, offset: string): () => string {
    const { sizes, strides } = geometryOf(shape, [x]);
    const own = strides[0]!;
    const terms: (() => string)[] = [];
    let inner = 1;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const [size, stride, below] = [sizes[axis]!, own[axis]!, inner];
      inner *= size;
      this.key += stride === 0 ? "0" : stride === 1 ? "1" : "s";
      if (stride === 0) continue;
      const rest = below === 1 ? "i" : `i / ${this.program.uint(below)}`;
      const at = axis === 0 ? rest : `(${rest}) % ${this.program.uint(size)}`;
      const by = stride === 1 ? undefined : this.program.uint(stride >>> 0);
      terms.push(() => (by === undefined ? at : `(${at}) * ${by}`));
    }
    return () => [offset, ...terms.map((term) => term())].join(" + ");
  }

  /** The name of a function that computes a value at a position. */
  private functionOf(node: Node): string {
    const found = this.functions.get(node);
    if (found !== undefined) return found;
    const name = this.program.functionName();
    this.functions.set(node, name);
    this.key += `${name}=`;
    const frame = frameOf();
    this.key += "{";
    for (const part of inFrame(node)) this.add(part, frame);
    this.key += "}";
    const type = scalarOf(node.y.dtype)!;
    this.texts.push(
      () =>
        `fn ${name}(i: u32) -> ${type} {\n${frame.statements.map((line) => line()).join("\n")}\nreturn ${frame.names.get(node)};\n}`,
    );
    return name;
  }
}

/** Statements that compute and store values at position `index`; where elements share a word, those of as many positions as share one. */
export function storing(
  outputs: readonly (readonly [View, string])[],
  count: string,
  text: () => string,
): () => string {
  const lanes = Math.max(...outputs.map(([view]) => perWord(view.dtype)));
  if (lanes === 1)
    return () =>
      `let i = index;\nif (i >= ${count}) { return; }\n${text()}\n${outputs.map(([view, name]) => view.store("i", name)).join("\n")}`;
  return () => `${outputs.map((_, k) => `var word${k} = 0u;`).join("\n")}
for (var lane = 0u; lane < ${lanes}u; lane++) {
let i = index * ${lanes}u + lane;
if (i >= ${count}) { break; }
${text()}
${outputs.map(([view, name], k) => storePart(view, name, k, count)).join("\n")}
}`;
}

/** Statements that keep an element until its word is full. */
function storePart(view: View, name: string, k: number, count: string): string {
  const n = perWord(view.dtype);
  if (n === 1) return view.store("i", name);
  return `word${k} |= ${bitsOf(name, view.dtype)} << ((i % ${n}u) * ${32 / n}u);
if (i % ${n}u == ${n - 1}u || i + 1u == ${count}) { ${view.setWord(`i / ${n}u`, `word${k}`)} word${k} = 0u; }`;
}
