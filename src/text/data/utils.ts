/** Tokenizers of plain rules, and n-grams. */
import { checkInteger, checkString } from "../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import { portable } from "../../data/pack";
import { squeezed, wordsOf } from "../words";

/** A text to its tokens. */
export type TokenizerFunction = (text: string) => string[];

/** What basic English replaces, in this order. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/'/g, " '  "],
  [/"/g, ""],
  [/\./g, " . "],
  [/<br \/>/g, " "],
  [/,/g, " , "],
  [/\(/g, " ( "],
  [/\)/g, " ) "],
  [/!/g, " ! "],
  [/\?/g, " ? "],
  [/;/g, " "],
  [/:/g, " "],
];

function basicEnglishNormalize(line: string): string[] {
  let text = checkString("basicEnglishNormalize", "line", line).toLowerCase();
  for (const [pattern, replacement] of replacements) text = text.replace(pattern, replacement);
  return wordsOf(squeezed(text));
}

function splitTokenizer(line: string): string[] {
  return wordsOf(checkString("splitTokenizer", "line", line));
}

portable({ basicEnglishNormalize, splitTokenizer });

const foreign = ["spacy", "moses", "toktok", "revtok", "subword"];

/**
 * A tokenizer by its name: "basic_english" lower-cases, sets punctuation apart and drops quotes, colons and semicolons; null splits at white space; a
 * function is given back.
 * @param language Only "en" has rules. Default: "en".
 * @see torchtext.data.utils.get_tokenizer
 * @throws ValueError for another name; the libraries that torchtext takes the other ones from are Python's.
 * @example text.data.getTokenizer("basic_english")("You can now install it using npm!") // ["you", "can", …, "npm", "!"]
 */
export const getTokenizer = named(
  "getTokenizer",
  "tokenizer; language",
  (tokenizer: "basic_english" | TokenizerFunction | null, options: { language?: string } = {}): TokenizerFunction => {
    const { language = "en" } = options;
    if (tokenizer === null) return splitTokenizer;
    if (typeof tokenizer === "function") return tokenizer;
    if (tokenizer === "basic_english") {
      if (language === "en") return basicEnglishNormalize;
      throw new ValueError(
        `getTokenizer: Basic normalization is only available for English(en), got ${describe(language)}`,
      );
    }
    if (foreign.includes(tokenizer))
      throw new ValueError(
        `getTokenizer: "${tokenizer}" is a library of Python; use "basic_english", a function of your own, or text.Tokenizer with a tokenizer.json`,
      );
    throw new ValueError(
      `getTokenizer: Requested tokenizer ${describe(tokenizer)}, valid choices are "basic_english", null, or a function of a text`,
    );
  },
);

function* ngramsOf(tokens: readonly string[], ngrams: number): globalThis.Generator<string, void, undefined> {
  yield* tokens;
  for (let n = 2; n <= Math.min(ngrams, tokens.length); n++)
    for (let i = 0; i + n <= tokens.length; i++) yield tokens.slice(i, i + n).join(" ");
}

/**
 * The tokens, then all pairs of neighbors, joined by spaces, then all triples, up to `ngrams`.
 * @see torchtext.data.utils.ngrams_iterator
 * @example [...text.data.ngramsIterator(["here", "we", "are"], 2)] // ["here", "we", "are", "here we", "we are"]
 */
export const ngramsIterator = named(
  "ngramsIterator",
  "tokenList, ngrams",
  (tokenList: readonly string[], ngrams: number): globalThis.Generator<string, void, undefined> => {
    if (!Array.isArray(tokenList) || !tokenList.every((token) => typeof token === "string"))
      throw new ArgumentError(`ngramsIterator: tokenList must be an array of strings, got ${describe(tokenList)}`);
    return ngramsOf(tokenList, checkInteger("ngramsIterator", "ngrams", ngrams));
  },
);
