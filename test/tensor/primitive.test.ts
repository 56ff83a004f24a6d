/** Tensors where JavaScript wants a number or a text. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const untyped = (value: unknown): any => value;
const one = untyped(torch.tensor([3]));
const many = untyped(torch.tensor([1, 2]));
const learned = untyped(torch.tensor(2, { requiresGrad: true }));

describe("a number", () => {
  test("is what one element without gradient stands for", () => {
    expect(Number(one)).toBe(3);
    expect(-one).toBe(-3);
    expect(one * 2 - 1).toBe(5);
    expect(one > 2).toBe(true);
    expect(one < untyped(torch.tensor(4))).toBe(true);
    expect(Math.max(one, 7)).toBe(7);
    expect(Number(torch.tensor(true))).toBe(1);
    expect(Number(learned.detach())).toBe(2);
    expect(Number(torch.tensor(9007199254740993n))).toBe(2 ** 53);
  });

  test.each([
    ["minus", () => -many, /x\.neg\(\)/],
    ["times", () => many * many, /x\.mul\(y\)/],
    ["greater", () => many > 0, /x\.gt\(y\)/],
    ["Number", () => Number(many), /shape \[2\]/],
    ["no elements", () => Number(torch.empty(0)), /shape \[0\]/],
  ])("is an error for more elements: %s", (_what, body, words) => {
    expect(body).toThrow(torch.ArgumentError);
    expect(body).toThrow(words);
  });

  test.each([
    ["minus", () => -learned],
    ["times", () => learned * 2],
    ["Number", () => Number(learned)],
    ["a computed tensor", () => learned.mul(2) - 1],
  ])("is an error where a gradient would be lost: %s", (_what, body) => {
    expect(body).toThrow(torch.AutogradError);
    expect(body).toThrow(/x\.item\(\) or x\.detach\(\)/);
  });
});

test.each([
  ["a + b", () => many + many, /x\.add\(y\)/],
  ["one + 1", () => one + 1, /x\.add\(y\)/],
  ["text + x", () => ["loss "].reduce((text, start) => start + text, one), /String\(x\)/],
  // biome-ignore lint/suspicious/noDoubleEquals: it is what is tested.
  ["x == 3", () => one == 3, /x\.eq\(y\)/],
])("%s is an error", (_what, body, words) => {
  expect(body).toThrow(torch.ArgumentError);
  expect(body).toThrow(words);
});

test("identity, null and texts are as ever", () => {
  expect([one].includes(one) && one !== many).toBe(true);
  // biome-ignore lint/suspicious/noDoubleEquals: it is what is tested.
  expect(one == null || one == undefined).toBe(false);
  expect(`${one} ${String(many)}`).toBe("tensor([3.]) tensor([1., 2.])");
  expect(String(new torch.nn.Parameter(torch.ones(1)))).toMatch(/^Parameter containing/);
  expect(String(torch.Tensor.prototype)).toBe("Tensor");
});
