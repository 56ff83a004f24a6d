/** The op table: one module per family; each exported function is also a method of Tensor. */
import * as activation from "./activation";
import * as arithmetic from "./arithmetic";
import * as autograd from "./autograd";
import * as binary from "./binary";
import * as cast from "./cast";
import * as compare from "./compare";
import * as copy from "./copy";
import * as loss from "./loss";
import * as matmul from "./matmul";
import * as pool from "./pool";
import * as random from "./random";
import * as reduce from "./reduce";
import * as softmax from "./softmax";
import * as ternary from "./ternary";
import * as unary from "./unary";
import * as view from "./view";
import { install, type Methods } from "./methods";
import * as axes from "./axes";
import * as diagonal from "./diagonal";
import * as factory from "./factory";
import * as gather from "./gather";
import * as indexed from "./indexed";
import * as masked from "./masked";
import * as rearrange from "./rearrange";
import * as scatterReduce from "./scatterReduce";
import * as split from "./split";
import * as window from "./window";
import * as creation from "./creation";
import * as join from "./join";
import * as membership from "./membership";
import * as windows from "./windows";

/** Every family, by name. */
export const families = { activation, arithmetic, autograd, axes, binary, cast, compare, copy, creation, diagonal, factory, gather, indexed, join, loss, masked, matmul, membership, pool, random, rearrange, reduce, scatterReduce, softmax, split, ternary, unary, view, window, windows };

type Ops = Methods<typeof window> &
  Methods<typeof split> &
  Methods<typeof scatterReduce> &
  Methods<typeof rearrange> &
  Methods<typeof masked> &
  Methods<typeof indexed> &
  Methods<typeof gather> &
  Methods<typeof factory> &
  Methods<typeof diagonal> &
  Methods<typeof axes> &
  Methods<typeof activation> &
  Methods<typeof arithmetic> &
  Methods<typeof autograd> &
  Methods<typeof binary> &
  Methods<typeof cast> &
  Methods<typeof compare> &
  Methods<typeof copy> &
  Methods<typeof matmul> &
  Methods<typeof random> &
  Methods<typeof reduce> &
  Methods<typeof softmax> &
  Methods<typeof ternary> &
  Methods<typeof unary> &
  Methods<typeof view>;

declare module "../tensor/tensor" {
  interface Tensor extends Ops {}
}

for (const family of [activation, arithmetic, autograd, axes, binary, cast, compare, copy, diagonal, factory, gather, indexed, masked, matmul, random, rearrange, reduce, scatterReduce, softmax, split, ternary, unary, view, window]) install(family);
