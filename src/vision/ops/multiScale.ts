/** Regions of interest in the levels of a feature pyramid. */

import { checkArray, checkInteger, checkIntegers, checkNumber, checkString, MAX_COUNT } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { checkTensor } from "../../ops/builders/checks";
import { type Sizes, spread } from "../../ops/layers/slidingWindows";
import { cat } from "../../ops/shape/join";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkBoxes } from "./boxChecks";
import { boxArea } from "./boxes";
import type { FeatureMaps } from "./featurePyramid";
import { roiAlign } from "./roiAlign";

/** Parameters of {@link MultiScaleRoIAlign}. */
export interface MultiScaleParameters {
  /** The names of the feature maps that are looked at. */
  featmapNames: readonly string[];
  /** One number of bins, or [height, width]. */
  outputSize: Sizes;
  /** Samples of a bin along each axis; −1 for about one for each element. */
  samplingRatio: number;
  /** The side of a box that belongs to `canonicalLevel`. Default: 224. */
  canonicalScale?: number;
  /** The level, counted by halvings, of boxes of `canonicalScale`. Default: 4. */
  canonicalLevel?: number;
}

/** Which level of a pyramid boxes belong to, by equation 1 of the paper of feature pyramids. */
interface Levels {
  /** What brings coordinates of the image to those of each level. */
  readonly scales: readonly number[];
  /** The halvings of the first level and of the last. */
  readonly first: number;
  readonly last: number;
}

const log2 = (x: number): number => Math.fround(Math.log2(Math.fround(x)));

/** Halves to the even neighbor, as `round` of PyTorch. */
const rounded = (x: number): number => {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
};

function levelsOf(layer: string, maps: readonly Tensor[], imageShapes: readonly (readonly number[])[]): Levels {
  if (imageShapes.length === 0) throw new ValueError(`${layer}: images list should not be empty`);
  const height = Math.max(...imageShapes.map((shape) => shape[0]!));
  const scales = maps.map((map) => 2 ** rounded(log2(map.shape.at(-2)! / height)));
  const [first, last] = [scales[0]!, scales.at(-1)!].map((scale) => Math.trunc(-log2(scale))) as [number, number];
  return { scales, first, last };
}

/** The level of each box, counted from the first that there is. Shape: [K], int64. */
function levelOf(boxes: readonly Tensor[], levels: Levels, scale: number, level: number): Tensor {
  const side = cat(boxes.map((each) => boxArea(each))).sqrt();
  const target = side.div(scale).log2().add(level).add(1e-6).floor();
  return target.clamp({ min: levels.first, max: levels.last }).to("int64").sub(levels.first);
}

const signature = "featmapNames, outputSize, samplingRatio;; canonicalScale, canonicalLevel";

/**
 * {@link roiAlign} of each box in the level of a feature pyramid that fits its size. It is called with an object of feature maps, a list of boxes
 * [L, 4] for each image, in the coordinates of the images, and a list of the images' sizes [height, width]; it gives
 * [K, C, outputSize[0], outputSize[1]]. The scales of the levels are worked out in the first call.
 * @throws ValueError without feature maps or images.
 * @see torchvision.ops.MultiScaleRoIAlign
 * @example
 * const pool = new vision.ops.MultiScaleRoIAlign(["feat1", "feat3"], 3, 2);
 * pool({ feat1, feat2, feat3 }, [boxes], [[512, 512]]);
 */
export class MultiScaleRoIAlign extends nn.Module {
  featmapNames: readonly string[];
  outputSize: readonly [number, number];
  samplingRatio: number;
  canonicalScale: number;
  canonicalLevel: number;
  /** What brings coordinates of the images to those of each level; null before the first call. */
  scales: readonly number[] | null = null;
  #levels: Levels | null = null;

  constructor(...given: Arguments<typeof signature, MultiScaleParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const defaults = { canonicalScale: 224, canonicalLevel: 4 };
    const options = readArguments<MultiScaleParameters>(layer, signature, defaults, given);
    const names = checkArray(layer, "featmapNames", options.featmapNames, "names");
    this.featmapNames = names.map((name, i) => checkString(layer, `featmapNames[${i}]`, name));
    this.outputSize = spread(layer, "outputSize", options.outputSize, 2) as [number, number];
    for (const size of this.outputSize) checkInteger(layer, "outputSize", size, 0, MAX_COUNT);
    this.samplingRatio = checkInteger(layer, "samplingRatio", options.samplingRatio);
    this.canonicalScale = checkNumber(layer, "canonicalScale", options.canonicalScale);
    this.canonicalLevel = checkNumber(layer, "canonicalLevel", options.canonicalLevel);
  }

  override forward(
    x: FeatureMaps,
    boxes: readonly Tensor[],
    imageShapes: readonly (readonly [height: number, width: number])[],
  ): Tensor {
    const layer = classNameOf(this);
    const maps = this.#mapsOf(x);
    const lists = checkArray(layer, "boxes", boxes, "tensors").map((each, i) => checkBoxes(layer, each, `boxes[${i}]`));
    const shapes = checkArray(layer, "imageShapes", imageShapes, "sizes").map((shape, i) =>
      checkIntegers(layer, `imageShapes[${i}]`, shape, 1, MAX_COUNT),
    );
    if (lists.length === 0) throw new ValueError(`${layer}: boxes must have a Tensor[L, 4] for each image, got none`);
    this.#levels ??= levelsOf(layer, maps, shapes);
    this.scales = this.#levels.scales;
    if (maps.length !== this.scales.length)
      throw new ValueError(`${layer}: the first call had ${this.scales.length} feature maps, this one ${maps.length}`);
    return this.#pool(maps, lists, this.#levels);
  }

  #mapsOf(x: unknown): Tensor[] {
    const layer = classNameOf(this);
    if (!isPlainObject(x)) throw new ArgumentError(`${layer}: takes an object of feature maps, got ${describe(x)}`);
    const names = Object.keys(x).filter((name) => this.featmapNames.includes(name));
    if (names.length === 0)
      throw new ValueError(
        `${layer}: none of the feature maps ${this.featmapNames.join(", ")} is among ${Object.keys(x).join(", ") || "none"}`,
      );
    return names.map((name) => checkTensor(layer, x[name], name));
  }

  #pool(maps: readonly Tensor[], boxes: readonly Tensor[], levels: Levels): Tensor {
    const { outputSize, samplingRatio } = this;
    const regions = cat(boxes.map((each, image) => cat([each.narrow(1, 0, 1).mul(0).fill_(image), each], 1).detach()));
    const pool = (map: Tensor, rows: Tensor, spatialScale: number) =>
      roiAlign(map, rows, outputSize, { spatialScale, samplingRatio });
    if (maps.length === 1) return pool(maps[0]!, regions, levels.scales[0]!);
    const level = levelOf(boxes, levels, this.canonicalScale, this.canonicalLevel);
    const [{ dtype, device, shape }] = maps as [Tensor];
    let result = zeros([regions.shape[0]!, shape[1]!, ...outputSize], { dtype: dtype as "float32", device });
    maps.forEach((map, i) => {
      const at = level.eq(i).nonzero().reshape(-1);
      const pooled = pool(map, regions.indexSelect(0, at), levels.scales[i]!);
      result = result.indexCopy(0, at, pooled.to(dtype));
    });
    return result;
  }

  override toString(): string {
    const names = `[${this.featmapNames.map((name) => `'${name}'`).join(", ")}]`;
    return `${classNameOf(this)}(featmap_names=${names}, output_size=${text(this.outputSize)}, sampling_ratio=${this.samplingRatio})`;
  }
}

takes("x{}, boxes, imageShapes", MultiScaleRoIAlign);
