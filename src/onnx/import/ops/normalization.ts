/** Normalization, dropout and softmax. */

import { sizeOfShape } from "../../../core/shape";
import * as F from "../../../nn/functional/index";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import type { Value } from "../values";
import { arange, full, tensor } from "./make";

/** One value per channel against a tensor with channels at axis 1. */
const perChannel = (x: Tensor, values: Tensor): Tensor =>
  values.reshape([1, -1, ...new Array(Math.max(0, x.ndim - 2)).fill(1)]);

/**
 * Normalizes by the running values of the file, or by those of the batch: as the file says, or as the module's mode does, which then moves the running
 * values as PyTorch does.
 */
function batchNorm(c: Context): Value[] {
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => c.tensor(i)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const eps = c.float("epsilon", 1e-5);
  const momentum = c.float("momentum", 0.9);
  const filed =
    c.version >= 14 ? c.flag("training_mode") : c.version < 7 && c.attributes.has("is_test") && !c.flag("is_test");
  if (c.mode.training === undefined ? !filed : !c.mode.training)
    return [normalized(x, mean, variance, scale, bias, eps)];
  if (c.mode.training) {
    const y = F.batchNorm(x, mean, variance, { weight: scale, bias, training: true, momentum: 1 - momentum, eps });
    return [y, mean, variance];
  }
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const batchMean = x.mean(axes);
  const batchVariance = x.sub(perChannel(x, batchMean)).square().mean(axes);
  const running = (old: Tensor, now: Tensor) => old.mul(momentum).add(now.to(old.dtype).mul(1 - momentum));
  return [
    normalized(x, batchMean, batchVariance, scale, bias, eps),
    running(mean, batchMean),
    running(variance, batchVariance),
    ...(c.version < 9 ? [batchMean, batchVariance] : []),
  ];
}

function normalized(x: Tensor, mean: Tensor, variance: Tensor, scale: Tensor, bias: Tensor, eps: number): Tensor {
  if (x.dtype === mean.dtype && x.dtype === scale.dtype)
    return F.batchNorm(x, mean, variance, { weight: scale, bias, training: false, eps });
  const factor = scale.mul(variance.add(eps).rsqrt());
  return x
    .mul(perChannel(x, factor))
    .add(perChannel(x, bias.sub(mean.mul(factor))))
    .to(x.dtype);
}

/** Over the axes from `axis` on, in float32 unless they are wider. */
function layerNorm(c: Context): Value[] {
  const x = c.x;
  const axis = c.axis("axis", x.ndim, -1);
  const axes = x.shape.flatMap((_, i) => (i < axis ? [] : [i]));
  const wide = x.dtype === "float64" ? x : x.to("float32");
  const mean = wide.mean(axes, true);
  const centered = wide.sub(mean);
  const inverse = centered.square().mean(axes, true).add(c.float("epsilon", 1e-5)).rsqrt();
  const scaled = centered.mul(inverse).to(x.dtype).mul(c.y);
  const bias = c.optional(2);
  return [bias === undefined ? scaled : scaled.add(bias), mean, inverse];
}

function groupNorm(c: Context): Tensor {
  const groups = c.int("num_groups");
  const x = c.x;
  const eps = c.float("epsilon", 1e-5);
  const y = F.groupNorm(x, groups, { eps });
  // Until opset 20 scale and bias were one per group.
  const each = (values: Tensor) =>
    values.shape[0] === x.shape[1] ? values : values.repeatInterleave(x.shape[1]! / values.shape[0]!);
  return y.mul(perChannel(x, each(c.y))).add(perChannel(x, each(c.tensor(2))));
}

function localResponseNorm(c: Context): Tensor {
  const size = c.int("size");
  const [alpha, beta, bias] = [c.float("alpha", 1e-4), c.float("beta", 0.75), c.float("bias", 1)];
  const x = c.x;
  const before = Math.floor((size - 1) / 2);
  const channels = x.shape[1]!;
  const squares = x.square();
  const padding = new Array(2 * (x.ndim - 1)).fill(0);
  padding[padding.length - 2] = before;
  padding[padding.length - 1] = size - 1 - before;
  const sums = F.pad(squares, padding).unfold(1, size, 1).sum(-1).narrow(1, 0, channels);
  return x.div(
    sums
      .mul(alpha / size)
      .add(bias)
      .pow(beta),
  );
}

/** Until opset 12, over all axes from `axis` on as if they were one. */
function softened(name: string, f: (x: Tensor, axis: number) => Tensor): Entry {
  return {
    name,
    run: (c) => {
      const x = c.x;
      const axis = c.axis("axis", x.ndim, c.version < 13 ? 1 : -1);
      if (c.version >= 13 || x.ndim === 0) return f(x, axis);
      const rows = sizeOfShape(x.shape.slice(0, axis));
      return f(x.reshape([rows, rows === 0 ? 0 : x.numel() / rows]), 1).reshape([...x.shape]);
    },
  };
}

const hardmax = (x: Tensor, axis: number): Tensor => {
  const places = arange(x.shape[axis]!, "int64").reshape(x.shape.map((_, i) => (i === axis ? -1 : 1)));
  return places.eq(x.argmax(axis, true)).to(x.dtype);
};

/** Draws a mask if the file or the module's mode says so. */
function dropout(c: Context): Value[] {
  const x = c.x;
  const ratio = c.version >= 12 ? (c.has(1) ? c.scalar(1) : 0.5) : c.float("ratio", 0.5);
  const filed = c.version >= 12 ? c.has(2) && c.scalar(2) !== 0 : c.version < 7 && !c.flag("is_test", true);
  const trains = (c.mode.training ?? filed) && ratio > 0;
  const maskType = c.version >= 10 ? "bool" : x.dtype;
  if (!trains) return c.wants(1) ? [x, full(x.shape, 1, maskType)] : [x];
  const mask = F.dropout(full(x.shape, 1, "float32"), { p: ratio }).ne(0);
  const y = x.mul(mask.to(x.dtype)).div(ratio < 1 ? 1 - ratio : 1);
  return [y, mask.to(maskType)];
}

function instanceNorm(c: Context): Tensor {
  const x = c.x;
  const axes = x.shape.flatMap((_, i) => (i < 2 ? [] : [i]));
  const centered = x.sub(x.mean(axes, true));
  const factor = centered.square().mean(axes, true).add(c.float("epsilon", 1e-5)).rsqrt();
  return centered
    .mul(factor)
    .mul(perChannel(x, c.y))
    .add(perChannel(x, c.tensor(2)));
}

function lpNormalization(c: Context): Tensor {
  const axis = c.axis("axis", c.x.ndim, -1);
  const p = c.int("p", 2);
  const norm = p === 1 ? c.x.abs().sum(axis, true) : c.x.square().sum(axis, true).sqrt();
  return c.x.div(norm).where(norm.ne(0), tensor(0, c.x.dtype));
}

export const normalization: readonly Entry[] = [
  { name: "BatchNormalization", weights: [1, 2], run: batchNorm },
  { name: "Dropout", run: dropout },
  { name: "GroupNormalization", since: 18, weights: [1, 2], run: groupNorm },
  softened("Hardmax", hardmax),
  { name: "InstanceNormalization", weights: [1, 2], run: instanceNorm },
  { name: "LayerNormalization", since: 17, weights: [1, 2], run: layerNorm },
  { name: "LpNormalization", run: lpNormalization },
  { name: "LRN", run: localResponseNorm },
  softened("LogSoftmax", (x, axis) => F.logSoftmax(x, axis)),
  {
    name: "MeanVarianceNormalization",
    since: 9,
    run: (c) => {
      const axes = c.ints("axes")?.map((axis) => c.wrapAxis(axis, c.x.ndim)) ?? [0, 2, 3];
      const centered = c.x.sub(c.x.mean(axes, true));
      return centered.div(centered.square().mean(axes, true).sqrt().add(1e-9));
    },
  },
  softened("Softmax", (x, axis) => F.softmax(x, axis)),
];
