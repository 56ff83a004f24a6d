/** Reading images at places that a network chose: Jaderberg et al., Spatial Transformer Networks, 2015. */

import { noGrad } from "../../autograd/mode";
import { checkChoice, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { ShapeError } from "../../core/errors";
import { checkSize, shapeText, sizeOfShape } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/builders/checks";
import { checkFloating, checkSameDType } from "../../ops/builders/precision";
import { stack } from "../../ops/shape/join";
import { vectorOf } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  /** Default: `"bilinear"` (trilinear for volumes). */
  mode?: "bilinear" | "nearest" | "bicubic";
  /** What lies outside: zeros, the nearest edge, or the image mirrored. Default: `"zeros"`. */
  paddingMode?: "zeros" | "border" | "reflection";
  /** Whether −1 and 1 are the centers of the corners, or the corners. Default: false. */
  alignCorners?: boolean | null;
}

/** How coordinates of one axis become places. */
interface Axis {
  readonly size: number;
  readonly paddingMode: NonNullable<GridSampleOptions["paddingMode"]>;
  readonly alignCorners: boolean;
}

/** −1…1 → 0…size − 1 (or −½…size − ½). */
const unnormalize = (x: Tensor, { size, alignCorners }: Axis): Tensor =>
  alignCorners ? x.add(1).mul((size - 1) / 2) : x.add(1).mul(size).sub(1).div(2);

/** Mirrors places between `low` and `high`, given as twice their values, so that halves are whole. */
function reflect(x: Tensor, low2: number, high2: number): Tensor {
  if (low2 === high2) return x.mul(0);
  const span = (high2 - low2) / 2;
  const distance = x.sub(low2 / 2).abs();
  const flips = noGrad(() => distance.div(span).floor());
  const rest = distance.sub(flips.mul(span));
  const isEven = noGrad(() => flips.remainder(2).eq(0));
  return rest.where(isEven, rest.neg().add(span)).add(low2 / 2);
}

/** Brings places inside, as the padding mode says. */
function inside(x: Tensor, { size, paddingMode, alignCorners }: Axis): Tensor {
  if (paddingMode === "zeros") return x;
  const mirrored =
    paddingMode === "border" ? x : alignCorners ? reflect(x, 0, 2 * (size - 1)) : reflect(x, -1, 2 * size - 1);
  const clipped = mirrored.clamp(0, size - 1);
  // A position that is not a number lies on the edge, as in PyTorch.
  return clipped.where(
    noGrad(() => clipped.eq(clipped)),
    0,
  );
}

/** Whole places of one axis with their weights. */
interface Taps {
  readonly places: readonly Tensor[];
  readonly weights: readonly Tensor[];
}

function linearTaps(x: Tensor, axis: Axis): Taps {
  const at = inside(unnormalize(x, axis), axis);
  const low = noGrad(() => at.floor());
  const share = at.sub(low);
  return { places: [low, low.add(1)], weights: [share.neg().add(1), share] };
}

function nearestTaps(x: Tensor, axis: Axis): Taps {
  const at = noGrad(() => inside(unnormalize(x, axis), axis).round());
  // Ones that depend on x, so that its gradient is 0.
  return { places: [at], weights: [x.mul(0).nanToNum().add(1)] };
}

const SLOPE = -0.75;

/** Keys' cubic kernel, in differentiable ops, at distances below 1 and from 1 to 2. */
const near = (d: Tensor): Tensor =>
  d
    .mul(SLOPE + 2)
    .sub(SLOPE + 3)
    .mul(d)
    .mul(d)
    .add(1);
const far = (d: Tensor): Tensor => d.sub(5).mul(d).add(8).mul(d).sub(4).mul(SLOPE);

function cubicTaps(x: Tensor, axis: Axis): Taps {
  const at = unnormalize(x, axis);
  const low = noGrad(() => at.floor());
  const t = at.sub(low);
  const rest = t.neg().add(1);
  return {
    places: [-1, 0, 1, 2].map((k) => inside(low.add(k), axis)),
    weights: [far(t.add(1)), near(t), near(rest), far(rest.add(1))],
  };
}

/**
 * All combinations of one tap per axis: the flat place, whether it lies inside, and the weight. Shape of each: [N, places]. What does not lie
 * inside, NaN and infinities too, has place 0, which is safe to read.
 */
function* corners(
  taps: readonly Taps[],
  sizes: readonly number[],
): Generator<{ place: Tensor; valid: Tensor; weight: Tensor }> {
  const [first, ...rest] = taps as [Taps, ...Taps[]];
  const size = sizes[0]!;
  for (let k = 0; k < first.places.length; k++) {
    const at = first.places[k]!;
    const valid = at.ge(0).logicalAnd(at.lt(size));
    const own = at.where(valid, 0).long();
    const weight = first.weights[k]!;
    if (rest.length === 0) yield { place: own, valid, weight };
    else
      for (const inner of corners(rest, sizes.slice(1)))
        yield {
          place: own.mul(sizeOfShape(sizes.slice(1))).add(inner.place),
          valid: valid.logicalAnd(inner.valid),
          weight: weight.mul(inner.weight),
        };
  }
}

function check(input: Tensor, grid: Tensor, options: GridSampleOptions): void {
  checkTensor("gridSample", input);
  checkTensor("gridSample", grid, "grid");
  checkFloating("gridSample", input);
  checkSameDType("gridSample", input, { grid });
  const { mode = "bilinear", paddingMode = "zeros" } = options;
  checkChoice("gridSample", "mode", mode, ["bilinear", "nearest", "bicubic"]);
  checkChoice("gridSample", "paddingMode", paddingMode, ["zeros", "border", "reflection"]);
  const dims = input.ndim - 2;
  if (
    (dims !== 2 && dims !== 3) ||
    grid.ndim !== input.ndim ||
    grid.shape[0] !== input.shape[0] ||
    grid.shape.at(-1) !== dims
  )
    throw new ShapeError(
      `gridSample: a grid of shape ${shapeText(grid.shape)} does not fit an input of shape ${shapeText(input.shape)}`,
    );
  if (mode === "bicubic" && dims !== 2)
    throw new ShapeError("gridSample: bicubic interpolation only supports 4D input");
}

/**
 * The input at the places of `grid`, whose last axis holds (x, y) or (x, y, z) between −1 and 1.
 *
 * Shape: input [N, C, H, W], grid [N, H′, W′, 2] → [N, C, H′, W′]; or with a depth.
 * @see torch.nn.functional.grid_sample
 */
export const gridSample = named(
  "gridSample",
  "input, grid; mode, paddingMode, alignCorners",
  (input: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor => {
    check(input, grid, options);
    const { mode = "bilinear", paddingMode = "zeros" } = options;
    const alignCorners = options.alignCorners ?? false;
    const [n, c, ...sizes] = input.shape;
    const output = grid.shape.slice(1, -1);
    const tapsOf = mode === "nearest" ? nearestTaps : mode === "bicubic" ? cubicTaps : linearTaps;
    // Coordinates name the last axis first.
    const coordinates = grid.reshape(n, -1, sizes.length).unbind(-1).reverse();
    const taps = coordinates.map((x, i) => tapsOf(x, { size: sizes[i]!, paddingMode, alignCorners }));
    const flat = input.flatten(2);
    let sum: Tensor | undefined;
    for (const { place, valid, weight } of corners(taps, sizes)) {
      const index = noGrad(() => place.unsqueeze(1).expand(n, c, place.shape[1]!));
      const term = flat.gather(2, index).mul(weight.where(valid, 0).unsqueeze(1));
      sum = sum === undefined ? term : sum.add(term);
    }
    if (paddingMode === "zeros" && mode !== "nearest") sum = sum!.add(nanWhereUndefined(coordinates));
    return sum!.reshape([n, c, ...output]);
  },
);

/** NaN at places with a coordinate that is not finite, between which and its neighbors nothing can be interpolated; else 0. Shape: [N, 1, places]. */
const nanWhereUndefined = (coordinates: readonly Tensor[]): Tensor =>
  noGrad(() =>
    coordinates
      .map((x) => x.mul(0))
      .reduce((a, b) => a.add(b))
      .unsqueeze(1),
  );

/** Coordinates between −1 and 1 along an axis of `size` places. */
function baseCoordinates(size: number, alignCorners: boolean): Tensor {
  const at = (i: number) => (alignCorners ? -1 + (2 * i) / (size - 1) : (2 * i + 1) / size - 1);
  return vectorOf("float64", size, undefined, (out) => {
    for (let i = 0; i < size; i++) out[i] = size === 1 ? 0 : at(i);
  });
}

/**
 * A grid for {@link gridSample} from affine maps. Shape: theta [N, 2, 3] and size [N, C, H, W] → [N, H, W, 2]; or [N, 3, 4] with a depth.
 * @see torch.nn.functional.affine_grid
 */
export const affineGrid = named(
  "affineGrid",
  "theta, size; alignCorners",
  (theta: Tensor, size: readonly number[], options: { alignCorners?: boolean | null } = {}): Tensor => {
    checkTensor("affineGrid", theta, "theta");
    checkSize("affineGrid", [checkIntegers("affineGrid", "size", size, 1, MAX_COUNT)]);
    const [n, , ...spatial] = size as [number, number, ...number[]];
    const dims = spatial.length;
    if (
      (dims !== 2 && dims !== 3) ||
      theta.ndim !== 3 ||
      theta.shape[0] !== n ||
      theta.shape[1] !== dims ||
      theta.shape[2] !== dims + 1
    )
      throw new ShapeError(
        `affineGrid: expected theta of shape [${n}, ${dims}, ${dims + 1}] for size ${shapeText(size)}, got ${shapeText(theta.shape)}`,
      );
    const axes = spatial.map((s, i) =>
      baseCoordinates(s, options.alignCorners ?? false)
        .to({ dtype: theta.dtype, device: theta.device })
        .reshape(spatial.map((_, k) => (k === i ? -1 : 1)))
        .expand(spatial),
    );
    // Coordinates name the last axis first; the 1 is for the shift.
    const base = stack([...axes.reverse(), axes[0]!.mul(0).add(1)], -1).reshape(1, -1, dims + 1);
    return base.matmul(theta.transpose(1, 2)).reshape([n, ...spatial, dims]);
  },
);
