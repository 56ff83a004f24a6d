/** Word vectors from files: those of GloVe and fastText, or any in their format. */

import { checkChoice, checkFlag, checkFunction, checkInteger, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { ArgumentError, describe, KindlingError, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { declareMethods } from "../../core/signature";
import { type AwaitedClass, awaitable } from "../../data/awaitable";
import { matmul } from "../../ops/linalg/matmul";
import { stack } from "../../ops/shape/join";
import { absolute, expandHome, hasFile, isRemote, joinPath } from "../../platform/dataFiles";
import { tensor, zeros } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { readTable } from "./reading";

/** Options of all word vectors. */
export interface VectorOptions {
  /** The folder of files that are downloaded. Default: ".vector_cache". */
  cache?: string | null;
  /** Makes the vector of a word that is not there from an empty one. Default: zeros. */
  unkInit?: ((vector: Tensor) => Tensor) | null;
  /** The most vectors that are read; files begin with the most frequent words. Default: null, all. */
  maxVectors?: number | null;
}

/** Parameters of {@link Vectors}. */
export interface VectorsParameters extends VectorOptions {
  /** A path, or the name of a file in the cache. */
  name: string;
  /** Where the file, or an archive that has it, is downloaded from if it is not there. Default: null. */
  url?: string | null;
}

/** Options of vectors whose place is known. */
export interface KnownVectorOptions extends VectorOptions {
  /** Fetch the file if it is not in the cache, as torchtext does unasked. Default: false. */
  download?: boolean;
}

/** Parameters of {@link GloVe}. */
export interface GloVeParameters extends KnownVectorOptions {
  /** What the vectors were trained on. Default: "840B". */
  name?: "42B" | "840B" | "twitter.27B" | "6B";
  /** Default: 300. */
  dim?: number;
}

/** Parameters of {@link FastText}. */
export interface FastTextParameters extends KnownVectorOptions {
  /** The code of a language of Wikipedia. Default: "en". */
  language?: string;
}

/** Options of {@link Vectors.getVecsByTokens}. */
export interface LookUpOptions {
  /** Look up words that are not there in lower case. Default: false. */
  lowerCaseBackup?: boolean;
}

/** What {@link Vectors.mostSimilar} takes. */
export interface SimilarityOptions {
  /** Words or vectors that are near. */
  positive?: string | Tensor | readonly (string | Tensor)[];
  /** Words or vectors that are far. Default: none. */
  negative?: string | Tensor | readonly (string | Tensor)[];
  /** How many words. Default: 10. */
  topn?: number;
}

const vectorsSignature = "name; cache, url, unkInit, maxVectors";
const gloveSignature = "; name, dim, cache, unkInit, maxVectors; download";
const fastTextSignature = "; language, cache, unkInit, maxVectors; download";

const similarSignature = "positive?, negative?; topn";

/** Options that all classes of vectors check in the same way. */
function checkVectorOptions(op: string, { cache, unkInit, maxVectors }: VectorOptions) {
  if (unkInit != null) checkFunction(op, "unkInit", unkInit);
  return {
    cache: expandHome(checkString(op, "cache", cache ?? ".vector_cache")),
    unkInit: unkInit ?? undefined,
    most: maxVectors == null ? Number.POSITIVE_INFINITY : checkInteger(op, "maxVectors", maxVectors, 1),
  };
}

/** The plain class of {@link Vectors}. */
export class WordVectors {
  /** @internal */
  static readonly signature: string = vectorsSignature;

  /** The words, by index. */
  itos: readonly string[] = [];
  /** The indices, by word. */
  stoi: ReadonlyMap<string, number> = new Map();
  /** All vectors, [words, dim]. */
  declare vectors: Tensor;
  /** Numbers of a vector. */
  dim = 0;
  private readonly unkInit: ((vector: Tensor) => Tensor) | undefined;
  private readonly cache: string;
  private readonly most: number;
  private readonly file: string;
  private readonly url: string | undefined;
  /** Whether what is missing is downloaded from {@link url}. */
  protected fetches = true;

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const { name, url, ...options } = argumentsOf<VectorsParameters>(op, vectorsSignature, given);
    const { cache, unkInit, most } = checkVectorOptions(op, options);
    this.file = expandHome(checkString(op, "name", name));
    this.url = url == null ? undefined : checkString(op, "url", url);
    this.cache = cache;
    this.unkInit = unkInit;
    this.most = most;
  }

  /** How many words there are. */
  get length(): number {
    return this.itos.length;
  }

  /** The file of the vectors, which may have to be fetched first. */
  private async find(op: string): Promise<string> {
    const direct = absolute(this.file);
    const kept = /^([/\\]|[a-z]:)/i.test(this.file) ? direct : absolute(joinPath(this.cache, this.file));
    // What a server has is only known by asking for it.
    if ((await hasFile(direct)) || (isRemote(direct) && this.url === undefined)) return direct;
    if (!(await hasFile(kept)) && this.url !== undefined && this.fetches) await this.fetch(op, this.url);
    if (await hasFile(kept)) return kept;
    const hint =
      this.url === undefined
        ? "give the path of a file, or a url to download it from"
        : `download: true fetches it from ${this.url}`;
    throw new KindlingError(`${op}: no vectors found at "${kept}"; ${hint}`);
  }

  /** Downloads the file, or an archive that is unpacked. */
  private async fetch(op: string, url: string): Promise<void> {
    const target = joinPath(
      this.cache,
      url
        .replace(/[?#].*$/, "")
        .split("/")
        .at(-1)!,
    );
    const { download, extract } = await import("../../platform/archives/lazyArchives");
    await download(op, url, target, {});
    if (/\.(zip|tar\.gz|tgz)$/.test(target)) await extract(op, absolute(target), absolute(this.cache));
  }

  /** @internal */
  async read(): Promise<void> {
    const op = classNameOf(this);
    const path = await this.find(op);
    const { inflated, openSource, pieces } = await import("../../platform/archives/lazyArchives");
    const source = await openSource(op, path);
    try {
      const plain = /\.gz$/.test(path) ? inflated(path, pieces(source), "gzip") : pieces(source);
      const { words, values, dim } = await readTable(path, plain, this.most);
      this.itos = words;
      this.stoi = new Map(words.map((word, i) => [word, i]));
      this.dim = dim;
      const flat = tensor(values);
      this.vectors = flat.view([words.length, dim]);
      flat.dispose();
    } finally {
      await source.close();
    }
  }

  /** Whether there is a vector of a word. */
  has(token: string): boolean {
    return this.stoi.has(checkString("has", "token", token));
  }

  /** The vector of a word, [dim]; of one that is not there what `unkInit` makes of zeros. */
  at(token: string): Tensor {
    const index = this.stoi.get(checkString("at", "token", token));
    if (index !== undefined) return this.vectors.select(0, index);
    const empty = zeros([this.dim]);
    return this.unkInit === undefined ? empty : this.unkInit(empty);
  }

  /**
   * The vector of a word, [dim], or of several, [words, dim].
   * @see torchtext.vocab.Vectors.get_vecs_by_tokens
   */
  getVecsByTokens(tokens: string | readonly string[], options?: boolean | LookUpOptions): Tensor;
  getVecsByTokens(tokens: any, options: any = {}): Tensor {
    const lower = checkFlag("getVecsByTokens", "lowerCaseBackup", options.lowerCaseBackup ?? false);
    const find = (token: string): Tensor => this.at(!lower || this.has(token) ? token : token.toLowerCase());
    if (typeof tokens === "string") return find(tokens);
    if (!Array.isArray(tokens) || tokens.length === 0)
      throw new ArgumentError(
        `getVecsByTokens: tokens must be a string or an array of strings, got ${describe(tokens)}`,
      );
    return stack(tokens.map((token) => find(token)));
  }

  /** The sum of unit vectors, negative ones subtracted, and the words among them. */
  private queryOf(op: string, positive: readonly unknown[], negative: readonly unknown[]) {
    const asked = new Set<number>();
    const unit = (query: unknown): Tensor => {
      if (query instanceof Tensor) {
        if (query.ndim !== 1 || query.shape[0] !== this.dim)
          throw new ShapeError(`${op}: vectors have the shape [${this.dim}], got ${shapeText(query.shape)}`);
        return unitOf(query.float());
      }
      const index = this.stoi.get(checkString(op, "words", query));
      if (index === undefined) throw new ValueError(`${op}: there is no vector of ${describe(query)}`);
      asked.add(index);
      return unitOf(this.vectors.select(0, index));
    };
    const parts = [...positive.map(unit), ...negative.map((query) => unit(query).neg())];
    if (parts.length === 0) throw new ValueError(`${op}: takes at least one word or vector`);
    return { query: unitOf(stack(parts).mean(0)), asked };
  }

  /**
   * The words whose vectors point most nearly where the mean of some vectors does, those of `negative` turned around, with the cosine of the angle: nearest
   * neighbors of one word, and analogies of three. The words themselves are left out. (Mikolov et al., 2013; as gensim computes it.)
   * @throws ValueError for a word that is not there.
   * @example
   * vectors.mostSimilar("frog")
   * vectors.mostSimilar({ positive: ["king", "woman"], negative: ["man"], topn: 1 }) // [["queen", 0.77…]]
   */
  mostSimilar(
    positive?: string | Tensor | readonly (string | Tensor)[],
    negative?: string | Tensor | readonly (string | Tensor)[],
    topn?: number,
  ): [word: string, similarity: number][];
  mostSimilar(options: SimilarityOptions): [word: string, similarity: number][];
  mostSimilar(positive?: any, negative?: any, options: any = {}): [word: string, similarity: number][] {
    const op = "mostSimilar";
    const topn = checkInteger(op, "topn", options.topn ?? 10, 1);
    const { query, asked } = this.queryOf(op, listOf(positive), listOf(negative));
    const lengths = this.vectors.norm({ dim: 1 }).clamp({ min: 1e-12 });
    const cosines: number[] = matmul(this.vectors, query).div(lengths).tolist() as number[];
    const others = cosines
      .map((similarity, i) => [i, similarity] as const)
      .filter(([i, x]) => !asked.has(i) && !Number.isNaN(x));
    others.sort(([i, a], [j, b]) => b - a || i - j);
    return others.slice(0, topn).map(([i, similarity]) => [this.itos[i]!, similarity]);
  }
}

const unitOf = (vector: Tensor): Tensor => vector.div(vector.norm().clamp({ min: 1e-12 }));

const listOf = (queries: unknown): readonly unknown[] =>
  queries === undefined || queries === null ? [] : Array.isArray(queries) ? queries : [queries];

declareMethods(WordVectors, {
  has: "token",
  at: "token",
  getVecsByTokens: "tokens; lowerCaseBackup",
  mostSimilar: similarSignature,
});

/** Where GloVe's vectors are. */
const gloveUrls = {
  "42B": "https://nlp.stanford.edu/data/glove.42B.300d.zip",
  "840B": "https://nlp.stanford.edu/data/glove.840B.300d.zip",
  "twitter.27B": "https://nlp.stanford.edu/data/glove.twitter.27B.zip",
  "6B": "https://nlp.stanford.edu/data/glove.6B.zip",
} as const;

class GloVeVectors extends WordVectors {
  /** @internal */
  static override readonly signature: string = gloveSignature;

  constructor(...given: unknown[]) {
    const values = argumentsOf<GloVeParameters>("GloVe", gloveSignature, given);
    const { name = "840B", dim = 300, download: isWanted = false, ...options } = values;
    const corpus = checkChoice("GloVe", "name", name, Object.keys(gloveUrls) as (keyof typeof gloveUrls)[]);
    const size = checkInteger("GloVe", "dim", Number(dim), 1);
    super({ ...options, name: `glove.${corpus}.${size}d.txt`, url: gloveUrls[corpus] });
    this.fetches = checkFlag("GloVe", "download", isWanted);
  }
}

class FastTextVectors extends WordVectors {
  /** @internal */
  static override readonly signature: string = fastTextSignature;

  constructor(...given: unknown[]) {
    const {
      language = "en",
      download: isWanted = false,
      ...options
    } = argumentsOf<FastTextParameters>("FastText", fastTextSignature, given);
    const code = checkString("FastText", "language", language);
    if (!/^[a-z_-]+$/i.test(code))
      throw new ValueError(`FastText: language must be a code such as "en", got ${describe(language)}`);
    const name = `wiki.${code}.vec`;
    super({ ...options, name, url: `https://dl.fbaipublicfiles.com/fasttext/vectors-wiki/${name}` });
    this.fetches = checkFlag("FastText", "download", isWanted);
  }
}

/**
 * Word vectors from a text file: on each line a word and its numbers, with one space between; a first line with their counts, as fastText writes it, is
 * passed over. The file may be packed with gzip. It is awaited, with `new` or without.
 * @see torchtext.vocab.Vectors
 * @throws FormatError naming the line of a damaged file; KindlingError if there is none.
 * @example const vectors = await new text.vocab.Vectors("crawl-300d-2M.vec", { maxVectors: 100_000 });
 */
export const Vectors: AwaitedClass<WordVectors, typeof vectorsSignature, VectorsParameters, [name: string]> = awaitable(
  "Vectors",
  WordVectors,
);

/**
 * GloVe's vectors (Pennington, Socher, Manning, 2014), from `glove.NAME.DIMd.txt` in the cache.
 * @see torchtext.vocab.GloVe
 * @example const glove = await new text.vocab.GloVe("6B", 50, { download: true });
 */
export const GloVe: AwaitedClass<WordVectors, typeof gloveSignature, GloVeParameters> = awaitable(
  "GloVe",
  GloVeVectors,
);

/**
 * fastText's vectors (Bojanowski et al., 2017), from `wiki.LANGUAGE.vec` in the cache.
 * @see torchtext.vocab.FastText
 */
export const FastText: AwaitedClass<WordVectors, typeof fastTextSignature, FastTextParameters> = awaitable(
  "FastText",
  FastTextVectors,
);
