/** Calls that random calls found, with what they give now. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { ops, transforms } = torch.vision;

test("truth values are not searched", () => {
  const x = torch.tensor([true]);
  expect(() => torch.searchsorted(x, x)).toThrow("searchsorted: not implemented for bool");
  expect(() => torch.bucketize(x, x)).toThrow("bucketize: not implemented for bool");
  expect(torch.searchsorted(torch.tensor([1, 2, 3]), torch.tensor([2.5])).tolist()).toEqual([2]);
});

test("an object is no size", () => {
  expect(() => torch.ones(1, 1).view({ size: {} } as never)).toThrow(torch.DTypeError);
  expect(torch.ones(2).view({ size: [1, 2] }).shape).toEqual([1, 2]);
});

test("transforms and pyramids take pictures and lists", () => {
  expect(() => new transforms.RandomGrayscale()([1, [2]] as never)).toThrow("RandomGrayscale: img should be an Image");
  expect(() => new ops.LastLevelMaxPool()(0 as never, [], [])).toThrow("LastLevelMaxPool: x must be an array");
  expect(() => new ops.LastLevelMaxPool()([], [], ["a"])).toThrow("LastLevelMaxPool: x must not be empty");
});
