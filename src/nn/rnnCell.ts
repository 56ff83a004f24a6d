/** Single steps of recurrent networks as layers. */
import { checkArray, checkChoice, checkInteger, MAX_COUNT } from "../core/arguments";
import { ShapeError } from "../core/errors";
import { checkTensor } from "../ops/checks";
import { zeros } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type Complete, type FactoryOptions, factory, newParameter } from "./factory";
import * as F from "./functional";
import { gruStep, lstmStep, reluStep, type State, type Step, tanhStep } from "./functional/recurrent";
import { uniform_ } from "./init";
import { Module } from "./module";
import { readOptions } from "./options";
import type { Parameter } from "./parameter";
import { text } from "./repr";
import type { LSTMState } from "./rnn";
import { snakeCase } from "./state";

/** Options of the recurrent cells. */
export interface CellOptions extends FactoryOptions {
  /** Whether biases are learnt. Default: true. */
  bias?: boolean;
}

/** One step of a recurrent network. */
abstract class RecurrentCell extends Module {
  inputSize: number;
  hiddenSize: number;
  bias: boolean;
  /** Shape: [gates · hiddenSize, inputSize]. */
  weightIh: Parameter;
  /** Shape: [gates · hiddenSize, hiddenSize]. */
  weightHh: Parameter;
  biasIh: Parameter | null;
  biasHh: Parameter | null;

  constructor(gates: number, inputSize: number, hiddenSize: number, { bias, ...where }: Complete<CellOptions>) {
    super();
    this.inputSize = checkInteger(this.constructor.name, "inputSize", inputSize, 0, MAX_COUNT);
    this.hiddenSize = checkInteger(this.constructor.name, "hiddenSize", hiddenSize, 0, MAX_COUNT);
    this.bias = bias;
    this.weightIh = newParameter([gates * this.hiddenSize, this.inputSize], where);
    this.weightHh = newParameter([gates * this.hiddenSize, this.hiddenSize], where);
    this.biasIh = bias ? newParameter([gates * this.hiddenSize], where) : null;
    this.biasHh = bias ? newParameter([gates * this.hiddenSize], where) : null;
    this.resetParameters();
  }

  override stateKey(field: string): string {
    return snakeCase(field);
  }

  /** Draws new initial values. */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  /** Makes one step on a batch or a single item; a state of `count` tensors that is not given is zero. */
  protected run(step: Step, input: Tensor, given: State | undefined, count: number): State {
    const op = this.constructor.name;
    checkTensor(op, input);
    if (given !== undefined && checkArray(op, "hx", given, "tensors").length !== count)
      throw new ShapeError(`${op}: hx must have ${count} tensors, got ${given.length}`);
    given?.forEach((part, i) => void checkTensor(op, part, `hx[${i}]`));
    if (input.ndim !== 1 && input.ndim !== 2)
      throw new ShapeError(`${op}: Expected input to be 1-D or 2-D but received ${input.ndim}-D tensor`);
    if (input.shape.at(-1) !== this.inputSize)
      throw new ShapeError(
        `${op}: input has inconsistent input_size: got ${input.shape.at(-1)} expected ${this.inputSize}`,
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

const cellDefaults: Complete<CellOptions> = { bias: true, ...factory };

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** Default: `"tanh"`. */
  nonlinearity?: "tanh" | "relu";
}

/** One step of an {@link RNN}. Shape: [N, inputSize] and [N, hiddenSize] → [N, hiddenSize], or without N. @see torch.nn.RNNCell */
export class RNNCell extends RecurrentCell {
  nonlinearity: "tanh" | "relu";

  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    const initial: Complete<RNNCellOptions> = { ...cellDefaults, nonlinearity: "tanh" };
    const { nonlinearity, ...rest } = readOptions("RNNCell", initial, [options]);
    checkChoice("RNNCell", "nonlinearity", nonlinearity, ["tanh", "relu"]);
    super(1, inputSize, hiddenSize, rest);
    this.nonlinearity = nonlinearity;
  }

  override forward(input: Tensor, hx?: Tensor | null): Tensor {
    return this.run(this.nonlinearity === "tanh" ? tanhStep : reluStep, input, hx ? [hx] : undefined, 1)[0]!;
  }

  override extraRepr(): string {
    return this.nonlinearity === "tanh" ? super.extraRepr() : `${super.extraRepr()}, nonlinearity=${this.nonlinearity}`;
  }
}

/** One step of a {@link GRU}. Shape: [N, inputSize] and [N, hiddenSize] → [N, hiddenSize], or without N. @see torch.nn.GRUCell */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(3, inputSize, hiddenSize, readOptions("GRUCell", cellDefaults, [options]));
  }

  override forward(input: Tensor, hx?: Tensor | null): Tensor {
    return this.run(gruStep, input, hx ? [hx] : undefined, 1)[0]!;
  }
}

/** One step of an {@link LSTM}. Shape: [N, inputSize] and a pair of [N, hiddenSize] → such a pair, or without N. @see torch.nn.LSTMCell */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(4, inputSize, hiddenSize, readOptions("LSTMCell", cellDefaults, [options]));
  }

  override forward(input: Tensor, hx?: LSTMState | null): LSTMState {
    return this.run(lstmStep, input, hx ?? undefined, 2) as unknown as LSTMState;
  }
}

// The base class has the name that PyTorch gives it.
export { RecurrentCell as RNNCellBase };
