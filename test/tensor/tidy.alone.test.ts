/** Scopes leak nothing that they made, and keep what can still be reached. */
import * as torch from "kindling";
import { autograd, nn, optim, type Tensor } from "kindling";
import { describe, expect, test } from "vitest";

const blocks = (): number => torch.memoryStats().blocks;
const { tidy } = torch;
const { checkpoint } = torch.utils.checkpoint;

/** Blocks that 20 runs of a step leave behind, once it has run a few times. */
function leftBy(step: () => unknown): number {
  for (let i = 0; i < 4; i++) step();
  const before = blocks();
  for (let i = 0; i < 20; i++) step();
  return blocks() - before;
}

const layer = new nn.Linear(10, 10);
const x = torch.ones([4, 10]);
const clear = () => layer.zeroGrad();

class Exp extends autograd.Function {
  static forward(ctx: any, t: Tensor): Tensor {
    const y = t.exp();
    ctx.saveForBackward(y);
    ctx.mask = y.gt(1);
    return y;
  }
  static backward(ctx: any, g: Tensor): Tensor {
    return g.mul(ctx.savedTensors[0]).mul(ctx.mask.to("float32"));
  }
}

/** A buffer that each call replaces. */
class Average extends nn.Module {
  declare mean: Tensor;
  constructor() {
    super();
    this.registerBuffer("mean", torch.zeros([10]));
  }
  override forward(input: Tensor): Tensor {
    this.mean = this.mean.mul(0.5).add(input.mean(0));
    return input.sub(this.mean);
  }
}

describe("nothing is left of", () => {
  const average = new Average();
  const steps: Record<string, () => unknown> = {
    "a forward whose graph nobody runs": () => layer(x).tanh().sum().item(),
    "a second output": () => {
      clear();
      const h = layer(x).exp();
      h.mul(h).exp();
      h.sum().backward();
    },
    "a backward that keeps its graph": () => {
      clear();
      layer(x).tanh().sum().backward(null, { retainGraph: true });
    },
    "gradients of leaves that are made inside": () => {
      const leaf = torch.randn([3], { requiresGrad: true });
      leaf.exp().sum().backward();
      return leaf.grad!.tolist();
    },
    "retained gradients": () => {
      const h = layer(x);
      h.retainGrad();
      h.sum().backward();
      return h.grad!.sum().item();
    },
    "gradients with a graph": () => {
      const leaf = torch.randn([3], { requiresGrad: true });
      return autograd.grad(leaf.pow(3).sum(), [leaf], { createGraph: true })[0]!.sum().item();
    },
    "gradients that are read": () => {
      clear();
      layer(x).sum().backward();
      torch.noGrad(() => layer.weight.sub_(layer.weight.grad!.mul(0.1)));
    },
    "gradients that are assigned": () => {
      layer.weight.grad = torch.ones([10, 10]);
      layer.weight.grad = layer.weight.grad.mul(2);
    },
    "a checkpoint whose graph nobody runs": () =>
      checkpoint((t: Tensor) => layer(t).tanh().exp(), x)
        .sum()
        .item(),
    "hooks on saved tensors": () =>
      autograd.graph.savedTensorsHooks(
        (t) => t.clone(),
        (t) => t,
        () => layer(x).tanh().exp().sum().item(),
      ),
    "a custom function": () => Exp.apply(layer(x)).sum().item(),
    "changes in place": () => {
      const h = layer(x).clone();
      h.at(0).mul_(2);
      return h.exp_().sum().item();
    },
    "buffers that are replaced": () => average(x).sum().item(),
    "scopes in scopes": () => {
      const h = tidy(() => layer(x).tanh());
      return tidy(() => h.exp().sum()).item();
    },
  };
  for (const [name, step] of Object.entries(steps))
    test(name, () => {
      expect(leftBy(() => tidy(step))).toBe(0);
    });

  test("modules and optimizers made inside, in the end: a variable that no scope sees may hold them", () => {
    const image = torch.randn([4, 512]);
    const before = torch.memoryStats().allocated;
    let most = 0;
    for (let i = 0; i < 300; i++) {
      tidy(() => {
        const model = new nn.Linear(512, 512);
        const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
        model(image).sum().backward();
        optimizer.step();
      });
      most = Math.max(most, torch.memoryStats().allocated - before);
    }
    // 900 MiB were made.
    expect(most).toBeLessThan(400 * 2 ** 20);
  });

  test("what an outer variable holds of modules and optimizers lives", () => {
    let model: torch.nn.Linear | undefined;
    let optimizer: torch.optim.Optimizer | undefined;
    const list = new nn.ModuleList();
    for (let i = 0; i < 3; i++)
      tidy(() => {
        model ??= new nn.Linear(10, 10);
        optimizer ??= new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
        const added = new nn.Linear(10, 10);
        model(added(x)).sum().backward();
        list.append(added);
        optimizer.step();
      });
    for (const added of list) expect(model!(added(x)).shape).toEqual(x.shape);
  });

  test("what a module collects in a list lives, however long the list is", () => {
    class Recorder extends nn.Module {
      readonly means: torch.Tensor[] = [];
      override forward(input: torch.Tensor): torch.Tensor {
        this.means.push(input.mean());
        return input;
      }
    }
    const recorder = new Recorder();
    for (let i = 0; i < 1003; i++) tidy(() => void recorder(x));
    expect(recorder.means.map((mean) => mean.item())).toEqual(new Array(1003).fill(x.mean().item()));
  });

  test.each([null, "strong_wolfe"] as const)("LBFGS with line search %s", (lineSearchFn) => {
    const w = torch.randn([6], { requiresGrad: true });
    const options = { lineSearchFn, historySize: 3, maxIter: 4, toleranceChange: 0, toleranceGrad: 0 };
    const optimizer = new optim.LBFGS([w], options);
    const closure = () => {
      optimizer.zeroGrad();
      const loss = w.sub(2).pow(4).sum().add(w.mul(3).sin().sum());
      loss.backward();
      return loss;
    };
    expect(leftBy(() => tidy(() => optimizer.step(closure).item()))).toBe(0);
  });

  test("a body that throws, or a hook that does", () => {
    const failing = (body: () => void) => () => expect(() => tidy(body)).toThrow("stop");
    const stop = () => {
      throw new RangeError("stop");
    };
    expect(leftBy(failing(() => void [layer(x).tanh(), stop()]))).toBe(0);
    const inHook = failing(() => {
      clear();
      const h = layer(x).tanh();
      h.registerHook(stop);
      h.sum().backward();
    });
    expect(leftBy(inHook)).toBe(0);
    expect([torch.isGradEnabled(), layer(x).requiresGrad]).toEqual([true, true]);
  });
});

describe("it lives on:", () => {
  test("the graph behind a result, whatever it saved", () => {
    const bodies = [
      () => layer(x).tanh().sum(),
      () => Exp.apply(layer(x)).sum(),
      () =>
        autograd.graph.savedTensorsHooks(
          (t) => t.clone(),
          (t) => t,
          () => layer(x).tanh().sum(),
        ),
      () => checkpoint((t: Tensor) => layer(t).tanh(), x).sum(),
    ];
    for (const body of bodies) {
      clear();
      body().backward();
      const right = layer.weight.grad!.tolist();
      clear();
      tidy(() => tidy(body)).backward();
      expect(layer.weight.grad!.tolist()).toEqual(right);
    }
  });

  test("the history of a tensor from outside that was changed in place", () => {
    const w = torch.ones([3], { requiresGrad: true });
    const h = w.mul(1);
    tidy(() => {
      h.mul_(w.exp());
      h.at(0).mul_(w.sum().exp());
    });
    h.sum().backward();
    expect(w.grad!.isfinite().all().item()).toBe(true);
  });

  test("a gradient that was read in the scope, until the scope ends", () => {
    const w = torch.ones([2], { requiresGrad: true });
    w.mul(3).sum().backward();
    tidy(() => {
      const seen = w.grad!;
      tidy(() => {
        w.grad = null;
      });
      expect(seen.tolist()).toEqual([3, 3]);
    });
    w.mul(4).sum().backward();
    const returned = tidy(() => w.grad!);
    tidy(() => {
      w.grad = null;
    });
    expect(returned.tolist()).toEqual([4, 4]);
  });

  test("what a module from outside holds: buffers, fields, layers of its own", () => {
    class Net extends nn.Module {
      declare head: nn.Linear;
      declare hidden: Tensor;
      past: Tensor[] = [];
      override forward(input: Tensor): Tensor {
        this.head ??= new nn.Linear(10, 2);
        this.hidden = input.mul(2);
        this.past = [...this.past.slice(-1), input.sum()];
        return this.head(input);
      }
    }
    const [net, average] = [new Net(), new Average()];
    for (let i = 0; i < 3; i++) tidy(() => [net(x).sum().item(), average(x).sum().item()]);
    expect([net.hidden.sum().item(), net.past.map((t) => t.item())]).toEqual([80, [40, 40]]);
    expect([net(x).shape, average.mean.at(0).item()]).toEqual([[4, 2], 1.75]);
  });

  test("a layer that is added to a container from outside", () => {
    const stack = new nn.Sequential();
    tidy(() => {
      stack.append(new nn.Linear(10, 3));
      return stack(x).sum().item();
    });
    expect(stack(x).shape).toEqual([4, 3]);
  });

  test("a buffer that was read outside, when a scope replaces it", () => {
    const average = new Average();
    tidy(() => average(x).sum().item());
    const before = average.mean;
    tidy(() => average(x).sum().item());
    expect([before.at(0).item(), average.mean.at(0).item()]).toEqual([1, 1.5]);
  });

  test("the state of a user's optimizer", () => {
    class Momentum extends optim.Optimizer<{ lr?: number }, { m: Tensor }> {
      constructor(params: Tensor[]) {
        super(params, { lr: 0.1 });
      }
      protected override advance(): undefined {
        for (const p of this.paramGroups.flatMap((group) => group.params)) {
          const m = (this.state.get(p)?.m ?? torch.zerosLike(p)).mul(0.9).add(p.grad!);
          this.state.set(p, { m });
          torch.noGrad(() => p.sub_(m.mul(0.1)));
        }
      }
    }
    const w = torch.ones([2], { requiresGrad: true });
    const optimizer = new Momentum([w]);
    for (let i = 0; i < 3; i++)
      tidy(() => {
        optimizer.zeroGrad();
        w.sum().backward();
        optimizer.step();
      });
    expect(optimizer.state.get(w)!.m.at(0).item()).toBeCloseTo(2.71, 5);
  });

  test("modules that only were made, or that a returned function or object may hold", () => {
    let made!: nn.Linear;
    tidy(() => {
      made = new nn.Linear(10, 2);
    });
    const predict = tidy(() => {
      const model = new nn.Linear(10, 3);
      model(x);
      return (input: Tensor) => model(input);
    });
    const { model, optimizer } = tidy(() => {
      const inner = new nn.Linear(10, 5);
      const adam = new optim.Adam(inner.parameters());
      inner(x).sum().backward();
      adam.step();
      return { model: inner, optimizer: adam };
    });
    optimizer.step();
    expect([made(x).shape, predict(x).shape, model(x).shape]).toEqual([
      [4, 2],
      [4, 3],
      [4, 5],
    ]);
  });
});

test("async functions and generators are refused, and leave everything as it was", async () => {
  const before = blocks();
  const words = /tidy: takes a synchronous function, got .*await outside/;
  expect(() => tidy(async () => torch.ones([2]))).toThrow(torch.ArgumentError);
  const late = async () => {
    const y = torch.ones([2]);
    await null;
    return y.add(1);
  };
  expect(() => tidy(() => late())).toThrow(words);
  expect(() => tidy(() => [1, { promise: late() }])).toThrow(words);
  expect(() => tidy(() => torch.noGrad(late))).toThrow(words);
  expect(() =>
    tidy(function* () {
      yield 1;
    }),
  ).toThrow(words);
  expect(() => tidy(() => torch.ones([2])[Symbol.iterator]())).toThrow(words);
  expect(() => tidy(5 as unknown as () => void)).toThrow("tidy: takes a function, got 5");
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect([blocks(), torch.isGradEnabled(), tidy(() => 1)]).toEqual([before, true, 1]);
});

test("a result may refer to itself", () => {
  const result: { self?: object; y?: Tensor } = {};
  tidy(() => Object.assign(result, { self: result, y: torch.ones([2]) }));
  expect(result.y!.tolist()).toEqual([1, 1]);
});

test("checkpoints and closures of optimizers refuse async functions", () => {
  const late = async () => layer(x);
  expect(() => checkpoint(late as any)).toThrow(/^checkpoint: takes a synchronous function/);
  const optimizer = new optim.SGD(layer.parameters(), { lr: 0.1 });
  expect(() => optimizer.step(late)).toThrow(/^step: takes a synchronous function/);
});
