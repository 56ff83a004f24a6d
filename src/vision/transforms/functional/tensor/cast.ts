/** Tensors as operations on pictures want them, floats of four axes, and back. */
import { type DType, isFloat } from "../../../../core/dtype";
import type { Tensor } from "../../../../tensor/tensor";

/** `img` as [batch, channels, height, width] of `dtype`. */
export function workable(img: Tensor, dtype: DType): Tensor {
  const { shape } = img;
  const batch =
    shape.length === 4
      ? img
      : shape.length < 4
        ? img.reshape([...Array(4 - shape.length).fill(1), ...shape])
        : img.reshape([-1, ...shape.slice(-3)]);
  return batch.dtype === dtype ? batch : batch.to(dtype);
}

/** A result of {@link workable} with the leading axes and the dtype of `img`; integers are rounded. */
export function restored(result: Tensor, img: Tensor): Tensor {
  const shaped = img.ndim === 4 ? result : result.reshape([...img.shape.slice(0, -2), ...result.shape.slice(-2)]);
  if (shaped.dtype === img.dtype) return shaped;
  return (isFloat(img.dtype) ? shaped : shaped.round()).to(img.dtype);
}
