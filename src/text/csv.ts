/** Rows of CSV files, read in pieces. The parser is Papa Parse, loaded when it is needed. */
import { FormatError } from "../core/errors";

/** Characters of a row above which a quote was never closed. */
const LONGEST_ROW = 1 << 24;

/** How rows end, as the first ones do; breaks within quotes say nothing. */
function newlineOf(text: string): "\n" | "\r\n" | "\r" {
  const bare = text.replace(/"(?:[^"]|"")*"/g, "");
  const at = bare.search(/[\r\n]/);
  if (at < 0 || bare[at] === "\n") return "\n";
  return bare[at + 1] === "\n" ? "\r\n" : "\r";
}

/** Text in pieces. @throws FormatError for what is not UTF-8. */
async function* textOf(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const piece of bytes) yield decoder.decode(piece, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new FormatError(`"${name}" is no text in UTF-8: it is damaged`, { cause: error });
  }
}

/** The rows of a text in pieces, empty ones left out, each with its number. */
async function* rowsOf(
  name: string,
  text: AsyncIterable<string>,
): AsyncGenerator<[row: readonly string[], number: number]> {
  const { default: Papa } = await import("./lazyCsv");
  const settings: { delimiter: string; newline: "\n" | "\r\n" | "\r" | undefined } = {
    delimiter: ",",
    newline: undefined,
  };
  let rest = "";
  let number = 0;
  const parse = function* (isLast: boolean): Iterable<[readonly string[], number]> {
    settings.newline ??= newlineOf(rest);
    const parser = new Papa.Parser(settings as never) as unknown as {
      parse(input: string, base: number, ignoreLastRow: boolean): import("papaparse").ParseResult<string[]>;
    };
    const { data, errors, meta } = parser.parse(rest, 0, !isLast);
    const wrong = isLast ? errors[0] : errors.find(({ row }) => row !== undefined && row < data.length);
    if (wrong !== undefined)
      throw new FormatError(
        `"${name}", row ${number + (wrong.row ?? 0) + 1}: ${wrong.message}: the file is damaged or truncated`,
      );
    for (const row of data) {
      number++;
      if (row.length > 1 || row[0] !== "") yield [row, number];
    }
    rest = isLast ? "" : rest.slice(meta.cursor);
  };
  for await (const piece of text) {
    rest += piece;
    if (piece !== "") yield* parse(false);
    if (rest.length > LONGEST_ROW)
      throw new FormatError(
        `"${name}", row ${number + 1} has more than ${LONGEST_ROW} characters: a quote is not closed, or this is no CSV file`,
      );
  }
  if (rest !== "") yield* parse(true);
}

/**
 * The rows of a CSV file in UTF-8, with commas and double quotes.
 * @throws FormatError naming the row of a damaged file; KindlingError if it cannot be read.
 */
export async function* readCsv(op: string, path: string): AsyncGenerator<[row: readonly string[], number: number]> {
  const { openSource, pieces } = await import("../platform/archives/lazyArchives");
  const source = await openSource(op, path);
  try {
    yield* rowsOf(path, textOf(path, pieces(source)));
  } finally {
    await source.close();
  }
}
