/** Parameters that are given in one of two forms. */
import { ArgumentError } from "../core/errors";

/** The one of `probs` and `logits` that was given, with its name. @throws ArgumentError for both or none. */
export function readEither<T>(op: string, probs: T | undefined, logits: T | undefined): ["probs" | "logits", T] {
  if (probs !== undefined && logits === undefined) return ["probs", probs];
  if (logits !== undefined && probs === undefined) return ["logits", logits];
  throw new ArgumentError(`${op}: Either \`probs\` or \`logits\` must be specified, but not both.`);
}
