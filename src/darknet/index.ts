/** `torch.darknet`: networks of Darknet's (YOLO) from their `.cfg` and `.weights` files. What reads and runs them is loaded when it is first used. */
import { namedAsync } from "../core/signature";
import type { FileSource } from "../platform/randomAccess";
import type { DarknetModule } from "./network";

export type { Decoded, Detections, DetectOptions } from "./detect";
export type { DarknetModule } from "./network";

const lazy = () => import("./lazyDarknet");

/** Options of the functions that read and write weights. */
export interface CutoffOptions {
  /** Only the layers before this one have weights in the file, as in `darknet53.conv.74`. Default: all. */
  cutoff?: number;
}

/**
 * A network from its configuration, callable and trainable, with the weights of a file, or with new ones. It is in training mode, as every new module.
 * @param cfg A path or a URL, the bytes, or the text itself.
 * @param weights A path or a URL, or the bytes.
 * @param options.cutoff Only the layers before this one have weights in the file. Default: all.
 * @throws FormatError for a damaged configuration, a layer that is not supported, and weights of another length; KindlingError if a file cannot be read.
 * @see load_network in darknet.h
 * @example
 * const model = await torch.darknet.load("yolov3-tiny.cfg", "yolov3-tiny.weights");
 * const { boxes, labels, scores } = model.detect(image, { thresh: 0.25 });
 */
export const load = namedAsync(
  "darknet.load",
  "cfg, weights?; cutoff",
  async (cfg: FileSource, weights?: FileSource | null, options: CutoffOptions = {}): Promise<DarknetModule> =>
    (await lazy()).loadNetwork("darknet.load", cfg, weights, options.cutoff),
);

/**
 * Overwrites the weights of a network with those of a file.
 * @throws FormatError for a file of another length, before anything is changed.
 * @see load_weights in darknet.h
 * @example await torch.darknet.loadWeights(model, "darknet53.conv.74", { cutoff: 75 });
 */
export const loadWeights = namedAsync(
  "darknet.loadWeights",
  "model(), weights; cutoff",
  async (model: DarknetModule, weights: FileSource, options: CutoffOptions = {}): Promise<void> =>
    (await lazy()).loadInto("darknet.loadWeights", model, weights, options.cutoff),
);

/**
 * Writes the weights of a network to a `.weights` file, whole or not at all.
 * @param f The path. Without it the bytes are given.
 * @throws KindlingError if the file cannot be written.
 * @see save_weights in darknet.h
 * @example await torch.darknet.saveWeights(model, "mine.weights");
 */
export const saveWeights = namedAsync(
  "darknet.saveWeights",
  "model(), f?; cutoff",
  async (model: DarknetModule, f?: string | URL | null, options: CutoffOptions = {}): Promise<Uint8Array | undefined> =>
    (await lazy()).saveFrom("darknet.saveWeights", model, f, options.cutoff),
);

/**
 * The entries of a `.data` file, such as `classes`, `train`, `valid`, `names`, as texts.
 * @throws FormatError for what is no such file.
 * @see read_data_cfg in darknet.h
 */
export const readData = namedAsync(
  "darknet.readData",
  "source",
  async (source: FileSource): Promise<Record<string, string>> => (await lazy()).readData("darknet.readData", source),
);

/**
 * The names of classes in a `.names` file, a line each.
 * @throws FormatError for what is no such file.
 * @see get_labels in darknet.h
 */
export const readNames = namedAsync(
  "darknet.readNames",
  "source",
  async (source: FileSource): Promise<string[]> => (await lazy()).readNames("darknet.readNames", source),
);
