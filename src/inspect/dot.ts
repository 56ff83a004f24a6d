/** `makeDot`: the graph that backward walks, as a picture. */
import { AccumulateGrad, type Node } from "../autograd/node";
import { checkString } from "../core/arguments";
import { ArgumentError, describe } from "../core/errors";
import { declareMethods, named } from "../core/signature";
import { Module } from "../nn/module/module";
import { writeBytes } from "../platform/files";
import { Tensor } from "../tensor/tensor";

/** Options of {@link makeDot}. */
export interface DotOptions {
  /** Names of leaves: a module, pairs as `namedParameters()` gives them, or an object. */
  params?: Module | Iterable<readonly [string, Tensor]> | Readonly<Record<string, Tensor>>;
  /** Which way the graph is drawn: from top to bottom, or from left to right. Default: `"TB"`. */
  rankdir?: "TB" | "LR";
}

/** A graph in Graphviz's language. */
export class Dot {
  /** The text in Graphviz's language. */
  readonly source: string;

  /** @throws ArgumentError unless it is a text. */
  constructor(source: string) {
    this.source = checkString("Dot", "source", source);
  }

  toString(): string {
    return this.source;
  }

  /** The picture as SVG, drawn by Graphviz, which is loaded for it. */
  async toSvg(): Promise<string> {
    const { drawSvg } = await import("./lazyGraphviz");
    return drawSvg(this.source);
  }

  /**
   * Writes the graph: a name that ends with `.svg` asks for the picture, any other for the text.
   * @throws KindlingError if it cannot be written.
   */
  async save(path: string | URL): Promise<void> {
    if (typeof path !== "string" && !(path instanceof URL))
      throw new ArgumentError(`save: path must be a string or a URL, got ${describe(path)}`);
    const text = /\.svg$/i.test(String(path)) ? await this.toSvg() : this.source;
    await writeBytes("save", path, new TextEncoder().encode(text));
  }
}

declareMethods(Dot, { toSvg: "", save: "path" });

const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

const sizeText = (shape: readonly number[]): string => `(${shape.join(", ")})`;

/** Draws nodes and the edges between them, each once. */
class Drawing {
  private readonly lines: string[] = [];
  private readonly ids = new Map<object, string>();

  constructor(private readonly names: ReadonlyMap<Tensor, string>) {}

  /** A node by its identity; new ones get a line. */
  box(of: object, label: string, color?: string): string {
    const known = this.ids.get(of);
    if (known !== undefined) return known;
    const id = `n${this.ids.size}`;
    this.ids.set(of, id);
    const fill = color === undefined ? "" : ` fillcolor=${color}`;
    this.lines.push(`  ${id} [label=${quoted(label)}${fill}];`);
    return id;
  }

  has = (of: object): boolean => this.ids.has(of);

  edge(from: string, to: string): void {
    this.lines.push(`  ${from} -> ${to};`);
  }

  leaf(x: Tensor): string {
    const name = this.names.get(x);
    return this.box(x, name === undefined ? sizeText(x.shape) : `${name}\n${sizeText(x.shape)}`, "lightblue");
  }

  /** Walks from a result to its leaves, without recursion: graphs are deep. */
  walk(result: Tensor): void {
    const root = this.box({}, sizeText(result.shape), "darkolivegreen1");
    if (result.gradFn === null) {
      if (result.requiresGrad) this.edge(this.leaf(result), root);
      return;
    }
    const first = result.gradFn as Node;
    const pending = this.has(first) ? [] : [first];
    this.edge(this.box(first, first.name), root);
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const id = this.box(node, node.name);
      if (node instanceof AccumulateGrad) this.edge(this.leaf(node.variable), id);
      for (const edge of node.edges) {
        if (edge === null) continue;
        if (!this.has(edge.node)) pending.push(edge.node);
        this.edge(this.box(edge.node, edge.node.name), id);
      }
    }
  }

  text(rankdir: string): string {
    const style =
      "node [style=filled shape=box align=left fontsize=10 ranksep=0.1 height=0.2 fontname=monospace fillcolor=lightgrey];";
    return `digraph {\n  graph [rankdir=${rankdir}];\n  ${style}\n${this.lines.join("\n")}\n}\n`;
  }
}

function namesOf(params: DotOptions["params"]): Map<Tensor, string> {
  if (params === undefined) return new Map();
  if (!(params instanceof Module) && (typeof params !== "object" || params === null))
    throw new ArgumentError(`makeDot: params must be a module, pairs or an object, got ${describe(params)}`);
  const pairs =
    params instanceof Module ? params.namedParameters() : Symbol.iterator in params ? params : Object.entries(params);
  const names = new Map<Tensor, string>();
  for (const pair of pairs as Iterable<unknown>) {
    const [name, x] = Array.isArray(pair) ? pair : [];
    if (typeof name !== "string" || !(x instanceof Tensor))
      throw new ArgumentError(`makeDot: params must hold names with tensors, got ${describe(pair)}`);
    names.set(x, name);
  }
  return names;
}

/**
 * The autograd graph of a result: leaves in blue, the operations of backward in gray, results in green, as torchviz draws it.
 * @param results A tensor with a history, or several.
 * @param options `params` gives the leaves their names.
 * @throws ArgumentError for what is no tensor.
 * @see torchviz.make_dot
 * @example await torch.utils.makeDot(loss, { params: model }).save("graph.svg");
 */
export const makeDot = named(
  "makeDot",
  "results;; params, rankdir",
  (results: Tensor | readonly Tensor[], options: DotOptions = {}): Dot => {
    const { params, rankdir = "TB" } = options;
    const list: readonly unknown[] = Array.isArray(results) ? results : [results];
    if (rankdir !== "TB" && rankdir !== "LR")
      throw new ArgumentError(`makeDot: rankdir must be "TB" or "LR", got ${describe(rankdir)}`);
    const drawing = new Drawing(namesOf(params));
    for (const x of list) {
      if (!(x instanceof Tensor)) throw new ArgumentError(`makeDot: results must be tensors, got ${describe(x)}`);
      drawing.walk(x);
    }
    return new Dot(drawing.text(rankdir));
  },
);
