/**
 * Steps of recurrent cells and their gradients. f32: f64 networks take steps of single ops instead. The range counts
 * rows, one for each sequence; a row of gates holds its gates side by side, `hidden` elements each. Everything is
 * contiguous.
 */
import { F32 } from "../common/dtype";
import { at, loadLanes, storeLanes, zeros } from "../common/rows";
import { sigmoid_f32x4, tanh_f32x4 } from "../math/single";

/** x (1 - x): the slope of a sigmoid with the value x. */
// @ts-ignore: decorator
@inline
function sigmoidSlope(x: v128): v128 {
  return f32x4.sub(x, f32x4.mul(x, x));
}

/** 1 - x²: the slope of a tanh with the value x. */
// @ts-ignore: decorator
@inline
function tanhSlope(x: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(x, x));
}

// ---- LSTM: gates are input, forget, cell, output --------------------------------------------------------------------

function lstmRow(h: usize, c: usize, gates: usize, before: usize, hidden: i32): void {
  const stride = (<usize>hidden) << 2;
  for (let j = 0; j < hidden; j += 4) {
    const k = hidden - j;
    const g = at<f32>(gates, j);
    const input = sigmoid_f32x4(loadLanes<f32>(g, k, zeros()));
    const forget = sigmoid_f32x4(loadLanes<f32>(g + stride, k, zeros()));
    const fresh = tanh_f32x4(loadLanes<f32>(g + 2 * stride, k, zeros()));
    const output = sigmoid_f32x4(loadLanes<f32>(g + 3 * stride, k, zeros()));
    const old = loadLanes<f32>(at<f32>(before, j), k, zeros());
    const cell = f32x4.add(f32x4.mul(forget, old), f32x4.mul(input, fresh));
    storeLanes<f32>(g, input, k);
    storeLanes<f32>(g + stride, forget, k);
    storeLanes<f32>(g + 2 * stride, fresh, k);
    storeLanes<f32>(g + 3 * stride, output, k);
    storeLanes<f32>(at<f32>(c, j), cell, k);
    storeLanes<f32>(at<f32>(h, j), f32x4.mul(output, tanh_f32x4(cell)), k);
  }
}

function lstmRows(h: usize, c: usize, gates: usize, before: usize, hidden: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    lstmRow(at<f32>(h, row), at<f32>(c, row), at<f32>(gates, 4 * row), at<f32>(before, row), hidden);
  }
}

/** Activates `gates` in place, and writes the next hidden state `h` and cell `c` from the cell `before`. */
export function lstmCell(
  t: i32,
  h: usize,
  c: usize,
  gates: usize,
  before: usize,
  hidden: i32,
  begin: i32,
  end: i32,
): void {
  if (t != F32) unreachable();
  lstmRows(h, c, gates, before, hidden, begin, end);
}

function lstmRowBackward(
  dGates: usize,
  dCell: usize,
  dHidden: usize,
  gates: usize,
  c: usize,
  before: usize,
  hidden: i32,
): void {
  const stride = (<usize>hidden) << 2;
  for (let j = 0; j < hidden; j += 4) {
    const k = hidden - j;
    const g = at<f32>(gates, j);
    const d = at<f32>(dGates, j);
    const input = loadLanes<f32>(g, k, zeros());
    const forget = loadLanes<f32>(g + stride, k, zeros());
    const fresh = loadLanes<f32>(g + 2 * stride, k, zeros());
    const output = loadLanes<f32>(g + 3 * stride, k, zeros());
    const bent = tanh_f32x4(loadLanes<f32>(at<f32>(c, j), k, zeros()));
    const dh = loadLanes<f32>(at<f32>(dHidden, j), k, zeros());
    const through = f32x4.mul(f32x4.mul(dh, output), tanhSlope(bent));
    const dc = f32x4.add(loadLanes<f32>(at<f32>(dCell, j), k, zeros()), through);
    const old = loadLanes<f32>(at<f32>(before, j), k, zeros());
    storeLanes<f32>(d, f32x4.mul(f32x4.mul(dc, fresh), sigmoidSlope(input)), k);
    storeLanes<f32>(d + stride, f32x4.mul(f32x4.mul(dc, old), sigmoidSlope(forget)), k);
    storeLanes<f32>(d + 2 * stride, f32x4.mul(f32x4.mul(dc, input), tanhSlope(fresh)), k);
    storeLanes<f32>(d + 3 * stride, f32x4.mul(f32x4.mul(dh, bent), sigmoidSlope(output)), k);
    storeLanes<f32>(at<f32>(dCell, j), f32x4.mul(dc, forget), k);
  }
}

function lstmRowsBackward(
  dGates: usize,
  dCell: usize,
  dHidden: usize,
  gates: usize,
  c: usize,
  before: usize,
  hidden: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    lstmRowBackward(
      at<f32>(dGates, 4 * row),
      at<f32>(dCell, row),
      at<f32>(dHidden, row),
      at<f32>(gates, 4 * row),
      at<f32>(c, row),
      at<f32>(before, row),
      hidden,
    );
  }
}

/**
 * The gradient of the gates before activation, from that of the hidden state. `gates` and `c` are what `lstmCell` left; `dCell` holds the
 * gradient of the new cell and gets that of the cell `before`.
 */
export function lstmCellBackward(
  t: i32,
  dGates: usize,
  dCell: usize,
  dHidden: usize,
  gates: usize,
  c: usize,
  before: usize,
  hidden: i32,
  begin: i32,
  end: i32,
): void {
  if (t != F32) unreachable();
  lstmRowsBackward(dGates, dCell, dHidden, gates, c, before, hidden, begin, end);
}

// ---- GRU: gates are reset, update, new ------------------------------------------------------------------------------

function gruRow(h: usize, gates: usize, state: usize, before: usize, hidden: i32): void {
  const stride = (<usize>hidden) << 2;
  for (let j = 0; j < hidden; j += 4) {
    const k = hidden - j;
    const g = at<f32>(gates, j);
    const s = at<f32>(state, j);
    const reset = sigmoid_f32x4(f32x4.add(loadLanes<f32>(g, k, zeros()), loadLanes<f32>(s, k, zeros())));
    const update = sigmoid_f32x4(
      f32x4.add(loadLanes<f32>(g + stride, k, zeros()), loadLanes<f32>(s + stride, k, zeros())),
    );
    const own = f32x4.mul(reset, loadLanes<f32>(s + 2 * stride, k, zeros()));
    const fresh = tanh_f32x4(f32x4.add(loadLanes<f32>(g + 2 * stride, k, zeros()), own));
    const old = loadLanes<f32>(at<f32>(before, j), k, zeros());
    storeLanes<f32>(g, reset, k);
    storeLanes<f32>(g + stride, update, k);
    storeLanes<f32>(g + 2 * stride, fresh, k);
    storeLanes<f32>(at<f32>(h, j), f32x4.add(f32x4.mul(f32x4.sub(old, fresh), update), fresh), k);
  }
}

function gruRows(h: usize, gates: usize, state: usize, before: usize, hidden: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    gruRow(at<f32>(h, row), at<f32>(gates, 3 * row), at<f32>(state, 3 * row), at<f32>(before, row), hidden);
  }
}

/** Activates `gates`, the input's part, together with `state`, that of the state `before`; writes the next state `h`. */
export function gruCell(
  t: i32,
  h: usize,
  gates: usize,
  state: usize,
  before: usize,
  hidden: i32,
  begin: i32,
  end: i32,
): void {
  if (t != F32) unreachable();
  gruRows(h, gates, state, before, hidden, begin, end);
}

function gruRowBackward(
  dGates: usize,
  dState: usize,
  dHidden: usize,
  gates: usize,
  state: usize,
  before: usize,
  hidden: i32,
): void {
  const stride = (<usize>hidden) << 2;
  for (let j = 0; j < hidden; j += 4) {
    const k = hidden - j;
    const g = at<f32>(gates, j);
    const d = at<f32>(dGates, j);
    const s = at<f32>(dState, j);
    const reset = loadLanes<f32>(g, k, zeros());
    const update = loadLanes<f32>(g + stride, k, zeros());
    const fresh = loadLanes<f32>(g + 2 * stride, k, zeros());
    const own = loadLanes<f32>(at<f32>(state, j) + 2 * stride, k, zeros());
    const old = loadLanes<f32>(at<f32>(before, j), k, zeros());
    const dh = loadLanes<f32>(at<f32>(dHidden, j), k, zeros());
    const kept = f32x4.mul(dh, update);
    const dNew = f32x4.mul(f32x4.sub(dh, kept), tanhSlope(fresh));
    const dUpdate = f32x4.mul(f32x4.mul(dh, f32x4.sub(old, fresh)), sigmoidSlope(update));
    const dReset = f32x4.mul(f32x4.mul(dNew, own), sigmoidSlope(reset));
    storeLanes<f32>(d, dReset, k);
    storeLanes<f32>(d + stride, dUpdate, k);
    storeLanes<f32>(d + 2 * stride, dNew, k);
    storeLanes<f32>(s, dReset, k);
    storeLanes<f32>(s + stride, dUpdate, k);
    storeLanes<f32>(s + 2 * stride, f32x4.mul(dNew, reset), k);
    storeLanes<f32>(at<f32>(dHidden, j), kept, k);
  }
}

function gruRowsBackward(
  dGates: usize,
  dState: usize,
  dHidden: usize,
  gates: usize,
  state: usize,
  before: usize,
  hidden: i32,
  begin: i32,
  end: i32,
): void {
  for (let r = begin; r < end; r++) {
    const row = r * hidden;
    gruRowBackward(
      at<f32>(dGates, 3 * row),
      at<f32>(dState, 3 * row),
      at<f32>(dHidden, row),
      at<f32>(gates, 3 * row),
      at<f32>(state, 3 * row),
      at<f32>(before, row),
      hidden,
    );
  }
}

/**
 * The gradients of both parts of the gates before activation. `dHidden` holds the gradient of the new state and gets the part of it that
 * goes to the state `before` directly.
 */
export function gruCellBackward(
  t: i32,
  dGates: usize,
  dState: usize,
  dHidden: usize,
  gates: usize,
  state: usize,
  before: usize,
  hidden: i32,
  begin: i32,
  end: i32,
): void {
  if (t != F32) unreachable();
  gruRowsBackward(dGates, dState, dHidden, gates, state, before, hidden, begin, end);
}
