/** State dicts: keys, sharing, round trips, and the report of what does not fit. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;

class Net extends nn.Module {
  conv = new nn.Conv2d(1, 2, 3);
  norm = new nn.BatchNorm2d(2);
  head = new nn.Linear(2, 3);
}

const keys = [
  "conv.weight",
  "conv.bias",
  "norm.weight",
  "norm.bias",
  "norm.running_mean",
  "norm.running_var",
  "norm.num_batches_tracked",
  "head.weight",
  "head.bias",
];

test("keys are PyTorch's, in the order of the fields", () => {
  expect(Object.keys(new Net().stateDict())).toEqual(keys);
  expect(Object.keys(new Net().stateDict({ prefix: "net." }))[0]).toBe("net.conv.weight");
});

test("entries are detached and share memory; keepVars gives the parameters", () => {
  const net = new Net();
  const state = net.stateDict();
  expect(state["head.bias"]!.requiresGrad).toBe(false);
  torch.noGrad(() => net.head.bias!.fill_(7));
  expect(state["head.bias"]!.tolist()).toEqual([7, 7, 7]);
  expect(net.stateDict({ keepVars: true })["head.bias"]).toBe(net.head.bias);
});

test("a state goes into another module of the same kind", () => {
  const [a, b] = [new Net(), new Net()];
  expect(String(b.loadStateDict(a.stateDict()))).toBe("<All keys matched successfully>");
  expect(b.conv.weight.tolist()).toEqual(a.conv.weight.tolist());
  expect(b.conv.weight === a.conv.weight).toBe(false);
});

test("what does not fit is reported in PyTorch's words", () => {
  const { "conv.bias": _, ...state } = new Net().stateDict();
  state["head.weight"] = torch.zeros(4, 2);
  state["tail.weight"] = torch.zeros(1);
  expect(() => new Net().loadStateDict(state)).toThrow(
    new torch.StateError(
      'loadStateDict: Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "conv.bias". \n\tUnexpected key(s) in state_dict: "tail.weight". ' +
        "\n\tsize mismatch for head.weight: copying a param with shape torch.Size([4, 2]) from checkpoint, the shape in current model is torch.Size([3, 2]).",
    ),
  );
  state["head.weight"] = torch.zeros(3, 2);
  const { missingKeys, unexpectedKeys } = new Net().loadStateDict(state, { strict: false });
  expect([missingKeys, unexpectedKeys]).toEqual([["conv.bias"], ["tail.weight"]]);
});

test("a value that is no tensor is reported", () => {
  const state = { ...new nn.Linear(1, 1).stateDict(), bias: 3 as never };
  expect(() => new nn.Linear(1, 1).loadStateDict(state)).toThrow(
    'While copying the parameter named "bias", expected torch.Tensor',
  );
});

test("buffers that are not persistent stay out", () => {
  class Scratch extends nn.Module {
    constructor() {
      super();
      this.registerBuffer("kept", torch.zeros(1));
      this.registerBuffer("dropped", torch.zeros(1), { persistent: false });
    }
  }
  expect(Object.keys(new Scratch().stateDict())).toEqual(["kept"]);
});
