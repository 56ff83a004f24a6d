/**
 * One step of the optimizers that follow the gradient or its sign, over elements [begin, end) of a parameter p, its
 * gradient g and its state, in place and in one pass. The operations and their order are PyTorch's; what depends on the
 * step number alone comes in as a scalar. Floats. `maximize` takes -g for the gradient; `weightDecay` adds its multiple
 * of p to it.
 *
 * Every `…At` does k elements from i on: whole vectors in a loop that knows it, then the rest.
 */
import { F32, F64 } from "../common/dtype";
import { zeros } from "../common/rows";
import { lanes } from "../common/simd";
import { average, flipMask, fma, gradient, read, splat, wholeEnd, write } from "./step";

// ---- SGD ------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function sgdAt<T>(
  p: usize,
  g: usize,
  buf: usize,
  i: i32,
  k: i32,
  rate: v128,
  momentum: v128,
  fresh: v128,
  decays: bool,
  decay: v128,
  nesterov: i32,
  flip: v128,
  first: i32,
): void {
  const w = read<T>(p, i, k);
  let d = gradient<T>(g, w, i, k, flip, decays, decay);
  if (buf) {
    const b = first ? d : average<T>(read<T>(buf, i, k), momentum, d, fresh);
    write<T>(buf, i, b, k);
    d = nesterov ? fma<T>(momentum, b, d) : b;
  }
  write<T>(p, i, fma<T>(rate, d, w), k);
}

function sgdStep<T>(
  p: usize,
  g: usize,
  buf: usize,
  lr: f64,
  momentum: f64,
  dampening: f64,
  weightDecay: f64,
  nesterov: i32,
  maximize: i32,
  first: i32,
  begin: i32,
  end: i32,
): void {
  const rate = splat<T>(-lr),
    mass = splat<T>(momentum),
    fresh = splat<T>(1 - dampening);
  const flip = flipMask<T>(maximize),
    decays = weightDecay != 0,
    decay = splat<T>(weightDecay);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    sgdAt<T>(p, g, buf, i, lanes<T>(), rate, mass, fresh, decays, decay, nesterov, flip, first);
  }
  if (whole < end) sgdAt<T>(p, g, buf, whole, end - whole, rate, mass, fresh, decays, decay, nesterov, flip, first);
}

/** `buf` is the momentum buffer, or 0 without momentum; `first`: this step initializes it. @see torch.optim.SGD */
export function sgd(
  t: i32,
  p: usize,
  g: usize,
  buf: usize,
  lr: f64,
  momentum: f64,
  dampening: f64,
  weightDecay: f64,
  nesterov: i32,
  maximize: i32,
  first: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    return sgdStep<f32>(p, g, buf, lr, momentum, dampening, weightDecay, nesterov, maximize, first, begin, end);
  }
  if (t == F64) {
    return sgdStep<f64>(p, g, buf, lr, momentum, dampening, weightDecay, nesterov, maximize, first, begin, end);
  }
  unreachable();
}

// ---- Averaged SGD ---------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function asgdAt<T>(
  p: usize,
  g: usize,
  ax: usize,
  i: i32,
  k: i32,
  rate: v128,
  shrink: v128,
  share: v128,
  averages: bool,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = read<T>(p, i, k);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  const next = fma<T>(rate, d, v128.mul<T>(w, shrink));
  write<T>(p, i, next, k);
  if (!averages) return write<T>(ax, i, next, k);
  const a = read<T>(ax, i, k);
  write<T>(ax, i, fma<T>(v128.sub<T>(next, a), share, a), k);
}

function asgdStep<T>(
  p: usize,
  g: usize,
  ax: usize,
  eta: f64,
  lambd: f64,
  mu: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const rate = splat<T>(-eta),
    shrink = splat<T>(1 - lambd * eta),
    share = splat<T>(mu),
    averages = mu != 1;
  const flip = flipMask<T>(maximize),
    decays = weightDecay != 0,
    decay = splat<T>(weightDecay);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    asgdAt<T>(p, g, ax, i, lanes<T>(), rate, shrink, share, averages, decays, decay, flip);
  }
  if (whole < end) asgdAt<T>(p, g, ax, whole, end - whole, rate, shrink, share, averages, decays, decay, flip);
}

/** ax is the averaged parameter, eta and mu the step's own rates. @see torch.optim.ASGD */
export function asgd(
  t: i32,
  p: usize,
  g: usize,
  ax: usize,
  eta: f64,
  lambd: f64,
  mu: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return asgdStep<f32>(p, g, ax, eta, lambd, mu, weightDecay, maximize, begin, end);
  if (t == F64) return asgdStep<f64>(p, g, ax, eta, lambd, mu, weightDecay, maximize, begin, end);
  unreachable();
}

// ---- Steps along the sign -------------------------------------------------------------------------------------------

/** w - size sign(d). */
// @ts-ignore: decorator
@inline
function stepAgainst<T>(w: v128, d: v128, size: v128): v128 {
  const up = v128.and(v128.lt<T>(d, zeros()), size),
    down = v128.and(v128.gt<T>(d, zeros()), size);
  return v128.sub<T>(v128.add<T>(w, up), down);
}

// @ts-ignore: decorator
@inline
function lionAt<T>(
  p: usize,
  g: usize,
  m: usize,
  i: i32,
  k: i32,
  rate: v128,
  shrink: v128,
  keep1: v128,
  fresh1: v128,
  keep2: v128,
  fresh2: v128,
  flip: v128,
): void {
  const d = v128.xor(read<T>(g, i, k), flip);
  const mean = read<T>(m, i, k);
  const w = v128.mul<T>(read<T>(p, i, k), shrink);
  write<T>(p, i, stepAgainst<T>(w, average<T>(mean, keep1, d, fresh1), rate), k);
  write<T>(m, i, average<T>(mean, keep2, d, fresh2), k);
}

function lionStep<T>(
  p: usize,
  g: usize,
  m: usize,
  lr: f64,
  beta1: f64,
  beta2: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const rate = splat<T>(lr),
    shrink = splat<T>(1 - lr * weightDecay),
    flip = flipMask<T>(maximize);
  const keep1 = splat<T>(beta1),
    fresh1 = splat<T>(1 - beta1),
    keep2 = splat<T>(beta2),
    fresh2 = splat<T>(1 - beta2);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    lionAt<T>(p, g, m, i, lanes<T>(), rate, shrink, keep1, fresh1, keep2, fresh2, flip);
  }
  if (whole < end) lionAt<T>(p, g, m, whole, end - whole, rate, shrink, keep1, fresh1, keep2, fresh2, flip);
}

/**
 * m is the average of g; the step is the sign of its mixture with g, and weight decay is decoupled.
 * @see Symbolic Discovery of Optimization Algorithms (Chen et al., 2023)
 */
export function lion(
  t: i32,
  p: usize,
  g: usize,
  m: usize,
  lr: f64,
  beta1: f64,
  beta2: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return lionStep<f32>(p, g, m, lr, beta1, beta2, weightDecay, maximize, begin, end);
  if (t == F64) return lionStep<f64>(p, g, m, lr, beta1, beta2, weightDecay, maximize, begin, end);
  unreachable();
}

// @ts-ignore: decorator
@inline
function rpropAt<T>(
  p: usize,
  g: usize,
  prev: usize,
  step: usize,
  i: i32,
  k: i32,
  shrink: v128,
  grow: v128,
  least: v128,
  most: v128,
  flip: v128,
): void {
  const d = v128.xor(read<T>(g, i, k), flip);
  const agreement = v128.mul<T>(d, read<T>(prev, i, k));
  const same = v128.gt<T>(agreement, zeros()),
    opposite = v128.lt<T>(agreement, zeros());
  const factor = v128.bitselect(shrink, v128.bitselect(grow, splat<T>(1), same), opposite);
  const grown = v128.mul<T>(read<T>(step, i, k), factor);
  const size = v128.min<T>(v128.max<T>(grown, least), most);
  const kept = v128.andnot(d, opposite);
  write<T>(p, i, stepAgainst<T>(read<T>(p, i, k), kept, size), k);
  write<T>(prev, i, kept, k);
  write<T>(step, i, size, k);
}

function rpropStep<T>(
  p: usize,
  g: usize,
  prev: usize,
  step: usize,
  etaMinus: f64,
  etaPlus: f64,
  least: f64,
  most: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const shrink = splat<T>(etaMinus),
    grow = splat<T>(etaPlus),
    low = splat<T>(least),
    high = splat<T>(most);
  const flip = flipMask<T>(maximize);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    rpropAt<T>(p, g, prev, step, i, lanes<T>(), shrink, grow, low, high, flip);
  }
  if (whole < end) rpropAt<T>(p, g, prev, step, whole, end - whole, shrink, grow, low, high, flip);
}

/** `step` holds each element's step size, `prev` the last gradient. @see torch.optim.Rprop */
export function rprop(
  t: i32,
  p: usize,
  g: usize,
  prev: usize,
  step: usize,
  etaMinus: f64,
  etaPlus: f64,
  least: f64,
  most: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return rpropStep<f32>(p, g, prev, step, etaMinus, etaPlus, least, most, maximize, begin, end);
  if (t == F64) return rpropStep<f64>(p, g, prev, step, etaMinus, etaPlus, least, most, maximize, begin, end);
  unreachable();
}
