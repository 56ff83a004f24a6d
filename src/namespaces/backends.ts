/** `torch.backends`: how things are computed, where there is a choice. */
import type { SimdLevel, TilingSet } from "../backend/capabilities";
import { cpu } from "../backend/cpu";
import { isFusing, setFusing } from "../backend/fusion";
import type { ConvAlgorithm, ConvPass, WinogradTiles } from "../backend/ops";
import { setTilings, tilingSets, tilings } from "../backend/tilings";
import { checkChoice, checkFlag } from "../core/arguments";
import { checkOptions, ShapeError } from "../core/errors";
import { shapeText } from "../core/shape";
import { named } from "../core/signature";
import { checkTensor } from "../ops/builders/checks";
import { computeType } from "../ops/builders/define";
import { type ConvOptions, checkOperands, prepare } from "../ops/layers/convArguments";
import type { Tensor } from "../tensor/tensor";

export type { ConvAlgorithm, ConvPass, WinogradTiles } from "../backend/ops";

function algorithms(
  input: Tensor,
  weight: Tensor,
  options: ConvOptions = {},
): Readonly<Record<ConvPass, ConvAlgorithm>> {
  const op = "backends.conv.algorithms";
  checkTensor(op, input);
  checkTensor(op, weight, "weight");
  const dims = weight.ndim - 2;
  if (input.ndim !== weight.ndim || dims < 1 || dims > 3)
    throw new ShapeError(
      `${op}: takes an input [N, C, …] and a weight [O, C/groups, …] of one to three spatial axes, got ${shapeText(input.shape)} and ${shapeText(weight.shape)}`,
    );
  checkOptions(op, options, ["stride", "padding", "dilation", "groups"]);
  checkOperands(op, dims, input, weight, undefined);
  const { x, geometry } = prepare(op, dims, input, weight, undefined, options);
  const { convolutions = cpu().convolutions } = x.storage.backend;
  const of = (pass: ConvPass) => convolutions.algorithm(pass, computeType(x.dtype), geometry);
  return { forward: of("forward"), inputGrad: of("inputGrad"), weightGrad: of("weightGrad") };
}

/**
 * Convolutions on the CPU. Kindling's own: PyTorch has `torch.backends.cudnn` for the like.
 * @example
 * torch.backends.conv.winograd = "F4"; // faster 3×3 convolutions with rounding errors some ten times as large
 * torch.backends.conv.algorithms(torch.empty([1, 64, 56, 56]), torch.empty([64, 64, 3, 3]), { padding: 1 });
 * // { forward: "winogradF4", inputGrad: "winogradF4", weightGrad: "winogradF2" }
 */
export const conv = {
  /**
   * The largest tiles in which 3×3 convolutions of stride 1 may be computed by Winograd's minimal filtering, where that is faster:
   * `"F2"` (2×2 outputs, 2.25 times fewer multiplications; rounding errors as those of the plain sum), `"F4"` (4×4 outputs, 4 times
   * fewer; rounding errors about ten times as large; not for the gradient of the weight) or `"off"`. Default: `"F2"`. In tiles, an
   * infinity or NaN of an operand makes all outputs of its tiles NaN. @see Lavin and Gray (2016), arXiv:1509.09308
   * @throws ValueError for any other value.
   */
  get winograd(): WinogradTiles {
    return cpu().convolutions.winogradTiles;
  },
  set winograd(tiles: WinogradTiles) {
    cpu().convolutions.winogradTiles = tiles;
  },

  /**
   * The algorithm of each pass of a convolution of these operands: what the planner chooses, for debugging and benchmarks.
   * Shape: input [N, C, …], weight [O, C/groups, …]; the options are those of `conv2d`.
   * @throws ShapeError unless the operands fit.
   */
  algorithms,
};

/** Kernels on the GPU. */
export const webgpu = {
  /**
   * Whether ops wait until somebody looks at their results, so that several become one kernel: chains of elementwise ops, the products, convolutions
   * and sums before them, and small kernels that do not depend on one another. Values are the same but for the last bits, where a GPU's compiler joins
   * a product and a sum. Default: true. Turned off, each op is a kernel of its own, for debugging and to compare.
   * @example torch.backends.webgpu.fusion = false;
   * @throws ArgumentError unless it is a boolean.
   */
  get fusion(): boolean {
    return isFusing();
  },
  set fusion(on: boolean) {
    checkFlag("backends.webgpu", "fusion", on);
    setFusing(on);
  },

  /**
   * Whose tilings products and convolutions are computed with: `"card"` are those of graphics cards, which share their factors in the memory of a
   * workgroup, `"software"` those of drivers that compute on the processor, which do not. Values differ in the last bits at most. Default: `"auto"`, by the
   * name of the adapter; the others are for tests and to compare.
   * @example torch.backends.webgpu.tilings = "card";
   * @throws ValueError for any other value.
   */
  get tilings(): TilingSet {
    return tilings();
  },
  set tilings(set: TilingSet) {
    setTilings(checkChoice("backends.webgpu", "tilings", set, tilingSets));
  },
};

/** The kernels in WebAssembly. */
export const wasm = {
  /**
   * The level of SIMD: `"relaxed"` has fused multiply-add, `"baseline"` every engine has, up to 1.4 times slower. Results have the same bits in
   * every runtime and with any number of threads within a level; between the levels the last bits differ. Default: the best that the engine
   * has, or `"baseline"` if the environment variable KINDLING_SIMD says so. To be set before the first tensor is made.
   * @example torch.backends.wasm.simd = "baseline"; // the same bits everywhere
   * @throws KindlingError once there are tensors. @throws DeviceError for a level that the engine does not have.
   */
  get simd(): SimdLevel {
    return cpu().simdLevel.get();
  },
  set simd(level: SimdLevel) {
    cpu().simdLevel.set(level);
  },

  /**
   * The compiled kernels; undefined before the first tensor is made. Where a runtime takes only modules that it has compiled itself, as Cloudflare
   * Workers do, a program gives them before: those of `kindling/kernels.wasm`, at the level "baseline".
   * A `WebAssembly.Module`; its type is not named, since programs without the types of browsers and Node do not know it.
   * @example
   * import kernels from "kindling/kernels.wasm";
   * torch.backends.wasm.module = kernels;
   * @throws KindlingError once there are tensors. @throws ArgumentError unless it is a module. @throws ValueError for another one.
   */
  get module(): object | undefined {
    return cpu().simdLevel.module;
  },
  // One type for both, as TypeScript 5.0 asks.
  set module(module: object | undefined) {
    cpu().simdLevel.module = module as WebAssembly.Module;
  },

  /**
   * Waits until all is computed that ops were called for, on the cpu. With several threads an op may return while others are still at work on it and on a few
   * before it, some milliseconds of work at most. Reading a tensor waits by itself, so this is only for measuring time. Kindling's own: PyTorch has
   * `torch.cpu.synchronize` from 2.1 on, but `torch.cpu(x)` is an op here.
   * @example
   * const start = performance.now();
   * const y = x.matmul(x);
   * torch.backends.wasm.synchronize();
   * console.log(performance.now() - start);
   */
  synchronize: named("backends.wasm.synchronize", "", (): void => cpu().threads.finish()),
};
