/** `torch.text`: torchtext's vocabularies, vectors, transforms and data sets, and tokenizers from a tokenizer.json. */
export * as data from "./data/index";
export * as datasets from "./datasets/index";
export * as functional from "./functional";
export {
  type DecodeOptions,
  type EncodeOptions,
  type Encoding,
  type TextTokenizer,
  Tokenizer,
  type TokenizerParameters,
} from "./tokenizer";
export * as transforms from "./transforms";
export * as vocab from "./vocab/index";
