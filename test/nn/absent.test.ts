/** Names of PyTorch's modules that cannot be here say what to use; fields of one's own are free. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { nn } = torch;
const untyped = (value: unknown): any => value;

describe("a module", () => {
  const model = untyped(new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU()));

  test.each([
    ["cuda", /^Module\.cuda: .*"cpu" and "webgpu", as model\.to\(device\)/],
    ["share_memory", /^Module\.share_memory: leave it out/],
    ["__call__", /model\(x\)/],
    ["__len__", /length/],
    ["__getitem__", /model\.at\(i\)/],
    ["state_dict", /did you mean Module\.stateDict\?/],
    ["zero_grad", /did you mean Module\.zeroGrad\?/],
    ["register_buffer", /registerBuffer/],
    ["7", /^Module\[7\]: .*model\.at\(7\)/],
  ])("explains %s", (name, words) => {
    expect(() => model[name]).toThrow(torch.KindlingError);
    expect(() => model[name]).toThrow(words);
  });

  test("has its items, and undefined for every other name", () => {
    expect(model[0]).toBeInstanceOf(nn.Linear);
    expect(model.fc1).toBeUndefined();
    expect(model.then).toBeUndefined();
  });

  test("is no number and no text that is joined", () => {
    expect(() => model + 1).toThrow(/^Module: .*model\(x\)/);
    expect(() => -model).toThrow(torch.ArgumentError);
    expect(`${model}`).toMatch(/^Sequential\(/);
  });

  test("takes fields of any name, apart from PyTorch's spelling of its members", () => {
    class Net extends nn.Module {
      cuda = new nn.Linear(1, 1);
      declare compile: torch.nn.Module;
      constructor() {
        super();
        this.compile = new nn.Linear(1, 2);
      }
      override forward(x: torch.Tensor): torch.Tensor {
        return this.compile(this.cuda(x));
      }
    }
    const net = new Net();
    expect(net.namedChildren().map(([name]) => name)).toEqual(["cuda", "compile"]);
    expect(net(torch.ones(3, 1)).shape).toEqual([3, 2]);
    expect(() => {
      untyped(net).zero_grad = () => {};
    }).toThrow(/zeroGrad/);
  });
});

test("optimizers, schedulers, loaders and contexts explain PyTorch's spelling", () => {
  const model = new nn.Linear(2, 2);
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
  expect(() => untyped(optimizer).param_groups).toThrow(/^Optimizer\.param_groups: .*paramGroups/);
  const scheduler = new torch.optim.lrScheduler.StepLR(optimizer, 1);
  expect(() => untyped(scheduler).get_last_lr()).toThrow(/^Scheduler\.get_last_lr: .*getLastLr/);
  expect(() => untyped(scheduler).last_epoch).toThrow(/lastEpoch/);
  const loader = new torch.utils.data.DataLoader([1, 2]);
  expect(() => untyped(loader).batch_size).toThrow(/^DataLoader\.batch_size: .*batchSize/);
  expect(() => untyped(loader).len).toThrow(/loader\.length/);
  expect(() => untyped(loader).next()).toThrow(/loader\.first\(\)/);
  class Twice extends torch.autograd.Function {
    static forward(ctx: torch.autograd.FunctionCtx, x: torch.Tensor): torch.Tensor {
      untyped(ctx).scale = 2;
      untyped(ctx).save_for_backward(x);
      return x;
    }
    static backward(_ctx: torch.autograd.FunctionCtx, g: torch.Tensor): torch.Tensor {
      return g;
    }
  }
  expect(() => Twice.apply(torch.ones(1))).toThrow(/saveForBackward/);
});
