/** Gradients that are scaled, steps that are skipped, and scales that grow: values of PyTorch 1.13's rules. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { allNote, cut, cutNote, runsAll } from "../helpers/cut";
import { noGpu, onGpu } from "../helpers/webgpu";

const { nn, optim, amp } = torch;
const F = nn.functional;

type Tensor = torch.Tensor;
type Make = (params: Iterable<Tensor>) => torch.optim.Optimizer;

const optimizers: Readonly<Record<string, Make>> = {
  SGD: (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }),
  Adam: (params) => new optim.Adam(params, { lr: 0.1 }),
  AdamW: (params) => new optim.AdamW(params, { lr: 0.1, amsgrad: true }),
  Adamax: (params) => new optim.Adamax(params, { lr: 0.1 }),
  Adagrad: (params) => new optim.Adagrad(params, { lr: 0.1 }),
  Adadelta: (params) => new optim.Adadelta(params),
  RMSprop: (params) => new optim.RMSprop(params, { lr: 0.01 }),
  Rprop: (params) => new optim.Rprop(params),
  Lion: (params) => new optim.Lion(params, { lr: 0.01 }),
};

/** Six steps, of which the gradients of the first, the second and the fifth are not finite; of another parameter they are missing at the second. */
async function run(make: Make, device: torch.Device): Promise<{ values: number[]; state: object; scale: number }> {
  const a = torch.tensor([1, -2, 3]).to(device).requiresGrad_();
  const b = torch.tensor([0.5]).to(device).requiresGrad_();
  const optimizer = make([a, b]);
  const scaler = new amp.GradScaler({ initScale: 1024, growthInterval: 2 });
  for (const [step, factor] of [Infinity, NaN, 2, -1, -Infinity, 0.5].entries()) {
    optimizer.zeroGrad();
    const loss = a
      .mul(a)
      .sum()
      .add(step === 1 ? 0 : b.mul(3).sum());
    scaler.scale(loss.mul(factor)).backward();
    scaler.step(optimizer);
    scaler.update();
  }
  const values = [await a.tolistAsync(), await b.tolistAsync()].flat() as number[];
  const { state } = optimizer.stateDict();
  const steps = Object.values(state).map(({ step }) => (step instanceof torch.Tensor ? step.item() : step));
  return { values, state: { ...(await scaler.stateDictAsync()), steps }, scale: await scaler.getScaleAsync() };
}

describe("a GradScaler on the cpu", () => {
  it.each(Object.entries(optimizers))("skips the steps of %s", async (_, make) => {
    const { values, state, scale } = await run(make, "cpu");
    expect(values.every(Number.isFinite)).toBe(true);
    // 1024 / 2 / 2, grown once by two finite steps, and halved again.
    expect(scale).toBe(256);
    expect(state).toMatchObject({ growth_factor: 2, backoff_factor: 0.5, growth_interval: 2, _growth_tracker: 1 });
  });

  it("divides once, for clipping", () => {
    const w = torch.tensor([3, 4]).requiresGrad_();
    const optimizer = new optim.SGD([w], { lr: 1 });
    const scaler = new amp.GradScaler();
    expect(() => scaler.step(optimizer)).toThrow("step: nothing was scaled yet");
    scaler.scale(w.mul(torch.tensor([3, 4])).sum()).backward();
    expect((w.grad as unknown as Tensor).tolist()).toEqual([3 * 65536, 4 * 65536]);
    scaler.unscale_(optimizer);
    expect((w.grad as unknown as Tensor).tolist()).toEqual([3, 4]);
    expect(() => scaler.unscale_(optimizer)).toThrow("unscale_: it has already been called");
    nn.utils.clipGradNorm_([w as torch.nn.Parameter], 1);
    scaler.step(optimizer);
    expect(w.tolist()).toEqual([expect.closeTo(2.4, 5), expect.closeTo(3.2, 5)]);
    expect(() => scaler.step(optimizer)).toThrow("step: it has already been called since the last update()");
    expect(() => scaler.unscale_(optimizer)).toThrow("unscale_: it is being called after step()");
    scaler.update(8);
    expect(scaler.getScale()).toBe(8);
    scaler.update(torch.tensor([4]));
    expect(scaler.getScale()).toBe(4);
    expect(() => scaler.update()).toThrow("update: no inf checks were recorded");
    const [one, two] = scaler.scale([torch.tensor(1), torch.tensor(2)]);
    expect([one!.item(), two!.item()]).toEqual([4, 8]);
  });

  it("does nothing unless it is enabled, and hands its state on", () => {
    const w = torch.tensor([1]).requiresGrad_();
    const optimizer = new optim.SGD([w], { lr: 1 });
    const off = new amp.GradScaler({ enabled: false });
    off.scale(w.mul(2).sum()).backward();
    off.unscale_(optimizer);
    off.step(optimizer);
    off.update();
    expect([w.item(), off.getScale(), off.stateDict(), off.isEnabled()]).toEqual([-1, 1, {}, false]);
    const scaler = new amp.GradScaler(16, 4, 0.25, 3);
    expect(() => scaler.loadStateDict(off.stateDict())).toThrow("loadStateDict: the source state dict is empty");
    const other = new amp.GradScaler();
    other.loadStateDict({ ...scaler.stateDict(), _growth_tracker: 2 });
    expect(other.stateDict()).toEqual({
      scale: 16,
      growth_factor: 4,
      backoff_factor: 0.25,
      growth_interval: 3,
      _growth_tracker: 2,
    });
    other.setGrowthInterval(5);
    other.setGrowthFactor(3);
    other.setBackoffFactor(0.5);
    expect([other.getGrowthInterval(), other.getGrowthFactor(), other.getBackoffFactor()]).toEqual([5, 3, 0.5]);
  });

  it("says what is wrong", () => {
    expect(() => new amp.GradScaler({ growthFactor: 1 })).toThrow("GradScaler: the growth factor must be > 1.0, got 1");
    expect(() => new amp.GradScaler({ backoffFactor: 1 })).toThrow("GradScaler: the backoff factor must be < 1.0");
    expect(() => new amp.GradScaler({ growthInterval: 0 })).toThrow("GradScaler: growthInterval");
    expect(() => new amp.GradScaler().scale(3 as never)).toThrow("scale: takes a tensor or a list of tensors, got 3");
    const w = torch.tensor([1], { dtype: torch.float16 }).requiresGrad_();
    const scaler = new amp.GradScaler();
    scaler.scale(w.sum()).backward();
    expect(() => scaler.step(new optim.SGD([w]))).toThrow("attempting to unscale FP16 gradients");
  });
});

describe.skipIf(noGpu !== undefined)(`a GradScaler ${onGpu}${cutNote}`, () => {
  it.each(cut(Object.entries(optimizers), 2))("leaves out the steps of %s that the cpu skips", async (name, make) => {
    const before = torch.webgpu.counts().reads;
    const [expected, actual] = [await run(make, "cpu"), await run(make, "webgpu")];
    expect(torch.webgpu.counts().reads - before).toBe(5);
    for (const [i, value] of expected.values.entries()) expect(actual.values[i], name).toBeCloseTo(value, 5);
    expect(actual.state).toEqual(expected.state);
  });

  it("says what to do where the device cannot leave out steps, and where steps are not known", async () => {
    const w = torch.tensor([1]).to("webgpu").requiresGrad_();
    const optimizer = new optim.NAdam([w], { lr: 0.1 });
    const scaler = new amp.GradScaler();
    scaler.scale(w.mul(Infinity).sum()).backward();
    expect(() => scaler.step(optimizer)).toThrow("of this NAdam by itself; use await scaler.stepAsync(optimizer)");
    await scaler.stepAsync(optimizer);
    scaler.update();
    expect(await w.itemAsync()).toBe(1);
    expect(() => scaler.getScale()).toThrow('getScale: the scale is on "webgpu"');
    expect(await scaler.getScaleAsync()).toBe(32768);
    const adam = new optim.Adam([w]);
    w.grad = null;
    scaler.scale(w.mul(Infinity).sum()).backward();
    scaler.step(adam);
    expect(() => adam.stateDict()).toThrow("Adam.stateDict: the GPU has not told yet");
    await torch.webgpu.synchronize();
    expect((adam.stateDict().state[0]!.step as Tensor).item()).toBe(0);
  });

  it.runIf(runsAll)(`trains a network in float16 as the cpu does${allNote}`, async () => {
    class Net extends nn.Module {
      // Kernels of groups of one channel compile in less time than others.
      conv = new nn.Conv2d(4, 4, 3, { padding: 1, groups: 4 });
      norm = new nn.BatchNorm2d(4);
      last = new nn.Linear(4 * 16, 3);

      override forward(x: Tensor): Tensor {
        const y = F.maxPool2d(F.relu(this.norm(this.conv(x))), 2);
        return this.last(y.flatten(1));
      }
    }
    const train = async (device: torch.Device): Promise<number[]> => {
      torch.manualSeed(1);
      const net = new Net().to(device);
      const [x, y] = [torch.randn(8, 4, 8, 8).to(device), torch.randint(0, 3, [8]).to(device)];
      const optimizer = new optim.Adam(net.parameters(), { lr: 0.02 });
      const scaler = new amp.GradScaler({ initScale: 2 ** 20, growthInterval: 4 });
      const losses: Promise<number>[] = [];
      for (let step = 0; step < 12; step++) {
        const loss = torch.autocast(device, () => F.crossEntropy(net(x), y), { dtype: torch.float16 });
        optimizer.zeroGrad();
        scaler.scale(loss).backward();
        scaler.step(optimizer);
        scaler.update();
        losses.push(loss.detach().itemAsync() as Promise<number>);
      }
      return [...(await Promise.all(losses)), await scaler.getScaleAsync()];
    };
    const [expected, actual] = [await train("cpu"), await train("webgpu")];
    expect(expected.at(-2)).toBeLessThan(expected[0]! / 2);
    // Something overflowed at first.
    expect(expected.at(-1)).toBeLessThan(2 ** 20 * 8);
    expect(actual.at(-1)).toBe(expected.at(-1));
    for (const [step, loss] of actual.entries())
      if (step < 12) expect(Math.abs(loss - expected[step]!), `step ${step}`).toBeLessThan(0.02);
  });
});
