/** Softmax and its logarithm, with fused gradients. */

import { record } from "../../autograd/node";
import { type DType, isFloat } from "../../core/dtype";
import { checkOptions, DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText, sizeOfShape, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";
import { checkFloating, checkSameDType, isHalf, widen } from "../builders/precision";

/** How `y` lies along `dim`, as devices see it: [outer, n, inner]. */
function rowsAlong(y: Tensor, dim: number): { n: number; inner: number } {
  if (y.ndim === 0) return { n: 1, inner: 1 };
  return { n: y.shape[dim]!, inner: sizeOfShape(y.shape.slice(dim + 1)) };
}

/** @throws DTypeError or ShapeError unless a gradient fits the result. */
function checkGradient(op: string, g: Tensor, y: Tensor): void {
  checkFloating(op, checkTensor(op, y, "output"));
  checkSameDType(op, y, { gradient: checkTensor(op, g, "gradient") });
  if (!sameShape(g.shape, y.shape))
    throw new ShapeError(
      `${op}: a gradient of shape ${shapeText(g.shape)} does not fit an output of shape ${shapeText(y.shape)}`,
    );
}

function forward(kind: "softmax" | "logSoftmax", x: Tensor, dim: number): Tensor {
  const dtype = computeType(x.dtype);
  const source = cast(x, dtype);
  const dense = source.isContiguous() ? source : source.detach().contiguous();
  const y = allocate(x.shape, dtype, x);
  const { n, inner } = rowsAlong(y, dim);
  y.storage.backend.run("softmax", { kind, y, x: dense, n, inner });
  return cast(y, x.dtype);
}

function runBackward(kind: "softmax" | "logSoftmax", gx: Tensor, g: Tensor, y: Tensor, dim: number): void {
  const { n, inner } = rowsAlong(y, dim);
  gx.storage.backend.run("softmaxGradient", { kind, gx, gy: g.contiguous(), y: y.contiguous(), n, inner });
}

function checked(op: string, x: Tensor, dim: number, options: { dtype?: DType }): { x: Tensor; dim: number } {
  checkTensor(op, x);
  checkOptions(op, options, ["dtype"]);
  const input = options.dtype === undefined ? x : x.to(options.dtype);
  if (!isFloat(input.dtype))
    throw new DTypeError(`${op}: takes floating-point elements, got ${input.dtype}; pass { dtype: torch.float32 }`);
  return { x: input, dim: wrapDim(op, dim, x.ndim) };
}

/**
 * exp(x) / Σ exp(x) along `dim`, so that the elements are positive and sum to 1. Shape: any, unchanged.
 * @see torch.softmax
 */
export const softmax = named(
  "softmax",
  "input, dim; dtype",
  (x: Tensor, dim: number, options: { dtype?: DType } = {}): Tensor => {
    const input = checked("softmax", x, dim, options);
    const y = forward("softmax", input.x, input.dim);
    return record("SoftmaxBackward0", y, [input.x], [y], [(g, [s]) => softmaxBackward(g, s!, input.dim)]);
  },
);

/** The gradient of {@link softmax} with result `y`: y · (g − Σ g·y). @see torch._softmax_backward_data */
export function softmaxBackward(g: Tensor, y: Tensor, dim: number): Tensor {
  checkGradient("softmaxBackward", g, y);
  if (isHalf(y.dtype)) return softmaxBackward(widen(g), widen(y), dim).to(y.dtype);
  const gx = allocate(y.shape, y.dtype, y);
  runBackward("softmax", gx, g, y, dim);
  return record(
    "SoftmaxBackwardDataBackward0",
    gx,
    [g, y],
    [g, y],
    [
      (h, [, s]) => softmaxBackward(h, s!, dim),
      (h, [u, s]) => {
        const inner = u!.mul(s!).sum(dim, { keepdim: true });
        return h.mul(u!.sub(inner)).sub(u!.mul(h.mul(s!).sum(dim, { keepdim: true })));
      },
    ],
  );
}

/**
 * x − log Σ exp(x) along `dim`: the logarithm of {@link softmax}, computed without overflow. Shape: any, unchanged.
 * @see torch.log_softmax
 */
export const logSoftmax = named(
  "logSoftmax",
  "input, dim; dtype",
  (x: Tensor, dim: number, options: { dtype?: DType } = {}): Tensor => {
    const input = checked("logSoftmax", x, dim, options);
    const y = forward("logSoftmax", input.x, input.dim);
    return record("LogSoftmaxBackward0", y, [input.x], [y], [(g, [l]) => logSoftmaxBackward(g, l!, input.dim)]);
  },
);

/** The gradient of {@link logSoftmax} with result `y`: g − exp(y) · Σ g. @see torch._log_softmax_backward_data */
export function logSoftmaxBackward(g: Tensor, y: Tensor, dim: number): Tensor {
  checkGradient("logSoftmaxBackward", g, y);
  if (isHalf(y.dtype)) return logSoftmaxBackward(widen(g), widen(y), dim).to(y.dtype);
  const gx = allocate(y.shape, y.dtype, y);
  runBackward("logSoftmax", gx, g, y, dim);
  return record(
    "LogSoftmaxBackwardDataBackward0",
    gx,
    [g, y],
    [g, y],
    [
      (h, [, l]) => h.sub(h.mul(l!.exp()).sum(dim, { keepdim: true })),
      (h, [u, l]) =>
        h
          .mul(l!.exp())
          .mul(u!.sum(dim, { keepdim: true }))
          .neg(),
    ],
  );
}
