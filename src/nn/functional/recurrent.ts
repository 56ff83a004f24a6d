/** Steps of recurrent networks, and sequences of them. */

import { sameShape } from "../../core/shape";
import { dropout } from "../../ops/layers/dropout";
import * as recurrent from "../../ops/layers/recurrent";
import { linear } from "../../ops/linalg/matmul";
import { cat, stack } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";

/** What a recurrent network carries from step to step: [h], or [h, c] of an LSTM. Shape of each: [N, H]. */
export type State = readonly Tensor[];

/** The weights of one layer in one direction. `weightHr` projects the state of an LSTM. */
export interface RecurrentWeights {
  readonly weightIh: Tensor;
  readonly weightHh: Tensor;
  readonly biasIh: Tensor | null;
  readonly biasHh: Tensor | null;
  readonly weightHr?: Tensor | null;
}

/**
 * The next state from the part of the gates that comes from the input (x · weightIhᵀ + biasIh, computed for all steps at once)
 * and the state.
 */
export type Step = (fromInput: Tensor, state: State, weights: RecurrentWeights) => State;

const fromState = (h: Tensor, { weightHh, biasHh }: RecurrentWeights): Tensor => linear(h, weightHh, biasHh);

/** h′ = tanh(gates). @see torch.nn.RNNCell */
export const tanhStep: Step = (fromInput, [h], weights) => [fromInput.add(fromState(h!, weights)).tanh()];

/** h′ = relu(gates). @see torch.nn.RNNCell */
export const reluStep: Step = (fromInput, [h], weights) => [fromInput.add(fromState(h!, weights)).relu()];

/** Input, forget, cell and output gates. @see torch.nn.LSTMCell; Hochreiter and Schmidhuber, 1997 */
export const lstmStep: Step = (fromInput, [h, c], weights) => {
  const [hidden, cell] = recurrent.lstmStep(fromInput.add(fromState(h!, weights)), c!);
  return [weights.weightHr ? linear(hidden, weights.weightHr) : hidden, cell];
};

/** Reset, update and new gates. @see torch.nn.GRUCell; Cho et al., 2014 */
export const gruStep: Step = (fromInput, [h], weights) => [recurrent.gruStep(fromInput, fromState(h!, weights), h!)];

/** The first `n` sequences of a state. */
const first = (state: State, n: number): State => state.map((s) => s.narrow(0, 0, n));

const batchOf = (state: State): number => state[0]!.shape[0]!;

/** Whether the kernels can take the operands: all in float32, states and weights of one size. What cannot is left to the steps, which say what does not fit. */
function isFusable(input: Tensor, initial: State, weights: RecurrentWeights): boolean {
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const [width, size] = weightHh.shape;
  const gates = [width];
  return (
    [input, weightIh, weightHh, biasIh, biasHh, ...initial].every((x) => x === null || x.dtype === "float32") &&
    initial.every((x) => sameShape(x.shape, [input.shape[1]!, size])) &&
    weightHh.ndim === 2 &&
    weightIh.shape[0] === width &&
    width === size * (initial.length === 2 ? 4 : 3) &&
    [biasIh, biasHh].every((b) => b === null || sameShape(b.shape, gates))
  );
}

/** A sequence of steps of one layer as one operation, where there is one, in float32; the last state is part of the result. */
function runFused(
  input: Tensor,
  initial: State,
  weights: RecurrentWeights,
  step: Step,
  reverse: boolean,
): { output: Tensor; last: State } | undefined {
  const { weightIh, weightHh, biasIh, biasHh, weightHr } = weights;
  const end = reverse ? 0 : input.shape[0]! - 1;
  if (input.shape[0] === 0 || weightHr || !isFusable(input, initial, weights)) return undefined;
  if (step === lstmStep) {
    const bias = biasIh && biasHh ? biasIh.add(biasHh) : null;
    const [hidden, cells] = recurrent.lstmSequence(
      linear(input, weightIh, bias),
      initial[0]!,
      initial[1]!,
      weightHh,
      reverse,
    );
    return { output: hidden, last: [hidden.select(0, end), cells.select(0, end)] };
  }
  if (step !== gruStep) return undefined;
  const bias = biasHh ?? weightHh.newZeros([weightHh.shape[0]!]);
  const hidden = recurrent.gruSequence(linear(input, weightIh, biasIh), initial[0]!, weightHh, bias, reverse);
  return { output: hidden, last: [hidden.select(0, end)] };
}

/**
 * Runs one layer in one direction over a sequence. Sequences are sorted by falling length, so that step t concerns the first
 * batchSizes[t] of them: going forward, states of sequences that have ended are put aside; going back, sequences join with their
 * initial state.
 *
 * @param input [T, N, I]; with `batchSizes` the steps one after the other, [ΣbatchSizes, I]
 * @returns The outputs in the form of the input, and the last state of every sequence.
 */
export function runLayer(
  input: Tensor,
  initial: State,
  weights: RecurrentWeights,
  step: Step,
  reverse: boolean,
  batchSizes?: readonly number[],
): { output: Tensor; last: State } {
  const fused = batchSizes === undefined ? runFused(input, initial, weights, step, reverse) : undefined;
  if (fused !== undefined) return fused;
  const gates = linear(input, weights.weightIh, weights.biasIh);
  const steps = batchSizes === undefined ? gates.unbind(0) : gates.split(batchSizes, 0);
  const outputs = new Array<Tensor>(steps.length);
  const ended: State[] = [];
  let state = reverse && batchSizes !== undefined ? first(initial, batchSizes.at(-1)!) : initial;
  for (let k = 0; k < steps.length; k++) {
    const t = reverse ? steps.length - 1 - k : k;
    const [n, before] = [steps[t]!.shape[0]!, batchOf(state)];
    if (n < before) {
      ended.unshift(state.map((s) => s.narrow(0, n, before - n)));
      state = first(state, n);
    } else if (n > before) state = state.map((s, i) => cat([s, initial[i]!.narrow(0, before, n - before)]));
    state = step(steps[t]!, state, weights);
    outputs[t] = state[0]!;
  }
  const last = ended.length === 0 ? state : state.map((s, i) => cat([s, ...ended.map((part) => part[i]!)]));
  return { output: batchSizes === undefined ? stack(outputs) : cat(outputs), last };
}

/** How layers are put together. */
export interface Layering {
  readonly bidirectional: boolean;
  /** The probability of dropout between layers, in training. */
  readonly dropout: number;
  readonly training: boolean;
}

/**
 * Runs layers on top of each other, each in one direction or in both, whose outputs are joined.
 * @param states [layers · directions, N, size] each.
 * @param weights Those of each layer and direction, directions of a layer next to each other.
 */
export function runLayers(
  input: Tensor,
  states: State,
  weights: readonly RecurrentWeights[],
  step: Step,
  { bidirectional, dropout: p, training }: Layering,
  batchSizes?: readonly number[],
): { output: Tensor; last: State } {
  const directions = bidirectional ? [0, 1] : [0];
  const lasts: State[] = [];
  let x = input;
  for (let k = 0; k < weights.length; k += directions.length) {
    if (k > 0 && p > 0) x = dropout(x, { p, training });
    const outputs = directions.map((d) => {
      const initial = states.map((s) => s.select(0, k + d));
      const { output, last } = runLayer(x, initial, weights[k + d]!, step, d === 1, batchSizes);
      lasts.push(last);
      return output;
    });
    x = outputs.length === 1 ? outputs[0]! : cat(outputs, -1);
  }
  return { output: x, last: states.map((_, i) => stack(lasts.map((state) => state[i]!))) };
}
