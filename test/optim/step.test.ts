/** Calls of step() without a closure. */
import * as torch from "kindling";
import { expect, it } from "vitest";

it.each(["without hooks", "with a hook"])("step(null) is step(), as in PyTorch, %s", (how) => {
  const p = torch.ones(2).requiresGrad_();
  const optimizer = new torch.optim.SGD([p], { lr: 0.5 });
  if (how === "with a hook") optimizer.registerStepPostHook(() => {});
  p.grad = torch.ones(2);
  expect(optimizer.step(null as never)).toBeUndefined();
  expect(p.tolist()).toEqual([0.5, 0.5]);
  expect(() => new torch.optim.LBFGS([p]).step(null as never)).toThrow("LBFGS: step takes a closure");
});
