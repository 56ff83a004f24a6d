/**
 * The ops of a device, by name. Each is a description, an object of operands, sizes, flags and words, that says what is to be computed and nothing of
 * how. Results are allocated by the caller. What a description calls contiguous is so when the op runs: the caller copies what is not.
 * Elementwise ops, copies and fills are methods of `Backend`.
 */
import type { Unscale, UpdateScale } from "./amp";
import type { Attention, AttentionGradient } from "./attention";
import type { ChannelSums, Convolution } from "./convolution";
import type { Arange } from "./elementwise";
import type {
  Gather,
  IndexAdd,
  IndexCopy,
  IndexSelect,
  MaskedScatter,
  MaskedSelect,
  Nonzero,
  Scatter,
  SearchSorted,
} from "./indexing";
import type {
  Bidiagonalize,
  Cholesky,
  LuFactor,
  LuSolve,
  Orthogonalize,
  QrFactor,
  Reflection,
  Rotate,
  TriangularSolve,
  Tridiagonalize,
} from "./linalg";
import type {
  CrossEntropy,
  CrossEntropyGradient,
  NllLoss,
  NllLossGradient,
  SequenceLoss,
  SequenceLossGradient,
  TargetWeights,
} from "./losses";
import type { BatchNorm, BatchNormGradient, BatchNormStatistics, LayerNorm, LayerNormGradient } from "./normalization";
import type {
  AdadeltaStep,
  AdagradStep,
  AdamaxStep,
  AdamStep,
  AsgdStep,
  LionStep,
  NAdamStep,
  RAdamStep,
  RmspropStep,
  RpropStep,
  SgdStep,
} from "./optim";
import type { AvgPool, AvgPoolGradient, MaxPool, MaxPoolGradient } from "./pooling";
import type { MatMul } from "./products";
import type {
  BlockRanges,
  HalfProduct,
  PackQuantized,
  Quantize,
  QuantizedAdd,
  QuantizedDepthwise,
  QuantizedMaxPool,
  QuantizedProduct,
} from "./quantized";
import type { BoxMuller, DrawNumbers } from "./random";
import type { GruCell, GruCellGradient, LstmCell, LstmCellGradient } from "./recurrent";
import type { Extremum, Histogram, Reduce, Softmax, SoftmaxGradient, SquaredDeviation } from "./reduce";
import type { RunningExtremum, Scan } from "./scan";
import type { MostFrequent, Sort } from "./sort";
import type {
  DeformColumns,
  DeformInputGradient,
  DeformOffsetGradient,
  MirrorRows,
  Nms,
  NormalizePlanes,
  Resample,
  RoiMax,
  RoiMean,
  RoiMeanGradient,
  UnitPlanes,
} from "./vision";

/** The description of each op. */
export interface DeviceOps {
  unscale: Unscale;
  updateScale: UpdateScale;

  arange: Arange;

  matmul: MatMul;
  attention: Attention;
  attentionGradient: AttentionGradient;

  convolution: Convolution;
  channelSums: ChannelSums;

  maxPool: MaxPool;
  maxPoolGradient: MaxPoolGradient;
  avgPool: AvgPool;
  avgPoolGradient: AvgPoolGradient;

  batchNormStatistics: BatchNormStatistics;
  batchNorm: BatchNorm;
  batchNormGradient: BatchNormGradient;
  layerNorm: LayerNorm;
  layerNormGradient: LayerNormGradient;

  reduce: Reduce;
  extremum: Extremum;
  squaredDeviation: SquaredDeviation;
  softmax: Softmax;
  softmaxGradient: SoftmaxGradient;
  histogram: Histogram;

  scan: Scan;
  runningExtremum: RunningExtremum;

  indexSelect: IndexSelect;
  indexCopy: IndexCopy;
  indexAdd: IndexAdd;
  gather: Gather;
  scatter: Scatter;
  searchSorted: SearchSorted;
  nonzero: Nonzero;
  maskedSelect: MaskedSelect;
  maskedScatter: MaskedScatter;

  sort: Sort;
  mostFrequent: MostFrequent;

  boxMuller: BoxMuller;
  draw: DrawNumbers;

  nllLoss: NllLoss;
  nllLossGradient: NllLossGradient;
  crossEntropy: CrossEntropy;
  crossEntropyGradient: CrossEntropyGradient;
  targetWeights: TargetWeights;
  sequenceLoss: SequenceLoss;
  sequenceLossGradient: SequenceLossGradient;

  lstmCell: LstmCell;
  lstmCellGradient: LstmCellGradient;
  gruCell: GruCell;
  gruCellGradient: GruCellGradient;

  luFactor: LuFactor;
  luSolve: LuSolve;
  triangularSolve: TriangularSolve;
  cholesky: Cholesky;
  qrFactor: QrFactor;
  reflect: Reflection;
  tridiagonalize: Tridiagonalize;
  bidiagonalize: Bidiagonalize;
  rotate: Rotate;
  orthogonalize: Orthogonalize;

  sgd: SgdStep;
  adam: AdamStep;
  adamax: AdamaxStep;
  nadam: NAdamStep;
  radam: RAdamStep;
  asgd: AsgdStep;
  rprop: RpropStep;
  lion: LionStep;
  adagrad: AdagradStep;
  rmsprop: RmspropStep;
  adadelta: AdadeltaStep;

  quantize: Quantize;
  dequantize: Quantize;
  blockRanges: BlockRanges;
  packQuantized: PackQuantized;
  quantizedProduct: QuantizedProduct;
  quantizedDepthwise: QuantizedDepthwise;
  quantizedAdd: QuantizedAdd;
  quantizedMaxPool: QuantizedMaxPool;
  halfProduct: HalfProduct;

  nms: Nms;
  roiMean: RoiMean;
  roiMeanGradient: RoiMeanGradient;
  roiMax: RoiMax;
  deformColumns: DeformColumns;
  deformInputGradient: DeformInputGradient;
  deformOffsetGradient: DeformOffsetGradient;
  resample: Resample;
  unitPlanes: UnitPlanes;
  mirrorRows: MirrorRows;
  normalizePlanes: NormalizePlanes;
}

export type * from "./attention";
export type * from "./checks";
export type * from "./convolution";
export type * from "./elementwise";
export type * from "./indexing";
export type * from "./linalg";
export type * from "./losses";
export type * from "./normalization";
export type * from "./optim";
export type * from "./pooling";
export type * from "./products";
export type * from "./quantized";
export type * from "./random";
export type * from "./recurrent";
export type * from "./reduce";
export type * from "./scan";
export type * from "./sort";
export type * from "./vision";
export type * from "./windows";
