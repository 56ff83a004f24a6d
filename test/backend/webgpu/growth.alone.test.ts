/** Memory of the GPU in a long loop that gives nothing back by itself: minutes on a software driver, so it runs with `KINDLING_NETWORKS=all` in the environment. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { noGpu, onGpu } from "../../helpers/webgpu";

const { nn } = torch;
const steps = 2000;
const isWanted = process.env.KINDLING_NETWORKS === "all";
const note = isWanted ? onGpu : "(skipped: KINDLING_NETWORKS=all asks for it)";

describe.skipIf(noGpu !== undefined || !isWanted)(`the memory of the GPU ${note}`, () => {
  it(`does not grow over ${steps} steps without dispose`, { timeout: 1_200_000 }, async () => {
    torch.manualSeed(0);
    const weight = new nn.Parameter(torch.zeros(1, 512, { device: "webgpu" }));
    const optimizer = new torch.optim.SGD([weight], { lr: 50 });
    const x = torch.randn(512, 512).to("webgpu");
    const y = x.mul(3);
    const reserved: number[] = [];
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      const loss = nn.functional.mseLoss(x.mul(weight), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      // A loop that never waits would queue faster than any device computes.
      if (step % 20 === 19) {
        losses.push(await loss.itemAsync());
        reserved.push(torch.webgpu.memoryReserved());
      }
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 4);
    // Each step makes 1 MiB or more. What is forgotten is found by the garbage collector, which the device asks for every 256 MiB.
    expect(Math.max(...reserved)).toBeLessThan(600 * 2 ** 20);
    console.log(`reserved MiB, every 20 steps: ${reserved.map((bytes) => Math.round(bytes / 2 ** 20)).join(" ")}`);
  });
});
