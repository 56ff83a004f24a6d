/** Helpers of distributions that users may want. @see torch.distributions.utils */
export { broadcastAll, clampProbs, logitsToProbs, probsToLogits, trilMatrixToVec, vecToTrilMatrix } from "./utils";
