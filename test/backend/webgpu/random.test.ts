/** Random numbers that the GPU draws: the same for a seed, of the right distribution, and the bits of Philox. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { allNote, runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";

type Tensor = torch.Tensor;

const device = "webgpu";

const valuesOf = async (x: Tensor): Promise<number[]> =>
  Array.from((await x.cpu()).double().toTypedArray() as Float64Array);

/** Mean, variance and skewness of the elements. */
async function momentsOf(x: Tensor): Promise<[number, number, number]> {
  const values = await valuesOf(x);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const moment = (k: number): number => values.reduce((a, b) => a + (b - mean) ** k, 0) / values.length;
  return [mean, moment(2), moment(3) / moment(2) ** 1.5];
}

const N = 20000;
const empty = (dtype: torch.DType = "float32"): Tensor => torch.empty([N], { device, dtype });
const full = (value: number): Tensor => torch.full([N], value, { device, dtype: "float32" });

describe.skipIf(noGpu !== undefined || !runsAll)(`random numbers ${onGpu}${allNote}`, () => {
  const draws: Readonly<Record<string, [draw: () => Tensor, mean: number, variance: number]>> = {
    rand: [() => torch.rand(N, { device }), 1 / 2, 1 / 12],
    randLike: [() => torch.randLike(empty()), 1 / 2, 1 / 12],
    uniform: [() => empty().uniform_(-1, 3), 1, 16 / 12],
    randn: [() => torch.randn(N, { device }), 0, 1],
    normal: [() => empty().normal_(5, 2), 5, 4],
    "normal of tensors": [() => torch.normal(full(3), 0.5), 3, 0.25],
    "log-normal": [() => empty().logNormal_(0, 0.25).log(), 0, 1 / 16],
    exponential: [() => empty().exponential_(2), 1 / 2, 1 / 4],
    cauchy: [() => empty().cauchy_(1, 2).sub(1).div(2).atan(), 0, Math.PI ** 2 / 12],
    geometric: [() => empty().geometric_(0.25), 4, 12],
    bernoulli: [() => empty().bernoulli_(0.3), 0.3, 0.21],
    "bernoulli of each": [() => torch.bernoulli(full(0.7)), 0.7, 0.21],
    randint: [() => torch.randint(-5, 5, [N], { device }), -0.5, 99 / 12],
    "randint of bytes": [() => torch.randint(0, 256, [N], { device, dtype: "uint8" }), 127.5, 65535 / 12],
    "random of integers": [() => empty("int64").random_(10), 4.5, 99 / 12],
    "random of all": [
      () =>
        empty("int32")
          .random_()
          .float()
          .div(2 ** 31),
      1 / 2,
      1 / 12,
    ],
    dropout: [() => torch.nn.functional.dropout(full(1), { p: 0.25 }), 1, 1 / 3],
    poisson: [() => torch.poisson(full(3)), 3, 3],
    "poisson, large": [() => torch.poisson(full(50)), 50, 50],
    binomial: [() => torch.binomial(full(10), full(0.3)), 3, 2.1],
    "binomial, large": [() => torch.binomial(full(100), full(0.7)), 70, 21],
    gamma: [() => new torch.distributions.Gamma(full(2.5), full(1)).sample(), 2.5, 2.5],
    rrelu: [() => torch.nn.functional.rrelu(full(-1), { lower: 0.2, upper: 0.6, training: true }), -0.4, 0.16 / 12],
    halves: [() => torch.randn([N], { device, dtype: "float16" }), 0, 1],
  };

  for (const [name, [draw, mean, variance]] of Object.entries(draws))
    it(`${name} has its mean and variance, and follows from the seed`, async () => {
      torch.manualSeed(1);
      const before = torch.webgpu.counts().bytesWritten;
      const x = draw();
      expect(torch.webgpu.counts().bytesWritten - before).toBe(0);
      const [m, v] = await momentsOf(x);
      expect(Math.abs(m - mean)).toBeLessThan(5 * Math.sqrt(variance / N));
      expect(Math.abs(v / variance - 1)).toBeLessThan(0.15);
      const again = await valuesOf(draw());
      torch.manualSeed(1);
      const same = await valuesOf(draw());
      expect(same).toEqual(await valuesOf(x));
      expect(same).not.toEqual(again);
    });

  it("has the bits of Philox4x32-10", async () => {
    const words = torch.zeros([5], { device, dtype: "int32" });
    const draw = { kind: "integers", y: words, p: -(2 ** 31), q: 2 ** 32, given: [] };
    const { backend } = (words as any).storage;
    backend.run("draw", { ...draw, key: [0, 0] });
    // The first known answer of Random123's kat_vectors.
    const known = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8];
    expect((await valuesOf(words)).slice(0, 4)).toEqual(known.map((word) => (word ^ 0x80000000) | 0));
    backend.run("draw", { ...draw, key: [0xa4093822, 0x299f31d0] });
    expect((await valuesOf(words)).slice(0, 4)).not.toEqual(known);
  });

  it("gives each element numbers of its own", async () => {
    torch.manualSeed(2);
    const values = await valuesOf(torch.rand(2000, { device }));
    expect(new Set(values).size).toBeGreaterThan(1990);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
  });

  it("shuffles", async () => {
    torch.manualSeed(3);
    for (const n of [0, 1, 5, 3000]) {
      const order = await valuesOf(torch.randperm(n, { device }));
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      if (n > 100) expect(order.filter((value, i) => value === i).length).toBeLessThan(10);
    }
  });

  it("draws indices by weight", async () => {
    torch.manualSeed(4);
    const weights = torch
      .tensor([
        [1, 0, 3, 0],
        [0, 2, 2, 0],
      ])
      .to(device);
    const drawn = (await torch.multinomial(weights, 4000, { replacement: true }).cpu()).tolist() as number[][];
    const share = (row: number, value: number): number => drawn[row]!.filter((i) => i === value).length / 4000;
    expect(Math.abs(share(0, 2) - 0.75)).toBeLessThan(0.04);
    expect(Math.abs(share(1, 1) - 0.5)).toBeLessThan(0.04);
    expect(share(0, 1) + share(0, 3) + share(1, 0) + share(1, 3)).toBe(0);
    const apart = (await torch.multinomial(weights, 2).cpu()).tolist() as number[][];
    expect(apart.map((row) => [...row].sort())).toEqual([
      [0, 2],
      [1, 2],
    ]);
    torch.multinomial(torch.tensor([-1, 2]).to(device), 1);
    await expect(torch.webgpu.synchronize()).rejects.toThrow(
      /multinomial: the weights must be finite and not negative/,
    );
    torch.bernoulli(torch.tensor([0.5, 2]).to(device));
    await expect(torch.webgpu.synchronize()).rejects.toThrow(/bernoulli: expects probabilities to be in \[0, 1\]/);
  });

  it("writes over what is not contiguous, and nothing beside it", async () => {
    const x = torch.zeros(6, 4).to(device);
    x.t().narrow(0, 1, 2).uniform_(1, 2);
    const rows = (await x.cpu()).tolist() as number[][];
    for (const [a, b, c, d] of rows) {
      expect([a, d]).toEqual([0, 0]);
      expect(Math.min(b!, c!)).toBeGreaterThanOrEqual(1);
    }
  });

  it("takes a generator of its own, and a fork puts the numbers back", async () => {
    const own = () => torch.rand(8, { device, generator: new torch.Generator().manualSeed(9) });
    expect(await valuesOf(own())).toEqual(await valuesOf(own()));
    torch.manualSeed(5);
    torch.random.forkRng(() => torch.rand(3, { device }));
    const x = await valuesOf(torch.rand(3, { device }));
    torch.manualSeed(5);
    expect(await valuesOf(torch.rand(3, { device }))).toEqual(x);
  });
});
