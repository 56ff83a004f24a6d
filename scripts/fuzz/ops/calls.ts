/** Which calls are made, by what is judged. */
import { Generator } from "./generate";
import type { Extent, Job } from "./protocol";
import type { Knowledge } from "./templates";
import type { Call } from "./value";
import { WrongCalls } from "./wrong";

/** Calls by their numbers. */
export interface Calls extends Extent {
  call(k: number): Call;
}

/** The share of hostile calls where two devices are compared: most calls are to give results. */
const FEW_HOSTILE = 0.15;

/** The calls of a run. */
export function callsOf(
  knowledge: Knowledge,
  { mode, seed, op, share, planted }: Pick<Job, "mode" | "seed" | "op" | "share" | "planted">,
): Calls {
  if (mode === "wrong") return new WrongCalls(knowledge, seed, op, share);
  return new Generator(knowledge, seed, op, planted?.names, mode === "webgpu" ? FEW_HOSTILE : undefined);
}
