/**
 * Recurrent networks: single steps in differentiable ops, and whole sequences of LSTM and GRU as one node each, whose gradient
 * falls back on the steps when it is differentiated itself.
 */
import { grad } from "../../autograd/backward";
import { isGradEnabled } from "../../autograd/mode";
import { type Grads, record, recordAll } from "../../autograd/node";
import type { Backend, Operand } from "../../backend/backend";
import { contiguousStrides, sizeOfShape } from "../../core/shape";
import { allocate, filled } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { linear, product } from "../linalg/matmul";
import { stack } from "../shape/join";

/** The next hidden state and cell of an LSTM from its gates (input, forget, cell, output). Shape: gates [N, 4H], cell [N, H]. */
export function lstmStep(gates: Tensor, cell: Tensor): [hidden: Tensor, cell: Tensor] {
  const [i, f, g, o] = gates.chunk(4, -1) as [Tensor, Tensor, Tensor, Tensor];
  const next = f.sigmoid().mul(cell).add(i.sigmoid().mul(g.tanh()));
  return [o.sigmoid().mul(next.tanh()), next];
}

/** The next state of a GRU from both parts of its gates (reset, update, new). Shape: [N, 3H] each, hidden [N, H]. */
export function gruStep(fromInput: Tensor, fromState: Tensor, hidden: Tensor): Tensor {
  const [ir, iz, inew] = fromInput.chunk(3, -1) as [Tensor, Tensor, Tensor];
  const [hr, hz, hnew] = fromState.chunk(3, -1) as [Tensor, Tensor, Tensor];
  const reset = ir.add(hr).sigmoid();
  const update = iz.add(hz).sigmoid();
  const fresh = inew.add(reset.mul(hnew)).tanh();
  return hidden.sub(fresh).mul(update).add(fresh);
}

/** Step `t` of a contiguous tensor whose first axis is time. */
function step(x: Tensor, t: number): Operand {
  const shape = x.shape.slice(1);
  const offset = x.offset + t * sizeOfShape(shape);
  return { storage: x.storage, dtype: x.dtype, shape, strides: contiguousStrides(shape), offset };
}

/** A contiguous matrix transposed. */
const transposed = ({ storage, dtype, offset, shape, strides }: Tensor): Operand => ({
  storage,
  dtype,
  offset,
  shape: [shape[1]!, shape[0]!],
  strides: [strides[1]!, strides[0]!],
});

/** y += a · b; with `bias`, y = a · b + bias. */
function multiply(backend: Backend, y: Operand, a: Operand, b: Operand, bias?: Tensor): void {
  backend.run("matmul", { y, a, b, bias, accumulate: bias === undefined });
}

/** The order in which the steps of a sequence are taken. */
const order = (steps: number, reverse: boolean): number[] =>
  Array.from({ length: steps }, (_, i) => (reverse ? steps - 1 - i : i));

const dense = (x: Tensor): Tensor => (x.isContiguous() ? x : x.detach().contiguous());

/** The states before each step: the initial one, then those after the steps before. */
function statesBefore(initial: Tensor, after: Tensor, times: readonly number[]): Tensor {
  const before = allocate(after.shape, after.dtype, after);
  const { backend } = after.storage;
  times.forEach((t, i) => {
    backend.copy(step(before, t), i === 0 ? initial : step(after, times[i - 1]!));
  });
  return before;
}

/** [T, N, F] as [T · N, F]. */
const rows = (x: Tensor): Tensor => x.reshape(-1, x.shape.at(-1)!);

/** A gradient that is there, contiguous and free to be changed, or zeros. */
function ownGrad(g: Tensor | undefined, like: Tensor): Tensor {
  const copy = allocate(like.shape, like.dtype, like);
  if (g === undefined) return filled(copy, 0);
  copy.storage.backend.copy(copy, g);
  return copy;
}

/** Gradients by differentiating `build`, which computes the outputs from the inputs in differentiable ops. */
function composedGrads(
  build: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  gs: Grads,
  needs: readonly boolean[],
): Grads {
  const reached = build(inputs).flatMap((y, i) => (gs[i] ? [[y, gs[i]!] as const] : []));
  const wanted = inputs.filter((_, i) => needs[i]);
  const found = grad(
    reached.map(([y]) => y),
    wanted,
    { gradOutputs: reached.map(([, g]) => g), createGraph: true, allowUnused: true },
  );
  return needs.map((needed) => (needed ? found.shift() : undefined));
}

/**
 * An LSTM over a sequence.
 *
 * @param gates The input's part of the gates with all biases, [T, N, 4H].
 * @param h0 The first hidden state, [N, H]; `c0` is the first cell.
 * @param weight The weights of the hidden state, [4H, H].
 * @returns Hidden states and cells after each step, [T, N, H].
 */
export function lstmSequence(
  gates: Tensor,
  h0: Tensor,
  c0: Tensor,
  weight: Tensor,
  reverse: boolean,
): [hidden: Tensor, cells: Tensor] {
  const [steps, n, width] = gates.shape;
  const size = width / 4;
  const { backend } = gates.storage;
  const times = order(steps, reverse);
  const active = allocate(gates.shape, gates.dtype, gates);
  backend.copy(active, gates);
  const [hidden, cells] = [
    allocate([steps, n, size], gates.dtype, gates),
    allocate([steps, n, size], gates.dtype, gates),
  ];
  const w = transposed(dense(weight));
  let [h, c]: [Operand, Operand] = [dense(h0), dense(c0)];
  for (const t of times) {
    multiply(backend, step(active, t), h, w);
    const [hNext, cNext] = [step(hidden, t), step(cells, t)];
    backend.run("lstmCell", { hidden: hNext, cells: cNext, gates: step(active, t), cellsBefore: c, size });
    [h, c] = [hNext, cNext];
  }
  return recordAll(
    "LstmBackward0",
    [hidden, cells],
    [gates, h0, c0, weight],
    [gates, h0, c0, weight, active, hidden, cells],
    (gs, saved, needs) => {
      const inputs = saved.slice(0, 4);
      return isGradEnabled()
        ? composedGrads((given) => lstmSteps(given, times), inputs, gs, needs)
        : lstmGrads(gs, saved, times);
    },
  );
}

/** {@link lstmSequence} step by step. */
function lstmSteps([gates, h0, c0, weight]: readonly Tensor[], times: readonly number[]): [Tensor, Tensor] {
  let [h, c] = [h0!, c0!];
  const [hidden, cells]: [Tensor[], Tensor[]] = [[], []];
  const parts = gates!.unbind(0);
  for (const t of times) {
    [h, c] = lstmStep(parts[t]!.add(linear(h, weight!)), c);
    [hidden[t], cells[t]] = [h, c];
  }
  return [stack(hidden), stack(cells)];
}

function lstmGrads(gs: Grads, saved: readonly Tensor[], times: readonly number[]): Grads {
  const [, h0, c0, weight, active, hidden, cells] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const [, n, size] = hidden.shape;
  const { backend } = hidden.storage;
  const [dHidden, dCells] = [ownGrad(gs[0] ?? undefined, hidden), ownGrad(gs[1] ?? undefined, cells)];
  const dGates = allocate(active.shape, active.dtype, active);
  const [dh0, dc0] = [filled(allocate([n, size], hidden.dtype, hidden), 0), allocate([n, size], hidden.dtype, hidden)];
  const w = dense(weight);
  for (let i = times.length - 1; i >= 0; i--) {
    const [t, previous] = [times[i]!, times[i - 1]];
    const before = previous === undefined ? dense(c0) : step(cells, previous);
    backend.run("lstmCellGradient", {
      gGates: step(dGates, t),
      gCells: step(dCells, t),
      gHidden: step(dHidden, t),
      active: step(active, t),
      cells: step(cells, t),
      cellsBefore: before,
      size,
    });
    multiply(backend, previous === undefined ? dh0 : step(dHidden, previous), step(dGates, t), w);
    if (previous === undefined) backend.copy(dc0, step(dCells, t));
    else addInto(backend, step(dCells, previous), step(dCells, t));
  }
  const dWeight = product(rows(dGates).t(), rows(statesBefore(h0, hidden, times)));
  return [dGates, dh0, dc0, dWeight];
}

const addInto = (backend: Backend, y: Operand, x: Operand): void => backend.binary("add", y.dtype, y, y, x, 1);

/**
 * A GRU over a sequence.
 *
 * @param gates The input's part of the gates with its bias, [T, N, 3H].
 * @param h0 The first state, [N, H].
 * @param weight The weights of the state, [3H, H]; `bias` is theirs, [3H].
 * @returns The states after each step, [T, N, H].
 */
export function gruSequence(gates: Tensor, h0: Tensor, weight: Tensor, bias: Tensor, reverse: boolean): Tensor {
  const [steps, n, width] = gates.shape;
  const size = width / 3;
  const { backend } = gates.storage;
  const times = order(steps, reverse);
  const active = allocate(gates.shape, gates.dtype, gates);
  backend.copy(active, gates);
  const fromState = allocate(gates.shape, gates.dtype, gates);
  const hidden = allocate([steps, n, size], gates.dtype, gates);
  const [w, b] = [transposed(dense(weight)), dense(bias)];
  let h: Operand = dense(h0);
  for (const t of times) {
    multiply(backend, step(fromState, t), h, w, b);
    const next = step(hidden, t);
    const [own, other] = [step(active, t), step(fromState, t)];
    backend.run("gruCell", { hidden: next, gates: own, fromState: other, hiddenBefore: h, size });
    h = next;
  }
  const saved = [gates, h0, weight, bias, active, fromState, hidden];
  return record("GruBackward0", hidden, [gates, h0, weight, bias], saved, (gs, kept, needs) =>
    isGradEnabled()
      ? composedGrads((given) => [gruSteps(given, times)], kept.slice(0, 4), gs, needs)
      : gruGrads(gs, kept, times),
  );
}

/** {@link gruSequence} step by step. */
function gruSteps([gates, h0, weight, bias]: readonly Tensor[], times: readonly number[]): Tensor {
  let h = h0!;
  const hidden: Tensor[] = [];
  const parts = gates!.unbind(0);
  for (const t of times) {
    h = gruStep(parts[t]!, linear(h, weight!, bias), h);
    hidden[t] = h;
  }
  return stack(hidden);
}

function gruGrads(gs: Grads, saved: readonly Tensor[], times: readonly number[]): Grads {
  const [, h0, weight, , active, fromState, hidden] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const [, n, size] = hidden.shape;
  const { backend } = hidden.storage;
  const dHidden = ownGrad(gs[0] ?? undefined, hidden);
  const [dGates, dState] = [allocate(active.shape, active.dtype, active), allocate(active.shape, active.dtype, active)];
  const dh0 = allocate([n, size], hidden.dtype, hidden);
  const w = dense(weight);
  for (let i = times.length - 1; i >= 0; i--) {
    const [t, previous] = [times[i]!, times[i - 1]];
    const before = previous === undefined ? dense(h0) : step(hidden, previous);
    backend.run("gruCellGradient", {
      gGates: step(dGates, t),
      gFromState: step(dState, t),
      gHidden: step(dHidden, t),
      active: step(active, t),
      fromState: step(fromState, t),
      hiddenBefore: before,
      size,
    });
    const target = previous === undefined ? dh0 : step(dHidden, previous);
    if (previous === undefined) backend.copy(dh0, step(dHidden, t));
    else addInto(backend, target, step(dHidden, t));
    multiply(backend, target, step(dState, t), w);
  }
  const dWeight = product(rows(dState).t(), rows(statesBefore(h0, hidden, times)));
  return [dGates, dh0, dWeight, rows(dState).sum(0)];
}
