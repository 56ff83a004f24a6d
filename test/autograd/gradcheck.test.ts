/** gradcheck and gradgradcheck find wrong derivatives, and say which. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";

const { gradcheck, gradgradcheck } = torch.autograd;
const leaf = (...values: number[]) => torch.tensor(values, { dtype: torch.float64, requiresGrad: true });

/** Its gradient ignores the second factor: `detach` hides it. */
const wrong = (x: torch.Tensor) => x.mul(x.detach());

describe("gradcheck", () => {
  it("passes right gradients of several inputs and outputs", () => {
    expect(gradcheck((a, b) => [a.mul(b), a.sum()], [leaf(1, 2), leaf(3, 4)])).toBe(true);
    expect(gradcheck((x) => x.exp(), leaf(0.5))).toBe(true);
  });

  it("shows both Jacobians of a wrong one", () => {
    expect(() => gradcheck(wrong, [leaf(1, 2)])).toThrow(
      /^Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor\(\[\[2\.0000, 0\.0000\],\n +\[0\.0000, 4\.0000\]\]\)\nanalytical:tensor\(\[\[1\.0000, 0\.0000\],/,
    );
    expect(gradcheck(wrong, [leaf(1, 2)], { raiseException: false })).toBe(false);
  });

  it("needs an input that requires grad, and known options", () => {
    expect(() => gradcheck((x) => x, torch.ones(2))).toThrow(torch.ValueError);
    expect(() => gradcheck((x) => x, leaf(1), { epsilon: 1 } as object)).toThrow(/epsilon/);
  });

  it("passes on an error of the function itself", () => {
    expect(() => gradcheck((x) => x.view(7), leaf(1, 2), { raiseException: false })).toThrow(torch.ShapeError);
  });
});

describe("gradgradcheck", () => {
  it("passes right second derivatives", () => {
    expect(gradgradcheck((a, b) => a.mul(b).mul(a), [leaf(1, 2), leaf(3, 4)])).toBe(true);
    expect(gradgradcheck((x) => x.exp(), leaf(0.5), torch.ones(1, { dtype: torch.float64 }))).toBe(true);
  });

  it("finds a wrong one behind a right first derivative", () => {
    const square = (x: torch.Tensor) => x.mul(x.detach()).add(x.detach().mul(x)).sub(x.detach().mul(x.detach()));
    expect(gradcheck(square, leaf(1, 2))).toBe(true);
    expect(() => gradgradcheck(square, leaf(1, 2))).toThrow(/^Jacobian mismatch/);
  });
});
