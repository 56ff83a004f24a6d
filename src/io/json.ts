/**
 * JSON as file formats mean it: every key once, every number as it is written. `JSON.parse` keeps the last of two entries with one
 * name, takes 1.0 for 1, and rounds large integers, so that a damaged header would pass.
 */

/** A number that is no plain non-negative integer of at most 2^53 − 1, as it is written. */
export class NumberText {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What {@link parseJson} makes of a text. Objects are maps, which keep any name. */
export type Json = string | number | boolean | null | NumberText | readonly Json[] | ReadonlyMap<string, Json>;

/** Deeper nesting is refused, since it would overflow the stack. */
const MAX_DEPTH = 128;

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const integerPattern = /^(?:0|[1-9][0-9]*)$/;
const literals = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * The value of a JSON text, and where it ends.
 * @throws SyntaxError saying what is wrong, and where.
 */
export function parseJson(text: string): { value: Json; end: number } {
  const parser = new Parser(text);
  return { value: parser.value(0), end: parser.at };
}

class Parser {
  at = 0;

  constructor(private readonly text: string) {}

  value(depth: number): Json {
    if (depth > MAX_DEPTH) throw this.error(`nested more than ${MAX_DEPTH} levels deep`);
    this.skipSpace();
    const next = this.text[this.at];
    if (next === "{") return this.object(depth);
    if (next === "[") return this.array(depth);
    if (next === '"') return this.string();
    for (const [word, value] of literals)
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    return this.number();
  }

  private object(depth: number): Map<string, Json> {
    const entries = new Map<string, Json>();
    this.list("}", () => {
      if (this.text[this.at] !== '"') throw this.error("expected a name in quotes");
      const name = this.string();
      if (entries.has(name)) throw this.error(`the name ${JSON.stringify(name.slice(0, 200))} occurs twice`);
      this.skipSpace();
      this.take(":");
      entries.set(name, this.value(depth + 1));
    });
    return entries;
  }

  private array(depth: number): Json[] {
    const items: Json[] = [];
    this.list("]", () => void items.push(this.value(depth + 1)));
    return items;
  }

  /** Items with commas between them, from the opening bracket to the closing one. */
  private list(close: string, item: () => void): void {
    this.at++;
    this.skipSpace();
    if (this.text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      this.skipSpace();
      item();
      this.skipSpace();
      if (this.text[this.at] !== ",") break;
      this.at++;
    }
    this.take(close);
  }

  /** Escapes and characters are left to the engine. A half of a surrogate pair is no text. */
  private string(): string {
    const end = this.endOfString();
    const source = this.text.slice(this.at, end);
    let value: string;
    try {
      value = JSON.parse(source) as string;
    } catch {
      throw this.error("a text with an invalid escape or control character");
    }
    if (!isWellFormed(value)) throw this.error("a text with half of a surrogate pair");
    this.at = end;
    return value;
  }

  private endOfString(): number {
    for (let quote = this.at; ; ) {
      quote = this.text.indexOf('"', quote + 1);
      if (quote < 0) throw this.error("a text without an end");
      let escapes = 0;
      while (this.text[quote - 1 - escapes] === "\\") escapes++;
      if (escapes % 2 === 0) return quote + 1;
    }
  }

  private number(): number | NumberText {
    numberPattern.lastIndex = this.at;
    const source = numberPattern.exec(this.text)?.[0];
    if (source === undefined) throw this.error("expected a value");
    this.at += source.length;
    const value = Number(source);
    return integerPattern.test(source) && Number.isSafeInteger(value) ? value : new NumberText(source);
  }

  private take(character: string): void {
    if (this.text[this.at] !== character) throw this.error(`expected "${character}"`);
    this.at++;
  }

  private skipSpace(): void {
    while (" \n\r\t".includes(this.text[this.at] || "x")) this.at++;
  }

  private error(what: string): SyntaxError {
    return new SyntaxError(`${what} at character ${this.at}`);
  }
}

/** Whether a text has no halves of surrogate pairs, which UTF-8 cannot hold. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
