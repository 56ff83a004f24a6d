/** How the `cpu` device computes each op: which kernels run in which order, over which range, and with what scratch memory. */
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";
import { normalizations } from "./normalization";
import { products } from "./products";
import { reductions } from "./reduce";
import { scans } from "./scan";

/** This device has all ops. */
export const ops: Required<OpTable<Engine>> = {
  ...products,
  ...reductions,
  ...scans,
  ...normalizations,
};
