/** New tensors, as the ops of ONNX need them. */
import type { DType } from "../../../core/dtype";
import { arange as count } from "../../../ops/creation/ranges";
import { full as filled, tensor as made, zeros as nought } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";

export const tensor = (values: readonly any[] | number, dtype: DType): Tensor => made(values as number[], { dtype });
export const zeros = (shape: readonly number[], dtype: DType): Tensor => nought([...shape], { dtype });
export const full = (shape: readonly number[], value: number, dtype: DType): Tensor =>
  filled([...shape], value, { dtype });
export const arange = (n: number, dtype: DType): Tensor => count(0, n, { dtype });
