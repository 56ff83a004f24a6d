/** Random tensors and the random state; the streams themselves are judged by PyTorch's samples. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;

test("a seed repeats what follows, and modules draw PyTorch's weights", () => {
  torch.manualSeed(0);
  const weight = new nn.Linear(3, 2).weight.tolist().flat();
  const expected = [-0.0043, 0.3097, -0.4752, -0.4249, -0.2224, 0.1548];
  weight.forEach((value: number, i: number) => {
    expect(value).toBeCloseTo(expected[i]!, 4);
  });
  torch.manualSeed(0);
  expect(torch.rand(2).tolist()).toEqual([0.49625658988952637, 0.7682217955589294]);
});

test("a generator of one's own leaves the default one alone", () => {
  torch.manualSeed(1);
  const state = torch.getRngState();
  const generator = new torch.Generator().manualSeed(5);
  const a = torch.randn(20, { generator });
  expect(torch.getRngState().tolist()).toEqual(state.tolist());
  expect(torch.randn(20, { generator: new torch.Generator().manualSeed(5) }).tolist()).toEqual(a.tolist());
});

test("the state can be kept and brought back", () => {
  const state = torch.getRngState();
  const first = torch.rand(5).tolist();
  torch.setRngState(state);
  expect(torch.rand(5).tolist()).toEqual(first);
  expect(torch.forkRng(() => torch.rand(3).tolist())).toEqual(torch.rand(3).tolist());
});

test("in-place draws on a transposed view follow memory, and strided views work", () => {
  torch.manualSeed(3);
  const plain = torch.zeros(3, 4).uniform_().tolist();
  torch.manualSeed(3);
  const base = torch.zeros(3, 4);
  base.t().uniform_();
  expect(base.tolist()).toEqual(plain);
  const wide = torch.zeros(2, 4);
  wide.slice(1, 0, 4, 2).random_(1, 5);
  expect(wide.select(1, 1).tolist()).toEqual([0, 0]);
  expect(wide.select(1, 2).min().item()).toBeGreaterThanOrEqual(1);
});

test("in-place draws raise the version, and have a gradient of zero", () => {
  const x = torch.ones([2], { requiresGrad: true });
  const y = x.mul(2);
  const version = y._version;
  y.uniform_();
  expect(y._version).toBe(version + 1);
  y.sum().backward();
  expect(x.grad!.tolist()).toEqual([0, 0]);
  expect(() => x.normal_()).toThrow("leaf Variable that requires grad");
});

test("wrong distributions are errors in PyTorch's words", () => {
  const x = torch.zeros(2);
  expect(() => x.uniform_(2, 1)).toThrow("uniform_ expects to return a [from, to) range, but found from=2 > to=1");
  expect(() => x.normal_(0, -1)).toThrow("normal expects std >= 0.0, but found std -1");
  expect(() => x.bernoulli_(2)).toThrow("bernoulli_ expects p to be in [0, 1], but got p=2");
  expect(() => torch.zeros([2], { dtype: torch.int64 }).normal_()).toThrow("not implemented for 'Long'");
  expect(() => torch.randint(3, 3, [2])).toThrow("random_ expects 'from' to be less than 'to'");
});

test("dropout scales what it keeps, and does nothing in evaluation", () => {
  torch.manualSeed(0);
  const dropout = new nn.Dropout(0.5);
  const x = torch.ones([1000], { requiresGrad: true });
  const y = dropout(x);
  expect(new Set(y.tolist())).toEqual(new Set([0, 2]));
  y.sum().backward();
  expect(x.grad!.tolist()).toEqual(y.tolist());
  expect(dropout.eval()(x)).toBe(x);
});

test("initializers keep to their bounds and say what they want", () => {
  const w = torch.empty(20, 30);
  nn.init.xavierUniform_(w, 2);
  expect(w.abs().max().item()).toBeLessThanOrEqual(2 * Math.sqrt(6 / 50));
  expect(() => nn.init.kaimingNormal_(torch.empty(3))).toThrow("Fan in and fan out can not be computed");
  expect(() => nn.init.calculateGain("cube")).toThrow('Unsupported nonlinearity "cube"');
  const p = new nn.Parameter(torch.empty(2));
  expect(nn.init.constant_(p, 3)).toBe(p);
  expect(p.tolist()).toEqual([3, 3]);
});

test("Poisson and binomial numbers are PyTorch's, their gradient is zero, and wrong parameters are errors", () => {
  torch.manualSeed(3);
  const rates = torch.tensor([0.5, 3, 12, 0], { requiresGrad: true });
  const drawn = torch.poisson(rates);
  expect(drawn.tolist()).toEqual([0, 2, 15, 0]);
  expect(torch.binomial(torch.full([2, 3], 8).float(), torch.tensor([0, 0.4, 1])).tolist()).toEqual([
    [0, 3, 8],
    [0, 3, 8],
  ]);
  drawn.sum().backward();
  expect(rates.grad!.tolist()).toEqual([0, 0, 0, 0]);
  expect(() => torch.poisson(torch.tensor([-1]))).toThrow("a rate must not be negative, got -1");
  expect(() => torch.binomial(torch.ones(2), torch.ones(2).double())).toThrow("one dtype, got float32 and float64");
  expect(() => torch.binomial(torch.ones(2), torch.ones(3))).toThrow("binomial");
});
