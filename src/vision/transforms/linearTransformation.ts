/** Whitening and other linear maps of whole pictures. */
import { DeviceError, ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";
import { checkImageTensor } from "./functional/picture";
import { Transform } from "./transform";

/** Parameters of {@link LinearTransformation}. */
export interface LinearTransformationParameters {
  /** Has the shape [n, n], where n = channels × height × width. */
  transformationMatrix: Tensor;
  /** Has the shape [n]. */
  meanVector: Tensor;
}

const signature = "transformationMatrix, meanVector";

const values = (x: Tensor): string => JSON.stringify(x.tolist()).replaceAll(",", ", ");

/**
 * (x − mean) × matrix of pictures laid out as vectors.
 * @see torchvision.transforms.LinearTransformation
 * @throws ShapeError unless the matrix is square and fits the mean; when called, unless it fits the picture.
 */
export class LinearTransformation extends Transform {
  transformationMatrix: Tensor;
  meanVector: Tensor;

  constructor(...given: Arguments<typeof signature, LinearTransformationParameters>);
  constructor(...given: unknown[]) {
    super();
    const op = "LinearTransformation";
    const { transformationMatrix: matrix, meanVector: mean } = readArguments<LinearTransformationParameters>(
      op,
      signature,
      {},
      given,
    );
    checkTensor(op, matrix, "transformationMatrix");
    checkTensor(op, mean, "meanVector");
    if (matrix.ndim !== 2 || matrix.shape[0] !== matrix.shape[1])
      throw new ShapeError(
        `${op}: transformationMatrix should be square. Got ${shapeText(matrix.shape)} rectangular matrix.`,
      );
    if (mean.ndim !== 1 || mean.shape[0] !== matrix.shape[0])
      throw new ShapeError(
        `${op}: meanVector should have the same length ${mean.shape[0]} as any one of the dimensions of the transformationMatrix ${shapeText(matrix.shape)}`,
      );
    if (matrix.device !== mean.device)
      throw new DeviceError(
        `${op}: Input tensors should be on the same device. Got ${matrix.device} and ${mean.device}`,
      );
    this.transformationMatrix = matrix;
    this.meanVector = mean;
  }

  override forward(tensor: Tensor): Tensor {
    const { shape, device } = checkImageTensor("LinearTransformation", tensor);
    const [n] = this.meanVector.shape as readonly number[] as [number];
    if (shape.length < 3 || shape.slice(-3).reduce((a, b) => a * b, 1) !== n)
      throw new ShapeError(
        `LinearTransformation: Input tensor and transformation matrix have incompatible shape. [${shape.slice(-3).join(" x ")}] != ${n}`,
      );
    if (device !== this.meanVector.device)
      throw new DeviceError(
        `LinearTransformation: Input tensor should be on the same device as transformation matrix and mean vector. Got ${device} vs ${this.meanVector.device}`,
      );
    const flat = tensor.reshape(-1, n).sub(this.meanVector);
    return flat.mm(this.transformationMatrix).reshape([...shape]);
  }

  override extraRepr(): string {
    return `transformation_matrix=${values(this.transformationMatrix)}, mean_vector=${values(this.meanVector)}`;
  }
}

takes("tensor", LinearTransformation);
portable({ LinearTransformation });
