/** What calls of a compiled function leave behind, and what they say when something is wrong. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { expectSame } from "./same";

type Tensor = torch.Tensor;
const { nn } = torch;
const F = nn.functional;

describe("what is hidden from the arguments of ops", () => {
  test("modes that are set inside", () => {
    const g = torch.compile((x: Tensor) => {
      torch.setDefaultDtype(torch.float64);
      const y = torch.zeros(2).add(x.double());
      torch.setDefaultDtype(torch.float32);
      return y.mul(2);
    });
    for (let call = 0; call < 3; call++) {
      expect(g(torch.ones(2)).dtype).toBe("float64");
      expect(torch.getDefaultDtype()).toBe("float32");
    }
  });

  test("leaves that are made inside", () => {
    let w: Tensor | undefined;
    const g = torch.compile((x: Tensor) => {
      w = torch.zeros(2, { requiresGrad: true });
      return x.mul(w.add(1)).exp();
    });
    for (let call = 0; call < 3; call++) {
      g(torch.ones(2)).sum().backward();
      expect([w!.isLeaf, w!.grad!.tolist()]).toEqual([true, [Math.fround(Math.E), Math.fround(Math.E)]]);
    }
  });

  test("gradients of parameters", () => {
    const layer = new nn.Linear(3, 3);
    const g = torch.compile((x: Tensor) => {
      layer.zeroGrad();
      layer(x).sum().backward();
      nn.utils.clipGradNorm_(layer.parameters(), 0.1);
      return layer.weight.grad!.mul(1);
    });
    for (let call = 0; call < 3; call++) expect(g(torch.randn(2, 3)).norm().item()).toBeLessThan(0.101);
  });

  test("fields of the module that keep tensors", () => {
    class Keeping extends nn.Module {
      fc = new nn.Linear(3, 3);
      h = torch.zeros(1);
      override forward(x: Tensor): Tensor {
        this.h = this.fc(x).tanh();
        return this.h.mul(2);
      }
    }
    const model = new Keeping();
    const g = torch.compile(model);
    for (let call = 0; call < 3; call++) {
      const y = g(torch.randn(2, 3));
      torch.noGrad(() => model.fc.weight.add_(0.1));
      expectSame(y, model.h.mul(2));
    }
  });

  test("code after an await", async () => {
    const g = torch.compile(async (x: Tensor) => {
      const y = x.mul(2).add(1);
      await Promise.resolve();
      return y.exp();
    });
    for (let call = 0; call < 3; call++) {
      const x = torch.randn(3);
      expectSame(await g(x), x.mul(2).add(1).exp());
    }
  });
});

describe("tensors of a call", () => {
  test("may be disposed inside", () => {
    const f = (x: Tensor) => {
      const y = x.mul(2).tanh();
      const s = y.sum().item();
      const z = y.mul(3);
      y.dispose();
      return z.add(s);
    };
    const g = torch.compile(f);
    for (let call = 0; call < 3; call++) {
      const x = torch.randn(4, { requiresGrad: true });
      expectSame(torch.autograd.grad(g(x).sum(), [x])[0], torch.autograd.grad(f(x).sum(), [x])[0]);
    }
  });

  test("may be kept by the caller's code", () => {
    const kept: Tensor[] = [];
    const g = torch.compile((x: Tensor) => {
      const h = x.mul(2);
      kept.push(h);
      return h.add(1);
    });
    const xs = Array.from({ length: 5 }, () => torch.randn(4));
    for (const x of xs) g(x);
    kept.forEach((h, i) => {
      expectSame(h, xs[i]!.mul(2));
    });
  });

  test("may go from call to call", () => {
    let [h, expected] = [torch.zeros(3), torch.zeros(3)];
    const g = torch.compile((x: Tensor) => {
      h = h.mul(0.5).add(x);
      return h.tanh();
    });
    for (let call = 0; call < 6; call++) {
      const x = torch.randn(3);
      expected = expected.mul(0.5).add(x);
      expectSame(g(x), expected.tanh());
    }
  });

  test("are views and inputs where they were", () => {
    const g = torch.compile((x: Tensor): [Tensor, Tensor, Tensor, Tensor] => {
      const y = x.mul(3);
      return [x, x.t(), y, y.view(-1)];
    });
    for (let call = 0; call < 3; call++) {
      const x = torch.randn(2, 2);
      const [same, turned, y, flat] = g(x);
      expect(same).toBe(x);
      expect(turned._base).toBe(x);
      flat.fill_(7);
      expectSame(y, torch.full([2, 2], 7));
    }
  });

  test("have one step of history, which is freed, kept and checked as any", () => {
    const g = torch.compile((x: Tensor) => x.mul(2).exp());
    for (let call = 0; call < 3; call++) {
      const x = torch.randn(4, { requiresGrad: true });
      const y = g(x);
      if (call > 0) expect(y.gradFn!.name).toBe("CompiledFunctionBackward");
      const loss = y.sum();
      loss.backward({ retainGraph: true });
      loss.backward();
      expectSame(x.grad!, x.mul(2).exp().mul(4));
      expect(() => loss.backward()).toThrow(/second time/);
      const z = g(x);
      torch.noGrad(() => z.add_(1));
      expect(() => z.sum().backward()).toThrow(/modified by an inplace operation/);
    }
  });

  test("give their memory back", () => {
    const g = torch.compile((x: Tensor) => x.mul(2).exp().sum(1));
    const x = torch.randn(100, 100, { requiresGrad: true });
    const step = () => torch.tidy(() => g(x).sum().backward());
    for (let i = 0; i < 5; i++) step();
    const before = torch.memoryStats().allocated;
    for (let i = 0; i < 50; i++) step();
    expect(torch.memoryStats().allocated - before).toBeLessThan(100_000);
  });
});

describe("modules", () => {
  test("keep their fields, methods and parameters", () => {
    const model = new nn.Sequential(new nn.Linear(4, 8), new nn.GELU(), new nn.Linear(8, 2));
    const g = torch.compile(model);
    for (let call = 0; call < 3; call++) {
      const x = torch.randn(6, 4);
      expectSame(g(x), model(x));
    }
    expect(g).toBeInstanceOf(nn.Module);
    expect([...g.parameters()].length).toBe(4);
    expect(Object.keys(g.stateDict())).toEqual(Object.keys(model.stateDict()));
    g.eval();
    expect(model.training).toBe(false);
    expect(torch.compiler.explain(g).compiledCallCount).toBe(2);
  });

  test("train as without it", () => {
    const make = () => {
      torch.manualSeed(3);
      return new nn.Sequential(new nn.Linear(4, 8), new nn.Tanh(), new nn.Linear(8, 1));
    };
    const [x, y] = [torch.randn(16, 4), torch.randn(16, 1)];
    const losses = [make(), torch.compile(make())].map((model) => {
      const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.01 });
      return Array.from({ length: 20 }, () => {
        optimizer.zeroGrad();
        const loss = F.mseLoss(model(x), y);
        loss.backward();
        optimizer.step();
        return loss.item();
      });
    });
    losses[1]!.forEach((loss, i) => {
      expect(loss).toBeCloseTo(losses[0]![i]!, 5);
    });
  });
});

test("a compiled module is a part of others", () => {
  const model = new torch.nn.Sequential(
    torch.compile(new torch.nn.Linear(2, 2)),
    torch.compile(new torch.nn.BatchNorm1d(2)),
  );
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
  model(torch.randn([4, 2]))
    .sum()
    .backward();
  optimizer.step();
  model.zeroGrad();
  expect(model.namedParameters().map(([name]) => name)).toEqual(["0.weight", "0.bias", "1.weight", "1.bias"]);
  expect(model.buffers().length).toBe(3);
  expect(model.getParameter("0.weight").shape).toEqual([2, 2]);
  expect(() => model.getParameter("0.none")).toThrow(/has no attribute `none`/);
  expect(() => model.getSubmodule("0.none")).toThrow(/has no attribute `none`/);
  expect(model.to("float64")(torch.ones([4, 2], { dtype: "float64" })).dtype).toBe("float64");
});

test("what the library checks of tensors that are still to be computed", () => {
  const f = torch.compile((x: Tensor) => new torch.distributions.Normal(x, x.exp()).logProb(x));
  const strided = torch.compile((x: Tensor) => new torch.distributions.Normal(x, x.t().exp().mul(2).t()).logProb(x));
  const x = torch.randn([3, 3]);
  for (let call = 0; call < 3; call++) {
    expectSame(f(x), x.neg().sub(0.5 * Math.log(2 * Math.PI)));
    expectSame(strided(x), x.neg().sub(Math.log(2) + 0.5 * Math.log(2 * Math.PI)));
  }
});

describe("errors", () => {
  test("are those of the ops", () => {
    const f = (x: Tensor, y: Tensor) => x.mul(2).matmul(y);
    const g = torch.compile(f);
    const x = torch.randn(3, 4);
    for (let call = 0; call < 2; call++) g(x, torch.randn(4, 2));
    expect(() => g(x, torch.randn(3, 2))).toThrow(/^matmul: /);
    const pick = torch.compile((v: Tensor, i: Tensor) => v.indexSelect(0, i).mul(2));
    const indices = (...values: number[]) => torch.tensor(values, { dtype: torch.int64 });
    for (let call = 0; call < 2; call++) pick(x, indices(0, 2));
    expect(() => pick(x, indices(0, 9))).toThrow(torch.IndexError);
    expectSame(pick(x, indices(1, 0)), x.indexSelect(0, indices(1, 0)).mul(2));
  });

  test("of the function itself pass", () => {
    let fails = false;
    const g = torch.compile((x: Tensor) => {
      const y = x.mul(2);
      if (fails) throw new Error("mine");
      return y.add(1);
    });
    const x = torch.randn(3);
    for (fails of [false, false, true]) if (!fails) g(x);
    expect(() => g(x)).toThrow("mine");
    fails = false;
    expectSame(g(x), x.mul(2).add(1));
  });

  test("of an op, which the function catches, leave nothing behind", () => {
    const wrong = torch.ones([5, 5]);
    const g = torch.compile((x: Tensor, part: Tensor, isTried: boolean) => {
      if (isTried)
        try {
          x.matmul(wrong);
        } catch {}
      return part.add(1).exp();
    });
    const x = torch.ones([3]);
    for (const isTried of [true, false, false, true])
      expectSame(g(x, x.narrow(0, 0, 2), isTried), torch.full([2], 2).exp());
  });

  test("say what is wrong with the arguments", () => {
    const compile = torch.compile as (...args: unknown[]) => unknown;
    expect(() => compile(3)).toThrow(/^compile: model must be a function or a module, got 3/);
    expect(() => compile(() => 1, { backend: "cuda" })).toThrow(/^compile: backend must be "inductor" or "eager"/);
    expect(() => compile(() => 1, { mode: "fast" })).toThrow(/^compile: mode must be one of/);
    expect(() => compile(() => 1, { full_graph: true })).toThrow(/^compile: .*full_graph/);
    expect(() => torch.compiler.explain(() => 1)).toThrow(/takes what torch\.compile gave/);
  });

  test("fullgraph wants one program", () => {
    const g = torch.compile((x: Tensor) => x.mul(x.mul(2).sum().item()), { fullgraph: true });
    expect(() => g(torch.randn(3))).toThrow(/^compile: .*as a whole.*values are read/);
  });
});

test("without compiling, the function is given as it is", () => {
  const f = (x: Tensor) => x.mul(2);
  expect(torch.compile(f, { disable: true })).toBe(f);
  expect(torch.compile(f, { backend: "eager" })).toBe(f);
});

test("isCompiling, reset and explain", () => {
  const states: boolean[] = [];
  const g = torch.compile((x: Tensor) => {
    states.push(torch.compiler.isCompiling());
    return x.mul(2).add(1);
  });
  for (let call = 0; call < 2; call++) g(torch.ones(2));
  expect([...states, torch.compiler.isCompiling()]).toEqual([true, true, false]);
  expect(torch.compiler.explain(g)).toMatchObject({ callCount: 2, compiledCallCount: 1, graphCount: 1, opCount: 2 });
  torch.compiler.reset();
  expect(torch.compiler.explain(g).graphCount).toBe(0);
  expectSame(g(torch.ones(2)), torch.full([2], 3));
});
