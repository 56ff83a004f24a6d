/** Every expected value was drawn by PyTorch 1.13 (CPU) after `torch.manual_seed` with the same seed. */
import { AutogradError, autograd, distributions as D, manualSeed, rand, type Tensor, tensor } from "kindling";
import { describe, expect, it } from "vitest";
import { betaGrad, gammaGrad } from "../../src/distributions/base/implicitGrad";
import { expectNear, values } from "./near";

/** What `draw` gives after the seed, and `torch.rand(2)` afterwards. */
function drawn(seed: number, draw: () => Tensor): { out: number[]; next: number[] } {
  manualSeed(seed);
  return { out: values(draw()), next: values(rand(2)) };
}

describe("samples of float32 parameters", () => {
  it("gamma numbers are drawn in double precision with constants in single, and have gradients", () => {
    const concentration = tensor([0.05, 0.7, 1, 3.5, 40]).requiresGrad_();
    manualSeed(5);
    const y = new D.Gamma(concentration, 1).rsample();
    const [grad] = autograd.grad(y.sum(), [concentration]);
    expectNear(
      y,
      [7.989670591790343e-10, 1.7962168455123901, 0.052179716527462006, 1.9942885637283325, 36.25629425048828],
    );
    expectNear(
      grad!,
      [3.2677522199264786e-7, 1.9383655786514282, 0.18152816593647003, 0.7805952429771423, 0.9557109475135803],
    );
    expectNear(rand(2), [0.5273253321647644, 0.6793861985206604]);
  });

  it("shares are computed in double precision and never reach zero or one", () => {
    const rows = [
      [0.01, 0.02, 0.5],
      [2, 3, 40],
      [1e-4, 1e-4, 1e-4],
    ];
    const { out, next } = drawn(6, () => new D.Dirichlet(tensor(rows)).sample());
    expectNear(
      out,
      [
        1.7679929369623867e-37, 7.362275911054002e-16, 0.9999999403953552, 0.0025245731230825186, 0.13536688685417175,
        0.8621085286140442, 1.1754943508222875e-38, 0.9999999403953552, 1.1754943508222875e-38,
      ],
    );
    expectNear(next, [0.47983527183532715, 0.4438035488128662]);
  });

  it.each<[string, () => Tensor, number[], number[]]>([
    ["Poisson", () => new D.Poisson(tensor([0.5, 30])).sample([3]), [2, 39, 1, 27, 0, 29], [0.419408321, 0.55290705]],
    [
      "NegativeBinomial, also of no failures",
      () => new D.NegativeBinomial(tensor([0, 3]), tensor([0.5, 0.9])).sample([3]),
      [0, 56, 0, 15, 0, 11],
      [0.175910175, 0.269833565],
    ],
    [
      "VonMises",
      () => new D.VonMises(tensor([0, 3]), tensor([0.5, 20])).sample([3]),
      [-0.329694271, 3.1060884, -1.73366272, 3.04703927, -0.867444515, -2.9413712],
      [0.208129764, 0.92979902],
    ],
    [
      "LKJCholesky",
      () => new D.LKJCholesky(3, tensor([0.5, 2])).sample(),
      [
        1, 0, 0, -0.207280472, 0.978281558, 0, -0.117621996, 0.86570704, 0.486535072, 1, 0, 0, 0.520921409, 0.853604674,
        0, 0.342427701, -0.279842734, 0.896900952,
      ],
      [0.857935786, 0.686955571],
    ],
    [
      "Wishart",
      () =>
        new D.Wishart(tensor([3, 4.5]), {
          covarianceMatrix: tensor([
            [1, 0],
            [0, 1],
          ]),
        }).sample(),
      [1.26720428, -1.00412059, -1.00412059, 2.44889212, 1.56654704, -1.88882601, -1.88882601, 5.41297865],
      [0.526295781, 0.243658245],
    ],
    [
      "Multinomial",
      () =>
        new D.Multinomial(
          10,
          tensor([
            [0.1, 0.2, 0.7],
            [0.5, 0.5, 0],
          ]),
        ).sample([2]),
      [0, 1, 9, 5, 5, 0, 0, 3, 7, 4, 6, 0],
      [0.0340229273, 0.944246233],
    ],
  ])("%s", (_, draw, out, then) => {
    const found = drawn(0, draw);
    expectNear(found.out, out, 1e-5);
    expectNear(found.next, then);
  });
});

describe("implicit gradients", () => {
  it("can be differentiated once", () => {
    const alpha = tensor([2, 3]).requiresGrad_();
    for (const y of [new D.Gamma(alpha, 1).rsample(), new D.Dirichlet(alpha).rsample().select(0, 0)]) {
      const [grad] = autograd.grad(y.sum(), [alpha], { createGraph: true });
      expect(() => grad!.sum().backward()).toThrow(AutogradError);
    }
  });

  // The values of torch._standard_gamma_grad and torch._dirichlet_grad, a point for each of their approximations.
  it.each([
    [0.5, 0.01, 0.09354403370539151],
    [12, 12.3, 1.0265341149588725],
    [12, 3, 0.46836966688458603],
    [3, 2, 0.856564023915415],
  ])("of gamma numbers: α = %f, x = %f", (alpha, x, expected) => {
    expectNear([gammaGrad(alpha, x)], [expected]);
  });

  it.each([
    [0.1, 0.5, 1, 0.6205902359786034],
    [0.99, 2, 6, 0.31946972112550437],
    [0.5, 20, 41, 0.025102455543847355],
    [0.7, 20, 41, 0.02956614707807151],
    [0.6, 3, 7, 0.1874612502215212],
  ])("of shares: x = %f, α = %f of %f", (x, alpha, total, expected) => {
    expectNear([betaGrad(x, alpha, total)], [expected]);
  });
});
