/** The values of tensors of every device, once they are there. Each is a method. */
import { KindlingError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { isArriving } from "../../tensor/transfer";
import { checkTensor } from "../builders/checks";
import { cpu } from "../creation/copy";

/** What `read` gives for the values that `x` has now, on the cpu. */
async function whenThere<R>(x: Tensor, read: (here: Tensor) => R): Promise<R> {
  // Nothing that comes after the call changes what it gives, on any device.
  if (x.device === "cpu" && !isArriving(x)) return read(x);
  // A handle of its own, since the tensor may be disposed before its values are there.
  const own = x.detach();
  try {
    const here = await cpu(own);
    try {
      return read(here);
    } finally {
      if (here !== own) here.dispose();
    }
  } finally {
    own.dispose();
  }
}

/**
 * The value that a tensor of one element has now, once it is there: {@link Tensor.item} for a tensor of any device.
 * @see torch.Tensor.item
 * @throws KindlingError if there are more or fewer elements, DeviceError (the promise rejects) if the device was lost before it gave the value.
 * @example console.log(await loss.itemAsync());
 */
export const itemAsync = named("itemAsync", "input", (x: Tensor): Promise<number> => {
  if (checkTensor("itemAsync", x).numel() !== 1)
    throw new KindlingError(`itemAsync: a Tensor with ${x.numel()} elements cannot be converted to Scalar`);
  return whenThere(x, (here) => here.item());
});

/**
 * The elements that a tensor has now as nested arrays, once they are there: {@link Tensor.tolist} for a tensor of any device.
 * @see torch.Tensor.tolist
 * @throws DeviceError (the promise rejects) if the device was lost before it gave the values.
 * @example const rows = await matrix.tolistAsync();
 */
export const tolistAsync = named(
  "tolistAsync",
  "input",
  (x: Tensor): Promise<any> => whenThere(checkTensor("tolistAsync", x), (here) => here.tolist()),
);
