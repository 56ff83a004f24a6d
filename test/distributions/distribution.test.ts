/** What the samples of PyTorch do not show of distributions: errors, shapes, print-outs, what a class of one's own needs. */
import * as torch from "kindling";
import { distributions as D, type Tensor } from "kindling";
import { afterEach, describe, expect, test, vi } from "vitest";

const { constraints } = D;

afterEach(() => D.Distribution.setDefaultValidateArgs(true));

describe("arguments", () => {
  test("stand by position or by name", () => {
    const forms = [
      new D.Normal(1, 2),
      new D.Normal({ loc: 1, scale: 2 }),
      new D.Normal(1, { scale: 2 }),
      new D.Normal(1, 2, false),
      new D.Normal(1, 2, { validateArgs: false }),
    ];
    for (const form of forms) expect(`${form}`).toBe("Normal(loc: 1.0, scale: 2.0)");
    const normal = forms[0]!;
    const value = torch.tensor(0.5);
    expect(normal.logProb({ value }).item()).toBe(normal.logProb(value).item());
    expect(normal.sample({ sampleShape: [2, 3] }).shape).toEqual([2, 3]);
    expect(normal.expand({ batchShape: [4] }).batchShape).toEqual([4]);
  });

  test.each([
    [() => new (D.Normal as any)(0), /^Normal: missing argument scale/],
    [() => new (D.Normal as any)({ loc: 0, scael: 1 }), /^Normal: unknown argument "scael"/],
    [() => new (D.Normal as any)(0, 1, true, 3), /^Normal: takes at most 3/],
    [() => new (D.Normal as any)(0, { loc: 1, scale: 1 }), /^Normal: got loc twice/],
    [() => new D.Normal("x" as any, 1), /^Normal: takes numbers and tensors, got "x"/],
    [() => new D.Normal(torch.zeros(2), torch.ones(3)), /^Normal: /],
    [() => new D.LogNormal([0] as any, 1), /^LogNormal: /],
    [() => new D.HalfNormal("x" as any), /^HalfNormal: /],
    [() => new D.Bernoulli(), /^Bernoulli: Either `probs` or `logits` must be specified, but not both/],
    [() => new D.Bernoulli(0.5, 0.5), /but not both/],
    [() => new D.OneHotCategorical(), /^OneHotCategorical: Either/],
    [() => new D.Categorical(0.5 as any), /^Categorical: probs must be a Tensor/],
    [() => new D.Categorical(torch.tensor(0.5)), /must be at least one-dimensional/],
    [() => new D.Independent(new D.Normal(0, 1), 1), /^Independent: Expected reinterpretedBatchNdims <=/],
    [() => new D.Independent(1 as any, 1), /^Independent: baseDistribution must be a Distribution, got 1/],
    [() => new D.TransformedDistribution(new D.Normal(0, 1), [1] as any), /must be a Transform, got 1/],
    [
      () => new D.TransformedDistribution(new D.Normal(0, 1), new D.StickBreakingTransform()),
      /at least 1, but got \[\]/,
    ],
    [() => new D.MixtureSameFamily(new D.Normal(0, 1) as any, new D.Normal(0, 1)), /instance of Categorical/],
    [
      () => new D.MixtureSameFamily(new D.Categorical(torch.ones(3)), new D.Normal(torch.zeros(2), 1)),
      /\(3\) does not equal .* \(2\)/,
    ],
    [() => new D.Normal(0, 1).sample("x" as any), /^sample: sampleShape must be an array/],
    [() => new D.Normal(0, 1).sample([-1]), /^sample: sampleShape\[0\]/],
    [() => new D.Normal(0, 1).expand(3 as any), /^expand: batchShape must be an array/],
    [() => new D.Normal(torch.zeros(3), 1).expand([2]), /^expand: /],
    [() => (D.Normal as any).setDefaultValidateArgs(1), /^setDefaultValidateArgs: value must be true or false/],
    [() => (new D.Normal(0, 1) as any).log_prob, /did you mean Distribution.logProb/],
  ])("%s is an error of our own", (call, message) => {
    let thrown: unknown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(torch.KindlingError);
    expect((thrown as Error).message).toMatch(message);
  });

  test("may be numbers, of the dtype of the tensors among them", () => {
    const loc = torch.zeros(2, { dtype: "float64" });
    expect(new D.Normal(loc, 1).scale.dtype).toBe("float64");
    expect(new D.Normal(0, 1).loc.dtype).toBe("float32");
    expect(new D.RelaxedBernoulli(0.5, loc.add(0.5)).temperature.dtype).toBe("float64");
  });
});

describe("validation", () => {
  test("names the parameter, the distribution, the constraint and the values", () => {
    expect(() => new D.Normal(torch.tensor([0, Number.NaN]), 1)).toThrow(
      "Normal: Expected parameter loc (Tensor of shape (2,)) of distribution Normal(loc: torch.Size([2]), " +
        "scale: torch.Size([2])) to satisfy the constraint Real(), but found invalid values:\ntensor([0., nan])",
    );
    expect(() => new D.Weibull(1, -1)).toThrow(/Expected parameter concentration .*GreaterThan\(lower_bound=0.0\)/);
    expect(() => new D.HalfNormal(-1)).toThrow(/^HalfNormal: Expected parameter scale/);
    expect(() => new D.Geometric(0)).toThrow(/to be positive but found invalid values/);
    expect(() => new D.Uniform(1, 1)).toThrow(/not defined when low >= high/);
    expect(() => new D.Categorical({ probs: torch.tensor([1, -1, 2]) })).toThrow(/Simplex\(\)/);
  });

  test("looks at values: their kind, their shape, the support", () => {
    const normal = new D.Normal(torch.zeros(3), 1);
    expect(() => normal.logProb(0.5)).toThrow("The value argument to logProb must be a Tensor, got 0.5");
    expect(() => normal.logProb(torch.zeros(2))).toThrow(
      /not broadcastable with batchShape\+eventShape: .*\[2\].*\[3\]/,
    );
    expect(() => new D.OneHotCategorical(torch.ones(3)).logProb(torch.ones(2))).toThrow(/right-most size/);
    expect(() => new D.Exponential(1).cdf(torch.tensor(-1))).toThrow(
      "cdf: Expected value argument (Tensor of shape ()) to be within the support (GreaterThanEq(lower_bound=0.0)) " +
        "of the distribution Exponential(rate: 1.0), but found invalid values:\ntensor(-1.)",
    );
    expect(() => new D.Bernoulli(0.5).logProb(torch.tensor(0.5))).toThrow(/Boolean\(\)/);
  });

  test("can be turned off, for one or for all", () => {
    expect(new D.Normal(0, -1, false).stddev.item()).toBe(-1);
    expect(new D.Exponential(1, { validateArgs: false }).logProb(-1).item()).toBe(1);
    D.Distribution.setDefaultValidateArgs(false);
    expect(new D.Normal(0, -1).stddev.item()).toBe(-1);
    expect(() => new D.Normal(0, -1, true)).toThrow(/Expected parameter scale/);
  });

  test("goes on in expanded distributions as before", () => {
    expect(() => new D.Exponential(1).expand([2]).logProb(torch.tensor(-1))).toThrow(/support/);
    expect(new D.Exponential(1, false).expand([2]).logProb(torch.tensor(-1)).tolist()).toEqual([1, 1]);
  });
});

describe("shapes", () => {
  test("of samples are sample, batch and event", () => {
    const batch = new D.OneHotCategorical(torch.ones(2, 3));
    expect([batch.batchShape, batch.eventShape]).toEqual([[2], [3]]);
    expect(batch.sample([4]).shape).toEqual([4, 2, 3]);
    expect(batch.expand([5, 2]).sample().shape).toEqual([5, 2, 3]);
    expect(batch.enumerateSupport().shape).toEqual([3, 2, 3]);
    expect(batch.enumerateSupport(false).shape).toEqual([3, 1, 3]);
  });

  test("expanding keeps the class, the parameters and their gradients", () => {
    const scale = torch.tensor([1, 2], { requiresGrad: true });
    const wide = new D.Weibull(scale, 2).expand([3, 2]);
    expect(wide).toBeInstanceOf(D.Weibull);
    expect(`${wide}`).toBe("Weibull(scale: torch.Size([3, 2]), concentration: torch.Size([3, 2]))");
    wide.rsample().sum().backward();
    expect(scale.grad!.shape).toEqual([2]);
    const logits = new D.Bernoulli({ logits: torch.zeros(2) }).expand([3, 2]);
    expect(`${logits}`).toBe("Bernoulli(logits: torch.Size([3, 2]))");
    expect(logits.probs.shape).toEqual([3, 2]);
  });

  test("of transformed distributions follow from the transforms", () => {
    const base = new D.Normal(torch.zeros(2, 3), 1);
    const simplex = new D.TransformedDistribution(base, new D.StickBreakingTransform());
    expect([simplex.batchShape, simplex.eventShape]).toEqual([[2], [4]]);
    expect(simplex.baseDist).toBeInstanceOf(D.Independent);
    const widened = new D.TransformedDistribution(new D.Normal(0, 1), new D.AffineTransform(torch.zeros(5), 1));
    expect(widened.batchShape).toEqual([5]);
  });
});

describe("print-outs", () => {
  test.each([
    [() => new D.LogNormal(0, 1), "LogNormal()"],
    [() => new D.Normal(torch.zeros(1), 1), "Normal(loc: tensor([0.]), scale: tensor([1.]))"],
    [
      () => new D.Independent(new D.Normal(torch.zeros(3), 1), 1),
      "Independent(Normal(loc: torch.Size([3]), scale: torch.Size([3])), 1)",
    ],
    [() => new D.Categorical(torch.ones(3)), "Categorical(probs: torch.Size([3]))"],
    [() => new D.AffineTransform(0, 1).inv, "_InverseTransform(AffineTransform())"],
    [() => new D.ComposeTransform([new D.ExpTransform()]), "ComposeTransform(\n    ExpTransform()\n)"],
    [
      () => constraints.independent(constraints.interval(0, 2), 1),
      "IndependentConstraint(Interval(lower_bound=0.0, upper_bound=2.0), 1)",
    ],
    [() => constraints.nonnegativeInteger, "IntegerGreaterThan(lower_bound=0)"],
  ])("%s", (make, text) => expect(`${make()}`).toBe(text));

  test("show the other form of a parameter once it was asked for", () => {
    const bernoulli = new D.Bernoulli(0.5);
    expect(`${bernoulli}`).toBe("Bernoulli(probs: 0.5)");
    expect(bernoulli.logits.item()).toBe(0);
    expect(`${bernoulli}`).toBe("Bernoulli(probs: 0.5, logits: 0.0)");
  });
});

test("perplexity is the exponential of the entropy", () => {
  expect(new D.Categorical(torch.ones(4)).perplexity().item()).toBeCloseTo(4, 5);
});

test("what a family does not have is an error that names it", () => {
  expect(() => new D.Normal(0, 1).enumerateSupport()).toThrow("enumerateSupport: Normal does not implement it");
  expect(() => new D.Bernoulli(0.5).rsample()).toThrow("rsample: Bernoulli does not implement it");
  expect(() => new D.LogisticNormal(0, 1).mean).toThrow("mean: LogisticNormal does not implement it");
  expect(() => new D.HalfNormal(1).rsample()).not.toThrow();
});

test("classes tell what they are without an instance", () => {
  expect(`${D.Normal.argConstraints.scale}`).toBe("GreaterThan(lower_bound=0.0)");
  expect([D.Normal.hasRsample, D.Bernoulli.hasRsample, D.Bernoulli.hasEnumerateSupport]).toEqual([true, false, true]);
  expect(constraints.isDependent(D.Uniform.support)).toBe(true);
  expect(D.Categorical.support!.isDiscrete).toBe(true);
});

test("parameters that were computed within tidy are there afterwards", () => {
  const bernoulli = new D.Bernoulli(torch.tensor([0.5]));
  torch.tidy(() => bernoulli.logProb(torch.ones(1)).item());
  expect(bernoulli.logits.tolist()).toEqual([0]);
  const kept = torch.tidy(() => new D.LogNormal(torch.zeros(2), 1));
  expect(kept.sample().shape).toEqual([2]);
});

describe("a family of one's own", () => {
  class Triangular extends D.Distribution {
    static override readonly argConstraints = { width: constraints.positive };
    static override readonly hasRsample = true;
    declare readonly width: Tensor;

    constructor(width: Tensor, validateArgs?: boolean) {
      super(width.shape, [], validateArgs, { width });
    }
    override get support() {
      return constraints.interval(0, this.width);
    }
    override rsample(sampleShape: readonly number[] = []): Tensor {
      return torch
        .rand([...sampleShape, ...this.batchShape])
        .sqrt()
        .mul(this.width);
    }
    override logProb(value: Tensor): Tensor {
      return value.mul(2).div(this.width.pow(2)).log();
    }
  }

  test("overrides the public methods, as in PyTorch", () => {
    const width = torch.tensor([1, 2], { requiresGrad: true });
    const own = new Triangular(width);
    expect(own.sample([5]).shape).toEqual([5, 2]);
    expect(own.sample().requiresGrad).toBe(false);
    expect(own.rsample().requiresGrad).toBe(true);
    expect(own.expand([3, 2]).width.shape).toEqual([3, 2]);
    expect(`${own}`).toBe("Triangular(width: torch.Size([2]))");
    expect(() => new Triangular(torch.tensor(-1))).toThrow(/^Triangular: Expected parameter width/);
    const joint = new D.Independent(own, 1);
    expect(joint.logProb(torch.ones(2)).shape).toEqual([]);
  });

  test("of an exponential family has its entropy and divergence by gradients", () => {
    class OwnNormal extends D.Normal {
      override entropy(): Tensor {
        return D.ExponentialFamily.prototype.entropy.call(this);
      }
    }
    const [p, q] = [new OwnNormal(torch.tensor([0.5, 1]), 2), new OwnNormal(torch.tensor([0, -1]), 0.7)];
    const plain = new D.Normal(p.loc, p.scale);
    expect(p.entropy().sub(plain.entropy()).abs().max().item()).toBeLessThan(1e-5);
    class Rate extends D.Exponential {}
    class Other extends D.ExponentialFamily {
      override get _naturalParams() {
        return [this.rate.neg()];
      }
      override _logNormalizer(x: Tensor): Tensor {
        return x.neg().log().neg();
      }
      declare readonly rate: Tensor;
      constructor(rate: number) {
        super([], [], false, { rate: torch.tensor(rate) });
      }
    }
    const exact = D.klDivergence(new Rate(2), new Rate(3)).item();
    expect(D.klDivergence(new Other(2), new Other(3)).item()).toBeCloseTo(exact, 5);
    expect(() => D.klDivergence(new Other(2), new Rate(3))).toThrow(/different exponential families/);
    expect(D.klDivergence(p, q).shape).toEqual([2]);
  });
});

describe("klDivergence", () => {
  class A extends D.Distribution {}
  class B extends A {}
  class C extends B {}
  const one = (value: number) => () => torch.tensor(value);

  test("takes the formula of the closest classes", () => {
    D.registerKl(A, A)(one(1));
    D.registerKl(B, B)(one(2));
    const kl = (p: D.Distribution, q: D.Distribution) => D.klDivergence(p, q).item();
    expect([kl(new A(), new A()), kl(new A(), new C()), kl(new B(), new C()), kl(new C(), new B())]).toEqual([
      1, 1, 2, 2,
    ]);
    D.registerKl({ typeP: C, typeQ: C })(one(3));
    expect([kl(new C(), new C()), kl(new B(), new C())]).toEqual([3, 2]);
  });

  test("warns where two formulas are as close", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    D.registerKl(A, C)(one(4));
    D.registerKl(C, A)(one(5));
    expect(D.klDivergence(new B(), new C()).item()).toBe(2);
    expect(warn).toHaveBeenCalledWith("Ambiguous klDivergence(B, C). Please registerKl(B, C)");
    warn.mockRestore();
  });

  test("is an error for classes without a formula, and for what is no distribution", () => {
    expect(() => D.klDivergence(new D.Normal(0, 1), new D.Categorical(torch.ones(2)))).toThrow(
      "klDivergence: No KL(p || q) is implemented for p type Normal and q type Categorical",
    );
    expect(() => D.klDivergence(1 as any, new D.Normal(0, 1))).toThrow(
      /^klDivergence: p must be a Distribution, got 1/,
    );
    expect(() => D.registerKl(torch.Tensor as any, A)).toThrow(
      /^registerKl: Expected typeP to be a Distribution subclass/,
    );
    const [p, q] = [new D.Normal(torch.zeros(2), 1), new D.Normal(torch.zeros(2), 1)];
    expect(() => D.klDivergence(new D.Independent(p, 1), new D.Independent(q, 0))).toThrow(/^klDivergence: /);
  });

  test("of transformed distributions is that of their bases", () => {
    expect(D.klDivergence(new D.LogNormal(0, 1), new D.LogNormal(1, 1)).item()).toBeCloseTo(0.5, 6);
    expect(() => D.klDivergence(new D.Kumaraswamy(1, 2), new D.Kumaraswamy(2, 1))).toThrow(/different transforms/);
  });
});
