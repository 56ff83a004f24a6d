/** Numbers, lists and operands as callers may give them: bigints count as numbers, and what is none is an error that names the op. */

import * as torch from "kindling";
import { expect, test } from "vitest";

const F = torch.nn.functional;
const x = (): torch.Tensor => torch.tensor([-2, -0.5, 0.5, 2]);
const two = (): torch.Tensor => torch.ones([2, 2]);
/** Scalars of PyTorch take any int; our types name numbers alone. */
const big = (n: number): number => BigInt(n) as unknown as number;

const byNumber: Record<string, (n: (n: number) => number) => torch.Tensor> = {
  add: (n) => x().add(x(), { alpha: n(2) }),
  addcdiv: (n) => torch.addcdiv(x(), x(), x(), { value: n(2) }),
  addcmul: (n) => torch.addcmul(x(), x(), x(), { value: n(2) }),
  addmm: (n) => torch.addmm(two(), two(), two(), { alpha: n(2), beta: n(3) }),
  celu: (n) => F.celu(x(), { alpha: n(2) }),
  clamp_: (n) => x().clamp_(n(0), n(1)),
  dist: (n) => torch.dist(x(), x().neg(), n(3)),
  elu: (n) => F.elu(x(), { alpha: n(2) }),
  hardshrink: (n) => F.hardshrink(x(), { lambd: n(1) }),
  histc: (n) => x().histc(4, { min: n(-1), max: n(1) }),
  leakyRelu: (n) => F.leakyRelu(x(), { negativeSlope: n(2) }),
  linspace: (n) => torch.linspace(n(0), n(2), 3),
  logit: (n) => torch.logit(two().div(4), { eps: n(0) }),
  matrixNorm: (n) => torch.linalg.matrixNorm(two(), n(1)),
  nanToNum: (n) =>
    x()
      .log()
      .nanToNum({ nan: n(7) }),
  normal: (n) => torch.normal(n(3), n(0), [2]),
  quantile: (n) => x().quantile(n(1)),
  renorm: (n) => two().renorm(n(2), 0, n(1)),
  smoothL1Loss: (n) => F.smoothL1Loss(x(), x().neg(), { beta: n(2) }),
  softplus: (n) => F.softplus(x(), { beta: n(2), threshold: n(1) }),
  threshold: (n) => F.threshold(x(), n(0), n(1)),
  var: (n) => x().var(null, { correction: n(0) }),
  vectorNorm: (n) => torch.linalg.vectorNorm(x(), n(3)),
};

test.each(Object.entries(byNumber))("%s takes a bigint as the number that it is", (_, op) => {
  expect(op(big).tolist()).toEqual(op((n) => n).tolist());
});

const pairs = { atan2: 1, fmax: 1, fmin: 1, hypot: 1, logaddexp: 1, logaddexp2: 1, maximum: 1, minimum: 1 } as const;

test.each(Object.keys(pairs))("%s of a number and a tensor has the gradient of two tensors", (name) => {
  const op = (torch as any)[name] as (a: unknown, b: unknown) => torch.Tensor;
  const gradient = (make: (w: torch.Tensor) => torch.Tensor): unknown => {
    const w = torch.tensor([0.5, 1, 3]).requiresGrad_();
    make(w).sum().backward();
    return w.grad!.tolist();
  };
  const one = torch.ones([3]);
  expect(gradient((w) => op(w, 1))).toEqual(gradient((w) => op(w, one)));
  expect(gradient((w) => op(1, w))).toEqual(gradient((w) => op(one, w)));
});

test.each(["igamma", "igammac", "zeta"])("special %s of a number has the gradient of two tensors", (name) => {
  const op = ((torch as any)[name] ?? (torch.special as any)[name]) as (a: unknown, b: unknown) => torch.Tensor;
  const w = torch.tensor([1.5, 3]).requiresGrad_();
  const v = w.detach().requiresGrad_();
  op(2, w).sum().backward();
  op(torch.full([2], 2), v)
    .sum()
    .backward();
  expect(w.grad!.tolist()).toEqual(v.grad!.tolist());
});

/** Wrong on purpose, so untyped. */
const t = torch as any;
// biome-ignore lint/suspicious/noSparseArray: holes are what is tried.
const holes = [, 1];

test.each<[string, () => unknown]>([
  ["softplus: beta must be a number", () => t.nn.functional.softplus(x(), { beta: Symbol.iterator })],
  ["addmv: alpha must be a number", () => t.addmv(x(), t.ones(4, 4), x(), { alpha: "1" })],
  ["noGrad: body must be a function", () => t.noGrad(1)],
  ["enableGrad: body must be a function", () => t.enableGrad(x())],
  ["inferenceMode: body must be a function", () => t.inferenceMode(null)],
  ["setGradEnabled: body must be a function", () => t.setGradEnabled(true, [])],
  ["forkRng: missing argument body", () => t.forkRng()],
  ["cpu: input must be a Tensor", () => t.cpu(null)],
  ["to: unknown dtype", () => t.to(x(), { dtype: 0 })],
  ["promoteTypes: unknown dtype", () => t.promoteTypes([Symbol.iterator], "float32")],
  ["promoteTypes: unknown dtype", () => t.promoteTypes("constructor", "float32")],
  ["histogram: bins must be", () => t.histogram(x(), null)],
  ["histogram: missing argument bins", () => t.histogram(x())],
  ["histogramdd: bins must be", () => t.histogramdd(two(), null)],
  ["histogramdd: missing argument bins", () => t.histogramdd(0)],
  ["ndtr: input must be a Tensor", () => t.special.ndtr(0)],
  ["fft.rfftfreq: n must be an integer", () => t.fft.rfftfreq(4n)],
  ["cond: ord must be a number", () => t.linalg.cond(two(), new Map())],
  ["norm: ord must be a number", () => t.linalg.norm(two(), new Map())],
  ["solveTriangular: takes the option upper", () => t.linalg.solveTriangular(two(), two())],
  ["masked.median: input must be a Tensor", () => t.masked.median("x")],
  ["mean: missing argument input", () => t.masked.mean()],
  ["nativeLayerNorm: weight must be a Tensor", () => t.nativeLayerNorm(x(), [4], 1, null, 1e-5)],
  ["floatPower: exponent must be a number", () => t.floatPower(x(), Symbol.iterator)],
  ["movedim: dim must be an integer", () => two().movedim(holes as number[], [0, 1])],
  ["sum: dim must be an integer", () => two().sum(holes as number[])],
  ["tensorsolve: dims[0] must be an integer", () => t.linalg.tensorsolve(two(), x(), holes)],
])("%s …", (message, call) => {
  expect(call).toThrow(torch.KindlingError);
  expect(call).toThrow(message);
});
