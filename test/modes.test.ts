/** Switches, constants, sizes and names of types: small things that ported programs use. */
import * as torch from "kindling";
import { afterEach, expect, test } from "vitest";

afterEach(() => {
  torch.useDeterministicAlgorithms(false);
  torch.setFloat32MatmulPrecision("highest");
  torch.setDefaultDtype("float32");
});

test("deterministic algorithms are what there is; the switch is remembered", () => {
  expect([torch.areDeterministicAlgorithmsEnabled(), torch.getDeterministicDebugMode()]).toEqual([false, 0]);
  torch.useDeterministicAlgorithms(true, { warnOnly: true });
  expect([torch.isDeterministicAlgorithmsWarnOnlyEnabled(), torch.getDeterministicDebugMode()]).toEqual([true, 1]);
  torch.setDeterministicDebugMode("error");
  expect([torch.areDeterministicAlgorithmsEnabled(), torch.getDeterministicDebugMode()]).toEqual([true, 2]);
  expect(() => torch.useDeterministicAlgorithms(1 as never)).toThrow("mode must be true or false, got 1");
  expect(() => torch.setDeterministicDebugMode(3 as never)).toThrow("debugMode must be an integer from 0 to 2, got 3");
  expect(() => torch.setDeterministicDebugMode("x" as never)).toThrow('one of "default", "warn", "error", got "x"');
});

test("precision, denormal numbers, anomalies", () => {
  expect(torch.getFloat32MatmulPrecision()).toBe("highest");
  torch.setFloat32MatmulPrecision("high");
  expect(torch.getFloat32MatmulPrecision()).toBe("high");
  expect(() => torch.setFloat32MatmulPrecision("low" as never)).toThrow("precision must be one of");
  expect(torch.setFlushDenormal(true)).toBe(false);
  torch.setAnomalyEnabled(true, false);
  expect([torch.isAnomalyEnabled(), torch.isAnomalyCheckNanEnabled()]).toEqual([true, false]);
  torch.setAnomalyEnabled(false);
  expect(torch.isAnomalyEnabled()).toBe(false);
});

test("the default type by its old name", () => {
  torch.setDefaultTensorType("torch.DoubleTensor");
  expect(torch.zeros(1).dtype).toBe("float64");
  expect(() => torch.setDefaultTensorType("torch.LongTensor")).toThrow("only floating-point types are supported");
  expect(() => torch.setDefaultTensorType("torch.Foo")).toThrow('no type of tensors is called "torch.Foo"');
  expect(() => torch.setDefaultTensorType(3 as never)).toThrow('takes a name such as "torch.FloatTensor", got 3');
});

test("constants, sizes and types", () => {
  expect([torch.pi, torch.e, torch.inf, torch.nan]).toEqual([Math.PI, Math.E, Number.POSITIVE_INFINITY, Number.NaN]);
  expect(torch.Size(torch.ones(2, 3).shape)).toEqual([2, 3]);
  expect(Object.isFrozen(torch.Size([1]))).toBe(true);
  expect(() => torch.Size([2, -3])).toThrow("Size: a size cannot be negative, got [2, -3]");
  expect(() => torch.Size([0.5])).toThrow("Size: size[0] must be an integer, got 0.5");
  expect(() => torch.Size(3 as never)).toThrow("Size: sizes must be an iterable of integers, got 3");
  expect([torch.typename(torch.ones(1)), torch.typename(new torch.nn.Linear(1, 1)), torch.typename("a")]).toEqual([
    "torch.FloatTensor",
    "Linear",
    "String",
  ]);
  expect([torch.isStorage(torch.ones(1)), torch.typename(null)]).toEqual([false, "null"]);
});

test("torch.random is where the generator is", () => {
  expect(torch.random.manualSeed).toBe(torch.manualSeed);
  torch.random.manualSeed(5);
  const state = torch.random.getRngState();
  const x = torch.rand(2);
  torch.random.setRngState(state);
  expect([torch.rand(2).tolist(), torch.random.initialSeed()]).toEqual([x.tolist(), 5]);
  expect(torch.random.forkRng(() => torch.rand(1).shape)).toEqual([1]);
});
