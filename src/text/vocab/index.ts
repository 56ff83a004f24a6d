/** `torchtext.vocab`. */
export {
  FastText,
  type FastTextParameters,
  GloVe,
  type GloVeParameters,
  type KnownVectorOptions,
  type LookUpOptions,
  type SimilarityOptions,
  type VectorOptions,
  Vectors,
  type VectorsParameters,
  type WordVectors,
} from "./vectors";
export {
  type BuildVocab,
  type BuildVocabOptions,
  buildVocabFromIterator,
  type Frequencies,
  Vocab,
  type VocabOptions,
  type VocabParameters,
  vocab,
} from "./vocab";
