/** Transforms as functions of pictures, masks and boxes: `torchvision.transforms.v2.functional`. */
import { ValueError } from "../../../core/errors";
import { overloaded } from "../../../core/signature";
import type { Tensor } from "../../../tensor/tensor";
import {
  checkCropSize,
  checkPadding,
  checkResizeSize,
  type Fill,
  type PaddingSize,
  type Size,
} from "../functional/arguments";
import * as G from "../functional/geometry";
import type { InterpolationMode } from "../functional/interpolation";
import * as W from "../functional/warp";
import type { Picture } from "../transform";
import * as kernels from "./boxes";
import { BoundingBoxes, type BoundingBoxFormat, checkFormat, Image, Mask } from "./tagged";

/** What transforms treat as it must be. */
export type Item = Picture | Image | Mask | BoundingBoxes;

/** Masks of any dtype and two or more axes, as pictures of bytes or numbers with channels. */
function onPlanes(mask: Mask, f: (data: Tensor) => Tensor): Mask {
  const { data } = mask;
  const planes = data.ndim === 2 ? data.unsqueeze(0) : data;
  const moved = f(data.dtype === "bool" ? planes.to("uint8") : planes).to(data.dtype);
  return mask.wrap(data.ndim === 2 ? moved.squeeze(0) : moved);
}

/** Applies what moves boxes, and what moves pictures, which is told whether these are masks. */
function dispatch<T extends Item>(
  item: T,
  onBoxes: (boxes: BoundingBoxes) => BoundingBoxes,
  onPicture: <P extends Picture>(img: P, isMask: boolean) => P,
): T {
  if (item instanceof BoundingBoxes) return onBoxes(item) as T;
  if (item instanceof Mask) return onPlanes(item, (data) => onPicture(data, true)) as T;
  if (item instanceof Image) return item.wrap(onPicture(item.data, false)) as T;
  return onPicture(item as Picture, false) as T;
}

/** Left and right swapped. @see torchvision.transforms.v2.functional.horizontal_flip */
export const horizontalFlip = overloaded(
  "horizontalFlip",
  "inpt",
  <T extends Item>(item: T): T => dispatch(item, kernels.horizontalFlip, (img) => G.hflip(img)),
);

/** Top and bottom swapped. @see torchvision.transforms.v2.functional.vertical_flip */
export const verticalFlip = overloaded(
  "verticalFlip",
  "inpt",
  <T extends Item>(item: T): T => dispatch(item, kernels.verticalFlip, (img) => G.vflip(img)),
);

/** A window; boxes are cut to it. @see torchvision.transforms.v2.functional.crop */
export const crop = overloaded(
  "crop",
  "inpt, top, left, height, width",
  <T extends Item>(item: T, top: number, left: number, height: number, width: number): T =>
    dispatch(
      item,
      (boxes) => kernels.cropped(boxes, top, left, checkCropSize("crop", [height, width])),
      (img) => G.crop(img, top, left, height, width),
    ),
);

/** The window in the middle. @see torchvision.transforms.v2.functional.center_crop */
export const centerCrop = overloaded(
  "centerCrop",
  "inpt, outputSize",
  <T extends Item>(item: T, outputSize: Size): T => {
    const canvas = checkCropSize("centerCrop", outputSize, "outputSize");
    const start = (size: number, available: number): number =>
      size > available ? -Math.floor((size - available) / 2) : G.roundHalfEven((available - size) / 2);
    return dispatch(
      item,
      (boxes) => {
        const [height, width] = boxes.canvasSize;
        return kernels.cropped(boxes, start(canvas[0], height), start(canvas[1], width), canvas);
      },
      (img) => G.centerCrop(img, canvas),
    );
  },
);

/** Another size. Tensors are smoothed where they become smaller unless `antialias` is false. @see torchvision.transforms.v2.functional.resize */
export const resize = overloaded(
  "resize",
  "inpt, size; interpolation, maxSize, antialias",
  <T extends Item>(item: T, size: Size, options: G.ResizeOptions = {}): T => {
    const { interpolation = "bilinear", maxSize = null, antialias = true } = options;
    return dispatch(
      item,
      (boxes) => kernels.resized(boxes, checkResizeSize("resize", size), maxSize),
      (img, isMask) =>
        G.resize(
          img,
          size,
          isMask
            ? { interpolation: "nearest", maxSize }
            : { interpolation, maxSize, antialias: interpolation === "nearest" ? null : antialias },
        ),
    );
  },
);

/** {@link crop}, then {@link resize}. @see torchvision.transforms.v2.functional.resized_crop */
export const resizedCrop = overloaded(
  "resizedCrop",
  "inpt, top, left, height, width, size; interpolation, antialias",
  <T extends Item>(
    item: T,
    top: number,
    left: number,
    height: number,
    width: number,
    size: Size,
    options: G.ResizedCropOptions = {},
  ): T => resize(crop(item, top, left, height, width), size, options),
);

/** A border. Boxes take a constant one only. @see torchvision.transforms.v2.functional.pad */
export const pad = overloaded(
  "pad",
  "inpt, padding; fill, paddingMode",
  <T extends Item>(item: T, padding: PaddingSize, { fill = 0, paddingMode = "constant" }: G.PadOptions = {}): T =>
    dispatch(
      item,
      (boxes) => {
        if (paddingMode !== "constant")
          throw new ValueError(`pad: Padding mode '${paddingMode}' is not supported with bounding boxes`);
        return kernels.padded(boxes, checkPadding("pad", padding));
      },
      (img, isMask) => G.pad(img, padding, { fill: isMask ? 0 : fill, paddingMode }),
    ),
);

/** A turn by degrees, counter-clockwise. @see torchvision.transforms.v2.functional.rotate */
export const rotate = overloaded(
  "rotate",
  "inpt, angle, interpolation?, expand?, center?, fill?",
  <T extends Item>(
    item: T,
    angle: number,
    interpolation: InterpolationMode = "nearest",
    expand = false,
    center: readonly number[] | null = null,
    fill: Fill | null = null,
  ): T =>
    dispatch(
      item,
      (boxes) => kernels.affine(boxes, { angle: -angle, translate: [0, 0], scale: 1, shear: [0, 0], center, expand }),
      (img, isMask) => W.rotate(img, angle, isMask ? "nearest" : interpolation, expand, center, isMask ? null : fill),
    ),
);

/** A turn, a shear, a scaling and a move. @see torchvision.transforms.v2.functional.affine */
export const affine = overloaded(
  "affine",
  "inpt, angle, translate, scale, shear, interpolation?, fill?, center?",
  <T extends Item>(
    item: T,
    angle: number,
    translate: readonly number[],
    scale: number,
    shear: W.Shear,
    interpolation: InterpolationMode = "nearest",
    fill: Fill | null = null,
    center: readonly number[] | null = null,
  ): T =>
    dispatch(
      item,
      (boxes) => {
        const shears = typeof shear === "number" ? [shear, 0] : shear;
        return kernels.affine(boxes, { angle, translate, scale, shear: shears, center, expand: false });
      },
      (img, isMask) =>
        W.affine(img, angle, translate, scale, shear, isMask ? "nearest" : interpolation, isMask ? null : fill, center),
    ),
);

function checkBoxes(op: string, boxes: unknown): BoundingBoxes {
  if (boxes instanceof BoundingBoxes) return boxes;
  throw new ValueError(`${op}: takes v2.BoundingBoxes, which say their format and canvas size`);
}

/** Boxes cut to their canvas. @see torchvision.transforms.v2.functional.clamp_bounding_boxes */
export const clampBoundingBoxes = overloaded(
  "clampBoundingBoxes",
  "inpt",
  (boxes: BoundingBoxes): BoundingBoxes => kernels.clamped(checkBoxes("clampBoundingBoxes", boxes)),
);

/** Boxes in another format. @see torchvision.transforms.v2.functional.convert_bounding_box_format */
export const convertBoundingBoxFormat = overloaded(
  "convertBoundingBoxFormat",
  "inpt, newFormat",
  (given: BoundingBoxes, newFormat: BoundingBoxFormat): BoundingBoxes => {
    const boxes = checkBoxes("convertBoundingBoxFormat", given);
    const format = checkFormat("convertBoundingBoxFormat", newFormat);
    return boxes.wrap(kernels.converted(boxes.data, boxes.format, format), boxes.canvasSize, format);
  },
);
