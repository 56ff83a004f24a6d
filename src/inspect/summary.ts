/** `summary`: what a model is made of, layer by layer, seen by running it once. */

import { noGrad } from "../autograd/scopes";
import { checkArray, checkChoice, checkFlag, checkInteger, checkIntegers, MAX_COUNT } from "../core/arguments";
import { classNameOf } from "../core/className";
import { type DType, sizeOf } from "../core/dtype";
import { ArgumentError, describe } from "../core/errors";
import { named, watchCalls } from "../core/signature";
import { Module, registerModuleForwardHook, registerModuleForwardPreHook } from "../nn/module/module";
import { RNNBase } from "../nn/recurrent/rnn";
import { multiplyAddsOf } from "../ops/builders/flops";
import { forkRng, rand } from "../ops/random/randomTensors";
import { Tensor, tidy } from "../tensor/tensor";

/** A call of a module. */
export interface LayerInfo {
  /** The name in its parent; of the model itself, its class. */
  readonly name: string;
  readonly className: string;
  readonly depth: number;
  /** Shapes of the tensors that went in and came out. */
  readonly inputSize: readonly (readonly number[])[];
  readonly outputSize: readonly (readonly number[])[];
  /** Parameters inside, each counted where it is met first; 0 at another call of the same module. */
  readonly numParams: number;
  readonly trainable: boolean;
  /** Multiplications with additions of all ops inside. */
  readonly multAdds: number;
  /** Whether the module was called before. */
  readonly isRepeated: boolean;
  /** Whether it called no other module. */
  readonly isLeaf: boolean;
}

/** Options of {@link summary}. */
export interface SummaryOptions {
  /** Arguments of the model, instead of sizes. */
  inputData?: Tensor | readonly unknown[];
  /** The dtypes of the tensors made for `inputSize`. Default: float32. */
  dtypes?: readonly DType[];
  /** The deepest modules that are shown. Default: 3. */
  depth?: number;
  /** What columns there are, beside the names. Default: `["outputSize", "numParams"]`. */
  colNames?: readonly ColumnName[];
  /** In what mode the model runs. Default: `"eval"`. */
  mode?: "eval" | "train";
  /** Whether the table is printed. Default: false; `console.log(summary(…))` prints it. */
  verbose?: boolean;
}

/** A column of the table. */
export type ColumnName = "inputSize" | "outputSize" | "numParams" | "multAdds" | "trainable";

const titles: Readonly<Record<ColumnName, string>> = {
  inputSize: "Input Shape",
  outputSize: "Output Shape",
  numParams: "Param #",
  multAdds: "Mult-Adds",
  trainable: "Trainable",
};

const columnNames = Object.keys(titles) as ColumnName[];

const grouped = (n: number): string => n.toLocaleString("en-US");

function ofUnit(n: number, units: readonly string[]): string {
  const power = n === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return `${units[power]}: ${(n / 1000 ** power).toFixed(2)}`;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);

const shapesText = (shapes: readonly (readonly number[])[]): string =>
  shapes.length === 0 ? "--" : shapes.map((shape) => `[${shape.join(", ")}]`).join(", ");

const cells: Readonly<Record<ColumnName, (layer: LayerInfo) => string>> = {
  inputSize: ({ inputSize }) => shapesText(inputSize),
  outputSize: ({ outputSize }) => shapesText(outputSize),
  numParams: ({ numParams, isRepeated }) => (isRepeated ? "(recursive)" : numParams === 0 ? "--" : grouped(numParams)),
  multAdds: ({ multAdds }) => (multAdds === 0 ? "--" : grouped(multAdds)),
  trainable: ({ numParams, trainable }) => (numParams === 0 ? "--" : trainable ? "True" : "False"),
};

/** What {@link summary} found; as text, a table. Memory in bytes. */
export class ModelStatistics {
  constructor(
    /** The calls of modules in the order of their beginnings. */
    readonly layers: readonly LayerInfo[],
    readonly totalParams: number,
    readonly trainableParams: number,
    /** Multiplications with additions of a run forward. */
    readonly totalMultAdds: number,
    readonly totalInputBytes: number,
    /** The size of the outputs of all modules without others inside; what backward needs is about twice as much. */
    readonly totalOutputBytes: number,
    readonly totalParamBytes: number,
    private readonly shown: { readonly depth: number; readonly columns: readonly ColumnName[] },
  ) {}

  toString(): string {
    const { depth, columns } = this.shown;
    const layers = this.layers.filter((layer) => layer.depth <= depth);
    const names = layers.map((layer, i) => {
      const name = layer.name === layer.className ? layer.className : `${layer.className} (${layer.name})`;
      return layer.depth === 0 ? name : `${"│    ".repeat(layer.depth - 1)}${branch(layers, i)}${name}`;
    });
    const first = Math.max("Layer (type)".length, ...names.map((name) => name.length)) + 2;
    const values = layers.map((layer) => columns.map((column) => cells[column](layer)));
    const widths = columns.map(
      (column, i) => Math.max(titles[column].length, ...values.map((row) => row[i]!.length)) + 2,
    );
    const line = (name: string, row: readonly string[]): string =>
      (name.padEnd(first) + row.map((cell, i) => cell.padEnd(widths[i]!)).join("")).trimEnd();
    const rule = "=".repeat(first + widths.reduce((sum, width) => sum + width, 0));
    const rows = names.map((name, i) => line(name, values[i]!));
    return [
      rule,
      line(
        "Layer (type)",
        columns.map((column) => titles[column]),
      ),
      rule,
      ...rows,
      rule,
      ...this.totals(rule),
    ].join("\n");
  }

  private totals(rule: string): string[] {
    const { totalParams, trainableParams, totalInputBytes, totalOutputBytes, totalParamBytes } = this;
    return [
      `Total params: ${grouped(totalParams)}`,
      `Trainable params: ${grouped(trainableParams)}`,
      `Non-trainable params: ${grouped(totalParams - trainableParams)}`,
      `Total mult-adds ${ofUnit(this.totalMultAdds, ["(Units)", "(K)", "(M)", "(G)", "(T)"])}`,
      rule,
      `Input size (MB): ${megabytes(totalInputBytes)}`,
      `Forward/backward pass size (MB): ${megabytes(2 * totalOutputBytes)}`,
      `Params size (MB): ${megabytes(totalParamBytes)}`,
      `Estimated Total Size (MB): ${megabytes(totalInputBytes + 2 * totalOutputBytes + totalParamBytes)}`,
      rule,
    ];
  }

  /** @internal Node's `console.log`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** How the tree is drawn before a layer: whether another one of its depth follows within the same parent. */
function branch(layers: readonly LayerInfo[], i: number): string {
  const { depth } = layers[i]!;
  const next = layers.slice(i + 1).find((layer) => layer.depth <= depth);
  return next?.depth === depth ? "├─" : "└─";
}

type Writable = { -readonly [K in keyof LayerInfo]: LayerInfo[K] };

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.values(value as object).flatMap(tensorsIn) : [];
}

const bytesOf = (x: Tensor): number => x.numel() * sizeOf(x.dtype);

/** Watches one run of a model. */
class Watch {
  readonly layers: Writable[] = [];
  outputBytes = 0;
  private readonly open: { readonly module: Module; readonly layer: Writable }[] = [];
  private readonly names = new Map<Module, string>();
  private readonly seen = new Set<Module>();
  private readonly counted = new Set<Tensor>();
  private depthOfCount = 0;

  constructor(model: Module) {
    for (const [path, module] of model.namedModules())
      this.names.set(module, path === "" ? classNameOf(module) : path.slice(path.lastIndexOf(".") + 1));
  }

  begin(module: Module, args: readonly unknown[]): void {
    for (const { layer } of this.open.slice(-1)) layer.isLeaf = false;
    const fresh = [...module.parameters()].filter((p) => !this.counted.has(p));
    const isRepeated = this.seen.has(module);
    this.seen.add(module);
    const layer: Writable = {
      name: this.names.get(module) ?? classNameOf(module),
      className: classNameOf(module),
      depth: this.open.length,
      inputSize: args.flatMap(tensorsIn).map((x) => x.shape),
      outputSize: [],
      numParams: isRepeated ? 0 : fresh.reduce((sum, p) => sum + p.numel(), 0),
      trainable: fresh.some((p) => p.requiresGrad),
      multAdds: 0,
      isRepeated,
      isLeaf: true,
    };
    this.layers.push(layer);
    this.open.push({ module, layer });
    if (module instanceof RNNBase) this.countSteps(module, args);
  }

  /** All matrices of a recurrent network for each vector of its input; its steps are no ops of their own. */
  private countSteps(module: Module, [input]: readonly unknown[]): void {
    this.depthOfCount++;
    if (!(input instanceof Tensor)) return;
    const weights = [...module.parameters()].filter((p) => p.ndim === 2).reduce((sum, p) => sum + p.numel(), 0);
    const vectors = input.numel() / Math.max(1, input.shape.at(-1) ?? 1);
    for (const { layer } of this.open) layer.multAdds += vectors * weights;
  }

  end(module: Module, output: unknown): void {
    const at = this.open.findLastIndex((other) => other.module === module);
    if (at < 0) return;
    const { layer } = this.open[at]!;
    this.open.length = at;
    if (module instanceof RNNBase) this.depthOfCount--;
    const outputs = tensorsIn(output);
    layer.outputSize = outputs.map((x) => x.shape);
    if (layer.isLeaf) {
      for (const p of module.parameters()) this.counted.add(p);
      this.outputBytes += outputs.reduce((sum, x) => sum + bytesOf(x), 0);
    }
  }

  /** Counts the work of an op for all modules that it runs in; that of ops inside of it is the same work. */
  call(name: string, given: readonly unknown[], run: () => unknown): unknown {
    const isInside = this.depthOfCount > 0;
    const count = isInside ? undefined : multiplyAddsOf(name);
    if (count === undefined) return run();
    this.depthOfCount++;
    try {
      const result = run();
      const work = count(given, result);
      for (const { layer } of this.open) layer.multAdds += work;
      return result;
    } finally {
      this.depthOfCount--;
    }
  }
}

function inputsOf(inputSize: unknown, { inputData, dtypes }: SummaryOptions): readonly unknown[] {
  if (inputData !== undefined) {
    if (inputSize != null) throw new ArgumentError("summary: give either inputSize or inputData, not both");
    return inputData instanceof Tensor
      ? [inputData]
      : checkArray("summary", "inputData", inputData, "arguments of the model");
  }
  if (inputSize == null) throw new ArgumentError("summary: the size of the input is missing: inputSize or inputData");
  const list = checkArray("summary", "inputSize", inputSize, "numbers, or of sizes");
  const sizes = Array.isArray(list[0]) ? list : [list];
  return sizes.map((size, i) => {
    const shape = checkIntegers("summary", "inputSize", size, 0, MAX_COUNT);
    const dtype = dtypes?.[i] ?? "float32";
    return /^(float|bfloat)/.test(dtype) ? rand(shape, { dtype }) : rand(shape).mul(0).to(dtype);
  });
}

/**
 * What a model is made of: its modules with the shapes that come out, their parameters, multiplications, and the memory of all. The model runs once
 * forward, without gradients; its mode and the random numbers of the program are as before.
 * @param inputSize The shape of the input, with the batch; of several inputs a list of shapes.
 * @throws ArgumentError for wrong sizes, and what the model throws for them.
 * @see torchinfo.summary
 * @example console.log(String(torch.utils.summary(new LeNet(), [1, 3, 32, 32])));
 */
export const summary = named(
  "summary",
  "model, inputSize?;; inputData, dtypes, depth, colNames, mode, verbose",
  (
    model: Module,
    inputSize: readonly number[] | readonly (readonly number[])[] | null | undefined,
    options: SummaryOptions = {},
  ): ModelStatistics => {
    if (!(model instanceof Module)) throw new ArgumentError(`summary: model must be a Module, got ${describe(model)}`);
    const { depth = 3, colNames = ["outputSize", "numParams"], mode = "eval", verbose = false } = options;
    checkInteger("summary", "depth", depth, 0);
    checkChoice("summary", "mode", mode, ["eval", "train"]);
    checkFlag("summary", "verbose", verbose);
    for (const name of checkArray("summary", "colNames", colNames, "names of columns"))
      checkChoice("summary", "colNames", name, columnNames);
    const statistics = tidy(() => {
      const inputs = forkRng(() => inputsOf(inputSize, options));
      const watch = new Watch(model);
      run(model, inputs, mode, watch);
      return totalsOf(model, inputs, watch, { depth, columns: colNames });
    }) as ModelStatistics;
    if (verbose) console.log(String(statistics));
    return statistics;
  },
);

/** Runs the model under watch, and puts its modes back. */
function run(model: Module, inputs: readonly unknown[], mode: "eval" | "train", watch: Watch): void {
  const modes = [...model.modules()].map((module) => [module, module.training] as const);
  const handles = [
    registerModuleForwardPreHook((module, args) => watch.begin(module, args)),
    registerModuleForwardHook((module, _, output) => watch.end(module, output)),
  ];
  const calls = watchCalls((op, given, next) => watch.call(op.opName, given, () => calls?.(op, given, next) ?? next()));
  try {
    model.train(mode === "train");
    forkRng(() => noGrad(() => (model as unknown as (...args: readonly unknown[]) => unknown)(...inputs)));
  } finally {
    watchCalls(calls);
    for (const handle of handles) handle.remove();
    for (const [module, training] of modes) module.training = training;
  }
}

function totalsOf(
  model: Module,
  inputs: readonly unknown[],
  watch: Watch,
  shown: { readonly depth: number; readonly columns: readonly ColumnName[] },
): ModelStatistics {
  const parameters = [...model.parameters()];
  const count = (list: readonly Tensor[]): number => list.reduce((sum, p) => sum + p.numel(), 0);
  return new ModelStatistics(
    watch.layers,
    count(parameters),
    count(parameters.filter((p) => p.requiresGrad)),
    watch.layers[0]?.multAdds ?? 0,
    inputs.flatMap(tensorsIn).reduce((sum, x) => sum + bytesOf(x), 0),
    watch.outputBytes,
    [...parameters, ...model.buffers()].reduce((sum, x) => sum + bytesOf(x), 0),
    shown,
  );
}
