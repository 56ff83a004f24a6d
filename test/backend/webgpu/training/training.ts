/** Networks trained on the GPU by the same program as on the cpu. */
import * as torch from "kindling";
import { expect, it } from "vitest";
import { cut, cutNote } from "../../../helpers/cut";

const { nn } = torch;
const F = nn.functional;

type Tensor = torch.Tensor;

/** Inputs and targets of one batch. */
type Batch = readonly [x: Tensor, target: Tensor];

/** A network and how it is trained. */
export interface Program {
  readonly make: () => torch.nn.Module;
  readonly batch: () => Batch;
  readonly optimizer: (parameters: Iterable<torch.nn.Parameter>) => torch.optim.Optimizer;
  readonly steps: number;
}

/** The convolutions of LeNet for pictures of one channel. */
export const lenetFeatures = () =>
  new nn.Sequential(
    new nn.Conv2d(1, 6, 5, { padding: 2 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
  );

/** Classes of so many examples. */
export const labels = (n: number): Tensor => torch.randint(0, 4, [n]);

/** The loss of every step. */
async function train({ make, batch, optimizer: of, steps }: Program, device: torch.Device): Promise<number[]> {
  torch.manualSeed(0);
  const model = make().to(device) as unknown as torch.nn.Module & ((x: Tensor) => Tensor);
  const batches = [batch(), batch()];
  const optimizer = of(model.parameters());
  const losses: (Tensor | Promise<Tensor>)[] = [];
  for (let step = 0; step < steps; step++) {
    const [x, target] = batches[step % 2]!;
    const scores = model(x.to(device));
    const loss = F.crossEntropy(scores.reshape(-1, scores.shape.at(-1)!), target.to(device).reshape(-1));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.detach().cpu());
  }
  return (await Promise.all(losses)).map((loss) => loss.item());
}

/** Tests that the losses agree, and that nothing goes back and forth behind the user's back. */
export function testPrograms(programs: Readonly<Record<string, Program>>): void {
  it.each(cut(Object.entries(programs), 2))(`%s as on the cpu${cutNote}`, { timeout: 180_000 }, async (_, program) => {
    const expected = await train(program, "cpu");
    const before = torch.webgpu.counts();
    const actual = await train(program, "webgpu");
    const after = torch.webgpu.counts();
    // What comes back are the losses, of four bytes each.
    expect(after.bytesRead - before.bytesRead).toBe(4 * program.steps);
    expect(expected.at(-1)).toBeLessThan(expected[0]! * 0.9);
    for (const [step, loss] of actual.entries())
      expect(Math.abs(loss - expected[step]!), `step ${step}: ${loss} instead of ${expected[step]}`).toBeLessThan(1e-3);
  });
}
