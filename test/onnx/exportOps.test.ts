/** Ops as nodes: ONNX Runtime computes with them what we do, also with another size of the first axis. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { bytesOf, difference } from "./runtime";

const F = torch.nn.functional;
type Tensor = torch.Tensor;
type Case = readonly [
  name: string,
  f: (...xs: any[]) => unknown,
  shapes: readonly (readonly number[])[],
  opset?: number,
];

const one = [[4, 6]];
const picture = [[2, 4, 9, 11]];
const line = [[2, 4, 12]];

/** Functions of one tensor by name. */
const unary: Case[] =
  "abs neg sign ceil floor round trunc cos sin tanh exp exp2 expm1 erf erfc sigmoid square atan sinh cosh asinh detach clone relu isnan isfinite logicalNot"
    .split(" ")
    .map((name) => [name, (x: any) => x[name](), one]);

const activations: Case[] =
  "relu6 elu selu celu leakyRelu gelu silu mish softplus logSigmoid hardsigmoid hardswish hardtanh hardshrink softshrink tanhshrink softsign glu"
    .split(" ")
    .map((name) => [`F.${name}`, (x) => (F as any)[name](x), one]);

const cases: Case[] = [
  ...unary,
  ...activations,
  [
    "log, sqrt and others of positive numbers",
    (x: Tensor) => {
      const y = x.abs().add(0.5);
      return [y.log(), y.log2(), y.log10(), y.log1p(), y.sqrt(), y.rsqrt(), y.reciprocal()];
    },
    one,
  ],
  ["gelu tanh", (x) => F.gelu(x, "tanh"), one],
  ["gelu of opset 20", (x) => F.gelu(x), one, 20],
  [
    "arithmetic",
    (x: Tensor, y: Tensor) => [
      x.add(y, { alpha: 2 }),
      x.sub(y),
      x.mul(y),
      x.div(y),
      x.maximum(y),
      x.minimum(y),
      x.mul(3),
      x.rsub(1),
      x.remainder(0.7),
    ],
    [
      [4, 6],
      [4, 6],
    ],
  ],
  [
    "div by rounding",
    (x: Tensor) => [
      x.div(0.3, { roundingMode: "floor" }),
      x.div(0.3, { roundingMode: "trunc" }),
      x.mul(9).to("int64").floorDivide(4),
    ],
    one,
  ],
  [
    "comparisons",
    (x: Tensor, y: Tensor) => [x.gt(y), x.ge(0), x.lt(y), x.le(y), x.eq(y), x.ne(0.5), x.gt(0).logicalAnd(y.gt(0))],
    [
      [4, 6],
      [4, 6],
    ],
  ],
  [
    "dtypes that meet",
    (x: Tensor) => [x.add(x.gt(0)), x.to("int64").add(0.5), x.gt(0).sum(), x.to("int64").mul(x)],
    one,
  ],
  [
    "where and masks",
    (x: Tensor) => [torch.where(x.gt(0), x, x.neg()), x.maskedFill(x.lt(0), -5), x.where(x.gt(0), 0)],
    one,
  ],
  ["clamp", (x: Tensor) => [x.clamp(-0.5, 0.5), x.clamp({ min: 0 }), x.clampMax(0.2), x.to("int64").clamp(0, 1)], one],
  [
    "lerp, addcmul",
    (x: Tensor, y: Tensor) => [x.lerp(y, 0.3), x.addcmul(x, y, { value: 0.5 }), x.pow(2), x.abs().pow(0.5)],
    [
      [4, 6],
      [4, 6],
    ],
  ],
  ["softmax", (x) => [F.softmax(x, 1), F.logSoftmax(x, -1), F.softmin(x, 0)], one],
  [
    "reductions",
    (x: Tensor) => [
      x.sum(),
      x.sum(1),
      x.mean([0, 1], true),
      x.prod(1),
      x.amax(1),
      x.amin(0),
      x.logsumexp(1),
      x.gt(0).all(1),
      x.gt(0).any(),
    ],
    one,
  ],
  ["reductions of opset 18", (x: Tensor) => [x.mean(1), x.amax([0, 1]), x.norm(), x.std(1)], one, 18],
  ["extrema", (x: Tensor) => [x.max(), x.max(1), x.min(0, true), x.argmax(1), x.argmin(), x.argmax(0, true)], one],
  [
    "moments",
    (x: Tensor) => [x.var(1), x.std(), x.var(1, false), torch.varMean(x, 1), x.norm(), x.norm(1, 1), x.norm(3, 0)],
    one,
  ],
  [
    "cumsum and sorting",
    (x: Tensor) => [x.cumsum(1), x.sort(1), x.sort(0, true), x.topk(3), x.topk(2, 1, false), x.argsort(1)],
    one,
  ],
  [
    "shapes",
    (x: Tensor) => [
      x.reshape(-1),
      x.view(2, -1, 3),
      x.flatten(),
      x.unsqueeze(1),
      x.unsqueeze(-1).squeeze(-1),
      x.t(),
      x.transpose(0, 1),
      x.permute(1, 0),
      x.unflatten(1, [2, 3]),
      x.expand(2, -1, -1),
    ],
    one,
  ],
  [
    "joining and splitting",
    (x: Tensor) => [
      torch.cat([x, x], 1),
      torch.stack([x, x], 1),
      x.chunk(2, 1),
      x.split(4, 1),
      x.split([1, 5], 1),
      x.unbind(1),
      torch.hstack([x, x]),
    ],
    one,
  ],
  [
    "repeating",
    (x: Tensor) => [
      x.repeat(2, 3),
      x.repeat(2, 1, 1),
      x.tile(2),
      x.flip(0, 1),
      x.roll(2, 1),
      x.roll([1, -1], [0, 1]),
      x.repeatInterleave(2, 1),
    ],
    one,
  ],
  [
    "numbers and slices",
    (x: Tensor) => [
      x.at(0),
      x.at(-1),
      x.at(":", "1:4"),
      x.at("::2", "::3"),
      x.at("...", null, 2),
      x.select(1, 2),
      x.narrow(1, 2, 3),
      x.slice(1, 1, -1),
    ],
    one,
  ],
  [
    "indices",
    (x: Tensor) => {
      const i = torch.tensor([2, 0], { dtype: "int64" });
      return [x.at(i), x.at(":", i), x.at(i, i), x.at([1, 2]), x.indexSelect(1, i), x.take(i), x.at(x.gt(0))];
    },
    one,
  ],
  [
    "gather and scatter",
    (x: Tensor) => {
      const i = torch.tensor(
        [
          [2, 0],
          [1, 3],
        ],
        { dtype: "int64" },
      );
      return [x.gather(1, i), x.scatter(1, i, 7), x.scatterAdd(1, i, torch.ones(2, 2)), x.indexFill(1, i.at(0), 3)];
    },
    one,
  ],
  [
    "changes in place",
    (x: Tensor) => {
      const y = x.clone();
      y.add_(1).mul_(2);
      y.at(":", 1).fill_(0);
      const z = y.at(":", "2:4");
      y.relu_();
      z.neg_();
      return [y, z.add(1)];
    },
    one,
  ],
  [
    "setAt",
    (x: Tensor) => {
      const y = x.clone();
      y.setAt([0, "1:3"], 5);
      return y;
    },
    one,
  ],
  ["triangles", (x: Tensor) => [x.tril(), x.triu(1)], one],
  ["triangles of opset 13", (x: Tensor) => [x.tril(-1), x.triu()], one, 13],
  [
    "products",
    (x: Tensor, y: Tensor) => [
      x.matmul(y),
      x.mm(y),
      torch.addmm(torch.ones(3), x, y, { beta: 0.5, alpha: 2 }),
      torch.einsum("ij,jk->ki", x, y),
      x.at(0).dot(x.at(1)),
    ],
    [
      [4, 6],
      [6, 3],
    ],
  ],
  [
    "batches of products",
    (x: Tensor, y: Tensor) => [x.bmm(y), x.matmul(y), torch.baddbmm(torch.ones(1), x, y)],
    [
      [2, 4, 6],
      [2, 6, 3],
    ],
  ],
  [
    "new tensors",
    (x: Tensor) => [
      x.zerosLike(),
      torch.zeros(x.shape[0]!, 2).add(x.at(":", ":2")),
      torch.arange(x.shape[0]!),
      torch.full([x.shape[0]!], 3),
      torch.eye(x.shape[1]!),
      x.newOnes(2),
    ],
    one,
  ],
  [
    "pad",
    (x) => [
      F.pad(x, [1, 2]),
      F.pad(x, [1, 2, 3, 4], "reflect"),
      F.pad(x, [1, 0, 2, 1], "replicate"),
      F.pad(x, [1, 2, 0, 1], "circular"),
      F.pad(x, [-1, 2], "constant", 3),
    ],
    picture,
  ],
  [
    "maxPool2d",
    (x) => [
      F.maxPool2d(x, 2),
      F.maxPool2d(x, 3, 2, 1),
      F.maxPool2d(x, 3, { stride: 2, ceilMode: true }),
      F.maxPool2d(x, 2, { dilation: 2 }),
      F.maxPool2dWithIndices(x, 2),
    ],
    picture,
  ],
  [
    "avgPool2d",
    (x) => [
      F.avgPool2d(x, 2),
      F.avgPool2d(x, 3, 2, 1),
      F.avgPool2d(x, 3, 2, 1, true, false),
      F.avgPool2d(x, 3, 2, 1, true),
      F.avgPool2d(x, 2, { divisorOverride: 3 }),
    ],
    picture,
  ],
  [
    "adaptive pooling",
    (x) => [
      F.adaptiveAvgPool2d(x, 1),
      F.adaptiveAvgPool2d(x, [3, 11]),
      F.adaptiveAvgPool2d(x, [4, 5]),
      F.adaptiveMaxPool2d(x, [4, 5]),
    ],
    picture,
  ],
  [
    "pooling of lines",
    (x) => [F.maxPool1d(x, 3), F.avgPool1d(x, 3, 2), F.adaptiveAvgPool1d(x, 4), F.lpPool1d(x.abs(), 2, 3)],
    line,
  ],
  [
    "convolutions",
    (x, w) => [
      F.conv2d(x, w),
      F.conv2d(x, w, null, 2, 1),
      F.conv2d(x, w, { padding: "same" }),
      F.conv2d(x, w, { dilation: 2 }),
    ],
    [
      [2, 4, 9, 11],
      [5, 4, 3, 3],
    ],
  ],
  [
    "groups and transposed",
    (x, w) => [F.conv2d(x, w, { groups: 4 }), F.convTranspose2d(x, w, { groups: 4, stride: 2, outputPadding: 1 })],
    [
      [2, 4, 9, 11],
      [4, 1, 3, 3],
    ],
  ],
  [
    "normalization",
    (x: Tensor) => [
      F.groupNorm(x, 2),
      F.instanceNorm(x),
      F.layerNorm(x, [9, 11]),
      F.localResponseNorm(x, 3),
      F.normalize(x),
      F.rmsNorm(x, [11]),
    ],
    picture,
  ],
  ["layerNorm of opset 16", (x: Tensor) => F.layerNorm(x, [11]), picture, 16],
  [
    "interpolate",
    (x) => [
      F.interpolate(x, { scaleFactor: 2 }),
      F.interpolate(x, { size: [5, 7], mode: "nearest-exact" }),
      F.interpolate(x, { size: [15, 7], mode: "bilinear" }),
      F.interpolate(x, { size: [15, 7], mode: "bilinear", alignCorners: true }),
      F.interpolate(x, { scaleFactor: 1.7, mode: "bicubic" }),
      F.interpolate(x, { size: [4, 5], mode: "area" }),
    ],
    picture,
  ],
  [
    "pixels and channels",
    (x) => [F.pixelShuffle(x, 2), F.channelShuffle(x, 2), F.pixelUnshuffle(F.pad(x, [0, 1, 0, 1]), 2)],
    picture,
  ],
  ["unfold", (x: Tensor) => [x.unfold(2, 3, 2)], line],
  [
    "gridSample",
    (x, g) => [
      F.gridSample(x, g.tanh(), { alignCorners: false }),
      F.gridSample(x, g.tanh(), { mode: "nearest", paddingMode: "border", alignCorners: true }),
    ],
    [
      [2, 4, 9, 11],
      [2, 5, 6, 2],
    ],
  ],
  [
    "attention",
    (q, k, v) => [F.scaledDotProductAttention(q, k, v), F.scaledDotProductAttention(q, k, v, { isCausal: true })],
    [
      [2, 3, 5, 4],
      [2, 3, 5, 4],
      [2, 3, 5, 4],
    ],
  ],
  [
    "embedding",
    (x: Tensor, w: Tensor) => F.embedding(x.abs().to("int64"), w),
    [
      [4, 6],
      [9, 3],
    ],
  ],
  [
    "regions",
    (x: Tensor) =>
      torch.vision.ops.roiAlign(
        x,
        torch.tensor([
          [0, 1, 1, 6, 6],
          [1, 0, 2, 8, 7],
        ]),
        [3, 3],
        { aligned: true, samplingRatio: 2 },
      ),
    picture,
  ],
  [
    "boxes that overlap",
    (x: Tensor) => {
      const corner = x.at(":", ":2");
      const boxes = torch.cat([corner, corner.add(1.5)], 1);
      return torch.vision.ops.nms(boxes, x.at(":", 2), 0.3);
    },
    [[12, 3]],
  ],
];

describe("ops", () => {
  test.each(cases.map((entry) => [entry[0], entry] as const))("%s", async (_name, [, f, shapes, opsetVersion = 17]) => {
    torch.manualSeed(0);
    const args = shapes.map((shape) => torch.randn(...shape));
    const bytes = await bytesOf(f, args, { opsetVersion });
    expect(await difference(bytes, f, args)).toBeLessThan(1e-4);
  });
});
