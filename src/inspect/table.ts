/** Tables of text. */

/** Rows in columns that are as wide as they need to be; numbers stand on the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const isNumber = (text: string): boolean => /^[-+\d.,e]+$/.test(text);
  return rows
    .map((row) =>
      row
        .map((cell, i) => (isNumber(cell) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What an inspector found: tables, each with a row of headings, and lines around them. */
export interface Findings {
  /** The line before the tables. */
  readonly before?: string | undefined;
  readonly tables: readonly (readonly (readonly string[])[])[];
  /** The line after them. */
  readonly after?: string | undefined;
}

/** For people. */
export const textOf = (found: Findings | string): string =>
  typeof found === "string"
    ? found
    : [
        ...(found.before === undefined ? [] : [`${found.before}\n`]),
        found.tables.map((rows) => table(rows)).join("\n\n"),
        ...(found.after === undefined ? [] : [`\n${found.after}`]),
      ].join("");

/** For programs: the rows of all tables as objects, and the lines around them. */
export function jsonOf(found: Findings | string): Readonly<Record<string, unknown>> {
  if (typeof found === "string") return { text: found };
  const objects = found.tables.map(([head = [], ...rows]) =>
    rows.map((row) => Object.fromEntries(head.map((name, i) => [name === "" ? "kind" : name, row[i]]))),
  );
  return { about: found.before, tables: objects, note: found.after };
}

/** A number of bytes for people. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; bytes >= 1024 && at < units.length - 1; at++) bytes /= 1024;
  return `${at === 0 ? bytes : bytes.toFixed(1)} ${units[at]}`;
}

/** Text of a file without what would steer a terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u${c.codePointAt(0)!.toString(16).padStart(4, "0")}`);
