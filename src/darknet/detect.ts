/** From the results of a network to boxes around objects. */
import { noGrad } from "../autograd/mode";
import { checkArray, checkFlag, checkInteger, checkNumber } from "../core/arguments";
import { ArgumentError, DTypeError, describe, ShapeError, StateError, ValueError } from "../core/errors";
import { shapeText } from "../core/shape";
import { cat } from "../ops/shape/join";
import { Tensor } from "../tensor/tensor";
import { clipBoxesToImage } from "../vision/ops/boxes";
import { batchedNms } from "../vision/ops/nms";
import type { Head } from "./layers/heads";
import { cornersIn, letterboxed, resized } from "./letterbox";

type Size = readonly [height: number, width: number];

/** A network as far as it is asked for objects. */
interface Network {
  (input: Tensor): Tensor[];
  readonly heads: readonly Head[];
  readonly inputShape: readonly [channels: number, height: number, width: number];
  modules(): { training: boolean }[];
  eval(): unknown;
}

/** Boxes in one picture, as torchvision's detectors give them, the surest first. */
export interface Detections {
  /** Left, upper, right and lower edge in pixels of the picture. Shape: [K, 4]. */
  readonly boxes: Tensor;
  /** Numbers of the classes, int64. Shape: [K]. */
  readonly labels: Tensor;
  /** How sure the network is. Shape: [K]. */
  readonly scores: Tensor;
}

/** All boxes that a network proposes. */
export interface Decoded {
  /** Center, width and height, as parts of the network's picture. Shape: [N, boxes, 4]. */
  readonly boxes: Tensor;
  /** How sure it is of each class. Shape: [N, boxes, classes]. */
  readonly scores: Tensor;
}

/** How `detect` looks for objects. */
export interface DetectOptions {
  /** The least score. Default: 0.5. */
  thresh?: number;
  /** Boxes of one class that overlap by more are one object. Default: 0.45. */
  nms?: number;
  /** Keep the proportions of pictures, with gray borders around them; else they are stretched. Default: true. */
  letterbox?: boolean;
  /** The most boxes for a picture. Default: 300. */
  maxDetections?: number;
}

/**
 * All boxes from the results of the network, those of its layers one after the other.
 * @param size Height and width of the pictures that it was given. Default: those of `[net]`.
 */
export function decode(op: string, model: Network, outputs: readonly Tensor[], size?: Size): Decoded {
  const { heads } = model;
  if (heads.length === 0)
    throw new StateError(`${op}: the network has no yolo, region or detection layer: it gives no boxes`);
  const given = checkArray(op, "outputs", outputs, "tensors");
  if (given.length !== heads.length)
    throw new ValueError(`${op}: outputs must be the ${heads.length} results of the network, got ${given.length}`);
  if (new Set(heads.map(({ classes }) => classes)).size > 1)
    throw new StateError(`${op}: the layers of the network have different classes; decode each with its own`);
  const [, height, width] = model.inputShape;
  const [h, w] = size === undefined ? [height, width] : checkSize(op, size);
  const all = heads.map((head, i) => {
    const output = given[i];
    if (!(output instanceof Tensor))
      throw new ArgumentError(`${op}: outputs[${i}] must be a Tensor, got ${describe(output)}`);
    return head.decode(output, [h, w]);
  });
  return {
    boxes: cat(
      all.map(({ boxes }) => boxes),
      1,
    ),
    scores: cat(
      all.map(({ objectness, classes }) => classes.mul(objectness.unsqueeze(-1))),
      1,
    ),
  };
}

function checkSize(op: string, size: unknown): Size {
  const list = checkArray(op, "size", size, "height and width");
  if (list.length !== 2) throw new ValueError(`${op}: size must be [height, width], got ${describe(size)}`);
  return list.map((n, i) => checkInteger(op, `size[${i}]`, n, 1, 65536)) as unknown as Size;
}

/** A picture as the network takes it, before its size is changed. Shape: [1, C, h, w]. */
function floats(op: string, image: unknown, channels: number, name: string): Tensor {
  if (!(image instanceof Tensor)) throw new ArgumentError(`${op}: ${name} must be a Tensor, got ${describe(image)}`);
  if (image.ndim !== 3 || image.shape[0] !== channels || image.numel() === 0)
    throw new ShapeError(
      `${op}: ${name} must have the shape [${channels}, height, width], got ${shapeText(image.shape)}`,
    );
  if (image.dtype === "uint8") return image.to("float32").div(255).unsqueeze(0);
  if (image.dtype === "float32" || image.dtype === "float64") return image.to("float32").unsqueeze(0);
  throw new DTypeError(`${op}: ${name} must be uint8, or float32 with values from 0 to 1, got ${image.dtype}`);
}

const ratio = (op: string, name: string, value: unknown): number => {
  const number = checkNumber(op, name, value);
  if (!(number >= 0 && number <= 1)) throw new ValueError(`${op}: ${name} must be from 0 to 1, got ${number}`);
  return number;
};

/** The objects in one picture. */
export function detectOne(
  op: string,
  model: Network,
  image: unknown,
  options: DetectOptions,
  name: string,
): Detections {
  const { thresh, nms, letterbox, most } = settings(op, options);
  const [channels, height, width] = model.inputShape;
  const picture = floats(op, image, channels, name);
  const original = picture.shape.slice(2) as unknown as Size;
  const size: Size = [height, width];
  const outputs = model(letterbox ? letterboxed(picture, size) : resized(picture, size));
  const { boxes, scores } = decode(op, model, outputs, size);
  // A box counts for each of its classes, as in Darknet.
  const at = scores.select(0, 0).gt(thresh).nonzero();
  const [box, labels] = [at.select(1, 0), at.select(1, 1)];
  const sure = scores.select(0, 0).flatten().at(box.mul(scores.shape[2]!).add(labels));
  const corners = cornersIn(boxes.select(0, 0).at(box), original, size, letterbox);
  const kept = batchedNms(corners, sure, labels, nms).slice(0, 0, most);
  return { boxes: clipBoxesToImage(corners.at(kept), original), labels: labels.at(kept), scores: sure.at(kept) };
}

function settings(
  op: string,
  options: DetectOptions,
): { thresh: number; nms: number; letterbox: boolean; most: number } {
  return {
    thresh: ratio(op, "thresh", options.thresh ?? 0.5),
    nms: ratio(op, "nms", options.nms ?? 0.45),
    letterbox: checkFlag(op, "letterbox", options.letterbox ?? true),
    most: checkInteger(op, "maxDetections", options.maxDetections ?? 300, 0),
  };
}

/** The objects in one picture, or in each of several. The network computes in evaluation mode, and gets its modes back. */
export function detect(op: string, model: Network, images: unknown, options: DetectOptions): Detections | Detections[] {
  if (model.heads.length === 0)
    throw new StateError(`${op}: the network has no yolo, region or detection layer: it gives no boxes`);
  const modes = model.modules().map((module) => [module, module.training] as const);
  model.eval();
  try {
    return noGrad(() => {
      if (images instanceof Tensor && images.ndim === 3) return detectOne(op, model, images, options, "images");
      const list = images instanceof Tensor && images.ndim === 4 ? images.unbind(0) : images;
      return checkArray(op, "images", list, "pictures of shape [C, height, width]").map((image, i) =>
        detectOne(op, model, image, options, `images[${i}]`),
      );
    });
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
}
