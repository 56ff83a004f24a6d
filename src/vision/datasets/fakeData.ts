/** Pictures of noise, for tests of programs. */

import { noGrad } from "../../autograd/mode";
import { checkInteger, checkIntegers } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { nameOf } from "../../core/className";
import { describe, ValueError } from "../../core/errors";
import { Generator } from "../../core/generator";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { randint, randn } from "../../ops/random/randomTensors";
import { tidy } from "../../tensor/tensor";
import { Image, type ImageMode, MOST_PIXELS } from "../image";
import { fromPlanes } from "./common/planes";
import { type TransformOptions, transformsIn, VisionDataset } from "./common/visionDataset";

const signature = "; size, imageSize, numClasses, transform, targetTransform, randomOffset";

/** What {@link FakeData} takes. */
export interface FakeDataOptions<I = any, T = any> extends TransformOptions<I, T, number> {
  /** How many pictures. Default: 1000. */
  size?: number | undefined;
  /** Channels (1 to 4), height and width. Default: [3, 224, 224]. */
  imageSize?: readonly number[] | undefined;
  /** Classes. Default: 10. */
  numClasses?: number | undefined;
  /** Other numbers give other pictures. Default: 0. */
  randomOffset?: number | undefined;
}

const modes: Readonly<Record<number, ImageMode>> = { 1: "L", 2: "LA", 3: "RGB", 4: "RGBA" };

/**
 * Pictures of noise with labels, each drawn when it is asked for from its index alone; torchvision's, value by value. There is nothing to wait for,
 * though `await` does no harm.
 * @see torchvision.datasets.FakeData
 * @throws ArgumentError or ValueError for sizes that make no pictures.
 * @example const set = new vision.datasets.FakeData({ size: 100, imageSize: [3, 32, 32] });
 */
export class FakeData<I = Image, T = number> extends VisionDataset<I, T> {
  /** @internal */
  static override readonly signature: string = signature;

  readonly size: number;
  readonly imageSize: readonly [channels: number, height: number, width: number];
  readonly numClasses: number;
  readonly randomOffset: number;

  constructor(options?: FakeDataOptions<I, T>);
  constructor(...given: Arguments<typeof signature, FakeDataOptions<I, T>>);
  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<FakeDataOptions<I, T>>(op, signature, given);
    super(undefined, transformsIn(values));
    this.size = checkInteger(op, "size", values.size ?? 1000, 0);
    const sizes = checkIntegers(op, "imageSize", values.imageSize ?? [3, 224, 224], 0);
    if (sizes.length !== 3 || !(sizes[0]! in modes) || sizes[0]! * sizes[1]! * sizes[2]! > MOST_PIXELS)
      throw new ValueError(`${op}: imageSize must be 1 to 4 channels, a height and a width, got ${describe(sizes)}`);
    this.imageSize = sizes as unknown as typeof this.imageSize;
    this.numClasses = checkInteger(op, "numClasses", values.numClasses ?? 10, 1);
    this.randomOffset = checkInteger(op, "randomOffset", values.randomOffset ?? 0);
  }

  get length(): number {
    return this.size;
  }

  at(index: number): [image: I, target: T] {
    const [channels, height, width] = this.imageSize;
    const generator = new Generator().manualSeed(this.place(index) + this.randomOffset);
    const [bytes, label] = tidy(() =>
      noGrad(() => {
        const pixels = randn(channels, height, width, { generator }).mul(255).byte();
        const target = randint(0, this.numClasses, [1], { generator }).item();
        return [pixels.toTypedArray() as Uint8Array, target];
      }),
    ) as [Uint8Array, number];
    return this.transformed(new Image(modes[channels]!, width, height, fromPlanes(bytes, channels)), label);
  }
}

portable({ FakeData });
