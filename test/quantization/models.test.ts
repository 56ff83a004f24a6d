/** Whole models: dynamic quantization, fusing, converting, saving, exporting. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { nn, quantization } = torch;

const differ = (a: torch.Tensor, b: torch.Tensor): number =>
  a.sub(b).abs().max().item() / Math.max(1e-9, b.abs().max().item());

/** Prepared by an input, and converted. */
function quantized<M extends torch.nn.Module>(model: M, x: torch.Tensor, backend: any = "fbgemm"): M {
  Object.assign(model, { qconfig: quantization.getDefaultQconfig(backend) });
  const prepared = quantization.prepare(model.eval());
  torch.noGrad(() => (prepared as any)(x));
  return quantization.convert(prepared);
}

class Net extends nn.Module {
  quant = new quantization.QuantStub();
  conv1 = new nn.Conv2d(1, 8, 3, { padding: 1 });
  bn1 = new nn.BatchNorm2d(8);
  relu1 = new nn.ReLU();
  conv2 = new nn.Conv2d(8, 8, 3, { padding: 1, groups: 8, bias: false });
  bn2 = new nn.BatchNorm2d(8);
  skip = new torch.ao.nn.quantized.FloatFunctional();
  drop = new nn.Dropout();
  fc = new nn.Linear(8 * 16, 10);
  dequant = new quantization.DeQuantStub();
  override forward(input: torch.Tensor): torch.Tensor {
    let x = this.relu1(this.bn1(this.conv1(this.quant(input))));
    x = this.skip.addRelu(this.bn2(this.conv2(x)), x);
    x = torch.flatten(nn.functional.maxPool2d(x, 2), 1);
    return this.dequant(this.fc(this.drop(x)));
  }
}

const fusedNet = (): Net => {
  const net = new Net();
  for (let i = 0; i < 3; i++) net(torch.randn(8, 1, 8, 8));
  return quantization.fuseModules(net.eval(), [
    ["conv1", "bn1", "relu1"],
    ["conv2", "bn2"],
  ]);
};

describe("dynamic quantization", () => {
  test.each([
    [[5, 7], 9],
    [[1, 64], 65],
    [[2, 3, 33], 1],
    [[70, 40], 24],
    [[40], 4],
  ])("of inputs %j to %d features is near the numbers", (shape, out) => {
    torch.manualSeed(1);
    const layer = new nn.Linear(shape.at(-1)!, out);
    const x = torch.randn(shape);
    for (const dtype of ["qint8", "float16"] as const) {
      const small = quantization.quantizeDynamic(layer, { dtype });
      const y = small(x);
      expect([...y.shape]).toEqual([...layer(x).shape]);
      expect(differ(y, layer(x))).toBeLessThan(dtype === "qint8" ? 0.05 : 2e-3);
      expect(y.requiresGrad).toBe(false);
    }
  });

  test("refuses inputs that are not finite", () => {
    const layer = quantization.quantizeDynamic(new nn.Linear(2, 2), { dtype: "qint8" });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(() => layer(torch.tensor([[0.5, value]]))).toThrow(
        /^Linear: values are quantized between .* cannot be quantized$/,
      );
  });

  test("weights of 16 bits stay as they are when a model changes its dtype", () => {
    const model = quantization.quantizeDynamic(new nn.Sequential(new nn.Linear(4, 2)), { dtype: "float16" });
    const x = torch.randn([1, 4]);
    const y = model(x);
    for (const dtype of ["float32", "float64", "bfloat16", "float16"] as const) {
      model.to(dtype);
      expect(torch.equal(model(x), y), dtype).toBe(true);
    }
    expect(Object.values(model.stateDict()).map((value) => value.dtype)).toEqual(["float16", "float32"]);
  });

  test("chooses modules by class, by name and by configuration", () => {
    const model = new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU(), new nn.Linear(3, 2, { bias: false }));
    const line = (inputs: number, outputs: number) =>
      `DynamicQuantizedLinear(in_features=${inputs}, out_features=${outputs}, dtype=torch.qint8, qscheme=torch.per_tensor_affine)`;
    expect(String(quantization.quantizeDynamic(model, new Set([nn.Linear])))).toBe(
      `Sequential(\n  (0): ${line(4, 3)}\n  (1): ReLU()\n  (2): ${line(3, 2)}\n)`,
    );
    const named = quantization.quantizeDynamic(model, new Set(["2"]), "qint8");
    expect(String(named[0])).toMatch(/^Linear\(/);
    expect(String(named[2])).toBe(line(3, 2));
    const configured = new Map([[nn.Linear, quantization.perChannelDynamicQconfig]]);
    expect(String(quantization.quantizeDynamic(model, configured)[0])).toMatch(/per_channel_affine/);
    expect(String(model[0])).toMatch(/^Linear\(/);
    expect(() => quantization.quantizeDynamic(model, { dtype: "int4" as never })).toThrow(/Don't know how to quantize/);
  });

  test("takes inputs that are constant, strided or empty, and refuses others", () => {
    const layer = new nn.Linear(6, 3);
    const small = quantization.quantizeDynamic(layer);
    expect(differ(small(torch.zeros(2, 6)), layer(torch.zeros(2, 6)))).toBeLessThan(1e-6);
    const strided = torch.randn(6, 4).t();
    expect(differ(small(strided), layer(strided))).toBeLessThan(0.05);
    expect([...small(torch.zeros([0, 6])).shape]).toEqual([0, 3]);
    expect(() => small(torch.zeros(2, 5))).toThrow(/inFeatures = 6/);
    expect(() => small(torch.zeros(2, 6).double())).toThrow(/float32/);
  });
});

describe("static quantization of a model", () => {
  test.each(["fbgemm", "onednn", "qnnpack"])("for %s is near the numbers, survives saving and scopes", (backend) => {
    torch.manualSeed(2);
    const net = fusedNet();
    const x = torch.randn(16, 1, 8, 8);
    const small = quantized(net, x, backend);
    const y = torch.tidy(() => small(x));
    expect(differ(y, net(x))).toBeLessThan(0.06);
    const other = quantized(fusedNet(), torch.randn(4, 1, 8, 8), backend);
    other.loadStateDict(small.stateDict());
    expect(torch.tidy(() => other(x)).equal(y)).toBe(true);
    expect(nn.deepcopy(other)(x).equal(y)).toBe(true);
    expect(Object.keys(small.stateDict())).toContain("conv1.weight_int");
    expect(Object.keys(small.stateDict())).toContain("skip.zero_point");
  });

  test("says what is missing", () => {
    expect(() => quantization.prepare(new Net().eval())).toThrow(/Set model.qconfig/);
    expect(() => quantization.fuseModules(new Net(), ["conv1", "bn1"])).toThrow(/model.eval\(\)/);
    expect(() => quantization.fuseModules(new Net().eval(), ["conv1", "fc"])).toThrow(/Cannot fuse modules/);
    expect(() => quantization.fuseModules(new Net().eval(), ["conv9", "fc"])).toThrow(/no module "conv9"/);
    const small = quantized(fusedNet(), torch.randn(2, 1, 8, 8));
    expect(() => small.fc(torch.zeros(1, 128))).toThrow(/Linear: input must be a quantized tensor/);
    const input = torch.quantizePerTensor(torch.zeros(1, 2, 8, 8), 1, 0, torch.quint8) as unknown as torch.Tensor;
    expect(() => (small.conv1 as any)(input)).toThrow(/to have 1 channels/);
  });

  test("a model in training with fake quantization learns", () => {
    const w = torch.tensor([0.31, -0.2, 0.9]).requiresGrad_();
    const scales = torch.tensor([0.1, 0.2, 0.01]);
    const y = torch.fakeQuantizePerChannelAffine(w, scales, torch.tensor([0, 0, 0]).long(), 0, -8, 7);
    y.mul(torch.tensor([1, 2, 3]))
      .sum()
      .backward();
    expect(y.tolist().map((v: number) => Math.round(v * 1e6) / 1e6)).toEqual([0.3, -0.2, 0.07]);
    expect(w.grad!.tolist()).toEqual([1, 2, 0]);
  });
});

describe("ONNX", () => {
  test("has the integers, and gives the same numbers when it is read", async () => {
    torch.manualSeed(3);
    const x = torch.randn(3, 1, 8, 8);
    const small = quantized(fusedNet(), x);
    const file = await torch.onnx.export(small, x, { inputNames: ["x"] });
    const again = await torch.onnx.load(file);
    expect(differ(again(x) as torch.Tensor, small(x))).toBeLessThan(0.03);
  });
});

describe("buffers that do not have the sizes of a layer", () => {
  const { quantized: layers } = torch.ao.nn;
  const q = (...shape: number[]) => torch.quantizePerTensor(torch.rand(...shape), 0.01, 0, "qint8");
  test("are refused when they are set", () => {
    const linear = new layers.dynamic.Linear(3, 40);
    expect(() => linear.setWeightBias(q(40, 3), torch.ones(1))).toThrow("expected a bias of shape [40], got [1]");
    expect(() => linear.setWeightBias(q(3, 40), null)).toThrow("expected a weight of shape [40, 3], got [3, 40]");
    const columns = torch.quantizePerChannel(torch.rand(40, 3), torch.ones(3), torch.zeros(3).long(), 1, "qint8");
    expect(() => linear.setWeightBias(columns, null)).toThrow("must be along axis 0");
    expect(() => new layers.dynamic.LinearHalf(torch.ones(2, 3), torch.ones(1))).toThrow(
      "bias must have the shape [2]",
    );
  });
  test("are refused when they are used", () => {
    const linear = new layers.dynamic.Linear(3, 40);
    const x = torch.rand(1, 3);
    linear(x);
    linear.biasFloat = torch.ones(1);
    expect(() => linear(x)).toThrow("expected a bias of shape [40], got [1]");
    linear.biasFloat = null;
    linear.inFeatures = 300;
    expect(() => linear(torch.rand(1, 300))).toThrow("expected a weight of shape [40, 300], got [40, 3]");
    const half = new layers.dynamic.LinearHalf(torch.rand(2, 3), null);
    half.biasFloat = torch.ones(1);
    expect(() => half(x)).toThrow(torch.ShapeError);
  });
  test("weights of 16 bits are read in any layout", () => {
    const weight = torch.rand(3, 4).half();
    const x = torch.rand(1, 3);
    const wanted = torch.nn.functional.linear(x, weight.t().float());
    expect(differ(new layers.dynamic.LinearHalf(weight.t(), null)(x), wanted)).toBeLessThan(1e-3);
    const layer = new layers.dynamic.LinearHalf(weight.t().contiguous(), null);
    layer.weightHalf = weight.t();
    expect(differ(layer(x), wanted)).toBeLessThan(1e-3);
  });
});
