/** Quantized tensors, observers and layers against PyTorch 1.13 (engine qnnpack): `test/golden/quantization.json` has its inputs and results. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { nn, quantization } = torch;

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../golden/quantization.json"), "utf8"));

const numbers = (x: torch.Tensor): number[] => (x.flatten().tolist() as number[]).map(Number);
const ints = (q: unknown): number[] => numbers((q as torch.QuantizedTensor).intRepr());

function expectClose(found: readonly number[], wanted: readonly number[], relative = 1e-6): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries())
    expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(relative * Math.max(1e-30, Math.abs(value)));
}

/** Integers that differ by one at most: engines add the bias and multiply by the scales in other orders. */
function expectNear(found: readonly number[], wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  expect(found.filter((value, i) => Math.abs(value - wanted[i]!) > 1)).toEqual([]);
  expect(found.filter((value, i) => value !== wanted[i]).length).toBeLessThanOrEqual(wanted.length / 20);
}

describe("quantizePerTensor", () => {
  test.each(golden.perTensor as any[])("gives PyTorch's integers %#", (entry) => {
    const q = torch.quantizePerTensor(torch.tensor(golden.input), entry.scale, entry.zeroPoint, entry.dtype);
    expect(ints(q)).toEqual(entry.ints);
    expectClose(numbers(q.dequantize()), entry.numbers);
    expect([q.qScale(), q.qZeroPoint(), q.dtype]).toEqual([entry.scale, entry.zeroPoint, entry.dtype]);
  });

  test("prints as PyTorch does", () => {
    const x = torch.tensor([
      [-1, 0],
      [1, 2],
    ]);
    expect(String(torch.quantizePerTensor(x, 0.1, 10, torch.quint8))).toBe(golden.printed);
    const [scales, zeros] = [torch.tensor([0.1, 0.01], { dtype: "float64" }), torch.tensor([10, 0])];
    expect(String(torch.quantizePerChannel(x, scales, zeros.long(), 0, torch.quint8))).toBe(golden.printedChannel);
  });

  test("is clamped by position and by name", () => {
    const q = torch.quantizePerTensor(torch.tensor([-1, 0.5, 2]), 0.5, 10, torch.quint8);
    const clamp = torch.clamp as unknown as (x: unknown, ...given: unknown[]) => torch.QuantizedTensor;
    expect(numbers(clamp(q, 0, 1).dequantize())).toEqual([0, 0.5, 1]);
    expect(numbers(clamp(q, { min: 0, max: 1 }).dequantize())).toEqual([0, 0.5, 1]);
    expect(numbers(clamp(q, { max: 1 }).dequantize())).toEqual([-1, 0.5, 1]);
  });

  test("takes sizes 0 and 1, any layout, and names its arguments", () => {
    expect(torch.quantizePerTensor(torch.zeros([0, 3]), 1, 0, torch.qint8).dequantize().shape).toEqual([0, 3]);
    const one = torch.quantizePerTensor({ input: torch.tensor(3), scale: 2, zeroPoint: 1, dtype: torch.quint8 });
    expect(one.dequantize().item()).toBe(4);
    const x = torch.arange(6).float().reshape(2, 3);
    const q = torch.quantizePerTensor(x, 1, 0, torch.quint8);
    expect(q.permute(1, 0).dequantize().tolist()).toEqual(x.t().tolist());
    expect(ints(torch.quantizePerTensor(x.t(), 1, 0, torch.quint8))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(q.flatten().shape).toEqual([6]);
  });

  test("refuses what PyTorch refuses", () => {
    const x = torch.ones(2);
    expect(() => torch.quantizePerTensor(x.double(), 1, 0, torch.quint8)).toThrow(/only works on Float Tensor/);
    expect(() => torch.quantizePerTensor(x, 0, 0, torch.quint8)).toThrow(/scale must be a positive finite number/);
    expect(() => torch.quantizePerTensor(x, 1, 256, torch.quint8)).toThrow(/above upper bound 255/);
    expect(() => torch.quantizePerTensor(x, 1, -1, torch.quint8)).toThrow(/below lower bound 0/);
    expect(() => torch.quantizePerTensor(x, 1, 0, "int8" as never)).toThrow(/quint8, qint8, qint32/);
    const q = torch.quantizePerTensor(x, 1, 0, torch.quint8) as unknown as torch.Tensor;
    expect(() => torch.sin(q)).toThrow(/Could not run 'sin' with a quantized tensor/);
    expect(() => torch.add(q, q)).toThrow(/FloatFunctional/);
    expect(() => torch.add(x, q)).toThrow(torch.ArgumentError);
  });
});

test.each(golden.choose.map((entry: any) => [entry.range, entry]) as [number[], any][])(
  "the range %j has PyTorch's scale and zero point",
  (range, entry) => {
    const [scale, zeroPoint] = entry.whole;
    const q = torch.quantizePerTensorDynamic(torch.tensor(range), torch.quint8, false);
    expectClose([q.qScale()], [scale]);
    expect(q.qZeroPoint()).toBe(zeroPoint);
    // One bit less, as PyTorch's fbgemm has it.
    const reduced = torch.quantizePerTensorDynamic(torch.tensor(range), torch.quint8, true);
    expect(numbers(reduced.intRepr()).every((value) => value <= 127)).toBe(true);
  },
);

test("quantizePerChannel gives PyTorch's integers along any axis", () => {
  const x = torch.tensor(golden.channelInput).reshape(3, 4);
  const scales = (values: number[]) => torch.tensor(values, { dtype: "float64" });
  const rows = torch.quantizePerChannel(x, scales([0.1, 0.02, 0.5]), torch.tensor([0, 3, -7]).long(), 0, torch.qint8);
  expect(ints(rows)).toEqual(golden.perChannel0);
  const zeros = torch.tensor([0, 30, 100, 7]).long();
  const columns = torch.quantizePerChannel(x, scales([0.1, 0.02, 0.5, 0.3]), zeros, 1, torch.quint8);
  expect(ints(columns)).toEqual(golden.perChannel1);
  expectClose(numbers(columns.dequantize()), golden.perChannel1Numbers);
  expect(columns.qPerChannelAxis()).toBe(1);
  expect(() => columns.qScale()).toThrow(/kPerTensorAffine/);
});

test("fake quantization rounds and passes gradients as PyTorch's", () => {
  const x = torch.tensor(golden.fake.x).requiresGrad_();
  const y = torch.fakeQuantizePerTensorAffine(x, 0.013, 40, 0, 127);
  y.sum().backward();
  expectClose(numbers(y.detach()), golden.fake.y);
  expect(numbers(x.grad!)).toEqual(golden.fake.grad);
});

describe("observers", () => {
  test.each(golden.observers.map((entry: any) => [entry.name, entry]) as [string, any][])("%s %#", (name, entry) => {
    const observer = new (quantization as any)[name](entry.options);
    for (const batch of golden.batches) observer(torch.tensor(batch).reshape(4, 5));
    const [scale, zeroPoint] = observer.calculateQparams();
    expectClose(numbers(scale), entry.scale);
    expect(numbers(zeroPoint)).toEqual(entry.zeroPoint);
    expectClose(numbers(observer.minVal), entry.min, 1e-5);
    expectClose(numbers(observer.maxVal), entry.max, 1e-5);
    expect(String(observer)).toBe(entry.text);
  });
});

const { Linear, Conv1d, Conv2d } = nn;
const layers = { Linear, Conv1d, Conv2d } as unknown as Record<string, new (options: any) => torch.nn.Linear>;

/** A layer with PyTorch's weights, prepared by PyTorch's input, and converted. */
function converted(entry: any): torch.nn.Sequential {
  const layer = new layers[entry.name]!(entry.options);
  layer.weight = new nn.Parameter(torch.tensor(entry.weight).reshape(entry.weightShape));
  if (entry.bias !== null) layer.bias = new nn.Parameter(torch.tensor(entry.bias));
  const parts = [new quantization.QuantStub(), layer, ...(entry.relu ? [new nn.ReLU()] : [])];
  const model = new nn.Sequential(...parts, new quantization.DeQuantStub()).eval();
  const fused = entry.relu ? quantization.fuseModules(model, ["1", "2"]) : model;
  Object.assign(fused, { qconfig: quantization.getDefaultQconfig(entry.backend) });
  const prepared = quantization.prepare(fused);
  prepared(torch.tensor(entry.x).reshape(entry.shape));
  return quantization.convert(prepared);
}

describe("static quantization", () => {
  test.each(golden.layers.map((entry: any) => [entry.name, entry]) as [string, any][])("%s %#", (_name, entry) => {
    const model = converted(entry);
    // PyTorch's engine has a bias of zeros where there is none.
    const shown = (text: string) => text.replaceAll(/scale=\d\S*\d/g, "scale").replace(", bias=False", "");
    expect(shown(String(model))).toBe(shown(entry.text));
    const x = model[0]!(torch.tensor(entry.x).reshape(entry.shape));
    const y = model[1]!(x) as unknown as torch.QuantizedTensor;
    expectClose([y.qScale()], [entry.scale]);
    expect(y.qZeroPoint()).toBe(entry.zeroPoint);
    expect([...y.shape]).toEqual(entry.outShape);
    expectNear(ints(y), entry.ints);
  });

  test("gives the same bits with any number of threads", () => {
    const before = torch.getNumThreads();
    const layer = new nn.Conv2d(16, 40, 3, { padding: 1 });
    const model = new nn.Sequential(new quantization.QuantStub(), layer, new quantization.DeQuantStub()).eval();
    Object.assign(model, { qconfig: quantization.getDefaultQconfig("onednn") });
    const x = torch.randn(2, 16, 33, 31);
    const prepared = quantization.prepare(model);
    prepared(x);
    const ready = quantization.convert(prepared);
    const all = [1, 2].map((threads) => {
      torch.setNumThreads(threads);
      return ready(x);
    });
    torch.setNumThreads(before);
    expect(all[0]!.equal(all[1]!)).toBe(true);
    expect(model(x).sub(all[0]!).abs().max().item()).toBeLessThan(0.1);
  });
});

test("sums, products, joins and pools are PyTorch's", () => {
  const f = Object.assign(new torch.ao.nn.quantized.QFunctional(), { scale: 0.05, zeroPoint: 60 });
  const [a, b] = [
    [golden.batches[0], 0.06, 100],
    [golden.batches[1], 0.09, 120],
  ].map(([x, scale, zero]) => torch.quantizePerTensor(torch.tensor(x).reshape(4, 5), scale, zero, torch.quint8)) as any;
  expectNear(ints(f.add(a, b)), golden.functional.add);
  expectNear(ints(f.addRelu(a, b)), golden.functional.addRelu);
  expectNear(ints(f.mul(a, b)), golden.functional.mul);
  expectNear(ints(f.cat([a, b], 1)), golden.functional.cat);
  const { pool } = golden;
  const scaled = torch.tensor(pool.x).reshape(1, 2, 6, 6).sub(100).mul(0.03);
  const x = torch.quantizePerTensor(scaled, 0.03, 100, torch.quint8) as unknown as torch.Tensor;
  expect(ints(x)).toEqual(pool.x);
  expect(ints(nn.functional.maxPool2d(x, 3, 2, 1))).toEqual(pool.max);
  expectNear(ints(nn.functional.avgPool2d(x, 2)), pool.avg);
  expectNear(ints(nn.functional.adaptiveAvgPool2d(x, 1)), pool.adaptive);
  expect(ints(x.relu())).toEqual(pool.relu);
});
