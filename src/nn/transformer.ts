/** The transformer. */
import { checkInteger, MAX_COUNT } from "../core/arguments";
import { ShapeError, ValueError } from "../core/errors";
import { checkTensor } from "../ops/checks";
import { full } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { MultiheadAttention } from "./attention";
import { checkModule } from "./checks";
import { ModuleList } from "./container";
import { deepcopy } from "./deepcopy";
import { Dropout } from "./dropout";
import { type Complete, type FactoryOptions, factory } from "./factory";
import { xavierUniform_ } from "./init";
import { Linear } from "./linear";
import { Module } from "./module";
import { LayerNorm } from "./normalization";
import { MAX_LAYERS, readOptions } from "./options";
import { snakeCase } from "./state";

type Activation = "relu" | "gelu" | ((x: Tensor) => Tensor);

function activationOf(activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  if (activation === "relu") return (x) => x.relu();
  if (activation === "gelu") return (x) => x.gelu();
  throw new ValueError(`activation should be relu/gelu, not ${activation}`);
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

const layerDefaults: Complete<TransformerLayerOptions> = {
  dimFeedforward: 2048,
  dropout: 0.1,
  activation: "relu",
  layerNormEps: 1e-5,
  batchFirst: false,
  normFirst: false,
  bias: true,
  ...factory,
};

/** Masks of a call of {@link TransformerEncoderLayer}. */
export interface EncoderLayerMasks {
  srcMask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
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

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions);
  constructor(
    dModel: number,
    nhead: number,
    dimFeedforward: number,
    dropout?: number,
    options?: TransformerLayerOptions,
  );
  constructor(dModel: number, nhead: number, ...rest: unknown[]) {
    super();
    const given = readOptions("TransformerEncoderLayer", layerDefaults, rest, ["dimFeedforward", "dropout"]);
    const { dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias, dtype, device } = given;
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
    this.activation = activationOf(activation);
  }

  override stateKey(field: string): string {
    return snakeCase(field);
  }

  private attend(x: Tensor, { srcMask = null, srcKeyPaddingMask = null }: EncoderLayerMasks): Tensor {
    const masks = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, needWeights: false };
    return this.dropout1(this.selfAttn(x, x, x, masks)[0]);
  }

  private feedForward(x: Tensor): Tensor {
    return this.dropout2(this.linear2(this.dropout(this.activation(this.linear1(x)))));
  }

  override forward(src: Tensor, options: EncoderLayerMasks = {}): Tensor {
    checkTensor("TransformerEncoderLayer", src, "src");
    readOptions("TransformerEncoderLayer", { srcMask: null, srcKeyPaddingMask: null } as EncoderLayerMasks, [options]);
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

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions);
  constructor(
    dModel: number,
    nhead: number,
    dimFeedforward: number,
    dropout?: number,
    options?: TransformerLayerOptions,
  );
  constructor(dModel: number, nhead: number, ...rest: unknown[]) {
    super();
    const given = readOptions("TransformerDecoderLayer", layerDefaults, rest, ["dimFeedforward", "dropout"]);
    const { dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias, dtype, device } = given;
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
    this.activation = activationOf(activation);
  }

  override stateKey(field: string): string {
    return snakeCase(field);
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
    return this.dropout3(this.linear2(this.dropout(this.activation(this.linear1(x)))));
  }

  override forward(tgt: Tensor, memory: Tensor, options: DecoderMasks = {}): Tensor {
    checkTensor("TransformerDecoderLayer", tgt, "tgt");
    checkTensor("TransformerDecoderLayer", memory, "memory");
    const masks = readOptions("TransformerDecoderLayer", noDecoderMasks, [options]);
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

  constructor(layer: Module, numLayers: number, rest: readonly unknown[]) {
    super();
    const { norm } = readOptions<Required<StackOptions>>(this.constructor.name, { norm: null }, rest, ["norm"]);
    checkModule(this.constructor.name, layer, "layer");
    checkInteger(this.constructor.name, "numLayers", numLayers, 0, MAX_LAYERS);
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => deepcopy(layer)));
    this.numLayers = numLayers;
    this.norm = norm;
  }
}

/** Masks of a call of {@link TransformerEncoder}. */
export interface EncoderMasks {
  mask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
}

/** Encoder layers on top of each other, copies of the one given. @see torch.nn.TransformerEncoder */
export class TransformerEncoder extends LayerStack {
  constructor(encoderLayer: Module, numLayers: number, options?: StackOptions);
  constructor(encoderLayer: Module, numLayers: number, norm: Module | null);
  constructor(encoderLayer: Module, numLayers: number, ...rest: unknown[]) {
    super(encoderLayer, numLayers, rest);
  }

  override forward(src: Tensor, options: EncoderMasks = {}): Tensor {
    const defaults: Required<EncoderMasks> = { mask: null, srcKeyPaddingMask: null };
    const { mask, srcKeyPaddingMask } = readOptions("TransformerEncoder", defaults, [options]);
    let x = src;
    for (const layer of this.layers) x = layer(x, { srcMask: mask, srcKeyPaddingMask });
    return this.norm === null ? x : this.norm(x);
  }
}

/** Decoder layers on top of each other, copies of the one given. @see torch.nn.TransformerDecoder */
export class TransformerDecoder extends LayerStack {
  constructor(decoderLayer: Module, numLayers: number, options?: StackOptions);
  constructor(decoderLayer: Module, numLayers: number, norm: Module | null);
  constructor(decoderLayer: Module, numLayers: number, ...rest: unknown[]) {
    super(decoderLayer, numLayers, rest);
  }

  override forward(tgt: Tensor, memory: Tensor, options: DecoderMasks = {}): Tensor {
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

  constructor(options?: TransformerOptions);
  constructor(
    dModel: number,
    nhead?: number,
    numEncoderLayers?: number,
    numDecoderLayers?: number,
    dimFeedforward?: number,
    dropout?: number,
    options?: TransformerOptions,
  );
  constructor(...rest: unknown[]) {
    super();
    const defaults: Complete<TransformerOptions> = {
      dModel: 512,
      nhead: 8,
      numEncoderLayers: 6,
      numDecoderLayers: 6,
      customEncoder: null,
      customDecoder: null,
      ...layerDefaults,
    };
    const positional = [
      "dModel",
      "nhead",
      "numEncoderLayers",
      "numDecoderLayers",
      "dimFeedforward",
      "dropout",
    ] as const;
    const given = readOptions("Transformer", defaults, rest, positional);
    const { dModel, nhead, numEncoderLayers, numDecoderLayers, customEncoder, customDecoder, ...layer } = given;
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

  override forward(src: Tensor, tgt: Tensor, options: TransformerMasks = {}): Tensor {
    const defaults: Required<TransformerMasks> = { srcMask: null, srcKeyPaddingMask: null, ...noDecoderMasks };
    const { srcMask, srcKeyPaddingMask, ...decoder } = readOptions("Transformer", defaults, [options]);
    checkTensor("Transformer", src, "src");
    checkTensor("Transformer", tgt, "tgt");
    const axis = this.batchFirst ? 0 : 1;
    if (src.ndim === 3 && src.shape[axis] !== tgt.shape[axis])
      throw new ShapeError("the batch number of src and tgt must be equal");
    if (src.shape.at(-1) !== this.dModel || tgt.shape.at(-1) !== this.dModel)
      throw new ShapeError("the feature number of src and tgt must be equal to d_model");
    const memory = this.encoder(src, { mask: srcMask, srcKeyPaddingMask });
    return this.decoder(tgt, memory, decoder);
  }

  /** A mask of shape [size, size] that lets no position see a later one: −∞ above the diagonal, else 0. */
  static generateSquareSubsequentMask(size: number): Tensor {
    checkInteger("generateSquareSubsequentMask", "size", size, 0, MAX_COUNT);
    return full([size, size], Number.NEGATIVE_INFINITY, { dtype: "float32" }).triu(1);
  }
}
