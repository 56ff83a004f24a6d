/** Modules as text, as PyTorch prints them. */
export { float, text } from "../../core/repr";

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
