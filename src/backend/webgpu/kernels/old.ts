/** Ops that are not described yet. */
import type { Gpu } from "../gpu";
import { crossEntropy, crossEntropyGradient, nllLoss, nllLossGradient, targetWeights } from "./classLoss";
import { sgd } from "./optimizers";

export function runOld(gpu: Gpu, kernel: string, a: any[]): boolean {
  const loss = (i: number) => ({ target: a[i], weight: a[i + 1], c: a[i + 2], inner: a[i + 3], ignoreIndex: a[i + 4] });
  if (kernel === "crossEntropy") crossEntropy(gpu, { losses: a[0], logProbs: a[1], x: a[2], ...loss(3) });
  else if (kernel === "crossEntropyBackward") crossEntropyGradient(gpu, { gx: a[0], gy: a[1], logProbs: a[2], ...loss(3) });
  else if (kernel === "nllLoss") nllLoss(gpu, { losses: a[0], x: a[1], ...loss(2) });
  else if (kernel === "nllLossBackward") nllLossGradient(gpu, { gx: a[0], gy: a[1], ...loss(2) });
  else if (kernel === "nllWeights") targetWeights(gpu, { weights: a[0], target: a[1], weight: a[2], ignoreIndex: a[3] });
  else if (kernel === "sgd")
    sgd(gpu, { parameter: a[0], gradient: a[1], momentumBuffer: a[2], lr: a[3], momentum: a[4], dampening: a[5], weightDecay: a[6], nesterov: a[7] !== 0, maximize: a[8] !== 0, isFirst: a[9] !== 0 });
  else return false;
  return true;
}
