/** The quickstart's network trained on the GPU: the same losses as on the cpu, and nothing that goes back and forth behind the user's back. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
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

const STEPS = 50;
const BATCH = 32;

/** Pictures of a class: three tenths of the class's center, the rest noise. */
function pictures() {
  const centers = torch.rand(10, 1, 28, 28);
  return Array.from({ length: 8 }, () => {
    const labels = torch.randint(0, 10, [BATCH]);
    const images = centers.at(labels).mul(0.3).add(torch.rand(BATCH, 1, 28, 28).mul(0.7));
    return { images, labels };
  });
}

interface Training {
  readonly losses: number[];
  readonly parameters: torch.Tensor[];
}

/** The quickstart's training loop. Losses are awaited at the end, so that the loop itself waits for nothing. */
async function train(device: torch.Device, options: optim.SGDOptions, afterStep = (_step: number): void => {}): Promise<Training> {
  torch.manualSeed(0);
  const batches = pictures();
  const model = new NeuralNetwork().to(device);
  const lossFn = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), options);
  const losses: Promise<torch.Tensor>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const { images, labels } = batches[step % batches.length]!;
    const loss = lossFn(model(images.to(device)), labels.to(device));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(Promise.resolve(loss.detach().cpu()));
    afterStep(step);
  }
  const values = await Promise.all(losses);
  const parameters = await Promise.all([...model.parameters()].map((p) => p.detach().cpu()));
  return { losses: values.map((loss) => loss.item()), parameters };
}

const far = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe.skipIf(noGpu !== undefined)(`the quickstart ${onGpu}`, () => {
  it.each([
    ["plain", { lr: 0.1 }],
    ["with momentum and weight decay", { lr: 0.02, momentum: 0.9, weightDecay: 1e-3 }],
    ["with Nesterov momentum", { lr: 0.02, momentum: 0.9, nesterov: true }],
  ])("has the cpu's losses over 50 steps of SGD, %s", async (_, options) => {
    const cpu = await train("cpu", options);
    const gpu = await train("webgpu", options);
    expect(cpu.losses.at(-1)).toBeLessThan(cpu.losses[0]! / 2);
    expect(gpu.losses).toHaveLength(STEPS);
    expect(far(gpu.losses, cpu.losses)).toBeLessThan(1e-4);
    gpu.parameters.forEach((parameter, i) => {
      expect(parameter.device).toBe("cpu");
      expect(far(parameter.flatten().tolist(), cpu.parameters[i]!.flatten().tolist())).toBeLessThan(1e-3);
    });
  });
});
