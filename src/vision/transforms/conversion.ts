/** Transforms between Images, tensors and dtypes. */
import { checkDType, type DType } from "../../core/dtype";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import type { Tensor } from "../../tensor/tensor";
import type { Image, ImageMode } from "../image";
import * as F from "./functional/conversion";
import { Transform } from "./transform";

/**
 * A picture of 8 bits as floats from 0 to 1, of shape [channels, height, width]; other modes keep their values.
 * @see torchvision.transforms.ToTensor
 * @example new transforms.ToTensor()(image)
 */
export class ToTensor extends Transform {
  constructor();
  constructor(...given: unknown[]) {
    super();
    readArguments("ToTensor", "", {}, given);
  }

  override forward(pic: Image | Tensor): Tensor {
    return F.toTensor(pic);
  }
}

/** The samples of a picture as they are, of shape [channels, height, width]. @see torchvision.transforms.PILToTensor */
export class PILToTensor extends Transform {
  constructor();
  constructor(...given: unknown[]) {
    super();
    readArguments("PILToTensor", "", {}, given);
  }

  override forward(pic: Image): Tensor {
    return F.pilToTensor(pic);
  }
}

/** The parameter of {@link ToPILImage}. */
export interface ToPILImageOptions {
  /** Default: by channels and dtype, see {@link F.toPilImage}. */
  mode?: ImageMode | null;
}

/**
 * A tensor of shape [channels, height, width] as an Image.
 * @see torchvision.transforms.ToPILImage
 * @example const image = new transforms.ToPILImage()(torch.rand(3, 8, 8));
 */
export class ToPILImage extends Transform {
  mode: ImageMode | null;

  constructor(...given: Arguments<"; mode", ToPILImageOptions>);
  constructor(...given: unknown[]) {
    super();
    this.mode = readArguments<ToPILImageOptions>("ToPILImage", "; mode", { mode: null }, given).mode;
  }

  override forward(pic: Tensor): Image {
    return F.toPilImage(pic, this.mode);
  }

  override extraRepr(): string {
    return this.mode === null ? "" : `mode=${this.mode}`;
  }
}

/** A tensor as another dtype, with its values scaled. @see torchvision.transforms.ConvertImageDtype */
export class ConvertImageDtype extends Transform {
  dtype: DType;

  constructor(...given: Arguments<"dtype", { dtype: DType }>);
  constructor(...given: unknown[]) {
    super();
    this.dtype = checkDType(
      "ConvertImageDtype",
      readArguments<{ dtype: DType }>("ConvertImageDtype", "dtype", {}, given).dtype,
    );
  }

  override forward(image: Tensor): Tensor {
    return F.convertImageDtype(image, this.dtype);
  }
}

/** The parameters of {@link Normalize}. */
export interface NormalizeParameters {
  /** What is subtracted, for each channel. */
  mean: F.ChannelValues;
  /** What is divided by then, for each channel. */
  std: F.ChannelValues;
  /** Change the tensor itself. Default: false. */
  inplace?: boolean;
}

const normalizeSignature = "mean, std; inplace";

/**
 * (x − mean) / std, channel by channel, of floats of shape [..., channels, height, width].
 * @see torchvision.transforms.Normalize
 * @example new transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
 */
export class Normalize extends Transform {
  mean: F.ChannelValues;
  std: F.ChannelValues;
  inplace: boolean;

  constructor(...given: Arguments<typeof normalizeSignature, NormalizeParameters>);
  constructor(...given: unknown[]) {
    super();
    const read = readArguments<NormalizeParameters>("Normalize", normalizeSignature, { inplace: false }, given);
    this.mean = read.mean;
    this.std = read.std;
    this.inplace = read.inplace;
  }

  override forward(tensor: Tensor): Tensor {
    return F.normalize(tensor, this.mean, this.std, this.inplace);
  }

  override extraRepr(): string {
    return `mean=${text(this.mean)}, std=${text(this.std)}`;
  }
}

takes("pic", ToTensor, PILToTensor, ToPILImage);
takes("image", ConvertImageDtype);
takes("tensor", Normalize);
portable({ ToTensor, PILToTensor, ToPILImage, ConvertImageDtype, Normalize });
