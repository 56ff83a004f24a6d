/** Modules as functions of their parameters, and ensembles. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { describe, expect, expectTypeOf, test } from "vitest";

const { func, nn } = torch;
const x = torch.ones(2, 3);

describe("functionalCall", () => {
  torch.manualSeed(0);
  const model = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 1));

  test("calls with other parameters, and leaves the module as it was", () => {
    const before = model.parameters();
    const zeros = Object.fromEntries(model.namedParameters().map(([name, p]) => [name, torch.zerosLike(p)]));
    const y = func.functionalCall(new nn.Linear(3, 1), { weight: torch.ones(1, 3), bias: torch.zeros(1) }, x);
    expectTypeOf(y).toEqualTypeOf<Tensor>();
    expect(y.tolist()).toEqual([[3], [3]]);
    expect(func.functionalCall(model, zeros, [x]).tolist()).toEqual([[0], [0]]);
    expect(model.parameters().every((p, i) => p === before[i])).toBe(true);
    expect(() => func.functionalCall(model, zeros, torch.ones(7))).toThrow();
    expect(model.parameters().every((p, i) => p === before[i])).toBe(true);
  });

  test("gradients flow to the tensors given", () => {
    const params = Object.fromEntries(model.namedParameters().map(([name, p]) => [name, p.detach()]));
    const loss = (p: Record<string, Tensor>) => func.functionalCall(model, p, x).pow(2).sum();
    const gradients = func.grad(loss)(params);
    model(x).pow(2).sum().backward();
    for (const [name, p] of model.namedParameters()) {
      expect(gradients[name]!.tolist()).toEqual(p.grad!.tolist());
      expect(gradients[name]!.requiresGrad).toBe(false);
    }
  });

  test("takes buffers under their PyTorch names, and updates those given", () => {
    const norm = new nn.BatchNorm1d(3);
    const buffers = { running_mean: torch.zeros(3), running_var: torch.ones(3) };
    func.functionalCall(norm, [Object.fromEntries(norm.namedParameters()), buffers], torch.randn(4, 3).add(5));
    expect(norm.runningMean!.tolist()).toEqual([0, 0, 0]);
    expect(buffers.running_mean.tolist()).not.toEqual([0, 0, 0]);
  });

  test("tied weights stand for each other", () => {
    class Tied extends nn.Module {
      a = new nn.Linear(2, 2, { bias: false });
      b = new nn.Linear(2, 2, { bias: false });
      constructor() {
        super();
        this.b.weight = this.a.weight;
      }
      override forward(input: Tensor): Tensor {
        return this.b(this.a(input));
      }
    }
    const tied = new Tied();
    const two = torch.eye(2).mul(2);
    const input = torch.ones(1, 2);
    expect(func.functionalCall(tied, { "a.weight": two }, input).tolist()).toEqual([[4, 4]]);
    expect(func.functionalCall(tied, { "b.weight": two }, input).tolist()).toEqual([[4, 4]]);
    const loose = func.functionalCall(tied, { "a.weight": two }, input, { tieWeights: false });
    expect(loose.tolist()).toEqual(tied.b(input.mul(2)).tolist());
    expect(() => func.functionalCall(tied, { "a.weight": two, "b.weight": torch.eye(2) }, input)).toThrow(
      /multiple values for "b.weight" and a parameter that is tied to it/,
    );
  });

  test("names must exist, and with strict be complete", () => {
    expect(() => func.functionalCall(model, { weight: x }, x)).toThrow(
      /Unexpected key\(s\): "weight"; the module has "0\./,
    );
    expect(() => func.functionalCall(model, { "0.bias": torch.zeros(4) }, x, { strict: true })).toThrow(
      /Missing key\(s\): "0.weight", "2.weight", "2.bias"/,
    );
    expect(() => func.functionalCall(model, [{ "0.bias": x }, { "0.bias": x }], x)).toThrow(/ambiguous/);
  });
});

describe("stackModuleState", () => {
  test("makes an ensemble for vmap", () => {
    const models = [0, 1, 2].map(() => new nn.Linear(3, 2));
    const [params, buffers] = func.stackModuleState(models);
    expect([params.weight!.shape, params.weight!.requiresGrad, params.weight!.isLeaf, buffers]).toEqual([
      [3, 2, 3],
      true,
      true,
      {},
    ]);
    const all = torch.vmap((p: Record<string, Tensor>, input: Tensor) => func.functionalCall(models[0]!, p, input), {
      inDims: [0, null],
    })(params, x);
    expect(all.tolist()).toEqual(models.map((model) => model(x).tolist()));
    all.sum().backward();
    expect(params.bias!.grad!.tolist()).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
  });

  test("needs models of one kind", () => {
    expect(() => func.stackModuleState([])).toThrow("stackModuleState: Expected at least one model, got 0.");
    expect(() => func.stackModuleState([new nn.Linear(1, 1), new nn.Identity()])).toThrow(/same class/);
    expect(() => func.stackModuleState([new nn.Linear(1, 1), new nn.Linear(1, 1).eval()])).toThrow(
      /training\/eval mode/,
    );
  });
});
