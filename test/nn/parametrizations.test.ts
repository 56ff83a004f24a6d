/** `nn.utils.parametrizations` against values of PyTorch, and fusion of layers with batch normalization. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

const { nn } = torch;
const { parametrizations } = nn.utils;

/** Rows and columns, options, then PyTorch's weight and gradient for {@link changed}. */
const orthogonal: [rows: number, columns: number, options: object, weight: number[], gradient: number[]][] = [
  [
    3,
    3,
    {},
    [-0.67083, 0.04443, -0.74028, -0.36873, 0.8461, 0.38492, 0.64345, 0.53118, -0.5512],
    [0.0, 0.0, 0.0, -2.3068, 0.0, 0.0, 0.583, -11.779, 0.0],
  ],
  [2, 3, {}, [-0.22582, -0.50646, -0.83217, 0.36145, -0.83682, 0.4112], [0.0, 2.1406, 9.0322, 0.0, 0.0, 1.6897]],
  [3, 2, {}, [0.97119, -0.18117, 0.16589, 0.98037, -0.17111, -0.07784], [0.0, 0.0, -0.8, 0.0, 3.718, -5.399]],
  [
    3,
    3,
    { orthogonalMap: "cayley" },
    [-0.56699, 0.07188, -0.82058, -0.51641, 0.74509, 0.42209, 0.64175, 0.66308, -0.38534],
    [0.0, 0.0, 0.0, 0.0378, 0.0, 0.0, 2.3625, -8.935, 0.0],
  ],
  [
    3,
    2,
    { orthogonalMap: "matrixExp" },
    [0.60909, 0.64817, -0.20664, 0.68606, -0.76571, 0.33044],
    [0.0, 0.0, 4.4574, 0.0, 2.6758, -3.2072],
  ],
  [
    3,
    2,
    { useTrivialization: false },
    [0.59752, 0.65172, -0.5888, 0.75209, -0.54432, -0.09813],
    [0.0, 0.0, -0.5525, 0.0, 3.9547, -4.4984],
  ],
];

/** 0, 1, 2 … in rows. */
const counted = (rows: number, columns: number) =>
  torch
    .arange(rows * columns)
    .float()
    .reshape(rows, columns);

/** What is learned is moved by waves, in the triangle that counts. */
function changed(layer: torch.nn.Linear): torch.Tensor {
  const original = layer.getParameter("parametrizations.weight.original");
  const [rows, columns] = original.shape;
  const waves = counted(rows, columns).mul(0.3).sin();
  torch.noGrad(() => original.add_(rows < columns ? waves.triu(1) : waves.tril(-1)));
  return original;
}

function expectClose(x: torch.Tensor, expected: readonly number[], digits: number): void {
  expect(x.flatten().tolist()).toEqual(expected.map((value) => expect.closeTo(value, digits)));
}

describe("orthogonal", () => {
  test.each(orthogonal)(
    "%i × %i %o gives PyTorch's matrix and gradient",
    (rows, columns, options, weight, gradient) => {
      torch.manualSeed(0);
      const layer = parametrizations.orthogonal(new nn.Linear(columns, rows, { bias: false }), "weight", options);
      const original = changed(layer);
      expectClose(layer.weight, weight, 4);
      layer.weight.mul(counted(rows, columns)).sum().backward();
      expectClose(original.grad!, gradient, 3);
      const q = rows < columns ? layer.weight.mT : layer.weight;
      expect(torch.allclose(q.mT.matmul(q), torch.eye(Math.min(rows, columns)), { atol: 1e-5 })).toBe(true);
    },
  );

  test("keeps an orthogonal matrix that is assigned, and says what it cannot do", () => {
    const layer = parametrizations.orthogonal(new nn.Linear(3, 3));
    expect(Object.keys(layer.stateDict())).toEqual([
      "bias",
      "parametrizations.weight.original",
      "parametrizations.weight.0.base",
    ]);
    const turn = torch.tensor([
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 0],
    ]);
    layer.weight = turn as torch.nn.Parameter;
    expectClose(layer.weight, turn.flatten().tolist(), 5);
    expect(() => parametrizations.orthogonal(new nn.Linear(3, 3), "bias")).toThrow("expected a matrix");
    const options = { orthogonalMap: "cayley", useTrivialization: false } as const;
    expect(() => parametrizations.orthogonal(new nn.Linear(3, 3), "weight", options)).toThrow('use "householder"');
  });
});

test("spectralNorm gives PyTorch's weight, of norm one, and normalizes vectors", () => {
  torch.manualSeed(0);
  const layer = parametrizations.spectralNorm(new nn.Linear(3, 2));
  expect(Object.keys(layer.stateDict())).toEqual([
    "bias",
    "parametrizations.weight.original",
    "parametrizations.weight.0._u",
    "parametrizations.weight.0._v",
  ]);
  expectClose(layer.weight, [-0.00657, 0.47096, -0.72257, -0.6461, -0.33814, 0.23542], 4);
  expect(torch.linalg.svdvals(layer.weight.detach()).at(0).item()).toBeCloseTo(1, 3);
  parametrizations.spectralNorm(layer, "bias");
  expect(layer.bias!.norm().item()).toBeCloseTo(1, 5);
  expect(() => parametrizations.spectralNorm(new nn.Linear(2, 2), "weight", { nPowerIterations: 0 })).toThrow(
    "positive",
  );
});

describe("fusion with batch normalization", () => {
  const trained = <N extends torch.nn.BatchNorm1d | torch.nn.BatchNorm2d>(norm: N): N => {
    for (const x of [norm.runningMean!, norm.weight!, norm.bias!]) nn.init.normal_(x);
    nn.init.uniform_(norm.runningVar!, 0.5, 2);
    norm.eval();
    return norm;
  };

  test.each([new nn.Conv2d(3, 4, 3, { bias: false, padding: 1 }), new nn.ConvTranspose2d(3, 4, 3, { stride: 2 })])(
    "%s",
    (conv) => {
      const norm = trained(new nn.BatchNorm2d(4));
      const fused = nn.utils.fuseConvBnEval(conv.eval(), norm);
      const x = torch.randn(2, 3, 5, 5);
      expect(torch.allclose(fused(x), norm(conv(x)), { atol: 1e-5 })).toBe(true);
      expect(fused.bias!.shape).toEqual([4]);
    },
  );

  test("a linear layer, and errors in training mode", () => {
    const [linear, norm] = [new nn.Linear(3, 4).eval(), trained(new nn.BatchNorm1d(4))];
    const x = torch.randn(5, 3);
    expect(torch.allclose(nn.utils.fuseLinearBnEval(linear, norm)(x), norm(linear(x)), { atol: 1e-5 })).toBe(true);
    expect(() => nn.utils.fuseLinearBnEval(linear.train(), norm)).toThrow("only for eval");
    const plain = new nn.BatchNorm1d(4, { trackRunningStats: false }).eval();
    expect(() => nn.utils.fuseLinearBnEval(linear.eval(), plain)).toThrow("no running statistics");
  });
});

test("unpackSequence gives back what was packed", () => {
  const sequences = [2, 4, 1].map((length) => torch.randn(length, 3));
  const packed = nn.utils.rnn.packSequence(sequences, { enforceSorted: false });
  const unpacked = nn.utils.rnn.unpackSequence(packed);
  expect(unpacked.map((x) => x.tolist())).toEqual(sequences.map((x) => x.tolist()));
});
