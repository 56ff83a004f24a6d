/** Lazy layers, parametrizations, pruning, and layers that are judged here alone. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;
const { parametrize, prune } = nn.utils;

test("lazy layers take their sizes from the first input and turn into ordinary ones", () => {
  const net = new nn.Sequential(
    new nn.LazyConv2d(4, 3),
    new nn.LazyBatchNorm2d(),
    new nn.Flatten(),
    new nn.LazyLinear(2),
  );
  expect(String(net[3])).toBe("LazyLinear(in_features=0, out_features=2, bias=True)");
  expect(net(torch.randn(2, 3, 5, 5)).shape).toEqual([2, 2]);
  expect(String(net[0])).toBe("Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1))");
  expect(String(net[3])).toBe("Linear(in_features=36, out_features=2, bias=True)");
  expect(net.stateDict()["1.running_var"]!.shape).toEqual([4]);
});

test("a lazy layer draws what the ordinary one draws", () => {
  const x = torch.ones(1, 3);
  torch.manualSeed(0);
  const lazy = new nn.LazyLinear(2);
  lazy(x);
  torch.manualSeed(0);
  expect(lazy.weight.tolist()).toEqual(new nn.Linear(3, 2).weight.tolist());
});

test("a state dict gives a lazy layer its shape", () => {
  const lazy = new nn.LazyLinear(2);
  const linear = new nn.Linear(3, 2);
  lazy.loadStateDict(linear.stateDict());
  const x = torch.randn(4, 3);
  expect(lazy(x).tolist()).toEqual(linear(x).tolist());
});

class Symmetric extends nn.Module {
  override forward(x: torch.Tensor): torch.Tensor {
    return x.triu().add(x.triu(1).t());
  }
  rightInverse(x: torch.Tensor): torch.Tensor {
    return x.triu();
  }
}

test("a parametrized weight is computed, learned through its original, and can be assigned", () => {
  const linear = new nn.Linear(3, 3, { bias: false });
  const optimizer = new torch.optim.SGD(linear.parameters(), { lr: 0.1 });
  parametrize.registerParametrization(linear, "weight", new Symmetric());
  expect(parametrize.isParametrized(linear, "weight")).toBe(true);
  expect(Object.keys(linear.stateDict())).toEqual(["parametrizations.weight.original"]);
  linear(torch.randn(2, 3)).square().sum().backward();
  optimizer.step();
  expect(torch.equal(linear.weight, linear.weight.t())).toBe(true);
  linear.weight = torch.eye(3) as never;
  expect(linear.weight.tolist()).toEqual(torch.eye(3).tolist());
  const [once, again] = parametrize.cached(() => [linear.weight, linear.weight]);
  expect(once === again).toBe(true);
  parametrize.removeParametrizations(linear, "weight");
  expect(linear.weight).toBeInstanceOf(nn.Parameter);
  expect(Object.keys(linear.stateDict())).toEqual(["weight"]);
});

test("pruning drops the smallest entries, again and for good", () => {
  const linear = new nn.Linear(4, 1, { bias: false });
  torch.noGrad(() => linear.weight.copy_(torch.tensor([[4, -1, 3, 2]])));
  prune.l1Unstructured(linear, "weight", 1);
  expect(linear.weight.tolist()).toEqual([[4, -0, 3, 2]]);
  prune.l1Unstructured(linear, "weight", 0.34);
  expect(linear.getBuffer("weight_mask").tolist()).toEqual([[1, 0, 1, 0]]);
  expect(linear(torch.ones(1, 4)).item()).toBe(7);
  expect(prune.isPruned(new nn.Sequential(linear))).toBe(true);
  prune.remove(linear, "weight");
  expect(Object.keys(linear.stateDict())).toEqual(["weight"]);
  expect(prune.isPruned(linear)).toBe(false);
});

test("pruning of slices, and across modules", () => {
  const linear = new nn.Linear(2, 3, { bias: false });
  torch.noGrad(() =>
    linear.weight.copy_(
      torch.tensor([
        [1, 1],
        [5, 5],
        [3, 3],
      ]),
    ),
  );
  prune.lnStructured(linear, "weight", 1, 2, 0);
  expect(linear.getBuffer("weight_mask").tolist()).toEqual([
    [0, 0],
    [1, 1],
    [1, 1],
  ]);
  const [a, b] = [new nn.Linear(2, 1, { bias: false }), new nn.Linear(2, 1, { bias: false })];
  nn.utils.vectorToParameters(torch.tensor([1, 2, 3, 4]), [a.weight, b.weight]);
  prune.globalUnstructured(
    [
      [a, "weight"],
      [b, "weight"],
    ],
    { amount: 0.5 },
  );
  expect([a.weight.tolist(), b.weight.tolist()]).toEqual([[[0, 0]], [[3, 4]]]);
});

test("the adaptive softmax gives a distribution, and the loss of its targets", () => {
  const layer = new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], { divValue: 2 });
  const x = torch.randn(4, 8);
  const logProb = layer.logProb(x);
  expect(torch.allclose(logProb.exp().sum(1), torch.ones(4), { atol: 1e-5 })).toBe(true);
  const target = torch.tensor([0, 3, 7, 9], { dtype: torch.int64 });
  const { output, loss } = layer(x, target);
  expect(torch.allclose(output, logProb.gather(1, target.unsqueeze(1)).squeeze(1))).toBe(true);
  expect(loss.item()).toBeCloseTo(-output.mean().item(), 5);
  expect(layer.predict(x).tolist()).toEqual(logProb.argmax(1).tolist());
  expect(() => new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 2])).toThrow("cutoffs should be a sequence");
});

test("fractional max pooling keeps the largest of the whole input", () => {
  const x = torch.randn([2, 3, 9, 7], { requiresGrad: true });
  const [y, indices] = nn.functional.fractionalMaxPool2d(x, 3, { outputRatio: 0.6, returnIndices: true });
  expect(y.shape).toEqual([2, 3, 5, 4]);
  expect(torch.equal(x.flatten(2).gather(2, indices.flatten(2)).reshape(y.shape), y)).toBe(true);
  y.sum().backward();
  expect(x.grad!.sum().item()).toBe(y.numel());
});
