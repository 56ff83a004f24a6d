/** Modes: noGrad, enableGrad, inferenceMode, setGradEnabled. */

import { setTimeout } from "node:timers/promises";
import * as torch from "kindling";
import { expect, test } from "vitest";

const x = torch.ones(2, { requiresGrad: true });
const isRecorded = () => x.mul(2).requiresGrad;

test("modes nest and are restored", () => {
  expect(torch.isGradEnabled()).toBe(true);
  const inside = torch.noGrad(() => [isRecorded(), torch.isGradEnabled(), torch.enableGrad(isRecorded), isRecorded()]);
  expect(inside).toEqual([false, false, true, false]);
  expect(isRecorded()).toBe(true);
});

test("a mode is restored when its body throws", () => {
  expect(() =>
    torch.noGrad(() => {
      throw new RangeError();
    }),
  ).toThrow(RangeError);
  expect(torch.isGradEnabled()).toBe(true);
});

test("an async body keeps the mode until it settles", async () => {
  const inside = torch.noGrad(async () => {
    await setTimeout(1);
    return isRecorded();
  });
  expect(await inside).toBe(false);
  expect(torch.isGradEnabled()).toBe(true);
  const failing = torch.noGrad(async () => {
    await setTimeout(1);
    throw new RangeError();
  });
  await expect(failing).rejects.toThrow(RangeError);
  expect(torch.isGradEnabled()).toBe(true);
});

test("setGradEnabled for good, or for a body", () => {
  torch.setGradEnabled(false);
  try {
    expect([isRecorded(), torch.setGradEnabled(true, isRecorded)]).toEqual([false, true]);
  } finally {
    torch.setGradEnabled(true);
  }
  expect(torch.setGradEnabled(false, isRecorded)).toBe(false);
});

test("a leaf made in noGrad may require grad", () => {
  const w = torch.noGrad(() => torch.ones(1, { requiresGrad: true }));
  w.mul(2).backward();
  expect(w.grad!.item()).toBe(2);
});

test("tensors of inference mode never become part of a graph", () => {
  const y = torch.inferenceMode(() => {
    expect([torch.isInferenceModeEnabled(), torch.isGradEnabled()]).toEqual([true, false]);
    return x.mul(2);
  });
  expect([y.requiresGrad, y.isInference(), torch.isInferenceModeEnabled()]).toEqual([false, true, false]);
  expect(() => x.mul(y)).toThrow(/Inference tensors cannot be saved for backward/);
  expect(() => y.requiresGrad_()).toThrow(/inference tensor/);
  x.mul(y.clone()).sum().backward();
  expect(x.grad!.tolist()).toEqual([2, 2]);
});
