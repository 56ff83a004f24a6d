/** `torch.audio`: torchaudio's files, functions, transforms and data sets. */

export * as datasets from "./datasets/index";
export {
  AudioMetaData,
  type AudioSource,
  encode,
  info,
  type LoadOptions,
  load,
  type SaveOptions,
  save,
} from "./files";
export * as functional from "./functional/index";
export * as transforms from "./transforms/index";
export type { Encoding } from "./wav";
