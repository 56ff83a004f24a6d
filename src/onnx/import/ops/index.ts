/** The table of ops. */
import type { Entry } from "../entry";
import { arithmetic } from "./arithmetic";
import { casts } from "./cast";
import { control } from "./control";
import { convolutions } from "./convolutions";
import { elementwise } from "./elementwise";
import { indexing } from "./indexing";
import { matrices } from "./matrices";
import { normalization } from "./normalization";
import { pools } from "./pools";
import { reductions } from "./reductions";
import { shapes } from "./shapes";

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
};

const table = new Map<string, Entry>();
for (const entry of Object.values(families).flat()) table.set(`${entry.domain ?? ""}:${entry.name}`, entry);

export const findEntry = (domain: string, op: string): Entry | undefined => table.get(`${domain}:${op}`);
