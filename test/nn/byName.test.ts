/** Layers, functional forms and methods take every argument by position, in PyTorch's order, or by name. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { nn } = torch;
const F = nn.functional;
const { init } = nn;

/** Values in PyTorch's order, none of them the default. */
const layers: readonly (readonly [name: keyof typeof nn, values: Readonly<Record<string, unknown>>])[] = [
  ["Linear", { inFeatures: 3, outFeatures: 4, bias: false, device: "cpu", dtype: "float64" }],
  ["Bilinear", { in1Features: 3, in2Features: 2, outFeatures: 4, bias: false }],
  ["LazyLinear", { outFeatures: 4, bias: false }],
  [
    "Conv1d",
    {
      inChannels: 4,
      outChannels: 6,
      kernelSize: 3,
      stride: 2,
      padding: 1,
      dilation: 2,
      groups: 2,
      bias: false,
      paddingMode: "reflect",
    },
  ],
  [
    "Conv2d",
    {
      inChannels: 3,
      outChannels: 6,
      kernelSize: 5,
      stride: 2,
      padding: [1, 2],
      dilation: 1,
      groups: 3,
      bias: false,
      paddingMode: "circular",
      device: "cpu",
      dtype: "float64",
    },
  ],
  ["Conv3d", { inChannels: 2, outChannels: 2, kernelSize: 2, stride: 1, padding: "same" }],
  [
    "ConvTranspose1d",
    {
      inChannels: 4,
      outChannels: 6,
      kernelSize: 3,
      stride: 2,
      padding: 1,
      outputPadding: 1,
      groups: 2,
      bias: false,
      dilation: 2,
      paddingMode: "zeros",
    },
  ],
  [
    "ConvTranspose2d",
    {
      inChannels: 4,
      outChannels: 6,
      kernelSize: 3,
      stride: 2,
      padding: 1,
      outputPadding: 1,
      groups: 2,
      bias: false,
      dilation: 2,
    },
  ],
  ["LazyConv2d", { outChannels: 6, kernelSize: 5, stride: 2, padding: 1 }],
  ["LazyConvTranspose1d", { outChannels: 6, kernelSize: 5, stride: 2, padding: 1, outputPadding: 1 }],
  ["MaxPool2d", { kernelSize: 3, stride: 2, padding: 1, dilation: 2, returnIndices: true, ceilMode: true }],
  ["AvgPool1d", { kernelSize: 3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false }],
  ["AvgPool2d", { kernelSize: 3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false, divisorOverride: 2 }],
  ["AdaptiveMaxPool2d", { outputSize: [2, null], returnIndices: true }],
  ["AdaptiveAvgPool1d", { outputSize: 3 }],
  ["FractionalMaxPool2d", { kernelSize: 2, outputSize: 3, outputRatio: null, returnIndices: true }],
  ["LPPool2d", { normType: 2, kernelSize: 3, stride: 2, ceilMode: true }],
  ["MaxUnpool2d", { kernelSize: 3, stride: 2, padding: 1 }],
  ["BatchNorm1d", { numFeatures: 4, eps: 1e-3, momentum: null, affine: false, trackRunningStats: false }],
  ["InstanceNorm2d", { numFeatures: 4, eps: 1e-3, momentum: 0.2, affine: true, trackRunningStats: true }],
  ["LazyBatchNorm2d", { eps: 1e-3, momentum: 0.2, affine: false, trackRunningStats: false }],
  ["LayerNorm", { normalizedShape: [2, 3], eps: 1e-3, elementwiseAffine: false }],
  ["GroupNorm", { numGroups: 2, numChannels: 4, eps: 1e-3, affine: false }],
  ["LocalResponseNorm", { size: 2, alpha: 1, beta: 2, k: 3 }],
  [
    "RNN",
    {
      inputSize: 3,
      hiddenSize: 4,
      numLayers: 2,
      bias: false,
      batchFirst: true,
      dropout: 0.5,
      bidirectional: true,
    },
  ],
  [
    "GRU",
    { inputSize: 3, hiddenSize: 4, numLayers: 2, bias: false, batchFirst: true, dropout: 0.5, bidirectional: true },
  ],
  [
    "LSTM",
    {
      inputSize: 10,
      hiddenSize: 20,
      numLayers: 2,
      bias: false,
      batchFirst: true,
      dropout: 0.5,
      bidirectional: true,
      projSize: 5,
    },
  ],
  ["RNNCell", { inputSize: 3, hiddenSize: 4, bias: false, nonlinearity: "relu" }],
  ["LSTMCell", { inputSize: 3, hiddenSize: 4, bias: false }],
  [
    "Embedding",
    { numEmbeddings: 5, embeddingDim: 3, paddingIdx: -1, maxNorm: 2, normType: 1, scaleGradByFreq: true, sparse: true },
  ],
  [
    "EmbeddingBag",
    {
      numEmbeddings: 5,
      embeddingDim: 3,
      maxNorm: 2,
      normType: 1,
      scaleGradByFreq: true,
      mode: "sum",
      sparse: true,
      weight: null,
      includeLastOffset: true,
      paddingIdx: 1,
    },
  ],
  [
    "MultiheadAttention",
    {
      embedDim: 4,
      numHeads: 2,
      dropout: 0.5,
      bias: false,
      addBiasKv: true,
      addZeroAttn: true,
      kdim: 3,
      vdim: 2,
      batchFirst: true,
    },
  ],
  [
    "TransformerEncoderLayer",
    {
      dModel: 4,
      nhead: 2,
      dimFeedforward: 8,
      dropout: 0.5,
      activation: "gelu",
      layerNormEps: 1e-3,
      batchFirst: true,
      normFirst: true,
    },
  ],
  [
    "Transformer",
    {
      dModel: 4,
      nhead: 2,
      numEncoderLayers: 1,
      numDecoderLayers: 2,
      dimFeedforward: 8,
      dropout: 0.5,
      activation: "gelu",
      customEncoder: null,
      customDecoder: null,
      layerNormEps: 1e-3,
      batchFirst: true,
      normFirst: true,
    },
  ],
  ["AdaptiveLogSoftmaxWithLoss", { inFeatures: 8, nClasses: 6, cutoffs: [2], divValue: 2, headBias: true }],
  ["LeakyReLU", { negativeSlope: 0.2, inplace: true }],
  ["Threshold", { threshold: 1, value: 2, inplace: true }],
  ["Hardtanh", { minVal: -2, maxVal: 2, inplace: true }],
  ["ELU", { alpha: 2, inplace: true }],
  ["RReLU", { lower: 0.1, upper: 0.2, inplace: true }],
  ["PReLU", { numParameters: 3, init: 0.5 }],
  ["Softplus", { beta: 2, threshold: 10 }],
  ["GELU", { approximate: "tanh" }],
  ["Softmax", { dim: 1 }],
  ["Dropout2d", { p: 0.2, inplace: true }],
  ["Flatten", { startDim: 2, endDim: 3 }],
  ["Unflatten", { dim: 1, unflattenedSize: [2, 2] }],
  ["Fold", { outputSize: 6, kernelSize: 2, dilation: 2, padding: 1, stride: 3 }],
  ["Unfold", { kernelSize: 2, dilation: 2, padding: 1, stride: 3 }],
  ["Upsample", { size: null, scaleFactor: 2, mode: "bilinear", alignCorners: true, recomputeScaleFactor: true }],
  ["UpsamplingNearest2d", { size: 4, scaleFactor: null }],
  ["PixelShuffle", { upscaleFactor: 2 }],
  ["ConstantPad2d", { padding: [1, 2, 3, 4], value: 5 }],
  ["ReflectionPad1d", { padding: 2 }],
  ["CosineSimilarity", { dim: 0, eps: 1e-3 }],
  ["PairwiseDistance", { p: 1, eps: 1e-3, keepdim: true }],
  [
    "CrossEntropyLoss",
    { weight: torch.ones(3), sizeAverage: null, ignoreIndex: 2, reduce: null, reduction: "sum", labelSmoothing: 0.1 },
  ],
  ["BCEWithLogitsLoss", { weight: null, sizeAverage: null, reduce: null, reduction: "sum", posWeight: torch.ones(3) }],
  ["SmoothL1Loss", { sizeAverage: null, reduce: null, reduction: "sum", beta: 2 }],
  ["PoissonNLLLoss", { logInput: false, full: true, sizeAverage: null, eps: 1e-3, reduce: null, reduction: "sum" }],
  ["TripletMarginLoss", { margin: 2, p: 1, eps: 1e-3, swap: true, sizeAverage: null, reduce: null, reduction: "sum" }],
  ["CTCLoss", { blank: 1, reduction: "sum", zeroInfinity: true }],
];

type Class = new (...given: unknown[]) => torch.nn.Module;

/** All that a module is made of: plain fields, and the shapes and dtypes of its tensors. */
const contents = (module: torch.nn.Module) => [
  String(module),
  Object.entries(module).map(([name, value]) =>
    value instanceof torch.Tensor
      ? [name, value.dtype, value.shape]
      : typeof value === "function"
        ? name
        : [name, value],
  ),
];

describe("layers by position and by name", () => {
  test.each(layers)("%s", (name, values) => {
    const Layer = nn[name] as unknown as Class;
    const byPosition = contents(new Layer(...Object.values(values)));
    expect(contents(new Layer(values))).toEqual(byPosition);
    const [first, ...rest] = Object.entries(values);
    expect(contents(new Layer(first![1], Object.fromEntries(rest)))).toEqual(byPosition);
    expect(() => new Layer(...Object.values(values), ...new Array(12).fill(0))).toThrow(
      new RegExp(`^${name}: takes at most`),
    );
    expect(() => new Layer({ ...values, nonsense: 1 })).toThrow(new RegExp(`^${name}: unknown argument "nonsense"`));
    expect(() => new Layer(first![1], values)).toThrow(`${name}: got ${first![0]} twice`);
  });
});

test("what is missing or misspelled is an error that lists the names", () => {
  const { Conv2d, LSTM, ReLU, Sigmoid } = nn as unknown as Record<string, Class>;
  expect(() => new Conv2d!(3, 4)).toThrow(
    "Conv2d: missing argument kernelSize; the arguments are inChannels, outChannels,",
  );
  expect(() => new LSTM!({ input_size: 3, hiddenSize: 4 })).toThrow(
    'LSTM: unknown argument "input_size"; did you mean inputSize?',
  );
  expect(() => new LSTM!(3, 0)).toThrow("LSTM: hiddenSize must be an integer from 1");
  expect(() => new Sigmoid!(1)).toThrow("Sigmoid: takes at most 0 arguments");
  expect(() => (new ReLU!() as any)()).toThrow("ReLU: missing argument input");
  expect(() => (new ReLU!() as any)(torch.ones(1), 5)).toThrow("ReLU: takes at most 1 argument");
});

test("errors name the class that was constructed, and a subclass by its own name", () => {
  class Mine extends nn.Conv2d {}
  expect(() => new nn.Conv2d(1, 1, 1)("a" as never)).toThrow(/^Conv2d: input must be a Tensor/);
  expect(() => new nn.Softmax2d()(null as never)).toThrow(/^Softmax2d: input must be a Tensor/);
  expect(() => new Mine(1, 1, "a" as never)).toThrow(/^Mine: kernelSize must be an integer/);
  expect(() => new nn.LazyConv1d(0, 0, null as never)).toThrow(/^LazyConv1d: /);
  expect(() => F.interpolate(torch.ones(1, 1, 2), { size: 3, mode: Object.create(null) })).toThrow(
    /^interpolate: mode must/,
  );
});

test("calls of layers by name", () => {
  const x = torch.randn(5, 2, 4);
  const attention = new nn.MultiheadAttention({ embedDim: 4, numHeads: 2 });
  const mask = torch.zeros(5, 5);
  const [byName] = attention(x, x, x, { needWeights: false, attnMask: mask });
  expect(attention(x, x, x, null, false, mask)[0].equal(byName)).toBe(true);
  expect(attention({ query: x, key: x, value: x, attnMask: mask })[0].allclose(byName, { atol: 1e-6 })).toBe(true);
  const lstm = new nn.LSTM({ inputSize: 4, hiddenSize: 3 });
  const hx = [torch.ones(1, 2, 3), torch.ones(1, 2, 3)] as const;
  expect((lstm as any)(x, { hx })[0].equal(lstm(x, hx)[0])).toBe(true);
  const up = new nn.ConvTranspose1d(1, 1, 3, 2);
  expect((up as any)(torch.ones(1, 1, 3), { outputSize: [8] }).shape).toEqual([1, 1, 8]);
  const encoder = new nn.TransformerEncoderLayer(4, 2, 8).eval();
  expect(encoder(x, mask).equal(encoder(x, { srcMask: mask }))).toBe(true);
});

test("a subclass that overrides forward takes what it likes", () => {
  class Scaled extends nn.Linear {
    override forward(input: torch.Tensor, options?: { factor: number }): torch.Tensor {
      return super.forward(input).mul(options?.factor ?? 1);
    }
  }
  const layer = new Scaled(2, 2);
  expect(layer(torch.ones(1, 2), { factor: 0 }).abs().tolist()).toEqual([[0, 0]]);
});

test("functional forms with the flag inplace", () => {
  const forms = [
    "relu",
    "relu6",
    "elu",
    "selu",
    "celu",
    "silu",
    "mish",
    "hardtanh",
    "hardswish",
    "hardsigmoid",
    "leakyRelu",
  ] as const;
  for (const name of forms) {
    const x = torch.randn(8);
    const form = F[name] as (x: torch.Tensor, options?: { inplace: boolean }) => torch.Tensor;
    const wanted = form(x.clone());
    const y = x.clone();
    expect(form(y, { inplace: true })).toBe(y);
    expect(y.equal(wanted)).toBe(true);
  }
  const x = torch.tensor([-1, 1]);
  expect(F.relu(x, true)).toBe(x);
  expect(x.tolist()).toEqual([0, 1]);
  expect(F.leakyRelu(torch.tensor([-1]), 0.5, true).tolist()).toEqual([-0.5]);
  expect(F.threshold(torch.tensor([-1, 2]), 0, 7, true).tolist()).toEqual([7, 2]);
  expect(() => (torch as any).relu(x, true)).toThrow("relu: takes at most 1 argument");
});

test("deprecated flags of losses have PyTorch's meaning", () => {
  const [x, t] = [torch.tensor([1, 2]), torch.tensor([0, 0])];
  expect(F.mseLoss(x, t, false).item()).toBe(5);
  expect(F.mseLoss(x, t, null, false).tolist()).toEqual([1, 4]);
  expect(F.mseLoss(x, t, { sizeAverage: true, reduce: true, reduction: "none" }).item()).toBe(2.5);
  expect(new nn.L1Loss(false)(x, t).item()).toBe(3);
  expect(new nn.L1Loss(true, false)(x, t).tolist()).toEqual([1, 2]);
  const scores = torch.tensor([[1, 2, 3]]);
  const byPosition = F.crossEntropy(scores, torch.tensor([2]).long(), null, null, -100, null, "sum", 0.1);
  expect(byPosition.item()).toBeCloseTo(
    F.crossEntropy({ input: scores, target: torch.tensor([2]).long(), reduction: "sum", labelSmoothing: 0.1 }).item(),
  );
});

test("poolings give positions by position and by name", () => {
  const x = torch.randn(1, 1, 4, 4);
  const [values, indices] = F.maxPool2d(x, 2, { returnIndices: true });
  expect(F.maxPool2d(x, 2, null, 0, 1, false, true)[1].equal(indices)).toBe(true);
  expect(F.maxPool2d({ input: x, kernelSize: 2 }).equal(values)).toBe(true);
  expect(F.adaptiveMaxPool2d(x, 2, true)[1].equal(indices)).toBe(true);
});

test("initializers, and attention with PyTorch's long list", () => {
  const w = torch.empty(3, 3);
  expect(init.uniform_({ tensor: w, a: 2, b: 3 }).ge(2).all().item()).toBe(true);
  expect(init.truncNormal_(w, 0, 1, -0.5, 0.5).abs().le(0.5).all().item()).toBe(true);
  torch.manualSeed(0);
  const wanted = init.kaimingUniform_(torch.empty(3, 3), 1, "fan_out", "relu");
  torch.manualSeed(0);
  expect(init.kaimingUniform_(torch.empty(3, 3), { a: 1, mode: "fanOut", nonlinearity: "relu" }).equal(wanted)).toBe(
    true,
  );
  const layer = new nn.MultiheadAttention(4, 2);
  const x = torch.randn(3, 1, 4);
  const { inProjWeight, inProjBias, outProj } = layer;
  const [y] = F.multiHeadAttentionForward(
    x,
    x,
    x,
    4,
    2,
    inProjWeight,
    inProjBias,
    null,
    null,
    false,
    0,
    outProj.weight,
    outProj.bias,
  );
  expect(y.equal(layer(x, x, x)[0])).toBe(true);
});

test("parameters", () => {
  const data = torch.ones(2);
  expect(new nn.Parameter(data, false).requiresGrad).toBe(false);
  expect(new nn.Parameter({ data, requiresGrad: false }).requiresGrad).toBe(false);
  expect(new nn.Parameter(data, { requiresGrad: false }).requiresGrad).toBe(false);
  expect(new nn.Parameter(data).requiresGrad).toBe(true);
  expect(() => new nn.Parameter("a" as never)).toThrow("Parameter: takes a Tensor");
});

test("methods of modules by position and by name", () => {
  const net = new nn.Linear(2, 2);
  net.registerBuffer("kept", torch.ones(1), true);
  net.registerBuffer("lost", torch.ones(1), false);
  net.registerBuffer({ name: "gone", tensor: null, persistent: false });
  expect(Object.keys(net.stateDict())).toEqual(["weight", "bias", "kept"]);
  expect(Object.keys(net.stateDict({ prefix: "a." }))[0]).toBe("a.weight");
  const { kept: _, ...partial } = net.stateDict();
  expect(net.loadStateDict(partial, false).missingKeys).toEqual(["kept"]);
  expect(net.loadStateDict({ stateDict: partial, strict: false }).missingKeys).toEqual(["kept"]);
  expect(net.namedParameters("net").map(([name]) => name)).toEqual(["net.weight", "net.bias"]);
  expect(new nn.Sequential(net).parameters(false).length).toBe(0);
  net(torch.ones(1, 2)).sum().backward();
  net.zeroGrad(false);
  expect(net.weight.grad!.tolist()).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(net.train({ mode: false }).training).toBe(false);
  expect(() => net.train(1 as never)).toThrow("train: mode must be true or false, got 1");
  expect(() => net.getParameter(3 as never)).toThrow("getParameter: target must be a string");
  expect(() => (net as any).eval(1)).toThrow("eval: takes at most 0 arguments");
  expect(() => net.registerForwardHook(3 as never)).toThrow("registerForwardHook: a hook must be a function");
});

test("tools that change a module", () => {
  const { parametrize, prune } = nn.utils;
  const layer = nn.utils.weightNorm({ module: new nn.Linear(2, 2), dim: 1 });
  expect((layer as any).weight_g.shape).toEqual([1, 2]);
  expect(nn.utils.removeWeightNorm(layer, { name: "weight" })).toBe(layer);
  const scores = torch.tensor([
    [1, 2],
    [3, 4],
  ]);
  const pruned = prune.l1Unstructured(new nn.Linear(2, 2), "weight", 2, scores);
  expect((pruned as any).weight_mask.tolist()).toEqual([
    [0, 0],
    [1, 1],
  ]);
  const { Orthogonal } = nn.utils.parametrizations as unknown as Record<string, Class>;
  const made = parametrize.registerParametrization({
    module: new nn.Linear(2, 2),
    tensorName: "weight",
    parametrization: new Orthogonal!("cayley", true),
    unsafe: true,
  });
  expect(parametrize.isParametrized(made, "weight")).toBe(true);
  expect(parametrize.isParametrized(parametrize.removeParametrizations(made, "weight", false))).toBe(false);
});
