/** The two spellings of names: camelCase here, PyTorch's snake_case in state dicts, files and printed objects. */

/** A first letter that is a word of its own, as in `TMax`, `T0` and `HDiag`; it stays a capital. */
const symbol = /^[A-Z](?=[A-Z0-9](?:[a-z]|$))/;

/** `logSoftmax` → `log_softmax`, `TMax` → `T_max`. */
export function snakeCase(name: string): string {
  const first = symbol.exec(name)?.[0] ?? "";
  const rest = name.slice(first.length).replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`);
  return first === "" ? rest.toLowerCase() : `${first}_${rest.toLowerCase()}`;
}

/** `log_softmax` → `logSoftmax`. Underscores at the ends stay. */
export const camelCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
