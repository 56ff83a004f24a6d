/** Arguments that are of no right kind, as JavaScript could give them. */
import * as torch from "kindling";
import { expect, describe as group, test } from "vitest";

const { nn, optim, autograd, utils } = torch;
const F = nn.functional;
const { lrScheduler } = optim;
const x = torch.ones(2, 3);
const sgd = () => new optim.SGD([torch.ones(3).requiresGrad_()], { lr: 0.1 });

/** Each call as JavaScript could make it, and how its error begins. */
const wrong: readonly (readonly [begin: string, call: () => unknown])[] = [
  // What is no function, or a class.
  ["noGrad: body must be a function", () => (torch as any).noGrad(3)],
  ["enableGrad: missing argument body", () => (torch as any).enableGrad()],
  ["inferenceMode: body must be a function, got class Tensor", () => (torch as any).inferenceMode(torch.Tensor)],
  ["forkRng: missing argument body", () => (torch as any).forkRng()],
  ["setGradEnabled: body must be a function", () => (torch as any).setGradEnabled(true, "x")],
  [
    "savedTensorsHooks: pack must be",
    () =>
      (autograd as any).graph.savedTensorsHooks(
        0,
        (y: any) => y,
        () => 0,
      ),
  ],
  [
    "savedTensorsHooks: missing argument body",
    () =>
      (autograd as any).graph.savedTensorsHooks(
        (y: any) => y,
        (y: any) => y,
      ),
  ],
  ["disableSavedTensorsHooks: body must", () => (autograd as any).graph.disableSavedTensorsHooks("no", 1)],
  ["disableSavedTensorsHooks: message must", () => (autograd as any).graph.disableSavedTensorsHooks(1, () => 1)],
  ["checkpoint: fn must be a function", () => (utils as any).checkpoint.checkpoint(null, x)],
  ["checkpointSequential: functions[0] must", () => (utils as any).checkpoint.checkpointSequential([0], 1, x)],
  ["checkpointSequential: functions must", () => (utils as any).checkpoint.checkpointSequential(undefined, 1, x)],
  ["gradcheck: fn must be a function", () => (autograd as any).gradcheck(0, x)],
  ["gradgradcheck: gradOutputs must", () => (autograd as any).gradgradcheck((y: any) => y, [x], [1])],
  ["gradcheck: fn must return", () => (autograd as any).gradcheck(() => 1, x.clone().requiresGrad_())],
  ["SyncBatchNorm: parameters require", () => new nn.SyncBatchNorm(2, { dtype: "int16" })],
  ["LSTM: parameters require gradients, so dtype must be floating-point", () => new nn.LSTM(2, 2, { dtype: "int64" })],
  ["WeightedRandomSampler: the weights must", () => [...new utils.data.WeightedRandomSampler([-1], 1)]],
  ["GRUCell: hx must be", () => (new nn.GRUCell(4, 5) as any)(torch.ones(2, 4), false)],
  ["RNNCell: hx must be", () => (new nn.RNNCell(4, 5) as any)(torch.ones(2, 4), 0)],
  ["stride: Dimension specified as", () => (torch.ones([]) as any).stride([Object.create(null)])],
  ["InverseMelScale: norm must", () => new torch.audio.transforms.InverseMelScale(1, { norm: "no" as "slaney" })],
  ["cached: body must be a function", () => (nn.utils as any).parametrize.cached(x)],
  ["skipInit: moduleCls must be a function", () => (nn.utils as any).skipInit()],
  ["registerHook: hook must be", () => (x.clone().requiresGrad_() as any).registerHook(1)],
  ["registerStepPreHook: hook must", () => (sgd() as any).registerStepPreHook(1)],
  [
    "tripletMarginWithDistanceLoss: distanceFunction must",
    () => (F as any).tripletMarginWithDistanceLoss(x, x, x, { distanceFunction: 1 }),
  ],
  // What is no tensor, module or packed sequence.
  ["grad: inputs must be tensors", () => (autograd as any).grad([x.clone().requiresGrad_().sum()], null)],
  ["incrementVersion: takes tensors", () => (autograd as any).graph.incrementVersion(1)],
  ["getGradientEdge: missing argument tensor", () => (autograd as any).graph.getGradientEdge()],
  ["registerMultiGradHook: tensors must", () => (autograd as any).graph.registerMultiGradHook(1, () => {})],
  ["AccumulateGrad: variable must be a Tensor", () => new (autograd as any).graph.AccumulateGrad()],
  ["isPruned: module must be a Module", () => (nn.utils as any).prune.isPruned(1)],
  [
    "l1Unstructured: Linear has no tensor `no`",
    () => (nn.utils as any).prune.l1Unstructured(new nn.Linear(1, 1), "no", 1),
  ],
  ["identity: name must be a string", () => (nn.utils as any).prune.identity(new nn.Linear(1, 1), 3)],
  ["globalUnstructured: parameters[0] must", () => (nn.utils as any).prune.globalUnstructured([x], { amount: 1 })],
  [
    "registerParametrization: parametrization must be a Module",
    () => (nn.utils as any).parametrize.registerParametrization(new nn.Linear(1, 1), "weight", () => x),
  ],
  ["isParametrized: module must be a Module", () => (nn.utils as any).parametrize.isParametrized(1)],
  [
    "fuseConvBnEval: bn must be a batch normalization",
    () => (nn.utils as any).fuseConvBnEval(new nn.Conv1d(1, 1, 1), new nn.ReLU()),
  ],
  ["fuseLinearBnEval: module must be a Module", () => (nn.utils as any).fuseLinearBnEval(null, null)],
  ["weightNorm: module must be a Module", () => (nn.utils as any).weightNorm(x)],
  ["removeSpectralNorm: missing argument module", () => (nn.utils as any).removeSpectralNorm()],
  ["SpectralNorm: dim must be an integer", () => new (nn.utils as any).parametrizations.SpectralNorm(x, 1, 3, 1e-12)],
  ["Orthogonal: map must be one of", () => new (nn.utils as any).parametrizations.Orthogonal("x", true)],
  ["clipGradNorm_: parameters[0] must be a Tensor", () => (nn.utils as any).clipGradNorm_([[x]], 1)],
  ["clipGradValue_: parameters must be an iterable", () => (nn.utils as any).clipGradValue_(undefined, 1)],
  ["parametersToVector: missing argument parameters", () => (nn.utils as any).parametersToVector()],
  ["vectorToParameters: parameters[0] must", () => (nn.utils as any).vectorToParameters(torch.ones(3), [1])],
  ["packPaddedSequence: lengths must be", () => (nn.utils as any).rnn.packPaddedSequence(x, "2")],
  ["padPackedSequence: sequence must be a PackedSequence", () => (nn.utils as any).rnn.padPackedSequence(2)],
  ["unpackSequence: sequence must be a PackedSequence", () => (nn.utils as any).rnn.unpackSequence(1)],
  ["packSequence: a sequence must be a Tensor", () => (nn.utils as any).rnn.packSequence([0])],
  ["unpadSequence: lengths must have one axis", () => (nn.utils as any).rnn.unpadSequence(x, torch.tensor(1))],
  ["snakeCase: name must be a string", () => (nn as any).snakeCase(3n)],
  ["cosineEmbeddingLoss: input1 must be a Tensor", () => (F as any).cosineEmbeddingLoss(0, x, x)],
  ["multiMarginLoss: target must be a Tensor", () => (F as any).multiMarginLoss(x, true)],
  ["multilabelMarginLoss: input must be a Tensor", () => (F as any).multilabelMarginLoss("x", x)],
  ["multilabelSoftMarginLoss: target must be", () => (F as any).multilabelSoftMarginLoss(x, 1n)],
  ["poissonNllLoss: target must be a Tensor", () => (F as any).poissonNllLoss(x, [1])],
  ["gaussianNllLoss: var must be a Tensor", () => (F as any).gaussianNllLoss(x, x, 1)],
  ["hingeEmbeddingLoss: target must be a Tensor", () => (F as any).hingeEmbeddingLoss(x, 1)],
  ["marginRankingLoss: input2 must be a Tensor", () => (F as any).marginRankingLoss(x, 1, x)],
  ["nllLoss: weight must be a Tensor", () => (F as any).nllLoss(x, torch.tensor([0, 1]).long(), { weight: 0 })],
  [
    "nllLoss: ignoreIndex must be an integer",
    () => (F as any).nllLoss(x, torch.tensor([0, 1]).long(), { ignoreIndex: 3n }),
  ],
  [
    "ctcLoss: inputLengths must be an array",
    () => (F as any).ctcLoss(torch.ones(2, 1, 3), torch.ones(1, 1).long(), "0", [1]),
  ],
  ["batchNorm: bias must be a Tensor", () => (F as any).batchNorm(x, torch.ones(3), torch.ones(3), { bias: 0 })],
  ["layerNorm: normalizedShape must be", () => (F as any).layerNorm(x, "none")],
  [
    "multiHeadAttentionForward: missing argument embedDimToCheck; the arguments are query, key, value, embedDimToCheck",
    () => (F as any).multiHeadAttentionForward(x.view(1, 2, 3), x.view(1, 2, 3), x.view(1, 2, 3), {}),
  ],
  ["MultiheadAttention: key must be a Tensor", () => (new nn.MultiheadAttention(3, 1) as any)(x, 1, x)],
  ["TransformerDecoderLayer: memory must be", () => (new nn.TransformerDecoderLayer(3, 1) as any)(x, [undefined])],
  ["LazyConv2d: expected an input of at least 3 axes", () => new nn.LazyConv2d(1, 1)(torch.ones(3))],
  ["LazyLinear: input must be a Tensor", () => (new nn.LazyLinear(1) as any)(0)],
  ["ParameterList: values must be an iterable", () => new (nn as any).ParameterList(0)],
  // Numbers of the wrong kind.
  ["Conv1d: inChannels must be an integer", () => new (nn as any).Conv1d(2n, 1, 1)],
  [
    "ConvTranspose1d: outputSize must be an array",
    () => (new nn.ConvTranspose1d(1, 1, 1) as any)(torch.ones(1, 1, 1), 0),
  ],
  ["MultiheadAttention: embedDim must be an integer", () => new (nn as any).MultiheadAttention(3n, 1)],
  ["celu: alpha must be a number", () => (F as any).celu(x, { alpha: "3" })],
  ["hardshrink: lambd must be a number", () => (F as any).hardshrink(x, { lambd: "3" })],
  ["CosineAnnealingLR: tMax must be a number", () => new (lrScheduler as any).CosineAnnealingLR(sgd(), "3")],
  ["softplus: beta must be a number", () => (F as any).softplus(x, { beta: "3" })],
  ["Rprop: etas must be a pair", () => new (optim as any).Rprop([torch.ones(1)], { etas: 0 })],
  ["Muon: nsCoefficients must be an array", () => new (optim as any).Muon([x.clone()], { nsCoefficients: 0.5 })],
  ["step: missing argument metrics", () => new (lrScheduler as any).ReduceLROnPlateau(sgd()).step()],
  ["MultiStepLR: missing argument milestones", () => new (lrScheduler as any).MultiStepLR(sgd())],
  ["StepLR: stepSize must be an integer", () => new (lrScheduler as any).StepLR(sgd(), "2")],
  ["SequentialLR: missing argument milestones", () => new (lrScheduler as any).SequentialLR(sgd(), [])],
  ["ChainedScheduler: missing argument schedulers", () => new (lrScheduler as any).ChainedScheduler()],
  [
    "PolynomialLR: totalIters must be a number",
    () => new (lrScheduler as any).PolynomialLR(sgd(), { totalIters: "3" }),
  ],
  [
    "CyclicLR: scaleFn must be a function",
    () => new (lrScheduler as any).CyclicLR(sgd(), 1, 2, { scaleFn: 1, cycleMomentum: false }),
  ],
];

group("wrong arguments are errors of Kindling that name what was called", () => {
  test.each(wrong)("%s", (begin, call) => {
    let error: unknown;
    try {
      call();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(torch.KindlingError);
    expect((error as Error).message.startsWith(begin), (error as Error).message).toBe(true);
  });
});

test("a result that has no place is refused before its positions are listed", () => {
  const begin = performance.now();
  const pixels = torch.ones(2, 3, 4, 4).to("uint8");
  expect(() => F.interpolate(pixels, { scaleFactor: 1_700_000 })).toThrow(torch.OutOfMemoryError);
  expect(performance.now() - begin).toBeLessThan(2000);
});

test("without parameters any dtype will do", () => {
  expect(new nn.BatchNorm2d(2, { affine: false, dtype: "int16" }).runningMean!.dtype).toBe("int16");
});
