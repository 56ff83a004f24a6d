/** Devices by name. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const untyped = (value: unknown): any => value;

test("torch.device gives what x.device compares with", () => {
  const device = torch.device("cpu");
  expect(torch.ones(1).device).toBe(device);
  expect(torch.ones(1, { device }).to(device).device).toBe("cpu");
  expect([torch.device("cpu:0"), torch.device("cpu", 0), torch.device("wasm"), torch.device({ type: "cpu" })]).toEqual([
    "cpu",
    "cpu",
    "cpu",
    "cpu",
  ]);
});

const cuda = /: device "cuda(:0)?" is not there; devices here are "cpu" and "webgpu"/;

test.each<[string, () => unknown]>([
  ["device", () => torch.device(untyped("cuda"))],
  ["device", () => torch.device(untyped("cuda:0"))],
  ["to", () => torch.ones(1).to(untyped("cuda"))],
  ["to", () => torch.ones(1).to(untyped("cuda:0"))],
  ["to", () => torch.ones(1).to(untyped("cuda"), torch.float64)],
  ["to", () => torch.ones(1).to({ device: untyped("cuda") })],
  ["to", () => new torch.nn.Linear(2, 2).to(untyped("cuda"))],
  ["to", () => new torch.nn.Linear(2, 2).to({ device: untyped("cuda:0") })],
  ["to", () => new torch.nn.ReLU().to(untyped("cuda"))],
  ["zeros", () => torch.zeros(2, { device: untyped("cuda") })],
  ["tensor", () => torch.tensor([1], { device: untyped("cuda") })],
  ["randn", () => torch.randn(2, { device: untyped("cuda") })],
  ["arange", () => torch.arange(2, { device: untyped("cuda") })],
])("%s: a device that is not there", (op, body) => {
  expect(body).toThrow(torch.DeviceError);
  expect(body).toThrow(cuda);
  expect(body).toThrow(new RegExp(`^${op}: `));
});

test("what is neither a dtype nor a device lists both", () => {
  const words = /^to: unknown dtype "floaty"; the dtypes are float32, .*, the devices "cpu" and "webgpu"/;
  expect(() => torch.ones(1).to(untyped("floaty"))).toThrow(words);
  expect(() => new torch.nn.Linear(2, 2).to(untyped("floaty"))).toThrow(words);
});

test("wrong arguments of torch.device", () => {
  expect(() => torch.device(untyped(3))).toThrow(/^device: type must be "cpu" or "webgpu", got 3/);
  expect(() => torch.device("cpu", 1)).toThrow(/^device: index/);
});
