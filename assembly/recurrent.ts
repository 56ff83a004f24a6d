/**
 * Steps of recurrent cells and their gradients. Floats. The range counts rows, one for each sequence; a row of gates holds
 * its gates side by side, `hidden` elements each. Everything is contiguous.
 */
import { F32, F64 } from "./dtype";
import { sigmoid_f32x4, tanh_f32x4 } from "./math";
import { at, loadLanes, storeLanes, zeros } from "./rows";
import * as scalar from "./scalar";
import { lanes } from "./simd";

// @ts-ignore: decorator
@inline
function sigmoid<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return sigmoid_f32x4(x);
  return f64x2(scalar.sigmoid(f64x2.extract_lane(x, 0)), scalar.sigmoid(f64x2.extract_lane(x, 1)));
}

// @ts-ignore: decorator
@inline
function tanh<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return tanh_f32x4(x);
  return f64x2(Math.tanh(f64x2.extract_lane(x, 0)), Math.tanh(f64x2.extract_lane(x, 1)));
}

/** x (1 - x): the slope of a sigmoid with the value x. */
// @ts-ignore: decorator
@inline
function sigmoidSlope<T>(x: v128): v128 {
  return v128.sub<T>(x, v128.mul<T>(x, x));
}

/** 1 - x²: the slope of a tanh with the value x. */
// @ts-ignore: decorator
@inline
function tanhSlope<T>(x: v128): v128 {
  return v128.sub<T>(v128.splat<T>(1), v128.mul<T>(x, x));
}

// ---- LSTM: gates are input, forget, cell, output --------------------------------------------------------------------

function lstmRow<T>(h: usize, c: usize, gates: usize, before: usize, hidden: i32): void {
  const stride = <usize>hidden * sizeof<T>();
  for (let j = 0; j < hidden; j += lanes<T>()) {
    const k = hidden - j;
    const g = at<T>(gates, j);
    const input = sigmoid<T>(loadLanes<T>(g, k, zeros()));
    const forget = sigmoid<T>(loadLanes<T>(g + stride, k, zeros()));
    const fresh = tanh<T>(loadLanes<T>(g + 2 * stride, k, zeros()));
    const output = sigmoid<T>(loadLanes<T>(g + 3 * stride, k, zeros()));
    const old = loadLanes<T>(at<T>(before, j), k, zeros());
    const cell = v128.add<T>(v128.mul<T>(forget, old), v128.mul<T>(input, fresh));
    storeLanes<T>(g, input, k);
    storeLanes<T>(g + stride, forget, k);
    storeLanes<T>(g + 2 * stride, fresh, k);
    storeLanes<T>(g + 3 * stride, output, k);
    storeLanes<T>(at<T>(c, j), cell, k);
    storeLanes<T>(at<T>(h, j), v128.mul<T>(output, tanh<T>(cell)), k);
  }
}

function lstmRows<T>(h: usize, c: usize, gates: usize, before: usize, hidden: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    lstmRow<T>(at<T>(h, row), at<T>(c, row), at<T>(gates, 4 * row), at<T>(before, row), hidden);
  }
}

/** Activates `gates` in place, and writes the next hidden state `h` and cell `c` from the cell `before`. */
export function lstmCell(
  t: i32, h: usize, c: usize, gates: usize, before: usize, hidden: i32, begin: i32, end: i32,
): void {
  if (t == F32) lstmRows<f32>(h, c, gates, before, hidden, begin, end);
  else if (t == F64) lstmRows<f64>(h, c, gates, before, hidden, begin, end);
  else unreachable();
}

function lstmRowBackward<T>(
  dGates: usize, dCell: usize, dHidden: usize, gates: usize, c: usize, before: usize, hidden: i32,
): void {
  const stride = <usize>hidden * sizeof<T>();
  for (let j = 0; j < hidden; j += lanes<T>()) {
    const k = hidden - j;
    const g = at<T>(gates, j);
    const d = at<T>(dGates, j);
    const input = loadLanes<T>(g, k, zeros());
    const forget = loadLanes<T>(g + stride, k, zeros());
    const fresh = loadLanes<T>(g + 2 * stride, k, zeros());
    const output = loadLanes<T>(g + 3 * stride, k, zeros());
    const bent = tanh<T>(loadLanes<T>(at<T>(c, j), k, zeros()));
    const dh = loadLanes<T>(at<T>(dHidden, j), k, zeros());
    const through = v128.mul<T>(v128.mul<T>(dh, output), tanhSlope<T>(bent));
    const dc = v128.add<T>(loadLanes<T>(at<T>(dCell, j), k, zeros()), through);
    const old = loadLanes<T>(at<T>(before, j), k, zeros());
    storeLanes<T>(d, v128.mul<T>(v128.mul<T>(dc, fresh), sigmoidSlope<T>(input)), k);
    storeLanes<T>(d + stride, v128.mul<T>(v128.mul<T>(dc, old), sigmoidSlope<T>(forget)), k);
    storeLanes<T>(d + 2 * stride, v128.mul<T>(v128.mul<T>(dc, input), tanhSlope<T>(fresh)), k);
    storeLanes<T>(d + 3 * stride, v128.mul<T>(v128.mul<T>(dh, bent), sigmoidSlope<T>(output)), k);
    storeLanes<T>(at<T>(dCell, j), v128.mul<T>(dc, forget), k);
  }
}

function lstmRowsBackward<T>(
  dGates: usize, dCell: usize, dHidden: usize, gates: usize, c: usize, before: usize, hidden: i32, begin: i32, end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    lstmRowBackward<T>(
      at<T>(dGates, 4 * row), at<T>(dCell, row), at<T>(dHidden, row),
      at<T>(gates, 4 * row), at<T>(c, row), at<T>(before, row), hidden,
    );
  }
}

/**
 * The gradient of the gates before activation, from that of the hidden state. `gates` and `c` are what `lstmCell` left; `dCell` holds the
 * gradient of the new cell and gets that of the cell `before`.
 */
export function lstmCellBackward(
  t: i32, dGates: usize, dCell: usize, dHidden: usize, gates: usize, c: usize, before: usize, hidden: i32,
  begin: i32, end: i32,
): void {
  if (t == F32) lstmRowsBackward<f32>(dGates, dCell, dHidden, gates, c, before, hidden, begin, end);
  else if (t == F64) lstmRowsBackward<f64>(dGates, dCell, dHidden, gates, c, before, hidden, begin, end);
  else unreachable();
}

// ---- GRU: gates are reset, update, new ------------------------------------------------------------------------------

function gruRow<T>(h: usize, gates: usize, state: usize, before: usize, hidden: i32): void {
  const stride = <usize>hidden * sizeof<T>();
  for (let j = 0; j < hidden; j += lanes<T>()) {
    const k = hidden - j;
    const g = at<T>(gates, j);
    const s = at<T>(state, j);
    const reset = sigmoid<T>(v128.add<T>(loadLanes<T>(g, k, zeros()), loadLanes<T>(s, k, zeros())));
    const update = sigmoid<T>(
      v128.add<T>(loadLanes<T>(g + stride, k, zeros()), loadLanes<T>(s + stride, k, zeros())),
    );
    const own = v128.mul<T>(reset, loadLanes<T>(s + 2 * stride, k, zeros()));
    const fresh = tanh<T>(v128.add<T>(loadLanes<T>(g + 2 * stride, k, zeros()), own));
    const old = loadLanes<T>(at<T>(before, j), k, zeros());
    storeLanes<T>(g, reset, k);
    storeLanes<T>(g + stride, update, k);
    storeLanes<T>(g + 2 * stride, fresh, k);
    storeLanes<T>(at<T>(h, j), v128.add<T>(v128.mul<T>(v128.sub<T>(old, fresh), update), fresh), k);
  }
}

function gruRows<T>(h: usize, gates: usize, state: usize, before: usize, hidden: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    gruRow<T>(at<T>(h, row), at<T>(gates, 3 * row), at<T>(state, 3 * row), at<T>(before, row), hidden);
  }
}

/** Activates `gates`, the input's part, together with `state`, that of the state `before`; writes the next state `h`. */
export function gruCell(
  t: i32, h: usize, gates: usize, state: usize, before: usize, hidden: i32, begin: i32, end: i32,
): void {
  if (t == F32) gruRows<f32>(h, gates, state, before, hidden, begin, end);
  else if (t == F64) gruRows<f64>(h, gates, state, before, hidden, begin, end);
  else unreachable();
}

function gruRowBackward<T>(
  dGates: usize, dState: usize, dHidden: usize, gates: usize, state: usize, before: usize, hidden: i32,
): void {
  const stride = <usize>hidden * sizeof<T>();
  for (let j = 0; j < hidden; j += lanes<T>()) {
    const k = hidden - j;
    const g = at<T>(gates, j);
    const d = at<T>(dGates, j);
    const s = at<T>(dState, j);
    const reset = loadLanes<T>(g, k, zeros());
    const update = loadLanes<T>(g + stride, k, zeros());
    const fresh = loadLanes<T>(g + 2 * stride, k, zeros());
    const own = loadLanes<T>(at<T>(state, j) + 2 * stride, k, zeros());
    const old = loadLanes<T>(at<T>(before, j), k, zeros());
    const dh = loadLanes<T>(at<T>(dHidden, j), k, zeros());
    const kept = v128.mul<T>(dh, update);
    const dNew = v128.mul<T>(v128.sub<T>(dh, kept), tanhSlope<T>(fresh));
    const dUpdate = v128.mul<T>(v128.mul<T>(dh, v128.sub<T>(old, fresh)), sigmoidSlope<T>(update));
    const dReset = v128.mul<T>(v128.mul<T>(dNew, own), sigmoidSlope<T>(reset));
    storeLanes<T>(d, dReset, k);
    storeLanes<T>(d + stride, dUpdate, k);
    storeLanes<T>(d + 2 * stride, dNew, k);
    storeLanes<T>(s, dReset, k);
    storeLanes<T>(s + stride, dUpdate, k);
    storeLanes<T>(s + 2 * stride, v128.mul<T>(dNew, reset), k);
    storeLanes<T>(at<T>(dHidden, j), kept, k);
  }
}

function gruRowsBackward<T>(
  dGates: usize, dState: usize, dHidden: usize, gates: usize, state: usize, before: usize, hidden: i32,
  begin: i32, end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    gruRowBackward<T>(
      at<T>(dGates, 3 * row), at<T>(dState, 3 * row), at<T>(dHidden, row),
      at<T>(gates, 3 * row), at<T>(state, 3 * row), at<T>(before, row), hidden,
    );
  }
}

/**
 * The gradients of both parts of the gates before activation. `dHidden` holds the gradient of the new state and gets the part of it that
 * goes to the state `before` directly.
 */
export function gruCellBackward(
  t: i32, dGates: usize, dState: usize, dHidden: usize, gates: usize, state: usize, before: usize, hidden: i32,
  begin: i32, end: i32,
): void {
  if (t == F32) gruRowsBackward<f32>(dGates, dState, dHidden, gates, state, before, hidden, begin, end);
  else if (t == F64) gruRowsBackward<f64>(dGates, dState, dHidden, gates, state, before, hidden, begin, end);
  else unreachable();
}
