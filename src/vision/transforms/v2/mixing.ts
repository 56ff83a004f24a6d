/** Transforms of batches that mix each picture with another, and its label as well. */

import { checkInteger, checkNumber } from "../../../core/arguments";
import { argumentsOf } from "../../../core/binding";
import { classNameOf, nameOf } from "../../../core/className";
import { DTypeError, describe, ShapeError, ValueError } from "../../../core/errors";
import { shapeText } from "../../../core/shape";
import { within } from "../../../core/signature";
import type { Arguments } from "../../../core/signatureTypes";
import { portable } from "../../../data/pack";
import { sampleDirichlet } from "../../../distributions/base/sampling";
import { float, text } from "../../../nn/module/repr";
import { oneHot } from "../../../ops/indexing/membership";
import { full } from "../../../tensor/create";
import { Tensor } from "../../../tensor/tensor";
import { Image as Picture } from "../../image";
import { drawInt } from "../draws";
import { checkGetter, type LabelsGetter, labelsOf, SampleTransform } from "./boxTransforms";
import { itemsOf, leavesOf, mapLeaves, sampleOf } from "./sample";
import { BoundingBoxes, Image, Mask } from "./tagged";

/** The parameters of {@link MixUp} and {@link CutMix}. */
export interface MixingOptions {
  /** The parameter of the Beta distribution that shares are drawn from. Default: 1. */
  alpha?: number;
  /** How many classes there are: needed where labels are class numbers. */
  numClasses?: number | null;
  /** Where the labels are. Default: the second part of the sample. */
  labelsGetter?: LabelsGetter;
}

const mixingSignature = "; alpha, numClasses, labelsGetter";

/** What one call mixes by: the share of each picture in its own place, and how pictures are mixed. */
interface Mixing {
  readonly share: number;
  readonly mix: (pictures: Tensor) => Tensor;
}

abstract class Mixer extends SampleTransform {
  alpha: number;
  numClasses: number | null;
  labelsGetter: LabelsGetter;

  constructor(...given: Arguments<typeof mixingSignature, MixingOptions>);
  constructor(...given: unknown[]) {
    super();
    const op = nameOf(new.target);
    const read = argumentsOf<MixingOptions>(op, mixingSignature, given);
    this.alpha = checkNumber(op, "alpha", read.alpha ?? 1);
    if (!(this.alpha > 0)) throw new ValueError(`${op}: alpha must be positive, got ${this.alpha}`);
    this.numClasses = read.numClasses == null ? null : checkInteger(op, "numClasses", read.numClasses, 1);
    this.labelsGetter = checkGetter(op, read.labelsGetter === undefined ? "default" : read.labelsGetter);
  }

  /** A number from Beta(alpha, alpha). */
  protected drawShare(): number {
    return sampleDirichlet(full([1, 2], this.alpha, { dtype: "float32" }))
      .select(-1, 0)
      .item();
  }

  /** Draws what one call does to pictures of a size. */
  protected abstract draw(height: number, width: number): Mixing;

  private checkLabels(op: string, labels: unknown): Tensor {
    if (!(labels instanceof Tensor))
      throw new ValueError(`${op}: The labels must be a tensor, but got ${describe(labels)} instead.`);
    if (labels.ndim !== 1 && labels.ndim !== 2)
      throw new ShapeError(
        `${op}: labels should be index based with shape (batch_size,) or probability based with shape (batch_size, num_classes), but got a tensor of shape ${shapeText(labels.shape)} instead.`,
      );
    if (labels.ndim === 2 && this.numClasses !== null && labels.shape[1] !== this.numClasses)
      throw new ValueError(
        `${op}: When passing 2D labels, the number of elements in last dimension must match numClasses: ${labels.shape[1]} != ${this.numClasses}.`,
      );
    if (labels.ndim === 1 && this.numClasses === null)
      throw new ValueError(`${op}: numClasses must be passed if the labels are index-based (shape (batch_size,))`);
    return labels;
  }

  private mixLabels(labels: Tensor, share: number): Tensor {
    const hot = labels.ndim === 1 ? oneHot(labels.to("int64"), this.numClasses!) : labels;
    const shares = hot.isFloatingPoint() ? hot : hot.to("float32");
    return shares
      .roll(1, 0)
      .mul(1 - share)
      .add(shares.mul(share));
  }

  override forward(...inputs: unknown[]): any {
    const op = classNameOf(this);
    const sample = sampleOf(op, inputs);
    if (
      leavesOf(sample).some((leaf) => leaf instanceof Picture || leaf instanceof BoundingBoxes || leaf instanceof Mask)
    )
      throw new ValueError(`${op}: does not support Images, bounding boxes and masks; it takes batches of tensors`);
    const labels = this.checkLabels(op, labelsOf(op, this.labelsGetter, sample));
    const items = itemsOf(sample);
    items.delete(labels);
    const pictures = [...items].map((item) => checkBatch(op, item instanceof Image ? item.data : item, labels));
    if (pictures.length === 0) throw new ValueError(`${op}: found no batch of pictures in the sample`);
    const { share, mix } = this.draw(...(pictures[0]!.shape.slice(-2) as unknown as [number, number]));
    const change = (leaf: unknown): unknown => {
      if (leaf === labels) return this.mixLabels(labels, share);
      if (!items.has(leaf)) return leaf;
      return leaf instanceof Image ? leaf.wrap(mix(leaf.data)) : mix(leaf as Tensor);
    };
    return within(op, () => mapLeaves(sample, change));
  }

  override extraRepr(): string {
    return `alpha=${float(this.alpha)}, num_classes=${text(this.numClasses)}`;
  }
}

function checkBatch(op: string, batch: unknown, labels: Tensor): Tensor {
  const pictures = batch as Tensor;
  if (pictures.ndim !== 4)
    throw new ShapeError(`${op}: Expected a batched input with 4 dims, but got ${pictures.ndim} dimensions instead.`);
  if (pictures.shape[0] !== labels.shape[0])
    throw new ShapeError(
      `${op}: The batch size of the image does not match the batch size of the labels: ${pictures.shape[0]} != ${labels.shape[0]}.`,
    );
  return pictures;
}

/**
 * Each picture of a batch mixed with the one before: λ of its own and 1 − λ of the other, and so its label, as a share of each class.
 *
 * Zhang et al., mixup: Beyond Empirical Risk Minimization, 2017.
 * @see torchvision.transforms.v2.MixUp
 * @throws ValueError for labels that are no class numbers or shares, ShapeError unless pictures are a batch.
 * @example const [x, y] = new v2.MixUp({ numClasses: 10 })(images, labels);
 */
export class MixUp extends Mixer {
  protected override draw(): Mixing {
    const share = this.drawShare();
    const mix = (pictures: Tensor): Tensor => {
      if (!pictures.isFloatingPoint())
        throw new DTypeError(
          `MixUp: pictures must be floats, got ${pictures.dtype}; use v2.ToDtype("float32", { scale: true }) first`,
        );
      return pictures
        .roll(1, 0)
        .mul(1 - share)
        .add(pictures.mul(share));
    };
    return { share, mix };
  }
}

/**
 * Each picture of a batch with a rectangle of the one before pasted in, and its label mixed by their areas.
 *
 * Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features, 2019.
 * @see torchvision.transforms.v2.CutMix
 * @throws As {@link MixUp}.
 * @example const [x, y] = new v2.CutMix({ numClasses: 10 })(images, labels);
 */
export class CutMix extends Mixer {
  protected override draw(height: number, width: number): Mixing {
    const share = this.drawShare();
    const [x, y] = [drawInt(0, width), drawInt(0, height)];
    const part = 0.5 * Math.sqrt(1 - share);
    const [dx, dy] = [Math.trunc(part * width), Math.trunc(part * height)];
    const [left, right] = [Math.max(x - dx, 0), Math.min(x + dx, width)];
    const [top, bottom] = [Math.max(y - dy, 0), Math.min(y + dy, height)];
    const mix = (pictures: Tensor): Tensor => {
      const window = (from: Tensor) => from.narrow(-2, top, bottom - top).narrow(-1, left, right - left);
      const out = pictures.clone();
      window(out).copy_(window(pictures.roll(1, 0)));
      return out;
    };
    return { share: 1 - ((right - left) * (bottom - top)) / (width * height), mix };
  }
}

portable({ "v2.MixUp": MixUp, "v2.CutMix": CutMix });
