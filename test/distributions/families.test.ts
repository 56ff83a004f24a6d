/** What the samples of PyTorch do not show of gamma numbers, counts, normal vectors and matrices. Every number was printed by PyTorch 1.13. */
import { autograd, distributions as D, eye, KindlingError, type Tensor, tensor, zeros } from "kindling";
import { describe, expect, it } from "vitest";
import { expectNear } from "./near";

const x = (values: number | number[] | number[][]) => tensor(values);
const P = x([
  [2, 0.5],
  [0.5, 1],
]);

describe("arguments", () => {
  it.each<[string, () => Tensor, () => Tensor]>([
    ["Gamma", () => new D.Gamma(2, 0.5).mean, () => new D.Gamma({ rate: 0.5, concentration: 2 }).mean],
    ["Chi2", () => new D.Chi2(3).df, () => new D.Chi2({ df: 3 }).df],
    ["StudentT", () => new D.StudentT(3, 1, 2).variance, () => new D.StudentT(3, { loc: 1, scale: 2 }).variance],
    ["Binomial", () => new D.Binomial(3, 0.5).mean, () => new D.Binomial({ totalCount: 3, probs: 0.5 }).mean],
    ["Wishart", () => new D.Wishart(3, P).mean, () => new D.Wishart({ df: 3, covarianceMatrix: P }).mean],
    [
      "MultivariateNormal",
      () => new D.MultivariateNormal(zeros(2), null, P).variance,
      () => new D.MultivariateNormal(zeros(2), { precisionMatrix: P }).variance,
    ],
  ])("%s takes them by position and by name", (_, byPosition, byName) => {
    expect(byName().tolist()).toEqual(byPosition().tolist());
  });

  it.each<[string, () => unknown, string]>([
    ["nothing", () => new (D.Gamma as any)(2), "Gamma: missing"],
    ["a name of Python's", () => new (D.Gamma as any)({ concentration1: 2, rate: 1 }), "Gamma"],
    [
      "a negative concentration",
      () => new D.Gamma(-1, 1),
      "Gamma(concentration: -1.0, rate: 1.0) to satisfy the constraint GreaterThan(lower_bound=0.0)",
    ],
    ["text", () => new (D.Chi2 as any)("2"), "Chi2: takes numbers and tensors"],
    ["no axis", () => new D.Dirichlet(x(1)), "Dirichlet: `concentration` parameter must be at least one-dimensional."],
    ["a NaN of a part", () => new D.StudentT(Number.NaN), "StudentT: Expected parameter df"],
    ["a negative part", () => new D.FisherSnedecor(1, -1), "FisherSnedecor: Expected parameter df2"],
    ["a share that is none", () => new D.Beta(1, Number.NaN), "Beta: Expected parameter concentration0"],
    ["no power", () => new D.LKJCholesky(3, -1), "LKJCholesky: Expected parameter concentration"],
    ["a list", () => new (D.Multinomial as any)(3, [1, 1]), "Multinomial: probs must be a Tensor"],
    ["probabilities below zero", () => new D.Multinomial(3, x([-1, 2])), "Multinomial: Expected parameter probs"],
    ["an oblong matrix", () => new D.Wishart(3, x([[1, 2]])), "Wishart: covarianceMatrix must be square"],
    ["no tensor", () => new (D.Dirichlet as any)([1, 2]), "Dirichlet: concentration must be a Tensor"],
    [
      "no probability",
      () => new D.Binomial(3),
      "Binomial: Either `probs` or `logits` must be specified, but not both.",
    ],
    ["both", () => new D.NegativeBinomial(3, 0.5, 1), "NegativeBinomial: Either `probs` or `logits`"],
    [
      "a negative count",
      () => new D.NegativeBinomial(-1, 0.5),
      "to satisfy the constraint GreaterThanEq(lower_bound=0",
    ],
    ["a tensor as a count", () => new (D.Multinomial as any)(x(3), x([1, 1])), "Multinomial: totalCount"],
    ["one logit or none", () => new D.Multinomial(3), "Multinomial: Either `probs` or `logits`"],
    [
      "no matrix",
      () => new D.MultivariateNormal(zeros(2)),
      "Exactly one of covarianceMatrix or precisionMatrix or scaleTril",
    ],
    ["two matrices", () => new D.MultivariateNormal(zeros(2), P, P), "Exactly one of"],
    [
      "an indefinite matrix",
      () =>
        new D.MultivariateNormal(
          zeros(2),
          x([
            [1, 2],
            [2, 1],
          ]),
        ),
      "PositiveDefinite()",
    ],
    [
      "a vector",
      () => new D.MultivariateNormal(zeros(2), zeros(2)),
      "covarianceMatrix matrix must be at least two-dimensional",
    ],
    ["no vector", () => new D.MultivariateNormal(x(0), P), "loc must be at least one-dimensional"],
    ["another size", () => new D.MultivariateNormal(zeros(3), P), "shape 3 x 3, got [2, 2]"],
    [
      "a factor of another size",
      () => new D.LowRankMultivariateNormal(zeros(2), x([[1]]), x([1, 1])),
      "matrices with shape 2 x m",
    ],
    ["few degrees", () => new D.Wishart(1, eye(3)), "Value of df=1 expected to be greater than ndim - 1 = 2."],
    ["too small a matrix", () => new D.LKJCholesky(1), "greater than or equal to 2. Found dim=1."],
    ["a fraction", () => new D.LKJCholesky(2.5), "LKJCholesky: dim"],
    [
      "a value outside",
      () => new D.Poisson(1).logProb(x(1.5)),
      "within the support (IntegerGreaterThan(lower_bound=0))",
    ],
    [
      "a value beyond the count",
      () => new D.Binomial(3, x(0.5)).logProb(x(4)),
      "IntegerInterval(lower_bound=0, upper_bound=3.0)",
    ],
    [
      "counts beyond the total",
      () => new D.Multinomial(3, x([1, 1])).logProb(x([2, 2])),
      "within the support (Multinomial(",
    ],
    [
      "a value of another size",
      () => new D.MultivariateNormal(zeros(2), P).logProb(zeros(3)),
      "The right-most size of value must match",
    ],
    ["counts that differ", () => new D.Binomial(x([3, 4]), 0.5).entropy(), "entropy: Inhomogeneous total count"],
    [
      "counts that differ",
      () => new D.Binomial(x([3, 4]), 0.5).enumerateSupport(),
      "enumerateSupport: Inhomogeneous total count",
    ],
    ["no entropy", () => new D.Poisson(1).entropy(), "entropy: Poisson does not implement it"],
    ["no rsample", () => new D.VonMises(0, 1).rsample(), "rsample: VonMises does not implement it"],
  ])("%s is an error", (_, call, message) => {
    expect(call).toThrow(KindlingError);
    expect(call).toThrow(message);
  });

  it("names its parameters as PyTorch prints them", () => {
    expect(String(new D.Gamma(1, 2))).toBe("Gamma(concentration: 1.0, rate: 2.0)");
    expect(String(new D.Chi2(2))).toBe("Chi2()");
    expect(String(new D.NegativeBinomial(3, { logits: 0.5 }))).toMatch(
      /^NegativeBinomial\(total_?[cC]ount: 3.0, logits: 0.5\)$/,
    );
    expect(String(new D.LKJCholesky(3))).toBe("LKJCholesky(concentration: 1.0)");
  });
});

describe("values at the edges", () => {
  it("modes of shares where no concentration reaches one", () => {
    expectNear(
      new D.Dirichlet(
        x([
          [0.5, 0.2, 0.9],
          [2, 1, 3],
        ]),
      ).mode,
      [1, 0, 0, 0.333333343, 0, 0.666666687],
    );
    expectNear(new D.Beta(x([0.5, 2]), x([0.3, 2])).mode, [1, 0.5]);
  });

  it("moments that are not there", () => {
    const f = new D.FisherSnedecor(x([1, 3]), x([2, 5]));
    expectNear(f.mean, [Number.NaN, 1.66666663]);
    expectNear(f.mode, [Number.NaN, 0.238095254]);
    expectNear(new D.FisherSnedecor(x([1, 3]), x([4, 5])).variance, [Number.NaN, 11.1111107]);
    const t = new D.StudentT(x([0.5, 1.5, 3]), 2);
    expectNear(t.variance, [Number.NaN, Infinity, 3]);
    expectNear(t.mean, [Number.NaN, 2, 2]);
  });

  it("the gradient of a variance that is infinite elsewhere", () => {
    const scale = x(2).requiresGrad_();
    const [grad] = autograd.grad(new D.StudentT(x([0.5, 2, 3]), 0, scale).variance.select(0, 2), [scale]);
    expectNear(grad!, [12]);
  });

  it("densities of numbers, and of integers as numbers", () => {
    expectNear(new D.Gamma(2, 0.5).logProb(3), [-1.78768206]);
    expectNear(new D.Gamma(2, 0.5).logProb(tensor(3, { dtype: "int64" })), [-1.78768206]);
  });

  it("gamma numbers of no shape are NaN", () => {
    const nothing = new D.Gamma(x([Number.NaN, -2]), 1, { validateArgs: false });
    expectNear(nothing.sample(), [Number.NaN, Number.NaN]);
  });

  it("events that cannot happen and did not", () => {
    expectNear(new D.Multinomial(10, x([0.5, 0.5, 0])).logProb(x([4, 6, 0])), [-1.58436394]);
  });
});

describe("normal vectors", () => {
  it("matrices of one another", () => {
    const d = new D.MultivariateNormal(zeros(2), { precisionMatrix: P });
    expectNear(d.covarianceMatrix, [0.571428657, -0.285714328, -0.285714328, 1.14285719]);
    expectNear(d.scaleTril, [0.755928993, 0, -0.377964497, 1]);
    expectNear(d.precisionMatrix, [2, 0.5, 0.5, 1]);
    const low = new D.LowRankMultivariateNormal(zeros(2), x([[1], [2]]), x([0.5, 0.25]));
    expectNear(low.covarianceMatrix, [1.5, 2, 2, 4.25]);
    expectNear(low.precisionMatrix, [1.78947365, -0.84210521, -0.84210521, 0.631579161]);
    expectNear(low.scaleTril, [1.2247448, 0, 1.6329931, 1.25830579]);
  });

  it("densities of samples where the batches of factor, mean and value broadcast", () => {
    const scaleTril = x(
      [
        [1, 0],
        [0.5, 2],
        [0.3, 0],
        [-1, 1],
      ].flat(),
    ).reshape([2, 2, 2]);
    const d = new D.MultivariateNormal(zeros(2, 1, 2), { scaleTril }).expand([3, 2, 2]);
    const sample = x([
      -1.12583983, -2.86764026, -0.0751735792, -0.183300227, 0.848710358, 1.80837345, -0.0948038325, -1.79920661,
      0.468096405, -0.0813766867, 0.433098048, -1.17761075, 0.166455343, 1.83199131, -0.0430421568, 0.0318645164,
      0.931826591, 2.98393178, 0.601494193, -1.95124364, 0.618056655, -0.516576111, -0.252319455, -1.47497714,
    ]).reshape([3, 2, 2, 2]);
    expectNear(
      d.logProb(sample),
      [
        -3.82874894, -0.759424448, -3.13061714, -2.92091274, -2.653018, -1.71137261, -2.92714977, -0.650424957,
        -3.75772667, -2.64532161, -2.80722404, -3.66962433,
      ],
      2e-5,
    );
  });
});

describe("expand", () => {
  const families: [
    string,
    { expand(shape: number[]): any; batchShape: readonly number[]; hasRsample: boolean },
    Tensor,
  ][] = [
    ["Gamma", new D.Gamma(x([1, 2]), 3), x([0.5, 1.5])],
    ["Chi2", new D.Chi2(x([1, 2])), x([0.5, 1.5])],
    ["Beta", new D.Beta(x([1, 2]), 3), x([0.5, 0.25])],
    [
      "Dirichlet",
      new D.Dirichlet(
        x([
          [1, 2],
          [3, 4],
        ]),
      ),
      x([0.5, 0.5]),
    ],
    ["FisherSnedecor", new D.FisherSnedecor(x([1, 2]), 3), x([0.5, 1.5])],
    ["StudentT", new D.StudentT(x([1, 2])), x([0.5, 1.5])],
    ["Poisson", new D.Poisson(x([1, 2])), x([0, 3])],
    ["Binomial", new D.Binomial(4, { logits: x([0.1, 2]) }), x([0, 3])],
    ["NegativeBinomial", new D.NegativeBinomial(4, x([0.1, 0.2])), x([0, 3])],
    [
      "Multinomial",
      new D.Multinomial(
        4,
        x([
          [0.1, 0.2],
          [3, 4],
        ]),
      ),
      x([1, 3]),
    ],
    ["MultivariateNormal", new D.MultivariateNormal(zeros(2, 2), P), x([1, 3])],
    ["LowRankMultivariateNormal", new D.LowRankMultivariateNormal(zeros(2, 2), x([[1], [2]]), x([1, 2])), x([1, 3])],
    ["Wishart", new D.Wishart(x([3, 4]), P), P],
    ["LKJCholesky", new D.LKJCholesky(2, x([1, 2])), eye(2)],
    ["VonMises", new D.VonMises(x([1, 2]), 3), x([0.5, 1.5])],
  ];

  it.each(families)("%s keeps densities and draws larger batches", (_, d, value) => {
    const wide = d.expand([3, 2]);
    expect(wide.batchShape).toEqual([3, 2]);
    expect(wide.constructor).toBe(d.constructor);
    const one = (d as any).logProb(value).tolist();
    expect(wide.logProb(value).expand([3, 2]).tolist()).toEqual([one, one, one]);
    expect(wide.sample([4]).shape).toEqual([4, 3, 2, ...wide.eventShape]);
    expect(d.batchShape).toEqual([2]);
  });

  it("entropy of an expanded multinomial", () => {
    const d = new D.Multinomial(
      4,
      x([
        [0.1, 0.2],
        [3, 4],
      ]),
    );
    const one = d.entropy().tolist();
    expect(d.expand([2, 2]).entropy().tolist()).toEqual([one, one]);
  });
});
