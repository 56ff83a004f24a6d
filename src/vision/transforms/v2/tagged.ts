/** Tensors that say what they are: pictures, masks, boxes. Transforms treat each as it must be. */
import { checkChoice } from "../../../core/arguments";
import { argumentsOf } from "../../../core/binding";
import { ArgumentError, ShapeError } from "../../../core/errors";
import { shapeText } from "../../../core/shape";
import { within } from "../../../core/signature";
import type { Arguments } from "../../../core/signatureTypes";
import { portable } from "../../../data/pack";
import { checkTensor } from "../../../ops/builders/checks";
import { type TensorData, tensor } from "../../../tensor/create";
import { Tensor } from "../../../tensor/tensor";
import { checkCropSize } from "../functional/arguments";

/** The values of what is tagged. */
export type TaggedData = Tensor | TensorData;

const toTensor = (op: string, data: unknown): Tensor => {
  if (data instanceof Tensor) return checkTensor(op, data, "data");
  if (Array.isArray(data) || ArrayBuffer.isView(data)) return within(op, () => tensor(data as TensorData));
  throw new ArgumentError(`${op}: data must be a Tensor or nested numbers`);
};

/** @throws ShapeError for fewer axes than height and width. */
function planar(op: string, data: Tensor): Tensor {
  if (data.ndim < 2) throw new ShapeError(`${op}: data must be [..., height, width], got ${shapeText(data.shape)}`);
  return data;
}

/** A picture of shape [..., channels, height, width]. @see torchvision.tv_tensors.Image @example new v2.Image(torch.rand(3, 8, 8)) */
export class Image {
  readonly data: Tensor;

  constructor(...given: Arguments<"data", { data: TaggedData }>);
  constructor(...given: unknown[]) {
    this.data = planar("Image", toTensor("Image", argumentsOf<{ data: TaggedData }>("Image", "data", given).data));
  }

  /** Another tensor as a picture. @internal */
  wrap(data: Tensor): Image {
    return new Image(data);
  }

  get canvasSize(): [height: number, width: number] {
    return this.data.shape.slice(-2) as unknown as [number, number];
  }

  toString(): string {
    return `Image(${this.data})`;
  }
}

/**
 * Masks of objects, or the class of each pixel: [..., height, width]. They are resampled without mixing values.
 * @see torchvision.tv_tensors.Mask
 * @example new v2.Mask(torch.zeros(2, 8, 8, { dtype: "bool" }))
 */
export class Mask {
  readonly data: Tensor;

  constructor(...given: Arguments<"data", { data: TaggedData }>);
  constructor(...given: unknown[]) {
    this.data = planar("Mask", toTensor("Mask", argumentsOf<{ data: TaggedData }>("Mask", "data", given).data));
  }

  /** Another tensor as masks. @internal */
  wrap(data: Tensor): Mask {
    return new Mask(data);
  }

  get canvasSize(): [height: number, width: number] {
    return this.data.shape.slice(-2) as unknown as [number, number];
  }

  toString(): string {
    return `Mask(${this.data})`;
  }
}

/** The numbers of a box. */
export type BoundingBoxFormat = (typeof BoundingBoxFormat)[keyof typeof BoundingBoxFormat];

/** Corners; left upper corner and size; center and size. x and y are in pixels. @see torchvision.tv_tensors.BoundingBoxFormat */
export const BoundingBoxFormat = { XYXY: "XYXY", XYWH: "XYWH", CXCYWH: "CXCYWH" } as const;

const formats = Object.values(BoundingBoxFormat);

/** @throws ArgumentError unless it is one of the formats. */
export const checkFormat = (op: string, format: unknown): BoundingBoxFormat =>
  checkChoice(op, "format", typeof format === "string" ? format.toUpperCase() : format, formats);

/** The parameters of {@link BoundingBoxes}. */
export interface BoundingBoxesParameters {
  /** [n, 4], or [4] of one box. */
  data: TaggedData;
  format: BoundingBoxFormat;
  /** [height, width] of the picture that the boxes lie in. */
  canvasSize: readonly [height: number, width: number];
}

const boxesSignature = "data;; format, canvasSize";

/**
 * Boxes in a picture of a size.
 * @see torchvision.tv_tensors.BoundingBoxes
 * @throws ShapeError unless each has 4 numbers, ArgumentError for a format that does not exist.
 * @example new v2.BoundingBoxes([[10, 20, 30, 40]], { format: "XYXY", canvasSize: [100, 200] })
 */
export class BoundingBoxes {
  readonly data: Tensor;
  readonly format: BoundingBoxFormat;
  readonly canvasSize: readonly [height: number, width: number];

  constructor(...given: Arguments<typeof boxesSignature, BoundingBoxesParameters>);
  constructor(...given: unknown[]) {
    const op = "BoundingBoxes";
    const read = argumentsOf<BoundingBoxesParameters>(op, boxesSignature, given);
    const data = toTensor(op, read.data);
    if ((data.ndim !== 1 && data.ndim !== 2) || data.shape.at(-1) !== 4)
      throw new ShapeError(`${op}: Expected a 1D or 2D tensor of boxes [n, 4], got ${shapeText(data.shape)}`);
    this.data = data.ndim === 1 ? data.unsqueeze(0) : data;
    this.format = checkFormat(op, read.format);
    this.canvasSize = checkCropSize(op, read.canvasSize, "canvasSize");
  }

  /** Other boxes of the same format. @internal */
  wrap(data: Tensor, canvasSize = this.canvasSize, format = this.format): BoundingBoxes {
    return new BoundingBoxes(data, { format, canvasSize });
  }

  toString(): string {
    return `BoundingBoxes(${this.data}, format=BoundingBoxFormat.${this.format}, canvas_size=(${this.canvasSize.join(", ")}))`;
  }
}

portable({ "v2.Image": Image, "v2.Mask": Mask, "v2.BoundingBoxes": BoundingBoxes });
