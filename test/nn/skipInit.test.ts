/** `nn.utils.skipInit`: modules without initial values. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;

test("builds the same module and leaves the random stream where it is", () => {
  const next = torch.manualSeed(3) && torch.rand(2).tolist();
  torch.manualSeed(3);
  const layer: torch.nn.Linear = nn.utils.skipInit(nn.Linear, 4, 2, { bias: false });
  expect([String(layer), layer.weight.shape]).toEqual(["Linear(in_features=4, out_features=2, bias=False)", [2, 4]]);
  expect(torch.rand(2).tolist()).toEqual(next);
});

test("takes a function that builds a module, and ends with it", () => {
  const build = (width: number) => new nn.Sequential(new nn.Linear(2, width), new nn.BatchNorm1d(width));
  const model = nn.utils.skipInit(build, 3);
  expect(model.loadStateDict(build(3).stateDict()).toString()).toBe("<All keys matched successfully>");
  expect(() =>
    nn.utils.skipInit(() => {
      throw new Error("no module");
    }),
  ).toThrow("no module");
  expect(nn.init.ones_(torch.zeros(2)).tolist()).toEqual([1, 1]);
});
