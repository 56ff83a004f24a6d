/** Parameters that are given in one of two forms. */
import { ArgumentError } from "../../core/errors";

/** The one of `probs` and `logits` that was given, with its name. @throws ArgumentError for both or none. */
export function readEither<T>(op: string, probs: T, logits: T): ["probs" | "logits", NonNullable<T>] {
  if (probs != null && logits == null) return ["probs", probs];
  if (logits != null && probs == null) return ["logits", logits];
  throw new ArgumentError(`${op}: Either \`probs\` or \`logits\` must be specified, but not both.`);
}
