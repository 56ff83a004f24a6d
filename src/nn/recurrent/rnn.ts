/** Recurrent networks over sequences. */

import type { Device } from "../../backend/backend";
import { checkInteger, MAX_COUNT } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import { sameShape } from "../../core/shape";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import {
  gruStep,
  lstmStep,
  type RecurrentWeights,
  reluStep,
  runLayers,
  type State,
  type Step,
  tanhStep,
} from "../functional/recurrent";
import { uniform_ } from "../init";
import { type FactoryOptions, newParameter } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { type Given, MAX_LAYERS, readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { float } from "../module/repr";
import { stateKeyOf } from "../module/state";
import { PackedSequence } from "../utils/rnn";
import { checkState } from "./recurrentState";

/** Options of the recurrent networks. */
export interface RecurrentOptions extends FactoryOptions {
  /** Networks on top of each other: each gets the outputs of the one below. Default: 1. */
  numLayers?: number;
  /** Whether biases are learned. Default: true. */
  bias?: boolean;
  /** Whether batched inputs are [N, L, …] instead of [L, N, …]. Default: false. */
  batchFirst?: boolean;
  /** The probability of dropout between layers. Default: 0. */
  dropout?: number;
  /** Run over the sequence in both directions and join the outputs. Default: false. */
  bidirectional?: boolean;
}

/** Options of {@link RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** Default: `"tanh"`. */
  nonlinearity?: "tanh" | "relu";
}

/** Options of {@link LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /** The size to which the hidden state is projected; 0 for none. Default: 0. */
  projSize?: number;
}

/** The sizes that every recurrent network and cell must be told. */
export interface RecurrentSizes {
  /** Features of the input. */
  inputSize: number;
  /** Features of the hidden state. */
  hiddenSize: number;
}

const defaults: Required<Omit<RecurrentOptions, keyof FactoryOptions>> = {
  numLayers: 1,
  bias: true,
  batchFirst: false,
  dropout: 0,
  bidirectional: false,
};

const rnnSignature =
  "inputSize, hiddenSize; numLayers, bias, batchFirst, dropout, bidirectional; nonlinearity, device, dtype";
const gruSignature = "inputSize, hiddenSize; numLayers, bias, batchFirst, dropout, bidirectional, device, dtype";
const lstmSignature =
  "inputSize, hiddenSize; numLayers, bias, batchFirst, dropout, bidirectional, projSize, device, dtype";

/** Layers and directions of one kind of recurrent step; `gates` is the number of gates. */
export abstract class RNNBase extends Module {
  /** `weightIhL0`, `weightHhL0`, and with `Reverse` at the end for the direction back; of layer k with k in place of 0. */
  [weight: `weight${"Ih" | "Hh" | "Hr"}L${string}`]: Parameter;
  /** `biasIhL0`, `biasHhL0`, … */
  [bias: `bias${"Ih" | "Hh"}L${string}`]: Parameter;

  inputSize: number;
  hiddenSize: number;
  numLayers: number;
  bias: boolean;
  batchFirst: boolean;
  dropout: number;
  bidirectional: boolean;
  projSize: number;

  constructor(gates: number, options: Given<LSTMOptions & RecurrentSizes>) {
    super();
    if (!isPlainObject(options))
      throw new ArgumentError(`${classNameOf(this)}: is the base of networks; use RNN, GRU or LSTM`);
    this.inputSize = checkInteger(classNameOf(this), "inputSize", options.inputSize, 0, MAX_COUNT);
    this.hiddenSize = options.hiddenSize;
    this.numLayers = options.numLayers;
    this.bias = options.bias;
    this.batchFirst = options.batchFirst;
    this.dropout = options.dropout;
    this.bidirectional = options.bidirectional;
    this.projSize = options.projSize;
    this.check();
    for (let layer = 0; layer < this.numLayers; layer++)
      for (const suffix of this.suffixes()) this.makeWeights(layer, suffix, gates, options);
    this.resetParameters();
  }

  private check(): void {
    const { projSize, hiddenSize, numLayers } = this;
    const layer = classNameOf(this);
    checkInteger(layer, "hiddenSize", hiddenSize, 1, MAX_COUNT);
    checkInteger(layer, "numLayers", numLayers, 1, MAX_LAYERS);
    checkInteger(layer, "projSize", projSize, 0, MAX_COUNT);
    if (projSize >= hiddenSize)
      throw new ValueError(`${layer}: projSize has to be smaller than hiddenSize, got ${projSize} and ${hiddenSize}`);
  }

  private suffixes(): string[] {
    return this.bidirectional ? ["", "Reverse"] : [""];
  }

  /** The size of a step's output in one direction. */
  private get outputSize(): number {
    return this.projSize > 0 ? this.projSize : this.hiddenSize;
  }

  private makeWeights(layer: number, suffix: string, gates: number, where: FactoryOptions): void {
    const { hiddenSize, outputSize } = this;
    const input = layer === 0 ? this.inputSize : outputSize * this.suffixes().length;
    const make = (name: string, ...shape: number[]) =>
      this.registerParameter(`${name}L${layer}${suffix}`, newParameter(shape, where));
    make("weightIh", gates * hiddenSize, input);
    make("weightHh", gates * hiddenSize, outputSize);
    if (this.bias) make("biasIh", gates * hiddenSize);
    if (this.bias) make("biasHh", gates * hiddenSize);
    if (this.projSize > 0) make("weightHr", this.projSize, hiddenSize);
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** Draws new initial values. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  private weights(layer: number, suffix: string): RecurrentWeights {
    const name = `L${layer}${suffix}` as const;
    return {
      weightIh: this[`weightIh${name}`]!,
      weightHh: this[`weightHh${name}`]!,
      biasIh: this.bias ? this[`biasIh${name}`]! : null,
      biasHh: this.bias ? this[`biasHh${name}`]! : null,
      weightHr: this.projSize > 0 ? this[`weightHr${name}`]! : null,
    };
  }

  /** The step of this kind of network. */
  protected abstract get step(): Step;
  /** The sizes of the tensors of a state. */
  protected abstract get stateSizes(): readonly number[];

  /** Runs all layers; states are [numLayers · directions, N, size] each. */
  private runLayers(input: Tensor, states: State, batchSizes?: readonly number[]): { output: Tensor; last: State } {
    const weights = Array.from({ length: this.numLayers }, (_, layer) =>
      this.suffixes().map((suffix) => this.weights(layer, suffix)),
    );
    return runLayers(input, states, weights.flat(), this.step, this, batchSizes);
  }

  private checkInput(x: Tensor): void {
    if (x.shape.at(-1) !== this.inputSize)
      throw new ShapeError(
        `${classNameOf(this)}: input.size(-1) must be equal to inputSize. Expected ${this.inputSize}, got ${x.shape.at(-1)}`,
      );
  }

  /** Zeros, or the given state once it is found to fit; batched. */
  private initialState(given: State | undefined, x: Tensor, n: number, isBatched: boolean): State {
    const count = this.numLayers * this.suffixes().length;
    if (given !== undefined) checkState(classNameOf(this), given, this.stateSizes.length);
    return this.stateSizes.map((size, i) => {
      const shape = [count, n, size];
      const state = given?.[i];
      if (state === undefined) return zeros(shape, { dtype: x.dtype, device: x.device });
      const expected = isBatched ? shape : [count, size];
      if (!sameShape(state.shape, expected))
        throw new ShapeError(
          `${classNameOf(this)}: Expected hidden[${i}] size (${expected.join(", ")}), got [${state.shape.join(", ")}]`,
        );
      return isBatched ? state : state.unsqueeze(1);
    });
  }

  /** Runs a padded batch or a single sequence. */
  protected runPadded(input: Tensor, given: State | undefined): { output: Tensor; last: State } {
    if (checkTensor(classNameOf(this), input).ndim !== 2 && input.ndim !== 3)
      throw new ShapeError(`${classNameOf(this)}: input must have 2 or 3 dimensions, got ${input.ndim}`);
    this.checkInput(input);
    const isBatched = input.ndim === 3;
    const x = !isBatched ? input.unsqueeze(1) : this.batchFirst ? input.transpose(0, 1) : input;
    const { output, last } = this.runLayers(x, this.initialState(given, x, x.shape[1]!, isBatched));
    if (!isBatched) return { output: output.squeeze(1), last: last.map((s) => s.squeeze(1)) };
    return { output: this.batchFirst ? output.transpose(0, 1) : output, last };
  }

  /** Runs a packed batch: sequences are sorted by falling length. */
  protected runPacked(input: PackedSequence, given: State | undefined): { output: PackedSequence; last: State } {
    const { data, batchSizes, sortedIndices, unsortedIndices } = input;
    this.checkInput(data);
    const reorder = (states: State, index: Tensor | null) =>
      index === null ? states : states.map((s) => s.indexSelect(1, index));
    const initial = this.initialState(given, data, batchSizes[0]!, true);
    const { output, last } = this.runLayers(
      data,
      given === undefined ? initial : reorder(initial, sortedIndices),
      batchSizes,
    );
    return {
      output: new PackedSequence(output, batchSizes, sortedIndices, unsortedIndices),
      last: reorder(last, unsortedIndices),
    };
  }

  override extraRepr(): string {
    let out = `${this.inputSize}, ${this.hiddenSize}`;
    if (this.projSize > 0) out += `, proj_size=${this.projSize}`;
    if (this.numLayers !== 1) out += `, num_layers=${this.numLayers}`;
    if (!this.bias) out += ", bias=False";
    if (this.batchFirst) out += ", batch_first=True";
    if (this.dropout !== 0) out += `, dropout=${float(this.dropout)}`;
    return this.bidirectional ? `${out}, bidirectional=True` : out;
  }
}

/** The result of a network whose state is one tensor. */
function single<T>({ output, last }: { output: T; last: State }): [output: T, hidden: Tensor] {
  return [output, last[0]!];
}

// Calls take and give either kind of batch.
export interface RNN {
  (input: Tensor, hx?: Tensor | null): [output: Tensor, hidden: Tensor];
  (input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hidden: Tensor];
}

/**
 * h′ = tanh(x · weightIhᵀ + biasIh + h · weightHhᵀ + biasHh).
 *
 * Shape: input [L, N, inputSize] (or [N, L, inputSize], or [L, inputSize]); state [layers · directions, N, hiddenSize], default: zeros.
 * Gives the outputs of the last layer, [L, N, directions · hiddenSize], and the last state of every layer.
 * @see torch.nn.RNN
 * @example const [output, hidden] = new nn.RNN(10, 20, { numLayers: 2 })(input);
 */
export class RNN extends RNNBase {
  nonlinearity: "tanh" | "relu";

  constructor(
    inputSize: number,
    hiddenSize: number,
    numLayers?: number,
    bias?: boolean,
    batchFirst?: boolean,
    dropout?: number,
    bidirectional?: boolean,
  );
  constructor(...given: Arguments<typeof rnnSignature, RNNOptions & RecurrentSizes>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const { nonlinearity, ...options } = readArguments<RNNOptions & RecurrentSizes>(
      layer,
      rnnSignature,
      { ...defaults, nonlinearity: "tanh" },
      given,
    );
    if (nonlinearity !== "tanh" && nonlinearity !== "relu")
      throw new ValueError(`${layer}: Unknown nonlinearity ${describe(nonlinearity)}. Select from 'tanh' or 'relu'.`);
    super(1, { ...options, projSize: 0 });
    this.nonlinearity = nonlinearity;
  }

  protected override get step(): Step {
    return this.nonlinearity === "tanh" ? tanhStep : reluStep;
  }

  protected override get stateSizes(): readonly number[] {
    return [this.hiddenSize];
  }

  override forward(input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hidden: Tensor];
  override forward(input: Tensor, hx?: Tensor | null): [output: Tensor, hidden: Tensor];
  override forward(input: any, hx?: Tensor | null): [output: any, hidden: Tensor] {
    const state = hx ? [hx] : undefined;
    return input instanceof PackedSequence
      ? single(this.runPacked(input, state))
      : single(this.runPadded(input, state));
  }
}

// Calls take and give either kind of batch.
export interface GRU {
  (input: Tensor, hx?: Tensor | null): [output: Tensor, hidden: Tensor];
  (input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hidden: Tensor];
}

/**
 * A network of gated recurrent units. Shapes as in {@link RNN}.
 * @see torch.nn.GRU; Cho et al., 2014
 */
export class GRU extends RNNBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    numLayers?: number,
    bias?: boolean,
    batchFirst?: boolean,
    dropout?: number,
    bidirectional?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof gruSignature, RecurrentOptions & RecurrentSizes>);
  constructor(...given: unknown[]) {
    super(3, {
      ...readArguments<RecurrentOptions & RecurrentSizes>(nameOf(new.target), gruSignature, defaults, given),
      projSize: 0,
    });
  }

  protected override get step(): Step {
    return gruStep;
  }

  protected override get stateSizes(): readonly number[] {
    return [this.hiddenSize];
  }

  override forward(input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hidden: Tensor];
  override forward(input: Tensor, hx?: Tensor | null): [output: Tensor, hidden: Tensor];
  override forward(input: any, hx?: Tensor | null): [output: any, hidden: Tensor] {
    const state = hx ? [hx] : undefined;
    return input instanceof PackedSequence
      ? single(this.runPacked(input, state))
      : single(this.runPadded(input, state));
  }
}

/** The state of an LSTM: hidden and cell. */
export type LSTMState = readonly [hidden: Tensor, cell: Tensor];

// Calls take and give either kind of batch.
export interface LSTM {
  (input: Tensor, hx?: LSTMState | null): [output: Tensor, state: LSTMState];
  (input: PackedSequence, hx?: LSTMState | null): [output: PackedSequence, state: LSTMState];
}

/**
 * A network of long short-term memory cells. Shapes as in {@link RNN}; the state is a pair [hidden, cell], the hidden one of size
 * `projSize` if that is not 0.
 * @see torch.nn.LSTM; Hochreiter and Schmidhuber, 1997
 * @example const [output, [hidden, cell]] = new nn.LSTM(10, 20, { batchFirst: true })(input);
 */
export class LSTM extends RNNBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    numLayers?: number,
    bias?: boolean,
    batchFirst?: boolean,
    dropout?: number,
    bidirectional?: boolean,
    projSize?: number,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof lstmSignature, LSTMOptions & RecurrentSizes>);
  constructor(...given: unknown[]) {
    super(
      4,
      readArguments<LSTMOptions & RecurrentSizes>(
        nameOf(new.target),
        lstmSignature,
        { ...defaults, projSize: 0 },
        given,
      ),
    );
  }

  protected override get step(): Step {
    return lstmStep;
  }

  protected override get stateSizes(): readonly number[] {
    return [this.projSize > 0 ? this.projSize : this.hiddenSize, this.hiddenSize];
  }

  override forward(input: PackedSequence, hx?: LSTMState | null): [output: PackedSequence, state: LSTMState];
  override forward(input: Tensor, hx?: LSTMState | null): [output: Tensor, state: LSTMState];
  override forward(input: any, hx?: LSTMState | null): [output: any, state: LSTMState] {
    const state = hx ?? undefined;
    const { output, last } =
      input instanceof PackedSequence ? this.runPacked(input, state) : this.runPadded(input, state);
    return [output, last as unknown as LSTMState];
  }
}

takes("input, hx?", RNN, GRU, LSTM);
