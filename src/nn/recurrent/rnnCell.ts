/** Single steps of recurrent networks as layers. */

import type { Device } from "../../backend/backend";
import { checkChoice, checkInteger, MAX_COUNT } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { ArgumentError, ShapeError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { gruStep, lstmStep, reluStep, type State, type Step, tanhStep } from "../functional/recurrent";
import { uniform_ } from "../init";
import { type FactoryOptions, newParameter } from "../module/factory";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { type Given, readArguments } from "../module/options";
import type { Parameter } from "../module/parameter";
import { text } from "../module/repr";
import { stateKeyOf } from "../module/state";
import { checkState } from "./recurrentState";
import type { LSTMState, RecurrentSizes } from "./rnn";

/** Options of the recurrent cells. */
export interface CellOptions extends FactoryOptions {
  /** Whether biases are learned. Default: true. */
  bias?: boolean;
}

/** One step of a recurrent network. */
export abstract class RNNCellBase extends Module {
  inputSize: number;
  hiddenSize: number;
  bias: boolean;
  /** Shape: [gates · hiddenSize, inputSize]. */
  weightIh: Parameter;
  /** Shape: [gates · hiddenSize, hiddenSize]. */
  weightHh: Parameter;
  biasIh: Parameter | null;
  biasHh: Parameter | null;

  constructor(gates: number, options: Given<CellOptions & RecurrentSizes>) {
    super();
    if (!isPlainObject(options))
      throw new ArgumentError(`${classNameOf(this)}: is the base of cells; use RNNCell, GRUCell or LSTMCell`);
    checkInteger(classNameOf(this), "gates", gates, 1, 4);
    const { inputSize, hiddenSize, bias, ...where } = options;
    this.inputSize = checkInteger(classNameOf(this), "inputSize", inputSize, 0, MAX_COUNT);
    this.hiddenSize = checkInteger(classNameOf(this), "hiddenSize", hiddenSize, 0, MAX_COUNT);
    this.bias = bias;
    this.weightIh = newParameter([gates * this.hiddenSize, this.inputSize], where);
    this.weightHh = newParameter([gates * this.hiddenSize, this.hiddenSize], where);
    this.biasIh = bias ? newParameter([gates * this.hiddenSize], where) : null;
    this.biasHh = bias ? newParameter([gates * this.hiddenSize], where) : null;
    this.resetParameters();
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** Draws new initial values. */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  /** Makes one step on a batch or a single item; a state of `count` tensors that is not given is zero. */
  protected run(step: Step, input: Tensor, given: State | undefined, count: number): State {
    const op = classNameOf(this);
    checkTensor(op, input);
    if (given !== undefined) checkState(op, given, count);
    if (input.ndim !== 1 && input.ndim !== 2)
      throw new ShapeError(`${op}: Expected input to be 1-D or 2-D but received ${input.ndim}-D tensor`);
    if (input.shape.at(-1) !== this.inputSize)
      throw new ShapeError(
        `${op}: input has inconsistent inputSize: got ${input.shape.at(-1)} expected ${this.inputSize}`,
      );
    const batched = (x: Tensor) => (input.ndim === 1 ? x.unsqueeze(0) : x);
    const x = batched(input);
    const blank = () => zeros([x.shape[0]!, this.hiddenSize], { dtype: x.dtype, device: x.device });
    const state = given?.map(batched) ?? Array.from({ length: count }, blank);
    const next = step(F.linear(x, this.weightIh, this.biasIh), state, this);
    return input.ndim === 1 ? next.map((s) => s.squeeze(0)) : next;
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias ? "" : `, bias=${text(this.bias)}`}`;
  }
}

const cellSignature = "inputSize, hiddenSize; bias, device, dtype";
const rnnSignature = "inputSize, hiddenSize; bias, nonlinearity, device, dtype";

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** Default: `"tanh"`. */
  nonlinearity?: "tanh" | "relu";
}

/** One step of an {@link RNN}. Shape: [N, inputSize] and [N, hiddenSize] → [N, hiddenSize], or without N. @see torch.nn.RNNCell */
export class RNNCell extends RNNCellBase {
  nonlinearity: "tanh" | "relu";

  constructor(
    inputSize: number,
    hiddenSize: number,
    bias?: boolean,
    nonlinearity?: "tanh" | "relu",
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof rnnSignature, RNNCellOptions & RecurrentSizes>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const { nonlinearity, ...rest } = readArguments<RNNCellOptions & RecurrentSizes>(
      layer,
      rnnSignature,
      { bias: true, nonlinearity: "tanh" },
      given,
    );
    checkChoice(layer, "nonlinearity", nonlinearity, ["tanh", "relu"]);
    super(1, rest);
    this.nonlinearity = nonlinearity;
  }

  override forward(input: Tensor, hx?: Tensor | null): Tensor {
    return this.run(this.nonlinearity === "tanh" ? tanhStep : reluStep, input, hx == null ? undefined : [hx], 1)[0]!;
  }

  override extraRepr(): string {
    return this.nonlinearity === "tanh" ? super.extraRepr() : `${super.extraRepr()}, nonlinearity=${this.nonlinearity}`;
  }
}

/** One step of a {@link GRU}. Shape: [N, inputSize] and [N, hiddenSize] → [N, hiddenSize], or without N. @see torch.nn.GRUCell */
export class GRUCell extends RNNCellBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    bias?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof cellSignature, CellOptions & RecurrentSizes>);
  constructor(...given: unknown[]) {
    super(3, readArguments<CellOptions & RecurrentSizes>(nameOf(new.target), cellSignature, { bias: true }, given));
  }

  override forward(input: Tensor, hx?: Tensor | null): Tensor {
    return this.run(gruStep, input, hx == null ? undefined : [hx], 1)[0]!;
  }
}

/** One step of an {@link LSTM}. Shape: [N, inputSize] and a pair of [N, hiddenSize] → such a pair, or without N. @see torch.nn.LSTMCell */
export class LSTMCell extends RNNCellBase {
  constructor(
    inputSize: number,
    hiddenSize: number,
    bias?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof cellSignature, CellOptions & RecurrentSizes>);
  constructor(...given: unknown[]) {
    super(4, readArguments<CellOptions & RecurrentSizes>(nameOf(new.target), cellSignature, { bias: true }, given));
  }

  override forward(input: Tensor, hx?: LSTMState | null): LSTMState {
    return this.run(lstmStep, input, hx ?? undefined, 2) as unknown as LSTMState;
  }
}

takes("input, hx?", RNNCell, GRUCell, LSTMCell);
