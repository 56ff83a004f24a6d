/** The loss of the device at any point of a training step: what waits is rejected, what follows throws, and the model goes on from its last state. */
import * as torch from "kindling";
import { afterAll, describe, expect, it } from "vitest";
import { runsAll } from "../../../helpers/cut";
import { noGpu, onGpu } from "../../../helpers/webgpu";

const { nn } = torch;
const STEPS = 4;

const backend = (): { destroy(): void; readonly isLost: boolean } =>
  (torch.zeros(1, { device: "webgpu" }) as any).storage.backend;

/** A copy of nested state whose tensors are on the cpu. */
async function fetched(value: unknown): Promise<any> {
  if (value instanceof torch.Tensor) return value.detach().cpu();
  if (value instanceof Map)
    return new Map(await Promise.all([...value].map(async ([k, v]) => [k, await fetched(v)] as const)));
  if (Array.isArray(value)) return Promise.all(value.map(fetched));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([k, v]) => [k, await fetched(v)])));
}

/** Few kernels, which a new device has to compile. */
class Scale extends nn.Module {
  weight = new nn.Parameter(torch.randn(6, 1));

  override forward(x: torch.Tensor): torch.Tensor {
    return x.mul(this.weight);
  }
}

const models: Readonly<Record<string, () => { model: torch.nn.Module; features: number }>> = {
  "a factor": () => ({ model: new Scale(), features: 1 }),
  "a network": () => ({
    model: new nn.Sequential(new nn.Linear(3, 3), new nn.Tanh(), new nn.Linear(3, 1)),
    features: 3,
  }),
};

function setUp(name: string, device: torch.Device) {
  torch.manualSeed(2);
  const { model, features } = models[name]!();
  model.to(device);
  const x = torch.randn(6, features);
  const y = torch.randn(6, 1);
  return { model, optimizer: new torch.optim.Adam(model.parameters(), { lr: 0.05 }), x, y };
}

type Setup = ReturnType<typeof setUp>;

/** A step in parts, between which the device may go. Gives the loss. */
function* stepOf({ model, optimizer, x, y }: Setup, device: torch.Device): Generator<undefined, torch.Tensor> {
  const input = x.to(device);
  yield;
  const loss = nn.functional.mseLoss((model as any)(input), y.to(device));
  yield;
  optimizer.zeroGrad();
  loss.backward();
  yield;
  optimizer.step();
  yield;
  return loss.detach();
}

async function run(step: Generator<undefined, torch.Tensor>): Promise<number> {
  for (;;) {
    const next = step.next();
    if (next.done) return next.value.itemAsync();
  }
}

/** What a step comes to during which the device goes: after `at` parts, or while its loss is read. */
async function broken(step: Generator<undefined, torch.Tensor>, at: number): Promise<unknown> {
  const device = backend();
  try {
    for (let i = 0; i < Math.min(at, 4); i++) step.next();
    const reading = at > 4 ? run(step) : undefined;
    device.destroy();
    return await (reading ?? run(step));
  } catch (error) {
    return error;
  }
}

describe.skipIf(noGpu !== undefined)(`the loss of the device ${onGpu}`, () => {
  afterAll(() => torch.webgpu.restore());

  it("rejects what waits, throws for what follows, and says what to do", async () => {
    const x = torch.ones(3).to("webgpu");
    const reading = x.mul(2).tolistAsync();
    const device = backend();
    device.destroy();
    await expect(reading).rejects.toThrow(torch.DeviceError);
    expect(device.isLost).toBe(true);
    expect(torch.webgpu.isInitialized()).toBe(false);
    expect(torch.device("auto")).toBe("cpu");
    expect(() => x.add(1)).toThrow(
      /the device was lost.*await torch\.webgpu\.restore\(\), then load the last checkpoint/,
    );
    await torch.webgpu.restore();
    expect(torch.webgpu.isInitialized()).toBe(true);
    expect(torch.device("auto")).toBe("webgpu");
    expect(() => x.add(1)).toThrow(/^add: the values of a tensor were lost with the device; load the last checkpoint/);
    await expect(x.cpu()).rejects.toThrow(/were lost with the device/);
    expect(await torch.ones(3).to("webgpu").add(1).tolistAsync()).toEqual([2, 2, 2]);
    x.dispose();
  });

  it("gives a tensor memory again when all of it is written, and not when a part is", async () => {
    const [x, y, z] = [0, 1, 2].map((value) => torch.full([4], value).to("webgpu")) as [
      torch.Tensor,
      torch.Tensor,
      torch.Tensor,
    ];
    backend().destroy();
    await expect(x.cpu()).rejects.toThrow(torch.DeviceError);
    await torch.webgpu.restore();
    x.copy_(torch.tensor([1, 2, 3, 4]));
    y.fill_(7);
    expect(await x.add(y).tolistAsync()).toEqual([8, 9, 10, 11]);
    expect(() => z.narrow(0, 0, 2).fill_(1)).toThrow(/were lost with the device/);
    expect(() => z.add_(1)).toThrow(/were lost with the device/);
  });

  it.each([
    ["a factor", runsAll ? 100 : 8],
    ["a network", runsAll ? 6 : 1],
  ])("%s goes on from the last state, after %i losses at random points", { timeout: 300_000 }, async (name, rounds) => {
    const reference = setUp(name, "cpu");
    const expected: number[] = [];
    for (let i = 0; i < STEPS; i++) expected.push(await run(stepOf(reference, "cpu")));
    const setup = setUp(name, "webgpu");
    const { model, optimizer } = setup;
    const states: any[] = [];
    for (let i = 0; i < STEPS; i++) {
      states.push(await fetched({ model: model.stateDict(), optimizer: optimizer.stateDict() }));
      expect(Math.abs((await run(stepOf(setup, "webgpu"))) - expected[i]!)).toBeLessThan(1e-5);
    }
    let seed = 1;
    const random = (n: number): number => {
      seed = (seed * 48271) % 2147483647;
      return seed % n;
    };
    for (let round = 0; round < rounds; round++) {
      const [i, at] = [random(STEPS), random(6)];
      const result = await broken(stepOf(setup, "webgpu"), at);
      // A read that was under way may have got its value.
      if (typeof result !== "number") expect(result, `round ${round}`).toBeInstanceOf(torch.DeviceError);
      await torch.webgpu.restore();
      model.loadStateDict(states[i].model);
      optimizer.loadStateDict(states[i].optimizer);
      const loss = await run(stepOf(setup, "webgpu"));
      expect(Math.abs(loss - expected[i]!), `round ${round}, step ${i}, after ${at} parts`).toBeLessThan(1e-5);
    }
  });
});
