/** The text of a `.cfg` file as sections of options. */
import { FormatError } from "../core/errors";

/** Bytes of a configuration. Darknet's own largest has 30 kB. */
export const MOST_CONFIG = 2 ** 20;

/** Sections of a configuration. */
const MOST_SECTIONS = 2000;

/** Every count and every coordinate in a file lies below. */
const MOST = 2 ** 24;

/** One `[type]` with its options. Reading an option checks it: what is wrong is named with file, section and line. */
export class Section {
  private readonly options = new Map<string, { value: string; line: number }>();

  constructor(
    private readonly file: string,
    /** The name in brackets, in lower case. */
    readonly type: string,
    readonly line: number,
    /** The number of the layer, or -1 for `[net]`. */
    readonly index: number,
  ) {}

  /** Darknet takes the first of several lines with the same key. */
  set(key: string, value: string, line: number): void {
    if (!this.options.has(key)) this.options.set(key, { value, line });
  }

  has(key: string): boolean {
    return this.options.has(key);
  }

  fail(message: string, key?: string): FormatError {
    const line = (key === undefined ? undefined : this.options.get(key)?.line) ?? this.line;
    const name = this.index < 0 ? `[${this.type}]` : `layer ${this.index} [${this.type}]`;
    return new FormatError(`${this.file}, line ${line}, ${name}: ${message}`);
  }

  text(key: string, fallback: string): string {
    return this.options.get(key)?.value ?? fallback;
  }

  number(key: string, fallback: number): number {
    const text = this.options.get(key)?.value;
    return text === undefined ? fallback : this.toNumber(key, text);
  }

  private toNumber(key: string, text: string): number {
    if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) || !Number.isFinite(Number(text)))
      throw this.fail(`${key} must be a number, got ${JSON.stringify(text.slice(0, 40))}`, key);
    return Number(text);
  }

  integer(key: string, fallback: number, least: number, most = MOST): number {
    return this.toInteger(key, this.number(key, fallback), least, most);
  }

  private toInteger(key: string, value: number, least: number, most: number): number {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.fail(`${key} must be an integer from ${least} to ${most}, got ${value}`, key);
  }

  flag(key: string, fallback = false): boolean {
    return this.integer(key, Number(fallback), 0, 1) === 1;
  }

  /** Numbers between commas; empty without the option. */
  numbers(key: string): number[] {
    const text = this.text(key, "");
    return text === ""
      ? []
      : text
          .replace(/,$/, "")
          .split(",")
          .map((part) => this.toNumber(key, part));
  }

  integers(key: string, least: number, most = MOST): number[] {
    return this.numbers(key).map((value) => this.toInteger(key, value, least, most));
  }

  /** @throws FormatError if one of these options, which change what a layer computes, is anything but 0. */
  refuse(...keys: readonly string[]): void {
    for (const key of keys)
      if (!["0", "none", ""].includes(this.text(key, "0")))
        throw this.fail(`${key}=${this.text(key, "").slice(0, 40)} is not supported`, key);
  }
}

/** White space means nothing anywhere, and lines that begin with `#` or `;` are comments, as are ends of lines after `#`. */
const stripped = (line: string): string => (/^\s*;/.test(line) ? "" : line.replace(/\s/g, "").replace(/#.*$/, ""));

/**
 * The sections of a configuration; the first is `[net]`.
 * @param file What errors call it.
 * @throws FormatError for text that is no configuration.
 */
export function parseConfig(text: string, file: string): Section[] {
  const sections: Section[] = [];
  text.split("\n").forEach((raw, i) => {
    const line = stripped(raw);
    const fail = (what: string) => new FormatError(`${file}, line ${i + 1}: ${what}`);
    const name = /^\[(\w+)\]$/.exec(line)?.[1];
    if (name !== undefined) {
      sections.push(new Section(file, name.toLowerCase(), i + 1, sections.length - 1));
      if (sections.length > MOST_SECTIONS) throw fail(`there are more than ${MOST_SECTIONS} sections`);
    } else if (line !== "") {
      const cut = line.indexOf("=");
      if (cut < 1 || sections.length === 0)
        throw fail(
          `expected "[section]" or "key=value", got ${JSON.stringify(raw.slice(0, 60))}: it is no Darknet .cfg`,
        );
      sections.at(-1)!.set(line.slice(0, cut), line.slice(cut + 1), i + 1);
    }
  });
  const [net] = sections;
  if (net === undefined || (net.type !== "net" && net.type !== "network"))
    throw new FormatError(`${file}: the first section must be [net]: it is no Darknet .cfg`);
  if (sections.length === 1) throw new FormatError(`${file}: there are no layers after [${net.type}]`);
  return sections;
}
