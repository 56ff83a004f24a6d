/** Hooks of modules, in PyTorch's order. */
import * as torch from "kindling";
import { afterEach, expect, test } from "vitest";

const { nn } = torch;
const handles: { remove(): void }[] = [];
afterEach(() => {
  for (const handle of handles.splice(0)) handle.remove();
});

test("hooks run before and after forward and around backward, global ones first", () => {
  const calls: string[] = [];
  const note = (name: string) => () => void calls.push(name);
  const linear = new nn.Linear(2, 2);
  handles.push(
    nn.registerModuleForwardPreHook(note("global pre")),
    nn.registerModuleForwardHook(note("global forward")),
    nn.registerModuleFullBackwardHook(note("global backward")),
  );
  linear.registerForwardPreHook(note("pre"));
  linear.registerForwardPreHook(note("first pre"), { prepend: true });
  linear.registerForwardHook(note("forward"));
  linear.registerFullBackwardPreHook(note("backward pre"));
  linear.registerFullBackwardHook(note("backward"));
  linear(torch.ones([1, 2], { requiresGrad: true }))
    .sum()
    .backward();
  expect(calls).toEqual([
    "global pre",
    "first pre",
    "pre",
    "global forward",
    "forward",
    "backward pre",
    "global backward",
    "backward",
  ]);
});

test("forward hooks may replace arguments and output", () => {
  const identity = new nn.Identity();
  identity.registerForwardPreHook((_, [x]) => x.mul(2));
  const handle = identity.registerForwardHook((_module, args, output) => output.add(args[0]));
  expect(identity(torch.ones(1)).item()).toBe(4);
  handle.remove();
  expect(identity(torch.ones(1)).item()).toBe(2);
});

test("full backward hooks see and replace gradients by position", () => {
  class Weighted extends nn.Module {
    override forward(a: torch.Tensor, factor: number, b: torch.Tensor): torch.Tensor {
      return a.mul(factor).add(b);
    }
  }
  const module = new Weighted();
  const seen: unknown[] = [];
  module.registerFullBackwardHook((_, gradInput, gradOutput) => {
    seen.push(
      gradInput.map((g) => g?.tolist() ?? null),
      gradOutput.map((g) => g?.tolist() ?? null),
    );
    return [gradInput[0]!.mul(10), null, gradInput[2]!];
  });
  const a = torch.ones([2], { requiresGrad: true });
  module(a, 3, torch.ones(2)).sum().backward();
  expect(seen).toEqual([[[3, 3], null, null], [[1, 1]]]);
  expect(a.grad!.tolist()).toEqual([30, 30]);
});

test("a pre hook replaces the gradient of the output", () => {
  const linear = new nn.Linear(1, 1, { bias: false });
  linear.registerFullBackwardPreHook((_, [g]) => [g!.mul(5)]);
  linear(torch.ones([1, 1]))
    .sum()
    .backward();
  expect(linear.weight.grad!.item()).toBe(5);
});

test("without inputs that require grad the hook gets nulls and may not replace them", () => {
  const linear = new nn.Linear(1, 1);
  let inputs: unknown;
  linear.registerFullBackwardHook((_, gradInput) => {
    inputs = gradInput;
  });
  linear(torch.ones(1, 1)).sum().backward();
  expect(inputs).toEqual([null]);
});

test("the old backward hook sees the last operation", () => {
  const net = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
  let outputs: unknown;
  net.registerBackwardHook((_, gradInput, gradOutput) => {
    outputs = [gradInput.length, gradOutput[0]!.tolist()];
  });
  net(torch.ones(1, 2)).sum().backward();
  expect(outputs).toEqual([1, [[1, 1]]]);
  expect(() => net.registerFullBackwardHook(() => undefined)).toThrow(
    "Cannot use both regular backward hooks and full backward hooks",
  );
});

test("an in-place module works under a full backward hook", () => {
  const relu = new nn.ReLU({ inplace: true });
  let gradient: unknown;
  relu.registerFullBackwardHook((_, [g]) => {
    gradient = g!.tolist();
  });
  const x = torch.tensor([-1, 2], { requiresGrad: true });
  relu(x.mul(3)).sum().backward();
  expect(gradient).toEqual([0, 1]);
  expect(x.grad!.tolist()).toEqual([0, 3]);
});
