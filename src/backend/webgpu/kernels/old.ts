/** Ops that are not described yet. */
import type { Gpu } from "../gpu";
import { crossEntropy, crossEntropyGradient, nllLoss, nllLossGradient, targetWeights } from "./classLoss";
import { sgd } from "./optimizers";

export function runOld(gpu: Gpu, kernel: string, a: any[]): boolean {
  const loss = (i: number) => ({ target: a[i], weight: a[i + 1], classes: a[i + 2], inner: a[i + 3], ignoreIndex: a[i + 4] });
  if (kernel === "crossEntropy") crossEntropy(gpu, a[0], a[1], a[2], loss(3));
  else if (kernel === "crossEntropyBackward") crossEntropyGradient(gpu, a[0], a[1], a[2], loss(3));
  else if (kernel === "nllLoss") nllLoss(gpu, a[0], a[1], loss(2));
  else if (kernel === "nllLossBackward") nllLossGradient(gpu, a[0], a[1], loss(2));
  else if (kernel === "nllWeights") targetWeights(gpu, a[0], { target: a[1], weight: a[2], classes: a[0].shape[0], inner: 1, ignoreIndex: a[3] });
  else if (kernel === "sgd")
    sgd(gpu, { param: a[0], grad: a[1], buffer: a[2], lr: a[3], momentum: a[4], dampening: a[5], weightDecay: a[6], nesterov: a[7] !== 0, maximize: a[8] !== 0, first: a[9] !== 0 });
  else return false;
  return true;
}
