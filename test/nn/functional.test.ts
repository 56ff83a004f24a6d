/** Functions of `nn.functional` beyond PyTorch's samples: other names, options together. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const F = torch.nn.functional;

const lists = (pair: readonly torch.Tensor[]) => pair.map((x) => x.tolist());

test("poolings with indices give what the option gives", () => {
  const [x1, x2, x3] = [torch.randn(1, 2, 6), torch.randn(1, 2, 6, 6), torch.randn(1, 2, 6, 6, 6)];
  const returnIndices = true;
  const pairs = [
    [F.maxPool1dWithIndices(x1, 2), F.maxPool1d(x1, 2, { returnIndices })],
    [F.maxPool2dWithIndices(x2, 2, { stride: 1 }), F.maxPool2d(x2, 2, { stride: 1, returnIndices })],
    [F.maxPool3dWithIndices(x3, 2), F.maxPool3d(x3, 2, { returnIndices })],
    [F.adaptiveMaxPool1dWithIndices(x1, 2), F.adaptiveMaxPool1d(x1, 2, { returnIndices })],
    [F.adaptiveMaxPool2dWithIndices(x2, [2, null]), F.adaptiveMaxPool2d(x2, [2, null], { returnIndices })],
    [F.adaptiveMaxPool3dWithIndices(x3, 2), F.adaptiveMaxPool3d(x3, 2, { returnIndices })],
  ] as const;
  for (const [own, expected] of pairs) expect(lists(own)).toEqual(lists(expected));
});

test("max pooling two by two gives the first maximum or the last NaN of each window, at every width", () => {
  for (let width = 2; width < 22; width++) {
    const x = torch.randint(0, 4, [2, 6, width], { dtype: torch.float32 });
    x.setAt([0, 1, 1], Number.NaN);
    x.setAt([1, -1, -1], Number.NaN);
    const pool = (input: torch.Tensor) => F.maxPool2d(input, 2, { returnIndices: true });
    expect(lists(pool(x))).toEqual(lists(pool(x.double())));
  }
});

test("fractional poolings with indices draw the same windows", () => {
  const [x2, x3] = [torch.randn(1, 2, 6, 6), torch.randn(1, 2, 6, 6, 6)];
  const seeded = <R>(body: () => R): R => torch.manualSeed(0) && body();
  const options = { outputSize: 3, returnIndices: true } as const;
  expect(lists(seeded(() => F.fractionalMaxPool2dWithIndices(x2, 2, { outputSize: 3 })))).toEqual(
    lists(seeded(() => F.fractionalMaxPool2d(x2, 2, options))),
  );
  expect(lists(seeded(() => F.fractionalMaxPool3dWithIndices(x3, 2, { outputSize: 3 })))).toEqual(
    lists(seeded(() => F.fractionalMaxPool3d(x3, 2, options))),
  );
});

test("the gradient of hardtanh is 1 between the bounds, wherever they lie", () => {
  const slopes = (minVal: number, maxVal: number) => {
    const x = torch.tensor([-3, -2, -1, 0, 1, 2, 3]).requiresGrad_();
    F.hardtanh(x, { minVal, maxVal }).sum().backward();
    return x.grad!.tolist();
  };
  expect(slopes(-2, 2)).toEqual([0, 0, 1, 1, 1, 0, 0]);
  expect(slopes(0, 2)).toEqual([0, 0, 0, 0, 1, 0, 0]);
  expect(slopes(-3, 1)).toEqual([0, 1, 1, 1, 0, 0, 0]);
});
