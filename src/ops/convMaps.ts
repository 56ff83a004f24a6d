/**
 * How the three maps of a convolution are computed: y from x and w, and the gradients of x and of w. The planner of the kernels
 * chooses the algorithm by shape (`assembly/conv/algorithm.ts`).
 */
import type { Backend } from "../backend/backend";
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
  return { ...g, words };
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

/** Which algorithm computes a pass. */
export function convAlgorithm(pass: ConvPass, dtype: DType, g: Geometry, backend: Backend): ConvAlgorithm {
  const code = backend.query("convAlgorithm", [codeOf(dtype), g.words, passes[pass], largestTiles[winogradTiles]]);
  return byCode[code]!;
}

/** Nanoseconds per multiply-add, and per transformed weight. */
const MADD_COSTS: Partial<Record<ConvAlgorithm, number>> = { depthwise: 0.12, winogradF2: 0.03, winogradF4: 0.03 };
const MADD_COST = 0.06;
const WEIGHT_COST = 5;

const costOf = (g: Geometry, algorithm: ConvAlgorithm): number =>
  g.n * g.o * sizeOfShape(g.output) * (g.c / g.groups) * sizeOfShape(g.kernel) * (MADD_COSTS[algorithm] ?? MADD_COST);

const shapes = {
  forward: (g: Geometry) => [g.n, g.o, ...g.output],
  inputGrad: (g: Geometry) => [g.n, g.c, ...g.input],
  weightGrad: (g: Geometry) => [g.o, g.c / g.groups, ...g.kernel],
};

const kernels = { forward: "conv", inputGrad: "convInputGrad", weightGrad: "convWeightGrad" } as const;

/** Runs one of the maps on its two operands, and for y the bias, into a new tensor. Records nothing. */
export function convolution(pass: ConvPass, a: Tensor, b: Tensor, bias: Tensor | undefined, g: Geometry): Tensor {
  const y = allocate(shapes[pass](g), a.dtype, a);
  const algorithm = convAlgorithm(pass, a.dtype, g, a.storage.backend);
  const operands = [a.contiguous(), b.contiguous(), bias?.contiguous()] as const;
  const cost = costOf(g, algorithm);
  if (algorithm === "winogradF2") tiled(pass, y, operands, g, 2, cost);
  else if (algorithm === "winogradF4") tiled(pass, y, operands, g, 4, cost);
  else untiled(pass, y, operands, g, cost);
  return y;
}

type Operands = readonly [Tensor, Tensor, Tensor | undefined];

function untiled(pass: ConvPass, y: Tensor, [a, b, bias]: Operands, g: Geometry, cost: number): void {
  const kernel = kernels[pass];
  const { backend } = y.storage;
  const tasks = backend.query(`${kernel}Tasks`, [codeOf(y.dtype), g.words]);
  if (tasks < 0)
    throw new KindlingError(
      `convolution: a kernel of ${shapeText(g.kernel)} with dilation ${shapeText(g.dilation)} spans more than the kernels can hold`,
    );
  const operands = pass === "forward" ? [y, a, b, bias] : [y, a, b];
  backend.call(kernel, y.dtype, [...operands, g.words], { range: tasks, cost, scratch: true });
}

/** In tiles of m×m outputs. */
function tiled(pass: ConvPass, y: Tensor, [a, b, bias]: Operands, g: Geometry, m: number, cost: number): void {
  const { words } = g;
  const { backend } = y.storage;
  if (pass === "weightGrad") {
    const range = backend.query("winogradWeightGradTasks", [words]);
    backend.call("winogradWeightGrad", undefined, [y, a, b, words], { range, cost, scratch: true });
    return;
  }
  const gradient = pass === "inputGrad" ? 1 : 0;
  const u = transformedWeights(b, words, m, gradient);
  const range = backend.query("winogradTasks", [words, m, gradient]);
  backend.call("winograd", undefined, [y, a, u, bias, words, m, gradient], { range, cost, scratch: true });
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
