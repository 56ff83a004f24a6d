/** Whatever changes between calls of a compiled function is seen: nothing of what it depends on is frozen. */
import * as torch from "kindling";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { expectSame } from "./same";

type Tensor = torch.Tensor;
const { nn } = torch;
const F = nn.functional;

const warnings = vi.spyOn(console, "warn");
beforeEach(() => {
  torch.manualSeed(0);
  warnings.mockImplementation(() => {});
});
afterEach(() => warnings.mockReset());

/** Calls the compiled function and the function itself, and compares. */
function check(f: (x: Tensor) => Tensor, args: (call: number) => [Tensor], calls = 8) {
  const g = torch.compile(f);
  for (let call = 0; call < calls; call++) {
    const given = args(call);
    expectSame(g(...given), f(...given));
  }
  return torch.compiler.explain(g);
}

describe("between calls", () => {
  test("numbers of the closure may change", () => {
    let scale = 2;
    const f = (x: Tensor) => x.mul(scale).add(1);
    const { compiledCallCount, recordCount } = check(f, (call) => {
      scale = 2 + (call % 3);
      return [torch.randn(5, 3)];
    });
    expect([compiledCallCount, recordCount]).toEqual([5, 3]);
  });

  test("and where they always do, the function runs as it is, and says so once", () => {
    let scale = 0;
    const f = (x: Tensor) => x.mul(scale).add(1);
    const given = (call: number): [Tensor] => {
      scale = call / 7;
      return [torch.randn(3)];
    };
    check(f, given, 15);
    expect(warnings).toHaveBeenCalledOnce();
    expect(warnings.mock.calls[0]![0]).toMatch(/^torch\.compile: f was recorded 8 times.*better given as tensors/);
  });

  test("tensors of the closure may be others, and be changed in place", () => {
    let w = torch.randn(3);
    const { compiledCallCount } = check(
      (x) => x.mul(w).add(1),
      (call) => {
        if (call % 3 === 0) w = torch.randn(3);
        else w.add_(1);
        return [torch.randn(5, 3)];
      },
    );
    expect(compiledCallCount).toBe(7);
  });

  test("it may take another way", () => {
    let isFirst = true;
    const f = (x: Tensor) => (isFirst ? x.mul(2).exp() : x.mul(2).relu().add(1).tanh()).mul(3);
    const { compiledCallCount } = check(f, (call) => {
      isFirst = call % 3 !== 1;
      return [torch.randn(5)];
    });
    expect(compiledCallCount).toBe(6);
  });

  test("shapes, dtypes and layouts may change", () => {
    const sizes = [1, 5, 0, 7, 3];
    const f = (x: Tensor) => x.mul(2).exp().sum(0);
    check(f, (call) => [torch.randn(sizes[call % 5]!, 4)], 15);
    check(f, (call) => [torch.ones([3, 4], { dtype: call % 2 === 0 ? torch.float32 : torch.float64 })]);
    check(f, (call) => [call % 2 === 0 ? torch.randn(3, 4) : torch.randn(4, 3).t()]);
  });

  test("a value that is read may decide", () => {
    const f = (x: Tensor) => {
      const y = x.mul(2);
      return y.sum().item() > 0 ? y.exp() : y.neg().add(1);
    };
    const { breakReasons } = check(f, () => [torch.randn(3)], 12);
    expect(breakReasons).toEqual(["values are read by the function"]);
  });

  test("the mode of gradients may change", () => {
    const g = torch.compile((x: Tensor) => x.mul(2).exp());
    const x = torch.randn(3, { requiresGrad: true });
    for (let call = 0; call < 6; call++) {
      const y = call % 2 === 0 ? torch.noGrad(() => g(x)) : g(x);
      expect(y.requiresGrad).toBe(call % 2 === 1);
    }
  });
});

describe("what a program cannot hold ends it", () => {
  test("random numbers are drawn anew", () => {
    const drop = (x: Tensor) => F.dropout(x.mul(2), { p: 0.5 }).relu();
    const g = torch.compile(drop);
    for (let call = 0; call < 4; call++) {
      const x = torch.randn(6, 4);
      torch.manualSeed(call);
      const expected = drop(x);
      torch.manualSeed(call);
      expectSame(g(x), expected);
    }
    expect(torch.compiler.explain(g).graphBreakCount).toBe(1);
  });

  test("inputs that are changed in place", () => {
    const f = (x: Tensor) => {
      const y = x.mul(2);
      x.add_(1);
      return y.add(x);
    };
    const g = torch.compile(f);
    for (let call = 0; call < 4; call++) {
      const a = torch.randn(4);
      const b = a.clone();
      expectSame(g(a), f(b));
      expectSame(a, b);
    }
  });

  test.each<[string, (x: Tensor) => Tensor]>([
    ["view", (x) => x.view(-1)],
    ["narrow", (x) => x.narrow(0, 1, 2)],
    ["detach", (x) => x.detach()],
  ])("inputs that are changed through a view: %s", (_, viewOf) => {
    const f = (x: Tensor) => {
      viewOf(x).mul_(2);
      return x.add(1);
    };
    const g = torch.compile(f);
    for (let call = 0; call < 4; call++) {
      const a = torch.randn(4);
      const b = a.clone();
      expectSame(g(a), f(b));
      expectSame(a, b);
      expect(a._version).toBe(b._version);
    }
  });

  test("buffers of a module", () => {
    const make = () => new nn.Sequential(new nn.Linear(4, 8), new nn.BatchNorm1d(8), new nn.ReLU());
    const model = make();
    const other = make();
    other.loadStateDict(model.stateDict());
    const g = torch.compile(model);
    for (let call = 0; call < 4; call++) {
      const x = torch.randn(6, 4);
      expectSame(g(x), other(x));
    }
    for (const [name, buffer] of other.namedBuffers()) {
      const own = new Map(model.namedBuffers()).get(name)!;
      expectSame(own.double(), buffer.double());
    }
  });

  test("hooks, custom functions and gradients inside", () => {
    class Square extends torch.autograd.Function {
      static forward(ctx: torch.autograd.FunctionCtx<[Tensor]>, x: Tensor) {
        ctx.saveForBackward(x);
        return x.mul(x);
      }
      static backward(ctx: torch.autograd.FunctionCtx<[Tensor]>, g: Tensor) {
        return g.mul(ctx.savedTensors[0]).mul(2);
      }
    }
    const functions = [
      (x: Tensor) => Square.apply(x.mul(2)).exp(),
      (x: Tensor) => torch.autograd.grad(x.mul(2).exp().sum(), [x], { createGraph: true })[0].mul(2),
      (x: Tensor) => {
        const y = x.mul(2);
        y.registerHook((g) => g.mul(10));
        return y.exp();
      },
    ];
    for (const f of functions) {
      const g = torch.compile(f);
      for (let call = 0; call < 4; call++) {
        const x = torch.randn(4, { requiresGrad: true });
        const [a] = torch.autograd.grad(g(x).sum(), [x]);
        expectSame(a, torch.autograd.grad(f(x).sum(), [x])[0]);
      }
    }
  });

  test("functions that are to be left alone", () => {
    const seen: number[] = [];
    const look = torch.compiler.disable((x: Tensor) => seen.push(x.sum().item()));
    const f = (x: Tensor) => {
      const y = x.mul(2);
      look(y);
      return y.exp();
    };
    check(f, () => [torch.ones(2)], 3);
    expect(seen).toEqual(new Array(6).fill(4));
  });
});
