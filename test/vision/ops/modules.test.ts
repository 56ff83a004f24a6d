/** Layers of vision.ops: their print-outs, state dicts, initial values and outputs are torchvision's. */
import * as torch from "kindling";
import { describe, expect, test, vi } from "vitest";
import { difference, expected, numbersOf, type Structure } from "./expected";

const { nn } = torch;
const { ops } = torch.vision;

const modules: Readonly<Record<string, () => torch.nn.Module>> = {
  block2d: () => new ops.Conv2dNormActivation(3, 8),
  block2dPlain: () =>
    new ops.Conv2dNormActivation(4, 8, [3, 5], 2, {
      groups: 2,
      normLayer: null,
      activationLayer: nn.GELU,
      dilation: 2,
      inplace: null,
    }),
  block2dBias: () => new ops.Conv2dNormActivation(4, 8, { padding: "valid", activationLayer: null, bias: true }),
  block3d: () => new ops.Conv3dNormActivation(3, 8, 1, { activationLayer: nn.ReLU6, inplace: false }),
  blockAny: () => new ops.ConvNormActivation(3, 8, { normLayer: nn.BatchNorm1d, convLayer: nn.Conv1d }),
  squeeze: () => new ops.SqueezeExcitation(8, 2),
  squeezeOther: () => new ops.SqueezeExcitation(8, 2, nn.SiLU, nn.Hardsigmoid),
  mlp: () => new ops.MLP(4, [8, 6, 3]),
  mlpOther: () => new ops.MLP(4, [8, 3], nn.LayerNorm, nn.GELU, null, false, 0.25),
  permute: () => new ops.Permute([0, 2, 1]),
  frozen: () => new ops.FrozenBatchNorm2d(5, 0.001),
  depth: () => new ops.StochasticDepth(0.25, "row"),
  block2dDrop: () => new ops.DropBlock2d(0.1, 3),
  block3dDrop: () => new ops.DropBlock3d(0.5, 5, true),
  roiAlign: () => new ops.RoIAlign(7, 1, 2),
  roiAlignOther: () => new ops.RoIAlign([7, 5], 0.25, -1, true),
  roiPool: () => new ops.RoIPool([3, 3], 0.5),
  psRoiAlign: () => new ops.PSRoIAlign(3, 1, 2),
  psRoiPool: () => new ops.PSRoIPool(3, 0.5),
  multiScale: () => new ops.MultiScaleRoIAlign(["a", "b"], 7, 2),
  deform: () => new ops.DeformConv2d(4, 6, 3),
  deformOther: () => new ops.DeformConv2d(4, 6, [3, 1], 2, 1, 2, 2, false),
  pyramid: () => new ops.FeaturePyramidNetwork([2, 3], 4),
  pyramidOther: () => new ops.FeaturePyramidNetwork([2, 3], 4, new ops.LastLevelP6P7(4, 4), nn.BatchNorm2d),
  pyramidPool: () => new ops.FeaturePyramidNetwork([2], 4, new ops.LastLevelMaxPool()),
};

const structureOf = (module: torch.nn.Module): Structure => ({
  repr: String(module),
  state: Object.entries(module.stateDict()).map(([key, value]) => [key, [...value.shape], value.dtype]),
});

const firstValues = (module: torch.nn.Module): number[] =>
  Object.values(module.stateDict())
    .filter((value) => value.isFloatingPoint() && value.numel() > 0)
    .map((value) => value.reshape(-1).at(0).item() as number);

const expectClose = (actual: readonly number[], wanted: readonly number[]) =>
  expect(difference(actual, wanted)).toBeLessThan(1e-5);

const boxes = (n: number, extent: number): torch.Tensor => {
  const corner = torch.rand([n, 2]).mul(extent);
  return torch.cat([corner, corner.add(torch.rand([n, 2]).mul(extent * 0.6))], 1);
};

describe("print-outs, keys, shapes, dtypes", () => {
  test.each(Object.entries(expected.structure))("%s", (name, structure) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(structureOf(modules[name]!())).toEqual(structure);
    expect(warn.mock.calls.flat().join()).toMatch(
      name === "blockAny" ? /^Don't use ConvNormActivation directly/ : /^$/,
    );
    warn.mockRestore();
  });
});

describe("initial values and outputs after manualSeed(0)", () => {
  const { called } = expected;

  test("FeaturePyramidNetwork", () => {
    torch.manualSeed(0);
    const net = new ops.FeaturePyramidNetwork([2, 3, 4], 4, new ops.LastLevelP6P7(4, 4));
    const maps: Record<string, torch.Tensor> = {};
    for (const i of [0, 1, 2]) maps[`f${i}`] = torch.rand([1, 2 + i, 16 >> i, 12 >> i]);
    expectClose(firstValues(net), called.pyramid.initial);
    const out = net(maps);
    expect(Object.keys(out)).toEqual(Object.keys(called.pyramid.out));
    for (const [key, [shape, values]] of Object.entries<[number[], number[]]>(called.pyramid.out)) {
      expect([...out[key]!.shape]).toEqual(shape);
      expectClose(numbersOf(out[key]!).slice(0, 8), values);
    }
  });

  test("MultiScaleRoIAlign", () => {
    torch.manualSeed(0);
    const pool = new ops.MultiScaleRoIAlign(["f0", "f2"], 2, 2, { canonicalScale: 32, canonicalLevel: 3 });
    const maps: Record<string, torch.Tensor> = {};
    for (const i of [0, 1, 2]) maps[`f${i}`] = torch.rand([2, 2, 32 >> i, 32 >> i]).requiresGrad_();
    const out = pool(
      maps,
      [boxes(4, 50), boxes(3, 50)],
      [
        [64, 60],
        [50, 64],
      ],
    );
    out.sum().backward();
    expect(pool.scales).toEqual(called.multiScale.scales);
    expectClose(numbersOf(out), called.multiScale.out);
    ["f0", "f2"].forEach((name, i) => {
      expectClose(numbersOf(maps[name]!.grad!).slice(0, 40), called.multiScale.grads[i]);
    });
  });

  test("DeformConv2d", () => {
    torch.manualSeed(0);
    const conv = new ops.DeformConv2d(4, 6, 3, { padding: 1, groups: 2 });
    const out = conv(torch.rand([1, 4, 5, 5]), torch.rand([1, 36, 5, 5]), torch.rand([1, 18, 5, 5]));
    expectClose(firstValues(conv), called.deform.initial);
    expectClose(numbersOf(out).slice(0, 30), called.deform.out);
  });

  test("SqueezeExcitation, Permute, MLP", () => {
    torch.manualSeed(0);
    const net = new nn.Sequential(
      new ops.SqueezeExcitation(4, 2),
      new ops.Permute([0, 2, 3, 1]),
      new ops.MLP(4, [6, 3], nn.LayerNorm, { dropout: 0.5 }),
    );
    const out = net(torch.rand([2, 4, 3, 3])) as torch.Tensor;
    expectClose(firstValues(net), called.blocks.initial);
    expectClose(numbersOf(out), called.blocks.out);
  });

  test("FrozenBatchNorm2d", () => {
    const frozen = new ops.FrozenBatchNorm2d(3);
    torch.manualSeed(0);
    for (const value of frozen.buffers()) value.copy_(torch.rand([3]).add(0.5));
    expectClose(numbersOf(frozen(torch.rand([1, 3, 2, 2]))), called.frozen.out);
  });
});

describe("state dicts of older versions", () => {
  test("FrozenBatchNorm2d takes those of BatchNorm2d", () => {
    const net = new nn.Sequential(new ops.FrozenBatchNorm2d(3), new ops.FrozenBatchNorm2d(3));
    const trained = new nn.Sequential(new nn.BatchNorm2d(3), new nn.BatchNorm2d(3));
    trained.at(1).weight!.detach().fill_(2);
    const state = trained.stateDict();
    expect(String(net.loadStateDict(state))).toBe("<All keys matched successfully>");
    expect(Object.keys(state)).toContain("1.num_batches_tracked");
    expect(numbersOf(net.at(1).weight)).toEqual([2, 2, 2]);
  });

  test("FeaturePyramidNetwork takes those whose blocks are convolutions", () => {
    const net = new ops.FeaturePyramidNetwork([2, 3], 4);
    const old = Object.fromEntries(
      Object.entries(net.stateDict()).map(([key, value]) => [key.replace(/\.0\.(weight|bias)$/, ".$1"), value.add(1)]),
    );
    expect(Object.keys(old)).toContain("inner_blocks.1.weight");
    const outer = new nn.Sequential([["fpn", new ops.FeaturePyramidNetwork([2, 3], 4)]]);
    outer.loadStateDict(Object.fromEntries(Object.entries(old).map(([key, value]) => [`fpn.${key}`, value])));
    net.loadStateDict(old);
    expect(numbersOf(net.stateDict()["inner_blocks.0.0.weight"]!)).toEqual(numbersOf(old["inner_blocks.0.weight"]!));
    expect(numbersOf(outer.stateDict()["fpn.layer_blocks.1.0.bias"]!)).toEqual(numbersOf(old["layer_blocks.1.bias"]!));
  });
});
