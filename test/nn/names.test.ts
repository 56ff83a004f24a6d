/** Old layers, extra state, and tools for modules. Values are PyTorch 1.13's. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const { nn } = torch;
const { prune } = nn.utils;

/** A layer whose weight is −5, −4, … 6. */
function layer() {
  const linear = new nn.Linear(4, 3, { bias: false });
  torch.noGrad(() => linear.weight.copy_(torch.arange(12).reshape(3, 4).sub(5)));
  return linear;
}

const maskOf = (module: torch.nn.Module) => module.getBuffer("weight_mask").tolist();

describe("pruning", () => {
  test("random methods draw PyTorch's masks, also one after the other", () => {
    const a = layer();
    torch.manualSeed(3);
    prune.randomUnstructured(a, "weight", 5);
    expect(maskOf(a)).toEqual([
      [1, 1, 1, 1],
      [1, 1, 0, 0],
      [0, 0, 1, 0],
    ]);
    prune.randomUnstructured(a, "weight", 0.5);
    expect(maskOf(a)).toEqual([
      [1, 0, 1, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    const b = layer();
    torch.manualSeed(3);
    prune.randomStructured(b, "weight", 2, 1);
    expect(maskOf(b)).toEqual(Array(3).fill([0, 1, 1, 0]));
    prune.randomStructured(b, "weight", 1, 1);
    expect(maskOf(b)).toEqual(Array(3).fill([0, 1, 0, 0]));
  });

  test("methods see what those before them have left, and scores decide instead of values", () => {
    const a = layer();
    prune.lnStructured(a, "weight", 0.5, 1, 0);
    prune.l1Unstructured(a, "weight", 0.3);
    expect(maskOf(a)).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 1, 1, 1],
    ]);
    const b = layer();
    const importanceScores = torch.arange(12, 0, -1).float().reshape(3, 4);
    const one = prune.L1Unstructured.apply(b, "weight", 3, { importanceScores });
    expect(one).toBeInstanceOf(prune.L1Unstructured);
    expect(maskOf(b)).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
      [1, 0, 0, 0],
    ]);
    const both = prune.LnStructured.apply(b, "weight", 1, 2, 0) as InstanceType<typeof prune.PruningContainer>;
    expect([both instanceof prune.PruningContainer, both.length, both.at(-1)!.tensorName]).toEqual([true, 2, "weight"]);
    expect(maskOf(b)).toEqual([
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [1, 0, 0, 0],
    ]);
    expect(() => prune.l1Unstructured(layer(), "weight", 1, { importanceScores: torch.ones(2) })).toThrow(
      "importanceScores should have the same shape",
    );
  });

  test("over several modules, with a method", () => {
    const [a, b] = [layer(), layer()];
    torch.noGrad(() => {
      a.weight.add_(0.1);
      b.weight.mul_(1.5).add_(0.2);
    });
    const all = [
      [a, "weight"],
      [b, "weight"],
    ] as const;
    prune.globalUnstructured(all, { pruningMethod: prune.L1Unstructured, amount: 7 });
    expect([maskOf(a), maskOf(b)]).toEqual([
      [
        [1, 1, 1, 0],
        [0, 0, 0, 1],
        [1, 1, 1, 1],
      ],
      [
        [1, 1, 1, 1],
        [0, 0, 0, 1],
        [1, 1, 1, 1],
      ],
    ]);
    const pruningMethod = prune.RandomStructured as never;
    expect(() => prune.globalUnstructured(all, { pruningMethod, amount: 1 })).toThrow('Only "unstructured" methods');
  });

  test("methods of one's own, outside of modules, and what remove leaves", () => {
    class EveryOther extends prune.BasePruningMethod {
      readonly pruningType = "unstructured";
      computeMask(_: torch.Tensor, defaultMask: torch.Tensor) {
        const mask = defaultMask.clone();
        mask.reshape(-1).slice(0, 0, null, 2).zero_();
        return mask;
      }
    }
    const a = layer();
    const { weight } = a;
    EveryOther.apply(a, "weight");
    EveryOther.apply(a, "weight");
    expect(maskOf(a)).toEqual(Array(3).fill([0, 0, 0, 1]));
    expect(a(torch.ones(4)).tolist()).toEqual([-2, 2, 6]);
    prune.remove(a, "weight");
    expect([a.weight === weight, prune.isPruned(a), Object.keys(a.stateDict())]).toEqual([true, false, ["weight"]]);
    expect(new prune.L1Unstructured(2).prune(torch.tensor([3, -1, 2, -4])).tolist()).toEqual([3, -0, 0, -4]);
    const half = new prune.L1Unstructured({ amount: 0.5 });
    expect(half.computeMask(torch.arange(5), torch.ones(5)).tolist()).toEqual([0, 0, 1, 1, 1]);
  });

  test("says what is wrong", () => {
    expect(() => new prune.L1Unstructured(1.5)).toThrow("L1Unstructured: amount=1.5 should either be a float");
    expect(() => prune.l1Unstructured(layer(), "weight", -1)).toThrow("l1Unstructured: amount=-1 should either be");
    expect(() => prune.l1Unstructured(layer(), "weight", 13)).toThrow("amount=13 should be smaller than the number");
    expect(() => prune.lnStructured(layer(), "weight", 1, 2, 5)).toThrow("Dimension out of range");
    expect(() => prune.remove(layer(), "weight")).toThrow("has to be pruned before pruning can be removed");
    expect(() => new prune.PruningContainer(1 as never)).toThrow("1 is not a BasePruningMethod");
    const module = layer();
    expect(
      () => new prune.CustomFromMask(torch.ones(2)) && prune.customFromMask(module, "weight", torch.ones(2)),
    ).toThrow("a mask of shape [2] does not fit a parameter of shape [3, 4]");
    expect(Object.keys(module.stateDict())).toEqual(["weight"]);
  });
});

test("extra state stands in the state dict, and is asked for", () => {
  class Counter extends nn.Module {
    fc = new nn.Linear(1, 1);
    count = 3;
    override getExtraState() {
      return torch.tensor(this.count);
    }
    override setExtraState(state: torch.Tensor) {
      this.count = state.item();
    }
  }
  const net = new nn.Sequential(new Counter());
  const state = net.stateDict();
  expect(Object.keys(state)).toEqual(["0._extra_state", "0.fc.weight", "0.fc.bias"]);
  const other = new Counter();
  other.count = 0;
  new nn.Sequential(other).loadStateDict(state);
  expect(other.count).toBe(3);
  const { "0._extra_state": _, ...rest } = state;
  expect(() => net.loadStateDict(rest)).toThrow('Missing key(s) in state_dict: "0._extra_state"');
  const plain = new nn.Linear(1, 1);
  expect(() => plain.loadStateDict({ ...plain.stateDict(), _extra_state: torch.ones(1) })).toThrow(
    'Unexpected key(s) in state_dict: "_extra_state"',
  );
  expect(() => plain.getExtraState()).toThrow("getExtraState: Module [Linear] has no extra state");
});

test("CrossMapLRN2d sums PyTorch's windows, and its gradients are right", () => {
  const x = torch.arange(1, 11).float().reshape(1, 10, 1, 1);
  const of = (size: number) => new nn.CrossMapLRN2d(size, 0.1, 0.75, 1);
  expectClose(
    of(3)(x).flatten(),
    [0.89082, 1.50066, 1.78381, 1.89905, 1.91312, 1.87965, 1.82593, 1.7652, 1.7037, 2.30722],
    1e-4,
  );
  expectClose(
    of(4)(x).flatten(),
    [0.91545, 1.59691, 1.97171, 2.15935, 2.22128, 2.21546, 2.17559, 2.11999, 2.05832, 2.76554],
    1e-4,
  );
  expectClose(
    of(5)(x).flatten(),
    [0.83098, 1.40585, 1.71972, 1.83812, 1.86665, 1.84445, 1.79901, 1.74431, 2.114, 2.63487],
    1e-4,
  );
  const wide = torch.rand([2, 4, 2, 2], { dtype: torch.float64, requiresGrad: true });
  expect(torch.autograd.gradcheck((input) => of(3)(input), [wide])).toBe(true);
  expect(String(of(5))).toBe("CrossMapLRN2d(5, alpha=0.1, beta=0.75, k=1)");
  expect(() => of(3)(torch.ones(2, 3))).toThrow("CrossMapLRN2d: expected an input [N, C, H, W], got shape [2, 3]");
});

test("old names of layers and of initial values", () => {
  expect(String(new nn.Container({ a: new nn.ReLU() }))).toBe("Container(\n  (a): ReLU()\n)");
  expect(() => new nn.Container([] as never)).toThrow("Container: modules must be an object of modules by name");
  expect(String(new nn.NLLLoss2d())).toBe("NLLLoss2d()");
  expect(new nn.LSTM(1, 1)).toBeInstanceOf(nn.RNNBase);
  expect(new nn.GRUCell(1, 1)).toBeInstanceOf(nn.RNNCellBase);
  const x = torch.empty(2, 2);
  expect(nn.init.constant(x, 3) === x).toBe(true);
  expect(nn.init.eye(x).tolist()).toEqual(torch.eye(2).tolist());
  torch.manualSeed(1);
  const old = nn.init.kaimingNormal(torch.empty(2, 2)).tolist();
  torch.manualSeed(1);
  expect(nn.init.kaimingNormal_(torch.empty(2, 2)).tolist()).toEqual(old);
});

test("a buffer without a shape takes one", () => {
  const module = new nn.Module();
  const buffer = new nn.UninitializedBuffer({ dtype: torch.float64 });
  module.registerBuffer("mean", buffer);
  module.loadStateDict({ mean: torch.tensor([1, 2]) });
  expect([buffer.isUninitialized, buffer.tolist(), buffer.dtype]).toEqual([false, [1, 2], "float64"]);
  const other = new nn.UninitializedBuffer();
  other.materialize([2, 3]);
  expect([other.shape, other.requiresGrad]).toEqual([[2, 3], false]);
});

test("parametrizations go from one module to another", () => {
  const { parametrize } = nn.utils;
  class Double extends nn.Module {
    override forward(x: torch.Tensor) {
      return x.mul(2);
    }
  }
  const [a, b] = [layer(), layer()];
  expect(parametrize.transferParametrizationsAndParams(a, b) === b).toBe(true);
  parametrize.registerParametrization(a, "weight", new Double());
  parametrize.transferParametrizationsAndParams(a, b, "weight");
  expect(b.weight.tolist()).toEqual(torch.arange(12).reshape(3, 4).sub(5).mul(2).tolist());
  torch.noGrad(() => a.parameters()[0]!.zero_());
  expect(b.weight.abs().sum().item()).toBe(0);
  const empty = new nn.Module();
  parametrize.transferParametrizationsAndParams(a, empty);
  expect(parametrize.isParametrized(empty, "weight")).toBe(true);
  expect(parametrize.typeBeforeParametrizations(a)).toBe(nn.Linear);
  expect(() => parametrize.transferParametrizationsAndParams(a, b, "bias")).toThrow(
    "Linear has no parametrized tensor `bias`",
  );
});

test("the inverse of a permutation, and clipping by its old name", () => {
  const order = torch.tensor([2, 0, 1], { dtype: torch.int64 });
  expect(nn.utils.rnn.invertPermutation(order)!.tolist()).toEqual([1, 2, 0]);
  expect(nn.utils.rnn.invertPermutation(null)).toBe(null);
  expect(() => nn.utils.rnn.invertPermutation(torch.ones(2, 2).long())).toThrow("permutation must have one axis");
  const x = torch.ones([4], { requiresGrad: true });
  x.sum().backward();
  expect(nn.utils.clipGradNorm([x], 1).item()).toBe(2);
  expectClose(x.grad!, [0.5, 0.5, 0.5, 0.5]);
});

test("SparseAdam says that gradients are dense", () => {
  const x = new nn.Parameter(torch.ones(1));
  const optimizer = new torch.optim.SparseAdam([x], { lr: 0.1 });
  optimizer.step();
  x.grad = torch.ones(1);
  expect(() => optimizer.step()).toThrow("SparseAdam does not support dense gradients, please consider Adam instead");
  expect(() => new torch.optim.SparseAdam([x], { lr: 0 })).toThrow("SparseAdam: Invalid learning rate: 0");
});
