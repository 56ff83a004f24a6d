/** Layers that learn the size of their input from the first one, and turn into ordinary layers then. */

import { classNameOf, nameOf } from "../../core/className";
import { ShapeError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { ones, zeros } from "../../tensor/create";
import { replaceData } from "../../tensor/data";
import type { Tensor } from "../../tensor/tensor";
import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  type BatchNormOptions,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
} from "../layers/batchnorm";
import {
  Conv1d,
  Conv2d,
  Conv3d,
  type ConvParameters,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeParameters,
} from "../layers/conv";
import { Linear, type LinearParameters } from "../layers/linear";
import { batchDefaults, convDefaults, instanceDefaults, transposeDefaults } from "./defaults";
import { type FactoryOptions, resetWeightAndBias } from "./factory";
import { takes } from "./forward";
import { readArguments } from "./options";
import { type Parameter, UninitializedParameter } from "./parameter";

const uninitialized = ({ dtype, device }: FactoryOptions): UninitializedParameter =>
  new UninitializedParameter({ dtype, device });

/** From now on `layer` is a `Class`, also in print-outs. */
function become(layer: object, Class: { readonly prototype: object }): void {
  Object.setPrototypeOf(layer, Class.prototype);
}

interface Weighted {
  weight: Parameter;
  bias: Parameter | null;
}

/** Gives weight and bias their shapes and first values, unless a state dict did. */
function materialize(layer: Weighted, weight: readonly number[], bias: number): void {
  const isFresh = layer.weight instanceof UninitializedParameter && layer.weight.isUninitialized;
  if (!isFresh) return;
  (layer.weight as UninitializedParameter).materialize(weight);
  if (layer.bias instanceof UninitializedParameter && layer.bias.isUninitialized) layer.bias.materialize([bias]);
  resetWeightAndBias(layer.weight, layer.bias);
}

const linearSignature = "outFeatures; bias, device, dtype";

/** A {@link Linear} whose `inFeatures` is taken from the first input. @see torch.nn.LazyLinear */
export class LazyLinear extends Linear {
  constructor(...given: Arguments<typeof linearSignature, Omit<LinearParameters, "inFeatures">>);
  constructor(...given: unknown[]) {
    const { outFeatures, bias, ...where } = readArguments<Omit<LinearParameters, "inFeatures">>(
      nameOf(new.target),
      linearSignature,
      { bias: true },
      given,
    );
    super(0, 0, { ...where, bias: false });
    this.outFeatures = outFeatures;
    this.weight = uninitialized(where);
    this.bias = bias ? uninitialized(where) : null;
  }

  override forward(input: Tensor): Tensor {
    if (checkTensor("LazyLinear", input).ndim === 0)
      throw new ShapeError("LazyLinear: takes inputs of at least one axis");
    materialize(this, [this.outFeatures, input.shape.at(-1)!], this.outFeatures);
    this.inFeatures = this.weight.shape[1]!;
    become(this, Linear);
    return this.forward(input);
  }
}

type LazyConvParameters = Omit<ConvParameters, "inChannels">;
type LazyConvTransposeParameters = Omit<ConvTransposeParameters, "inChannels">;

const convSignature = "outChannels, kernelSize; stride, padding, dilation, groups, bias, paddingMode, device, dtype";
const transposeSignature =
  "outChannels, kernelSize; stride, padding, outputPadding, groups, bias, dilation, paddingMode, device, dtype";

/** The fields of a convolution that wait for the first input. */
interface LazyConvolution extends Weighted {
  inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly kernelSize: readonly number[];
}

/** Channels come before the spatial axes, with or without a batch. */
function channelsOf(layer: object, input: Tensor, dims: number): number {
  const name = classNameOf(layer);
  const channels = checkTensor(name, input).shape[input.ndim - dims - 1];
  if (channels === undefined)
    throw new ShapeError(
      `${name}: expected an input of at least ${dims + 1} axes, got shape ${shapeText(input.shape)}`,
    );
  return channels;
}

function startConvolution(
  layer: LazyConvolution,
  { bias = true, ...where }: FactoryOptions & { bias?: boolean },
): void {
  layer.weight = uninitialized(where);
  layer.bias = bias ? uninitialized(where) : null;
}

function finishConvolution(layer: LazyConvolution, input: Tensor, isTransposed: boolean): void {
  const { kernelSize, outChannels, groups } = layer;
  const channels = channelsOf(layer, input, kernelSize.length);
  const shape = isTransposed ? [channels, outChannels / groups] : [outChannels, channels / groups];
  materialize(layer, [...shape, ...kernelSize], outChannels);
  layer.inChannels = isTransposed ? layer.weight.shape[0]! : layer.weight.shape[1]! * groups;
}

/** A {@link Conv1d} whose `inChannels` is taken from the first input. @see torch.nn.LazyConv1d */
export class LazyConv1d extends Conv1d {
  constructor(...given: Arguments<typeof convSignature, LazyConvParameters>);
  constructor(...given: unknown[]) {
    const options = readArguments<LazyConvParameters>(nameOf(new.target), convSignature, convDefaults, given);
    super({ ...options, inChannels: 0, bias: false });
    startConvolution(this, options);
  }

  override forward(input: Tensor): Tensor {
    finishConvolution(this, input, false);
    become(this, Conv1d);
    return this.forward(input);
  }
}

/** A {@link Conv2d} whose `inChannels` is taken from the first input. @see torch.nn.LazyConv2d */
export class LazyConv2d extends Conv2d {
  constructor(...given: Arguments<typeof convSignature, LazyConvParameters>);
  constructor(...given: unknown[]) {
    const options = readArguments<LazyConvParameters>(nameOf(new.target), convSignature, convDefaults, given);
    super({ ...options, inChannels: 0, bias: false });
    startConvolution(this, options);
  }

  override forward(input: Tensor): Tensor {
    finishConvolution(this, input, false);
    become(this, Conv2d);
    return this.forward(input);
  }
}

/** A {@link Conv3d} whose `inChannels` is taken from the first input. @see torch.nn.LazyConv3d */
export class LazyConv3d extends Conv3d {
  constructor(...given: Arguments<typeof convSignature, LazyConvParameters>);
  constructor(...given: unknown[]) {
    const options = readArguments<LazyConvParameters>(nameOf(new.target), convSignature, convDefaults, given);
    super({ ...options, inChannels: 0, bias: false });
    startConvolution(this, options);
  }

  override forward(input: Tensor): Tensor {
    finishConvolution(this, input, false);
    become(this, Conv3d);
    return this.forward(input);
  }
}

/** A {@link ConvTranspose1d} whose `inChannels` is taken from the first input. @see torch.nn.LazyConvTranspose1d */
export class LazyConvTranspose1d extends ConvTranspose1d {
  constructor(...given: Arguments<typeof transposeSignature, LazyConvTransposeParameters>);
  constructor(...given: unknown[]) {
    const options = readArguments<LazyConvTransposeParameters>(
      nameOf(new.target),
      transposeSignature,
      transposeDefaults,
      given,
    );
    super({ ...options, inChannels: 0, bias: false });
    startConvolution(this, options);
  }

  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    finishConvolution(this, input, true);
    become(this, ConvTranspose1d);
    return this.forward(input, outputSize);
  }
}

/** A {@link ConvTranspose2d} whose `inChannels` is taken from the first input. @see torch.nn.LazyConvTranspose2d */
export class LazyConvTranspose2d extends ConvTranspose2d {
  constructor(...given: Arguments<typeof transposeSignature, LazyConvTransposeParameters>);
  constructor(...given: unknown[]) {
    const options = readArguments<LazyConvTransposeParameters>(
      nameOf(new.target),
      transposeSignature,
      transposeDefaults,
      given,
    );
    super({ ...options, inChannels: 0, bias: false });
    startConvolution(this, options);
  }

  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    finishConvolution(this, input, true);
    become(this, ConvTranspose2d);
    return this.forward(input, outputSize);
  }
}

/** A {@link ConvTranspose3d} whose `inChannels` is taken from the first input. @see torch.nn.LazyConvTranspose3d */
export class LazyConvTranspose3d extends ConvTranspose3d {
  constructor(...given: Arguments<typeof transposeSignature, LazyConvTransposeParameters>);
  constructor(...given: unknown[]) {
    const options = readArguments<LazyConvTransposeParameters>(
      nameOf(new.target),
      transposeSignature,
      transposeDefaults,
      given,
    );
    super({ ...options, inChannels: 0, bias: false });
    startConvolution(this, options);
  }

  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    finishConvolution(this, input, true);
    become(this, ConvTranspose3d);
    return this.forward(input, outputSize);
  }
}

const normSignature = "; eps, momentum, affine, trackRunningStats, device, dtype";

interface LazyNormalization {
  numFeatures: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
}

/** Gives parameters and running statistics their size: scale and variance 1, shift and mean 0. */
function finishNormalization(layer: LazyNormalization, channels: number): void {
  layer.numFeatures = channels;
  const { weight, bias, runningMean, runningVar } = layer;
  for (const [x, make] of [
    [weight, ones],
    [bias, zeros],
    [runningMean, zeros],
    [runningVar, ones],
  ] as const)
    if (x !== null && x.numel() === 0) replaceData(x, make([channels], { dtype: x.dtype, device: x.device }));
}

/** A {@link BatchNorm1d} whose `numFeatures` is taken from the first input. @see torch.nn.LazyBatchNorm1d */
export class LazyBatchNorm1d extends BatchNorm1d {
  constructor(...given: Arguments<typeof normSignature, BatchNormOptions>);
  constructor(...given: unknown[]) {
    super({
      ...readArguments<BatchNormOptions>(nameOf(new.target), normSignature, batchDefaults, given),
      numFeatures: 0,
    });
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    finishNormalization(this, input.shape[1]!);
    become(this, BatchNorm1d);
    return this.forward(input);
  }
}

/** A {@link BatchNorm2d} whose `numFeatures` is taken from the first input. @see torch.nn.LazyBatchNorm2d */
export class LazyBatchNorm2d extends BatchNorm2d {
  constructor(...given: Arguments<typeof normSignature, BatchNormOptions>);
  constructor(...given: unknown[]) {
    super({
      ...readArguments<BatchNormOptions>(nameOf(new.target), normSignature, batchDefaults, given),
      numFeatures: 0,
    });
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    finishNormalization(this, input.shape[1]!);
    become(this, BatchNorm2d);
    return this.forward(input);
  }
}

/** A {@link BatchNorm3d} whose `numFeatures` is taken from the first input. @see torch.nn.LazyBatchNorm3d */
export class LazyBatchNorm3d extends BatchNorm3d {
  constructor(...given: Arguments<typeof normSignature, BatchNormOptions>);
  constructor(...given: unknown[]) {
    super({
      ...readArguments<BatchNormOptions>(nameOf(new.target), normSignature, batchDefaults, given),
      numFeatures: 0,
    });
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    finishNormalization(this, input.shape[1]!);
    become(this, BatchNorm3d);
    return this.forward(input);
  }
}

/** An {@link InstanceNorm1d} whose `numFeatures` is taken from the first input. @see torch.nn.LazyInstanceNorm1d */
export class LazyInstanceNorm1d extends InstanceNorm1d {
  constructor(...given: Arguments<typeof normSignature, BatchNormOptions>);
  constructor(...given: unknown[]) {
    super({
      ...readArguments<BatchNormOptions>(nameOf(new.target), normSignature, instanceDefaults, given),
      numFeatures: 0,
    });
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    finishNormalization(this, channelsOf(this, input, 1));
    become(this, InstanceNorm1d);
    return this.forward(input);
  }
}

/** An {@link InstanceNorm2d} whose `numFeatures` is taken from the first input. @see torch.nn.LazyInstanceNorm2d */
export class LazyInstanceNorm2d extends InstanceNorm2d {
  constructor(...given: Arguments<typeof normSignature, BatchNormOptions>);
  constructor(...given: unknown[]) {
    super({
      ...readArguments<BatchNormOptions>(nameOf(new.target), normSignature, instanceDefaults, given),
      numFeatures: 0,
    });
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    finishNormalization(this, channelsOf(this, input, 2));
    become(this, InstanceNorm2d);
    return this.forward(input);
  }
}

/** An {@link InstanceNorm3d} whose `numFeatures` is taken from the first input. @see torch.nn.LazyInstanceNorm3d */
export class LazyInstanceNorm3d extends InstanceNorm3d {
  constructor(...given: Arguments<typeof normSignature, BatchNormOptions>);
  constructor(...given: unknown[]) {
    super({
      ...readArguments<BatchNormOptions>(nameOf(new.target), normSignature, instanceDefaults, given),
      numFeatures: 0,
    });
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input);
    finishNormalization(this, channelsOf(this, input, 3));
    become(this, InstanceNorm3d);
    return this.forward(input);
  }
}

takes("input", LazyLinear, LazyConv1d, LazyConv2d, LazyConv3d, LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d);
takes("input", LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d);
takes("input, outputSize?", LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d);
