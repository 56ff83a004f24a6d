/** The engine: accumulation, graphs that are freed or kept, derivatives of any order, long chains. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const { autograd } = torch;
const leaf = (...values: number[]) => torch.tensor(values, { requiresGrad: true });

describe("backward", () => {
  test("accumulates into leaves", () => {
    const x = leaf(1, 2);
    x.mul(3).sum().backward();
    x.mul(x).sum().backward();
    expect(x.grad!.tolist()).toEqual([5, 7]);
  });

  test("adds the gradients of every use of a tensor", () => {
    const x = leaf(3);
    const y = x.mul(2);
    y.mul(y).add(y).add(x).backward();
    expect(x.grad!.tolist()).toEqual([27]);
  });

  test("frees what was saved, unless retainGraph is set", () => {
    const x = leaf(2);
    const y = x.mul(x);
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(x.grad!.tolist()).toEqual([8]);
    expect(() => y.backward()).toThrow(torch.AutogradError);
    expect(() => y.backward()).toThrow(/backward through the graph a second time.*retainGraph: true/s);
  });

  test("of several elements needs a gradient of the same shape", () => {
    const y = leaf(1, 2).mul(2);
    expect(() => y.backward()).toThrow(/implicitly created only for scalar outputs/);
    expect(() => y.backward(torch.ones(3))).toThrow(/Mismatch in shape: grad_output\[0\] has a shape of \[3\]/);
  });

  test("of a constant is an error", () => {
    expect(() => torch.ones(1).backward()).toThrow(/does not require grad and does not have a gradFn/);
  });

  test("of several outputs at once", () => {
    const x = leaf(2);
    autograd.backward([x.mul(3), x.pow(2)], [torch.ones(1), torch.tensor([10])]);
    expect(x.grad!.tolist()).toEqual([43]);
  });

  test("adds to the given inputs only, leaves or not", () => {
    const [a, b] = [leaf(1), leaf(5)];
    const y = a.mul(2);
    y.mul(y)
      .mul(b)
      .backward(undefined, { inputs: [y, a], retainGraph: true });
    expect([y.grad!.item(), a.grad!.item(), b.grad]).toEqual([20, 40, null]);
    y.mul(y).mul(b).backward(undefined, { inputs: a });
    expect([y.grad!.item(), a.grad!.item()]).toEqual([20, 80]);
    expect(() => y.backward(undefined, { inputs: [] })).toThrow("'inputs' argument to backward() cannot be empty.");
  });

  test("runs in noGrad, and a second time where nothing was saved", () => {
    const x = leaf(1);
    const y = x.mul(2);
    torch.noGrad(() => y.backward());
    const z = x.add(x);
    z.backward();
    z.backward();
    expect(x.grad!.item()).toBe(6);
  });

  test("adds in place to a gradient that has gaps, and keeps them", () => {
    const x = leaf(1, 2);
    const grad = torch.zeros(4).slice(0, 0, 4, 2);
    x.grad = grad;
    x.mul(3).sum().backward();
    expect([x.grad === grad, grad.tolist(), grad.stride()]).toEqual([true, [3, 3], [2]]);
    x.pow(2).sum().backward(undefined, { createGraph: true });
    expect([x.grad!.tolist(), x.grad!.stride(), x.grad!.requiresGrad]).toEqual([[5, 7], [1], true]);
  });

  test("needs as many gradients as outputs, and known options", () => {
    const x = leaf(2);
    const outputs = [x.mul(2), x.mul(3)];
    expect(() => autograd.backward(outputs, [torch.ones(1)])).toThrow("got 2 tensors and 1 gradients");
    expect(() => autograd.grad(outputs, x, { gradOutputs: [torch.ones(1)] })).toThrow("got 2 tensors and 1 gradients");
    expect(() => outputs[0]!.backward(null, { retain_graph: true } as object)).toThrow(
      /unknown argument "retain_graph"; did you mean retainGraph/,
    );
    expect(() => autograd.grad(outputs, x, { allow_unused: true } as object)).toThrow(
      /unknown argument "allow_unused"/,
    );
  });

  test("with createGraph gives every leaf a gradient of its own", () => {
    const [a, b] = [leaf(1), leaf(2)];
    a.add(b).backward(undefined, { createGraph: true });
    torch.noGrad(() => a.grad!.zero_());
    expect([a.grad!.item(), b.grad!.item()]).toEqual([0, 1]);
    expect(b.pow(3).backward(undefined, { createGraph: true })).toBeUndefined();
    expect(b.grad!.gradFn!.name).toBe("AddBackward0");
  });

  test("with createGraph leaves a gradient that can be differentiated", () => {
    const x = leaf(3);
    x.pow(3).backward(undefined, { createGraph: true });
    const first = x.grad!;
    expect(first.requiresGrad).toBe(true);
    x.grad = null;
    first.backward();
    expect([first.tolist(), x.grad!.tolist()]).toEqual([[27], [18]]);
  });
});

describe("grad", () => {
  test("returns gradients and leaves grad alone", () => {
    const [a, b] = [leaf(2), leaf(5)];
    const [da, db] = autograd.grad(a.mul(b), [a, b]);
    expect([da!.tolist(), db!.tolist(), a.grad, b.grad]).toEqual([[5], [2], null, null]);
  });

  test("also with respect to an intermediate", () => {
    const x = leaf(2);
    const y = x.mul(3);
    const [dy] = autograd.grad(y.mul(y), y);
    expect(dy!.tolist()).toEqual([12]);
  });

  test("to third order", () => {
    const x = torch.tensor(2, { requiresGrad: true });
    const [first] = autograd.grad(x.pow(4), x, { createGraph: true });
    const [second] = autograd.grad(first!, x, { createGraph: true });
    const [third] = autograd.grad(second!, x);
    expect([first, second, third].map((d) => d!.item())).toEqual([32, 48, 48]);
    expect([first!.requiresGrad, third!.requiresGrad]).toEqual([true, false]);
  });

  test("to third order through a function whose derivatives are others", () => {
    const x = torch.tensor(0.5, { dtype: "float64", requiresGrad: true });
    let y = x.sin().exp();
    const derivatives = [y.item()];
    for (let order = 0; order < 3; order++) {
      [y] = autograd.grad(y, x, { createGraph: true }) as [torch.Tensor];
      derivatives.push(y.item());
    }
    const [s, c] = [Math.sin(0.5), Math.cos(0.5)];
    const e = Math.exp(s);
    expectClose(derivatives, [e, c * e, (c * c - s) * e, (c ** 3 - 3 * c * s - c) * e], 1e-12);
  });

  test("weights outputs with gradOutputs", () => {
    const x = leaf(1, 2);
    const [dx] = autograd.grad(x.mul(x), x, { gradOutputs: torch.tensor([10, 100]) });
    expect(dx!.tolist()).toEqual([20, 400]);
  });

  test("of a tensor with respect to itself, to the same twice, and to nothing", () => {
    const x = leaf(3);
    expect(autograd.grad(x, x)[0]!.tolist()).toEqual([1]);
    expect(autograd.grad(x.mul(x), [x, x]).map((g) => g.item())).toEqual([6, 6]);
    expect(() => autograd.grad(x.mul(2), [])).toThrow("grad requires non-empty inputs.");
  });

  test("does not free what lies behind the inputs", () => {
    const x = leaf(2);
    const y = x.mul(3).mul(x);
    const [dy] = autograd.grad(y.mul(y), y);
    y.backward();
    expect([dy!.item(), x.grad!.item()]).toEqual([24, 12]);
  });

  test("computes no gradient that is not wanted", () => {
    const [a, b] = [leaf(2), leaf(3)];
    const y = a.mul(b);
    const computed: boolean[][] = [];
    (y.gradFn as torch.autograd.graph.Node).registerHook((inputs) => {
      computed.push(inputs.map((g) => Boolean(g)));
    });
    autograd.grad(y, a, { retainGraph: true });
    autograd.grad(y, [a, b]);
    expect(computed).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  test("of an input that was not used is an error, or null with allowUnused", () => {
    const [a, b] = [leaf(1), leaf(1)];
    expect(() => autograd.grad(a.mul(2), [a, b])).toThrow(
      /appears to not have been used in the graph.*allowUnused: true/,
    );
    expect(autograd.grad(a.mul(2), [a, b], { allowUnused: true })[1]).toBeNull();
    expect(() => autograd.grad(a.mul(2), [torch.ones(1)])).toThrow(/does not require grad/);
    const grads = autograd.grad(a.mul(2), [a, b], { materializeGrads: true });
    expect(grads.map((g) => g.tolist())).toEqual([[2], [0]]);
    expect(() => autograd.grad(a.mul(2), b, { materializeGrads: true, allowUnused: false })).toThrow(torch.ValueError);
  });
});

test("a chain of 100,000 nodes does not overflow the stack", () => {
  const x = leaf(1);
  let y = x.mul(1);
  for (let i = 0; i < 100_000; i++) y = y.add(1);
  y.backward();
  expect([y.item(), x.grad!.item()]).toEqual([100_001, 1]);
});

test("nodes know where gradients go on to", () => {
  const x = leaf(1);
  const node = x.mul(2).add(1).gradFn as InstanceType<typeof autograd.Node>;
  const [[multiplication]] = node.nextFunctions as [[InstanceType<typeof autograd.Node>, number]];
  expect([node.name, multiplication.name]).toEqual(["AddBackward0", "MulBackward0"]);
  const [[accumulate]] = multiplication.nextFunctions as [[InstanceType<typeof autograd.AccumulateGrad>, number]];
  expect(accumulate.name).toBe("AccumulateGrad");
  expect(accumulate.variable).toBe(x);
});

describe("a saved tensor that was changed in place", () => {
  test("is an error that names the versions and the operation", () => {
    const x = leaf(1, 2);
    const y = x.exp();
    const loss = y.sum();
    y.add_(1);
    expect(() => loss.backward()).toThrow(torch.AutogradError);
    expect(() => loss.backward()).toThrow(
      /modified by an inplace operation: \[torch.FloatTensor \[2\]\].*is at version 1; expected version 0 instead.*ExpBackward0/s,
    );
  });

  test("is no error where the value is not needed", () => {
    const x = leaf(1, 2);
    const y = x.add(1);
    const loss = y.mul(2).sum();
    y.zero_();
    loss.backward();
    expect(x.grad!.tolist()).toEqual([2, 2]);
  });

  test("leaves that require grad, and their views, cannot be changed but in noGrad", () => {
    const x = leaf(1, 2);
    expect(() => x.add_(1)).toThrow(/a leaf Variable that requires grad is being used in an in-place operation/);
    expect(() => x.at(0).add_(1)).toThrow(/a view of a leaf Variable that requires grad/);
    torch.noGrad(() => x.add_(1));
    expect(x.tolist()).toEqual([2, 3]);
  });
});

test("detach shares memory but not history; clone the reverse", () => {
  const x = leaf(1, 2);
  const y = x.mul(2);
  expect([y.detach().requiresGrad, y.detach().isLeaf]).toEqual([false, true]);
  y.detach().zero_();
  expect(y.tolist()).toEqual([0, 0]);
  expect(y.clone().gradFn!.name).toBe("CloneBackward0");
});

test("grad takes only other tensors of the same shape and dtype", () => {
  const x = leaf(1, 2);
  expect(() => {
    x.grad = x;
  }).toThrow("can't assign a Tensor as its own grad");
  expect(() => {
    x.grad = 5 as never;
  }).toThrow(/expected to be a Tensor or null but got 5/);
  expect(() => {
    x.grad = torch.ones(3);
  }).toThrow(/data of a different size: got \[3\], expected \[2\]/);
  expect(() => {
    x.grad = torch.ones([2], { dtype: "float64" });
  }).toThrow(/different type/);
});
