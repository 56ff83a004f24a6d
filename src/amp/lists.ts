/**
 * What autocast does to the operands of each op: PyTorch 1.13's lists, of CUDA for `"webgpu"` and of the cpu for `"cpu"`, under the names that the ops have
 * here. Ops that no list has take what they are given.
 */
import type { Device } from "../backend/backend";

/**
 * `lower`: in the dtype of autocast. `single`: in float32. `promote`: in the widest dtype that one of the operands has. `banned`: an error, since the op is
 * known to overflow.
 */
export type Policy = "lower" | "single" | "promote" | "banned";

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Products, convolutions and what is made of them. */
const products =
  "conv1d conv2d conv3d convTbc addmm addbmm baddbmm bmm matmul mm linear _scaledDotProductAttention scaledDotProductAttention";

/** Losses that both devices compute in float32. */
const losses =
  "poissonNllLoss cosineEmbeddingLoss hingeEmbeddingLoss marginRankingLoss tripletMarginLoss binaryCrossEntropyWithLogits nllLoss nllLoss2d l1Loss " +
  "smoothL1Loss mseLoss multilabelMarginLoss softMarginLoss multiMarginLoss huberLoss crossEntropy";

const webgpu: Readonly<Record<Policy, string>> = {
  lower:
    `${products} convTranspose1d convTranspose2d convTranspose3d prelu addmv addr einsum mv chainMatmul multiDot lstmCell gruCell rnnTanhCell rnnReluCell ` +
    "lstm gru rnnTanh rnnRelu",
  single:
    `${losses} klDiv acos asin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow softplus layerNorm nativeLayerNorm groupNorm norm ` +
    "frobeniusNorm nuclearNorm vectorNorm matrixNorm cosineSimilarity dist pdist cdist renorm logsumexp prod softmax logSoftmax cumprod cumsum sum",
  promote: "addcdiv addcmul atan2 bilinear cross dot gridSample indexPut tensordot scatterAdd cat stack",
  banned: "binaryCrossEntropy",
};

const cpu: Readonly<Record<Policy, string>> = {
  lower: `${products} einsum tensordot chainMatmul multiDot`,
  single:
    `${losses} convTranspose1d convTranspose2d convTranspose3d avgPool3d binaryCrossEntropy gridSample prod quantile nanquantile stft istft cdist trace ` +
    "cholesky choleskyInverse choleskySolve inverse inv luSolve svd qr ormqr pinverse pinv pad ctcLoss klDiv det slogdet eigh eigvalsh svdvals cond " +
    "matrixNorm fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn hfft ihfft",
  promote: "cat stack indexCopy",
  banned: "",
};

const byName = (lists: Readonly<Record<Policy, string>>): ReadonlyMap<string, Policy> =>
  new Map(
    Object.entries(lists).flatMap(([policy, names]) =>
      words(names).map((name): [string, Policy] => [name, policy as Policy]),
    ),
  );

/** The policy of each op that has one, by device. */
export const policies: Readonly<Record<Device, ReadonlyMap<string, Policy>>> = {
  webgpu: byName(webgpu),
  cpu: byName(cpu),
};
