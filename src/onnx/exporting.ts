/** The face of the export of models as ONNX files. What does the work is loaded when it is first used. */
import { namedAsync } from "../core/signature";
import type { Overloaded } from "../core/signatureTypes";
import type { Module } from "../nn/module/module";
import type { Tensor } from "../tensor/tensor";

/** In which mode a model is exported. @see torch.onnx.TrainingMode */
export const TrainingMode = { EVAL: 0, PRESERVE: 1, TRAINING: 2 } as const;

/** Where the file goes: nothing for its bytes. */
export type ExportTarget = string | URL | null | undefined;

/** Options of {@link export_}. */
export interface ExportOptions {
  /** Write the parameters' values; else they become inputs after the others. Default: true. */
  exportParams?: boolean | undefined;
  /** Print the graph. Default: false. */
  verbose?: boolean | undefined;
  /** One of {@link TrainingMode}. Default: `TrainingMode.EVAL`. */
  training?: 0 | 1 | 2 | undefined;
  /** Names of the inputs, in order. Default: input, input_1, … */
  inputNames?: readonly string[] | null;
  /** Names of the outputs, in order. Default: output, or output_0, output_1, … */
  outputNames?: readonly string[] | null;
  /** The version of ONNX's operators, 13 to 20. Default: 17. */
  opsetVersion?: number | null;
  /** Compute what depends on parameters alone. Default: true. */
  doConstantFolding?: boolean;
  /** Axes whose sizes are open, by the names of inputs and outputs: `{ input: { 0: "batch" } }`, or `{ input: [0] }`. */
  dynamicAxes?: Readonly<Record<string, Readonly<Record<number, string>> | readonly number[]>> | null;
  /** List the parameters among the inputs as well, so that their values can be replaced. Default: false. */
  keepInitializersAsInputs?: boolean | null;
  /** Write the weights to `f + ".data"`. Default: only above 2 GiB, where one file cannot hold them. */
  externalData?: boolean;
}

type Exported = Module | ((...args: any[]) => unknown);
type ExampleArguments = Tensor | readonly unknown[] | Readonly<Record<string, unknown>>;
type TrainingModeValue = 0 | 1 | 2 | undefined;

/** What follows the file, by position; the last may give others by name. */
type AfterTarget =
  | [options?: ExportOptions]
  | [exportParams: boolean | undefined, options?: ExportOptions]
  | [exportParams: boolean | undefined, verbose: boolean | undefined, options?: ExportOptions]
  | [
      exportParams: boolean | undefined,
      verbose: boolean | undefined,
      training: TrainingModeValue,
      options?: ExportOptions,
    ];

/** Where the file goes, by name. */
interface ToFile {
  f: string | URL;
}
interface ToBytes {
  f?: null | undefined;
}
interface WhatToExport {
  model: Exported;
  args: ExampleArguments;
}

/** Calls by the type of their result: the bytes unless there is a file. */
interface ExportCalls {
  (model: Exported, args: ExampleArguments, f: string | URL, ...rest: AfterTarget): Promise<undefined>;
  (model: Exported, args: ExampleArguments, f: null | undefined, ...rest: AfterTarget): Promise<Uint8Array>;
  (model: Exported, args: ExampleArguments, options: ExportOptions & ToFile): Promise<undefined>;
  (model: Exported, args: ExampleArguments, options?: ExportOptions & ToBytes): Promise<Uint8Array>;
  (options: WhatToExport & ExportOptions & ToFile): Promise<undefined>;
  (options: WhatToExport & ExportOptions & ToBytes): Promise<Uint8Array>;
  (model: Exported, args: ExampleArguments, f?: ExportTarget, ...rest: AfterTarget): Promise<Uint8Array | undefined>;
}

const anyExport = namedAsync(
  "onnx.export",
  "model(), args{}, f?, exportParams?, verbose?, training?;; inputNames, outputNames, opsetVersion, doConstantFolding, dynamicAxes, keepInitializersAsInputs, externalData",
  async (
    model: Exported,
    args: ExampleArguments,
    f?: ExportTarget,
    exportParams?: boolean,
    verbose?: boolean,
    training?: 0 | 1 | 2,
    options: ExportOptions = {},
  ): Promise<Uint8Array | undefined> => {
    const { exportModel } = await import("./lazyExport");
    return exportModel(model, args, f, { ...options, exportParams, verbose, training });
  },
);

/**
 * Writes a model as an ONNX file, by running it on example inputs and noting the ops. Sizes stay as they are in the example, but for `dynamicAxes`,
 * with which the model is run at other sizes as well. It runs a second time on other values, so that what would be frozen into the file is found.
 *
 * @param model A module, or a function of tensors.
 * @param args Its arguments: a tensor, or an array of arguments, in which tensors may be nested. All tensors become inputs.
 * @param f The file. Without it the result is the bytes.
 * @throws ArgumentError for names or axes that there are not; KindlingError for an op that has no ONNX form, with the line that called it.
 * @see torch.onnx.export
 * @example
 * await torch.onnx.export(net, torch.randn(1, 3, 224, 224), "net.onnx", { inputNames: ["image"], dynamicAxes: { image: { 0: "batch" } } });
 */
const export_ = anyExport as unknown as Overloaded<ExportCalls>;

export { export_ };
