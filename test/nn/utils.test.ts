/** Tools of nn.utils, copies of modules, packed sequences. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;
const { utils } = nn;

test("clipGradNorm_ scales all gradients together and gives the norm before", () => {
  const parameters = [3, 4].map((value) => {
    const p = new nn.Parameter(torch.zeros(1));
    p.grad = torch.tensor([value]);
    return p;
  });
  expect(utils.clipGradNorm_(parameters, 1).item()).toBeCloseTo(5, 5);
  expect(parameters.map((p) => p.grad!.item())).toEqual([expect.closeTo(0.6, 5), expect.closeTo(0.8, 5)]);
  utils.clipGradValue_(parameters, 0.7);
  expect(parameters[1]!.grad!.item()).toBeCloseTo(0.7, 5);
  parameters[0]!.grad = torch.tensor([Number.NaN]);
  expect(() => utils.clipGradNorm_(parameters, 1, { errorIfNonfinite: true })).toThrow("is non-finite");
});

test("parameters go into a vector and back", () => {
  const net = new nn.Linear(2, 3);
  const vector = utils.parametersToVector(net.parameters());
  expect(vector.shape).toEqual([9]);
  utils.vectorToParameters(torch.arange(9).float(), net.parameters());
  expect(net.bias!.tolist()).toEqual([6, 7, 8]);
  expect(() => utils.vectorToParameters(torch.zeros(3), net.parameters())).toThrow("9 elements are needed");
});

test("weightNorm keeps the output, trains length and direction, and can be removed", () => {
  const linear = new nn.Linear(3, 2);
  const x = torch.randn(4, 3);
  const before = linear(x);
  utils.weightNorm(linear);
  expect(Object.keys(linear.stateDict())).toEqual(["bias", "weight_g", "weight_v"]);
  expect(torch.allclose(linear(x), before, { atol: 1e-6 })).toBe(true);
  linear(x).sum().backward();
  expect(linear.getParameter("weight_g").grad!.shape).toEqual([2, 1]);
  utils.removeWeightNorm(linear);
  expect(Object.keys(linear.stateDict())).toEqual(["bias", "weight"]);
  expect(() => utils.removeWeightNorm(linear)).toThrow("weightNorm of 'weight' not found in Linear");
});

test("spectralNorm brings the largest singular value to one", () => {
  torch.manualSeed(0);
  const linear = utils.spectralNorm(new nn.Linear(6, 4), "weight", { nPowerIterations: 50 });
  linear(torch.ones(1, 6)).sum().backward();
  expect(Object.keys(linear.stateDict())).toEqual(["bias", "weight_orig", "weight_u", "weight_v"]);
  const u = linear.getBuffer("weight_u");
  const v = linear.getBuffer("weight_v");
  expect(u.dot(linear.weight.detach().mv(v)).item()).toBeCloseTo(1, 4);
  expect(linear.getParameter("weight_orig").grad).not.toBeNull();
});

test("a deep copy shares nothing, and keeps what is tied tied", () => {
  class Tied extends nn.Module {
    a = new nn.Linear(2, 2);
    b = this.a;
    norm = new nn.BatchNorm1d(2);
    list = new nn.ModuleList([new nn.ReLU()]);
    override forward(x: torch.Tensor): torch.Tensor {
      return this.norm(this.b(this.a(x)));
    }
  }
  const net = new Tied().eval();
  const copy = nn.deepcopy(net);
  expect(copy).toBeInstanceOf(Tied);
  expect(copy.a === copy.b).toBe(true);
  expect(copy.a === net.a).toBe(false);
  expect(Object.keys(copy.stateDict())).toEqual(Object.keys(net.stateDict()));
  expect(copy(torch.ones(1, 2)).tolist()).toEqual(net(torch.ones(1, 2)).tolist());
  torch.noGrad(() => copy.a.weight.fill_(0));
  expect(net.a.weight.abs().sum().item()).toBeGreaterThan(0);
});

test.each(["RNN", "GRU", "LSTM"] as const)("a packed %s gives what each sequence alone gives", (kind) => {
  torch.manualSeed(1);
  const Recurrent = nn[kind] as any;
  const rnn = new Recurrent(3, 4, { numLayers: 2, bidirectional: true });
  const sequences = [2, 5, 3].map((length) => torch.randn(length, 3));
  const packed = utils.rnn.packSequence(sequences, { enforceSorted: false });
  const [output, state] = rnn(packed);
  const [padded, lengths] = utils.rnn.padPackedSequence(output);
  expect(lengths.tolist()).toEqual([2, 5, 3]);
  const hidden = (kind === "LSTM" ? (state as torch.Tensor[])[0] : state) as torch.Tensor;
  sequences.forEach((sequence, i) => {
    const [alone, own] = rnn(sequence);
    const ownHidden = (kind === "LSTM" ? (own as torch.Tensor[])[0] : own) as torch.Tensor;
    expect(
      torch.allclose(padded.select(1, i).narrow(0, 0, sequence.shape[0]!), alone as torch.Tensor, { atol: 1e-6 }),
    ).toBe(true);
    expect(torch.allclose(hidden.select(1, i), ownHidden, { atol: 1e-6 })).toBe(true);
  });
});

test("padding, unpadding, and lengths that do not fit", () => {
  const sequences = [torch.ones(1, 2), torch.ones(3, 2)];
  const padded = utils.rnn.padSequence(sequences, { batchFirst: true, paddingValue: -1 });
  expect(padded.select(0, 0).tolist()).toEqual([
    [1, 1],
    [-1, -1],
    [-1, -1],
  ]);
  expect(utils.rnn.unpadSequence(padded, [1, 3], { batchFirst: true }).map((s) => s.shape)).toEqual([
    [1, 2],
    [3, 2],
  ]);
  expect(() => utils.rnn.packPaddedSequence(padded, [1, 3], { batchFirst: true })).toThrow(
    "must be sorted in decreasing order",
  );
});

test("a transformer prints and names its state as in PyTorch", () => {
  const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8 });
  expect(Object.keys(new nn.TransformerEncoder(layer, 1).stateDict())[0]).toBe("layers.0.self_attn.in_proj_weight");
  expect(String(layer)).toBe(
    [
      "TransformerEncoderLayer(",
      "  (self_attn): MultiheadAttention(",
      "    (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)",
      "  )",
      "  (linear1): Linear(in_features=4, out_features=8, bias=True)",
      "  (dropout): Dropout(p=0.1, inplace=False)",
      "  (linear2): Linear(in_features=8, out_features=4, bias=True)",
      "  (norm1): LayerNorm((4,), eps=1e-05, elementwise_affine=True)",
      "  (norm2): LayerNorm((4,), eps=1e-05, elementwise_affine=True)",
      "  (dropout1): Dropout(p=0.1, inplace=False)",
      "  (dropout2): Dropout(p=0.1, inplace=False)",
      ")",
    ].join("\n"),
  );
});

test("tools know a transposed convolution under any name", () => {
  class Upsampling extends nn.ConvTranspose2d {}
  torch.manualSeed(0);
  const conv = new Upsampling(3, 2, 2).eval();
  const norm = new nn.BatchNorm2d(2).eval();
  torch.noGrad(() => norm.runningVar!.fill_(4));
  const x = torch.randn([1, 3, 4, 4]);
  const fused = nn.utils.fuseConvBnEval(conv, norm as never);
  expect(torch.allclose(fused(x), norm(conv(x)), { atol: 1e-6 })).toBe(true);
  const normed = nn.utils.parametrizations.spectralNorm(new Upsampling(3, 2, 2), "weight", { nPowerIterations: 50 });
  const matrix = normed.weight.movedim(1, 0).flatten(1);
  expect(torch.linalg.matrixNorm(matrix, 2).item()).toBeCloseTo(1, 3);
});
