/** New tensors that take their dtype and device, and perhaps their shape, from another one. */

import { checkDType, type DType } from "../../core/dtype";
import { checkSize, type Shape } from "../../core/shape";
import { named } from "../../core/signature";
import {
  allocateFor,
  type CreateOptions,
  checkScalar,
  filled,
  finish,
  type SizeArgs,
  splitSize,
  type TensorData,
  tensor,
} from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";

/** A tensor of `shape` with the dtype and device of `x` where `options` name no others. */
function allocateNew(op: string, x: Tensor, shape: Shape, options: CreateOptions): Tensor {
  return allocateFor(op, shape, { ...options, device: options.device ?? x.device }, x.dtype);
}

function newFilled(op: string, x: Tensor, args: SizeArgs, value: number): Tensor {
  checkTensor(op, x);
  const [shape, options] = splitSize<CreateOptions>(op, args);
  return finish(filled(allocateNew(op, x, shape, options), value), options);
}

/** A tensor of unspecified values. @see torch.Tensor.new_empty */
export const newEmpty = named(
  "newEmpty",
  "input, ...size;; dtype, device, requiresGrad",
  (x: Tensor, ...size: SizeArgs): Tensor => {
    checkTensor("newEmpty", x);
    const [shape, options] = splitSize<CreateOptions>("newEmpty", size);
    return finish(allocateNew("newEmpty", x, shape, options), options);
  },
);

/** A tensor of zeros with the dtype and device of `x`. @see torch.Tensor.new_zeros */
export const newZeros = named(
  "newZeros",
  "input, ...size;; dtype, device, requiresGrad",
  (x: Tensor, ...size: SizeArgs): Tensor => newFilled("newZeros", x, size, 0),
);

/** A tensor of ones with the dtype and device of `x`. @see torch.Tensor.new_ones */
export const newOnes = named(
  "newOnes",
  "input, ...size;; dtype, device, requiresGrad",
  (x: Tensor, ...size: SizeArgs): Tensor => newFilled("newOnes", x, size, 1),
);

/** A tensor filled with a value, with the dtype and device of `x`. @see torch.Tensor.new_full */
export const newFull = named(
  "newFull",
  "input, size, fillValue;; dtype, device, requiresGrad",
  (x: Tensor, size: Shape, fillValue: number | bigint | boolean, options: CreateOptions = {}): Tensor => {
    checkTensor("newFull", x);
    checkScalar("newFull", "fillValue", fillValue, checkDType("newFull", options.dtype ?? x.dtype));
    return finish(filled(allocateNew("newFull", x, checkSize("newFull", [size]), options), fillValue), options);
  },
);

/** A tensor with a copy of the values given, with the dtype and device of `x`. @see torch.Tensor.new_tensor */
export const newTensor = named(
  "newTensor",
  "input, data;; dtype, device, requiresGrad",
  (x: Tensor, data: TensorData | readonly unknown[], options: CreateOptions = {}): Tensor => {
    checkTensor("newTensor", x);
    const dtype: DType = options.dtype ?? x.dtype;
    return tensor(data, { ...options, dtype, device: options.device ?? x.device });
  },
);

/** A tensor of unspecified values with the shape, dtype and device of `x`. @see torch.empty_like */
export const emptyLike = named(
  "emptyLike",
  "input;; dtype, device, requiresGrad",
  (x: Tensor, options: CreateOptions = {}): Tensor => newEmpty(checkTensor("emptyLike", x), x.shape, options),
);

/** Zeros with the shape, dtype and device of `x`. @see torch.zeros_like */
export const zerosLike = named(
  "zerosLike",
  "input;; dtype, device, requiresGrad",
  (x: Tensor, options: CreateOptions = {}): Tensor => newFull(checkTensor("zerosLike", x), x.shape, 0, options),
);

/** Ones with the shape, dtype and device of `x`. @see torch.ones_like */
export const onesLike = named(
  "onesLike",
  "input;; dtype, device, requiresGrad",
  (x: Tensor, options: CreateOptions = {}): Tensor => newFull(checkTensor("onesLike", x), x.shape, 1, options),
);

/** One value with the shape, dtype and device of `x`. @see torch.full_like */
export const fullLike = named(
  "fullLike",
  "input, fillValue;; dtype, device, requiresGrad",
  (x: Tensor, fillValue: number | bigint | boolean, options: CreateOptions = {}): Tensor =>
    newFull(checkTensor("fullLike", x), x.shape, fillValue, options),
);
