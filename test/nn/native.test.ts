/** Functions of `torch` itself, with PyTorch's own argument lists: values that PyTorch 1.13 gave. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const int64 = { dtype: torch.int64 } as const;
const a = torch.arange(24).sub(11).div(7).reshape(2, 4, 3);
const c = torch.arange(4).div(3).add(0.5);
const first = (x: torch.Tensor) => x.select(0, 0);

/** ½ sin(0.7 i), in a shape. */
const wave = (...shape: number[]) =>
  torch
    .arange(shape.reduce((n, size) => n * size, 1))
    .mul(0.7)
    .sin()
    .mul(0.5)
    .reshape(shape);

describe("normalization", () => {
  test("of layers and groups", () => {
    const [weight, bias] = [torch.tensor([1, 2, 3]), torch.tensor([0.5, 0, -0.5])];
    expectClose(first(torch.layerNorm(a, [3], weight, bias, 1e-5, false)), [
      [-0.72429, 0, 3.17289],
      [-0.7243, 0, 3.17289],
      [-0.72429, 0, 3.17289],
      [-0.72429, 0, 3.17289],
    ]);
    expectClose(first(torch.groupNorm(a, 2, c, c, 1e-5)), [
      [-0.23186, 0.06088, 0.35363],
      [1.07729, 1.5652, 2.05311],
      [-0.54102, 0.14206, 0.82513],
      [1.93912, 2.81735, 3.69559],
    ]);
  });

  test("of batches, by statistics of their own and by running ones", () => {
    const [mean, variance] = [torch.zeros(4), torch.ones(4)];
    expectClose(first(torch.batchNorm(a, c, null, mean, variance, true, 0.1, 1e-5)), [
      [-0.578, -0.49543, -0.41286],
      [-0.96334, -0.82572, -0.6881],
      [-1.34867, -1.156, -0.96334],
      [-1.73401, -1.48629, -1.23858],
    ]);
    expectClose(mean, [-0.05714, -0.01429, 0.02857, 0.07143]);
    expectClose(variance, [0.9898, 0.9898, 0.9898, 0.9898]);
    const options = { weight: c, bias: c, runningMean: mean, runningVar: variance, momentum: 0.1, eps: 1e-5 };
    expectClose(first(torch.batchNorm(a, { ...options, training: false })), [
      [-0.26103, -0.18924, -0.11744],
      [-0.11197, 0.00769, 0.12734],
      [0.29555, 0.46307, 0.63059],
      [0.96153, 1.17692, 1.39231],
    ]);
    expect(() => torch.batchNorm(a, c, null, mean, variance, 1 as never, 0.1, 1e-5)).toThrow(
      "batchNorm: training must be true or false, got 1",
    );
  });

  test("of instances, and of groups with their statistics", () => {
    expectClose(first(torch.instanceNorm(a, c, c, null, null, true, 0.1, 1e-5)), [
      [-0.11215, 0.5, 1.11215],
      [-0.18691, 0.83333, 1.85358],
      [-0.26168, 1.16667, 2.59501],
      [-0.33644, 1.5, 3.33644],
    ]);
    const [y, mean, rstd] = torch.nativeGroupNorm(
      torch.arange(24).float().reshape(2, 4, 3),
      null,
      null,
      2,
      4,
      3,
      2,
      1e-5,
    );
    expectClose(y.at(0, 0), [-1.4638, -0.8783, -0.2928], 1e-4);
    expectClose(mean, [
      [2.5, 8.5],
      [14.5, 20.5],
    ]);
    expectClose(rstd, [
      [0.58554, 0.58554],
      [0.58554, 0.58554],
    ]);
    expect(() => torch.nativeGroupNorm(a, null, null, 2, 4, 4, 2, 1e-5)).toThrow("has no 2 · 4 · 4 elements");
  });
});

describe("dropout", () => {
  test("draws PyTorch's masks, with the probability and the mode by position", () => {
    torch.manualSeed(0);
    const kept = [0, 0, 1, 0, 1, 0, 1, 1, 1, 1];
    expectClose(
      torch.dropout(torch.ones(10), 0.3, true),
      kept.map((one) => one / 0.7),
    );
    torch.featureDropout(torch.ones(1, 4, 2), 0.3, true);
    expectClose(torch.alphaDropout(torch.ones(4), 0.3, true), [1.315, 1.315, 1.315, 1.315], 1e-4);
    expectClose(
      torch.featureAlphaDropout(torch.ones(1, 4, 2), { p: 0.3, train: true }).select(2, 0),
      [[1.315, -1.0595, 1.315, 1.315]],
      1e-4,
    );
    torch.manualSeed(0);
    const [y, mask] = torch.nativeDropout(torch.ones(10), 0.3, true);
    expectClose(
      y,
      kept.map((one) => one / 0.7),
    );
    expect(mask.tolist()).toEqual(kept.map(Boolean));
    expect(torch.nativeDropout(torch.ones(2), 1, true).map((x) => x.tolist())).toEqual([
      [0, 0],
      [false, false],
    ]);
  });

  test("changes the input in place, and gradients flow through the mask", () => {
    torch.manualSeed(0);
    const x = torch.ones(4);
    expect(torch.dropout_(x, 0.5, true) === x).toBe(true);
    expect(x.tolist()).toEqual([0, 0, 2, 0]);
    const leaf = torch.ones([3], { requiresGrad: true });
    expect(() => torch.dropout_(leaf, 0.5, true)).toThrow("dropout_: a leaf Variable that requires grad");
    const [y] = torch.nativeDropout(leaf, 0.5, true);
    y.sum().backward();
    expect(leaf.grad!.tolist()).toEqual(y.tolist());
    const z = torch.tensor([-1, 2]);
    expect(torch.rrelu_(z, 0.5, 0.5) === z).toBe(true);
    expect(z.tolist()).toEqual([-0.5, 2]);
  });

  test("wants all of its arguments", () => {
    expect(() => (torch.dropout as any)(torch.ones(1))).toThrow("dropout: missing argument p");
    expect(() => torch.dropout(torch.ones(1), 1.5, true)).toThrow("dropout probability has to be between 0 and 1");
    expect(() => torch.dropout(torch.ones(1), 0.5, 1 as never)).toThrow("dropout: train must be true or false, got 1");
  });
});

describe("losses", () => {
  const x = torch.tensor([
    [0.5, -1, 2],
    [1, 0.25, -0.5],
  ]);
  const y = torch.tensor([
    [1, 0, 1],
    [0, 1, 1],
  ]);

  test("take the reduction as a number", () => {
    expectClose(torch.binaryCrossEntropyWithLogits(x, y, { reduction: 0 }), [
      [0.47408, 0.31326, 0.12693],
      [1.31326, 0.57594, 0.97408],
    ]);
    expectClose(torch.binaryCrossEntropyWithLogits(x, y, undefined, undefined, 2), 3.77754);
    expectClose(torch.cosineEmbeddingLoss(x, y, torch.tensor([1, -1]), 0.1, 0), [0.22848, 0]);
    expectClose(torch.hingeEmbeddingLoss(x, y.sub(0.5).sign(), 1.5, 2), 5.25);
    expectClose(
      torch.marginRankingLoss(x.select(0, 0), y.select(0, 0), torch.tensor([1, -1, 1]), { margin: 0.2, reduction: 0 }),
      [0.7, 0, 0],
    );
    expectClose(torch.tripletMarginLoss(x, y, y.flip(0), 1, 2, 1e-6, true, 0), [1.08579, 1.53835]);
    expectClose(torch.klDiv(x, x.mul(0.5), 2, { logTarget: true }), -3.50733);
    expectClose(torch.poissonNllLoss(x, y, true, true, 1e-8, 1), 1.96075);
    expect(() => torch.hingeEmbeddingLoss(x, y, 1, 3 as never)).toThrow(
      "reduction must be 0 (none), 1 (mean) or 2 (sum)",
    );
    expect(() => torch.hingeEmbeddingLoss(x, y, 1, "all" as never)).toThrow('one of "none", "mean", "sum", got "all"');
  });

  test("of sequences", () => {
    const logProbs = torch.arange(24).float().sin().reshape(4, 2, 3).logSoftmax(2);
    const targets = torch.tensor(
      [
        [1, 2],
        [1, 1],
      ],
      int64,
    );
    expectClose(torch.ctcLoss(logProbs, targets, [4, 4], [2, 1], 0, 0), [1.378, 1.1788], 1e-4);
  });
});

/** The weights of the layers of a network in a flat list. */
function params(gates: number, { layers = 1, directions = 1, bias = true, proj = 0 } = {}): torch.Tensor[] {
  const [i, h] = [2, 3];
  return Array.from({ length: layers * directions }, (_, k) => {
    const inputs = k < directions ? i : (proj || h) * directions;
    const biases = bias ? [wave(gates * h), wave(gates * h).add(0.1)] : [];
    return [wave(gates * h, inputs), wave(gates * h, proj || h), ...biases, ...(proj > 0 ? [wave(proj, h)] : [])];
  }).flat();
}

describe("recurrent networks", () => {
  const x = wave(4, 2, 2);

  test("of long short-term memory, in layers and with projections", () => {
    const two = params(4, { layers: 2 });
    const [y, h, cells] = torch.lstm(x, [wave(2, 2, 3), wave(2, 2, 3)], two, true, 2, 0, false, false, false);
    expectClose(y.select(0, 3), [
      [-0.29984, -0.45171, 0.30877],
      [-0.30903, -0.44575, 0.13885],
    ]);
    expectClose(h.select(0, 0), [
      [-0.31211, -0.55226, -0.33265],
      [-0.24661, -0.43572, -0.08026],
    ]);
    expectClose(cells.select(0, 1), [
      [-0.89025, -0.99381, 0.37124],
      [-0.81845, -0.94603, 0.16546],
    ]);
    const projected = params(4, { directions: 2, proj: 2 });
    const [, hidden, c1] = torch.lstm(x, {
      hx: [wave(2, 2, 2), wave(2, 2, 3)],
      params: projected,
      hasBiases: true,
      numLayers: 1,
      dropout: 0,
      train: false,
      bidirectional: true,
      batchFirst: false,
    });
    expectClose(hidden.select(0, 1), [
      [-0.32637, -0.21695],
      [-0.36088, -0.18671],
    ]);
    expectClose(c1.select(0, 0), [
      [-0.92515, -0.97693, -0.55015],
      [-0.81681, -0.91037, -0.24847],
    ]);
  });

  test("of gates and of one nonlinearity", () => {
    const weights = params(3, { directions: 2, bias: false });
    const [, h] = torch.gru(x.transpose(0, 1), wave(2, 2, 3), weights, false, 1, 0, false, true, true);
    expectClose(h, [
      [
        [0.1289, -0.04398, -0.09355],
        [0.01933, 0.09617, 0.07247],
      ],
      [
        [-0.00734, -0.12276, -0.00839],
        [0.19723, -0.08811, -0.07902],
      ],
    ]);
    expectClose(torch.rnnTanh(x, wave(1, 2, 3), params(1), true, 1, 0, false, false, false)[1], [
      [
        [0.48584, 0.86076, 0.44187],
        [0.4431, 0.63184, 0.31945],
      ],
    ]);
    expectClose(torch.rnnRelu(x, wave(1, 2, 3), params(1), true, 1, 0, false, false, false)[1], [
      [
        [0.55509, 1.40284, 0.34244],
        [0.67557, 0.83468, 0.04048],
      ],
    ]);
  });

  test("over packed batches", () => {
    const lstm = torch.lstm as unknown as (...given: unknown[]) => torch.Tensor[];
    const sizes = torch.tensor([2, 2, 1], int64);
    const [, h, cells] = lstm(wave(5, 2), sizes, [wave(1, 2, 3), wave(1, 2, 3)], params(4), true, 1, 0, false, false);
    expectClose(h!, [
      [
        [-0.28152, -0.43763, -0.15823],
        [-0.1372, -0.31878, -0.13502],
      ],
    ]);
    expectClose(cells!.at(0, 1), [-0.35117, -0.60457, -0.16966]);
    const gru = torch.gru as unknown as (...given: unknown[]) => torch.Tensor[];
    expectClose(gru(wave(5, 2), sizes, wave(1, 2, 3), params(3), true, 1, 0, false, false)[1]!, [
      [
        [-0.36297, -0.43548, -0.17676],
        [-0.07863, -0.21991, -0.18102],
      ],
    ]);
  });

  test("give what the layers give, with gradients", () => {
    torch.manualSeed(0);
    const net = new torch.nn.LSTM(2, 3, { numLayers: 2, bidirectional: true });
    const state = [torch.zeros(4, 2, 3), torch.zeros(4, 2, 3)];
    const [y] = torch.lstm(x, state, net.parameters(), true, 2, 0, true, true, false);
    expect(torch.equal(y, net(x)[0])).toBe(true);
    y.sum().backward();
    expect(net.weightIhL0!.grad!.abs().sum().item()).toBeGreaterThan(0);
  });

  test("step by step", () => {
    const [input, hx] = [wave(2, 2), wave(2, 3)];
    const [h, cells] = torch.lstmCell(input, [hx, hx], ...(params(4) as [torch.Tensor, torch.Tensor, torch.Tensor]));
    expect(h.shape).toEqual([2, 3]);
    const [wIh, wHh, bIh, bHh] = params(4) as [torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor];
    const [full] = torch.lstmCell(input, [hx, hx], wIh, wHh, { bIh, bHh });
    expectClose(full, [
      [-0.14093, -0.24141, -0.19329],
      [0.00445, -0.3593, -0.40398],
    ]);
    expect(cells.shape).toEqual([2, 3]);
    const gru = params(3) as [torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor];
    expectClose(torch.gruCell(input, hx, ...gru), [
      [-0.08573, -0.10229, -0.18847],
      [0.14168, -0.15925, -0.48173],
    ]);
    const rnn = params(1) as [torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor];
    expectClose(torch.rnnTanhCell(input, hx, ...rnn), [
      [0.50073, 0.69147, 0.61393],
      [0.20367, 0.88926, 0.70505],
    ]);
    expectClose(torch.rnnReluCell(input, hx, rnn[0], rnn[1]), [
      [0.45029, 0.10656, 0],
      [0.10656, 0.67416, 0],
    ]);
  });

  test("say what does not fit", () => {
    const state = [torch.zeros(1, 2, 3), torch.zeros(1, 2, 3)];
    const run = (input: torch.Tensor, hx: torch.Tensor[], weights: torch.Tensor[]) =>
      torch.lstm(input, hx, weights, true, 1, 0, false, false, false);
    expect(() => run(x, state.slice(1), params(4))).toThrow("lstm: expects two hidden states, got 1");
    expect(() => run(x, state, params(4).slice(1))).toThrow("lstm: got an incorrect number of RNN parameters");
    expect(() => run(x, [torch.zeros(2, 2, 3), state[1]!], params(4))).toThrow("lstm: hx must have shape [1");
    expect(() => run(wave(4, 2, 5), state, params(4))).toThrow("the last of size 2, got shape [4, 2, 5]");
    expect(() => torch.gruCell(wave(2, 2), wave(2, 3), ...(params(4) as [torch.Tensor, torch.Tensor]))).toThrow(
      "gruCell: wIh and wHh must have shapes",
    );
    expect(() => torch.gruCell(wave(2, 2), wave(2, 4), ...(params(3) as [torch.Tensor, torch.Tensor]))).toThrow(
      "gruCell: hidden0 must have shape [2, 3], got [2, 4]",
    );
  });
});

describe("tables and grids", () => {
  const weight = torch.arange(12).float().reshape(4, 3);
  const indices = torch.tensor([0, 2, 1, 3, 3], int64);

  test("rows by index, the weight first", () => {
    const leaf = weight.clone().requiresGrad_();
    const rows = torch.embedding(leaf, indices, 3);
    expect(rows.tolist()).toEqual([0, 2, 1, 3, 3].map((i) => [3 * i, 3 * i + 1, 3 * i + 2]));
    rows.sum().backward();
    expect(leaf.grad!.select(1, 0).tolist()).toEqual([1, 1, 1, 0]);
    const norms = torch.embeddingRenorm_(weight.clone(), torch.tensor([0, 3], int64), 2, 2);
    expectClose(
      norms,
      [
        [0, 0.8944, 1.7889],
        [3, 4, 5],
        [6, 7, 8],
        [1.0358, 1.1509, 1.266],
      ],
      1e-4,
    );
  });

  test("bags of rows", () => {
    const offsets = torch.tensor([0, 2, 2], int64);
    const all = (mode: 0 | 1 | 2) => torch.embeddingBag(weight, indices, offsets, false, mode).map((x) => x.tolist());
    const [bags, sizes] = [
      [0, 0, 2, 2, 2],
      [2, 0, 3],
    ];
    expect(all(0)).toEqual([
      [
        [6, 8, 10],
        [0, 0, 0],
        [21, 24, 27],
      ],
      bags,
      sizes,
      sizes,
    ]);
    expect(all(1)).toEqual([
      [
        [3, 4, 5],
        [0, 0, 0],
        [7, 8, 9],
      ],
      bags,
      sizes,
      sizes,
    ]);
    const places = [
      [2, 2, 2],
      [0, 0, 0],
      [3, 3, 3],
    ];
    expect(all(2)).toEqual([
      [
        [6, 7, 8],
        [0, 0, 0],
        [9, 10, 11],
      ],
      bags,
      sizes,
      places,
    ]);
    const padded = torch.embeddingBag(weight, indices, torch.tensor([0, 2, 5], int64), {
      mode: 2,
      includeLastOffset: true,
      paddingIdx: 2,
    });
    expect(padded.map((x) => x.tolist())).toEqual([
      [
        [0, 1, 2],
        [9, 10, 11],
      ],
      [0, 0, 1, 1, 1],
      [1, 3],
      [
        [0, 0, 0],
        [3, 3, 3],
      ],
    ]);
  });

  test("grids with modes by number", () => {
    const theta = torch.tensor([
      [
        [1, 0.5, 0],
        [0, 1, 0.25],
      ],
    ]);
    expectClose(torch.affineGridGenerator(theta, [1, 1, 2, 2], false), [
      [
        [
          [-0.75, -0.25],
          [0.25, -0.25],
        ],
        [
          [-0.25, 0.75],
          [0.75, 0.75],
        ],
      ],
    ]);
    const image = torch.arange(4).float().reshape(1, 1, 2, 2);
    const grid = torch.tensor([
      [
        [
          [0.5, 0.25],
          [-2, 0],
        ],
      ],
    ]);
    expectClose(torch.gridSampler2d(image, grid, 0, 1, false), [[[[2.5, 1]]]]);
    expectClose(torch.gridSampler(image, grid, 0, 1, false), [[[[2.5, 1]]]]);
    const volume = torch.arange(8).float().reshape(1, 1, 2, 2, 2);
    expectClose(torch.gridSampler3d(volume, torch.tensor([[[[[0.5, 0.25, -0.5]]]]]), 1, 0, true), [[[[[3]]]]]);
    expect(() => torch.gridSampler3d(image, grid, 0, 0, false)).toThrow("gridSampler3d: expected 5D input and grid");
    expect(() => torch.gridSampler(image, grid, 3, 0, false)).toThrow(
      "interpolationMode must be an integer from 0 to 2",
    );
  });
});

describe("convolutions, pooling and channels", () => {
  test("over time, and of any kind", () => {
    const cube = torch.arange(12).float().reshape(3, 2, 2);
    const y = [
      [
        [89, 99],
        [145, 163],
      ],
      [
        [203, 230],
        [263, 302],
      ],
      [
        [97, 123],
        [121, 155],
      ],
    ];
    expect(torch.convTbc(cube, cube, torch.ones(2), 1).tolist()).toEqual(y);
    expect(torch.nn.functional.convTbc(cube, cube, torch.ones(2), { pad: 1 }).tolist()).toEqual(y);
    expect(() => torch.convTbc(torch.ones(2, 2), cube, torch.ones(2))).toThrow("convTbc: input must have 3 dims");
    const [x, k] = [torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2)];
    expect(torch.convolution(x, k, null, [1, 1], [0, 0], [1, 1], false, [0, 0], 1).tolist()).toEqual([[[[4]]]]);
    expect(torch.convolution(x, k, null, 1, 0, 1, true, 0, 1).tolist()).toEqual([
      [
        [
          [1, 2, 1],
          [2, 4, 2],
          [1, 2, 1],
        ],
      ],
    ]);
    expect(() => torch.convolution(x, torch.ones(2), null, 1, 0, 1, false, 0, 1)).toThrow(
      "convolution: weight must have",
    );
  });

  test("are those of nn.functional where the arguments are the same", () => {
    const F = torch.nn.functional;
    expect(torch.conv2d).toBe(F.conv2d);
    expect(torch.convTranspose1d).toBe(F.convTranspose1d);
    expect(torch.maxPool2d).toBe(F.maxPool2d);
    expect(torch.cosineSimilarity).toBe(F.cosineSimilarity);
    const x = torch.arange(12).float().reshape(1, 2, 6);
    const [values, at] = torch.adaptiveMaxPool1d(x, 3);
    expect([values.tolist(), at.tolist()]).toEqual([
      [
        [
          [1, 3, 5],
          [7, 9, 11],
        ],
      ],
      [
        [
          [1, 3, 5],
          [1, 3, 5],
        ],
      ],
    ]);
    const shuffled = torch.nativeChannelShuffle(torch.arange(4).reshape(1, 4, 1), 2);
    expect(shuffled.flatten().tolist()).toEqual([0, 2, 1, 3]);
    expect(torch.tensor([-2, 4]).prelu(torch.tensor(0.5)).tolist()).toEqual([-1, 4]);
    expectClose(torch.bilinear(torch.tensor([[1, 2]]), torch.tensor([[3, 4]]), wave(2, 2, 2)), [[7.69762, -6.74362]]);
  });
});
