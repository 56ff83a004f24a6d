/** Parameters of another dtype or shape than the input: a kernel would read beyond them. */
import * as torch from "kindling";
import { DTypeError, nn, optim, ShapeError, type Tensor } from "kindling";
import { describe, expect, it } from "vitest";

const F = nn.functional;
const single = (...shape: number[]): Tensor => torch.ones(shape);
const double = (...shape: number[]): Tensor => torch.ones(shape, { dtype: "float64" });
const labels = torch.tensor([0, 1], { dtype: "int64" });

const mixed: [string, () => unknown][] = [
  ["BatchNorm1d", () => new nn.BatchNorm1d(3)(double(4, 3))],
  ["BatchNorm1d in eval mode", () => new nn.BatchNorm1d(3).eval()(double(4, 3))],
  ["running statistics", () => F.batchNorm(double(4, 3), single(3), single(3))],
  ["LayerNorm", () => new nn.LayerNorm(3)(double(4, 3))],
  ["GroupNorm", () => new nn.GroupNorm(1, 3)(double(4, 3))],
  ["InstanceNorm1d", () => new nn.InstanceNorm1d(3, { affine: true })(double(4, 3, 5))],
  ["statistics of InstanceNorm1d", () => new nn.InstanceNorm1d(3, { trackRunningStats: true })(double(4, 3, 5))],
  ["nativeLayerNorm", () => torch.nativeLayerNorm(double(2, 3), [3], single(3), null, 1e-5)],
  ["nativeBatchNorm", () => torch.nativeBatchNorm(double(2, 3), single(3), null, null, null, true, 0.1, 1e-5)],
  ["crossEntropy", () => F.crossEntropy(single(2, 3), labels, { weight: double(3) })],
  ["nllLoss", () => F.nllLoss(double(2, 3), labels, { weight: single(3) })],
  ["the state of an LSTM", () => new nn.LSTM(3, 4)(single(5, 2, 3), [double(1, 2, 4), double(1, 2, 4)])],
  ["the state of a GRU", () => new nn.GRU(3, 4)(single(5, 2, 3), double(1, 2, 4))],
  ["prelu", () => F.prelu(double(3), single(1))],
  ["gridSample", () => F.gridSample(single(1, 1, 2, 2), double(1, 1, 1, 2))],
  ["addmm", () => torch.addmm(double(2, 2), single(2, 2), single(2, 2))],
  ["baddbmm", () => torch.baddbmm(double(1, 2, 2), single(1, 2, 2), single(1, 2, 2))],
  ["convolution", () => F.conv1d(single(1, 1, 3), single(1, 1, 2), double(1))],
];

describe("operands of two dtypes", () => {
  it.each(mixed)("%s: refused", (_, f) => {
    expect(f).toThrow(DTypeError);
  });

  it("says what was found and what is wanted", () => {
    expect(() => F.layerNorm(double(2, 3), [3], { bias: single(3) })).toThrow(
      "layerNorm: expected scalar type Double but found Float: the input has dtype float64, bias has float32",
    );
  });

  it("takes float32 parameters for inputs of 16 bits, as PyTorch", () => {
    const x = torch.randn([4, 3]);
    for (const dtype of ["float16", "bfloat16"] as const) {
      const norm = new nn.LayerNorm(3);
      const y = norm(x.to(dtype));
      expect(y.dtype).toBe(dtype);
      expect(y.equal(norm(x.to(dtype).float()).to(dtype))).toBe(true);
    }
  });

  it("adds a bias of 16 bits", () => {
    const [x, w, b] = [single(2, 3).half(), single(4, 3).half(), torch.tensor([1, 2, 3, 4]).half()];
    expect(F.linear(x, w, b).tolist()).toEqual([
      [4, 5, 6, 7],
      [4, 5, 6, 7],
    ]);
  });
});

describe("operands of a wrong shape", () => {
  it("are not given to the kernels of recurrent networks", () => {
    const gru = new nn.GRU(3, 4);
    gru.weightHhL0 = new nn.Parameter(single(6, 2));
    expect(() => gru(single(5, 2, 3))).toThrow(ShapeError);
    const lstm = new nn.LSTM(3, 4);
    lstm.biasHhL0 = new nn.Parameter(single(1));
    expect(() => lstm(single(5, 2, 3))).toThrow(ShapeError);
  });

  it("are not given to the kernels of optimizers", () => {
    const w = single(4).requiresGrad_();
    const optimizer = new optim.Adam([w], { lr: 0.1 });
    w.sum().backward();
    optimizer.step();
    optimizer.state.get(w)!.expAvg = single(2);
    expect(() => optimizer.step()).toThrow(/the state is a float32 \[2\].* but its parameter a float32 \[4\]/);
  });
});
