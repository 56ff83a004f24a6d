/** Convolutions over one to three spatial axes. */
import type { DType } from "../../core/dtype";
import type { Operand, Optional } from "../operand";
import type { SlidingWindows } from "./windows";

/** Which of the maps of a convolution: y from x and w, or the gradient of x or of w. */
export type ConvPass = "forward" | "inputGrad" | "weightGrad";

/**
 * One convolution x [n, c, …input] · w [o, c / groups, …kernel] → y [n, o, …output]. A device may keep what it plans for an object of this kind, so the
 * caller hands on the same one as long as the sizes are the same.
 */
export interface ConvolutionGeometry extends SlidingWindows {
  readonly n: number;
  readonly c: number;
  readonly o: number;
  /** Groups of channels that do not see each other. */
  readonly groups: number;
}

/** y from x and w, or the gradient of x or of w: the pass says which of the three operands is written. All are contiguous and of one floating dtype. */
export interface Convolution {
  readonly pass: ConvPass;
  /** [n, c, …input]; the gradient of it in the pass `inputGrad`, which writes it. */
  readonly x: Operand;
  /** [o, c / groups, …kernel]; the gradient of it in the pass `weightGrad`, which writes it. */
  readonly w: Operand;
  /** [n, o, …output]; written by the pass `forward`, the gradient of it in the others. */
  readonly y: Operand;
  /** [o], added to y; undefined but in the pass `forward`. */
  readonly bias: Optional;
  readonly geometry: ConvolutionGeometry;
}

/** y [c] = the sums of the channels of x [n, c, …]: the gradient of a bias. Contiguous and floating point. */
export interface ChannelSums {
  readonly y: Operand;
  readonly x: Operand;
}

/**
 * How a pass of a convolution is computed: as its sum stands (`"direct"`; `"depthwise"` where every channel has a kernel of its own), as matrix
 * products (`"pointwise"`, `"whole"`: a kernel of 1, or as large as the input), or in tiles by Winograd's minimal filtering.
 */
export type ConvAlgorithm = "direct" | "pointwise" | "whole" | "winogradF2" | "winogradF4" | "depthwise";

/** The largest tiles of Winograd's algorithm that are allowed. */
export type WinogradTiles = "off" | "F2" | "F4";

/** What a device that has several algorithms for convolutions lets its user choose and see. */
export interface ConvolutionPlanner {
  /** The largest tiles that are allowed. Default: "F2". */
  winogradTiles: WinogradTiles;
  /** Which algorithm computes a pass. */
  algorithm(pass: ConvPass, dtype: DType, geometry: ConvolutionGeometry): ConvAlgorithm;
}
