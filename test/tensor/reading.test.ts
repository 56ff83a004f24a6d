/** Values that are awaited are those of the moment of the call, whatever becomes of the tensor. */
import * as torch from "kindling";
import { expect, it } from "vitest";

it("itemAsync and tolistAsync give the values that the tensor had", async () => {
  const x = torch.tensor([1, 2]);
  const [sum, list] = [x.sum(), x.mul(2)];
  const given = [sum.itemAsync(), list.tolistAsync()];
  sum.fill_(9);
  list.dispose();
  expect(await Promise.all(given)).toEqual([3, [2, 4]]);
});

it("itemAsync outlives tidy", async () => {
  let value: Promise<number> | undefined;
  torch.tidy(() => {
    value = torch.ones(3).sum().itemAsync();
  });
  expect(await value).toBe(3);
});

it("itemAsync refuses more than one element at once, and a disposed tensor by its promise", async () => {
  expect(() => torch.ones(2).itemAsync()).toThrow("itemAsync: a Tensor with 2 elements cannot be converted to Scalar");
  const gone = torch.ones(1);
  gone.dispose();
  await expect(async () => gone.itemAsync()).rejects.toThrow("was used after its memory was given back");
});
