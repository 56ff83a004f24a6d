/** Custom functions that change their inputs, and whose outputs are inputs or views of them. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { custom, leaf } from "./custom";

describe("markDirty", () => {
  const double = custom(
    (ctx, x: Tensor) => {
      x.mul_(2);
      ctx.markDirty(x);
      return x;
    },
    (_ctx, g: Tensor) => g.mul(2),
  );

  test("gives the changed input the history of the function", () => {
    const x = leaf(1, 2);
    const y = x.mul(3);
    const z = double.apply(y);
    expect(z).toBe(y);
    expect(z.gradFn!.name).toBe("CustomBackward");
    z.sum().backward();
    expect(x.grad!.tolist()).toEqual([6, 6]);
  });

  test("of a view changes the base", () => {
    const x = leaf(1, 2);
    const y = x.mul(3);
    double.apply(y.at(0));
    expect(y.tolist()).toEqual([6, 6]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([6, 3]);
  });

  test("of a tensor that does not require grad, with another input that does", () => {
    const assign = custom(
      (ctx, x: Tensor, y: Tensor) => {
        x.copy_(y);
        ctx.markDirty(x);
        return x;
      },
      (_ctx, g: Tensor) => [null, g],
    );
    const y = leaf(5);
    const x = torch.zeros(1, { dtype: "float64" });
    assign.apply(x, y);
    expect([x.requiresGrad, x.isLeaf]).toEqual([true, false]);
    x.mul(2).sum().backward();
    expect(y.grad!.tolist()).toEqual([2]);
  });

  test("raises the version, so that older uses are noticed", () => {
    const y = leaf(1).mul(3);
    const older = y.mul(y).sum();
    double.apply(y);
    expect(() => older.backward()).toThrow(/modified by an inplace operation/);
  });

  test("of a leaf that requires grad, or of an input that is not returned, is an error", () => {
    expect(() => double.apply(leaf(1))).toThrow(/a leaf Variable that requires grad has been used in an in-place op/);
    const forgetful = custom((ctx, x: Tensor) => {
      ctx.markDirty(x);
      return x.clone();
    });
    expect(() => forgetful.apply(leaf(1).mul(2))).toThrow(
      /marked as dirty during the forward method were not returned/,
    );
  });
});

describe("outputs that are inputs or views of them", () => {
  const identity = custom(
    (_ctx, x: Tensor) => x,
    (_ctx, g: Tensor) => g.mul(10),
  );

  test("an input that is returned comes back as a view with the history of the function", () => {
    const x = leaf(1, 2);
    const y = identity.apply(x);
    expect(y === x).toBe(false);
    expect([x.isLeaf, y.gradFn!.name, y._base === x]).toEqual([true, "CustomBackward", true]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([10, 10]);
  });

  test("and neither it nor a view made in forward can be changed in place", () => {
    const message = /is a view and is being modified inplace. This view was created inside a custom Function.*cloning/;
    expect(() => identity.apply(leaf(1).mul(2)).add_(1)).toThrow(message);
    const flat = custom(
      (_ctx, x: Tensor) => x.view(-1),
      (_ctx, g: Tensor) => g,
    );
    const y = leaf(1, 2).mul(2);
    const v = flat.apply(y);
    expect(() => v.add_(1)).toThrow(message);
    y.add_(1);
    expect(() => v.gradFn).toThrow(/its base or another view of its base has been modified inplace/);
  });
});
