/** The quickstart's network trained on the GPU: the same losses as on the cpu, and nothing that goes back and forth behind the user's back. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { cut, cutNote } from "../helpers/cut";
import { noGpu, onGpu } from "../helpers/webgpu";

const { nn, optim } = torch;

class NeuralNetwork extends nn.Module {
  flatten = new nn.Flatten();
  linearReluStack = new nn.Sequential(
    new nn.Linear(28 * 28, 64),
    new nn.ReLU(),
    new nn.Linear(64, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  );

  override forward(x: torch.Tensor): torch.Tensor {
    return this.linearReluStack(this.flatten(x));
  }
}

const BATCH = 32;

/** Pictures of a class: three tenths of the class's center, the rest noise. */
function pictures() {
  const centers = torch.rand(10, 1, 28, 28);
  return Array.from({ length: 8 }, () => {
    const labels = torch.randint(0, 10, [BATCH]);
    const images = centers
      .at(labels)
      .mul(0.3)
      .add(torch.rand(BATCH, 1, 28, 28).mul(0.7));
    return { images, labels };
  });
}

interface Training {
  readonly losses: number[];
  readonly parameters: torch.Tensor[];
}

/** The quickstart's training loop. Losses are awaited at the end, so that the loop itself waits for nothing. */
async function train(device: torch.Device, steps: number, options: torch.optim.SGDOptions): Promise<Training> {
  torch.manualSeed(0);
  const batches = pictures();
  const model = new NeuralNetwork().to(device);
  const lossFn = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), options);
  const losses: Promise<torch.Tensor>[] = [];
  for (let step = 0; step < steps; step++) {
    const { images, labels } = batches[step % batches.length]!;
    const loss = lossFn(model(images.to(device)), labels.to(device));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.detach().cpu());
  }
  const values = await Promise.all(losses);
  const parameters = await Promise.all([...model.parameters()].map((p) => p.detach().cpu()));
  return { losses: values.map((loss) => loss.item()), parameters };
}

const far = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe.skipIf(noGpu !== undefined)(`the quickstart ${onGpu}`, () => {
  // It comes first: what the others forget may be collected at any time.
  it("gives all memory back", async () => {
    const weight = torch.rand(3, 4).to("webgpu").requiresGrad_();
    const step = async (): Promise<void> => {
      const loss = torch.tidy(() => {
        const y = torch.nn.functional.linear(torch.rand(8, 4).to("webgpu"), weight).relu().sum();
        y.backward();
        weight.grad = null;
        return y.detach();
      });
      const value = await loss.cpu();
      expect(value.item()).toBeGreaterThan(0);
      for (const x of [value, loss]) x.dispose();
    };
    await step();
    const before = torch.webgpu.memoryStats();
    for (let i = 0; i < 5; i++) await step();
    expect(torch.webgpu.memoryStats().blocks).toBe(before.blocks);
    expect(torch.webgpu.memoryAllocated()).toBe(before.allocated);
  });

  const kinds = [
    ["plain", 50, { lr: 0.1 }],
    ["with momentum and weight decay", 10, { lr: 0.02, momentum: 0.9, weightDecay: 1e-3 }],
    ["with Nesterov momentum", 10, { lr: 0.02, momentum: 0.9, nesterov: true }],
  ] as const;

  it.each(cut(kinds, 3))(`has the cpu's losses with SGD, %s, over %i steps${cutNote}`, async (_, steps, options) => {
    const cpu = await train("cpu", steps, options);
    const before = torch.webgpu.counts();
    const gpu = await train("webgpu", steps, options);
    const after = torch.webgpu.counts();
    expect(cpu.losses.at(-1)).toBeLessThan(cpu.losses[0]!);
    expect(gpu.losses).toHaveLength(steps);
    expect(far(gpu.losses, cpu.losses)).toBeLessThan(1e-4);
    gpu.parameters.forEach((parameter, i) => {
      expect(parameter.device).toBe("cpu");
      expect(far(parameter.flatten().tolist(), cpu.parameters[i]!.flatten().tolist())).toBeLessThan(1e-5);
    });
    // No detours: what crosses the bus are the model and the batches on the way there, the losses and the model on the way back.
    const model = 4 * cpu.parameters.reduce((n, parameter) => n + parameter.numel(), 0);
    expect(after.bytesRead - before.bytesRead).toBe(4 * steps + model);
    expect(after.bytesWritten - before.bytesWritten).toBe(model + steps * BATCH * (4 * 28 * 28 + 8));
    // One more for the check of labels and one for its slots; the first step fills buffers of momentum.
    expect(after.dispatches - before.dispatches).toBeLessThanOrEqual(32 * steps + 6);
    expect(after.submits - before.submits).toBeLessThanOrEqual(3 * steps);
  });
});
