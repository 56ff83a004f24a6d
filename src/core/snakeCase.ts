/** Help for those who type PyTorch's spelling: names here are in camelCase. */
import { ArgumentError } from "./errors";

/** `logSoftmax` → `log_softmax`. */
const snakeCase = (name: string): string => name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** `log_softmax` → `logSoftmax`. */
export const camelCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])_([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());

/**
 * Turns PyTorch's spelling of every member of a class into an error that gives ours; without it a misspelt property would read as undefined, and be
 * written without an effect. Members that exist are left alone, and cost nothing more.
 * @param prototype The prototype of the class; with what its subclasses inherit.
 * @param owner How the error names an object of the class.
 * @param fields Fields that the prototype does not show.
 */
export function explainSnakeCase(prototype: object, owner: string, fields: readonly string[] = []): void {
  for (const name of [...Object.getOwnPropertyNames(prototype), ...fields]) {
    const theirs = snakeCase(name);
    if (theirs === name || theirs in prototype) continue;
    const refuse = (): never => {
      throw new ArgumentError(`${owner}.${theirs}: names are in camelCase here: did you mean ${owner}.${name}?`);
    };
    Object.defineProperty(prototype, theirs, { get: refuse, set: refuse, configurable: true });
  }
}
