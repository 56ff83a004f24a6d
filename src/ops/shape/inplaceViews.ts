/** In-place forms of views: the tensor itself shows its memory in another shape. */

import { isRecorded } from "../../autograd/node";
import { ShapeError } from "../../core/errors";
import { checkSize, contiguousStrides, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Named, Typed } from "../../core/signatureTypes";
import { allocate } from "../../tensor/create";
import { setWindow, type Tensor } from "../../tensor/tensor";
import { checkInplace, checkTensor } from "../builders/checks";
import { asStrided } from "./asStrided";
import { type SizeArguments, squeeze, t, transpose, unsqueeze } from "./view";

/** Gives `x` the window and the history of a view of it. Its elements stay, so its version does too. */
function become(x: Tensor, view: Tensor): Tensor {
  const { shape, strides, offset, node, outputNr } = view;
  setWindow(x, shape, strides, offset);
  if (node !== null) [x.node, x.outputNr] = [node, outputNr];
  view.dispose();
  return x;
}

/** The in-place form of a view op. @throws AutogradError for a leaf that requires grad. */
function reframe<S extends string, F extends (x: Tensor, ...args: any[]) => Tensor>(
  name: string,
  { signature, implementation }: Typed<S, F>,
): Named<S, F> {
  const changed = (x: Tensor, ...args: unknown[]): Tensor => {
    checkInplace(name, x, true);
    return become(x, implementation(x, ...args) as Tensor);
  };
  return named(name, signature, changed) as unknown as Named<S, F>;
}

/** squeeze in place. @see torch.Tensor.squeeze_ */
export const squeeze_: typeof squeeze = reframe("squeeze_", squeeze);
/** unsqueeze in place. @see torch.Tensor.unsqueeze_ */
export const unsqueeze_: typeof unsqueeze = reframe("unsqueeze_", unsqueeze);
/** transpose in place. @see torch.Tensor.transpose_ */
export const transpose_: typeof transpose = reframe("transpose_", transpose);
/** transpose in place. @see torch.Tensor.swapaxes_ */
export const swapaxes_: typeof transpose = reframe("swapaxes_", transpose);
/** transpose in place. @see torch.Tensor.swapdims_ */
export const swapdims_: typeof transpose = reframe("swapdims_", transpose);
/** t in place. @see torch.Tensor.t_ */
export const t_: typeof t = reframe("t_", t);
/** asStrided in place. @see torch.Tensor.as_strided_ */
export const asStrided_: typeof asStrided = reframe("asStrided_", asStrided);

/**
 * Another size for the same memory, read contiguously from the start of the tensor; more elements than there is room for move it to new
 * memory, where those added are unspecified. Views of the tensor keep the old memory.
 * @see torch.Tensor.resize_
 * @throws ShapeError for a tensor in the graph.
 */
export const resize_ = named("resize_", "input, ...size", (x: Tensor, ...sizes: SizeArguments): Tensor => {
  checkTensor("resize_", x);
  const shape = checkSize("resize_", sizes);
  if (isRecorded([x])) throw new ShapeError("resize_: cannot resize variables that require grad");
  const strides = contiguousStrides(shape);
  const room = Math.max(0, Math.floor(x.storage.bytes / x.elementSize()) - x.offset);
  if (sizeOfShape(shape) <= room) {
    setWindow(x, shape, strides, x.offset);
    return x;
  }
  const y = allocate(shape, x.dtype, x);
  const old = { storage: x.storage, dtype: x.dtype, offset: x.offset, shape: [room], strides: [1] };
  x.storage.backend.copy({ storage: y.storage, dtype: y.dtype, offset: 0, shape: [room], strides: [1] }, old);
  setWindow(x, shape, strides, 0, y.storage);
  y.dispose();
  return x;
});

/** {@link resize_} to the size of another tensor. @see torch.Tensor.resize_as_ */
export const resizeAs_ = named(
  "resizeAs_",
  "input, tensor",
  (x: Tensor, other: Tensor): Tensor => resize_(x, checkTensor("resizeAs_", other, "other").shape),
);
