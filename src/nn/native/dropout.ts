/** Dropouts with the arguments of `torch` itself: `p` and `train` are always given. */
import { checkFlag, checkNumber } from "../../core/arguments";
import { named } from "../../core/signature";
import { checkInplace, checkTensor } from "../../ops/builders/checks";
import {
  type DropoutOptions,
  alphaDropout as fAlphaDropout,
  dropout as fDropout,
  featureAlphaDropout as fFeatureAlphaDropout,
  featureDropout as fFeatureDropout,
  rrelu,
} from "../../ops/layers/dropout";
import type { Tensor } from "../../tensor/tensor";

type Dropout = (x: Tensor, options: DropoutOptions) => Tensor;

const declare = <const S extends string>(op: S, dropout: Dropout, inplace = false) =>
  named(op, "input, p, train", (input: Tensor, p: number, train: boolean): Tensor => {
    if (inplace) checkInplace(op, input);
    return dropout(checkTensor(op, input), {
      p: checkNumber(op, "p", p),
      training: checkFlag(op, "train", train),
      inplace,
    });
  });

/** In training sets each element to zero with probability p, and multiplies the others by 1 / (1 − p). @see torch.dropout */
export const dropout = declare("dropout", fDropout);
/** dropout in place. @see torch.dropout_ */
export const dropout_ = declare("dropout_", fDropout, true);
/** {@link dropout} of whole channels. @see torch.feature_dropout */
export const featureDropout = declare("featureDropout", fFeatureDropout);
/** featureDropout in place. @see torch.feature_dropout_ */
export const featureDropout_ = declare("featureDropout_", fFeatureDropout, true);
/** Dropout that keeps mean and variance, for SELU. @see torch.alpha_dropout */
export const alphaDropout = declare("alphaDropout", fAlphaDropout);
/** alphaDropout in place. @see torch.alpha_dropout_ */
export const alphaDropout_ = declare("alphaDropout_", fAlphaDropout, true);
/** {@link alphaDropout} of whole channels. @see torch.feature_alpha_dropout */
export const featureAlphaDropout = declare("featureAlphaDropout", fFeatureAlphaDropout);
/** featureAlphaDropout in place. @see torch.feature_alpha_dropout_ */
export const featureAlphaDropout_ = declare("featureAlphaDropout_", fFeatureAlphaDropout, true);

/** {@link dropout}, and which elements are left. @see torch.native_dropout */
export const nativeDropout = named(
  "nativeDropout",
  "input, p, train",
  (input: Tensor, p: number, train: boolean | null): [output: Tensor, mask: Tensor] => {
    const op = "nativeDropout";
    const training = train === null || checkFlag(op, "train", train);
    const kept = fDropout(checkTensor(op, input).detach().onesLike(), { p: checkNumber(op, "p", p), training });
    const mask = kept.ne(0);
    return [training ? input.mul(kept) : input.clone(), mask];
  },
);

/** The leaky ReLU with random slopes in place. @see torch.nn.functional.rrelu_ */
export const rrelu_ = named(
  "rrelu_",
  "input; lower, upper, training",
  (input: Tensor, options: { lower?: number; upper?: number; training?: boolean } = {}): Tensor => {
    checkInplace("rrelu_", input);
    return rrelu(input, { ...options, inplace: true });
  },
);
