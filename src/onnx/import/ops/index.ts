/** The table of ops. */
import type { Entry } from "../entry";
import { arithmetic } from "./arithmetic";
import { casts } from "./cast";
import { control } from "./control";
import { convolutions } from "./convolutions";
import { detection } from "./detection";
import { elementwise } from "./elementwise";
import { indexing } from "./indexing";
import { losses } from "./losses";
import { matrices } from "./matrices";
import { microsoft } from "./microsoft";
import { normalization } from "./normalization";
import { pools } from "./pools";
import { quantized } from "./quantized";
import { randoms } from "./random";
import { recurrents } from "./recurrent";
import { reductions } from "./reductions";
import { resizing } from "./resize";
import { shapes } from "./shapes";
import { signals } from "./signal";
import { texts } from "./text";
import { training } from "./training";

/** The ops by family, in the order of the documentation. */
export const families: Readonly<Record<string, readonly Entry[]>> = {
  elementwise,
  arithmetic,
  matrices,
  convolutions,
  pools,
  normalization,
  reductions,
  shapes,
  casts,
  indexing,
  control,
  losses,
  quantized,
  resizing,
  training,
  texts,
  signals,
  recurrents,
  randoms,
  microsoft,
  detection,
};

const table = new Map<string, Entry>();
for (const entry of Object.values(families).flat()) table.set(`${entry.domain ?? ""}:${entry.name}`, entry);

export const findEntry = (domain: string, op: string): Entry | undefined => table.get(`${domain}:${op}`);
