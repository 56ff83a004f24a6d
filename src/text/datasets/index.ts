/** `torchtext.datasets`: classified texts. */
export {
  AG_NEWS,
  AmazonReviewFull,
  AmazonReviewPolarity,
  type CsvSet,
  DBpedia,
  SogouNews,
  YahooAnswers,
  YelpReviewFull,
  YelpReviewPolarity,
} from "./csvSets";
export { IMDB, type ImdbSet } from "./imdb";
export type { Split, TextSetParameters } from "./textSet";
