/** Connectionist temporal classification: Graves et al., ICML 2006. */

import { record } from "../../autograd/node";
import { checkFlag, checkIntegers } from "../../core/arguments";
import { isFloat } from "../../core/dtype";
import { DTypeError, describe, IndexError, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkSameDevice, checkTensor } from "../../ops/builders/checks";
import { checkFloating } from "../../ops/builders/precision";
import { checkReduction, type Reduction, reduceLoss } from "../../ops/losses/classLosses";
import { allocate, tensor, writeValues } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { type Batch, lossesUnseen } from "./ctcUnseen";

/** Options of {@link ctcLoss}. */
export interface CTCLossOptions {
  /** The class of the blank. Default: 0. */
  blank?: number;
  /** `"mean"` divides each loss by the length of its target first. Default: `"mean"`. */
  reduction?: Reduction;
  /** Count targets that are too long for their input as 0 instead of infinity. Default: false. */
  zeroInfinity?: boolean;
}

/** One sequence: its log-probabilities by time and class, and its target with blanks around every label. */
interface Sequence {
  readonly steps: number;
  readonly labels: readonly number[];
  readonly logProb: (t: number, label: number) => number;
}

function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** Whether a path may jump over the blank before position s: the labels on its sides differ. */
const jumps = (labels: readonly number[], s: number): boolean => s >= 2 && labels[s] !== labels[s - 2] && s % 2 === 1;

/** log of the probability of all paths that are at position s of the labels at time t, by [t][s]. */
function forwardVariables({ steps, labels, logProb }: Sequence): Float64Array[] {
  const alpha = Array.from({ length: steps }, () => new Float64Array(labels.length).fill(Number.NEGATIVE_INFINITY));
  for (let s = 0; s < Math.min(2, labels.length) && steps > 0; s++) alpha[0]![s] = logProb(0, labels[s]!);
  for (let t = 1; t < steps; t++) {
    const before = alpha[t - 1]!;
    for (let s = 0; s < labels.length; s++) {
      let sum = before[s]!;
      if (s >= 1) sum = logAdd(sum, before[s - 1]!);
      if (jumps(labels, s)) sum = logAdd(sum, before[s - 2]!);
      alpha[t]![s] = sum + logProb(t, labels[s]!);
    }
  }
  return alpha;
}

/** log of the probability that paths go on from position s at time t to the end, the class at time t included. */
function backwardVariables({ steps, labels, logProb }: Sequence): Float64Array[] {
  const beta = Array.from({ length: steps }, () => new Float64Array(labels.length).fill(Number.NEGATIVE_INFINITY));
  const end = labels.length - 1;
  for (let s = Math.max(0, end - 1); s <= end && steps > 0; s++) beta[steps - 1]![s] = logProb(steps - 1, labels[s]!);
  for (let t = steps - 2; t >= 0; t--) {
    const after = beta[t + 1]!;
    for (let s = end; s >= 0; s--) {
      let sum = after[s]!;
      if (s < end) sum = logAdd(sum, after[s + 1]!);
      if (s + 2 <= end && jumps(labels, s + 2)) sum = logAdd(sum, after[s + 2]!);
      beta[t]![s] = sum + logProb(t, labels[s]!);
    }
  }
  return beta;
}

/** −log of the probability of the target. */
function negativeLogLikelihood({ steps, labels }: Sequence, alpha: readonly Float64Array[]): number {
  const last = alpha[steps - 1];
  if (last === undefined) return labels.length === 1 ? 0 : Number.POSITIVE_INFINITY;
  const end = labels.length - 1;
  return -(end === 0 ? last[0]! : logAdd(last[end]!, last[end - 1]!));
}

function lengthsOf(name: string, lengths: Tensor | readonly number[] | number): number[] {
  const list = lengths instanceof Tensor ? (lengths.reshape(-1).tolist() as number[]).map(Number) : lengths;
  return checkIntegers("ctcLoss", name, typeof list === "number" ? [list] : list, 0);
}

/** The targets of all sequences, from rows of [N, S] or one after the other. */
function splitTargets(targets: Tensor, lengths: readonly number[], n: number): number[][] {
  checkTargetLengths(lengths, n);
  const flat = Array.from(targets.reshape(-1).tolist() as number[], Number);
  const stride = targets.ndim === 2 ? targets.shape[1]! : undefined;
  let start = 0;
  return lengths.map((length, i) => {
    const from = stride === undefined ? start : i * stride;
    start += length;
    if (from + length > flat.length || (stride !== undefined && length > stride))
      throw new ShapeError(
        `ctcLoss: Expected tensor to have size at least ${length} at dimension 1, but got size ${shapeText(targets.shape)}`,
      );
    return flat.slice(from, from + length);
  });
}

/** @throws ShapeError unless there are as many lengths as sequences, and none is longer than the input. */
function checkInputLengths(lengths: readonly number[], [steps, n]: readonly number[]): void {
  if (lengths.length !== n)
    throw new ShapeError(`ctcLoss: inputLengths must be of size the batch size, ${n}, got ${lengths.length}`);
  if (lengths.some((length) => !Number.isInteger(length) || length < 0 || length > steps!))
    throw new ShapeError(
      `ctcLoss: Expected inputLengths to have value at most ${steps}, but got ${shapeText(lengths)}`,
    );
}

/** @throws ShapeError unless there are as many lengths as sequences. */
function checkTargetLengths(lengths: readonly number[], n: number): void {
  if (lengths.length !== n)
    throw new ShapeError(`ctcLoss: targetLengths must be of size the batch size, ${n}, got ${lengths.length}`);
}

function sequencesOf(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: readonly number[],
  targetLengths: readonly number[],
  blank: number,
): Sequence[] {
  const [, n, c] = logProbs.shape as readonly [number, number, number];
  checkInputLengths(inputLengths, logProbs.shape);
  const values = logProbs.toTypedArray() as Float32Array | Float64Array;
  const labels = splitTargets(targets, targetLengths, n);
  const bad = labels.flatMap((target) => target.filter((label) => !(label >= 0 && label < c)));
  if (bad.length > 0)
    throw new IndexError(
      `ctcLoss: label ${bad[0]} is out of range: there are ${c} classes, so labels are 0 to ${c - 1}`,
    );
  return labels.map((target, i) => ({
    steps: inputLengths[i]!,
    labels: [blank, ...target.flatMap((label) => [label, blank])],
    logProb: (t, label) => values[(t * n + i) * c + label]!,
  }));
}

/**
 * The gradient of each loss with respect to its log-probabilities, which PyTorch takes to be normalized: exp(logProb) minus the share of
 * the paths that go through a class at a time.
 */
function lossGrad(logProbs: Tensor, sequences: readonly Sequence[], losses: ArrayLike<number>): Tensor {
  const [, n, c] = logProbs.shape;
  const grad = new Float64Array(logProbs.numel());
  sequences.forEach((sequence, i) => {
    const { steps, labels, logProb } = sequence;
    const [alpha, beta] = [forwardVariables(sequence), backwardVariables(sequence)];
    for (let t = 0; t < steps; t++) {
      const through = new Float64Array(c).fill(Number.NEGATIVE_INFINITY);
      labels.forEach((label, s) => {
        through[label] = logAdd(through[label]!, alpha[t]![s]! + beta[t]![s]!);
      });
      for (let label = 0; label < c; label++)
        grad[(t * n + i) * c + label] =
          Math.exp(logProb(t, label)) - Math.exp(through[label]! + losses[i]! - logProb(t, label));
    }
  });
  const result = allocate(logProbs.shape, logProbs.dtype, logProbs);
  writeValues(result, grad);
  return result;
}

/** The losses of single sequences. Not differentiable twice, as in PyTorch. */
function sequenceLosses(logProbs: Tensor, sequences: readonly Sequence[], zeroInfinity: boolean): Tensor {
  const values = sequences.map((sequence) => negativeLogLikelihood(sequence, forwardVariables(sequence)));
  const losses = tensor(Float64Array.from(values)).to({ dtype: logProbs.dtype, device: logProbs.device });
  const isLost = values.map((loss) => zeroInfinity && loss === Number.POSITIVE_INFINITY);
  const y = losses.maskedFill(tensor(isLost, { device: losses.device }), 0);
  return record(
    "CtcLossBackward0",
    y,
    [logProbs],
    [logProbs],
    [
      (g, [x]) => {
        const grad = lossGrad(x!, sequences, values).mul(g.reshape(1, -1, 1));
        return grad.maskedFill(tensor(isLost, { device: grad.device }).reshape(1, -1, 1), 0);
      },
    ],
  );
}

function unseen(x: Tensor, batch: Batch, zeroInfinity: boolean): Tensor {
  checkSameDevice("ctcLoss", x, batch.targets);
  checkInputLengths(batch.inputLengths, x.shape);
  checkTargetLengths(batch.targetLengths, x.shape[1]!);
  return lossesUnseen(x, batch, zeroInfinity);
}

/**
 * −log of the probability that a sequence of class probabilities spells a target, blanks and repetitions aside.
 *
 * @param logProbs Logarithms of class probabilities, [T, N, C] or [T, C].
 * @param targets Labels, [N, S] or one target after the other, [Σ lengths].
 * @see torch.nn.functional.ctc_loss
 */
export const ctcLoss = named(
  "ctcLoss",
  "logProbs, targets, inputLengths, targetLengths; blank, reduction, zeroInfinity",
  (
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: Tensor | readonly number[] | number,
    targetLengths: Tensor | readonly number[] | number,
    options: CTCLossOptions = {},
  ): Tensor => {
    checkTensor("ctcLoss", logProbs);
    checkTensor("ctcLoss", targets, "targets");
    const { blank = 0, reduction = "mean", zeroInfinity = false } = options;
    checkReduction("ctcLoss", reduction);
    checkFlag("ctcLoss", "zeroInfinity", zeroInfinity);
    if (logProbs.ndim !== 2 && logProbs.ndim !== 3)
      throw new ShapeError(`ctcLoss: logProbs must have 2 or 3 axes, got shape ${shapeText(logProbs.shape)}`);
    checkFloating("ctcLoss", logProbs);
    if (isFloat(targets.dtype) || targets.dtype === "bool")
      throw new DTypeError(`ctcLoss: targets must be integers, got ${targets.dtype}; use targets.long()`);
    const c = logProbs.shape.at(-1)!;
    if (!(Number.isInteger(blank) && blank >= 0 && blank < c))
      throw new ValueError(`ctcLoss: blank must be in label range: from 0 to ${c - 1}, got ${describe(blank)}`);
    const isBatched = logProbs.ndim === 3;
    const x = isBatched ? logProbs : logProbs.unsqueeze(1);
    const lengths = lengthsOf("targetLengths", targetLengths);
    const inputs = lengthsOf("inputLengths", inputLengths);
    const losses = x.storage.backend.readsAtOnce
      ? sequenceLosses(x, sequencesOf(x, targets, inputs, lengths, blank), zeroInfinity)
      : unseen(x, { targets, inputLengths: inputs, targetLengths: lengths, blank }, zeroInfinity);
    if (reduction === "mean") {
      const divisors = tensor(
        lengths.map((length) => Math.max(length, 1)),
        { dtype: losses.dtype, device: losses.device },
      );
      return losses.div(divisors).mean();
    }
    return reduceLoss(isBatched ? losses : losses.squeeze(0), reduction);
  },
);
