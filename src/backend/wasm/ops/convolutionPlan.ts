/** How the passes of a convolution are computed: the planner of the kernels chooses (`assembly/conv/algorithm.ts`). */

import { isKeyOf } from "../../../core/arguments";
import { codeOf, type DType } from "../../../core/dtype";
import { describe, KindlingError, ValueError } from "../../../core/errors";
import { shapeText, sizeOfShape } from "../../../core/shape";
import type { ConvAlgorithm, ConvolutionGeometry, ConvolutionPlanner, ConvPass, WinogradTiles } from "../../ops";
import type { Engine } from "../engine";
import { wordsOf } from "./windows";

/** The algorithms, at the positions of their codes in `assembly/conv/plan.ts`. */
const byCode: readonly ConvAlgorithm[] = ["direct", "pointwise", "whole", "winogradF2", "winogradF4", "depthwise"];

const passes = { forward: 0, inputGrad: 1, weightGrad: 2 } as const;

const largestTiles = { off: 0, F2: 2, F4: 4 } as const;

/** Outputs along one side of a tile, for algorithms that have them. */
const tileSizes: Partial<Record<ConvAlgorithm, number>> = { winogradF2: 2, winogradF4: 4 };

/** Nanoseconds per multiply-add, and per transformed weight. */
const MADD_COSTS: Partial<Record<ConvAlgorithm, number>> = { depthwise: 0.12, winogradF2: 0.03, winogradF4: 0.03 };
const MADD_COST = 0.06;
const WEIGHT_COST = 5;

/** Weights that are transformed before a pass in tiles: how many values, and the work of that. */
interface TransformedWeights {
  readonly size: number;
  readonly range: number;
  readonly cost: number;
}

/** How a pass is computed in a dtype, if tiles up to a size are allowed. */
export interface Plan {
  readonly pass: ConvPass;
  readonly dtype: DType;
  readonly largest: WinogradTiles;
  /** The geometry as the kernels read it (`assembly/conv/geometry.ts`). */
  readonly words: readonly number[];
  /** The code of the algorithm in the kernels. */
  readonly code: number;
  /** Outputs along one side of a tile; 0 if there are no tiles. */
  readonly tile: number;
  /** How the kernels of tiles tell the two passes that share them apart. */
  readonly gradient: number;
  readonly weights: TransformedWeights | undefined;
  readonly range: number;
  readonly cost: number;
  /** How many gradients of the weights are computed, each of a share of the batch, and then added. */
  readonly shares: number;
}

/** A geometry as this device computes it. */
export interface Planned {
  readonly geometry: ConvolutionGeometry;
  readonly words: readonly number[];
  /** For a kernel of one tap that skips elements: the convolution of those that it sees. */
  readonly seen: ConvolutionGeometry | undefined;
  /** Plans of its passes, as far as they were asked for. */
  readonly plans: Plan[];
}

const planned = new WeakMap<ConvolutionGeometry, Planned>();

const skips = ({ groups, kernel, stride, padding }: ConvolutionGeometry): boolean =>
  groups === 1 && kernel.every((k) => k === 1) && padding.every((p) => p === 0) && stride.some((s) => s > 1);

export function plannedOf(g: ConvolutionGeometry): Planned {
  const known = planned.get(g);
  if (known !== undefined) return known;
  const seen = skips(g) ? { ...g, input: g.output, stride: g.stride.map(() => 1) } : undefined;
  const made = { geometry: g, words: [g.n, g.groups, g.c, g.o, ...wordsOf(g)], seen, plans: [] };
  planned.set(g, made);
  return made;
}

let winogradTiles: WinogradTiles = "F2";

/** The code of the algorithm that computes a pass. */
const codeFor = (engine: Engine, pass: ConvPass, dtype: DType, words: readonly number[]): number =>
  engine.ask("convAlgorithm", [codeOf(dtype), words, passes[pass], largestTiles[winogradTiles]]);

export const plannerOf = (engine: Engine): ConvolutionPlanner => ({
  get winogradTiles() {
    return winogradTiles;
  },
  set winogradTiles(tiles) {
    if (!isKeyOf(largestTiles, tiles))
      throw new ValueError(`backends.conv.winograd: takes "off", "F2" or "F4", got ${describe(tiles)}`);
    winogradTiles = tiles;
  },
  algorithm(pass, dtype, geometry) {
    const { seen, words } = plannedOf(geometry);
    return byCode[codeFor(engine, pass, dtype, seen === undefined ? words : plannedOf(seen).words)]!;
  },
});

/** Multiply-adds of a pass, times what each costs. */
const costOf = (g: ConvolutionGeometry, algorithm: ConvAlgorithm): number =>
  g.n * g.o * sizeOfShape(g.output) * (g.c / g.groups) * sizeOfShape(g.kernel) * (MADD_COSTS[algorithm] ?? MADD_COST);

function weightsOf(
  engine: Engine,
  g: ConvolutionGeometry,
  words: readonly number[],
  tile: number,
  gradient: number,
): TransformedWeights {
  return {
    size: engine.ask("winogradWeightsSize", [words, tile, gradient]),
    range: engine.ask("winogradWeightsTasks", [words, gradient]),
    cost: g.o * (g.c / g.groups) * sizeOfShape(g.kernel) * WEIGHT_COST,
  };
}

/** Asks the planner of the kernels, unless it has been asked before. @throws KindlingError for a pass that cannot be computed. */
export function planOf(engine: Engine, pass: ConvPass, dtype: DType, { geometry: g, words, plans }: Planned): Plan {
  for (const plan of plans)
    if (plan.pass === pass && plan.dtype === dtype && plan.largest === winogradTiles) return plan;
  const code = codeFor(engine, pass, dtype, words);
  const algorithm = byCode[code]!;
  const tile = tileSizes[algorithm] ?? 0;
  const gradient = Number(pass === "inputGrad");
  const range = engine.ask("convTasks", [codeOf(dtype), code, words, passes[pass]]);
  if (range < 0)
    throw new KindlingError(
      `convolution: a kernel of ${shapeText(g.kernel)} with dilation ${shapeText(g.dilation)} spans more than the kernels can hold`,
    );
  const weights = tile === 0 || pass === "weightGrad" ? undefined : weightsOf(engine, g, words, tile, gradient);
  const cost = costOf(g, algorithm);
  const isShared = pass === "weightGrad" && tile === 0;
  const shares = isShared ? engine.ask("convWeightShares", [codeOf(dtype), code, words]) : 1;
  const plan: Plan = { pass, dtype, largest: winogradTiles, words, code, tile, gradient, weights, range, cost, shares };
  plans.push(plan);
  return plan;
}
