/**
 * How the three maps of a convolution are computed: y from x and w, and the gradients of x and of w. The planner of the kernels
 * chooses the algorithm by shape (`assembly/conv/algorithm.ts`).
 */
import type { Backend, Work } from "../backend/backend";
import { codeOf, type DType } from "../core/dtype";
import { KindlingError, ValueError } from "../core/errors";
import { shapeText, sizeOfShape } from "../core/shape";
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

/** One convolution x [N, C, …input] · w [O, C/groups, …kernel] → y [N, O, …output]. */
interface Shape {
  readonly n: number;
  readonly groups: number;
  readonly c: number;
  readonly o: number;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

export interface Geometry extends Shape {
  /** As the kernels read it (assembly/conv/geometry.ts). */
  readonly words: readonly number[];
  /** How its passes are computed, as far as that was asked. */
  readonly plans: Plan[];
}

const spatialAxes = 3;

/** With one or two axes, the first of three are of size 1. */
export function geometryOf(g: Shape): Geometry {
  const words = [g.n, g.groups, g.c, g.o];
  for (const [list, fill] of [
    [g.input, 1],
    [g.output, 1],
    [g.kernel, 1],
    [g.stride, 1],
    [g.padding, 0],
    [g.dilation, 1],
  ] as const) {
    for (let i = list.length; i < spatialAxes; i++) words.push(fill);
    words.push(...list);
  }
  return { ...g, words, plans: [] };
}

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

/** How a pass is computed in a dtype on a device, if tiles up to a size are allowed. */
interface Plan {
  readonly pass: ConvPass;
  readonly dtype: DType;
  readonly backend: Backend;
  readonly largest: WinogradTiles;
  readonly algorithm: ConvAlgorithm;
  readonly shape: readonly number[];
  readonly work: Work;
}

const shapes = {
  forward: (g: Geometry) => [g.n, g.o, ...g.output],
  inputGrad: (g: Geometry) => [g.n, g.c, ...g.input],
  weightGrad: (g: Geometry) => [g.o, g.c / g.groups, ...g.kernel],
};

const kernels = { forward: "conv", inputGrad: "convInputGrad", weightGrad: "convWeightGrad" } as const;

/** Outputs along one side of a tile, for algorithms that have them. */
const tileSizes: Partial<Record<ConvAlgorithm, number>> = { winogradF2: 2, winogradF4: 4 };

/** The tasks of a pass. @throws KindlingError if it cannot be computed. */
function tasksOf(pass: ConvPass, dtype: DType, g: Geometry, backend: Backend, algorithm: ConvAlgorithm): number {
  const tile = tileSizes[algorithm];
  if (tile !== undefined)
    return pass === "weightGrad"
      ? backend.query("winogradWeightGradTasks", [g.words])
      : backend.query("winogradTasks", [g.words, tile, Number(pass === "inputGrad")]);
  const tasks = backend.query("convTasks", [codeOf(dtype), g.words, passes[pass]]);
  if (tasks < 0)
    throw new KindlingError(
      `convolution: a kernel of ${shapeText(g.kernel)} with dilation ${shapeText(g.dilation)} spans more than the kernels can hold`,
    );
  return tasks;
}

/** Which algorithm computes a pass. */
export function convAlgorithm(pass: ConvPass, dtype: DType, g: Geometry, backend: Backend): ConvAlgorithm {
  const code = backend.query("convAlgorithm", [codeOf(dtype), g.words, passes[pass], largestTiles[winogradTiles]]);
  return byCode[code]!;
}

/** Asks the planner of the kernels, unless it has been asked before. */
function planOf(pass: ConvPass, dtype: DType, g: Geometry, backend: Backend): Plan {
  for (const plan of g.plans)
    if (plan.pass === pass && plan.dtype === dtype && plan.backend === backend && plan.largest === winogradTiles)
      return plan;
  const algorithm = convAlgorithm(pass, dtype, g, backend);
  const range = tasksOf(pass, dtype, g, backend, algorithm);
  const work = { range, cost: costOf(g, algorithm), scratch: true };
  const plan: Plan = { pass, dtype, backend, largest: winogradTiles, algorithm, shape: shapes[pass](g), work };
  g.plans.push(plan);
  return plan;
}

/** Runs one of the maps on its two operands, and for y the bias, into a new tensor. Records nothing. */
export function convolution(pass: ConvPass, a: Tensor, b: Tensor, bias: Tensor | undefined, g: Geometry): Tensor {
  const { backend } = a.storage;
  const { algorithm, shape, work } = planOf(pass, a.dtype, g, backend);
  const y = allocate(shape, a.dtype, a);
  const [first, second, offset] = [a.contiguous(), b.contiguous(), bias?.contiguous()];
  const tile = tileSizes[algorithm];
  if (tile !== undefined) tiled(pass, y, first, second, offset, g, tile, work);
  else if (pass === "forward") backend.call("conv", y.dtype, [y, first, second, offset, g.words], work);
  else backend.call(kernels[pass], y.dtype, [y, first, second, g.words], work);
  return y;
}

/** In tiles of m×m outputs. */
function tiled(
  pass: ConvPass,
  y: Tensor,
  a: Tensor,
  b: Tensor,
  bias: Tensor | undefined,
  { words }: Geometry,
  m: number,
  work: Work,
): void {
  const { backend } = y.storage;
  if (pass === "weightGrad") {
    backend.call("winogradWeightGrad", undefined, [y, a, b, words], work);
    return;
  }
  const gradient = Number(pass === "inputGrad");
  const u = transformedWeights(b, words, m, gradient);
  backend.call("winograd", undefined, [y, a, u, bias, words, m, gradient], work);
  u.dispose();
}

function transformedWeights(w: Tensor, geometry: readonly number[], m: number, gradient: number): Tensor {
  const { backend } = w.storage;
  const u = allocate([backend.query("winogradWeightsSize", [geometry, m, gradient])], "float32", w);
  backend.call("winogradWeights", undefined, [u, w, geometry, m, gradient], {
    range: backend.query("winogradWeightsTasks", [geometry, gradient]),
    cost: w.numel() * WEIGHT_COST,
    scratch: true,
  });
  return u;
}

/** The gradient of the bias: the sum of each channel of gy. */
export function channelSums(gy: Tensor, g: Geometry): Tensor {
  const gb = allocate([g.o], gy.dtype, gy);
  gy.storage.backend.call("convBiasGrad", gy.dtype, [gb, gy.contiguous(), g.words], {
    range: g.o,
    cost: gy.numel() * 0.3,
  });
  return gb;
}
