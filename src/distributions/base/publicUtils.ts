/** Helpers of distributions that users may want. @see torch.distributions.utils */
import { checkFlag, checkInteger } from "../../core/arguments";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor, type Value } from "./arguments";
import * as utils from "./utils";

/**
 * Tensors of one shape, in which numbers are tensors of the dtype of the first tensor.
 * @see torch.distributions.utils.broadcast_all
 */
export const broadcastAll = named("broadcastAll", "...values", (...values: Value[]): Tensor[] =>
  utils.broadcastAll(...values),
);

/** Probabilities that are neither 0 nor 1. @see torch.distributions.utils.clamp_probs */
export const clampProbs = named(
  "clampProbs",
  "probs",
  (probs: Tensor): Tensor => utils.clampProbs(checkTensor("clampProbs", "probs", probs)),
);

/** The probabilities of logits: of a binary event, or of the classes along the last axis. @see torch.distributions.utils.logits_to_probs */
export const logitsToProbs = named(
  "logitsToProbs",
  "logits, isBinary?",
  (logits: Tensor, isBinary = false): Tensor =>
    utils.logitsToProbs(
      checkTensor("logitsToProbs", "logits", logits),
      checkFlag("logitsToProbs", "isBinary", isBinary),
    ),
);

/** The logits of probabilities: of a binary event, or of the classes along the last axis. @see torch.distributions.utils.probs_to_logits */
export const probsToLogits = named(
  "probsToLogits",
  "probs, isBinary?",
  (probs: Tensor, isBinary = false): Tensor =>
    utils.probsToLogits(checkTensor("probsToLogits", "probs", probs), checkFlag("probsToLogits", "isBinary", isBinary)),
);

/** The lower triangle of square matrices as vectors, row by row. @see torch.distributions.utils.tril_matrix_to_vec */
export const trilMatrixToVec = named(
  "trilMatrixToVec",
  "mat, diag?",
  (mat: Tensor, diag = 0): Tensor =>
    utils.trilMatrixToVec(checkTensor("trilMatrixToVec", "mat", mat), checkInteger("trilMatrixToVec", "diag", diag)),
);

/** Square matrices whose lower triangle is given as vectors, row by row. @see torch.distributions.utils.vec_to_tril_matrix */
export const vecToTrilMatrix = named(
  "vecToTrilMatrix",
  "vec, diag?",
  (vec: Tensor, diag = 0): Tensor =>
    utils.vecToTrilMatrix(checkTensor("vecToTrilMatrix", "vec", vec), checkInteger("vecToTrilMatrix", "diag", diag)),
);
