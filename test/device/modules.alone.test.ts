/** Every layer and loss, forward and backward, on a device that cannot be read at once: as on the cpu. */
import { beforeAll, expect, test } from "vitest";
import { seedBoth, useStrictDevice } from "../helpers/strict";
import { torch } from "../ops/spec";
import { compare, home, there } from "./sweep";

beforeAll(useStrictDevice);

type Make = (nn: any) => any;
/** A module, and the shapes of its floating-point inputs or the inputs themselves. */
type Case = readonly [make: Make, ...inputs: any[]];

const labels = (values: unknown) => torch.tensor(values, { dtype: "int64" });
const masks = () => torch.tensor([[true, false, true]]).expand([2, 3]);

const activations: Case[] = (
  "ReLU ReLU6 ELU SELU CELU GELU SiLU Mish Sigmoid Tanh LogSigmoid Softplus Softsign Softshrink Hardshrink Hardtanh Hardsigmoid Hardswish " +
  "LeakyReLU PReLU Tanhshrink Softmin Softmax LogSoftmax GLU Identity Dropout AlphaDropout FeatureAlphaDropout Flatten"
)
  .split(" ")
  .map(
    (name): Case => [(nn) => new nn[name](/max|min|GLU/i.test(name) && name !== "Flatten" ? -1 : undefined), [4, 6]],
  );

const losses: Case[] = [
  ..."MSELoss L1Loss SmoothL1Loss HuberLoss KLDivLoss PoissonNLLLoss SoftMarginLoss"
    .split(" ")
    .map((name): Case => [(nn) => new nn[name](), [3, 4], [3, 4]]),
  [(nn) => new nn.BCEWithLogitsLoss(), [3, 4], [3, 4]],
  [(nn) => new nn.Sequential(new nn.Sigmoid()), [3, 4]],
  [
    (nn) => new nn.CrossEntropyLoss({ labelSmoothing: 0.1, weight: torch.tensor([1, 2, 3, 4]) }),
    [3, 4],
    labels([0, 3, 1]),
  ],
  [(nn) => new nn.NLLLoss(), [3, 4], labels([0, 3, 1])],
  [(nn) => new nn.MultiMarginLoss(), [3, 4], labels([0, 3, 1])],
  [
    (nn) => new nn.MultiLabelMarginLoss(),
    [2, 3],
    labels([
      [0, 2, -1],
      [1, -1, 0],
    ]),
  ],
  [(nn) => new nn.MultiLabelSoftMarginLoss(), [3, 4], [3, 4]],
  [(nn) => new nn.CosineEmbeddingLoss(), [3, 4], [3, 4], torch.tensor([1, -1, 1])],
  [(nn) => new nn.HingeEmbeddingLoss(), [3], torch.tensor([1, -1, 1])],
  [(nn) => new nn.MarginRankingLoss(), [3], [3], torch.tensor([1, -1, 1])],
  [(nn) => new nn.TripletMarginLoss(), [3, 4], [3, 4], [3, 4]],
  [(nn) => new nn.TripletMarginWithDistanceLoss(), [3, 4], [3, 4], [3, 4]],
  [(nn) => new nn.GaussianNLLLoss(), [3, 4], [3, 4], torch.ones(3, 4)],
  [(nn) => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [4, 7]), [3, 8], labels([0, 5, 9])],
];

const layers: Case[] = [
  [(nn) => new nn.Linear(4, 3), [5, 4]],
  [(nn) => new nn.Bilinear(3, 4, 2), [5, 3], [5, 4]],
  [
    (nn) => new nn.Embedding(7, 3, { paddingIdx: 0 }),
    labels([
      [0, 6],
      [2, 2],
    ]),
  ],
  ...["sum", "mean", "max"].map(
    (mode): Case => [
      (nn) => new nn.EmbeddingBag(7, 3, { mode, paddingIdx: 2 }),
      labels([0, 6, 2, 1, 2, 5]),
      labels([0, 3, 3, 4]),
    ],
  ),
  [(nn) => new nn.EmbeddingBag(7, 3, { includeLastOffset: true }), labels([0, 6, 2, 1]), labels([0, 3, 3])],
  [
    (nn) => new nn.EmbeddingBag(7, 3),
    labels([
      [0, 6, 2],
      [1, 1, 4],
    ]),
  ],
  [(nn) => new nn.Conv1d(2, 3, 3, { padding: "same" }), [2, 2, 8]],
  [(nn) => new nn.Conv2d(4, 4, 3, { groups: 2, padding: 1, paddingMode: "reflect" }), [2, 4, 6, 6]],
  [(nn) => new nn.Conv3d(1, 2, 2), [1, 1, 4, 4, 4]],
  [(nn) => new nn.ConvTranspose1d(2, 3, 3), [2, 2, 5]],
  [(nn) => new nn.ConvTranspose2d(2, 3, 3, { stride: 2, outputPadding: 1 }), [2, 2, 5, 5]],
  [(nn) => new nn.MaxPool2d(2, { returnIndices: false }), [1, 2, 6, 6]],
  [(nn) => new nn.AvgPool2d(2), [1, 2, 6, 6]],
  [(nn) => new nn.LPPool2d(2, 2), [1, 2, 6, 6]],
  [(nn) => new nn.AdaptiveAvgPool2d(3), [1, 2, 7, 7]],
  [(nn) => new nn.AdaptiveMaxPool2d(3), [1, 2, 7, 7]],
  [(nn) => new nn.FractionalMaxPool2d(2, { outputRatio: 0.5, _randomSamples: torch.rand(1, 2, 2) }), [1, 2, 7, 7]],
  [
    (nn) => new nn.FractionalMaxPool3d(2, { outputSize: [2, 1, 3], _randomSamples: torch.rand(1, 2, 3) }),
    [1, 2, 5, 4, 6],
  ],
  [(nn) => new nn.Upsample({ scaleFactor: 2, mode: "bilinear" }), [1, 2, 3, 3]],
  [(nn) => new nn.Upsample({ scaleFactor: 2, mode: "bicubic" }), [1, 2, 3, 3]],
  [(nn) => new nn.PixelShuffle(2), [1, 4, 3, 3]],
  [(nn) => new nn.Fold([4, 4], 2, { stride: 2 }), [1, 4, 4]],
  [(nn) => new nn.Unfold(2), [1, 2, 4, 4]],
  [(nn) => new nn.ReflectionPad2d(1), [1, 2, 3, 3]],
  [(nn) => new nn.ReplicationPad1d(2), [2, 3, 4]],
  [(nn) => new nn.ConstantPad2d(1, 0.5), [1, 2, 3, 3]],
  [(nn) => new nn.BatchNorm1d(4), [5, 4]],
  [(nn) => new nn.BatchNorm2d(3, { momentum: null }), [2, 3, 4, 4]],
  [(nn) => new nn.InstanceNorm2d(3, { affine: true, trackRunningStats: true }), [2, 3, 4, 4]],
  [(nn) => new nn.GroupNorm(2, 4), [2, 4, 3]],
  [(nn) => new nn.LayerNorm([3, 4]), [2, 3, 4]],
  [(nn) => new nn.RMSNorm(4), [2, 4]],
  [(nn) => new nn.LocalResponseNorm(2), [1, 4, 3, 3]],
  [(nn) => new nn.CosineSimilarity(), [3, 4], [3, 4]],
  [(nn) => new nn.PairwiseDistance(), [3, 4], [3, 4]],
  [(nn) => new nn.RNN(3, 4, { numLayers: 2, dropout: 0.5 }), [5, 2, 3]],
  [(nn) => new nn.GRU(3, 4, { bidirectional: true }), [5, 2, 3]],
  [(nn) => new nn.LSTM(3, 4, { projSize: 2, batchFirst: true }), [2, 5, 3]],
  [(nn) => new nn.RNNCell(3, 4), [2, 3]],
  [(nn) => new nn.GRUCell(3, 4), [2, 3]],
  [(nn) => new nn.LSTMCell(3, 4), [2, 3]],
  [(nn) => new nn.MultiheadAttention(4, 2, { addBiasKv: true, addZeroAttn: true }), [3, 2, 4], [3, 2, 4], [3, 2, 4]],
  [(nn) => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8 }), [3, 2, 4], null, masks],
  [
    (nn) => new nn.Transformer({ dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 8 }),
    [3, 2, 4],
    [2, 2, 4],
  ],
  [(nn) => nn.utils.spectralNorm(new nn.Linear(4, 3)), [5, 4]],
  [(nn) => nn.utils.weightNorm(new nn.Linear(4, 3)), [5, 4]],
  [(nn) => nn.utils.parametrizations.spectralNorm(new nn.Linear(4, 3)), [5, 4]],
];

const tensorsIn = (value: any): any[] => {
  if (value instanceof torch.Tensor) return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(tensorsIn);
};

/** Runs a module; gives its outputs, the gradients of its inputs and parameters, and its buffers. */
function run(module: any, inputs: readonly any[]) {
  seedBoth(3);
  const results = tensorsIn(module(...inputs));
  const loss = results
    .filter((y) => y.requiresGrad)
    .map((y) => y.cos().sum())
    .reduce((a: any, b: any) => (a === undefined ? b : a.add(b)), undefined);
  loss?.backward();
  const leaves = [...inputs.filter((x) => x instanceof torch.Tensor && x.requiresGrad), ...module.parameters()];
  return { results, gradients: leaves.map((x) => x.grad), buffers: [...module.buffers()] };
}

test.each([...layers, ...activations, ...losses].map((c) => [String(c[0]).replace(/^\(nn\) => /, ""), c] as const))(
  "%s",
  async (_, [make, ...given]) => {
    seedBoth(1);
    const module = make(torch.nn);
    const inputs = given.map((x) =>
      Array.isArray(x) ? torch.rand(x).requiresGrad_() : typeof x === "function" ? x() : x,
    );
    seedBoth(1);
    const copy = make(torch.nn).to("webgpu");
    const here = run(module, inputs);
    const moved = run(
      copy,
      inputs.map((x) => (x instanceof torch.Tensor ? there(x) : x)),
    );
    expect(here.results.length).toBeGreaterThan(0);
    for (const [what, xs] of Object.entries(moved)) {
      for (const x of xs) if (x !== null) expect([what, x.device]).toEqual([what, "webgpu"]);
      compare(what, await home(xs), here[what as keyof typeof here], 1e-5);
    }
  },
);
