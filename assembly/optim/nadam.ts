/** One step of NAdam and RAdam, which correct the averages of Adam otherwise; conventions as in `descent.ts`. */
import { F32, F64 } from "../common/dtype";
import { lanes } from "../common/simd";
import { addRatio, average, averageSquare, flipMask, gradient, read, splat, wholeEnd, write } from "./step";

// @ts-ignore: decorator
@inline
function nadamAt<T>(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  i: i32,
  k: i32,
  gradScale: v128,
  meanScale: v128,
  keep1: v128,
  fresh1: v128,
  keep2: v128,
  fresh2: v128,
  bias2: v128,
  eps: v128,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = read<T>(p, i, k);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  const mean = average<T>(read<T>(m, i, k), keep1, d, fresh1);
  const square = averageSquare<T>(read<T>(v, i, k), keep2, d, fresh2);
  write<T>(m, i, mean, k);
  write<T>(v, i, square, k);
  const root = v128.add<T>(v128.sqrt<T>(v128.div<T>(square, bias2)), eps);
  write<T>(p, i, addRatio<T>(addRatio<T>(w, gradScale, d, root), meanScale, mean, root), k);
}

function nadamStep<T>(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  gradScale: f64,
  meanScale: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  bias2: f64,
  begin: i32,
  end: i32,
): void {
  const downGrad = splat<T>(-gradScale),
    downMean = splat<T>(-meanScale),
    bias = splat<T>(bias2),
    least = splat<T>(eps);
  const keep1 = splat<T>(beta1),
    fresh1 = splat<T>(1 - beta1),
    keep2 = splat<T>(beta2),
    fresh2 = splat<T>(1 - beta2);
  const decays = weightDecay != 0,
    decay = splat<T>(weightDecay),
    flip = flipMask<T>(maximize);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    nadamAt<T>(
      p,
      g,
      m,
      v,
      i,
      lanes<T>(),
      downGrad,
      downMean,
      keep1,
      fresh1,
      keep2,
      fresh2,
      bias,
      least,
      decays,
      decay,
      flip,
    );
  }
  if (whole < end) {
    nadamAt<T>(
      p,
      g,
      m,
      v,
      whole,
      end - whole,
      downGrad,
      downMean,
      keep1,
      fresh1,
      keep2,
      fresh2,
      bias,
      least,
      decays,
      decay,
      flip,
    );
  }
}

/**
 * With M the product of all mu so far: gradScale = lr (1 - mu) / (1 - M), meanScale = lr muNext / (1 - M mu muNext)
 * (PyTorch 1.13 counts mu twice there), bias2 = 1 - beta2^step. @see torch.optim.NAdam
 */
export function nadam(
  t: i32,
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  gradScale: f64,
  meanScale: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  bias2: f64,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    return nadamStep<f32>(
      p,
      g,
      m,
      v,
      gradScale,
      meanScale,
      beta1,
      beta2,
      eps,
      weightDecay,
      maximize,
      bias2,
      begin,
      end,
    );
  }
  if (t == F64) {
    return nadamStep<f64>(
      p,
      g,
      m,
      v,
      gradScale,
      meanScale,
      beta1,
      beta2,
      eps,
      weightDecay,
      maximize,
      bias2,
      begin,
      end,
    );
  }
  unreachable();
}

// @ts-ignore: decorator
@inline
function radamAt<T>(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  i: i32,
  k: i32,
  scale: v128,
  rectifies: bool,
  keep1: v128,
  fresh1: v128,
  keep2: v128,
  fresh2: v128,
  eps: v128,
  decays: bool,
  decay: v128,
  flip: v128,
): void {
  const w = read<T>(p, i, k);
  const d = gradient<T>(g, w, i, k, flip, decays, decay);
  const mean = average<T>(read<T>(m, i, k), keep1, d, fresh1);
  const square = averageSquare<T>(read<T>(v, i, k), keep2, d, fresh2);
  write<T>(m, i, mean, k);
  write<T>(v, i, square, k);
  let step = v128.mul<T>(mean, scale);
  if (rectifies) step = v128.div<T>(step, v128.add<T>(v128.sqrt<T>(square), eps));
  write<T>(p, i, v128.sub<T>(w, step), k);
}

function radamStep<T>(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  scale: f64,
  rectified: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  const rectifies = rectified != 0,
    rate = splat<T>(rectifies ? scale * rectified : scale),
    least = splat<T>(eps);
  const keep1 = splat<T>(beta1),
    fresh1 = splat<T>(1 - beta1),
    keep2 = splat<T>(beta2),
    fresh2 = splat<T>(1 - beta2);
  const decays = weightDecay != 0,
    decay = splat<T>(weightDecay),
    flip = flipMask<T>(maximize);
  const whole = wholeEnd<T>(begin, end);
  for (let i = begin; i < whole; i += lanes<T>()) {
    radamAt<T>(p, g, m, v, i, lanes<T>(), rate, rectifies, keep1, fresh1, keep2, fresh2, least, decays, decay, flip);
  }
  if (whole < end) {
    radamAt<T>(
      p,
      g,
      m,
      v,
      whole,
      end - whole,
      rate,
      rectifies,
      keep1,
      fresh1,
      keep2,
      fresh2,
      least,
      decays,
      decay,
      flip,
    );
  }
}

/**
 * scale = lr / (1 - beta1^step); rectified = rect sqrt(1 - beta2^step), or 0 while the variance is intractable
 * (rho <= 5). @see torch.optim.RAdam
 */
export function radam(
  t: i32,
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  scale: f64,
  rectified: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  maximize: i32,
  begin: i32,
  end: i32,
): void {
  if (t == F32) {
    return radamStep<f32>(p, g, m, v, scale, rectified, beta1, beta2, eps, weightDecay, maximize, begin, end);
  }
  if (t == F64) {
    return radamStep<f64>(p, g, m, v, scale, rectified, beta1, beta2, eps, weightDecay, maximize, begin, end);
  }
  unreachable();
}
