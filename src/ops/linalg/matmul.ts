/** Matrix products. */

import { type InputGrad, isRecorded, record } from "../../autograd/node";
import { MAX_COUNT } from "../../core/arguments";
import { isFloat, legacyName } from "../../core/dtype";
import { DTypeError, ShapeError } from "../../core/errors";
import { broadcastShapes, sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, windowOn } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkSameDevice, checkTensor } from "../builders/checks";
import { cast, computeType } from "../builders/define";

/**
 * A stack of products, y[i] = a[i]·b[i] + bias, without history. Operands are [m, k] and [k, n], or [batch, m, k] and [batch, k, n], in any
 * layout: transposes cost nothing.
 */
export function product(a: Tensor, b: Tensor, bias?: Tensor): Tensor {
  const batched = a.ndim === 3;
  const lead = batched ? 1 : 0;
  const batch = batched ? a.shape[0]! : 1;
  const m = a.shape[lead]!;
  const n = b.shape[lead + 1]!;
  const dtype = computeType(a.dtype);
  const x = cast(a, dtype);
  const w = cast(b, dtype);
  const plus = bias && cast(bias, dtype);
  const y = allocate(batched ? [batch, m, n] : [m, n], dtype, a);
  a.storage.backend.run("matmul", { y, a: x, b: w, bias: plus, accumulate: false });
  if (x !== a) x.dispose();
  if (w !== b) w.dispose();
  return cast(y, a.dtype);
}

function checkFactors(op: string, a: Tensor, b: Tensor): void {
  checkTensor(op, a);
  checkTensor(op, b, "mat2");
  checkSameDevice(op, a, b);
  if (a.dtype !== b.dtype)
    throw new DTypeError(
      `${op}: expected m1 and m2 to have the same dtype, but got: ${legacyName(a.dtype)} != ${legacyName(b.dtype)}; cast one with x.to(dtype)`,
    );
  if (a.dtype === "bool") throw new DTypeError(`${op}: not implemented for 'Bool'`);
  checkCounts(op, a.shape);
  checkCounts(op, b.shape);
}

function checkCounts(op: string, shape: readonly number[]): void {
  for (let i = 0; i < shape.length; i++)
    if (shape[i]! > MAX_COUNT)
      throw new ShapeError(`${op}: sizes are at most ${MAX_COUNT} (2^31 - 1), got ${shapeText(shape)}`);
}

/**
 * The product of two matrices, [m, k] · [k, n] → [m, n].
 * @see torch.mm
 * @throws ShapeError unless both have two axes and the inner sizes agree.
 */
export const mm = named("mm", "input, mat2", (a: Tensor, b: Tensor): Tensor => {
  checkFactors("mm", a, b);
  if (a.ndim !== 2 || b.ndim !== 2)
    throw new ShapeError(
      `mm: takes two matrices, got shapes ${shapeText(a.shape)} and ${shapeText(b.shape)}; matmul takes any`,
    );
  checkInner("mm", a, b);
  return multiply(a, b);
});

const mmGrads: readonly InputGrad[] = [(g, [, y]) => multiply(g, y!.t()), (g, [x]) => multiply(x!.t(), g)];

/** {@link mm} of operands that have been checked. */
function multiply(a: Tensor, b: Tensor): Tensor {
  const inputs = [a, b];
  const y = product(a, b);
  return isRecorded(inputs) ? record("MmBackward0", y, inputs, inputs, mmGrads) : y;
}

function checkInner(op: string, a: Tensor, b: Tensor): void {
  const k = a.shape[a.ndim - 1]!;
  const l = b.ndim === 1 ? b.shape[0]! : b.shape[b.ndim - 2]!;
  if (k !== l)
    throw new ShapeError(
      `${op}: cannot multiply ${shapeText(a.shape)} by ${shapeText(b.shape)}: the inner sizes ${k} and ${l} differ`,
    );
}

/**
 * The products of two stacks of matrices, [b, m, k] · [b, k, n] → [b, m, n].
 * @see torch.bmm
 * @throws ShapeError unless both have three axes, the stacks are equally long and the inner sizes agree.
 */
export const bmm = named("bmm", "input, mat2", (a: Tensor, b: Tensor): Tensor => {
  checkFactors("bmm", a, b);
  if (a.ndim !== 3 || b.ndim !== 3 || a.shape[0] !== b.shape[0])
    throw new ShapeError(
      `bmm: takes two stacks of equally many matrices, got shapes ${shapeText(a.shape)} and ${shapeText(b.shape)}; matmul broadcasts`,
    );
  checkInner("bmm", a, b);
  return multiplyStacks(a, b);
});

const bmmGrads: readonly InputGrad[] = [
  (g, [, y]) => multiplyStacks(g, y!.transpose(1, 2)),
  (g, [x]) => multiplyStacks(x!.transpose(1, 2), g),
];

/** {@link bmm} of operands that have been checked. */
function multiplyStacks(a: Tensor, b: Tensor): Tensor {
  const inputs = [a, b];
  const y = product(a, b);
  return isRecorded(inputs) ? record("BmmBackward0", y, inputs, inputs, bmmGrads) : y;
}

/** The product of a matrix and a vector, [m, k] · [k] → [m]. @see torch.mv */
export const mv = named("mv", "input, vec", (a: Tensor, v: Tensor): Tensor => {
  checkFactors("mv", a, v);
  if (a.ndim !== 2 || v.ndim !== 1)
    throw new ShapeError(`mv: takes a matrix and a vector, got shapes ${shapeText(a.shape)} and ${shapeText(v.shape)}`);
  checkInner("mv", a, v);
  return record(
    "MvBackward0",
    product(a, v.detach().unsqueeze(1)).reshape(-1),
    [a, v],
    [a, v],
    [(g, [, y]) => mm(g.unsqueeze(1), y!.unsqueeze(0)), (g, [x]) => mv(x!.t(), g)],
  );
});

/** The inner product of two vectors. @see torch.dot */
export const dot = named("dot", "input, other", (a: Tensor, b: Tensor): Tensor => {
  checkFactors("dot", a, b);
  if (a.ndim !== 1 || b.ndim !== 1)
    throw new ShapeError(`dot: takes two 1D tensors, got shapes ${shapeText(a.shape)} and ${shapeText(b.shape)}`);
  checkInner("dot", a, b);
  const y = product(a.detach().unsqueeze(0), b.detach().unsqueeze(1)).reshape([]);
  return record("DotBackward0", y, [a, b], [a, b], [(g, [, v]) => g.mul(v!), (g, [u]) => g.mul(u!)]);
});

/**
 * The matrix product: of vectors, matrices, or stacks of matrices whose leading axes broadcast.
 * @see torch.matmul
 * @throws ShapeError `matmul: cannot multiply [3, 4] by [5, 6]: the inner sizes 4 and 5 differ`
 */
export const matmul = named("matmul", "input, other", (a: Tensor, b: Tensor): Tensor => {
  checkFactors("matmul", a, b);
  if (a.ndim === 0 || b.ndim === 0)
    throw new ShapeError(`matmul: both arguments need to be at least 1D, but they are ${a.ndim}D and ${b.ndim}D`);
  checkInner("matmul", a, b);
  if (a.ndim === 2 && b.ndim === 2) return multiply(a, b);
  if (a.ndim === 1 && b.ndim === 1) return dot(a, b);
  if (a.ndim === 2 && b.ndim === 1) return mv(a, b);
  if (a.ndim === 1) return matmul(a.unsqueeze(0), b).squeeze(-2);
  if (b.ndim === 1) return matmul(a, b.unsqueeze(1)).squeeze(-1);
  if (b.ndim === 2)
    return mm(a.reshape(sizeOfShape(a.shape.slice(0, -1)), a.shape.at(-1)!), b).reshape([
      ...a.shape.slice(0, -1),
      b.shape[1]!,
    ]);
  return matmulBatched(a, b);
});

/** Stacks with broadcast leading axes, as one stack. */
function matmulBatched(a: Tensor, b: Tensor): Tensor {
  if (a.ndim === 3 && b.ndim === 3 && a.shape[0] === b.shape[0]) return multiplyStacks(a, b);
  const lead = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const batch = sizeOfShape(lead);
  const stack = (x: Tensor) => {
    const matrix = x.shape.slice(-2);
    const full = [...lead, ...matrix];
    return (sameShape(full, x.shape) ? x : x.expand(full)).reshape([batch, ...matrix]);
  };
  return multiplyStacks(stack(a), stack(b)).reshape([...lead, a.shape.at(-2)!, b.shape.at(-1)!]);
}

/**
 * x · weightᵀ + bias, for inputs of shape [*, in], a weight of shape [out, in] and a bias of shape [out]; gives [*, out].
 * @see torch.nn.functional.linear
 * @throws ShapeError if the last axis of the input is not `in`.
 */
export const linear = named(
  "linear",
  "input, weight, bias?",
  (input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor => {
    checkTensor("linear", input);
    checkTensor("linear", weight, "weight");
    if (bias != null) checkTensor("linear", bias, "bias");
    checkSameDevice("linear", input, weight, bias);
    if (input.dtype !== weight.dtype)
      throw new DTypeError(
        `linear: expected input and weight to have the same dtype, but got: ${input.dtype} and ${weight.dtype}`,
      );
    if (weight.ndim === 1 || input.ndim === 0) {
      const y = matmul(input, weight.t());
      return bias ? y.add(bias) : y;
    }
    if (weight.ndim !== 2 || input.shape.at(-1) !== weight.shape[1])
      throw new ShapeError(
        `linear: an input of shape ${shapeText(input.shape)} does not fit a weight of shape ${shapeText(weight.shape)}: the last axis of the input must have ${weight.shape[1]} elements`,
      );
    if (bias && (bias.ndim > 1 || (bias.ndim === 1 && bias.shape[0] !== weight.shape[0])))
      throw new ShapeError(
        `linear: a bias of shape ${shapeText(bias.shape)} does not fit a weight of shape ${shapeText(weight.shape)}: it must have shape [${weight.shape[0]}]`,
      );
    if (input.ndim === 2) return linear2d(input, weight, bias);
    const rows = input.reshape(sizeOfShape(input.shape.slice(0, -1)), input.shape.at(-1)!);
    return linear2d(rows, weight, bias).reshape([...input.shape.slice(0, -1), weight.shape[0]!]);
  },
);

function linear2d(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  if (!bias) return mm(x, weight.t());
  if (bias.ndim === 0 || !isFloat(x.dtype) || bias.dtype !== x.dtype) return mm(x, weight.t()).add(bias);
  const { shape, strides } = weight;
  const w = windowOn(weight, [shape[1]!, shape[0]!], [strides[1]!, strides[0]!], weight.offset);
  const y = product(x, w, bias.isContiguous() ? bias : bias.detach().contiguous());
  w.dispose();
  return record("AddmmBackward0", y, [x, weight, bias], [x, weight], addmmGrads);
}

const addmmGrads: readonly InputGrad[] = [
  (g, [, weight]) => multiply(g, weight!),
  (g, [x]) => multiply(g.t(), x!),
  (g) => g.sum(0),
];
