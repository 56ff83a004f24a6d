/** The face of the export of models as ONNX files. What does the work is loaded when it is first used. */
import { namedAsync } from "../core/signature";
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

/**
 * Writes a model as an ONNX file, by running it on example inputs and noting the ops. Sizes stay as they are in the example, but for `dynamicAxes`,
 * with which the model is run at other sizes as well. It runs a second time on other values, so that what would be frozen into the file is found.
 *
 * @param model A module, or a function of tensors.
 * @param args Its arguments: a tensor, or an array of arguments, in which tensors may be nested. All tensors become inputs.
 * @param f The file. Without it the bytes are given.
 * @throws ArgumentError for names or axes that there are not; KindlingError for an op that has no ONNX form, with the line that called it.
 * @see torch.onnx.export
 * @example
 * await torch.onnx.export(net, torch.randn(1, 3, 224, 224), "net.onnx", { inputNames: ["image"], dynamicAxes: { image: { 0: "batch" } } });
 */
const export_ = namedAsync(
  "onnx.export",
  "model(), args{}, f?, exportParams?, verbose?, training?;; inputNames, outputNames, opsetVersion, doConstantFolding, dynamicAxes, keepInitializersAsInputs, externalData",
  async (
    model: Module | ((...args: any[]) => unknown),
    args: Tensor | readonly unknown[] | Readonly<Record<string, unknown>>,
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

export { export_ };
