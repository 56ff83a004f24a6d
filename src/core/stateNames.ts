/** Dictionaries of options and state under PyTorch's names, as they are in loaded files. */
import { camelCase } from "./snakeCase";

/** The entries of a dictionary, which a loaded file may hold as an object or as a map. */
export const entriesOf = (dict: object): [key: string | number, value: unknown][] =>
  dict instanceof Map ? [...dict] : Object.entries(dict);

/** A dictionary under our spellings. */
export const fromSnakeCase = (dict: object): Record<string, unknown> =>
  Object.fromEntries(entriesOf(dict).map(([key, value]) => [camelCase(String(key)), value]));
