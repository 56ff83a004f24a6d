/** What distributions of binary events share. */
import type { Shape } from "../../core/shape";
import { binaryCrossEntropyWithLogits } from "../../ops/losses/elementLosses";
import type { Tensor } from "../../tensor/tensor";
import { readArguments, type ValidateArgs, type Value } from "./arguments";
import { type Distribution, lazyParameters } from "./distribution";
import { readEither } from "./either";
import { asTensors, broadcastAll, logitsToProbs, probsToLogits } from "./utils";

/** Arguments of distributions of binary events: either the one or the other. */
export interface BinaryArguments extends ValidateArgs {
  /** The probability of a 1. */
  readonly probs?: Value | undefined;
  /** The logarithm of the odds of a 1. */
  readonly logits?: Value | undefined;
}

/** The signature of distributions of binary events. */
export const binarySignature = "; probs, logits, validateArgs";

/** What the constructor of {@link Distribution} takes for such a family. */
export function readBinary(
  op: string,
  given: readonly unknown[],
): [Shape, Shape, boolean | undefined, { probs: Tensor } | { logits: Tensor }] {
  const { probs, logits, validateArgs } = readArguments<BinaryArguments>(op, binarySignature, given);
  const [name, value] = readEither(op, probs, logits);
  const parameter = asTensors(op, [value])[0]!;
  return [parameter.shape, [], validateArgs, { [name]: parameter } as { probs: Tensor }];
}

/** A distribution with the two forms of its parameter. */
export interface Binary extends Distribution {
  readonly probs: Tensor;
  readonly logits: Tensor;
}

/** Each of the two forms follows from the other. */
export const lazyBinary = (type: { readonly prototype: Binary }): void =>
  lazyParameters<Binary>(type, {
    logits: ({ probs }) => probsToLogits(probs, true),
    probs: ({ logits }) => logitsToProbs(logits, true),
  });

/** The one of the two forms that was given. */
export const givenOf = (distribution: Binary): Tensor =>
  Object.hasOwn(distribution, "probs") ? distribution.probs : distribution.logits;

/** The negative logarithm of the probability of each target. */
export function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  const [x, t] = broadcastAll(logits, target) as [Tensor, Tensor];
  return binaryCrossEntropyWithLogits(x, t.isFloatingPoint() ? t : t.to(x.dtype), { reduction: "none" });
}
