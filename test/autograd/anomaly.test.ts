/** Anomaly mode: the error names the operation and the line that called it; nothing is remembered while it is off. */
import { setTimeout } from "node:timers/promises";
import * as torch from "kindling";
import { autograd } from "kindling";
import { describe, expect, test } from "vitest";

const leaf = (...values: number[]) => torch.tensor(values, { requiresGrad: true });

/** The gradient of the root of 0, times 0, is NaN. */
function makeNan(x: torch.Tensor): torch.Tensor {
  const root = x.sqrt();
  return root.mul(0).sum();
}

function messageOf(body: () => void): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

describe("detectAnomaly", () => {
  test("names the operation whose backward gives NaN, and the line that called it", () => {
    const message = messageOf(() => autograd.detectAnomaly(() => makeNan(leaf(0, 1)).backward()));
    const [first, second, third] = message.split("\n");
    expect(first).toBe("backward: Function 'SqrtBackward0' returned nan values in its 0th output.");
    expect(second).toBe("The forward call that made SqrtBackward0:");
    expect(third).toMatch(/at makeNan .*anomaly\.test\.ts:\d+:\d+/);
    expect(message).not.toMatch(/kindling\.js|src\/autograd|src\/ops/);
  });

  test("adds the line to any error of backward", () => {
    class Failing extends autograd.Function {
      static forward(_ctx: autograd.FunctionCtx, x: torch.Tensor) {
        return x.mul(2);
      }
      static backward(): torch.Tensor {
        throw new RangeError("mine");
      }
    }
    const run = () => autograd.detectAnomaly(() => Failing.apply(leaf(1)).sum().backward());
    expect(run).toThrow(RangeError);
    expect(messageOf(run)).toMatch(/^mine\nThe forward call that made FailingBackward:\n {4}at .*anomaly\.test\.ts/);
  });

  test("names the backward in which a node of a second derivative was made", () => {
    const x = leaf(0);
    const message = messageOf(() =>
      autograd.detectAnomaly(() => {
        const [first] = autograd.grad(x.pow(1.5).sum(), x, { createGraph: true });
        first!.mul(0).sum().backward();
      }),
    );
    expect(message).toMatch(/^backward: Function 'PowBackward0' returned nan values/);
    expect(message).toMatch(
      /which was part of the backward of PowBackward0\.\nThe forward call that made PowBackward0/,
    );
  });

  test("without checkNan lets NaN pass", () => {
    const x = leaf(0);
    autograd.detectAnomaly(() => makeNan(x).backward(), { checkNan: false });
    expect(x.grad!.tolist()).toEqual([Number.NaN]);
  });

  test("says so when the forward pass ran outside of it", () => {
    const loss = makeNan(leaf(0));
    expect(() => autograd.detectAnomaly(() => loss.backward())).toThrow(
      /No forward pass information is available for SqrtBackward0: enable anomaly mode during the forward pass/,
    );
  });

  test("is over when its body is, also an async one", async () => {
    const inside = autograd.detectAnomaly(async () => {
      await setTimeout(1);
      return torch.isAnomalyEnabled();
    });
    expect(await inside).toBe(true);
    expect(() => autograd.detectAnomaly(() => leaf(1, 2).backward())).toThrow(torch.AutogradError);
    expect(torch.isAnomalyEnabled()).toBe(false);
  });
});

test("setDetectAnomaly for good, or for a body", () => {
  autograd.setDetectAnomaly(true, { checkNan: false });
  try {
    expect([torch.isAnomalyEnabled(), torch.isAnomalyCheckNanEnabled()]).toEqual([true, false]);
    expect(autograd.setDetectAnomaly(false, () => torch.isAnomalyEnabled())).toBe(false);
    expect(torch.isAnomalyEnabled()).toBe(true);
  } finally {
    autograd.setDetectAnomaly(false);
  }
  expect(torch.isAnomalyEnabled()).toBe(false);
  expect(() => autograd.setDetectAnomaly(true, { checkNaN: true } as object)).toThrow(/checkNaN/);
});

test("off, NaN is a value as any other, and nodes remember nothing", () => {
  const x = leaf(0);
  const y = makeNan(x);
  y.backward();
  expect(x.grad!.tolist()).toEqual([Number.NaN]);
  expect((y.gradFn as autograd.Node & { trace: unknown }).trace).toBeNull();
});
