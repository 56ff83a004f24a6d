/** The geometry of a convolution, and how its passes are computed: the planner of the kernels chooses (`assembly/conv/algorithm.ts`). */
import type { Backend, Work } from "../../backend/backend";
import { codeOf, type DType } from "../../core/dtype";
import { KindlingError, ValueError } from "../../core/errors";
import { shapeText, sizeOfShape } from "../../core/shape";
import { type SlidingWindows, wordsOf } from "./slidingWindows";

/** One convolution x [N, C, …input] · w [O, C/groups, …kernel] → y [N, O, …output]. */
interface Shape extends SlidingWindows {
  readonly n: number;
  readonly groups: number;
  readonly c: number;
  readonly o: number;
}

export interface Geometry extends Shape {
  /** As the kernels read it (assembly/conv/geometry.ts). */
  readonly words: readonly number[];
  /** Of a kernel of one tap that skips elements: the convolution of those that it sees. */
  readonly seen: Geometry | undefined;
  /** How its passes are computed, as far as that was asked. */
  readonly plans: Plan[];
}

export function geometryOf(g: Shape): Geometry {
  return {
    ...g,
    words: [g.n, g.groups, g.c, g.o, ...wordsOf(g)],
    seen: skips(g) ? geometryOf({ ...g, input: g.output, stride: g.stride.map(() => 1) }) : undefined,
    plans: [],
  };
}

const skips = ({ groups, kernel, stride, padding }: Shape): boolean =>
  groups === 1 && kernel.every((k) => k === 1) && padding.every((p) => p === 0) && stride.some((s) => s > 1);

/**
 * How a pass of a convolution is computed: as its sum stands (`"direct"`; `"depthwise"` where every channel has a kernel of its own), as matrix
 * products (`"pointwise"`, `"whole"`: a kernel of 1, or as large as the input), or in tiles by Winograd's minimal filtering.
 */
export type ConvAlgorithm = "direct" | "pointwise" | "whole" | "winogradF2" | "winogradF4" | "depthwise";

/** By their codes in `assembly/conv/plan.ts`. */
const byCode: readonly ConvAlgorithm[] = ["direct", "pointwise", "whole", "winogradF2", "winogradF4", "depthwise"];

const passes = { forward: 0, inputGrad: 1, weightGrad: 2 } as const;

/** Which of the maps of a convolution: y from x and w, or the gradient of x or of w. */
export type ConvPass = keyof typeof passes;

const largestTiles = { off: 0, F2: 2, F4: 4 } as const;

/** The largest tiles of Winograd's algorithm that are allowed. */
export type WinogradTiles = keyof typeof largestTiles;

let winogradTiles: WinogradTiles = "F2";

export const getWinogradTiles = (): WinogradTiles => winogradTiles;

/** @throws ValueError for anything but "off", "F2" and "F4". */
export function setWinogradTiles(tiles: WinogradTiles): void {
  if (typeof tiles !== "string" || !Object.hasOwn(largestTiles, tiles))
    throw new ValueError(`backends.conv.winograd: takes "off", "F2" or "F4", got ${String(tiles)}`);
  winogradTiles = tiles;
}

/** Nanoseconds per multiply-add, and per transformed weight. */
const MADD_COSTS: Partial<Record<ConvAlgorithm, number>> = { depthwise: 0.12, winogradF2: 0.03, winogradF4: 0.03 };
const MADD_COST = 0.06;
const WEIGHT_COST = 5;

const costOf = (g: Geometry, algorithm: ConvAlgorithm): number =>
  g.n * g.o * sizeOfShape(g.output) * (g.c / g.groups) * sizeOfShape(g.kernel) * (MADD_COSTS[algorithm] ?? MADD_COST);

/** Weights that are transformed before a pass in tiles: how many values, and the work of that. */
interface TransformedWeights {
  readonly size: number;
  readonly work: Work;
}

/** How a pass is computed in a dtype on a device, if tiles up to a size are allowed. */
export interface Plan {
  readonly pass: ConvPass;
  readonly dtype: DType;
  readonly backend: Backend;
  readonly largest: WinogradTiles;
  /** The code of the algorithm in the kernels. */
  readonly way: number;
  /** Outputs along one side of a tile; 0 if there are no tiles. */
  readonly tile: number;
  readonly weights: TransformedWeights | undefined;
  readonly work: Work;
}

/** Outputs along one side of a tile, for algorithms that have them. */
const tileSizes: Partial<Record<ConvAlgorithm, number>> = { winogradF2: 2, winogradF4: 4 };

/** The code of the algorithm that computes a pass. */
const wayOf = (pass: ConvPass, dtype: DType, { words }: Geometry, backend: Backend): number =>
  backend.query("convAlgorithm", [codeOf(dtype), words, passes[pass], largestTiles[winogradTiles]]);

/** Which algorithm computes a pass. */
export const convAlgorithm = (pass: ConvPass, dtype: DType, g: Geometry, backend: Backend): ConvAlgorithm =>
  byCode[wayOf(pass, dtype, g.seen ?? g, backend)]!;

function weightsOf(pass: ConvPass, g: Geometry, backend: Backend, tile: number): TransformedWeights | undefined {
  if (tile === 0 || pass === "weightGrad") return undefined;
  const range = backend.query("winogradWeightsTasks", [g.words, gradientFlag(pass)]);
  return {
    size: backend.query("winogradWeightsSize", [g.words, tile, gradientFlag(pass)]),
    work: { range, cost: g.o * (g.c / g.groups) * sizeOfShape(g.kernel) * WEIGHT_COST, scratch: true },
  };
}

/** How the kernels of tiles tell the two passes that share them apart. */
export const gradientFlag = (pass: ConvPass): number => Number(pass === "inputGrad");

/** Asks the planner of the kernels, unless it has been asked before. @throws KindlingError for a pass that cannot be computed. */
export function planOf(pass: ConvPass, dtype: DType, g: Geometry, backend: Backend): Plan {
  for (const plan of g.plans)
    if (plan.pass === pass && plan.dtype === dtype && plan.backend === backend && plan.largest === winogradTiles)
      return plan;
  const way = wayOf(pass, dtype, g, backend);
  const algorithm = byCode[way]!;
  const tile = tileSizes[algorithm] ?? 0;
  const range = backend.query("convTasks", [codeOf(dtype), way, g.words, passes[pass]]);
  if (range < 0)
    throw new KindlingError(
      `convolution: a kernel of ${shapeText(g.kernel)} with dilation ${shapeText(g.dilation)} spans more than the kernels can hold`,
    );
  const work = { range, cost: costOf(g, algorithm), scratch: true };
  const weights = weightsOf(pass, g, backend, tile);
  const plan: Plan = { pass, dtype, backend, largest: winogradTiles, way, tile, weights, work };
  g.plans.push(plan);
  return plan;
}
