/** `torchtext.data`. */
export { PadCollate, type PadCollateParameters } from "./collate";
export { getTokenizer, ngramsIterator, type TokenizerFunction } from "./utils";
export * as utils from "./utilsSpace";
