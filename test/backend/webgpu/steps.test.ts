/** What a training step asks of the GPU: dispatches, submits, buffers and bytes, and that none of it grows with the number of steps. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";

const { nn } = torch;

describe.skipIf(noGpu !== undefined)(`training steps ${onGpu}`, () => {
  it("makes no buffer from the third step on, submits three times at most, and reads nothing but the loss", async () => {
    torch.manualSeed(0);
    const model = new nn.Sequential(
      new nn.Linear(16, 32),
      new nn.ReLU(),
      new nn.Linear(32, 32),
      new nn.Tanh(),
      new nn.Linear(32, 4),
    );
    model.to("webgpu");
    const optimizer = new torch.optim.AdamW(model.parameters(), { lr: 1e-2 });
    const [x, y] = [torch.randn(8, 16).to("webgpu"), torch.randint(0, 4, [8]).to("webgpu")];
    const step = async (): Promise<number> => {
      const loss = torch.tidy(() => {
        const value = nn.functional.crossEntropy((model as any)(x), y);
        optimizer.zeroGrad();
        value.backward();
        nn.utils.clipGradNorm_(model.parameters(), 1);
        optimizer.step();
        return value.detach();
      });
      const value = await loss.itemAsync();
      loss.dispose();
      return value;
    };
    const first = await step();
    await step();
    let last = 0;
    for (let i = 0; i < 6; i++) {
      const before = torch.webgpu.counts();
      last = await step();
      const after = torch.webgpu.counts();
      expect(after.buffersCreated - before.buffersCreated).toBe(0);
      // Kernels that share a dispatch are compiled when they have followed one another twice.
      if (i >= 3) expect(after.kernels - before.kernels).toBe(0);
      expect(after.submits - before.submits).toBeLessThanOrEqual(3);
      expect(after.reads - before.reads).toBe(1);
      expect(after.bytesRead - before.bytesRead).toBe(4);
      expect(after.bytesWritten - before.bytesWritten).toBe(0);
      expect(after.dispatches - before.dispatches).toBeLessThanOrEqual(i >= 3 ? 35 : 70);
    }
    expect(last).toBeLessThan(first);
  });

  const steps = runsAll ? 2000 : 400;

  it(`needs no more memory for ${steps} steps without dispose`, { timeout: 300_000 }, async () => {
    const w = torch.zeros(64, 256).to("webgpu").requiresGrad_();
    const optimizer = new torch.optim.SGD([w], { lr: 0.1 });
    const x = torch.ones(64, 256).to("webgpu");
    let most = 0;
    for (let step = 0; step < steps; step++) {
      const loss = w.sub(x).square().sum();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      if (step % 100 < 99) continue;
      await loss.itemAsync();
      // What was forgotten is found when the event loop turns.
      await torch.nextTurn();
      if (step < steps / 2) most = Math.max(most, torch.webgpu.memoryReserved());
    }
    expect(torch.webgpu.memoryReserved()).toBeLessThanOrEqual(1.5 * most + 64 * 2 ** 20);
    expect(await w.detach().sub(1).abs().max().itemAsync()).toBeLessThan(1e-3);
  });
});
