/** Tokenizers from a tokenizer.json: BPE, WordPiece and Unigram, interpreted by the library of Hugging Face. */
import { checkArray, checkFlag, checkInteger, checkString } from "../core/arguments";
import { argumentsOf, isPlainObject } from "../core/binding";
import { ArgumentError, describe, FormatError, IndexError, KindlingError } from "../core/errors";
import { declareMethods } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import { type AwaitedClass, awaitable } from "../data/awaitable";
import { absolute, expandHome, readText } from "../platform/dataFiles";
import { checkTokenizerFile } from "./tokenizerFile";

type Library = import("@huggingface/tokenizers").Tokenizer;

/** What {@link Tokenizer} takes. */
export interface TokenizerParameters {
  /** The path or URL of a tokenizer.json, or its content: as a text, or as JSON gives it. */
  file: string | URL | object;
  /** The content of the tokenizer_config.json beside it, which few tokenizers need. Default: null. */
  config?: object | null;
}

/** Options of {@link TextTokenizer.encode}. */
export interface EncodeOptions {
  /** A second text, for models of pairs. Default: null. */
  pair?: string | null;
  /** Add the special tokens of the model, such as "[CLS]". Default: true. */
  addSpecialTokens?: boolean;
}

/** Options of {@link TextTokenizer.decode}. */
export interface DecodeOptions {
  /** Leave special tokens out. Default: true. */
  skipSpecialTokens?: boolean;
  /** Remove spaces before punctuation. Default: false. */
  cleanUpTokenizationSpaces?: boolean;
}

/** A text as tokens. */
export interface Encoding {
  /** The indices of the tokens. */
  readonly ids: number[];
  readonly tokens: string[];
  /** 1 for each token: there is no padding yet. */
  readonly attentionMask: number[];
  /** 0 for tokens of the text, 1 for those of the pair. */
  readonly typeIds: number[];
  /** 1 for special tokens. */
  readonly specialTokensMask: number[];
}

const tokenizerSignature = "file{}; config";

/** The plain class of {@link Tokenizer}. */
export class TextTokenizer {
  /** @internal */
  static readonly signature: string = tokenizerSignature;

  private readonly source: string;
  private readonly isPath: boolean;
  private readonly config: object;
  private text = "";
  private vocab: ReadonlyMap<string, number> = new Map();
  private special: ReadonlySet<string> = new Set();
  private tokens: ReadonlyMap<number, string> = new Map();
  /** Whether nothing comes between a text and its pair. */
  private joins = false;
  declare private library: Library;

  constructor(...given: Arguments<typeof tokenizerSignature, TokenizerParameters>) {
    const op = "Tokenizer";
    const { file, config } = argumentsOf<TokenizerParameters>(op, tokenizerSignature, given);
    if (config != null && !isPlainObject(config))
      throw new ArgumentError(`${op}: config must be the object of a tokenizer_config.json, got ${describe(config)}`);
    this.config = config ?? {};
    const isUrl = file instanceof URL;
    if (typeof file !== "string" && !isUrl && !isPlainObject(file))
      throw new ArgumentError(
        `${op}: file must be a path, a URL, or the content of a tokenizer.json, got ${describe(file)}`,
      );
    this.isPath = isUrl || (typeof file === "string" && !file.trimStart().startsWith("{"));
    this.source = typeof file === "string" ? file : isUrl ? pathOf(file) : JSON.stringify(file);
  }

  /** @internal */
  async read(): Promise<void> {
    const path = absolute(expandHome(this.source));
    const name = this.isPath ? `Tokenizer: "${this.source}"` : "Tokenizer: the text";
    this.text = this.isPath ? await readText("Tokenizer", path) : this.source;
    const { json, vocab, special } = checkTokenizerFile(name, this.text);
    this.vocab = vocab;
    this.special = special;
    const processor = json.post_processor;
    this.joins = processor === null || (isPlainObject(processor) && processor.type === "ByteLevel");
    this.tokens = new Map([...vocab].map(([token, id]) => [id, token]));
    const { Tokenizer: Library } = await import("./lazyTokenizers");
    try {
      this.library = new Library(json, this.config);
      // Parts that cannot be interpreted show in the first text; later ones pass the same way.
      const { ids } = this.encode("A first text, 1.", { pair: "and its pair" });
      if (ids.length > 0) this.decode(ids);
    } catch (error) {
      throw new FormatError(`${name} is no tokenizer.json that can be used: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Lets what the library throws be an error of ours. */
  private guarded<T>(op: string, body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (error instanceof KindlingError) throw error;
      throw new FormatError(`${op}: the tokenizer.json does not fit this text: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /**
   * The tokens of a text and their indices.
   * @example tokenizer.encode("Hello world").ids
   */
  encode(text: string, options?: EncodeOptions): Encoding;
  encode(text: string, pair: string | null, addSpecialTokens?: boolean): Encoding;
  encode(text: string, ...given: unknown[]): Encoding {
    const [options = {}] = given as [EncodeOptions?];
    checkString("encode", "text", text);
    const { pair = null, addSpecialTokens = true } = options;
    if (pair !== null) checkString("encode", "pair", pair);
    checkFlag("encode", "addSpecialTokens", addSpecialTokens);
    const { ids, tokens, typeIds } = this.joins
      ? this.joined(text, pair, addSpecialTokens)
      : this.raw(text, pair, addSpecialTokens);
    const parts = addSpecialTokens && tokens.some((token) => this.special.has(token)) ? [text, pair ?? ""] : undefined;
    const added = parts?.map((part) => this.raw(part, null, false).tokens);
    return {
      ids,
      tokens,
      attentionMask: ids.map(() => 1),
      typeIds,
      specialTokensMask: added === undefined ? ids.map(() => 0) : addedMask(tokens, added),
    };
  }

  /** What the library makes of a text. */
  private raw(
    text: string,
    pair: string | null,
    addSpecialTokens: boolean,
  ): Pick<Encoding, "ids" | "tokens" | "typeIds"> {
    const settings = { text_pair: pair, add_special_tokens: addSpecialTokens, return_token_type_ids: true } as const;
    const { ids, tokens, token_type_ids: types } = this.guarded("encode", () => this.library.encode(text, settings));
    const wrong = ids.findIndex((id) => !Number.isInteger(id));
    if (wrong >= 0)
      throw new FormatError(
        `encode: token ${describe(tokens[wrong])} is not in the vocabulary, which has no token for what is unknown`,
      );
    return { ids, tokens, typeIds: types ?? ids.map(() => 0) };
  }

  /** A text and its pair one after the other, where the file says nothing of pairs. */
  private joined(
    text: string,
    pair: string | null,
    addSpecialTokens: boolean,
  ): Pick<Encoding, "ids" | "tokens" | "typeIds"> {
    const first = this.raw(text, null, addSpecialTokens);
    if (pair === null) return first;
    const second = this.raw(pair, null, addSpecialTokens);
    return {
      ids: [...first.ids, ...second.ids],
      tokens: [...first.tokens, ...second.tokens],
      typeIds: [...first.typeIds, ...second.ids.map(() => 1)],
    };
  }

  /** {@link encode} of several texts, or of pairs of texts. */
  encodeBatch(
    texts: readonly (string | readonly [string, string])[],
    options?: Omit<EncodeOptions, "pair">,
  ): Encoding[];
  encodeBatch(
    texts: readonly (string | readonly [string, string])[],
    options: Omit<EncodeOptions, "pair"> = {},
  ): Encoding[] {
    return (checkArray("encodeBatch", "texts", texts, "strings") as typeof texts).map((item) => {
      const [text, pair] = typeof item === "string" ? [item, null] : item;
      return this.encode(text, { ...options, pair });
    });
  }

  /**
   * The text of indices.
   * @throws IndexError for an index that no token has.
   */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    const { skipSpecialTokens = true, cleanUpTokenizationSpaces = false } = options;
    checkArray("decode", "ids", ids, "integers").forEach((id, i) => {
      if (!this.tokens.has(checkInteger("decode", `ids[${i}]`, id)))
        throw new IndexError(
          `decode: no token has the index ${id}, which is ids[${i}]; there are ${this.vocab.size} tokens`,
        );
    });
    checkFlag("decode", "skipSpecialTokens", skipSpecialTokens);
    checkFlag("decode", "cleanUpTokenizationSpaces", cleanUpTokenizationSpaces);
    const kept = skipSpecialTokens ? ids.filter((id) => !this.special.has(this.tokens.get(id)!)) : [...ids];
    if (kept.length === 0) return "";
    const settings = { clean_up_tokenization_spaces: cleanUpTokenizationSpaces };
    return this.guarded("decode", () => this.library.decode(kept, settings));
  }

  /** {@link decode} of several lists of indices. */
  decodeBatch(sequences: readonly (readonly number[])[], options?: DecodeOptions): string[];
  decodeBatch(sequences: readonly (readonly number[])[], options: DecodeOptions = {}): string[] {
    return (checkArray("decodeBatch", "sequences", sequences, "arrays of integers") as typeof sequences).map((ids) =>
      this.decode(ids, options),
    );
  }

  /** The index of a token, or undefined. */
  tokenToId(token: string): number | undefined {
    return this.vocab.get(checkString("tokenToId", "token", token));
  }

  /** The token at an index, or undefined. */
  idToToken(id: number): string | undefined {
    return this.tokens.get(checkInteger("idToToken", "id", id));
  }

  /** The indices of all tokens, added ones among them. */
  getVocab(): Map<string, number> {
    return new Map(this.vocab);
  }

  /** How many tokens there are. */
  getVocabSize(): number {
    return this.vocab.size;
  }
}

/** 1 for tokens that are not of the texts, whose own tokens come one text after the other. */
function addedMask(tokens: readonly string[], texts: readonly (readonly string[])[]): number[] {
  const mask = tokens.map(() => 1);
  let from = 0;
  for (const own of texts) {
    if (own.length === 0) continue;
    let start = from;
    while (start + own.length <= tokens.length && !own.every((token, i) => tokens[start + i] === token)) start++;
    if (start + own.length > tokens.length) continue;
    from = start + own.length;
    mask.fill(0, start, from);
  }
  return mask;
}

/** A URL of a file as a path, any other as it is. */
const pathOf = (url: URL): string => (url.protocol === "file:" ? decodeURIComponent(url.pathname) : url.href);

declareMethods(TextTokenizer, {
  encode: "text; pair, addSpecialTokens",
  encodeBatch: "texts; addSpecialTokens",
  decode: "ids; skipSpecialTokens, cleanUpTokenizationSpaces",
  decodeBatch: "sequences; skipSpecialTokens, cleanUpTokenizationSpaces",
  tokenToId: "token",
  idToToken: "id",
});

/**
 * The tokenizer of a model, from its tokenizer.json: BPE, WordPiece or Unigram with all normalizers, splits and special tokens that Hugging Face's library
 * for JavaScript knows. It is awaited, with `new` or without. Patterns in the file run as they are: read files of people that you trust.
 * @see https://huggingface.co/docs/tokenizers
 * @throws FormatError for a file that is damaged, truncated, or has parts that are not known; KindlingError if there is none.
 * @example
 * const tokenizer = await new text.Tokenizer("tokenizer.json");
 * const { ids } = tokenizer.encode("Hello world");
 * tokenizer.decode(ids) // "hello world"
 */
export const Tokenizer: AwaitedClass<
  TextTokenizer,
  typeof tokenizerSignature,
  TokenizerParameters,
  [file: string | URL | object]
> = awaitable("Tokenizer", TextTokenizer);
