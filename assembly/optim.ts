/**
 * One step of each optimizer over elements [begin, end) of a parameter p, its gradient g and its state, in place and in
 * one pass. The operations and their order are PyTorch's; what depends on the step number alone comes in as a scalar.
 * Floats. `maximize` takes -g for the gradient; `weightDecay` adds its multiple of p to it.
 */
import { F32, F64 } from "./dtype";
import { at, loadLanes, storeLanes, zeros } from "./rows";
import { fma2, fma4, lanes } from "./simd";

/** a b + c. */
// @ts-ignore: decorator
@inline
function fma<T>(a: v128, b: v128, c: v128): v128 {
  return sizeof<T>() == 4 ? fma4(a, b, c) : fma2(a, b, c);
}

// @ts-ignore: decorator
@inline
function splat<T>(x: f64): v128 {
  return v128.splat<T>(<T>x);
}

// @ts-ignore: decorator
@inline
function read<T>(p: usize, i: i32, k: i32): v128 {
  return loadLanes<T>(at<T>(p, i), k, zeros());
}

// @ts-ignore: decorator
@inline
function write<T>(p: usize, i: i32, v: v128, k: i32): void {
  storeLanes<T>(at<T>(p, i), v, k);
}

/** The gradient that an optimizer sees: g or -g, with weight decay. */
// @ts-ignore: decorator
@inline
function gradient<T>(g: usize, p: v128, i: i32, k: i32, maximize: i32, weightDecay: f64): v128 {
  let v = read<T>(g, i, k);
  if (maximize) v = v128.neg<T>(v);
  return weightDecay == 0 ? v : fma<T>(splat<T>(weightDecay), p, v);
}

/** decay a + (1 - decay) x: a running average. */
// @ts-ignore: decorator
@inline
function average<T>(a: v128, decay: f64, x: v128): v128 {
  return fma<T>(splat<T>(1 - decay), x, v128.mul<T>(a, splat<T>(decay)));
}

/** decay a + (1 - decay) x^2. */
// @ts-ignore: decorator
@inline
function averageSquare<T>(a: v128, decay: f64, x: v128): v128 {
  return fma<T>(v128.mul<T>(splat<T>(1 - decay), x), x, v128.mul<T>(a, splat<T>(decay)));
}

/** p + scale a / b. */
// @ts-ignore: decorator
@inline
function addRatio<T>(p: v128, scale: f64, a: v128, b: v128): v128 {
  return v128.add<T>(p, v128.div<T>(v128.mul<T>(splat<T>(scale), a), b));
}

// ---- SGD ------------------------------------------------------------------------------------------------------------

function sgdStep<T>(
  p: usize, g: usize, buf: usize, lr: f64, momentum: f64, dampening: f64, weightDecay: f64, nesterov: i32,
  maximize: i32, first: i32, begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    let d = gradient<T>(g, w, i, k, maximize, weightDecay);
    if (buf) {
      const kept = first ? d : v128.mul<T>(read<T>(buf, i, k), splat<T>(momentum));
      const b = first ? d : fma<T>(splat<T>(1 - dampening), d, kept);
      write<T>(buf, i, b, k);
      d = nesterov ? fma<T>(splat<T>(momentum), b, d) : b;
    }
    write<T>(p, i, fma<T>(splat<T>(-lr), d, w), k);
  }
}

/** `buf` is the momentum buffer, or 0 without momentum; `first`: this step initialises it. @see torch.optim.SGD */
export function sgd(
  t: i32, p: usize, g: usize, buf: usize, lr: f64, momentum: f64, dampening: f64, weightDecay: f64, nesterov: i32,
  maximize: i32, first: i32, begin: i32, end: i32,
): void {
  if (t == F32) {
    return sgdStep<f32>(p, g, buf, lr, momentum, dampening, weightDecay, nesterov, maximize, first, begin, end);
  }
  if (t == F64) {
    return sgdStep<f64>(p, g, buf, lr, momentum, dampening, weightDecay, nesterov, maximize, first, begin, end);
  }
  unreachable();
}

// ---- Adam and its kin -----------------------------------------------------------------------------------------------

function adamStep<T>(
  p: usize, g: usize, m: usize, v: usize, vMax: usize, lr: f64, beta1: f64, beta2: f64, eps: f64, weightDecay: f64,
  decoupled: i32, maximize: i32, bias1: f64, bias2: f64, begin: i32, end: i32,
): void {
  const rootBias2 = Math.sqrt(bias2);
  const coupled = decoupled ? 0 : weightDecay;
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    let w = read<T>(p, i, k);
    if (decoupled) w = v128.mul<T>(w, splat<T>(1 - lr * weightDecay));
    const d = gradient<T>(g, w, i, k, maximize, coupled);
    const mean = average<T>(read<T>(m, i, k), beta1, d);
    let square = averageSquare<T>(read<T>(v, i, k), beta2, d);
    write<T>(m, i, mean, k);
    write<T>(v, i, square, k);
    if (vMax) {
      square = v128.max<T>(read<T>(vMax, i, k), square);
      write<T>(vMax, i, square, k);
    }
    const root = v128.div<T>(v128.sqrt<T>(square), splat<T>(rootBias2));
    write<T>(p, i, addRatio<T>(w, -lr / bias1, mean, v128.add<T>(root, splat<T>(eps))), k);
  }
}

/**
 * Adam; AdamW where `decoupled`. m and v are the averages of g and g^2, vMax the largest v so far (amsgrad) or 0.
 * bias1 = 1 - beta1^step, bias2 = 1 - beta2^step. @see torch.optim.Adam
 */
export function adam(
  t: i32, p: usize, g: usize, m: usize, v: usize, vMax: usize, lr: f64, beta1: f64, beta2: f64, eps: f64,
  weightDecay: f64, decoupled: i32, maximize: i32, bias1: f64, bias2: f64, begin: i32, end: i32,
): void {
  if (t == F32) {
    return adamStep<f32>(
      p, g, m, v, vMax, lr, beta1, beta2, eps, weightDecay, decoupled, maximize, bias1, bias2, begin, end,
    );
  }
  if (t == F64) {
    return adamStep<f64>(
      p, g, m, v, vMax, lr, beta1, beta2, eps, weightDecay, decoupled, maximize, bias1, bias2, begin, end,
    );
  }
  unreachable();
}

function adamaxStep<T>(
  p: usize, g: usize, m: usize, u: usize, scale: f64, beta1: f64, beta2: f64, eps: f64, weightDecay: f64,
  maximize: i32, begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    const d = gradient<T>(g, w, i, k, maximize, weightDecay);
    const mean = average<T>(read<T>(m, i, k), beta1, d);
    const decayed = v128.mul<T>(read<T>(u, i, k), splat<T>(beta2));
    const bound = v128.max<T>(decayed, v128.add<T>(v128.abs<T>(d), splat<T>(eps)));
    write<T>(m, i, mean, k);
    write<T>(u, i, bound, k);
    write<T>(p, i, addRatio<T>(w, -scale, mean, bound), k);
  }
}

/** u is the infinity norm, scale = lr / (1 - beta1^step). @see torch.optim.Adamax */
export function adamax(
  t: i32, p: usize, g: usize, m: usize, u: usize, scale: f64, beta1: f64, beta2: f64, eps: f64, weightDecay: f64,
  maximize: i32, begin: i32, end: i32,
): void {
  if (t == F32) return adamaxStep<f32>(p, g, m, u, scale, beta1, beta2, eps, weightDecay, maximize, begin, end);
  if (t == F64) return adamaxStep<f64>(p, g, m, u, scale, beta1, beta2, eps, weightDecay, maximize, begin, end);
  unreachable();
}

function nadamStep<T>(
  p: usize, g: usize, m: usize, v: usize, gradScale: f64, meanScale: f64, beta1: f64, beta2: f64, eps: f64,
  weightDecay: f64, maximize: i32, bias2: f64, begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    const d = gradient<T>(g, w, i, k, maximize, weightDecay);
    const mean = average<T>(read<T>(m, i, k), beta1, d);
    const square = averageSquare<T>(read<T>(v, i, k), beta2, d);
    write<T>(m, i, mean, k);
    write<T>(v, i, square, k);
    const root = v128.add<T>(v128.sqrt<T>(v128.div<T>(square, splat<T>(bias2))), splat<T>(eps));
    write<T>(p, i, addRatio<T>(addRatio<T>(w, -gradScale, d, root), -meanScale, mean, root), k);
  }
}

/**
 * With M the product of all mu so far: gradScale = lr (1 - mu) / (1 - M), meanScale = lr muNext / (1 - M mu muNext)
 * (PyTorch 1.13 counts mu twice there), bias2 = 1 - beta2^step. @see torch.optim.NAdam
 */
export function nadam(
  t: i32, p: usize, g: usize, m: usize, v: usize, gradScale: f64, meanScale: f64, beta1: f64, beta2: f64, eps: f64,
  weightDecay: f64, maximize: i32, bias2: f64, begin: i32, end: i32,
): void {
  if (t == F32) {
    return nadamStep<f32>(
      p, g, m, v, gradScale, meanScale, beta1, beta2, eps, weightDecay, maximize, bias2, begin, end,
    );
  }
  if (t == F64) {
    return nadamStep<f64>(
      p, g, m, v, gradScale, meanScale, beta1, beta2, eps, weightDecay, maximize, bias2, begin, end,
    );
  }
  unreachable();
}

function radamStep<T>(
  p: usize, g: usize, m: usize, v: usize, scale: f64, rectified: f64, beta1: f64, beta2: f64, eps: f64,
  weightDecay: f64, maximize: i32, begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    const d = gradient<T>(g, w, i, k, maximize, weightDecay);
    const mean = average<T>(read<T>(m, i, k), beta1, d);
    const square = averageSquare<T>(read<T>(v, i, k), beta2, d);
    write<T>(m, i, mean, k);
    write<T>(v, i, square, k);
    let step = v128.mul<T>(mean, splat<T>(scale));
    if (rectified != 0) {
      const root = v128.add<T>(v128.sqrt<T>(square), splat<T>(eps));
      step = v128.mul<T>(step, v128.div<T>(splat<T>(rectified), root));
    }
    write<T>(p, i, v128.sub<T>(w, step), k);
  }
}

/**
 * scale = lr / (1 - beta1^step); rectified = rect sqrt(1 - beta2^step), or 0 while the variance is intractable
 * (rho <= 5). @see torch.optim.RAdam
 */
export function radam(
  t: i32, p: usize, g: usize, m: usize, v: usize, scale: f64, rectified: f64, beta1: f64, beta2: f64, eps: f64,
  weightDecay: f64, maximize: i32, begin: i32, end: i32,
): void {
  if (t == F32) {
    return radamStep<f32>(p, g, m, v, scale, rectified, beta1, beta2, eps, weightDecay, maximize, begin, end);
  }
  if (t == F64) {
    return radamStep<f64>(p, g, m, v, scale, rectified, beta1, beta2, eps, weightDecay, maximize, begin, end);
  }
  unreachable();
}

function lionStep<T>(
  p: usize, g: usize, m: usize, lr: f64, beta1: f64, beta2: f64, weightDecay: f64, maximize: i32, begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = v128.mul<T>(read<T>(p, i, k), splat<T>(1 - lr * weightDecay));
    const d = gradient<T>(g, w, i, k, maximize, 0);
    const mean = read<T>(m, i, k);
    const direction = average<T>(mean, beta1, d);
    const up = v128.and(v128.lt<T>(direction, zeros()), splat<T>(lr));
    const down = v128.and(v128.gt<T>(direction, zeros()), splat<T>(lr));
    write<T>(p, i, v128.sub<T>(v128.add<T>(w, up), down), k);
    write<T>(m, i, average<T>(mean, beta2, d), k);
  }
}

/** m is the average of g; the step is the sign of its mixture with g. @see Symbolic Discovery of Optimization Algorithms (Chen et al., 2023) */
export function lion(
  t: i32, p: usize, g: usize, m: usize, lr: f64, beta1: f64, beta2: f64, weightDecay: f64, maximize: i32,
  begin: i32, end: i32,
): void {
  if (t == F32) return lionStep<f32>(p, g, m, lr, beta1, beta2, weightDecay, maximize, begin, end);
  if (t == F64) return lionStep<f64>(p, g, m, lr, beta1, beta2, weightDecay, maximize, begin, end);
  unreachable();
}

// ---- Others that scale by past squares ------------------------------------------------------------------------------

function adagradStep<T>(
  p: usize, g: usize, sum: usize, lr: f64, eps: f64, weightDecay: f64, maximize: i32, begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    const d = gradient<T>(g, w, i, k, maximize, weightDecay);
    const square = fma<T>(d, d, read<T>(sum, i, k));
    write<T>(sum, i, square, k);
    write<T>(p, i, addRatio<T>(w, -lr, d, v128.add<T>(v128.sqrt<T>(square), splat<T>(eps))), k);
  }
}

/** lr has its decay, lr / (1 + (step - 1) lrDecay). @see torch.optim.Adagrad */
export function adagrad(
  t: i32, p: usize, g: usize, sum: usize, lr: f64, eps: f64, weightDecay: f64, maximize: i32, begin: i32, end: i32,
): void {
  if (t == F32) return adagradStep<f32>(p, g, sum, lr, eps, weightDecay, maximize, begin, end);
  if (t == F64) return adagradStep<f64>(p, g, sum, lr, eps, weightDecay, maximize, begin, end);
  unreachable();
}

function rmspropStep<T>(
  p: usize, g: usize, v: usize, mean: usize, buf: usize, lr: f64, alpha: f64, eps: f64, weightDecay: f64,
  momentum: f64, maximize: i32, begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    const d = gradient<T>(g, w, i, k, maximize, weightDecay);
    let square = averageSquare<T>(read<T>(v, i, k), alpha, d);
    write<T>(v, i, square, k);
    if (mean) {
      const a = average<T>(read<T>(mean, i, k), alpha, d);
      write<T>(mean, i, a, k);
      square = v128.sub<T>(square, v128.mul<T>(a, a));
    }
    const root = v128.add<T>(v128.sqrt<T>(square), splat<T>(eps));
    if (buf) {
      const b = addRatio<T>(v128.mul<T>(read<T>(buf, i, k), splat<T>(momentum)), 1, d, root);
      write<T>(buf, i, b, k);
      write<T>(p, i, fma<T>(splat<T>(-lr), b, w), k);
    } else write<T>(p, i, addRatio<T>(w, -lr, d, root), k);
  }
}

/** `mean` is the average gradient, or 0 if not centered; `buf` the momentum buffer, or 0. @see torch.optim.RMSprop */
export function rmsprop(
  t: i32, p: usize, g: usize, v: usize, mean: usize, buf: usize, lr: f64, alpha: f64, eps: f64, weightDecay: f64,
  momentum: f64, maximize: i32, begin: i32, end: i32,
): void {
  if (t == F32) {
    return rmspropStep<f32>(p, g, v, mean, buf, lr, alpha, eps, weightDecay, momentum, maximize, begin, end);
  }
  if (t == F64) {
    return rmspropStep<f64>(p, g, v, mean, buf, lr, alpha, eps, weightDecay, momentum, maximize, begin, end);
  }
  unreachable();
}

function adadeltaStep<T>(
  p: usize, g: usize, v: usize, acc: usize, lr: f64, rho: f64, eps: f64, weightDecay: f64, maximize: i32,
  begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    const d = gradient<T>(g, w, i, k, maximize, weightDecay);
    const square = averageSquare<T>(read<T>(v, i, k), rho, d);
    write<T>(v, i, square, k);
    const a = read<T>(acc, i, k);
    const top = v128.sqrt<T>(v128.add<T>(a, splat<T>(eps)));
    const delta = v128.mul<T>(v128.div<T>(top, v128.sqrt<T>(v128.add<T>(square, splat<T>(eps)))), d);
    write<T>(acc, i, averageSquare<T>(a, rho, delta), k);
    write<T>(p, i, fma<T>(splat<T>(-lr), delta, w), k);
  }
}

/** acc is the average of squared steps. @see torch.optim.Adadelta */
export function adadelta(
  t: i32, p: usize, g: usize, v: usize, acc: usize, lr: f64, rho: f64, eps: f64, weightDecay: f64, maximize: i32,
  begin: i32, end: i32,
): void {
  if (t == F32) return adadeltaStep<f32>(p, g, v, acc, lr, rho, eps, weightDecay, maximize, begin, end);
  if (t == F64) return adadeltaStep<f64>(p, g, v, acc, lr, rho, eps, weightDecay, maximize, begin, end);
  unreachable();
}

// ---- Averaged SGD, resilient backpropagation ------------------------------------------------------------------------

function asgdStep<T>(
  p: usize, g: usize, ax: usize, eta: f64, lambd: f64, mu: f64, weightDecay: f64, maximize: i32,
  begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    const w = read<T>(p, i, k);
    const d = gradient<T>(g, w, i, k, maximize, weightDecay);
    const next = fma<T>(splat<T>(-eta), d, v128.mul<T>(w, splat<T>(1 - lambd * eta)));
    const a = read<T>(ax, i, k);
    const mean = mu == 1 ? next : fma<T>(v128.sub<T>(next, a), splat<T>(mu), a);
    write<T>(p, i, next, k);
    write<T>(ax, i, mean, k);
  }
}

/** ax is the averaged parameter, eta and mu the step's own rates. @see torch.optim.ASGD */
export function asgd(
  t: i32, p: usize, g: usize, ax: usize, eta: f64, lambd: f64, mu: f64, weightDecay: f64, maximize: i32,
  begin: i32, end: i32,
): void {
  if (t == F32) return asgdStep<f32>(p, g, ax, eta, lambd, mu, weightDecay, maximize, begin, end);
  if (t == F64) return asgdStep<f64>(p, g, ax, eta, lambd, mu, weightDecay, maximize, begin, end);
  unreachable();
}

function rpropStep<T>(
  p: usize, g: usize, prev: usize, step: usize, etaMinus: f64, etaPlus: f64, least: f64, most: f64, maximize: i32,
  begin: i32, end: i32,
): void {
  for (let i = begin; i < end; i += lanes<T>()) {
    const k = end - i;
    let d = gradient<T>(g, zeros(), i, k, maximize, 0);
    const agreement = v128.mul<T>(d, read<T>(prev, i, k));
    const same = v128.gt<T>(agreement, zeros()), opposite = v128.lt<T>(agreement, zeros());
    let factor = v128.bitselect(splat<T>(etaPlus), splat<T>(1), same);
    factor = v128.bitselect(splat<T>(etaMinus), factor, opposite);
    const grown = v128.mul<T>(read<T>(step, i, k), factor);
    const size = v128.min<T>(v128.max<T>(grown, splat<T>(least)), splat<T>(most));
    d = v128.andnot(d, opposite);
    const up = v128.and(v128.lt<T>(d, zeros()), size), down = v128.and(v128.gt<T>(d, zeros()), size);
    write<T>(p, i, v128.sub<T>(v128.add<T>(read<T>(p, i, k), up), down), k);
    write<T>(prev, i, d, k);
    write<T>(step, i, size, k);
  }
}

/** `step` holds each element's step size, `prev` the last gradient. @see torch.optim.Rprop */
export function rprop(
  t: i32, p: usize, g: usize, prev: usize, step: usize, etaMinus: f64, etaPlus: f64, least: f64, most: f64,
  maximize: i32, begin: i32, end: i32,
): void {
  if (t == F32) return rpropStep<f32>(p, g, prev, step, etaMinus, etaPlus, least, most, maximize, begin, end);
  if (t == F64) return rpropStep<f64>(p, g, prev, step, etaMinus, etaPlus, least, most, maximize, begin, end);
  unreachable();
}
