/** The transformer. */

import type { Device } from "../../backend/backend";
import { checkFunction, checkInteger, MAX_COUNT } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import type { DType } from "../../core/dtype";
import { describe, ShapeError, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { full } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { xavierUniform_ } from "../init";
import { checkModule } from "../module/checks";
import { guest, registerForward } from "../module/composite";
import { ModuleList } from "../module/container";
import { deepcopy } from "../module/deepcopy";
import type { FactoryOptions } from "../module/factory";
import { composes } from "../module/forward";
import { Module } from "../module/module";
import { type Given, MAX_LAYERS, readArguments } from "../module/options";
import { stateKeyOf } from "../module/state";
import { MultiheadAttention } from "./attention";
import { Dropout } from "./dropout";
import { Linear } from "./linear";
import { LayerNorm } from "./normalization";

type Activation = "relu" | "gelu" | ((x: Tensor) => Tensor);

const relu = (x: Tensor): Tensor => x.relu();
const gelu = (x: Tensor): Tensor => x.gelu();
for (const f of [relu, gelu]) registerForward(f);

function activationOf(layer: string, activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === "function") {
    checkFunction(layer, "activation", activation);
    return (x) => checkTensor(layer, activation(x), "the result of activation");
  }
  if (activation === "relu") return relu;
  if (activation === "gelu") return gelu;
  throw new ValueError(`${layer}: activation should be relu/gelu or a function, not ${describe(activation)}`);
}

/** Options of the layers of a transformer. */
export interface TransformerLayerOptions extends FactoryOptions {
  /** Features between the two linear layers. Default: 2048. */
  dimFeedforward?: number;
  /** Default: 0.1. */
  dropout?: number;
  /** `"relu"`, `"gelu"` or a function. Default: `"relu"`. */
  activation?: Activation;
  /** Default: 1e-5. */
  layerNormEps?: number;
  /** Whether batches are [N, L, E] instead of [L, N, E]. Default: false. */
  batchFirst?: boolean;
  /** Normalize before attention and feed-forward instead of after. Default: false. */
  normFirst?: boolean;
  /** Whether linear layers and normalizations have biases. Default: true. */
  bias?: boolean;
}

/** Parameters of the layers of a transformer. */
export interface TransformerLayerParameters extends TransformerLayerOptions {
  /** Features of inputs and outputs. */
  dModel: number;
  /** Heads of attention. */
  nhead: number;
}

const layerSignature =
  "dModel, nhead; dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, device, dtype; bias";

const layerDefaults: Required<Omit<TransformerLayerOptions, keyof FactoryOptions>> = {
  dimFeedforward: 2048,
  dropout: 0.1,
  activation: "relu",
  layerNormEps: 1e-5,
  batchFirst: false,
  normFirst: false,
  bias: true,
};

/** Masks of a call of {@link TransformerEncoderLayer}. */
export interface EncoderLayerMasks {
  srcMask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
}

function checkHeads(layer: string, dModel: number, nhead: number): void {
  checkInteger(layer, "dModel", dModel, 1, MAX_COUNT);
  checkInteger(layer, "nhead", nhead, 1, MAX_COUNT);
  if (dModel % nhead !== 0)
    throw new ValueError(`${layer}: dModel must be divisible by nhead, got ${dModel} and ${nhead}`);
}

function readLayer(layer: string, given: readonly unknown[]): Given<TransformerLayerParameters> {
  const options = readArguments<TransformerLayerParameters>(layer, layerSignature, layerDefaults, given);
  checkHeads(layer, options.dModel, options.nhead);
  return options;
}

const encoderLayerCall = "src(); srcMask, srcKeyPaddingMask";

function checkMasks(layer: string, masks: Readonly<Record<string, unknown>>): void {
  for (const [name, mask] of Object.entries(masks)) if (mask !== null) checkTensor(layer, mask, name);
}

/**
 * Self-attention and a feed-forward network, each with a residual connection and a normalization. Shape: [L, N, E], unchanged.
 * @see torch.nn.TransformerEncoderLayer; Vaswani et al., 2017
 */
export class TransformerEncoderLayer extends Module {
  selfAttn: MultiheadAttention;
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  normFirst: boolean;
  norm1: LayerNorm;
  norm2: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;
  activation: (x: Tensor) => Tensor;

  constructor(
    dModel: number,
    nhead: number,
    dimFeedforward?: number,
    dropout?: number,
    activation?: Activation,
    layerNormEps?: number,
    batchFirst?: boolean,
    normFirst?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof layerSignature, TransformerLayerParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readLayer(layer, given);
    const {
      dModel,
      nhead,
      dimFeedforward,
      dropout,
      activation,
      layerNormEps,
      batchFirst,
      normFirst,
      bias,
      dtype,
      device,
    } = options;
    const linear = { bias, dtype, device };
    const norm = { eps: layerNormEps, bias, dtype, device };
    this.selfAttn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...linear });
    this.linear1 = new Linear(dModel, dimFeedforward, linear);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, linear);
    this.normFirst = normFirst;
    this.norm1 = new LayerNorm(dModel, norm);
    this.norm2 = new LayerNorm(dModel, norm);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.activation = activationOf(layer, activation);
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  private attend(x: Tensor, { srcMask = null, srcKeyPaddingMask = null }: EncoderLayerMasks): Tensor {
    const masks = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, needWeights: false };
    return this.dropout1(this.selfAttn(x, x, x, masks)[0]);
  }

  private feedForward(x: Tensor): Tensor {
    return this.dropout2(this.linear2(this.dropout(guest(this.activation)(this.linear1(x)))));
  }

  override forward(...given: Arguments<typeof encoderLayerCall, { src: Tensor } & EncoderLayerMasks>): Tensor;
  override forward(src: any, options: any = {}): Tensor {
    checkTensor(classNameOf(this), src, "src");
    checkMasks(classNameOf(this), options);
    if (this.normFirst) {
      const x = src.add(this.attend(this.norm1(src), options));
      return x.add(this.feedForward(this.norm2(x)));
    }
    const x = this.norm1(src.add(this.attend(src, options)));
    return this.norm2(x.add(this.feedForward(x)));
  }
}

/** Masks of a call of {@link TransformerDecoderLayer} and {@link TransformerDecoder}. */
export interface DecoderMasks {
  tgtMask?: Tensor | null;
  memoryMask?: Tensor | null;
  tgtKeyPaddingMask?: Tensor | null;
  memoryKeyPaddingMask?: Tensor | null;
}

const noDecoderMasks: Required<DecoderMasks> = {
  tgtMask: null,
  memoryMask: null,
  tgtKeyPaddingMask: null,
  memoryKeyPaddingMask: null,
};

const decoderCall = "tgt(), memory; tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask";

/**
 * Self-attention, attention to the memory of an encoder, and a feed-forward network, each with a residual connection and a
 * normalization. Shape: [T, N, E] and [S, N, E] → [T, N, E].
 * @see torch.nn.TransformerDecoderLayer; Vaswani et al., 2017
 */
export class TransformerDecoderLayer extends Module {
  selfAttn: MultiheadAttention;
  multiheadAttn: MultiheadAttention;
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  normFirst: boolean;
  norm1: LayerNorm;
  norm2: LayerNorm;
  norm3: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;
  dropout3: Dropout;
  activation: (x: Tensor) => Tensor;

  constructor(
    dModel: number,
    nhead: number,
    dimFeedforward?: number,
    dropout?: number,
    activation?: Activation,
    layerNormEps?: number,
    batchFirst?: boolean,
    normFirst?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof layerSignature, TransformerLayerParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readLayer(layer, given);
    const {
      dModel,
      nhead,
      dimFeedforward,
      dropout,
      activation,
      layerNormEps,
      batchFirst,
      normFirst,
      bias,
      dtype,
      device,
    } = options;
    const linear = { bias, dtype, device };
    const norm = { eps: layerNormEps, bias, dtype, device };
    this.selfAttn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...linear });
    this.multiheadAttn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...linear });
    this.linear1 = new Linear(dModel, dimFeedforward, linear);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, linear);
    this.normFirst = normFirst;
    this.norm1 = new LayerNorm(dModel, norm);
    this.norm2 = new LayerNorm(dModel, norm);
    this.norm3 = new LayerNorm(dModel, norm);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.activation = activationOf(layer, activation);
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  private attendSelf(x: Tensor, { tgtMask, tgtKeyPaddingMask }: Required<DecoderMasks>): Tensor {
    const masks = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, needWeights: false };
    return this.dropout1(this.selfAttn(x, x, x, masks)[0]);
  }

  private attendMemory(
    x: Tensor,
    memory: Tensor,
    { memoryMask, memoryKeyPaddingMask }: Required<DecoderMasks>,
  ): Tensor {
    const masks = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, needWeights: false };
    return this.dropout2(this.multiheadAttn(x, memory, memory, masks)[0]);
  }

  private feedForward(x: Tensor): Tensor {
    return this.dropout3(this.linear2(this.dropout(guest(this.activation)(this.linear1(x)))));
  }

  override forward(...given: Arguments<typeof decoderCall, { tgt: Tensor; memory: Tensor } & DecoderMasks>): Tensor;
  override forward(tgt: any, memory: any, options: any = {}): Tensor {
    checkTensor(classNameOf(this), tgt, "tgt");
    checkTensor(classNameOf(this), memory, "memory");
    checkMasks(classNameOf(this), options);
    const masks: Required<DecoderMasks> = { ...noDecoderMasks, ...options };
    if (this.normFirst) {
      const x = tgt.add(this.attendSelf(this.norm1(tgt), masks));
      const y = x.add(this.attendMemory(this.norm2(x), memory, masks));
      return y.add(this.feedForward(this.norm3(y)));
    }
    const x = this.norm1(tgt.add(this.attendSelf(tgt, masks)));
    const y = this.norm2(x.add(this.attendMemory(x, memory, masks)));
    return this.norm3(y.add(this.feedForward(y)));
  }
}

/** Options of {@link TransformerEncoder} and {@link TransformerDecoder}. */
export interface StackOptions {
  /** A normalization after the last layer. */
  norm?: Module | null;
}

/** Copies of one layer on top of each other. */
abstract class LayerStack extends Module {
  layers: ModuleList;
  numLayers: number;
  norm: Module | null;

  constructor(layer: string, inner: Module, numLayers: number, norm: Module | null) {
    super();
    checkModule(layer, inner, "layer");
    checkInteger(layer, "numLayers", numLayers, 0, MAX_LAYERS);
    if (norm !== null) checkModule(layer, norm, "norm");
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => deepcopy(inner)));
    this.numLayers = numLayers;
    this.norm = norm;
  }
}

/** Masks of a call of {@link TransformerEncoder}. */
export interface EncoderMasks {
  mask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
}

/** Parameters of {@link TransformerEncoder}. */
export interface TransformerEncoderParameters extends StackOptions {
  /** The layer that is copied. */
  encoderLayer: Module;
  /** How many copies there are. */
  numLayers: number;
  /** Without effect: tensors of sequences of unequal length do not exist here. */
  enableNestedTensor?: boolean;
  /** Without effect, as `enableNestedTensor` is. */
  maskCheck?: boolean;
}

const encoderSignature = "encoderLayer, numLayers; norm, enableNestedTensor, maskCheck";
const encoderCall = "src(); mask, srcKeyPaddingMask";

/** Encoder layers on top of each other, copies of the one given. @see torch.nn.TransformerEncoder */
export class TransformerEncoder extends LayerStack {
  constructor(
    encoderLayer: Module,
    numLayers: number,
    norm?: Module | null,
    enableNestedTensor?: boolean,
    maskCheck?: boolean,
  );
  constructor(...given: Arguments<typeof encoderSignature, TransformerEncoderParameters>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const defaults = { norm: null, enableNestedTensor: true, maskCheck: true };
    const { encoderLayer, numLayers, norm } = readArguments<TransformerEncoderParameters>(
      layer,
      encoderSignature,
      defaults,
      given,
    );
    super(layer, encoderLayer, numLayers, norm);
  }

  override forward(...given: Arguments<typeof encoderCall, { src: Tensor } & EncoderMasks>): Tensor;
  override forward(src: any, options: any = {}): Tensor {
    checkTensor(classNameOf(this), src, "src");
    checkMasks(classNameOf(this), options);
    const { mask = null, srcKeyPaddingMask = null }: EncoderMasks = options;
    let x = src;
    for (const layer of this.layers) x = layer(x, { srcMask: mask, srcKeyPaddingMask });
    return this.norm === null ? x : this.norm(x);
  }
}

/** Parameters of {@link TransformerDecoder}. */
export interface TransformerDecoderParameters extends StackOptions {
  /** The layer that is copied. */
  decoderLayer: Module;
  /** How many copies there are. */
  numLayers: number;
}

const stackSignature = "decoderLayer, numLayers; norm";

/** Decoder layers on top of each other, copies of the one given. @see torch.nn.TransformerDecoder */
export class TransformerDecoder extends LayerStack {
  constructor(decoderLayer: Module, numLayers: number, norm?: Module | null);
  constructor(...given: Arguments<typeof stackSignature, TransformerDecoderParameters>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const { decoderLayer, numLayers, norm } = readArguments<TransformerDecoderParameters>(
      layer,
      stackSignature,
      { norm: null },
      given,
    );
    super(layer, decoderLayer, numLayers, norm);
  }

  override forward(...given: Arguments<typeof decoderCall, { tgt: Tensor; memory: Tensor } & DecoderMasks>): Tensor;
  override forward(tgt: any, memory: any, options: any = {}): Tensor {
    checkTensor(classNameOf(this), tgt, "tgt");
    checkTensor(classNameOf(this), memory, "memory");
    checkMasks(classNameOf(this), options);
    let x = tgt;
    for (const layer of this.layers) x = layer(x, memory, options);
    return this.norm === null ? x : this.norm(x);
  }
}

/** Options of {@link Transformer}. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Features. Default: 512. */
  dModel?: number;
  /** Heads of attention. Default: 8. */
  nhead?: number;
  /** Default: 6. */
  numEncoderLayers?: number;
  /** Default: 6. */
  numDecoderLayers?: number;
  /** In place of the encoder. */
  customEncoder?: Module | null;
  /** In place of the decoder. */
  customDecoder?: Module | null;
}

/** Masks of a call of {@link Transformer}. */
export interface TransformerMasks extends DecoderMasks {
  srcMask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
}

const transformerSignature =
  "; dModel, nhead, numEncoderLayers, numDecoderLayers, dimFeedforward, dropout, activation, customEncoder, customDecoder, layerNormEps, batchFirst, normFirst, device, dtype; bias";

const transformerDefaults: Required<Omit<TransformerOptions, keyof FactoryOptions>> = {
  dModel: 512,
  nhead: 8,
  numEncoderLayers: 6,
  numDecoderLayers: 6,
  customEncoder: null,
  customDecoder: null,
  ...layerDefaults,
};

const transformerCall =
  "src(), tgt; srcMask, tgtMask, memoryMask, srcKeyPaddingMask, tgtKeyPaddingMask, memoryKeyPaddingMask";

/**
 * An encoder and a decoder. Shape: [S, N, E] and [T, N, E] → [T, N, E] (batchFirst: N first; or without N).
 * @see torch.nn.Transformer; Vaswani et al., 2017
 */
export class Transformer extends Module {
  encoder: Module;
  decoder: Module;
  dModel: number;
  nhead: number;
  batchFirst: boolean;

  constructor(
    dModel?: number,
    nhead?: number,
    numEncoderLayers?: number,
    numDecoderLayers?: number,
    dimFeedforward?: number,
    dropout?: number,
    activation?: Activation,
    customEncoder?: Module | null,
    customDecoder?: Module | null,
    layerNormEps?: number,
    batchFirst?: boolean,
    normFirst?: boolean,
    device?: Device | "wasm" | null,
    dtype?: DType | null,
  );
  constructor(...given: Arguments<typeof transformerSignature, TransformerOptions>);
  constructor(...given: unknown[]) {
    super();
    const layerName = nameOf(new.target);
    const options = readArguments<TransformerOptions>(layerName, transformerSignature, transformerDefaults, given);
    const { dModel, nhead, numEncoderLayers, numDecoderLayers, customEncoder, customDecoder, ...layer } = options;
    checkHeads(layerName, dModel, nhead);
    activationOf(layerName, layer.activation);
    for (const [name, count] of Object.entries({ numEncoderLayers, numDecoderLayers }))
      checkInteger(layerName, name, count, 0, MAX_LAYERS);
    for (const [name, custom] of Object.entries({ customEncoder, customDecoder }))
      if (custom !== null) checkModule(layerName, custom, name);
    const norm = () =>
      new LayerNorm(dModel, { eps: layer.layerNormEps, bias: layer.bias, dtype: layer.dtype, device: layer.device });
    this.encoder =
      customEncoder ??
      new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, layer), numEncoderLayers, { norm: norm() });
    this.decoder =
      customDecoder ??
      new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, layer), numDecoderLayers, { norm: norm() });
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = layer.batchFirst;
    this.resetParameters();
  }

  /** Draws new initial values for all matrices. */
  resetParameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform_(parameter);
  }

  override forward(
    ...given: Arguments<typeof transformerCall, { src: Tensor; tgt: Tensor } & TransformerMasks>
  ): Tensor;
  override forward(src: any, tgt: any, options: any = {}): Tensor {
    const layer = classNameOf(this);
    checkTensor(layer, src, "src");
    checkTensor(layer, tgt, "tgt");
    checkMasks(layer, options);
    const { srcMask = null, srcKeyPaddingMask = null, ...decoder }: TransformerMasks = options;
    const axis = this.batchFirst ? 0 : 1;
    if (src.ndim === 3 && src.shape[axis] !== tgt.shape[axis])
      throw new ShapeError(`${layer}: the batch number of src and tgt must be equal`);
    if (src.shape.at(-1) !== this.dModel || tgt.shape.at(-1) !== this.dModel)
      throw new ShapeError(`${layer}: the feature number of src and tgt must be equal to dModel, ${this.dModel}`);
    const memory = this.encoder(src, { mask: srcMask, srcKeyPaddingMask });
    return this.decoder(tgt, memory, decoder);
  }

  /** A mask of shape [size, size] that lets no position see a later one: −∞ above the diagonal, else 0. */
  static generateSquareSubsequentMask(size: number): Tensor {
    checkInteger("generateSquareSubsequentMask", "size", size, 0, MAX_COUNT);
    return full([size, size], Number.NEGATIVE_INFINITY, { dtype: "float32" }).triu(1);
  }
}

composes(encoderLayerCall, TransformerEncoderLayer);
composes(decoderCall, TransformerDecoderLayer, TransformerDecoder);
composes(encoderCall, TransformerEncoder);
composes(transformerCall, Transformer);
