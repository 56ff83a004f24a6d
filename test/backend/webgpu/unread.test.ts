/** What needs values at once: an error that names the op and says what to await, or another way. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { noGpu, onGpu } from "../../helpers/webgpu";

describe.skipIf(noGpu !== undefined)(`values that are not there yet ${onGpu}`, () => {
  const x = noGpu === undefined ? torch.tensor([1, 0, 2, 2]).to("webgpu") : torch.ones([4]);
  const whole = x.long();

  it.each<[string, () => unknown]>([
    ["nonzero", () => torch.nonzero(x)],
    ["argwhere", () => torch.argwhere(x)],
    ["where", () => torch.where(x.gt(0))],
    ["maskedSelect", () => x.maskedSelect(x.gt(0))],
    ["at", () => x.at(x.gt(0))],
    ["unique", () => torch.unique(x)],
    ["uniqueConsecutive", () => torch.uniqueConsecutive(x)],
    ["bincount", () => torch.bincount(whole)],
    ["repeatInterleave", () => torch.repeatInterleave(x, whole)],
    ["oneHot", () => torch.nn.functional.oneHot(whole)],
    ["equal", () => torch.equal(x, x)],
    ["allclose", () => torch.allclose(x, x)],
    ["item", () => x.sum().item()],
    ["tolist", () => x.tolist()],
    ["nms", () => torch.vision.ops.nms(torch.rand(3, 4).to("webgpu"), torch.rand(3).to("webgpu"), 0.5)],
  ])("%s says what to await", (name, run) => {
    expect(run).toThrow(new RegExp(`^${name}: .*use await x\\.cpu\\(\\) first`));
  });

  it("writes one value by a mask without a count", async () => {
    const y = torch.arange(12).reshape(3, 4).float().to("webgpu");
    y.setAt([y.gt(5)], -1);
    y.setAt([":", torch.tensor([true, false, false, true]).to("webgpu")], 9);
    y.setAt([torch.tensor([false, true, false]).to("webgpu")], 7);
    expect((await y.cpu()).tolist()).toEqual([
      [9, 1, 2, 9],
      [7, 7, 7, 7],
      [9, -1, -1, 9],
    ]);
    const w = torch.ones([3]).to("webgpu").requiresGrad_();
    const masked = w.mul(2).indexPut([torch.tensor([true, false, true]).to("webgpu")], torch.tensor(5).to("webgpu"));
    masked.sum().backward();
    expect([await masked.tolistAsync(), await w.grad!.tolistAsync()]).toEqual([
      [5, 2, 5],
      [0, 2, 0],
    ]);
    expect(() => y.setAt([torch.tensor([true, false]).to("webgpu")], 1)).toThrow("The shape of the mask [2]");
  });

  it("waits for values that are on their way to the cpu", async () => {
    expect(await x.to("cpu", { nonBlocking: true }).tolistAsync()).toEqual([1, 0, 2, 2]);
    const w = torch.tensor([3]).requiresGrad_();
    w.to("webgpu").square().sum().backward();
    expect(await w.grad!.itemAsync()).toBe(6);
  });

  it("prints a tensor without its values", () => {
    expect(String(x)).toBe("tensor(..., device='webgpu', size=(4,))");
    expect(String(whole.to("int32"))).toBe("tensor(..., device='webgpu', size=(4,), dtype=torch.int32)");
  });

  it("L-BFGS says what to do", () => {
    const w = torch.ones([3]).to("webgpu").requiresGrad_();
    expect(() => new torch.optim.LBFGS([w]).step(() => 1)).toThrow(
      'LBFGS: its search goes by values, which "webgpu" does not give at once; move the model with model.to("cpu")',
    );
  });
});
