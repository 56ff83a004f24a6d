/** Word vectors as text: a word and its numbers on each line. Files are read in pieces, and no more is kept than what they hold. */
import { FormatError } from "../../core/errors";

/** What a file of vectors holds. */
export interface VectorTable {
  readonly words: string[];
  readonly values: Float32Array;
  readonly dim: number;
}

/** Bytes of a line above which a file is no file of vectors. */
const LONGEST_LINE = 1 << 22;
const NEWLINE = 10;
const SPACE = 0x20;

/** Lines of a file in pieces, without their ends. */
async function* linesOf(name: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : joined(rest, piece);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      yield bytes.subarray(from, end);
      from = end + 1;
    }
    rest = bytes.slice(from);
    if (rest.length > LONGEST_LINE)
      throw new FormatError(`"${name}" has a line of more than ${LONGEST_LINE} bytes: it is no file of word vectors`);
  }
  if (rest.length > 0) yield rest;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** The end of a line without white space, as Python's `rstrip` leaves it. */
function trimmedEnd(line: Uint8Array): number {
  let end = line.length;
  while (end > 0 && (line[end - 1] === SPACE || (line[end - 1]! >= 9 && line[end - 1]! <= 13))) end--;
  return end;
}

/** Numbers as Python's `float` reads them, but for underscores and white space. */
const numberPattern = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i;

function numberOf(text: string): number | undefined {
  if (!numberPattern.test(text)) return undefined;
  if (/^[+-]?i/i.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /n$/i.test(text) ? Number.NaN : Number(text);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function wordOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Vectors as they are read. The array doubles, so that it is never more than twice what was read. */
class Table {
  readonly words: string[] = [];
  dim = 0;
  private values = new Float32Array(0);

  constructor(private readonly name: string) {}

  /** Takes a line, which may be a header or have a word that is no UTF-8; both are passed over, as torchtext does. */
  take(line: Uint8Array, number: number): void {
    const end = trimmedEnd(line);
    const cut = line.subarray(0, end).indexOf(SPACE);
    const head = cut < 0 ? end : cut;
    const entries = cut < 0 ? [] : asciiOf(line.subarray(cut + 1, end)).split(" ");
    if (entries.length === 1) return;
    if (this.dim === 0) this.dim = entries.length;
    if (entries.length === 0 || entries.length !== this.dim)
      throw this.otherSize(line.subarray(0, head), entries.length, number);
    const word = wordOf(line.subarray(0, head));
    if (word === undefined) return;
    const at = this.words.length * this.dim;
    if (at + this.dim > this.values.length) this.grow(at + this.dim);
    entries.forEach((entry, i) => {
      const value = numberOf(entry);
      if (value === undefined)
        throw new FormatError(
          `"${this.name}", line ${number}: ${JSON.stringify(entry.slice(0, 80))} is no number: the file is damaged`,
        );
      this.values[at + i] = value;
    });
    this.words.push(word);
  }

  private otherSize(word: Uint8Array, size: number, number: number): FormatError {
    const token = JSON.stringify(new TextDecoder().decode(word.subarray(0, 80)));
    if (this.dim === 0) return new FormatError(`"${this.name}", line ${number}: token ${token} has no vector`);
    return new FormatError(
      `"${this.name}", line ${number}: Vector for token ${token} has ${size} dimensions, but previously read vectors have ${this.dim} dimensions. All vectors must have the same number of dimensions.`,
    );
  }

  private grow(least: number): void {
    const larger = new Float32Array(Math.max(least, 2 * this.values.length));
    larger.set(this.values);
    this.values = larger;
  }

  result(): VectorTable {
    return { words: this.words, values: this.values.slice(0, this.words.length * this.dim), dim: this.dim };
  }
}

/** Numbers are ASCII; other bytes become characters that no number has. */
const latin = new TextDecoder("latin1");
const asciiOf = (bytes: Uint8Array): string => latin.decode(bytes);

/**
 * The vectors of a file.
 * @param most The most vectors that are read.
 * @throws FormatError naming the line for numbers that are none, and vectors of different sizes.
 */
export async function readTable(name: string, pieces: AsyncIterable<Uint8Array>, most: number): Promise<VectorTable> {
  const table = new Table(name);
  let number = 0;
  for await (const line of linesOf(name, pieces)) {
    table.take(line, ++number);
    if (table.words.length >= most) break;
  }
  if (table.words.length === 0)
    throw new FormatError(
      `"${name}" has no vectors: a line has a word and at least two numbers, with one space between`,
    );
  return table.result();
}
