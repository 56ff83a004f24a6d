/** `torch.hub`: weights from elsewhere. */
import { checkString } from "../core/arguments";
import { ArgumentError, describe } from "../core/errors";
import { named, namedAsync } from "../core/signature";
import type { MapLocation } from "../io/serialization";
import type * as nn from "../nn/index";

export { getDir, setDir } from "./directory";

const lazy = () => import("./lazyDownloads");

/** Options of {@link downloadUrlToFile}. */
export interface DownloadUrlToFileOptions {
  /** What the checksum of the file by SHA-256 has to begin with, in hexadecimal digits. Default: null, none is checked. */
  hashPrefix?: string | null;
  /** Whether a line in the terminal says how far it is. Default: true. */
  progress?: boolean;
}

/** Options of {@link loadStateDictFromUrl}. */
export interface LoadStateDictFromUrlOptions {
  /** The folder to keep the file in. Default: `checkpoints` in {@link getDir}. */
  modelDir?: string | null;
  /** Where tensors go, as for `torch.load`. Default: where the file says, which is the CPU for all. */
  mapLocation?: MapLocation | null;
  /** Whether a line in the terminal says how far it is. Default: true. */
  progress?: boolean;
  /** Check the file by the digits in its name, `NAME-<beginning of its SHA-256>.EXT`. Default: false. */
  checkHash?: boolean;
  /** The name to keep the file under. Default: that in the URL. */
  fileName?: string | null;
}

/**
 * Downloads a file: whole or not at all. A connection that breaks off is taken up again where the server allows it, also by a later call.
 * @param url Where it is.
 * @param dst Where it goes: the path of a file; in browsers, the path under which it is kept.
 * @see torch.hub.download_url_to_file
 * @throws KindlingError if the server cannot be reached, answers with an error or breaks off; FormatError if the checksum differs.
 * @example await torch.hub.downloadUrlToFile("https://example.org/model.safetensors", "model.safetensors");
 */
export const downloadUrlToFile = namedAsync(
  "downloadUrlToFile",
  "url, dst; hashPrefix, progress",
  async (url: string | URL, dst: string, options: DownloadUrlToFileOptions = {}): Promise<void> => {
    const { downloadFile } = await lazy();
    await downloadFile("downloadUrlToFile", url, dst, options);
  },
);

/**
 * What a file of PyTorch (`.pt`, `.pth`, `.bin`) or a `.safetensors` at a URL holds. It is downloaded once.
 * @see torch.hub.load_state_dict_from_url
 * @throws KindlingError if the server cannot be reached or answers with an error; FormatError if the file is damaged or its checksum differs.
 * @example model.loadStateDict(await torch.hub.loadStateDictFromUrl("https://download.pytorch.org/models/resnet18-f37072fd.pth", { checkHash: true }));
 */
export const loadStateDictFromUrl = namedAsync(
  "loadStateDictFromUrl",
  "url; modelDir, mapLocation, progress, checkHash, fileName",
  async (url: string | URL, options: LoadStateDictFromUrlOptions = {}): Promise<any> => {
    const { readUrl } = await lazy();
    return await readUrl("loadStateDictFromUrl", url, options);
  },
);

const refuse = (op: string) =>
  named(op, "repoOrDir?, model?", (repo?: string, _model?: string): never => {
    throw new ArgumentError(
      `${op}: the hubconf.py of a repository is code of Python, which cannot run here${repo === undefined ? "" : ` (${describe(repo)})`}; use torch.vision.models, ` +
        "torch.hub.fromPretrained(folderOrUrl) for Hugging Face's models, or torch.hub.loadStateDictFromUrl(url) with a model of your own",
    );
  });

/** @see torch.hub.load @throws ArgumentError always: repositories are code of Python. */
export const load = Object.assign(refuse("load"), { isAbsent: true as const });
/** @see torch.hub.list @throws ArgumentError always: repositories are code of Python. */
export const list = Object.assign(refuse("list"), { isAbsent: true as const });
/** @see torch.hub.help @throws ArgumentError always: repositories are code of Python. */
export const help = Object.assign(refuse("help"), { isAbsent: true as const });

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** The class to build. Default: the first of `architectures` in config.json. */
  architecture?: string | null;
  /** Whether missing and unexpected entries of the weights are an error. Default: true. */
  strict?: boolean;
  /** The folder to keep downloads in. Default: `pretrained` in {@link getDir}. */
  modelDir?: string | null;
  /** Whether a line in the terminal says how far downloads are. Default: true. */
  progress?: boolean;
}

/**
 * A model in the layout of Hugging Face: a folder, or the URL of one, with config.json and model.safetensors (also in shards, or pytorch_model.bin).
 * Every name of the weights is checked both ways. The model is in evaluation mode.
 * @throws FormatError for a damaged file; StateError that lists missing and unexpected names; ArgumentError for an architecture that is not here.
 * @see transformers.PreTrainedModel.from_pretrained
 * @example const gpt2 = await torch.hub.fromPretrained("https://huggingface.co/openai-community/gpt2/resolve/main");
 */
export const fromPretrained = namedAsync(
  "fromPretrained",
  "source; architecture, strict, modelDir, progress",
  async (source: string | URL, options: FromPretrainedOptions = {}): Promise<any> => {
    const { openPretrained } = await import("./lazyHuggingFace");
    return await openPretrained("fromPretrained", source, options);
  },
);

/**
 * Writes a model of {@link huggingFace} in the layout of Hugging Face: config.json and model.safetensors in a folder, which transformers reads.
 * @see transformers.PreTrainedModel.save_pretrained
 */
export const savePretrained = namedAsync(
  "savePretrained",
  "model, folder",
  async (model: nn.Module, folder: string): Promise<void> => {
    checkString("savePretrained", "folder", folder);
    const { writePretrained } = await import("./lazyHuggingFace");
    await writePretrained("savePretrained", model, folder);
  },
);

/**
 * The models of Hugging Face's layout, loaded when first asked for: GPT-2, BERT, ViT and Llama, the sentence encoder, and maps of names.
 * @example const { GPT2LMHeadModel } = await torch.hub.huggingFace();
 */
export const huggingFace = namedAsync(
  "huggingFace",
  "",
  async (): Promise<typeof import("./models/index")> => (await import("./lazyHuggingFace")).models,
);
