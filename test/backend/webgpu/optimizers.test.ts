/** Every optimizer with each of its options on the GPU, against the cpu; and how many dispatches many parameters take. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { cut, cutNote } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";

type Options = Record<string, unknown>;

const both = (options: Options): Options[] => [
  options,
  { ...options, weightDecay: 0.1 },
  { ...options, maximize: true },
];

const variants: readonly [name: string, options: readonly Options[]][] = [
  [
    "SGD",
    [
      ...both({ lr: 0.1 }),
      { lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.1 },
      { lr: 0.1, momentum: 0.9, nesterov: true },
    ],
  ],
  ["Adam", [...both({ lr: 0.05 }), { lr: 0.05, amsgrad: true, betas: [0.5, 0.6], eps: 1e-3 }]],
  ["AdamW", [...both({ lr: 0.05 }), { lr: 0.05, amsgrad: true }]],
  ["Adamax", both({ lr: 0.05, betas: [0.5, 0.6], eps: 1e-3 })],
  [
    "NAdam",
    [
      { lr: 0.05, weightDecay: 0.1 },
      { lr: 0.05, momentumDecay: 0.1, betas: [0.5, 0.6] },
    ],
  ],
  [
    "RAdam",
    [
      { lr: 0.05, weightDecay: 0.1 },
      { lr: 0.05, betas: [0.5, 0.6] },
    ],
  ],
  [
    "RMSprop",
    [
      ...both({ lr: 0.05 }),
      { lr: 0.05, centered: true },
      { lr: 0.05, centered: true, momentum: 0.5 },
      { momentum: 0.5 },
    ],
  ],
  ["Adagrad", both({ lr: 0.05, lrDecay: 0.1, initialAccumulatorValue: 0.2, eps: 1e-3 })],
  ["Adadelta", both({ lr: 0.5, rho: 0.8, eps: 1e-4 })],
  ["ASGD", [...both({ lr: 0.05, lambd: 0.1 }), { lr: 0.05, t0: 2, alpha: 0.5 }]],
  ["Rprop", [{ lr: 0.05 }, { lr: 0.05, etas: [0.4, 1.3], stepSizes: [1e-3, 0.06] }, { lr: 0.05, maximize: true }]],
  ["Lion", both({ lr: 0.05, betas: [0.5, 0.6] })],
];

/** Around a workgroup of 64, none at all, and a single element. */
const shapes = [[3, 5], [64], [65], [0, 4], [], [7, 30]];

async function train(name: string, options: Options, device: torch.Device): Promise<number[][]> {
  torch.manualSeed(3);
  const parameters = shapes.map((shape) => torch.randn(shape).to(device).requiresGrad_());
  const optimizer = new (torch.optim as any)[name](parameters, options);
  for (let step = 0; step < 4; step++) {
    for (const p of parameters) p.grad = torch.randn(p.shape).to(device);
    if (step === 2) parameters[1]!.grad = null;
    optimizer.step();
  }
  const values = await Promise.all(parameters.map((p) => p.detach().cpu()));
  return values.map((x) => x.flatten().tolist() as number[]);
}

describe.skipIf(noGpu !== undefined)(`optimizers ${onGpu}${cutNote}`, () => {
  it.each(
    cut(
      variants.flatMap(([name, all]) => all.map((options) => [name, options] as const)),
      2,
    ),
  )("%s %o steps as on the cpu", async (name, options) => {
    const [cpu, gpu] = [await train(name, options, "cpu"), await train(name, options, "webgpu")];
    for (const [k, expected] of cpu.entries())
      for (const [i, value] of expected.entries())
        expect(Math.abs(gpu[k]![i]! - value), `parameter ${k}, element ${i}`).toBeLessThanOrEqual(
          2e-6 + 1e-5 * Math.abs(value),
        );
  });

  it("steps many parameters in few dispatches", () => {
    const parameters = Array.from({ length: 12 }, () => torch.randn([10]).to("webgpu").requiresGrad_());
    const optimizer = new torch.optim.SGD(parameters, { lr: 0.1 });
    for (const p of parameters) p.grad = torch.ones(10).to("webgpu");
    optimizer.step();
    const before = torch.webgpu.counts().dispatches;
    optimizer.step();
    // Two bindings each, of the eight that every adapter has.
    expect(torch.webgpu.counts().dispatches - before).toBeLessThanOrEqual(3);
  });

  it("keeps the order of what depends on a step", async () => {
    const p = torch.ones(70).to("webgpu").requiresGrad_();
    const [a, b] = [new torch.optim.SGD([p], { lr: 1 }), new torch.optim.SGD([p], { lr: 10 })];
    p.grad = torch.ones(70).to("webgpu");
    a.step();
    b.step();
    const seen = p.detach().mul(1);
    // The gradient is given back, and its memory asked for again, before the step has run.
    a.step();
    p.grad = null;
    const other = torch.full([70], 1e6).to("webgpu");
    expect((await seen.cpu()).at(69).item()).toBe(-10);
    expect((await p.detach().cpu()).at(0).item()).toBe(-11);
    expect((await other.cpu()).at(0).item()).toBe(1e6);
    // What is written after a step comes after it.
    p.grad = torch.ones(70).to("webgpu");
    a.step();
    p.data.copy_(torch.zeros(70));
    expect((await p.detach().cpu()).at(5).item()).toBe(0);
  });

  it.each(["SGD", "Adam", "RMSprop"] as const)(
    "%s steps by gradients that wait, though they are given back",
    async (name) => {
      const run = async (device: torch.Device, last: "zeroGrad" | "null" | "dispose"): Promise<number[]> => {
        torch.manualSeed(5);
        const [w, b] = [[3, 4], [3]].map((shape) => torch.randn(shape).to(device).requiresGrad_()) as [
          torch.Tensor,
          torch.Tensor,
        ];
        const x = torch.randn(6, 4).to(device);
        const optimizer = new (torch.optim as any)[name]([w, b], { lr: 0.1 });
        for (let step = 0; step < 3; step++) {
          torch.nn.functional.linear(x, w, b).pow(2).mean().backward();
          optimizer.step();
          if (last === "zeroGrad") optimizer.zeroGrad();
          for (const p of [w, b]) {
            if (last === "dispose") p.grad!.dispose();
            p.grad = null;
          }
        }
        const values = await Promise.all([w, b].map((p) => p.detach().cpu()));
        return values.flatMap((p) => p.flatten().tolist() as number[]);
      };
      for (const last of ["zeroGrad", "null", "dispose"] as const) {
        const [cpu, gpu] = [await run("cpu", last), await run("webgpu", last)];
        for (const [i, value] of cpu.entries()) expect(gpu[i], `${last}, value ${i}`).toBeCloseTo(value, 5);
      }
    },
  );

  it("steps views of one buffer that do not overlap", async () => {
    const flat = torch.zeros(128).to("webgpu");
    const parameters = [flat.narrow(0, 0, 64), flat.narrow(0, 64, 64)].map((x) => x.detach().requiresGrad_());
    for (const p of parameters) p.grad = torch.ones(64).to("webgpu");
    new torch.optim.SGD(parameters, { lr: 1 }).step();
    expect((await flat.cpu()).sum().item()).toBe(-128);
  });

  it("refuses float64 before anything waits", () => {
    expect(() => torch.zeros(2, { dtype: "float64" }).to("webgpu")).toThrow(/float64/);
  });

  it.each(["clipGradNorm_", "clipGradValue_"] as const)("%s clips without a read", async (clip) => {
    const run = async (device: torch.Device): Promise<number[]> => {
      torch.manualSeed(1);
      const parameters = [[3, 4], [5]].map((shape) => torch.randn(shape).to(device).requiresGrad_());
      for (const p of parameters) p.grad = torch.randn(p.shape).to(device);
      const read = torch.webgpu.counts().bytesRead;
      (torch.nn.utils[clip] as any)(parameters, 0.5);
      expect(torch.webgpu.counts().bytesRead).toBe(read);
      const values = await Promise.all(parameters.map((p) => p.grad!.cpu()));
      return values.flatMap((x) => x.flatten().tolist() as number[]);
    };
    const [cpu, gpu] = [await run("cpu"), await run("webgpu")];
    for (const [i, value] of cpu.entries()) expect(gpu[i]).toBeCloseTo(value, 5);
  });
});
