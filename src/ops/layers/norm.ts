/** Normalization over the batch, over features and over groups. */

import { isGradEnabled, noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { assertNumber, checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkSameDevice, checkTensor } from "../builders/checks";
import { checkFloating, checkSameDType, isHalf, widen, widened } from "../builders/precision";

type Optional = Tensor | null | undefined;

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  /** Scale per channel, [C]. */
  weight?: Optional;
  /** Shift per channel, [C]. */
  bias?: Optional;
  /** Normalize with the statistics of the input, and update the running ones. Default: false. */
  training?: boolean;
  /** Weight of the new statistics in the running ones. Default: 0.1. */
  momentum?: number;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
}

/** x seen as [n, c, inner]. */
interface Channels {
  readonly n: number;
  readonly c: number;
  readonly inner: number;
}

function channelsOf(op: string, x: Tensor, parameters: Readonly<Record<string, Optional>>): Channels {
  checkFloating(op, checkTensor(op, x));
  // A tensor without elements may have any shape, as in PyTorch.
  if (x.ndim < 2 && x.numel() > 0) throw new ShapeError(`${op}: expected at least 2D input (got ${x.ndim}D input)`);
  const c = x.shape[1] ?? 0;
  for (const [name, p] of Object.entries(parameters))
    if (p != null && (checkTensor(op, p, name).numel() !== c || p.ndim !== 1))
      throw new ShapeError(
        `${op}: ${name} should contain ${c} elements not ${p.numel()} (shape ${shapeText(p.shape)})`,
      );
  checkSameDType(op, x, parameters);
  checkSameDevice(op, x, ...Object.values(parameters));
  return { n: x.shape[0]!, c, inner: sizeOfShape(x.shape.slice(2)) };
}

/** Mean and biased variance of each channel. */
function statistics(x: Tensor, { c }: Channels): [mean: Tensor, variance: Tensor] {
  const [mean, variance] = [allocate([c], x.dtype, x), allocate([c], x.dtype, x)];
  x.storage.backend.run("batchNormStatistics", { mean, variance, x });
  return [mean, variance];
}

function updateRunning(running: Optional, value: Tensor, momentum: number): void {
  if (running) noGrad(() => running.mul_(1 - momentum).add_(value.to(running.dtype), { alpha: momentum }));
}

/**
 * Normalizes each channel to mean 0 and variance 1, then scales and shifts it. Shape: [N, C, *], unchanged; channel statistics have shape [C].
 * @see torch.nn.functional.batch_norm (Ioffe and Szegedy, 2015)
 * @throws ValueError in training with one value per channel.
 */
export const batchNorm = named(
  "batchNorm",
  "input, runningMean, runningVar; weight, bias, training, momentum, eps",
  (input: Tensor, runningMean: Optional, runningVar: Optional, options: BatchNormOptions = {}): Tensor => {
    const { weight, bias, training = false } = options;
    const channels = channelsOf("batchNorm", input, { runningMean, runningVar, weight, bias });
    if (input.numel() === 0) return input.clone();
    if (training && channels.n * channels.inner === 1)
      throw new ValueError(
        `batchNorm: Expected more than 1 value per channel when training, got input size ${shapeText(input.shape)}`,
      );
    if (!training && (!runningMean || !runningVar))
      throw new ValueError("batchNorm: expected runningMean and runningVar when training is false");
    if (!isHalf(input.dtype)) return normalizeBatch(input, runningMean, runningVar, options, channels);
    const wide = { ...options, weight: widen(weight ?? null), bias: widen(bias ?? null) };
    return normalizeBatch(input.to("float32"), runningMean, runningVar, wide, channels).to(input.dtype);
  },
);

/** {@link batchNorm} of arguments that have been checked; the parameters have the dtype of the input. */
function normalizeBatch(
  input: Tensor,
  runningMean: Optional,
  runningVar: Optional,
  options: BatchNormOptions,
  channels: Channels,
): Tensor {
  const { weight, bias, training = false, momentum = 0.1, eps = 1e-5 } = options;
  const count = channels.n * channels.inner;
  const x = input.contiguous();
  const [mean, invstd] = noGrad(() => {
    if (!training) return [runningMean!.to(x.dtype).contiguous(), runningVar!.to(x.dtype).add(eps).rsqrt()];
    const [m, v] = statistics(x.detach(), channels);
    updateRunning(runningMean, m, momentum);
    updateRunning(runningVar, v.mul(count / (count - 1)), momentum);
    return [m, v.add(eps).rsqrt()];
  });
  return normalize(x, mean, invstd, weight ?? undefined, bias ?? undefined, training, eps, channels);
}

/** (x − mean) · invstd · weight + bias, where in training the statistics move with x. */
function normalize(
  x: Tensor,
  mean: Tensor,
  invstd: Tensor,
  weight: Tensor | undefined,
  bias: Tensor | undefined,
  training: boolean,
  eps: number,
  channels: Channels,
): Tensor {
  const y = allocate(x.shape, x.dtype, x);
  const [w, b] = [weight?.contiguous(), bias?.contiguous()];
  x.storage.backend.run("batchNorm", { y, x, mean, invstd, weight: w, bias: b });
  const saved = [x, mean, invstd, ...(weight ? [weight] : [])];
  return record("NativeBatchNormBackward0", y, [x, weight, bias], saved, ([g], [input, m, s, scale], needs) =>
    isGradEnabled()
      ? differentiableGrads(g!, input!, m!, s!, scale, training, eps)
      : fusedGrads(g!, input!, m!, s!, scale, training, channels, needs),
  );
}

function fusedGrads(
  g: Tensor,
  x: Tensor,
  mean: Tensor,
  invstd: Tensor,
  weight: Tensor | undefined,
  training: boolean,
  { c }: Channels,
  needs: readonly boolean[],
) {
  const gx = needs[0] ? allocate(x.shape, x.dtype, x) : undefined;
  const gw = needs[1] ? allocate([c], x.dtype, x) : undefined;
  const gb = needs[2] ? allocate([c], x.dtype, x) : undefined;
  x.storage.backend.run("batchNormGradient", {
    gx,
    gweight: gw,
    gbias: gb,
    gy: g.contiguous(),
    x,
    mean,
    invstd,
    weight: weight?.contiguous(),
    training,
  });
  return [gx, gw, gb];
}

/** The same gradients in differentiable ops, for derivatives of higher order. */
function differentiableGrads(
  g: Tensor,
  x: Tensor,
  mean: Tensor,
  invstd: Tensor,
  weight: Tensor | undefined,
  training: boolean,
  eps: number,
) {
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const wide = (v: Tensor) => v.reshape([1, -1, ...x.shape.slice(2).map(() => 1)]);
  // In training the statistics are functions of x, through which second derivatives flow.
  const m = training ? x.mean(axes) : mean;
  const centered = x.sub(wide(m));
  const s = training ? centered.square().mean(axes).add(eps).rsqrt() : invstd;
  const xhat = centered.mul(wide(s));
  const scale = weight ? wide(weight.mul(s)) : wide(s);
  let gx = g.mul(scale);
  if (training) {
    const inner = g.sub(g.mean(axes, { keepdim: true })).sub(xhat.mul(g.mul(xhat).mean(axes, { keepdim: true })));
    gx = inner.mul(scale);
  }
  return [gx, g.mul(xhat).sum(axes), g.sum(axes)];
}

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** Scale, of the normalized shape. */
  weight?: Optional;
  /** Shift, of the normalized shape. */
  bias?: Optional;
  /** Default: 1e-5. */
  eps?: number;
}

/**
 * Normalizes over the last axes, whose sizes are `normalizedShape`. Shape: [*, …normalizedShape], unchanged.
 * @see torch.nn.functional.layer_norm (Ba et al., 2016)
 */
export const layerNorm = named(
  "layerNorm",
  "input, normalizedShape; weight, bias, eps",
  (input: Tensor, normalizedShape: readonly number[], options: LayerNormOptions = {}): Tensor => {
    checkFloating("layerNorm", checkTensor("layerNorm", input));
    const { weight, bias, eps = 1e-5 } = options;
    assertNumber("layerNorm", "eps", eps);
    checkIntegers("layerNorm", "normalizedShape", normalizedShape, 0);
    if (
      normalizedShape.length === 0 ||
      !sameShape(input.shape.slice(input.ndim - normalizedShape.length), normalizedShape)
    )
      throw new ShapeError(
        `layerNorm: given normalizedShape=${shapeText(normalizedShape)}, expected input with shape [*, ${normalizedShape.join(", ")}], but got input of size ${shapeText(input.shape)}`,
      );
    for (const [name, p] of [
      ["weight", weight],
      ["bias", bias],
    ] as const)
      if (p != null && !sameShape(checkTensor("layerNorm", p, name).shape, normalizedShape))
        throw new ShapeError(
          `layerNorm: expected ${name} to be of shape ${shapeText(normalizedShape)}, got ${shapeText(p.shape)}`,
        );
    checkSameDevice("layerNorm", input, weight, bias);
    checkSameDType("layerNorm", input, { weight, bias });
    return widened(input, (x) => normalizeLayer(x, normalizedShape, widen(weight), widen(bias), eps));
  },
);

/** {@link layerNorm} of arguments that have been checked; the parameters have the dtype of the input. */
function normalizeLayer(
  input: Tensor,
  normalizedShape: readonly number[],
  weight: Optional,
  bias: Optional,
  eps: number,
): Tensor {
  const n = sizeOfShape(normalizedShape);
  const x = input.contiguous();
  const lead = [...input.shape.slice(0, input.ndim - normalizedShape.length), ...normalizedShape.map(() => 1)];
  const [y, mean, rstd] = [allocate(x.shape, x.dtype, x), allocate(lead, x.dtype, x), allocate(lead, x.dtype, x)];
  const [w, b] = [weight?.contiguous(), bias?.contiguous()];
  x.storage.backend.run("layerNorm", { y, mean, invstd: rstd, x, weight: w, bias: b, n, eps });
  const saved = [x, mean, rstd, ...(weight ? [weight] : [])];
  return record("NativeLayerNormBackward0", y, [x, weight, bias], saved, ([g], [source, m, r, scale], needs) =>
    isGradEnabled()
      ? layerGradsDifferentiable(g!, source!, scale, normalizedShape, eps)
      : layerGrads(g!, source!, m!, r!, scale, n, normalizedShape, needs),
  );
}

function layerGrads(
  g: Tensor,
  x: Tensor,
  mean: Tensor,
  rstd: Tensor,
  weight: Tensor | undefined,
  n: number,
  shape: readonly number[],
  needs: readonly boolean[],
) {
  const gx = needs[0] ? allocate(x.shape, x.dtype, x) : undefined;
  const gw = needs[1] ? allocate(shape, x.dtype, x) : undefined;
  const gb = needs[2] ? allocate(shape, x.dtype, x) : undefined;
  x.storage.backend.run("layerNormGradient", {
    gx,
    gweight: gw,
    gbias: gb,
    gy: g.contiguous(),
    x,
    mean,
    invstd: rstd,
    weight: weight?.contiguous(),
    n,
  });
  return [gx, gw, gb];
}

/** The same gradients in differentiable ops, for derivatives of higher order. */
function layerGradsDifferentiable(
  g: Tensor,
  x: Tensor,
  weight: Tensor | undefined,
  shape: readonly number[],
  eps: number,
) {
  const own = shape.map((_, i) => x.ndim - shape.length + i);
  const rest = x.shape.flatMap((_, i) => (own.includes(i) ? [] : [i]));
  const centered = x.sub(x.mean(own, { keepdim: true }));
  const s = centered.square().mean(own, { keepdim: true }).add(eps).rsqrt();
  const xhat = centered.mul(s);
  const h = weight ? g.mul(weight) : g;
  const inner = h.sub(h.mean(own, { keepdim: true })).sub(xhat.mul(h.mul(xhat).mean(own, { keepdim: true })));
  const overRows = (v: Tensor) => (rest.length === 0 ? v : v.sum(rest));
  return [inner.mul(s), overRows(g.mul(xhat)), overRows(g)];
}

/** Options of {@link groupNorm}. */
export interface GroupNormOptions {
  /** Scale per channel, [C]. */
  weight?: Optional;
  /** Shift per channel, [C]. */
  bias?: Optional;
  /** Default: 1e-5. */
  eps?: number;
}

/**
 * Normalizes over each of `numGroups` groups of channels. Shape: [N, C, *], unchanged.
 * @see torch.nn.functional.group_norm (Wu and He, 2018)
 */
export const groupNorm = named(
  "groupNorm",
  "input, numGroups; weight, bias, eps",
  (input: Tensor, numGroups: number, options: GroupNormOptions = {}): Tensor => {
    const { weight, bias, eps = 1e-5 } = options;
    const { n, c, inner } = channelsOf("groupNorm", input, { weight, bias });
    checkInteger("groupNorm", "numGroups", numGroups, 1, MAX_COUNT);
    if (c % numGroups !== 0)
      throw new ValueError(
        `groupNorm: expected number of channels in input to be divisible by numGroups, but got input of shape ${shapeText(input.shape)} and numGroups=${numGroups}`,
      );
    const size = (c / numGroups) * inner;
    if (n * size === 1)
      throw new ValueError(
        `groupNorm: Expected more than 1 value per channel when training, got input size ${shapeText(input.shape)}`,
      );
    return widened(input, (x) => {
      const y = layerNorm(x.reshape(n, numGroups, size), [size], { eps }).reshape(input.shape);
      return affine(y, widen(weight), widen(bias));
    });
  },
);

/** y · weight + bias per channel. */
function affine(y: Tensor, weight: Optional, bias: Optional): Tensor {
  const wide = (v: Tensor) => v.reshape([1, -1, ...y.shape.slice(2).map(() => 1)]);
  const scaled = weight ? y.mul(wide(weight)) : y;
  return bias ? scaled.add(wide(bias)) : scaled;
}

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions {
  runningMean?: Optional;
  runningVar?: Optional;
  weight?: Optional;
  bias?: Optional;
  /** Normalize with the statistics of the input instead of the running ones. Default: true. */
  useInputStats?: boolean;
  /** Default: 0.1. */
  momentum?: number;
  /** Default: 1e-5. */
  eps?: number;
}

/**
 * Normalizes each channel of each item. Shape: [N, C, *], unchanged.
 * @see torch.nn.functional.instance_norm (Ulyanov et al., 2016)
 */
export const instanceNorm = named(
  "instanceNorm",
  "input; runningMean, runningVar, weight, bias, useInputStats, momentum, eps",
  (input: Tensor, options: InstanceNormOptions = {}): Tensor => {
    const { runningMean, runningVar, weight, bias, useInputStats = true, momentum = 0.1, eps = 1e-5 } = options;
    const { n, c, inner } = channelsOf("instanceNorm", input, { runningMean, runningVar, weight, bias });
    if (!useInputStats)
      return batchNorm(input, runningMean, runningVar, { weight: weight ?? null, bias: bias ?? null, eps });
    if (inner === 1)
      throw new ValueError(
        `instanceNorm: Expected more than 1 spatial element when training, got input size ${shapeText(input.shape)}`,
      );
    noGrad(() => {
      if (!runningMean && !runningVar) return;
      const flat = widen(input.detach()).reshape(1, n * c, inner);
      const [mean, variance] = statistics(flat.contiguous(), { n: 1, c: n * c, inner });
      updateRunning(runningMean, mean.reshape(n, c).mean(0), momentum);
      updateRunning(
        runningVar,
        variance
          .mul(inner / (inner - 1))
          .reshape(n, c)
          .mean(0),
        momentum,
      );
    });
    return widened(input, (x) => {
      const y = layerNorm(x.reshape(n, c, inner), [inner], { eps }).reshape(input.shape);
      return affine(y, widen(weight), widen(bias));
    });
  },
);
