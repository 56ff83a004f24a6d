/**
 * What a tokenizer.json must have before the library that interprets it sees it. That one trusts its input: an index of 10⁹ would make it fill an array for
 * minutes, and a missing field would end in a TypeError or in tokens called "undefined".
 */
import { isPlainObject } from "../core/binding";
import { describe, FormatError } from "../core/errors";

/** Indices of tokens are below this: the largest vocabularies have 10⁶ tokens. */
const MOST_TOKENS = 1 << 24;
/** Characters of a pattern; longer ones take long to compile. */
const LONGEST_PATTERN = 20_000;
/** Parts within parts, as sequences of normalizers. */
const DEEPEST = 64;

/** A tokenizer.json, checked. */
export interface TokenizerFile {
  readonly json: Record<string, unknown>;
  /** The indices of tokens: those of the model, and those that are added. */
  readonly vocab: ReadonlyMap<string, number>;
  /** The tokens that are special. */
  readonly special: ReadonlySet<string>;
}

type Fail = (why: string) => FormatError;

function checkIndex(fail: Fail, token: string, index: unknown): number {
  if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < MOST_TOKENS) return index as number;
  throw fail(
    `the index of token ${describe(token)} must be an integer from 0 to ${MOST_TOKENS - 1}, got ${describe(index)}`,
  );
}

/** The vocabulary of BPE and WordPiece: an object of indices. */
function vocabOfObject(fail: Fail, vocab: unknown): Map<string, number> {
  if (!isPlainObject(vocab)) throw fail(`model.vocab must be an object of indices, got ${describe(vocab)}`);
  const entries = Object.entries(vocab);
  const tokens = new Map<string, number>();
  for (const [token, index] of entries) tokens.set(token, checkIndex(fail, token, index));
  if (new Set(tokens.values()).size !== tokens.size) throw fail("two tokens of model.vocab have one index");
  return tokens;
}

/** The vocabulary of Unigram: pairs of a token and the logarithm of its probability. */
function vocabOfPairs(fail: Fail, vocab: unknown): Map<string, number> {
  if (!Array.isArray(vocab) || vocab.length === 0)
    throw fail(`model.vocab must be an array of tokens with their scores, got ${describe(vocab)}`);
  const tokens = new Map<string, number>();
  vocab.forEach((pair, i) => {
    const [token, score] = Array.isArray(pair) ? pair : [];
    if (typeof token !== "string" || typeof score !== "number" || !Number.isFinite(score))
      throw fail(`model.vocab[${i}] must be a token with its score, got ${describe(pair)}`);
    tokens.set(token, i);
  });
  return tokens;
}

function checkMerges(fail: Fail, merges: unknown): void {
  if (!Array.isArray(merges)) throw fail(`model.merges must be an array, got ${describe(merges)}`);
  const isPairs = Array.isArray(merges[0]);
  const wrong = merges.findIndex((merge) =>
    isPairs
      ? !Array.isArray(merge) || merge.length !== 2 || !merge.every((part) => typeof part === "string")
      : typeof merge !== "string" || merge.split(" ").length !== 2,
  );
  if (wrong >= 0) throw fail(`model.merges[${wrong}] must be a pair of tokens, got ${describe(merges[wrong])}`);
}

const optionalText = (value: unknown): boolean => value === undefined || value === null || typeof value === "string";

function checkWords(fail: Fail, model: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names)
    if (!optionalText(model[name])) throw fail(`model.${name} must be a string or null, got ${describe(model[name])}`);
}

/** The vocabulary of a model, checked with all that its kind has. */
function checkModel(fail: Fail, model: unknown): Map<string, number> {
  if (!isPlainObject(model)) throw fail(`model must be an object, got ${describe(model)}`);
  const kind = model.type ?? (Array.isArray(model.vocab) ? "Unigram" : "merges" in model ? "BPE" : "WordPiece");
  checkWords(fail, model, [
    "unk_token",
    "continuing_subword_prefix",
    "continuing_subword_suffix",
    "end_of_word_suffix",
  ]);
  if (kind === "Unigram") {
    const vocab = vocabOfPairs(fail, model.vocab);
    const unk = model.unk_id;
    if (!Number.isInteger(unk) || (unk as number) < 0 || (unk as number) >= (model.vocab as unknown[]).length)
      throw fail(`model.unk_id must be the index of a token, got ${describe(unk)}`);
    return vocab;
  }
  if (kind !== "BPE" && kind !== "WordPiece")
    throw fail(`model.type must be "BPE", "WordPiece" or "Unigram", got ${describe(kind)}`);
  const vocab = vocabOfObject(fail, model.vocab);
  if (kind === "BPE") checkMerges(fail, model.merges);
  else if (typeof model.unk_token !== "string" || typeof model.continuing_subword_prefix !== "string")
    throw fail("a WordPiece model must have unk_token and continuing_subword_prefix");
  else if (model.max_input_chars_per_word !== undefined && !Number.isInteger(model.max_input_chars_per_word))
    throw fail("model.max_input_chars_per_word must be an integer");
  return vocab;
}

/** The tokens that are added to those of the model, and which of them are special. */
function addTokens(fail: Fail, added: unknown, vocab: Map<string, number>, special: Set<string>): void {
  if (!Array.isArray(added)) throw fail(`added_tokens must be an array, got ${describe(added)}`);
  added.forEach((token, i) => {
    if (!isPlainObject(token) || typeof token.content !== "string" || token.content === "")
      throw fail(`added_tokens[${i}] must have a content, got ${describe(token)}`);
    vocab.set(token.content, checkIndex(fail, token.content, token.id));
    if (token.special === true) special.add(token.content);
  });
}

/** Every pattern of a part, at any depth, is short, and no part lies too deep. */
function checkPatterns(fail: Fail, part: unknown, depth: number): void {
  if (typeof part !== "object" || part === null) return;
  if (depth > DEEPEST) throw fail(`it has parts more than ${DEEPEST} levels deep`);
  for (const [name, value] of Object.entries(part)) {
    if ((name === "Regex" || name === "String") && typeof value === "string" && value.length > LONGEST_PATTERN)
      throw fail(`it has a pattern of ${value.length} characters, more than ${LONGEST_PATTERN}`);
    checkPatterns(fail, value, depth + 1);
  }
}

/**
 * The content of a tokenizer.json.
 * @param name What the file is called in errors.
 * @throws FormatError naming what is damaged.
 */
export function checkTokenizerFile(name: string, text: string): TokenizerFile {
  const fail: Fail = (why) => new FormatError(`${name} is no tokenizer.json that can be used: ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail(`it is damaged or truncated (${(error as Error).message})`);
  }
  if (!isPlainObject(json)) throw fail(`it must be an object, got ${describe(json)}`);
  const vocab = checkModel(fail, json.model);
  const special = new Set<string>();
  addTokens(fail, json.added_tokens ?? [], vocab, special);
  const parts = ["normalizer", "pre_tokenizer", "post_processor", "decoder"];
  for (const part of parts) checkPatterns(fail, json[part], 0);
  const whole = Object.fromEntries(parts.map((part) => [part, null]));
  return { json: { ...whole, ...json, added_tokens: json.added_tokens ?? [] }, vocab, special };
}
