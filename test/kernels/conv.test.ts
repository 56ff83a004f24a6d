/** The convolutions against the sums that define them, whole and split into tasks, on both targets. */
import { describe, test } from "vitest";
import { type Convolution, LINE, type Problem, pose } from "./convolutions";
import { CODES, type FloatType, Instance, TARGETS, unsupported } from "./instance";
import { expectClose, runBothWays, tolerance } from "./judge";

const TYPES = ["float32", "float64"] as const;

const CONVOLUTIONS: Readonly<Record<string, Convolution>> = {
  "LeNet's first": { n: 4, groups: 1, c: 3, o: 6, d: LINE, h: [32, 5, 1, 0, 1], w: [32, 5, 1, 0, 1], bias: true },
  "LeNet's second": { n: 4, groups: 1, c: 6, o: 16, d: LINE, h: [14, 5, 1, 0, 1], w: [14, 5, 1, 0, 1] },
  "same padding": { n: 2, groups: 1, c: 17, o: 13, d: LINE, h: [9, 3, 1, 1, 1], w: [11, 3, 1, 1, 1], bias: true },
  "1×1": { n: 2, groups: 1, c: 20, o: 30, d: LINE, h: [7, 1, 1, 0, 1], w: [7, 1, 1, 0, 1] },
  "1×1 without images": { n: 0, groups: 1, c: 6, o: 5, d: LINE, h: [3, 1, 1, 0, 1], w: [4, 1, 1, 0, 1] },
  "1×1 on single positions": { n: 9, groups: 1, c: 12, o: 7, d: LINE, h: LINE, w: LINE, bias: true },
  "1×1 on few positions": {
    n: 7,
    groups: 1,
    c: 30,
    o: 40,
    d: LINE,
    h: [2, 1, 1, 0, 1],
    w: [2, 1, 1, 0, 1],
    bias: true,
  },
  "1×1 with stride": { n: 2, groups: 1, c: 5, o: 7, d: LINE, h: [8, 1, 2, 0, 1], w: [9, 1, 3, 0, 1] },
  "a single output": { n: 5, groups: 1, c: 6, o: 21, d: LINE, h: [5, 5, 1, 0, 1], w: [4, 4, 1, 0, 1], bias: true },
  "stride and dilation": { n: 2, groups: 1, c: 3, o: 5, d: LINE, h: [19, 3, 2, 2, 3], w: [23, 4, 3, 1, 2] },
  "stride and dilation with a common factor": {
    n: 1,
    groups: 1,
    c: 2,
    o: 3,
    d: LINE,
    h: [17, 3, 4, 3, 2],
    w: [21, 3, 2, 2, 2],
  },
  "padding beyond the kernel": {
    n: 1,
    groups: 1,
    c: 2,
    o: 3,
    d: LINE,
    h: [5, 2, 1, 3, 1],
    w: [4, 3, 2, 4, 1],
    bias: true,
  },
  groups: { n: 2, groups: 3, c: 6, o: 15, d: LINE, h: [10, 3, 1, 1, 1], w: [10, 3, 1, 1, 1], bias: true },
  depthwise: { n: 2, groups: 8, c: 8, o: 8, d: LINE, h: [12, 3, 1, 1, 1], w: [13, 3, 1, 1, 1] },
  "depthwise on small planes": {
    n: 3,
    groups: 5,
    c: 5,
    o: 5,
    d: LINE,
    h: [7, 3, 1, 1, 1],
    w: [7, 3, 1, 1, 1],
    bias: true,
  },
  "depthwise without padding, in several tiles": {
    n: 1,
    groups: 3,
    c: 3,
    o: 3,
    d: LINE,
    h: [150, 3, 1, 0, 1],
    w: [63, 3, 1, 0, 1],
    bias: true,
  },
  "depthwise without stride, and padding beyond the kernel": {
    n: 2,
    groups: 3,
    c: 3,
    o: 3,
    d: LINE,
    h: [1, 3, 1, 4, 1],
    w: [4, 3, 1, 5, 1],
    bias: true,
  },
  "depthwise with stride, in several tiles": {
    n: 2,
    groups: 5,
    c: 5,
    o: 5,
    d: LINE,
    h: [61, 3, 2, 1, 1],
    w: [58, 5, 3, 4, 1],
    bias: true,
  },
  "depthwise with a stride of two, in several tiles": {
    n: 2,
    groups: 3,
    c: 3,
    o: 3,
    d: LINE,
    h: [97, 3, 2, 1, 1],
    w: [120, 3, 2, 1, 1],
    bias: true,
  },
  "depthwise with a stride of two, without padding": {
    n: 1,
    groups: 3,
    c: 3,
    o: 3,
    d: LINE,
    h: [9, 3, 2, 0, 1],
    w: [10, 3, 2, 0, 1],
  },
  "depthwise with a stride of two, and padding beyond the kernel": {
    n: 2,
    groups: 3,
    c: 3,
    o: 3,
    d: LINE,
    h: [2, 3, 2, 5, 1],
    w: [7, 3, 2, 4, 1],
    bias: true,
  },
  "depthwise with dilation, and padding beyond the kernel": {
    n: 3,
    groups: 6,
    c: 6,
    o: 6,
    d: LINE,
    h: [6, 2, 3, 5, 2],
    w: [7, 3, 2, 7, 4],
    bias: true,
  },
  "depthwise with a stride beyond the kernel": {
    n: 1,
    groups: 4,
    c: 4,
    o: 4,
    d: LINE,
    h: [11, 1, 3, 0, 1],
    w: [13, 2, 4, 0, 1],
  },
  "depthwise, of nothing but padding": {
    n: 1,
    groups: 3,
    c: 3,
    o: 3,
    d: [1, 1, 4, 1, 1],
    h: [5, 3, 1, 0, 1],
    w: [6, 2, 1, 1, 1],
    bias: true,
  },
  "depthwise with a kernel that is wider than the outputs are high": {
    n: 1,
    groups: 4,
    c: 4,
    o: 4,
    d: LINE,
    h: [600, 1, 1, 0, 1],
    w: [600, 598, 1, 0, 1],
  },
  "depthwise with taps far apart": {
    n: 1,
    groups: 3,
    c: 3,
    o: 3,
    d: LINE,
    h: [400, 1, 1, 0, 1],
    w: [2, 2, 1, 900, 1800],
  },
  "depthwise in one dimension": { n: 2, groups: 3, c: 3, o: 3, d: LINE, h: LINE, w: [1300, 31, 1, 15, 1], bias: true },
  "two kernels per channel with stride": {
    n: 2,
    groups: 4,
    c: 4,
    o: 8,
    d: LINE,
    h: [12, 3, 2, 1, 1],
    w: [13, 3, 2, 1, 1],
    bias: true,
  },
  "many channels": { n: 1, groups: 1, c: 70, o: 50, d: LINE, h: [8, 3, 1, 1, 1], w: [8, 3, 1, 1, 1] },
  "one dimension": { n: 3, groups: 1, c: 4, o: 6, d: LINE, h: LINE, w: [700, 9, 2, 4, 1], bias: true },
  "a long kernel": { n: 1, groups: 1, c: 2, o: 2, d: LINE, h: LINE, w: [900, 600, 1, 10, 1] },
  "three dimensions": {
    n: 2,
    groups: 1,
    c: 3,
    o: 4,
    d: [6, 3, 2, 1, 1],
    h: [7, 2, 1, 0, 2],
    w: [8, 3, 2, 1, 1],
    bias: true,
  },
  "no channels": { n: 4, groups: 1, c: 0, o: 3, d: LINE, h: [5, 3, 1, 1, 1], w: [5, 3, 1, 1, 1], bias: true },
  "a long line of stride 2": { n: 4, groups: 1, c: 245, o: 2, d: LINE, h: LINE, w: [511, 3, 2, 1, 1] },
  "three channels": { n: 4, groups: 1, c: 3, o: 6, d: LINE, h: [12, 5, 1, 2, 1], w: [67, 5, 1, 2, 1] },
  "patches of a large stride": { n: 5, groups: 1, c: 2, o: 3, d: LINE, h: [96, 32, 32, 0, 1], w: [96, 32, 32, 0, 1] },
  "depthwise over the whole image": {
    n: 5,
    groups: 3,
    c: 3,
    o: 3,
    d: LINE,
    h: [32, 32, 1, 0, 1],
    w: [32, 32, 1, 0, 1],
  },
  "taps too far apart for four images": {
    n: 4,
    groups: 1,
    c: 1,
    o: 1,
    d: LINE,
    h: [510, 3, 1, 0, 250],
    w: [510, 3, 1, 0, 250],
  },
  "no images": { n: 0, groups: 1, c: 2, o: 3, d: LINE, h: [5, 3, 1, 0, 1], w: [5, 3, 1, 0, 1] },
};

/** The sum of equally long parts of an array. */
function sumOfShares(parts: ArrayLike<number>, shares: number): Float64Array {
  const sum = new Float64Array(parts.length / shares);
  for (let i = 0; i < parts.length; i++) sum[i % sum.length]! += parts[i]!;
  return sum;
}

/** The algorithms that serve every geometry. */
function checkDirect(x: Instance, type: FloatType, g: Convolution): void {
  const p = pose(x, type, g);
  const { geometry, y, gx, gw, gb } = p;
  const code = CODES[type];
  const bound = tolerance(type, p.terms);
  const at = ({ byteOffset }: { readonly byteOffset: number }) => byteOffset;
  const bias = g.bias ? at(p.bias) : 0;
  const [image, weight, gradient] = [at(p.image), at(p.weight), at(p.gradient)];
  const ways = [0, 1, 2].map((pass) => x.call("convAlgorithm", code, geometry, pass, 0));
  const tasks = (pass: number) => x.call("convTasks", code, ways[pass]!, geometry, pass);
  const forward = runBothWays(y, tasks(0), (begin, end) =>
    x.call("conv", code, ways[0]!, at(y), image, weight, bias, geometry, x.scratch, begin, end),
  );
  expectClose(forward, p.expected.y, bound);
  const inputGrad = runBothWays(gx, tasks(1), (begin, end) =>
    x.call("convInputGrad", code, ways[1]!, at(gx), gradient, weight, geometry, x.scratch, begin, end),
  );
  expectClose(inputGrad, p.expected.gx, bound);
  const shares = x.call("convWeightShares", code, ways[2]!, geometry);
  const parts = x.floats(type, shares * gw.length, () => Number.NaN);
  const weightGrads = runBothWays(parts, tasks(2), (begin, end) =>
    x.call("convWeightGrad", code, ways[2]!, at(parts), gradient, image, geometry, x.scratch, begin, end),
  );
  expectClose(sumOfShares(weightGrads, shares), p.expected.gw, bound);
  const biasGrad = runBothWays(gb, g.o, (begin, end) =>
    x.call("convBiasGrad", code, at(gb), gradient, geometry, begin, end),
  );
  expectClose(biasGrad, p.expected.gb, bound);
}

/** 3×3 convolutions of stride 1: planes whose tiles are whole and not, several images in a block, several blocks and parts. */
const TILED: Readonly<Record<string, Convolution>> = {
  "one tile": { n: 1, groups: 1, c: 3, o: 5, d: LINE, h: [4, 3, 1, 0, 1], w: [4, 3, 1, 0, 1], bias: true },
  "one output": { n: 3, groups: 1, c: 2, o: 7, d: LINE, h: [3, 3, 1, 0, 1], w: [3, 3, 1, 0, 1] },
  "odd sizes": { n: 2, groups: 1, c: 5, o: 6, d: LINE, h: [9, 3, 1, 1, 1], w: [7, 3, 1, 1, 1], bias: true },
  "full padding": { n: 1, groups: 1, c: 4, o: 9, d: LINE, h: [5, 3, 1, 2, 1], w: [6, 3, 1, 2, 1] },
  "padding of one axis": { n: 2, groups: 1, c: 3, o: 4, d: LINE, h: [6, 3, 1, 0, 1], w: [8, 3, 1, 1, 1], bias: true },
  "small images": { n: 37, groups: 1, c: 3, o: 8, d: LINE, h: [4, 3, 1, 1, 1], w: [3, 3, 1, 1, 1] },
  groups: { n: 2, groups: 3, c: 6, o: 15, d: LINE, h: [10, 3, 1, 1, 1], w: [10, 3, 1, 1, 1], bias: true },
  "many tiles": { n: 3, groups: 1, c: 2, o: 3, d: LINE, h: [31, 3, 1, 1, 1], w: [29, 3, 1, 1, 1] },
  "a wide image": { n: 1, groups: 1, c: 2, o: 3, d: LINE, h: [5, 3, 1, 1, 1], w: [1500, 3, 1, 1, 1], bias: true },
  "many rows": { n: 1, groups: 1, c: 7, o: 150, d: LINE, h: [6, 3, 1, 1, 1], w: [6, 3, 1, 1, 1], bias: true },
  "many channels": { n: 1, groups: 1, c: 300, o: 10, d: LINE, h: [6, 3, 1, 1, 1], w: [6, 3, 1, 1, 1] },
};

/** The codes of the algorithms in tiles. */
const WINOGRAD = { 2: 3, 4: 4 } as const;

/** The rounding errors of F(4×4, 3×3) are an order of magnitude larger. */
const TILES = [
  [2, 1],
  [4, 20],
] as const;

function checkTiled(x: Instance, g: Convolution, m: number, factor: number): void {
  const p = pose(x, "float32", g);
  const bound = factor * tolerance("float32", p.terms);
  const at = ({ byteOffset }: { readonly byteOffset: number }) => byteOffset;
  const bias = g.bias ? at(p.bias) : 0;
  const image = at(p.image);
  expectClose(correlate(x, p, m, 0, at(p.y), image, bias), p.expected.y, bound);
  expectClose(correlate(x, p, m, 1, at(p.gx), at(p.gradient), 0), p.expected.gx, bound);
  const weightGrad = runBothWays(p.gw, x.call("convTasks", CODES.float32, WINOGRAD[2], p.geometry, 2), (begin, end) =>
    x.call("winogradWeightGrad", at(p.gw), at(p.gradient), image, p.geometry, x.scratch, begin, end),
  );
  expectClose(weightGrad, p.expected.gw, bound);
}

/** y from x, or with `gradient` 1 gx from gy. */
function correlate(x: Instance, p: Problem, m: number, gradient: 0 | 1, y: number, source: number, bias: number) {
  const size = x.call("winogradWeightsSize", p.geometry, m, gradient);
  const u = x.floats("float32", size, () => 0);
  runBothWays(u, x.call("winogradWeightsTasks", p.geometry, gradient), (begin, end) =>
    x.call("winogradWeights", u.byteOffset, p.weight.byteOffset, p.geometry, m, gradient, x.scratch, begin, end),
  );
  return runBothWays(
    gradient ? p.gx : p.y,
    x.call("convTasks", CODES.float32, WINOGRAD[m as 2 | 4], p.geometry, gradient),
    (begin, end) => x.call("winograd", y, source, u.byteOffset, bias, p.geometry, m, gradient, x.scratch, begin, end),
  );
}

for (const target of TARGETS) {
  const reason = unsupported(target);
  describe.skipIf(reason !== undefined)(`${target}${reason === undefined ? "" : `: skipped, ${reason}`}`, () => {
    const x = reason === undefined ? new Instance(target) : undefined;
    for (const type of TYPES)
      for (const [name, g] of Object.entries(CONVOLUTIONS))
        test(`convolution of ${type}: ${name}`, () => checkDirect(x!, type, g));
    for (const [m, factor] of TILES)
      for (const [name, g] of Object.entries(TILED))
        test(`convolution in tiles of ${m}×${m}: ${name}`, () => checkTiled(x!, g, m, factor));
  });
}
