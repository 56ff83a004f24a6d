/** `torch.onnx`: models as ONNX files. What reads and writes them is loaded when it is first used. */
import { namedAsync } from "../core/signature";
import type { FileSource } from "../platform/randomAccess";
import type { LoadOptions, OnnxModule } from "./import/model";

export type { OnnxModule } from "./import/model";
/** Options of {@link load}. */
export type OnnxLoadOptions = LoadOptions;

/**
 * Reads an ONNX file as a module: callable with the graph's inputs, in their order or by name, and trainable. What the file holds of
 * weights are its parameters, by their names in the file, other initializers are buffers. It runs as the file says until `train()` or
 * `eval()` says how dropout and batch normalization run. Opsets 1 to 20; see docs/onnx.md for the operators.
 *
 * @param source A path or a URL, or the bytes.
 * @param options.externalData The files that hold data outside of the model, by the name that the model gives them. Default: those beside the model.
 * @throws FormatError for a file that is damaged, is no ONNX model, or has an operator that is not supported, whose node it names.
 * @throws KindlingError if the file cannot be read.
 * @see onnxruntime.InferenceSession
 * @example
 * const model = await torch.onnx.load("resnet18.onnx");
 * const logits = model(images);
 * const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.01 });
 */
export const load = namedAsync(
  "onnx.load",
  "source;; externalData",
  async (source: FileSource, options: LoadOptions = {}): Promise<OnnxModule> => {
    const { loadModel } = await import("./lazyImport");
    return loadModel("onnx.load", source, options);
  },
);

/** @internal The reader itself, for the tests. */
export const __reader = () => import("./lazyImport");
export { type ExportOptions, type ExportTarget, export_ as export, TrainingMode } from "./exporting";
