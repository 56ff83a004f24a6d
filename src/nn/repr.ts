/** Values as Python prints them, so that modules print as in PyTorch. */

/** A float: `0.1`, `1.0`, `1e-05`, `inf`. */
export function float(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  const magnitude = Math.abs(x);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e16))
    return x.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

/** A number as its user wrote it, a tuple, a boolean, `None`; strings without quotes, as in an f-string. */
export function text(x: unknown): string {
  if (x === null || x === undefined) return "None";
  if (typeof x === "boolean") return x ? "True" : "False";
  if (Array.isArray(x)) return x.length === 1 ? `(${text(x[0])},)` : `(${x.map(text).join(", ")})`;
  if (typeof x === "number" && !Number.isInteger(x)) return float(x);
  return String(x);
}

/** `text` with every line but the first indented. */
export const indent = (text: string, spaces: number): string => text.split("\n").join(`\n${" ".repeat(spaces)}`);

/** A module: its name, what it says of itself, and its children. */
export function moduleText(name: string, extra: string, children: readonly (readonly [string, unknown])[]): string {
  const extraLines = extra === "" ? [] : extra.split("\n");
  const lines = [...extraLines, ...children.map(([key, child]) => `(${key}): ${indent(String(child), 2)}`)];
  if (lines.length === 0) return `${name}()`;
  if (extraLines.length === 1 && children.length === 0) return `${name}(${extra})`;
  return `${name}(\n  ${lines.join("\n  ")}\n)`;
}
