/** What the parts of a run share: how a call of the model runs, and the graphs inside of nodes. */
import type { Tensor } from "../../tensor/tensor";
import type { Value } from "./values";

/** How a call of the model runs. */
export interface Mode {
  /** Whether dropout and batch normalization train; undefined: as the file says. */
  readonly training: boolean | undefined;
  /** How many edges hold a tensor that the run has made; undefined if the memory stays until the collector comes, as with gradients. */
  readonly holders: Map<Tensor, number> | undefined;
  /** Nodes that may still run: a loop of a damaged file has an end. */
  readonly left: { steps: number };
}

/** A graph that can run. */
export interface Subgraph {
  readonly inputCount: number;
  readonly outputCount: number;
  /** @param outer The values of the graph around this one. */
  run(given: readonly Value[], mode: Mode, outer?: readonly Value[]): Value[];
}
