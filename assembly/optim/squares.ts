/** One step of the optimizers that divide by past squares alone; conventions as in `descent.ts`. */
import { F32, F64 } from "../common/dtype";
import { lanes } from "../common/simd";
import { addRatio, average, averageSquare, flipMask, fma, gradient, read, splat, wholeEnd, write } from "./step";

// @ts-ignore: decorator
@inline
function adagradAt<T>(
  p: usize,
  g: usize,
  sum: usize,
  i: i32,
  k: i32,
  rate: v128,
  eps: v128,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = read<T>(p, i, k);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  const square = fma<T>(d, d, read<T>(sum, i, k));
  write<T>(sum, i, square, k);
  write<T>(p, i, addRatio<T>(w, rate, d, v128.add<T>(v128.sqrt<T>(square), eps)), k);
}

function adagradStep<T>(
  p: usize,
  g: usize,
  sum: usize,
  lr: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const rate = splat<T>(-lr),
    least = splat<T>(eps);
  const decays = weightDecay != 0,
    decay = splat<T>(weightDecay),
    flip = flipMask<T>(maximize);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    adagradAt<T>(p, g, sum, i, lanes<T>(), rate, least, decays, decay, flip);
  }
  if (whole < end) adagradAt<T>(p, g, sum, whole, end - whole, rate, least, decays, decay, flip);
}

/** lr has its decay, lr / (1 + (step - 1) lrDecay). @see torch.optim.Adagrad */
export function adagrad(
  t: i32,
  p: usize,
  g: usize,
  sum: usize,
  lr: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return adagradStep<f32>(p, g, sum, lr, eps, weightDecay, maximize, begin, end);
  if (t == F64) return adagradStep<f64>(p, g, sum, lr, eps, weightDecay, maximize, begin, end);
  unreachable();
}

// @ts-ignore: decorator
@inline
function rmspropAt<T>(
  p: usize,
  g: usize,
  v: usize,
  mean: usize,
  buf: usize,
  i: i32,
  k: i32,
  rate: v128,
  keep: v128,
  fresh: v128,
  eps: v128,
  momentum: v128,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = read<T>(p, i, k);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  let square = averageSquare<T>(read<T>(v, i, k), keep, d, fresh);
  write<T>(v, i, square, k);
  if (mean) {
    const a = average<T>(read<T>(mean, i, k), keep, d, fresh);
    write<T>(mean, i, a, k);
    square = v128.sub<T>(square, v128.mul<T>(a, a));
  }
  const root = v128.add<T>(v128.sqrt<T>(square), eps);
  if (!buf) return write<T>(p, i, addRatio<T>(w, rate, d, root), k);
  const b = v128.add<T>(v128.mul<T>(read<T>(buf, i, k), momentum), v128.div<T>(d, root));
  write<T>(buf, i, b, k);
  write<T>(p, i, fma<T>(rate, b, w), k);
}

function rmspropStep<T>(
  p: usize,
  g: usize,
  v: usize,
  mean: usize,
  buf: usize,
  lr: f64,
  alpha: f64,
  eps: f64,
  weightDecay: f64,
  momentum: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const rate = splat<T>(-lr),
    keep = splat<T>(alpha),
    fresh = splat<T>(1 - alpha),
    least = splat<T>(eps);
  const mass = splat<T>(momentum),
    flip = flipMask<T>(maximize);
  const decays = weightDecay != 0,
    decay = splat<T>(weightDecay);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    rmspropAt<T>(p, g, v, mean, buf, i, lanes<T>(), rate, keep, fresh, least, mass, decays, decay, flip);
  }
  if (whole < end) {
    rmspropAt<T>(p, g, v, mean, buf, whole, end - whole, rate, keep, fresh, least, mass, decays, decay, flip);
  }
}

/** `mean` is the average gradient, or 0 if not centered; `buf` the momentum buffer, or 0. @see torch.optim.RMSprop */
export function rmsprop(
  t: i32,
  p: usize,
  g: usize,
  v: usize,
  mean: usize,
  buf: usize,
  lr: f64,
  alpha: f64,
  eps: f64,
  weightDecay: f64,
  momentum: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    return rmspropStep<f32>(p, g, v, mean, buf, lr, alpha, eps, weightDecay, momentum, maximize, begin, end);
  }
  if (t == F64) {
    return rmspropStep<f64>(p, g, v, mean, buf, lr, alpha, eps, weightDecay, momentum, maximize, begin, end);
  }
  unreachable();
}

// @ts-ignore: decorator
@inline
function adadeltaAt<T>(
  p: usize,
  g: usize,
  v: usize,
  acc: usize,
  i: i32,
  k: i32,
  rate: v128,
  keep: v128,
  fresh: v128,
  eps: v128,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = read<T>(p, i, k);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  const square = averageSquare<T>(read<T>(v, i, k), keep, d, fresh);
  write<T>(v, i, square, k);
  const a = read<T>(acc, i, k);
  const top = v128.sqrt<T>(v128.add<T>(a, eps));
  const delta = v128.mul<T>(v128.div<T>(top, v128.sqrt<T>(v128.add<T>(square, eps))), d);
  write<T>(acc, i, averageSquare<T>(a, keep, delta, fresh), k);
  write<T>(p, i, fma<T>(rate, delta, w), k);
}

function adadeltaStep<T>(
  p: usize,
  g: usize,
  v: usize,
  acc: usize,
  lr: f64,
  rho: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const rate = splat<T>(-lr),
    keep = splat<T>(rho),
    fresh = splat<T>(1 - rho),
    least = splat<T>(eps);
  const decays = weightDecay != 0,
    decay = splat<T>(weightDecay),
    flip = flipMask<T>(maximize);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    adadeltaAt<T>(p, g, v, acc, i, lanes<T>(), rate, keep, fresh, least, decays, decay, flip);
  }
  if (whole < end) adadeltaAt<T>(p, g, v, acc, whole, end - whole, rate, keep, fresh, least, decays, decay, flip);
}

/** acc is the average of squared steps. @see torch.optim.Adadelta */
export function adadelta(
  t: i32,
  p: usize,
  g: usize,
  v: usize,
  acc: usize,
  lr: f64,
  rho: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return adadeltaStep<f32>(p, g, v, acc, lr, rho, eps, weightDecay, maximize, begin, end);
  if (t == F64) return adadeltaStep<f64>(p, g, v, acc, lr, rho, eps, weightDecay, maximize, begin, end);
  unreachable();
}
