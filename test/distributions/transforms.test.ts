/** Transforms and constraints beyond PyTorch's samples: caches, equality, registries, errors. */
import * as torch from "kindling";
import { distributions as D, type Tensor } from "kindling";
import { describe, expect, test } from "vitest";

const { constraints } = D;
const x = torch.tensor([0.3, -1.2, 0.8]);

describe("a transform", () => {
  test("is called, and its inverse's inverse is itself", () => {
    const exp = new D.ExpTransform();
    expect(exp(x).tolist()).toEqual(x.exp().tolist());
    expect(exp({ x }).tolist()).toEqual(x.exp().tolist());
    expect(exp.inv.inv).toBe(exp);
    expect(exp.inv).toBe(exp.inv);
    const chain = new D.ComposeTransform([exp, new D.AffineTransform(1, 2)]);
    expect(chain.inv.inv).toBe(chain);
  });

  test("with a cache gives back the input itself", () => {
    const cached = new D.TanhTransform({ cacheSize: 1 });
    const y = cached(x);
    expect(cached.inv(y)).toBe(x);
    expect(cached(x)).toBe(y);
    expect(new D.TanhTransform().inv(y) === x).toBe(false);
    const chain = new D.ComposeTransform([new D.ExpTransform(), new D.AffineTransform(0, 2)], { cacheSize: 1 });
    expect(chain.inv(chain(x))).toBe(x);
    const later = new D.AffineTransform(1, 2).withCache();
    expect([later.cacheSize, later.scale, later.inv(later(x)) === x]).toEqual([1, 2, true]);
    expect(later.withCache(1)).toBe(later);
  });

  test("whose cached output was given back with a scope computes it again", () => {
    const cached = new D.ExpTransform(1);
    torch.tidy(() => cached(x).sum().item());
    expect(cached(x).shape).toEqual([3]);
  });

  test("equals another that does the same", () => {
    const affine = (loc: number | Tensor) => new D.AffineTransform(loc, 2);
    expect(new D.ExpTransform().equals(new D.ExpTransform())).toBe(true);
    expect(new D.ExpTransform().equals(new D.TanhTransform())).toBe(false);
    expect(new D.ExpTransform().inv.equals(new D.ExpTransform().inv)).toBe(true);
    expect(affine(1).equals(affine(1))).toBe(true);
    expect(affine(1).equals(affine(torch.tensor(1)))).toBe(true);
    expect(affine(1).equals(affine(3))).toBe(false);
    expect(new D.PowerTransform(2).equals(new D.PowerTransform(torch.tensor(2)))).toBe(true);
    expect(new D.ComposeTransform([affine(1)]).equals(new D.ComposeTransform([affine(1)]))).toBe(true);
  });

  test("of one's own defines _call and _inverse", () => {
    class Cube extends D.Transform {
      override domain = constraints.real;
      override codomain = constraints.real;
      override bijective = true;
      override sign = 1;
      override _call(input: Tensor): Tensor {
        return input.pow(3);
      }
      override _inverse(y: Tensor): Tensor {
        return y.sign().mul(y.abs().pow(1 / 3));
      }
      override logAbsDetJacobian(input: Tensor, _y: Tensor): Tensor {
        return input.pow(2).mul(3).log();
      }
    }
    const cubed = new D.TransformedDistribution(new D.Normal(0, 1), new Cube());
    const value = torch.tensor(8);
    expect(cubed.logProb(value).item()).toBeCloseTo(
      new D.Normal(0, 1).logProb(torch.tensor(2)).item() - Math.log(12),
      4,
    );
    expect(cubed.cdf(value).item()).toBeCloseTo(0.97725, 4);
    const cached = new Cube().withCache();
    expect(cached.inv(cached(x))).toBe(x);
    expect(() => new D.Transform()(x)).toThrow("_call: Transform does not implement it");
  });

  test.each([
    [() => new D.ExpTransform({ cacheSize: 2 }), /^ExpTransform: cacheSize must be 0 or 1/],
    [() => (new D.ExpTransform() as any)("x"), /^ExpTransform: x must be a Tensor, got "x"/],
    [() => (new D.ExpTransform() as any)(), /^ExpTransform: missing argument x/],
    [() => new D.StickBreakingTransform()(torch.tensor(true)), /^StickBreakingTransform: /],
    [() => constraints.positive.check("x" as any), /^check: value must be a Tensor, got "x"/],
    [() => constraints.lowerCholesky.check(x), /^check: /],
    [() => D.utils.clampProbs("x" as any), /^clampProbs: probs must be a Tensor/],
    [() => D.utils.broadcastAll(torch.zeros(2), torch.zeros(3)), /^broadcastAll: /],
    [() => new D.ExpTransform().logAbsDetJacobian(x, 1 as any), /^logAbsDetJacobian: y must be a Tensor/],
    [() => new D.AffineTransform("a" as any, 1), /^AffineTransform: loc must be a number or a Tensor/],
    [() => new D.ReshapeTransform([2, 3], [5]), /different numbers of elements/],
    [() => new D.ReshapeTransform([4], [2, 2])(torch.zeros(3)), /Shape mismatch/],
    [() => new D.CorrCholeskyTransform().forwardShape([4]), /lower-diagonal/],
    [() => new D.StickBreakingTransform().forwardShape([]), /Too few dimensions/],
    [() => new D.IndependentTransform(new D.ExpTransform(), 2)(x), /^IndependentTransform: Too few dimensions/],
    [() => new D.CatTransform([new D.ExpTransform()], 0, [2])(x), /^CatTransform: takes 2 elements along dim 0/],
    [() => new D.CatTransform([new D.ExpTransform()], 0, [1, 2]), /take as many lengths/],
    [() => new D.StackTransform([new D.ExpTransform()], 1)(x), /^StackTransform: dim 1 is out of range/],
    [() => new D.ComposeTransform([1] as any), /parts\[0\] must be a Transform, got 1/],
    [() => new D.CumulativeDistributionTransform(1 as any), /must be a Distribution, got 1/],
    [() => new D.TransformedDistribution(new D.Normal(0, 1), new D.AbsTransform()).cdf(x), /^cdf: /],
    [() => (new D.ExpTransform() as any).log_abs_det_jacobian, /did you mean Transform.logAbsDetJacobian/],
    [() => constraints.interval(1 as any), /^interval: missing argument upperBound/],
    [() => constraints.independent(1 as any, 1), /^independent: takes constraints, got 1/],
    [() => constraints.independent(constraints.real, 2).check(x), /Expected value.dim\(\) >= 2 but got 1/],
    [() => constraints.dependent.check(x), /Cannot determine validity|cannot determine validity/],
    [() => constraints.dependent.eventDim, /cannot be determined statically/],
    [() => constraints.cat([constraints.real], 3).check(x), /^cat: dim 3 is out of range/],
    [() => D.bijectTo(constraints.boolean), /Cannot transform Boolean\(\) constraints/],
    [() => D.bijectTo(1 as any), /takes a constraint, got 1/],
    [() => D.bijectTo.register(1 as any, () => D.identityTransform), /^register: Expected constraint/],
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
});

describe("constraints", () => {
  const eye = torch.eye(2);
  const skew = torch.tensor([
    [1, 2],
    [0, 1],
  ]);
  test.each<[string, D.constraints.Constraint, Tensor, unknown]>([
    ["boolean", constraints.boolean, torch.tensor([0, 1, 0.5]), [true, true, false]],
    [
      "oneHot",
      constraints.oneHot,
      torch.tensor([
        [0, 1],
        [1, 1],
      ]),
      [true, false],
    ],
    [
      "integerInterval",
      constraints.integerInterval(0, 2),
      torch.tensor([-1, 0, 1.5, 2, 3]),
      [false, true, false, true, false],
    ],
    ["real", constraints.real, torch.tensor([Number.NaN, 1]), [false, true]],
    ["interval of tensors", constraints.interval(0, torch.tensor([1, 2])), torch.tensor([1.5, 1.5]), [false, true]],
    ["halfOpenInterval", constraints.halfOpenInterval(0, 1), torch.tensor([0, 1]), [true, false]],
    ["lessThan", constraints.lessThan({ upperBound: 1 }), torch.tensor([0, 1]), [true, false]],
    [
      "simplex",
      constraints.simplex,
      torch.tensor([
        [0.5, 0.5],
        [0.5, 0.6],
      ]),
      [true, false],
    ],
    [
      "multinomial",
      constraints.multinomial(3),
      torch.tensor([
        [1, 2],
        [2, 2],
      ]),
      [true, false],
    ],
    ["lowerTriangular", constraints.lowerTriangular, torch.stack([eye, skew]), [true, false]],
    ["lowerCholesky", constraints.lowerCholesky, torch.stack([eye, eye.neg()]), [true, false]],
    ["corrCholesky", constraints.corrCholesky, torch.stack([eye, eye.mul(2)]), [true, false]],
    ["square", constraints.square, torch.zeros(2, 3, 4), [false, false]],
    ["symmetric", constraints.symmetric, torch.stack([eye, skew]), [true, false]],
    ["positiveDefinite", constraints.positiveDefinite, torch.stack([eye, eye.neg()]), [true, false]],
    [
      "positiveSemidefinite",
      constraints.positiveSemidefinite,
      torch.stack([torch.ones(2, 2), eye.neg()]),
      [true, false],
    ],
    [
      "independent",
      constraints.independent(constraints.positive, 1),
      torch.tensor([
        [1, 2],
        [1, -1],
      ]),
      [true, false],
    ],
    [
      "cat",
      constraints.cat([constraints.positive, constraints.boolean], 0, [2, 1]),
      torch.tensor([1, -1, 1]),
      [true, false, true],
    ],
    [
      "stack",
      constraints.stack([constraints.positive, constraints.boolean]),
      torch.tensor([
        [1, -1],
        [1, 2],
      ]),
      [
        [true, false],
        [true, false],
      ],
    ],
  ])("%s", (_, constraint, value, expected) => expect(constraint.check(value).tolist()).toEqual(expected));

  test("are recognized by the functions that make them", () => {
    expect(constraints.unitInterval).toBeInstanceOf(constraints.interval);
    expect(constraints.positive).toBeInstanceOf(constraints.greaterThan);
    expect(constraints.real).not.toBeInstanceOf(constraints.greaterThan);
    expect(constraints.isDependent(constraints.dependent({ eventDim: 1 }))).toBe(true);
    expect(constraints.dependent({ eventDim: 1 }).eventDim).toBe(1);
  });
});

test("registries lead into what a constraint allows", () => {
  const u = torch.randn(5, 3);
  for (const registry of [D.bijectTo, D.transformTo])
    for (const constraint of [
      constraints.positive,
      constraints.interval(-1, 2),
      constraints.simplex,
      constraints.lessThan(0),
    ])
      expect(constraint.check(registry(constraint)(u)).all().item()).toBe(true);
  expect(D.bijectTo(constraints.simplex)).toBeInstanceOf(D.StickBreakingTransform);
  expect(D.transformTo(constraints.simplex)).toBeInstanceOf(D.SoftmaxTransform);
  const scale = D.transformTo(D.Normal.argConstraints.scale!)(torch.zeros(1));
  expect(scale.tolist()).toEqual([1]);
});

test("registries of one's own take a class, a constraint or a function that makes some", () => {
  class Even extends constraints.Constraint {}
  const registry = new D.constraintRegistry.ConstraintRegistry();
  const factory = registry.register(Even)(() => D.identityTransform);
  expect(registry(new Even())).toBe(D.identityTransform);
  registry.register(constraints.interval, (constraint) => new D.AffineTransform(constraint.lowerBound, 1));
  expect((registry(constraints.unitInterval) as D.AffineTransform).loc).toBe(0);
  registry.register({ constraint: constraints.real, factory } as any);
  expect(registry(constraints.real)).toBe(D.identityTransform);
  expect(() => D.bijectTo(new Even())).toThrow(/Cannot transform/);
});
