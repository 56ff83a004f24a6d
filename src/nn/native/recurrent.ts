/** Recurrent networks and their cells as functions of `torch` itself: the weights are passed in one flat list. */
import { checkArray, checkFlag, checkInteger, checkNumber } from "../../core/arguments";
import { ArgumentError, ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { linear } from "../../ops/linalg/matmul";
import { Tensor } from "../../tensor/tensor";
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
import { MAX_LAYERS } from "../module/options";

/** The arguments after the input and the state, as checked. */
interface Network {
  readonly params: readonly Tensor[];
  readonly hasBiases: boolean;
  readonly numLayers: number;
  readonly dropout: number;
  readonly train: boolean;
  readonly bidirectional: boolean;
}

const tensors = (op: string, name: string, value: unknown): Tensor[] =>
  checkArray(op, name, value, "tensors").map((x, i) => checkTensor(op, x, `${name}[${i}]`));

function checkNetwork(op: string, given: readonly unknown[]): Network {
  const [params, hasBiases, numLayers, dropout, train, bidirectional] = given;
  return {
    params: tensors(op, "params", params),
    hasBiases: checkFlag(op, "hasBiases", hasBiases),
    numLayers: checkInteger(op, "numLayers", numLayers, 1, MAX_LAYERS),
    dropout: checkNumber(op, "dropout", dropout),
    train: checkFlag(op, "train", train),
    bidirectional: checkFlag(op, "bidirectional", bidirectional),
  };
}

/** The weights of every layer and direction from the flat list. @throws ShapeError unless their number fits. */
function weightsOf(op: string, { params, hasBiases, numLayers, bidirectional }: Network, isProjected: boolean) {
  const each = (hasBiases ? 4 : 2) + (isProjected ? 1 : 0);
  const count = numLayers * (bidirectional ? 2 : 1);
  if (params.length !== each * count)
    throw new ShapeError(
      `${op}: got an incorrect number of RNN parameters: ${count} layers and directions of ${each} make ${each * count}, got ${params.length}`,
    );
  return Array.from({ length: count }, (_, i): RecurrentWeights => {
    const [weightIh, weightHh, ...rest] = params.slice(i * each, (i + 1) * each) as [Tensor, Tensor, ...Tensor[]];
    const [biasIh = null, biasHh = null] = hasBiases ? rest : [];
    return { weightIh, weightHh, biasIh, biasHh, weightHr: isProjected ? rest.at(-1)! : null };
  });
}

/** @throws ShapeError unless a state has one item for every layer and direction. */
function checkStates(op: string, states: State, count: number): void {
  for (const state of states)
    if (state.ndim !== 3 || state.shape[0] !== count)
      throw new ShapeError(
        `${op}: hx must have shape [${count} layers and directions, N, size], got ${shapeText(state.shape)}`,
      );
}

function checkInput(op: string, x: Tensor, axes: number, weightIh: Tensor): void {
  const size = weightIh.shape[1];
  if (x.ndim !== axes || x.shape.at(-1) !== size)
    throw new ShapeError(
      `${op}: expected an input of ${axes} axes, the last of size ${size}, got shape ${shapeText(x.shape)}`,
    );
}

/** Runs a network; `given` are the arguments of either form, by position. */
function run(op: string, step: Step, stateCount: number, given: readonly unknown[]): [output: Tensor, last: State] {
  // The packed form has the sizes of the batches in place of the state, which is a tensor for all but the LSTM.
  const isPacked = stateCount === 2 ? given[1] instanceof Tensor : given[2] instanceof Tensor;
  const [data, batchSizes, hx, ...rest] = isPacked ? given : [given[0], undefined, ...given.slice(1)];
  const batchFirst = !isPacked && checkFlag(op, "batchFirst", given[8]);
  const input = checkTensor(op, data);
  const states = stateCount === 2 ? tensors(op, "hx", hx) : [checkTensor(op, hx, "hx")];
  if (states.length !== stateCount) throw new ArgumentError(`${op}: expects two hidden states, got ${states.length}`);
  const network = checkNetwork(op, rest);
  const isProjected = stateCount === 2 && states[0]!.shape[2] !== states[1]!.shape[2];
  const weights = weightsOf(op, network, isProjected);
  checkStates(op, states, weights.length);
  checkInput(op, input, isPacked ? 2 : 3, weights[0]!.weightIh);
  const { dropout, train, bidirectional } = network;
  const sizes = isPacked ? (checkTensor(op, batchSizes, "batchSizes").tolist() as number[]) : undefined;
  const x = batchFirst ? input.transpose(0, 1) : input;
  const { output, last } = runLayers(x, states, weights, step, { bidirectional, dropout, training: train }, sizes);
  return [batchFirst ? output.transpose(0, 1) : output, last];
}

/** The arguments of a network over padded sequences, whose state is `H`. */
type Padded<H> = [
  input: Tensor,
  hx: H,
  params: readonly Tensor[],
  hasBiases: boolean,
  numLayers: number,
  dropout: number,
  train: boolean,
  bidirectional: boolean,
  batchFirst: boolean,
];

const signature = "input, hx, params, hasBiases, numLayers, dropout, train, bidirectional, batchFirst";

const single = <const S extends string>(op: S, step: Step) =>
  named(op, signature, (...given: Padded<Tensor>): [output: Tensor, hidden: Tensor] => {
    const [output, last] = run(op, step, 1, given);
    return [output, last[0]!];
  });

/**
 * All layers of an {@link RNN}, with tanh. Shape: input [L, N, inputSize], hx [numLayers · directions, N, hiddenSize]. `params` holds for each layer and
 * direction the weights for input and state, and their biases if there are. By position also (data, batchSizes, hx, params, hasBiases, numLayers, dropout,
 * train, bidirectional) of a packed batch.
 * @see torch.rnn_tanh
 */
export const rnnTanh = single("rnnTanh", tanhStep);
/** {@link rnnTanh} with ReLU. @see torch.rnn_relu */
export const rnnRelu = single("rnnRelu", reluStep);
/** {@link rnnTanh} with gated recurrent units. @see torch.gru */
export const gru = single("gru", gruStep);

/** {@link rnnTanh} with long short-term memory; `hx` is the pair of hidden state and cells. @see torch.lstm */
export const lstm = named(
  "lstm",
  signature,
  (...given: Padded<readonly Tensor[]>): [output: Tensor, hidden: Tensor, cells: Tensor] => {
    const [output, last] = run("lstm", lstmStep, 2, given);
    return [output, last[0]!, last[1]!];
  },
);

/** Biases of a cell. */
interface CellBiases {
  bIh?: Tensor | null;
  bHh?: Tensor | null;
}

function runCell(
  op: string,
  step: Step,
  input: Tensor,
  states: State,
  gates: number,
  weightIh: Tensor,
  weightHh: Tensor,
  { bIh: biasIh = null, bHh: biasHh = null }: CellBiases,
): State {
  checkTensor(op, input);
  const optional = { bIh: biasIh, bHh: biasHh };
  for (const [name, x] of Object.entries({ wIh: weightIh, wHh: weightHh, ...optional }))
    if (x !== null || !(name in optional)) checkTensor(op, x, name);
  checkInput(op, input, 2, weightIh);
  const size = weightHh.shape[1]!;
  if (weightHh.ndim !== 2 || [weightIh, weightHh].some((w) => w.shape[0] !== gates * size))
    throw new ShapeError(
      `${op}: wIh and wHh must have shapes [${gates} · size, input size] and [${gates} · size, size], got ${shapeText(weightIh.shape)} and ${shapeText(weightHh.shape)}`,
    );
  for (const [i, h] of states.entries())
    if (h.ndim !== 2 || h.shape[0] !== input.shape[0] || h.shape[1] !== size)
      throw new ShapeError(`${op}: hidden${i} must have shape [${input.shape[0]}, ${size}], got ${shapeText(h.shape)}`);
  return step(linear(input, weightIh, biasIh), states, { weightIh, weightHh, biasIh, biasHh });
}

const cell = <const S extends string>(op: S, gates: number, step: Step) =>
  named(
    op,
    "input, hx, wIh, wHh; bIh, bHh",
    (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, biases: CellBiases = {}): Tensor =>
      runCell(op, step, input, [checkTensor(op, hx, "hx")], gates, wIh, wHh, biases)[0]!,
  );

/** One step of {@link rnnTanh}. Shape: [N, inputSize] and [N, hiddenSize] → [N, hiddenSize]. @see torch.rnn_tanh_cell */
export const rnnTanhCell = cell("rnnTanhCell", 1, tanhStep);
/** One step of {@link rnnRelu}. @see torch.rnn_relu_cell */
export const rnnReluCell = cell("rnnReluCell", 1, reluStep);
/** One step of {@link gru}. @see torch.gru_cell */
export const gruCell = cell("gruCell", 3, gruStep);

/** One step of {@link lstm}; `hx` is the pair of hidden state and cells, and so is the result. @see torch.lstm_cell */
export const lstmCell = named(
  "lstmCell",
  "input, hx, wIh, wHh; bIh, bHh",
  (
    input: Tensor,
    hx: readonly Tensor[],
    wIh: Tensor,
    wHh: Tensor,
    biases: CellBiases = {},
  ): [hidden: Tensor, cells: Tensor] => {
    const states = tensors("lstmCell", "hx", hx);
    if (states.length !== 2) throw new ArgumentError(`lstmCell: expects two hidden states, got ${states.length}`);
    const [hidden, cells] = runCell("lstmCell", lstmStep, input, states, 4, wIh, wHh, biases);
    return [hidden!, cells!];
  },
);
