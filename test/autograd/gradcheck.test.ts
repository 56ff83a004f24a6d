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
      /^gradcheck: Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor\(\[\[2\.0000, 0\.0000\],\n +\[0\.0000, 4\.0000\]\]\)\nanalytical:tensor\(\[\[1\.0000, 0\.0000\],/,
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

/** A function with the given backward. */
const withBackward = (forward: (x: torch.Tensor) => any, backward: (...grads: any[]) => any) => {
  class Custom extends torch.autograd.Function {
    static forward(ctx: torch.autograd.FunctionCtx, x: torch.Tensor) {
      ctx.setMaterializeGrads(false);
      return forward(x);
    }
    static backward(_ctx: unknown, ...grads: any[]) {
      return backward(...grads);
    }
  }
  return (x: torch.Tensor) => Custom.apply(x);
};

describe("besides the Jacobian, backward", () => {
  const double = (x: torch.Tensor) => x.mul(2);

  it("must give the same each time, within nondetTol", () => {
    let calls = 0;
    const drifting = withBackward(double, (g) => g.mul(2 + 1e-9 * calls++));
    expect(() => gradcheck(drifting, leaf(1, 2))).toThrow(
      /^gradcheck: Backward is not reentrant.*nondeterminism was 0\./s,
    );
    expect(gradcheck(drifting, leaf(1, 2), { nondetTol: 1e-6 })).toBe(true);
  });

  it("must be linear in the gradients of the outputs", () => {
    const shifted = withBackward(double, (g) => g.mul(2).add(1e-7));
    expect(() => gradcheck(shifted, leaf(1, 2))).toThrow("backward not multiplied by grad_output");
  });

  it("must do without gradients of some outputs", () => {
    const three = (x: torch.Tensor) => [x.mul(1), x.mul(2), x.mul(3)];
    const total = (...grads: (torch.Tensor | null)[]) =>
      grads.map((g, i) => g?.mul(i + 1)).reduce((a, b) => (a && b ? a.add(b) : (a ?? b)));
    const picky = withBackward(three, (a, b, c) => {
      if (a !== null && b !== null && c === null) throw new TypeError("c is missing");
      return total(a, b, c);
    });
    expect(() => gradcheck(picky, leaf(1))).toThrow(
      "Expected backward function to handle undefined output grads, but it failed: c is missing",
    );
    expect(gradcheck(picky, leaf(1), { checkUndefinedGrad: false })).toBe(true);
    expect(gradcheck(withBackward(three, total), leaf(1))).toBe(true);
  });
});

describe("gradgradcheck", () => {
  it("passes right second derivatives", () => {
    expect(gradgradcheck((a, b) => a.mul(b).mul(a), [leaf(1, 2), leaf(3, 4)])).toBe(true);
    expect(gradgradcheck((x) => x.exp(), leaf(0.5), torch.ones(1, { dtype: torch.float64 }))).toBe(true);
  });

  it("takes gradients of outputs that are not contiguous", () => {
    const strides: (readonly number[])[] = [];
    const seen = withBackward(
      (x) => x.mul(2),
      (g: torch.Tensor) => {
        strides.push(g.strides);
        return g.mul(2);
      },
    );
    const x = torch.ones([2, 3], { dtype: torch.float64, requiresGrad: true });
    expect(gradgradcheck(seen, x, null, { genNonContigGradOutputs: true })).toBe(true);
    expect(strides[0]).toEqual([6, 2]);
  });

  it("finds a wrong one behind a right first derivative", () => {
    const square = (x: torch.Tensor) => x.mul(x.detach()).add(x.detach().mul(x)).sub(x.detach().mul(x.detach()));
    expect(gradcheck(square, leaf(1, 2))).toBe(true);
    expect(() => gradgradcheck(square, leaf(1, 2))).toThrow(/^gradgradcheck: Jacobian mismatch/);
  });
});
