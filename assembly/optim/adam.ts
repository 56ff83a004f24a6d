/** One step of Adam and Adamax; conventions as in `descent.ts`. m and v are the averages of g and of g². */
import { F32, F64 } from "../common/dtype";
import { lanes } from "../common/simd";
import { addRatio, average, averageSquare, flipMask, gradient, read, splat, wholeEnd, write } from "./step";

// @ts-ignore: decorator
@inline
function adamAt<T>(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  vMax: usize,
  i: i32,
  k: i32,
  scale: v128,
  keep1: v128,
  fresh1: v128,
  keep2: v128,
  fresh2: v128,
  eps: v128,
  shrink: v128,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = v128.mul<T>(read<T>(p, i, k), shrink);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  const mean = average<T>(read<T>(m, i, k), keep1, d, fresh1);
  let square = averageSquare<T>(read<T>(v, i, k), keep2, d, fresh2);
  write<T>(m, i, mean, k);
  write<T>(v, i, square, k);
  if (vMax) {
    square = v128.max<T>(read<T>(vMax, i, k), square);
    write<T>(vMax, i, square, k);
  }
  write<T>(p, i, addRatio<T>(w, scale, mean, v128.add<T>(v128.sqrt<T>(square), eps)), k);
}

function adamStep<T>(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  vMax: usize,
  lr: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  decoupled: i32,
  maximize: i32,
  bias1: f64,
  bias2: f64,
  begin: i32,
  end: i32,
): void {
  // lr / bias1 * mean / (root / rootBias2 + eps), with both sides of the fraction multiplied by rootBias2: one division
  // less per vector.
  const rootBias2 = Math.sqrt(bias2);
  const scale = splat<T>((-lr / bias1) * rootBias2),
    least = splat<T>(eps * rootBias2);
  const keep1 = splat<T>(beta1),
    fresh1 = splat<T>(1 - beta1),
    keep2 = splat<T>(beta2),
    fresh2 = splat<T>(1 - beta2);
  const shrink = splat<T>(decoupled ? 1 - lr * weightDecay : 1),
    decays = !decoupled && weightDecay != 0;
  const decay = splat<T>(weightDecay),
    flip = flipMask<T>(maximize);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    adamAt<T>(p, g, m, v, vMax, i, lanes<T>(), scale, keep1, fresh1, keep2, fresh2, least, shrink, decays, decay, flip);
  }
  if (whole < end) {
    adamAt<T>(
      p,
      g,
      m,
      v,
      vMax,
      whole,
      end - whole,
      scale,
      keep1,
      fresh1,
      keep2,
      fresh2,
      least,
      shrink,
      decays,
      decay,
      flip,
    );
  }
}

/**
 * Adam; AdamW where `decoupled`. vMax is the largest v so far (amsgrad) or 0.
 * bias1 = 1 - beta1^step, bias2 = 1 - beta2^step. @see torch.optim.Adam
 */
export function adam(
  t: i32,
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  vMax: usize,
  lr: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  decoupled: i32,
  maximize: i32,
  bias1: f64,
  bias2: f64,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    return adamStep<f32>(
      p,
      g,
      m,
      v,
      vMax,
      lr,
      beta1,
      beta2,
      eps,
      weightDecay,
      decoupled,
      maximize,
      bias1,
      bias2,
      begin,
      end,
    );
  }
  if (t == F64) {
    return adamStep<f64>(
      p,
      g,
      m,
      v,
      vMax,
      lr,
      beta1,
      beta2,
      eps,
      weightDecay,
      decoupled,
      maximize,
      bias1,
      bias2,
      begin,
      end,
    );
  }
  unreachable();
}

// @ts-ignore: decorator
@inline
function adamaxAt<T>(
  p: usize,
  g: usize,
  m: usize,
  u: usize,
  i: i32,
  k: i32,
  scale: v128,
  keep1: v128,
  fresh1: v128,
  keep2: v128,
  eps: v128,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = read<T>(p, i, k);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  const mean = average<T>(read<T>(m, i, k), keep1, d, fresh1);
  const bound = v128.max<T>(v128.mul<T>(read<T>(u, i, k), keep2), v128.add<T>(v128.abs<T>(d), eps));
  write<T>(m, i, mean, k);
  write<T>(u, i, bound, k);
  write<T>(p, i, addRatio<T>(w, scale, mean, bound), k);
}

function adamaxStep<T>(
  p: usize,
  g: usize,
  m: usize,
  u: usize,
  scale: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const down = splat<T>(-scale),
    keep1 = splat<T>(beta1),
    fresh1 = splat<T>(1 - beta1),
    keep2 = splat<T>(beta2);
  const least = splat<T>(eps),
    decays = weightDecay != 0,
    decay = splat<T>(weightDecay),
    flip = flipMask<T>(maximize);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    adamaxAt<T>(p, g, m, u, i, lanes<T>(), down, keep1, fresh1, keep2, least, decays, decay, flip);
  }
  if (whole < end) adamaxAt<T>(p, g, m, u, whole, end - whole, down, keep1, fresh1, keep2, least, decays, decay, flip);
}

/** u is the infinity norm, scale = lr / (1 - beta1^step). @see torch.optim.Adamax */
export function adamax(
  t: i32,
  p: usize,
  g: usize,
  m: usize,
  u: usize,
  scale: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) return adamaxStep<f32>(p, g, m, u, scale, beta1, beta2, eps, weightDecay, maximize, begin, end);
  if (t == F64) return adamaxStep<f64>(p, g, m, u, scale, beta1, beta2, eps, weightDecay, maximize, begin, end);
  unreachable();
}
