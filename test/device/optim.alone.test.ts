/** Every optimizer and what stands around it, on a device that cannot be read at once: as on the cpu. */
import { beforeAll, describe, expect, test } from "vitest";
import { useStrictDevice } from "../helpers/strict";
import { torch } from "../ops/spec";
import { compare, home } from "./sweep";

beforeAll(useStrictDevice);

const variants: [name: string, options: Record<string, unknown>][] = [
  ["SGD", { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }],
  ["Adam", { amsgrad: true, weightDecay: 0.1 }],
  ["AdamW", { weightDecay: 0.1 }],
  ["Adamax", {}],
  ["NAdam", {}],
  ["RAdam", { betas: [0.5, 0.6] }],
  ["RMSprop", { centered: true, momentum: 0.5 }],
  ["Adagrad", { lrDecay: 0.1 }],
  ["Adadelta", {}],
  ["ASGD", { t0: 2 }],
  ["Rprop", {}],
  ["Lion", { weightDecay: 0.1 }],
  ["Muon", {}],
];

const weights = (device: string) => {
  torch.manualSeed(5);
  return torch.randn(4, 3).to(device).requiresGrad_();
};

function step(p: any, optimizer: any): void {
  optimizer.zeroGrad();
  p.sin().mul(p).sum().backward();
  torch.nn.utils.clipGradNorm_([p], 0.5, { errorIfNonfinite: true });
  optimizer.step();
}

function train(name: string, options: object, device: string): { p: any; optimizer: any } {
  const p = weights(device);
  const optimizer = new torch.optim[name]([p], options);
  for (let i = 0; i < 4; i++) step(p, optimizer);
  return { p, optimizer };
}

const tensorsIn = (value: any): any[] => {
  if (value instanceof torch.Tensor) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
};

describe.each(variants)("%s %o", (name, options) => {
  test("steps there as on the cpu, and its state is there", async () => {
    const here = train(name, options, "cpu");
    const moved = train(name, options, "webgpu");
    compare("parameters", await home([moved.p]), [here.p.detach()], 1e-6);
    for (const state of moved.optimizer.state.values())
      for (const x of tensorsIn(state)) expect(x.device).toBe("webgpu");
  });

  test("loads state of the cpu onto the device of its parameters", async () => {
    const here = train(name, options, "cpu");
    const p = here.p.detach().to("webgpu").requiresGrad_();
    const optimizer = new torch.optim[name]([p], options);
    optimizer.loadStateDict(here.optimizer.stateDict());
    step(here.p, here.optimizer);
    step(p, optimizer);
    compare("parameters", await home([p]), [here.p.detach()], 1e-6);
  });

  test("takes its state along when the parameters have moved", async () => {
    const here = train(name, options, "cpu");
    const other = train(name, options, "cpu");
    other.p.data = other.p.data.to("webgpu");
    step(here.p, here.optimizer);
    step(other.p, other.optimizer);
    expect(other.p.grad.device).toBe("webgpu");
    compare("parameters", await home([other.p]), [here.p.detach()], 1e-6);
  });
});
