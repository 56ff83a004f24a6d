/** PyTorch's spelling of a member is an error that gives ours; what is added later is known at once. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

/** An object as JavaScript sees it, without types. */
const untyped = (value: unknown): any => value;

describe("names in snake_case", () => {
  const x = untyped(torch.ones(2, 2));

  test("of methods", () => {
    expect(() => x.log_softmax(1)).toThrow(
      "Tensor.log_softmax: names are in camelCase here: did you mean Tensor.logSoftmax?",
    );
    expect(() => x.masked_fill_(x.gt(0), 1)).toThrow(/Tensor\.maskedFill_\?/);
  });

  test("of attributes, read and written", () => {
    expect(() => x.grad_fn).toThrow(/gradFn/);
    expect(() => {
      x.requires_grad = true;
    }).toThrow(/requiresGrad\?/);
    expect(() => x.retains_grad).toThrow(torch.ArgumentError);
  });

  test("of modules and optimizers", () => {
    const model = new torch.nn.Linear(2, 2);
    expect(() => untyped(model).state_dict()).toThrow(/Module\.stateDict\?/);
    const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
    expect(() => untyped(optimizer).zero_grad()).toThrow(/Optimizer\.zeroGrad\?/);
    expect(() => untyped(optimizer).param_groups).toThrow(/paramGroups/);
  });

  test("shadow nothing that exists and do not show", () => {
    expect(x.add_(1).tolist()).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(x._version).toBe(1);
    expect(Object.keys(x)).not.toContain("log_softmax");
    expect(x.no_such_name).toBeUndefined();
  });
});

test("what exists wins, also when it is added later", () => {
  const { prototype } = torch.Tensor;
  const x = untyped(torch.ones(1));
  expect(() => x.cuda).toThrow(/to\(/);
  for (const name of ["cuda", "someThing"])
    Object.defineProperty(prototype, name, { value: () => name, configurable: true });
  expect([x.cuda(), x.someThing()]).toEqual(["cuda", "someThing"]);
  expect(() => x.some_thing).toThrow(/did you mean Tensor\.someThing\?/);
  for (const name of ["cuda", "someThing"]) Reflect.deleteProperty(prototype, name);
  expect(x.some_thing).toBeUndefined();
});
