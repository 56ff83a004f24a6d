/** How the `cpu` device computes each op: which kernels run in which order, over which range, and with what scratch memory. */
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";
import { attentions } from "./attention";
import { convolutions } from "./convolution";
import { elementwise } from "./elementwise";
import { indexings } from "./indexing";
import { linalg } from "./linalg";
import { losses } from "./losses";
import { normalizations } from "./normalization";
import { steps } from "./optim";
import { poolings } from "./pooling";
import { products } from "./products";
import { quantized } from "./quantized";
import { randoms } from "./random";
import { recurrents } from "./recurrent";
import { reductions } from "./reduce";
import { scans } from "./scan";
import { sorts } from "./sort";
import { visions } from "./vision";

/** This device has all ops but those of devices whose values cannot be read at once. */
export const ops: Required<Omit<OpTable<Engine>, "unscale" | "updateScale">> = {
  ...elementwise,
  ...products,
  ...attentions,
  ...convolutions,
  ...poolings,
  ...normalizations,
  ...reductions,
  ...scans,
  ...indexings,
  ...sorts,
  ...randoms,
  ...losses,
  ...recurrents,
  ...linalg,
  ...steps,
  ...quantized,
  ...visions,
};
