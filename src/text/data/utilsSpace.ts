/** `torchtext.data.utils`. */
export { getTokenizer, ngramsIterator } from "./utils";
