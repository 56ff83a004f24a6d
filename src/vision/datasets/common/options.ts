/** Arguments that data sets have in common. */
import { ArgumentError, describe, ValueError } from "../../../core/errors";
import type { TransformOptions } from "./visionDataset";

/** Where a data set is, and whether it is fetched. */
export interface DownloadableOptions extends TransformOptions {
  root: string;
  download?: boolean | undefined;
}

/**
 * A word out of a few, with torchvision's error.
 * @throws ArgumentError unless it is a text, ValueError for another.
 */
export function checkWord<W extends string>(op: string, name: string, value: unknown, words: readonly W[]): W {
  if (typeof value !== "string")
    throw new ArgumentError(`${op}: Expected type str for argument ${name}, but got ${describe(value)}`);
  if (words.includes(value as W)) return value as W;
  const list = words.map((word) => `'${word}'`).join(", ");
  throw new ValueError(
    `${op}: Unknown value '${value.slice(0, 80)}' for argument ${name}. Valid values are {${list}}.`,
  );
}

/** One word or several. */
export function checkWords<W extends string>(op: string, name: string, value: unknown, words: readonly W[]): W[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((word) => checkWord(op, name, word, words));
}
