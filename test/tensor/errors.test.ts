/** Wrong inputs: the class of the error, and the words that a user needs. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const ints = () => torch.ones([2], { dtype: "int64" });
const cases: [what: string, body: () => unknown, type: new (...args: never[]) => Error, words: RegExp][] = [
  [
    "an inner size",
    () => torch.ones(3, 4).matmul(torch.ones(5, 6)),
    torch.ShapeError,
    /matmul: .*\[3, 4\].*\[5, 6\].* 4 and 5 differ/,
  ],
  [
    "broadcasting",
    () => torch.ones(2, 3).add(torch.ones(4)),
    torch.ShapeError,
    /add: cannot broadcast the shapes \[2, 3\] and \[4\].* 3 and 4 differ at axis 1/,
  ],
  ["the shape of a view", () => torch.ones(2, 3).view(5), torch.ShapeError, /view: .*\[5\].* 6/],
  ["the layout of a view", () => torch.ones(2, 3).t().view(6), torch.ShapeError, /reshape/],
  [
    "the shape of an in-place result",
    () => torch.ones(2).add_(torch.ones(3, 2)),
    torch.ShapeError,
    /add_?: .*\[2\].*\[3, 2\]/,
  ],
  ["the dtype of an in-place result", () => ints().add_(1.5), torch.DTypeError, /float32 can't be cast.*int64/],
  ["an index", () => torch.ones(2).at(5), torch.IndexError, /index 5 is out of (bounds|range).*size 2/],
  ["an axis", () => torch.ones(2).sum(3), torch.IndexError, /\[-1, 0\], but got 3/],
  ["item of many", () => torch.ones(2).item(), torch.KindlingError, /item: a Tensor with 2 elements/],
  [
    "sizes to concatenate",
    () => torch.cat([torch.ones(2, 2), torch.ones(3, 3)]),
    torch.ShapeError,
    /cat: .*except in dimension 0/,
  ],
  ["an integer that requires grad", () => ints().requiresGrad_(), torch.AutogradError, /floating point dtype.*int64/],
  ["ragged nesting", () => torch.tensor([[1, 2], [3]]), torch.ShapeError, /sequence of length 2 at dim 1 \(got 1\)/],
  ["an element of another kind", () => torch.tensor(["1"]), torch.ArgumentError, /could not infer a dtype of "1"/],
  [
    "a dtype",
    () => torch.ones([1], { dtype: "float" as never }),
    torch.DTypeError,
    /unknown dtype "float"; the dtypes are float32/,
  ],
  [
    "an option",
    () => torch.ones([1], { type: "float32" } as never),
    torch.ArgumentError,
    /unknown argument "type"; the arguments are size, dtype, device, requiresGrad/,
  ],
  [
    "a device",
    () => torch.ones([1], { device: "cuda" as never }),
    torch.DeviceError,
    /device "cuda" is not there.*"cpu"/,
  ],
  [
    "an operand",
    () => torch.ones(1).add("1" as never),
    torch.ArgumentError,
    /add: other must be a Tensor or a number, got "1"/,
  ],
];

test.each(cases)("%s", (_what, body, type, words) => {
  expect(body).toThrow(type);
  expect(body).toThrow(words);
});

test("errors are named after their class and are all KindlingErrors", () => {
  try {
    torch.ones(2).view(3);
    expect.unreachable();
  } catch (error) {
    expect((error as Error).name).toBe("ShapeError");
    expect(error).toBeInstanceOf(torch.KindlingError);
  }
});
