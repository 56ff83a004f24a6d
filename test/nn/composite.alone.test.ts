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
