/** Methods of tensors that are made of functions of layers. */
import type { Method } from "../../core/signatureTypes";
import { install } from "../../ops/builders/methods";
import { prelu } from "../functional/activation";

declare module "../../tensor/tensor" {
  interface Tensor {
    /** x where it is positive, else weight · x. @see torch.Tensor.prelu */
    prelu: Method<typeof prelu>;
  }
}

install({ prelu });
