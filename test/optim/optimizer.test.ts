import * as torch from "kindling";
import { describe, expect, test, vi } from "vitest";

const { optim } = torch;

/** A parameter whose gradient is set. */
function parameter(values: number[], grad?: number[], dtype: torch.DType = "float32"): torch.Tensor {
  const p = torch.tensor(values, { dtype, requiresGrad: true });
  if (grad !== undefined) p.grad = torch.tensor(grad, { dtype });
  return p;
}

const close = (actual: number[], expected: number[], digits = 12) =>
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, digits);
  });

describe("what an optimizer takes", () => {
  const p = () => parameter([1]);
  test.each<[string, () => unknown, RegExp]>([
    ["no parameters", () => new optim.SGD([]), /optimizer got an empty parameter list/],
    ["a single tensor", () => new optim.SGD(p()), /iterable of Tensors or groups, but got a single Tensor/],
    ["a set", () => new optim.SGD(new Set([p()])), /ordered collections, got a Set/],
    ["numbers", () => new optim.SGD([1] as never), /can only optimize Tensors, but one of the params is 1/],
    ["a computed tensor", () => new optim.SGD([p().mul(2)]), /can't optimize a non-leaf Tensor/],
    [
      "an unknown option",
      () => new optim.SGD([p()], { learningRate: 1 } as never),
      /"learningRate"; the arguments are params, lr, momentum/,
    ],
    [
      "an unknown option of a group",
      () => new optim.SGD([{ params: [p()], beta: 1 } as never]),
      /"beta"; the options are lr/,
    ],
    ["a negative rate", () => new optim.Adam([p()], { lr: -1 }), /Invalid learning rate: -1/],
    ["a negative rate of a group", () => new optim.Adam([{ params: [p()], lr: -1 }]), /Invalid learning rate: -1/],
    ["NaN as a rate", () => new optim.SGD([p()], { lr: Number.NaN }), /Invalid learning rate: NaN/],
    ["a beta of 1", () => new optim.Adam([p()], { betas: [0.9, 1] }), /Invalid beta parameter at index 1: 1/],
    ["momentum below 0", () => new optim.SGD([p()], { momentum: -0.5 }), /Invalid momentum value: -0.5/],
    [
      "Nesterov without momentum",
      () => new optim.SGD([p()], { nesterov: true }),
      /requires a momentum and zero dampening/,
    ],
    ["etas of Rprop", () => new optim.Rprop([p()], { etas: [1.5, 2] }), /Invalid eta values: 1.5, 2/],
    [
      "two groups for LBFGS",
      () => new optim.LBFGS([{ params: [p()] }, { params: [p()] }]),
      /doesn't support per-parameter/,
    ],
    ["a vector for Muon", () => new optim.Muon([p()]), /only supports 2D parameters .* size \[1\]/],
  ])("%s is an error", (_, make, message) => expect(make).toThrow(message));

  test("a parameter of two groups is an error", () => {
    const shared = p();
    const optimizer = new optim.SGD([shared]);
    expect(() => optimizer.addParamGroup({ params: shared })).toThrow(/more than one parameter group/);
  });

  test("a parameter that occurs twice in a group gets a warning", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const shared = p();
    new optim.SGD([shared, shared]);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("duplicate parameters"));
    warn.mockRestore();
  });

  test("groups have options of their own, and defaults for the rest", () => {
    const [a, b] = [parameter([1], [1]), parameter([1], [1])];
    const optimizer = new optim.SGD([{ params: [a] }], { lr: 0.5 });
    optimizer.addParamGroup({ params: b, lr: 0.25 });
    optimizer.step();
    expect([a.item(), b.item()]).toEqual([0.5, 0.75]);
    optimizer.paramGroups[1]!.lr = 0.5;
    optimizer.step();
    expect([a.item(), b.item()]).toEqual([0, 0.25]);
  });

  test("prints as in PyTorch", () => {
    expect(String(new optim.Adam([p()]))).toBe(
      "Adam (\nParameter Group 0\n    amsgrad: False\n    betas: (0.9, 0.999)\n    eps: 1e-08\n    lr: 0.001\n    maximize: False\n    weight_decay: 0\n)",
    );
  });
});

describe("a step", () => {
  test("leaves parameters without a gradient alone", () => {
    const [a, b] = [parameter([1], [1]), parameter([1])];
    const optimizer = new optim.Adam([a, b], { lr: 0.5 });
    optimizer.step();
    expect(b.item()).toBe(1);
    expect(a.item()).toBeCloseTo(0.5);
    expect(optimizer.state.has(b)).toBe(false);
  });

  test("evaluates its closure with gradients recorded, and returns the result", () => {
    const p = parameter([3]);
    const optimizer = new optim.SGD([p], { lr: 0.1 });
    const loss = torch.noGrad(() =>
      optimizer.step(() => {
        optimizer.zeroGrad();
        const value = p.mul(p).sum();
        value.backward();
        return value;
      }),
    );
    expect(loss.item()).toBe(9);
    expect(p.item()).toBeCloseTo(2.4);
  });

  test("changes views and transposed parameters where they are", () => {
    const storage = torch.arange(6, { dtype: "float32" }).reshape(2, 3);
    const p = storage.t().detach().requiresGrad_();
    p.grad = torch.ones(2, 3).t();
    new optim.SGD([p], { lr: 1 }).step();
    expect(storage.tolist()).toEqual([
      [-1, 0, 1],
      [2, 3, 4],
    ]);
  });

  test("is noticed by backward passes that need the old value", () => {
    const p = parameter([2], [1]);
    const y = p.mul(p).sum();
    new optim.SGD([p]).step();
    expect(() => y.backward()).toThrow(/modified by an inplace operation/);
  });

  test("keeps its state in a tidy scope, and needs no memory once the state is there", () => {
    const p = parameter(new Array(1000).fill(1));
    const optimizer = new optim.Adam([p]);
    const run = () =>
      torch.tidy(() => {
        optimizer.zeroGrad();
        p.mul(p).sum().backward();
        optimizer.step();
      });
    run();
    run();
    const before = torch.memoryStats().allocated;
    for (let i = 0; i < 10; i++) run();
    expect(torch.memoryStats().allocated).toBe(before);
    expect(optimizer.state.get(p)!.step).toBe(12);
  });

  test("runs hooks around it, which may replace the closure", () => {
    const p = parameter([1], [1]);
    const optimizer = new optim.SGD([p], { lr: 1 });
    const seen: string[] = [];
    const pre = optimizer.registerStepPreHook((self, args) => {
      seen.push(`pre ${self === optimizer} ${args.length} ${p.item()}`);
      return [() => "replaced"];
    });
    optimizer.registerStepPostHook((_, args) => {
      seen.push(`post ${args.length} ${p.item()}`);
    });
    expect(optimizer.step()).toBe("replaced");
    pre.remove();
    expect(optimizer.step()).toBeUndefined();
    expect(seen).toEqual(["pre true 0 1", "post 1 0", "post 0 -1"]);
  });

  test("takes float32 and float64 only", () => {
    const p = parameter([1], [1], "float16");
    expect(() => new optim.SGD([p]).step()).toThrow(/float32 and float64 parameters, got float16/);
  });
});

describe("zeroGrad", () => {
  test("forgets gradients, or sets them to zero in place", () => {
    const p = parameter([1], [5]);
    const { grad } = p;
    const optimizer = new optim.SGD([p]);
    optimizer.zeroGrad({ setToNone: false });
    expect(p.grad).toBe(grad);
    expect(p.grad!.item()).toBe(0);
    optimizer.zeroGrad();
    expect(p.grad).toBeNull();
  });
});

/** Runs of PyTorch 1.13 on p = [1, -2] in float64 with the gradient p³ + 1: the parameters and the state after 3 steps, and the parameters after 4. */
const runs = [
  {
    name: "Adam",
    after3: [0.7022433370211096, -1.7032078665895207],
    state: {
      step: torch.tensor(3),
      exp_avg: [0.4689331565081186, -1.57833870173874],
      exp_avg_sq: [0.009268325329445899, 0.10662398053432091],
      max_exp_avg_sq: [0.009268325329445899, 0.10662398053432091],
    },
    group: { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, amsgrad: true, maximize: false, foreach: null },
    after4: [0.6050212015490316, -1.6077556606348635],
  },
  {
    name: "NAdam",
    after3: [0.7571156853837319, -1.7607546620150973],
    state: {
      step: torch.tensor(3),
      mu_product: torch.tensor(0.09121428430080414),
      exp_avg: [0.4722083592570143, -1.5962873818067678],
      exp_avg_sq: [0.009360738944107294, 0.10825602092800474],
    },
    group: { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, momentum_decay: 0.004, maximize: false },
    after4: [0.6932013268434726, -1.7005087096965128],
  },
  {
    name: "SGD",
    after3: [0.06041702113279994, 0.041094739852700034],
    state: { momentum_buffer: [4.083829788672, -5.913947398527] },
    group: { lr: 0.1, momentum: 0.9, dampening: 0, weight_decay: 0, nesterov: false, maximize: false },
    after4: [-0.4071497133680751, 0.4733430657323369],
  },
  {
    name: "ASGD",
    after3: [0.5214716864636462, -1.1158478321670986],
    state: { step: 3, eta: 0.09999775141477585, mu: 0.5, ax: [0.5214716864636462, -1.1158478321670986] },
    group: { lr: 0.1, lambd: 0.0001, alpha: 0.75, t0: 1, weight_decay: 0, maximize: false },
    after4: [0.40728851791137066, -1.0769015075999586],
  },
  {
    name: "RMSprop",
    after3: [-1.4900865063519617, -0.3707309319399476],
    state: {
      step: 3,
      square_avg: [0.04923277846301502, 0.48797759326168383],
      momentum_buffer: [5.294423041065854, -1.2388210291050805],
      grad_avg: [0.030636815875993647, -0.05966816130789437],
    },
    group: { lr: 0.1, momentum: 0.5, alpha: 0.99, eps: 1e-8, centered: true, weight_decay: 0, maximize: false },
    after4: [-1.0319125187245295, -0.4444168504473262],
  },
];

/** A run's state as a loaded file has it. */
function stateDictOf({ state, group }: (typeof runs)[number], asMap: boolean): any {
  const entry = Object.fromEntries(
    Object.entries(state).map(([key, value]) => [
      key,
      Array.isArray(value) ? torch.tensor(value, { dtype: "float64" }) : value,
    ]),
  );
  return { state: asMap ? new Map([[0, entry]]) : { 0: entry }, param_groups: [{ ...group, params: [0] }] };
}

function stepOn(p: torch.Tensor, optimizer: { step(): void }): void {
  p.grad = p.detach().pow(3).add(1);
  optimizer.step();
}

describe("state dicts", () => {
  test.each(runs)("of PyTorch's $name continue its run", (run) => {
    for (const asMap of [true, false]) {
      const p = parameter(run.after3, undefined, "float64");
      const optimizer = new (optim as any)[run.name]([p]);
      optimizer.loadStateDict(stateDictOf(run, asMap));
      stepOn(p, optimizer);
      close(p.tolist(), run.after4);
    }
  });

  test.each(runs)("of our $name have PyTorch's form", (run) => {
    const p = parameter([1, -2], undefined, "float64");
    const { group } = run as { group: Record<string, unknown> };
    const options = Object.fromEntries(
      Object.entries(group)
        .filter(([key]) => key !== "foreach")
        .map(([key, value]) => [key.replace(/_([a-z])/g, (_, c) => c.toUpperCase()), value]),
    );
    const optimizer = new (optim as any)[run.name]([p], options);
    for (let i = 0; i < 3; i++) stepOn(p, optimizer);
    close(p.tolist(), run.after3);
    const { state, param_groups } = optimizer.stateDict();
    const entry = state[0];
    expect(Object.keys(entry).sort()).toEqual(Object.keys(run.state).sort());
    for (const [key, value] of Object.entries(run.state)) if (Array.isArray(value)) close(entry[key].tolist(), value);
    const { foreach: _, ...expected } = group;
    expect(param_groups).toEqual([{ ...expected, params: [0] }]);
  });

  test("are copies once loaded, of the dtype of the parameters", () => {
    const [a, b] = [parameter([1, 2], [1, 1]), parameter([1, 2], [1, 1], "float64")];
    const [from, to] = [new optim.Adam([a]), new optim.Adam([b])];
    from.step();
    to.loadStateDict(from.stateDict());
    const copy = to.state.get(b)!;
    expect(copy.step).toBe(1);
    expect(copy.expAvg.dtype).toBe("float64");
    from.state.get(a)!.expAvg.zero_();
    expect(copy.expAvg.tolist()).not.toEqual([0, 0]);
  });

  test("number parameters over all groups, and bring the rates of schedulers along", () => {
    const params = [parameter([1]), parameter([2]), parameter([3], [1])];
    const optimizer = new optim.SGD([{ params: params.slice(0, 2) }, { params: params.slice(2), lr: 1 }], {
      momentum: 0.9,
    });
    new optim.lrScheduler.ConstantLR(optimizer, { factor: 0.5 });
    optimizer.step();
    const { state, param_groups } = optimizer.stateDict() as any;
    expect(Object.keys(state)).toEqual(["2"]);
    expect(param_groups.map((group: any) => group.params)).toEqual([[0, 1], [2]]);
    expect(param_groups[1]).toMatchObject({ lr: 0.5, initial_lr: 1 });
  });

  test("that do not fit are errors, and change nothing", () => {
    const p = parameter([1], [1]);
    const optimizer = new optim.Adam([p]);
    optimizer.step();
    const good = optimizer.stateDict() as any;
    const load = (dict: unknown) => () => optimizer.loadStateDict(dict as never);
    expect(load(null)).toThrow(/takes \{ state, param_groups \}, got null/);
    expect(load({ ...good, param_groups: [] })).toThrow(/different number of parameter groups/);
    expect(load({ ...good, param_groups: [{ params: [0, 1] }] })).toThrow(
      /doesn't match the size of optimizer's group/,
    );
    expect(load({ ...good, state: { 7: {} } })).toThrow(/state of a parameter 7 that no group has/);
    expect(optimizer.state.get(p)!.step).toBe(1);
  });

  test("that are not whole are errors, and change nothing", () => {
    const optimizer = new optim.Adam([parameter([1], [1])]);
    optimizer.step();
    const { state, param_groups } = optimizer.stateDict();
    const load = (dict: unknown) => () => optimizer.loadStateDict(dict as never);
    const entry = state[0]!;
    expect(load({ param_groups })).toThrow(/takes \{ state, param_groups \}/);
    expect(load({ state: { 0: { ...entry, exp_avg: torch.zeros(0) } }, param_groups })).toThrow(
      /exp_avg must be a tensor of shape \[1\], got a tensor of shape \[0\]/,
    );
    expect(load({ state: { 0: { step: 1 } }, param_groups })).toThrow(/exp_avg must be a tensor/);
    expect(load({ state: { 0: { ...entry, step: "x" } }, param_groups })).toThrow(/step must be a number/);
    expect(load({ state: { 0: 3 }, param_groups })).toThrow(/must be an object/);
    expect(load({ state, param_groups: [{}] })).toThrow(/must have params/);
    expect(load({ state, param_groups: [null] })).toThrow(/must have params/);
    expect(
      load(JSON.parse(JSON.stringify({ state: { 0: { step: 1, exp_avg: {}, exp_avg_sq: {} } }, param_groups }))),
    ).toThrow(/tensors do not survive JSON/);
    expect(optimizer.state.values().next().value!.step).toBe(1);
  });

  test("without tensors go through JSON", () => {
    const make = () => new optim.SGD([parameter([1], [1]), parameter([2], [1])], { lr: 0.5, nesterov: false });
    const [from, to] = [make(), make()];
    from.step();
    from.paramGroups[0]!.lr = 0.25;
    to.loadStateDict(JSON.parse(JSON.stringify(from.stateDict())));
    expect(to.stateDict()).toEqual(from.stateDict());
    const { lrScheduler } = optim;
    for (const schedule of [
      (o: torch.optim.SGD) => new lrScheduler.MultiStepLR(o, [2, 4, 4]),
      (o: torch.optim.SGD) => new lrScheduler.ReduceLROnPlateau(o),
      (o: torch.optim.SGD) => new lrScheduler.CosineAnnealingLR(o, 5),
    ]) {
      const [a, b] = [schedule(make()), schedule(make())];
      b.loadStateDict(JSON.parse(JSON.stringify(a.stateDict())));
      expect(b.stateDict()).toEqual(a.stateDict());
      expect(() => b.loadStateDict({})).toThrow(/has no last_epoch/);
      expect(() => b.loadStateDict({ ...a.stateDict(), last_epoch: null })).toThrow(/last_epoch must be a number/);
      expect(() => b.loadStateDict({ ...a.stateDict(), _last_lr: [1, 2, 3] })).toThrow(/_last_lr must be an array/);
      expect(b.stateDict()).toEqual(a.stateDict());
    }
  });
});

test("a model that was cast after the optimizer was made is an error at the step", () => {
  const layer = new torch.nn.Linear(2, 1);
  const optimizer = new optim.Adam(layer.parameters());
  const run = () => {
    layer(torch.ones(1, 2, { dtype: layer.weight.dtype }))
      .sum()
      .backward();
    optimizer.step();
  };
  run();
  layer.double();
  expect(run).toThrow(/construct the optimizer after moving or casting the model/);
});
