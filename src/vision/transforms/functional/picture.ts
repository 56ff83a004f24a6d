/** Pictures as the functions of transforms see them: Images, and tensors whose last axes are channels, height and width. */
import type { DType, TypedArray } from "../../../core/dtype";
import { ArgumentError, describe } from "../../../core/errors";
import { sizeOfShape } from "../../../core/shape";
import { checkTensor } from "../../../ops/builders/checks";
import { allocate } from "../../../tensor/create";
import { Tensor } from "../../../tensor/tensor";
import { Image } from "../../image";
import type { Picture } from "../transform";

/** @throws ArgumentError unless `img` is a tensor with height and width. */
export function checkImageTensor(op: string, img: Tensor): Tensor {
  checkTensor(op, img, "img");
  if (img.ndim < 2)
    throw new ArgumentError(
      `${op}: Tensor is not a torch image: it has shape [${img.shape.join(", ")}], and images are [..., height, width]`,
    );
  return img;
}

/** @throws ArgumentError unless `img` is an Image or a tensor with height and width. */
export function checkPicture(op: string, img: unknown): Picture {
  if (img instanceof Image) return img;
  if (img instanceof Tensor) return checkImageTensor(op, img);
  throw new ArgumentError(`${op}: img should be an Image or a Tensor, got ${describe(img)}`);
}

/** Channels, height and width of what {@link checkPicture} let pass. */
export function dimensionsOf(img: Picture): [channels: number, height: number, width: number] {
  if (img instanceof Image) return [img.bands, img.height, img.width];
  const { shape } = img;
  return [shape.length === 2 ? 1 : shape.at(-3)!, shape.at(-2)!, shape.at(-1)!];
}

/** A new tensor on the cpu and the array that is its memory, which `write` fills in row-major order. */
export function tensorOf<A extends TypedArray = TypedArray>(
  dtype: DType,
  shape: readonly number[],
  write: (values: A) => void,
): Tensor {
  const x = allocate(shape, dtype);
  const { backend, block } = x.storage;
  write(backend.view(block, dtype, 0, sizeOfShape(shape)) as A);
  return x;
}

/** The elements of a tensor in row-major order: its own memory where it is contiguous, else a copy. Not to be written to. */
export function elementsOf(x: Tensor): TypedArray {
  if (x.device !== "cpu" || !x.isContiguous()) return x.toTypedArray();
  return x.storage.backend.view(x.storage.block, x.dtype, x.offset, x.numel());
}
