import * as torch from "kindling";
import { nn, optim } from "kindling";
import { describe, expect, test } from "vitest";

describe("the name of a class", () => {
  test("is its static className where it has one, and not that of its base", () => {
    const Named = class extends nn.Linear {
      static readonly className = "Projection";
    };
    class Later extends Named {}
    expect(String(new Named(2, 3))).toBe("Projection(in_features=2, out_features=3, bias=True)");
    expect(String(new Later(2, 3))).toBe("Later(in_features=2, out_features=3, bias=True)");
    expect(() => new Named(2, -1)).toThrow(/^Projection: outFeatures/);
    expect(torch.typename(new Named(1, 1))).toBe("Projection");
  });

  test("is what JavaScript calls it otherwise, also where className is no text", () => {
    class Net extends nn.Module {
      static readonly className = 3;
    }
    expect(String(new Net())).toBe("Net()");
    expect(String(new (class extends nn.Module {})())).toBe("()");
  });

  test("is the name of an error", () => {
    class Refused extends torch.ValueError {
      static readonly className = "RefusedError";
    }
    expect(new Refused("no").name).toBe("RefusedError");
    expect(String(new Refused("no"))).toBe("RefusedError: no");
    expect(new torch.ShapeError("x").name).toBe("ShapeError");
  });

  test("names optimizers, their errors, and custom functions in the graph", () => {
    class Plain extends optim.SGD {
      static readonly className = "Descent";
    }
    expect(String(new Plain([torch.zeros(1, { requiresGrad: true })], { lr: 1 }))).toMatch(/^Descent \(\n/);
    expect(() => new Plain([], { lr: 1 })).toThrow(/^Descent: optimizer got an empty parameter list/);
    class Double extends torch.autograd.Function {
      static readonly className = "Twice";
      static forward(_: unknown, x: torch.Tensor) {
        return x.mul(2);
      }
      static backward(_: unknown, g: torch.Tensor) {
        return g.mul(2);
      }
    }
    expect(Double.apply(torch.ones(1, { requiresGrad: true })).gradFn?.name).toBe("TwiceBackward");
  });

  test("namesakes of two families of models have theirs without a number", () => {
    for (const model of [torch.vision.models.mobilenetV2(), torch.vision.models.mobilenetV3Small()]) {
      expect(String(model)).toContain("): InvertedResidual(");
      expect(String(model)).not.toMatch(/\$\d/);
    }
  });
});

describe("a transposed convolution is known by what it is", () => {
  class Up extends nn.ConvTranspose2d {}
  class Down extends nn.Conv2d {}

  const withNorm = (conv: nn.Conv2d | nn.ConvTranspose2d) => {
    torch.manualSeed(0);
    const norm = new nn.BatchNorm2d(4);
    norm.runningMean!.copy_(torch.randn(4));
    norm.runningVar!.copy_(torch.rand(4).add(0.5));
    return [conv.eval(), norm.eval()] as const;
  };

  test.each([
    ["Conv2d", () => new Down(3, 4, 3)],
    ["ConvTranspose2d", () => new Up(3, 4, 3)],
    ["ConvTranspose2d with as many channels", () => new Up(4, 4, 3)],
  ])("a subclass of %s is fused with its normalization", (_, make) => {
    const [conv, norm] = withNorm(make());
    const x = torch.randn(2, conv.inChannels, 5, 5);
    const fused = nn.utils.fuseConvBnEval(conv, norm);
    expect(
      fused
        .forward(x)
        .sub(norm(conv.forward(x)))
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-5);
  });

  test("spectralNorm and the parametrizations take the axis of its outputs", () => {
    const old = nn.utils.spectralNorm(new Up(3, 5, 2)) as unknown as { weight_u: torch.Tensor };
    expect(old.weight_u.shape).toEqual([5]);
    const layer = new Up(3, 5, 2);
    nn.utils.parametrizations.spectralNorm(layer);
    const sigma = layer.weight.transpose(0, 1).flatten(1).svd().S.max().item();
    expect(Math.abs(Number(sigma) - 1)).toBeLessThan(0.35);
  });
});
