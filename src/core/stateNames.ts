/** The spellings of options and state: ours in objects, PyTorch's in state dicts. */

/** `weightDecay` → `weight_decay`, `TMax` → `T_max`, `HDiag` → `H_diag`. */
export const snakeCase = (name: string): string =>
  name
    .replace(/^([A-Z])([A-Z0-9])/, (_, first: string, next: string) => `${first}_${next.toLowerCase()}`)
    .replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The inverse of {@link snakeCase}; a leading underscore stays. */
export const camelCase = (name: string): string =>
  name.replace(/(?<=[^_])_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The entries of a dictionary, which a loaded file may hold as an object or as a map. */
export const entriesOf = (dict: object): [key: string | number, value: unknown][] =>
  dict instanceof Map ? [...dict] : Object.entries(dict);

/** A dictionary under our spellings. */
export const fromSnakeCase = (dict: object): Record<string, unknown> =>
  Object.fromEntries(entriesOf(dict).map(([key, value]) => [camelCase(String(key)), value]));
