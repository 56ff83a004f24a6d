/** Tokens and their indices. */
import { checkInteger, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe, IndexError, ValueError } from "../../core/errors";
import { addNames, declareMethods, named, within } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { Module } from "../../nn/module/module";
import { compareCodePoints } from "../words";

/** What {@link Vocab} takes. */
export interface VocabParameters {
  /** The tokens in the order of their indices, each once. */
  tokens: Iterable<string>;
  /** The index of tokens that are not there. Default: null, they are an error. */
  defaultIndex?: number | null;
}

const vocabSignature = "tokens; defaultIndex";

/** A list of tokens from anything iterable. @throws ArgumentError naming the first that is no string. */
function tokenList(op: string, name: string, tokens: unknown): string[] {
  if (typeof tokens === "string" || typeof tokens !== "object" || tokens === null || !(Symbol.iterator in tokens))
    throw new ArgumentError(`${op}: ${name} must be an array of strings, got ${describe(tokens)}`);
  const list = within(op, () => [...(tokens as Iterable<unknown>)]);
  const wrong = list.findIndex((token) => typeof token !== "string");
  if (wrong >= 0) throw new ArgumentError(`${op}: ${name}[${wrong}] must be a string, got ${describe(list[wrong])}`);
  return list as string[];
}

/**
 * Maps tokens to indices and back. Called with tokens, it gives their indices.
 * @see torchtext.vocab.Vocab
 * @throws ValueError for a token that occurs twice.
 * @example
 * const words = text.vocab.buildVocabFromIterator([["a", "b", "a"]], { specials: ["<unk>"] });
 * words.setDefaultIndex(words.at("<unk>"));
 * words(["a", "c"]) // [1, 0]
 */
export class Vocab extends Module {
  /** @internal */
  static readonly signature: string = vocabSignature;

  private readonly itos: string[];
  private readonly stoi: Map<string, number>;
  private defaultIndex: number | null;

  constructor(tokens: Iterable<string>, defaultIndex?: number | null);
  constructor(...given: Arguments<typeof vocabSignature, VocabParameters>);
  constructor(...given: unknown[]) {
    super();
    const { tokens, defaultIndex = null } = argumentsOf<VocabParameters>("Vocab", vocabSignature, given);
    this.itos = tokenList("Vocab", "tokens", tokens);
    this.stoi = new Map();
    this.itos.forEach((token, i) => {
      if (this.stoi.has(token)) throw new ValueError(`Vocab: Duplicate token found in tokens list: ${token}`);
      this.stoi.set(token, i);
    });
    this.defaultIndex = defaultIndex === null ? null : checkInteger("Vocab", "defaultIndex", defaultIndex);
  }

  /** How many tokens there are. */
  override get length(): number {
    return this.itos.length;
  }

  /** The indices of tokens. */
  override forward(tokens: readonly string[]): number[] {
    return this.lookupIndices(tokens);
  }

  /** Whether a token is there. */
  has(token: string): boolean {
    return this.stoi.has(checkString("has", "token", token));
  }

  /** The index of a token. @throws ValueError for one that is not there, unless there is a default index. */
  at(token: string): number {
    const index = this.stoi.get(checkString("at", "token", token)) ?? this.defaultIndex;
    if (index === null)
      throw new ValueError(
        `Token ${token} not found and default index is not set; set one with setDefaultIndex, such as that of "<unk>"`,
      );
    return index;
  }

  /** Sets the index of tokens that are not there; null makes them an error. */
  setDefaultIndex(index: number | null): void {
    this.defaultIndex = index === null ? null : checkInteger("setDefaultIndex", "index", index);
  }

  /** The index of tokens that are not there, or null. */
  getDefaultIndex(): number | null {
    return this.defaultIndex;
  }

  /** Puts a token at an index; those from there on move up. @throws ValueError for a token that is there, or an index out of range. */
  insertToken(token: string, index: number): void {
    checkInteger("insertToken", "index", index);
    this.checkNew("insertToken", token);
    if (index < 0 || index > this.itos.length)
      throw new ValueError(
        `insertToken: Specified index ${index} is out of bounds for vocab of size ${this.itos.length}`,
      );
    this.itos.splice(index, 0, token);
    for (let i = index; i < this.itos.length; i++) this.stoi.set(this.itos[i]!, i);
  }

  /** Puts a token at the end. @throws ValueError for a token that is there. */
  appendToken(token: string): void {
    this.checkNew("appendToken", token);
    this.stoi.set(token, this.itos.length);
    this.itos.push(token);
  }

  private checkNew(op: string, token: string): void {
    const index = this.stoi.get(checkString(op, "token", token));
    if (index !== undefined)
      throw new ValueError(`${op}: Token ${token} already exists in the Vocab with index: ${index}`);
  }

  /** The token at an index. @throws IndexError if there is none. */
  lookupToken(index: number): string {
    const token = this.itos[checkInteger("lookupToken", "index", index)];
    if (token === undefined)
      throw new IndexError(
        `lookupToken: Specified index ${index} is out of bounds for vocab of size ${this.itos.length}`,
      );
    return token;
  }

  /** The tokens at indices. @throws IndexError naming the first that there is none at. */
  lookupTokens(indices: readonly number[]): string[] {
    if (!Array.isArray(indices))
      throw new ArgumentError(`lookupTokens: indices must be an array of integers, got ${describe(indices)}`);
    return indices.map((index) => this.lookupToken(index));
  }

  /** The indices of tokens. @throws ValueError for tokens that are not there, unless there is a default index. */
  lookupIndices(tokens: readonly string[]): number[] {
    if (!Array.isArray(tokens))
      throw new ArgumentError(`lookupIndices: tokens must be an array of strings, got ${describe(tokens)}`);
    return tokens.map((token) => this.at(token));
  }

  /** The indices by token. */
  getStoi(): Map<string, number> {
    return new Map(this.stoi);
  }

  /** The tokens by index. */
  getItos(): string[] {
    return [...this.itos];
  }
}

declareMethods(Vocab, {
  has: "token",
  at: "token",
  setDefaultIndex: "index",
  insertToken: "token, index",
  appendToken: "token",
  lookupToken: "index",
  lookupTokens: "indices",
  lookupIndices: "tokens",
});
addNames(["Vocab"]);
portable({ Vocab });

/** Options of {@link vocab}. */
export interface VocabOptions {
  /** Tokens that are rarer are left out. Default: 1. */
  minFreq?: number;
  /** Tokens that are there in any case, in this order. Default: none. */
  specials?: readonly string[] | null;
  /** Whether the special tokens come first, otherwise last. Default: true. */
  specialFirst?: boolean;
}

/** Options of {@link buildVocabFromIterator}. */
export interface BuildVocabOptions extends VocabOptions {
  /** The most tokens, special ones among them. Default: null, all. */
  maxTokens?: number | null;
}

/** How often each token occurs, in the order of the indices: a map, an object, or pairs. */
export type Frequencies =
  | ReadonlyMap<string, number>
  | Readonly<Record<string, number>>
  | Iterable<readonly [string, number]>;

function entriesOf(op: string, dict: unknown): [string, number][] {
  if (typeof dict !== "object" || dict === null)
    throw new ArgumentError(`${op}: orderedDict must be a map of tokens to their frequencies, got ${describe(dict)}`);
  const entries = Symbol.iterator in dict ? [...(dict as Iterable<unknown>)] : Object.entries(dict);
  entries.forEach((entry, i) => {
    const [token, freq] = Array.isArray(entry) ? entry : [];
    if (typeof token !== "string" || typeof freq !== "number")
      throw new ArgumentError(
        `${op}: entry ${i} of orderedDict must be a token and its frequency, got ${describe(entry)}`,
      );
  });
  return entries as [string, number][];
}

/** The tokens that {@link VocabOptions} leave, of pairs in order. */
function chosen(op: string, entries: readonly (readonly [string, number])[], options: VocabOptions): Vocab {
  const { minFreq = 1, specialFirst = true } = options;
  if (typeof minFreq !== "number") throw new ArgumentError(`${op}: minFreq must be a number, got ${describe(minFreq)}`);
  if (typeof specialFirst !== "boolean")
    throw new ArgumentError(`${op}: specialFirst must be true or false, got ${describe(specialFirst)}`);
  const specials = tokenList(op, "specials", options.specials ?? []);
  const special = new Set(specials);
  const tokens = entries.filter(([token, freq]) => freq >= minFreq && !special.has(token)).map(([token]) => token);
  return new Vocab(specialFirst ? [...specials, ...tokens] : [...tokens, ...specials]);
}

/**
 * A vocabulary of the tokens of a map of frequencies, in its order.
 * @param orderedDict A Map, which keeps any order; of an object JavaScript puts names that are integers first.
 * @see torchtext.vocab.vocab
 * @example text.vocab.vocab(new Map([["the", 40], ["cat", 3]]), { minFreq: 2, specials: ["<unk>"] })
 */
export const vocab = named(
  "vocab",
  "orderedDict{}; minFreq, specials, specialFirst",
  (orderedDict: Frequencies, options: VocabOptions = {}): Vocab =>
    chosen("vocab", entriesOf("vocab", orderedDict), options),
);

/** Counts tokens. */
class Counter {
  readonly counts: Map<string, number> = new Map();

  /** @param tokens An iterable of strings; a string counts as its characters. */
  add(op: string, tokens: unknown): void {
    if (typeof tokens !== "string" && (typeof tokens !== "object" || tokens === null || !(Symbol.iterator in tokens)))
      throw new ArgumentError(`${op}: iterator must give arrays of tokens, got ${describe(tokens)}`);
    for (const token of tokens as Iterable<unknown>) {
      if (typeof token !== "string")
        throw new ArgumentError(`${op}: iterator must give arrays of strings, got one with ${describe(token)}`);
      this.counts.set(token, (this.counts.get(token) ?? 0) + 1);
    }
  }

  /** The most frequent first, of equally frequent ones in the order of their code points. */
  sorted(): [string, number][] {
    return [...this.counts].sort(([a, m], [b, n]) => n - m || compareCodePoints(a, b));
  }
}

/** Room for tokens beside the special ones. */
function roomFor(op: string, { maxTokens, specials }: BuildVocabOptions): number {
  if (maxTokens === undefined || maxTokens === null) return Number.POSITIVE_INFINITY;
  const count = specials?.length ?? 0;
  if (count >= checkInteger(op, "maxTokens", maxTokens))
    throw new ValueError(`${op}: len(specials) >= maxTokens, so the vocab will be entirely special tokens.`);
  return maxTokens - count;
}

async function countAll(op: string, iterator: AsyncIterable<unknown>, counter: Counter): Promise<void> {
  for await (const tokens of iterator) counter.add(op, tokens);
}

/**
 * A vocabulary of all tokens that an iterator gives: the most frequent first, of equally frequent ones in the order of their code points. What is
 * iterated asynchronously gives a promise of it.
 * @param iterator Gives arrays of tokens, one for each text.
 * @see torchtext.vocab.build_vocab_from_iterator
 * @throws ValueError if `maxTokens` leaves no room beside the special tokens.
 * @example text.vocab.buildVocabFromIterator(lines.map(tokenizer), { specials: ["<unk>"], maxTokens: 20000 })
 */
export const buildVocabFromIterator = named(
  "buildVocabFromIterator",
  "iterator(); minFreq, specials, specialFirst, maxTokens",
  (iterator: Iterable<Iterable<string>> | AsyncIterable<Iterable<string>>, options: BuildVocabOptions = {}): any => {
    const op = "buildVocabFromIterator";
    const room = roomFor(op, options);
    const counter = new Counter();
    const finish = () => chosen(op, counter.sorted().slice(0, room), options);
    if (
      typeof iterator === "object" &&
      iterator !== null &&
      Symbol.asyncIterator in iterator &&
      !(Symbol.iterator in iterator)
    )
      return countAll(op, iterator, counter).then(finish);
    if (typeof iterator !== "object" || iterator === null || !(Symbol.iterator in iterator))
      throw new ArgumentError(`${op}: iterator must give arrays of tokens, got ${describe(iterator)}`);
    for (const tokens of iterator as Iterable<unknown>) counter.add(op, tokens);
    return finish();
  },
) as unknown as BuildVocab;

/** The type of {@link buildVocabFromIterator}. */
export interface BuildVocab {
  (iterator: Iterable<Iterable<string>>, options?: BuildVocabOptions): Vocab;
  (
    iterator: Iterable<Iterable<string>>,
    minFreq?: number,
    specials?: readonly string[] | null,
    specialFirst?: boolean,
    maxTokens?: number | null,
  ): Vocab;
  (options: { iterator: Iterable<Iterable<string>> } & BuildVocabOptions): Vocab;
  (iterator: AsyncIterable<Iterable<string>>, options?: BuildVocabOptions): Promise<Vocab>;
}
