/** Modules: calls, fields, walks, modes, conversions. */
import * as torch from "kindling";
import { expect, expectTypeOf, test } from "vitest";

const { nn } = torch;

class Block extends nn.Module {
  fc = new nn.Linear(2, 2, { bias: false });
  scale = new nn.Parameter(torch.ones(1));
  constructor() {
    super();
    this.registerBuffer("seen", torch.zeros(1));
    this.registerBuffer("scratch", torch.zeros(1), { persistent: false });
  }
  override forward(x: torch.Tensor, options: { times?: number } = {}): torch.Tensor {
    return this.fc(x)
      .mul(this.scale)
      .mul(options.times ?? 1);
  }
}

test("a module is called like a function, with the types of its forward", () => {
  const block = new Block();
  expectTypeOf(block).parameters.toEqualTypeOf<[x: torch.Tensor, options?: { times?: number }]>();
  expectTypeOf(block).returns.toEqualTypeOf<torch.Tensor>();
  const x = torch.ones(1, 2);
  expect(block(x, { times: 2 }).tolist()).toEqual(block.forward(x).mul(2).tolist());
  expect(block).toBeInstanceOf(nn.Module);
  expect(typeof block).toBe("function");
});

test("a module without forward says so when it is called", () => {
  class Empty extends nn.Module {}
  expect(() => new Empty()(1)).toThrow('Module [Empty] is missing the required "forward" function');
});

test("fields of any name work, also those that functions have", () => {
  class Odd extends nn.Module {
    override name = new nn.Linear(1, 1);
    override length = new nn.Parameter(torch.ones(1));
  }
  expect(new Odd().namedParameters().map(([name]) => name)).toEqual(["length", "name.weight", "name.bias"]);
});

test("parameters, buffers and children are the fields as they are now", () => {
  const net = new nn.Sequential(new Block(), new nn.ReLU());
  expect(net.namedParameters().map(([name]) => name)).toEqual(["0.scale", "0.fc.weight"]);
  expect(net.namedBuffers().map(([name]) => name)).toEqual(["0.seen", "0.scratch"]);
  expect(net.namedModules().map(([name]) => name)).toEqual(["", "0", "0.fc", "1"]);
  const block = net[0] as Block;
  block.fc = new nn.Linear(2, 2);
  expect(net.parameters()).toHaveLength(3);
  delete (net as { [key: number]: unknown })[0];
  expect(net.parameters()).toHaveLength(0);
});

test("shared modules and parameters are given once", () => {
  const shared = new nn.Linear(2, 2);
  const net = new nn.Sequential(shared, new nn.ReLU(), shared);
  expect(net.parameters()).toHaveLength(2);
  expect(net.children()).toHaveLength(2);
  expect(net.namedParameters({ removeDuplicate: false })).toHaveLength(4);
  expect(Object.keys(net.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
});

test("parts are found by their paths", () => {
  const net = new nn.Sequential(new Block());
  const { fc, scale } = net[0] as Block;
  expect(net.getSubmodule("0.fc")).toBe(fc);
  expect(net.getParameter("0.scale")).toBe(scale);
  expect(net.getBuffer("0.seen").shape).toEqual([1]);
  expect(() => net.getSubmodule("0.nothing")).toThrow("Block has no attribute `nothing`");
  expect(() => net.getSubmodule("0.scale")).toThrow("`scale` is not an nn.Module");
  expect(() => net.getParameter("0.fc")).toThrow("`fc` is not an nn.Parameter");
});

test("registering checks names and values", () => {
  const block = new Block();
  expect(() => block.registerBuffer("a.b", null)).toThrow(`buffer name can't contain "."`);
  expect(() => block.registerBuffer("", null)).toThrow(`buffer name can't be empty string ""`);
  expect(() => block.registerBuffer("forward", null)).toThrow("attribute 'forward' already exists");
  expect(() => block.registerParameter("fc", null)).toThrow("attribute 'fc' already exists");
  expect(() => block.addModule("child", 3 as never)).toThrow("3 is not a Module subclass");
});

test("train, eval, requiresGrad_, zeroGrad and apply reach everything inside", () => {
  const net = new nn.Sequential(new Block(), new nn.Dropout(0.5));
  expect(
    net
      .eval()
      .modules()
      .every((module) => !module.training),
  ).toBe(true);
  expect(
    net
      .train()
      .modules()
      .every((module) => module.training),
  ).toBe(true);
  net(torch.ones(1, 2)).sum().backward();
  net.zeroGrad({ setToNone: false });
  expect(net.parameters().map((p) => p.grad!.abs().sum().item())).toEqual([0, 0]);
  net.zeroGrad();
  expect(net.parameters().every((p) => p.grad === null)).toBe(true);
  expect(
    net
      .requiresGrad_(false)
      .parameters()
      .some((p) => p.requiresGrad),
  ).toBe(false);
  const order: string[] = [];
  net.apply((module) => order.push(module.constructor.name));
  expect(order).toEqual(["Linear", "Block", "Dropout", "Sequential"]);
});

test("conversion keeps the identity of parameters", () => {
  const net = new nn.BatchNorm1d(2);
  const { weight } = net;
  net.double();
  expect(net.weight).toBe(weight);
  expect(weight!.dtype).toBe("float64");
  expect(net.runningMean!.dtype).toBe("float64");
  expect(net.numBatchesTracked!.dtype).toBe("int64");
  net(torch.ones([2, 2], { dtype: torch.float64 }))
    .sum()
    .backward();
  expect(weight!.grad!.dtype).toBe("float64");
  expect(() => net.to(torch.int64)).toThrow("only accepts floating point dtypes");
});

test("containers hold modules by number and by name", () => {
  const list = new nn.ModuleList([new nn.Linear(1, 1), new nn.ReLU()]);
  list.insert(1, new nn.Tanh());
  expect([...list].map((m) => m.constructor.name)).toEqual(["Linear", "Tanh", "ReLU"]);
  expect(list.at(-1)).toBe(list[2]);
  expect(list.pop()).toBeInstanceOf(nn.ReLU);
  expect(list).toHaveLength(2);
  expect(() => list.at(2)).toThrow("index 2 is out of range");
  const dict = new nn.ModuleDict({ conv: new nn.Conv2d(1, 1, 1), pool: new nn.MaxPool2d(2) });
  expect(dict.keys()).toEqual(["conv", "pool"]);
  expect(dict.pop("pool")).toBeInstanceOf(nn.MaxPool2d);
  expect(dict.has("pool")).toBe(false);
  expect(() => dict.set("forward", new nn.ReLU())).toThrow("attribute 'forward' already exists");
  const named = new nn.Sequential({ same: new nn.Identity(), relu: new nn.ReLU() });
  expect(named.getSubmodule("relu")).toBeInstanceOf(nn.ReLU);
  expect(
    named
      .slice(1)
      .namedChildren()
      .map(([name]) => name),
  ).toEqual(["relu"]);
  const parameters = new nn.ParameterList([torch.ones(2), torch.zeros(3)]);
  expect(parameters.namedParameters().map(([name]) => name)).toEqual(["0", "1"]);
});

test("wrong options and arguments are errors that name the right ones", () => {
  expect(() => new nn.Linear(1, 1, { biass: false } as never)).toThrow(
    'Linear: unknown argument "biass"; the arguments are inFeatures, outFeatures, bias, device, dtype',
  );
  expect(() => new nn.Dropout(1.5)).toThrow("dropout probability has to be between 0 and 1, but got 1.5");
  expect(() => new nn.Conv2d(3, 4, 1, { groups: 2 })).toThrow(
    "Conv2d: inChannels must be divisible by groups, got 3 and 2",
  );
  expect(() => new nn.BatchNorm2d(3)(torch.ones(2, 3))).toThrow("expected 4D input (got 2D input)");
});

test("modules survive tidy, and so do buffers", () => {
  const norm = torch.tidy(() => new nn.BatchNorm1d(2));
  const outside = torch.tidy(() => ({ made: new nn.Linear(2, 2) }).made);
  expect(norm.runningVar!.tolist()).toEqual([1, 1]);
  expect(outside(torch.ones(1, 2)).shape).toEqual([1, 2]);
});
