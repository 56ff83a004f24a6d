/** A text as numbers, one per character: what the language models learn from. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as torch from "kindling";
import { UsageError } from "./program";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The documentation of this project. */
function documentation(): string {
  const pages = readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/${name}`);
  return ["README.md", "CONTRIBUTING.md", ...pages].map((page) => readFileSync(`${root}/${page}`, "utf8")).join("\n");
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`--text: there is no readable file "${file}"`);
  }
}

/** A text and the characters that occur in it. */
export class Corpus {
  readonly vocabulary: readonly string[];
  readonly #indices: ReadonlyMap<string, number>;
  /** The text as indices into the vocabulary, int64. */
  readonly data: torch.Tensor;

  constructor(text: string) {
    this.vocabulary = [...new Set(text)].sort();
    this.#indices = new Map(this.vocabulary.map((character, i) => [character, i]));
    this.data = this.encode(text);
  }

  /** @throws UsageError if there is no such file, or it is shorter than `least` characters. */
  static read(file: string | undefined, least: number): Corpus {
    const text = file === undefined ? documentation() : readText(file);
    if (text.length < least)
      throw new UsageError(`--text: the text has ${text.length} characters; with these settings it needs ${least}`);
    return new Corpus(text);
  }

  /** @throws UsageError for characters that the text does not have. */
  encode(text: string): torch.Tensor {
    const indices = Array.from(text, (character) => {
      const index = this.#indices.get(character);
      if (index === undefined) throw new UsageError(`--prompt: the text has no "${character}" to learn from`);
      return BigInt(index);
    });
    return torch.tensor(BigInt64Array.from(indices));
  }

  decode(indices: Iterable<number>): string {
    return Array.from(indices, (index) => this.vocabulary[index]).join("");
  }
}

/** Draws the index of the next character. A low temperature prefers what is likely. Shape of the logits: [vocabulary]. */
export const drawNext = (logits: torch.Tensor, temperature: number): number =>
  logits.div(temperature).softmax(-1).multinomial(1).item();
