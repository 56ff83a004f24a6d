/** The op table: one module per family; each exported function is also a method of Tensor. */
import * as autograd from "./autograd";
import * as binary from "./binary";
import * as cast from "./cast";
import * as copy from "./copy";
import * as loss from "./loss";
import * as matmul from "./matmul";
import { install, type Methods } from "./methods";
import * as random from "./random";
import * as reduce from "./reduce";
import * as softmax from "./softmax";
import * as unary from "./unary";
import * as view from "./view";

/** Every family, by name. */
export const families = { autograd, binary, cast, copy, loss, matmul, random, reduce, softmax, unary, view };

type Ops = Methods<typeof autograd> &
  Methods<typeof binary> &
  Methods<typeof cast> &
  Methods<typeof copy> &
  Methods<typeof matmul> &
  Methods<typeof random> &
  Methods<typeof reduce> &
  Methods<typeof softmax> &
  Methods<typeof unary> &
  Methods<typeof view>;

declare module "../tensor/tensor" {
  interface Tensor extends Ops {}
}

for (const family of [autograd, binary, cast, copy, matmul, random, reduce, softmax, unary, view]) install(family);
