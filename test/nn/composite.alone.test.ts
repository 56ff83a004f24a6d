/** What modules that are made of others give back when they are over, and what they leave to users who have seen it. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn, vision } = torch;
const blocks = (): number => torch.memoryStats().blocks;

const layers = () => new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 4), new nn.Tanh());
const transformer = () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(8, 2, 16, { dropout: 0 }), 2).eval();

const tiny = { growthRate: 4, numInitFeatures: 8, numClasses: 10 };

const models: Record<string, [() => torch.nn.Module, number[]]> = {
  Sequential: [layers, [2, 4]],
  "Sequential in Sequential": [() => new nn.Sequential(layers(), layers(), new nn.Flatten(0)), [2, 4]],
  LeNet: [() => new vision.models.LeNet(), [2, 3, 32, 32]],
  ResNet: [() => new vision.models.ResNet(vision.models.BasicBlock, [1, 1, 1, 1], 10).eval(), [1, 3, 32, 32]],
  DenseNet: [() => new vision.models.DenseNet({ ...tiny, blockConfig: [2, 2, 2, 2] }).eval(), [1, 3, 32, 32]],
  SwinTransformer: [() => new vision.models.SwinTransformer([4, 4], 8, [2, 2], [2, 2], [4, 4]).eval(), [1, 3, 32, 32]],
  TransformerEncoder: [transformer, [5, 1, 8]],
};

test.each(Object.entries(models))("%s leaves its result alone", (_, [create, shape]) => {
  const model = create();
  const x = torch.randn(shape);
  const run = () => torch.noGrad(() => model(x) as Tensor);
  const expected = torch.tidy(() => run().tolist());
  const before = blocks();
  const result = run();
  expect(blocks()).toBe(before + 1);
  expect(result.tolist()).toEqual(expected);
});

test.each(Object.entries(models))(
  "%s leaves nothing of a step of training but result, loss and gradients",
  (_, [create, shape]) => {
    const model = create();
    const x = torch.randn(shape);
    const step = () => {
      const result = model(x) as Tensor;
      const loss = result.square().mean();
      loss.backward();
      return [result, loss];
    };
    torch.tidy(() => void step());
    const gradients = model.parameters().map((p) => p.grad!.clone());
    model.zeroGrad();
    const before = blocks();
    const used = model.parameters().length;
    step();
    // The square, which nobody gave back, is left, too.
    expect(blocks()).toBeLessThanOrEqual(before + used + 3);
    for (const [i, p] of model.parameters().entries()) expect(p.grad!.equal(gradients[i]!)).toBe(true);
  },
);

test("what hooks have seen lives", () => {
  const model = layers();
  const seen: Tensor[] = [];
  for (const layer of [model[0], model[1]] as torch.nn.Module[])
    layer.registerForwardHook((_: unknown, args: Tensor[], output: Tensor) => {
      seen.push(args[0]!, output, output.mul(2));
    });
  model[3]!.registerForwardPreHook((_: unknown, args: Tensor[]) => {
    seen.push(args[0]!);
  });
  const x = torch.ones(2, 4);
  const result = model(x);
  expect(seen[0]).toBe(x);
  const [first, second] = [model[0]!.forward(x), model[1]!.forward(seen[1]!)] as [Tensor, Tensor];
  expect(seen[1]!.tolist()).toEqual(first.tolist());
  expect(seen[3]!.tolist()).toEqual(first.tolist());
  expect(seen[4]!.tolist()).toEqual(second.tolist());
  expect(seen[5]!.tolist()).toEqual(second.mul(2).tolist());
  expect(seen[6]!.tanh().tolist()).toEqual(result.tolist());
});

test("what hooks of all modules have seen lives", () => {
  const seen: Tensor[] = [];
  const handle = nn.registerModuleForwardHook((_: unknown, __: unknown, output: Tensor) => {
    seen.push(output);
  });
  try {
    new nn.Sequential(layers())(torch.ones(1, 4));
    // Those of four layers; the result is that of both containers as well.
    expect(seen.map((x) => x.tolist()).length).toBe(6);
  } finally {
    handle.remove();
  }
});

class Keeper extends nn.Module {
  override forward(x: Tensor): Tensor {
    kept.push(x, x.add(1));
    return x.mul(2);
  }
}
const kept: Tensor[] = [];

const patched = () => {
  const layer = new nn.ReLU();
  layer.forward = (x: Tensor) => {
    kept.push(x, x.add(1));
    return x.mul(2);
  };
  return layer;
};

class MyLinear extends nn.Linear {
  constructor() {
    super(4, 4);
  }
  override forward(x: Tensor): Tensor {
    kept.push(x, x.add(1));
    return super.forward(x);
  }
}

test.each([
  ["a class of its own", () => new Keeper()],
  ["another forward", patched],
  ["a subclass of a layer", () => new MyLinear()],
  ["a Sequential of a user's layer", () => new nn.Sequential(new nn.ReLU(), new Keeper())],
])("what a user's layer has seen and made lives: %s", (_, create) => {
  kept.length = 0;
  const model = new nn.Sequential(new nn.Linear(4, 4), create(), new nn.ReLU());
  model(torch.ones(2, 4)).sum().backward();
  expect(kept.length).toBe(2);
  expect(kept[1]!.tolist()).toEqual(kept[0]!.add(1).tolist());
});

test("what a user's activation has seen and made lives", () => {
  const seen: Tensor[] = [];
  const own = (x: Tensor) => {
    seen.push(x, x.add(1));
    return x.sigmoid();
  };
  const layer = new nn.TransformerEncoderLayer(8, 2, 16, { activation: own });
  const later = new nn.TransformerEncoderLayer(8, 2, 16);
  later.activation = own;
  new nn.Sequential(layer, later)(torch.ones(3, 1, 8));
  expect(seen.length).toBe(4);
  for (const i of [0, 2]) expect(seen[i + 1]!.tolist()).toEqual(seen[i]!.add(1).tolist());
});

test("what a view is of lives with it", () => {
  const bases: (Tensor | null)[] = [];
  class Looks extends nn.Module {
    override forward(x: Tensor): Tensor {
      bases.push(x._base);
      return x.relu();
    }
  }
  const start = () => new nn.Sequential(new nn.Linear(4, 4), new nn.Flatten(0));
  bases.push(start()(torch.ones(2, 4))._base);
  new nn.Sequential(start(), new Looks())(torch.ones(2, 4));
  for (const base of bases) expect(base!.shape).toEqual([2, 4]);
});

test("what fields that are computed make lives", () => {
  class Computed extends nn.Linear {
    last: Tensor | undefined;
    constructor() {
      super(4, 4, { bias: false });
      const raw = this.weight;
      Reflect.deleteProperty(this, "weight");
      Object.defineProperty(this, "weight", { get: () => (this.last ??= raw.mul(2)) });
    }
  }
  const layer = new nn.Linear(4, 4, { bias: false });
  const raw = layer.weight;
  let last: Tensor | undefined;
  Reflect.deleteProperty(layer, "weight");
  Object.defineProperty(layer, "weight", { get: () => (last ??= raw.mul(2)) });
  const model = new nn.Sequential(new Computed(), layer, new nn.ReLU());
  const x = torch.ones(2, 4);
  expect(model(x).tolist()).toEqual(model(x).tolist());
});

test("what a method that a user's subclass overrides makes lives", () => {
  const seen: Tensor[] = [];
  class Layer extends nn.TransformerEncoderLayer {}
  (Layer.prototype as any).attend = function (this: any, x: Tensor): Tensor {
    const [output, weights] = this.selfAttn(x, x, x, { needWeights: true });
    seen.push(weights);
    return this.dropout1(output);
  };
  new nn.TransformerEncoder(new Layer(4, 2, 8), 2)(torch.ones(2, 1, 4));
  expect(seen.length).toBe(2);
  for (const weights of seen) expect(weights.isfinite().all().item()).toBe(true);
});

test("what users' layers pass on is not looked through", () => {
  let list: object | null = null;
  for (let i = 0; i < 20_000; i++) list = { next: list };
  let reads = 0;
  class Wraps extends nn.Module {
    override forward(x: Tensor): object {
      return {
        x,
        list,
        get lazy() {
          return ++reads;
        },
      };
    }
  }
  class Unwraps extends nn.Module {
    override forward({ x }: { x: Tensor }): Tensor {
      return x.mul(2);
    }
  }
  const model = new nn.Sequential(new nn.Linear(4, 4), new Wraps(), new Unwraps(), new nn.ReLU());
  expect(model(torch.ones(1, 4)).shape).toEqual([1, 4]);
  const { x } = new nn.Sequential(new nn.Linear(4, 4), new Wraps())(torch.ones(1, 4)) as { x: Tensor };
  expect(x.shape).toEqual([1, 4]);
  expect(reads).toBe(0);
});

test("gradients that go through users' layers are given back with the next ones", () => {
  class Scales extends nn.Module {
    override forward(g: Tensor): Tensor {
      return g.mul(0.1);
    }
  }
  const model = layers();
  const rule = new nn.Sequential(new Scales(), new nn.Tanh());
  const x = torch.ones(2, 4);
  const step = () =>
    torch.tidy(() => {
      model.zeroGrad();
      model(x).sum().backward();
      torch.noGrad(() => {
        for (const p of model.parameters()) p.sub_(rule(p.grad!));
      });
    });
  step();
  const before = blocks();
  for (let i = 0; i < 5; i++) step();
  expect(blocks()).toBe(before);
});

test("modules may lie deep in others", () => {
  let model: torch.nn.Module = new nn.ReLU();
  for (let i = 0; i < 1000; i++) model = new nn.Sequential(model);
  expect((model(torch.ones(2)) as Tensor).tolist()).toEqual([1, 1]);
});

test("what a user's subclass of a model sees lives", () => {
  const seen: Tensor[] = [];
  class Features extends vision.models.ResNet {
    override forward(x: Tensor): Tensor {
      seen.push(this.conv1(x), this.layer1(this.maxpool(this.relu(this.bn1(this.conv1(x))))));
      return super.forward(x);
    }
  }
  new nn.Sequential(new Features(vision.models.BasicBlock, [1, 1, 1, 1]))(torch.ones(2, 3, 32, 32));
  for (const x of seen) expect(x.isfinite().all().item()).toBe(true);
});

test("what hooks of saved tensors pack lives", () => {
  const seen: Tensor[] = [];
  const model = layers();
  const pack = (x: Tensor) => {
    seen.push(x);
    return x;
  };
  const loss = torch.autograd.graph.savedTensorsHooks(
    pack,
    (x) => x,
    () => model(torch.ones(2, 4)).sum(),
  );
  loss.backward();
  expect(seen.length).toBeGreaterThan(3);
  for (const x of seen) expect(x.isfinite().all().item()).toBe(true);
});

test("parametrized layers compute their values again, or once", () => {
  const model = new nn.Sequential(nn.utils.parametrizations.orthogonal(new nn.Linear(4, 4)), new nn.ReLU());
  const x = torch.ones(2, 4);
  const expected = model(x).tolist();
  expect(model(x).tolist()).toEqual(expected);
  nn.utils.parametrize.cached(() => {
    for (let i = 0; i < 2; i++) expect(model(x).tolist()).toEqual(expected);
  });
});

test("results that are views, lists or the input itself", () => {
  const x = torch.ones(2, 4, { requiresGrad: true });
  const flat = new nn.Sequential(new nn.Linear(4, 3), new nn.Flatten(0))(x);
  flat.mul_(2);
  flat.sum().backward();
  expect(flat.shape).toEqual([6]);
  expect(x.grad!.shape).toEqual([2, 4]);
  expect(new nn.Sequential(new nn.Identity(), new nn.Dropout().eval())(x)).toBe(x);
  const [output, [hidden]] = new nn.Sequential(new nn.Linear(4, 4), new nn.LSTM(4, 5))(x) as any;
  expect([output.shape, hidden.shape]).toEqual([
    [2, 5],
    [1, 5],
  ]);
  expect(hidden.isfinite().all().item()).toBe(true);
});

test("second gradients, and a graph that is kept", () => {
  const model = layers();
  const x = torch.ones(2, 4, { requiresGrad: true });
  const [grad] = torch.autograd.grad(model(x).sum(), x, { createGraph: true });
  grad!.square().sum().backward();
  expect(x.grad!.isfinite().all().item()).toBe(true);
  const loss = model(x).sum();
  loss.backward({ retainGraph: true });
  const first = x.grad!.clone();
  loss.backward();
  expect(x.grad!.equal(first)).toBe(false);
});

test("layers inside that fail leave nothing", () => {
  const model = new nn.Sequential(new nn.Linear(4, 8), new nn.Linear(4, 4));
  const x = torch.ones(2, 4);
  const before = blocks();
  expect(() => model(x)).toThrow(/an input of shape/);
  expect(blocks()).toBe(before);
});
