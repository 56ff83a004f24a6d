/** Expected rates are PyTorch 1.13's. */
import * as torch from "kindling";
import { afterEach, describe, expect, test, vi } from "vitest";

const { optim } = torch;
const {
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  ReduceLROnPlateau,
  SequentialLR,
  StepLR,
} = optim.lrScheduler;

const sgd = (options: torch.optim.SGDOptions = {}) =>
  new optim.SGD([torch.zeros(1, { requiresGrad: true })], { lr: 0.1, ...options });

type Steps = { step(...args: any[]): void };

/** The rates of the first group: at first, and after each epoch. */
function rates(optimizer: torch.optim.SGD, scheduler: Steps, epochs: number, args: number[] = []): number[] {
  const lrs = [optimizer.paramGroups[0]!.lr];
  for (let i = 0; i < epochs; i++) {
    optimizer.step();
    scheduler.step(...args.slice(i, i + 1));
    lrs.push(optimizer.paramGroups[0]!.lr);
  }
  return lrs;
}

function expectRates(actual: number[], expected: number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((lr, i) => {
    expect(Math.abs(lr - expected[i]!)).toBeLessThan(1e-9 * Math.abs(expected[i]!) + 1e-18);
  });
}

describe("rates", () => {
  test("of one cycle in three phases, with the momentum the other way", () => {
    const optimizer = sgd({ momentum: 0.9 });
    const options = { totalSteps: 10, threePhase: true, annealStrategy: "linear" } as const;
    const scheduler = new OneCycleLR(optimizer, 0.5, options);
    expectRates(
      rates(optimizer, scheduler, 9),
      [0.02, 0.26, 0.5, 0.26, 0.02, 0.0160004, 0.0120008, 0.0080012, 0.0040016, 1.9999999999985307e-6],
    );
    expect(optimizer.paramGroups[0]!.momentum).toBeCloseTo(0.95);
    expect(() => {
      for (let i = 0; i < 3; i++) scheduler.step();
    }).toThrow(/Tried to step 12 times. The specified number of total steps is 10/);
  });

  test("of triangles whose height halves", () => {
    const optimizer = sgd({ momentum: 0.9 });
    const scheduler = new CyclicLR(optimizer, 0.01, 0.1, { stepSizeUp: 2, stepSizeDown: 3, mode: "triangular2" });
    const expected = [0.01, 0.055, 0.1, 0.07, 0.04, 0.01, 0.0325, 0.055, 0.04, 0.025, 0.01, 0.02125];
    expectRates(rates(optimizer, scheduler, 11), expected);
    expect(optimizer.paramGroups[0]!.momentum).toBeCloseTo(0.8875);
    expect(optimizer.paramGroups[0]!.initialLr).toBe(0.01);
  });

  test("of warm restarts at places within epochs", () => {
    const optimizer = sgd();
    const scheduler = new CosineAnnealingWarmRestarts(optimizer, 2, { tMult: 2 });
    const expected = [
      0.1, 0.08535533905932738, 0.030865828381745515, 0.09619397662556434, 0.09619397662556434, 0.014644660940672627,
    ];
    expectRates(rates(optimizer, scheduler, 5, [0.5, 1.25, 2.5, 7, 26]), expected);
    expect(() => scheduler.step(-1)).toThrow(/Expected non-negative epoch, but got -1/);
  });

  test("on a plateau, with a cooldown and a floor", () => {
    const optimizer = sgd();
    const scheduler = new ReduceLROnPlateau(optimizer, { patience: 1, cooldown: 2, minLr: 0.02, factor: 0.5 });
    const expected = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025, 0.02, 0.02];
    expectRates(rates(optimizer, scheduler, 12, new Array(12).fill(1)), expected);
    scheduler.step(torch.tensor(0.5));
    expect(scheduler.best).toBe(0.5);
  });

  test.each<[string, (o: torch.optim.SGD) => Steps, number]>([
    ["StepLR", (o) => new StepLR(o, 3), 0.01],
    ["MultiStepLR", (o) => new MultiStepLR(o, [2, 4, 4], { gamma: 0.5 }), 0.0125],
    ["LinearLR", (o) => new LinearLR(o), 0.08666666666666667],
    ["PolynomialLR", (o) => new PolynomialLR(o, { totalIters: 8, power: 2 }), 0.025],
    ["CosineAnnealingLR", (o) => new CosineAnnealingLR(o, 6), 0.025],
    ["ExponentialLR", (o) => new ExponentialLR(o, 0.5), 0.00625],
    ["ConstantLR", (o) => new ConstantLR(o), 0.1 / 3],
  ])("of %s at a given epoch are those of counting there", (_, make, expected) => {
    const [jumped, counted] = [sgd(), sgd()];
    rates(jumped, make(jumped), 1);
    const scheduler = make(jumped);
    jumped.step();
    scheduler.step(4);
    rates(counted, make(counted), 4);
    expectRates([jumped.paramGroups[0]!.lr], [expected]);
    expectRates([counted.paramGroups[0]!.lr], [expected]);
  });

  test("of groups, each with its own function", () => {
    const params = [0, 1].map(() => torch.zeros(1, { requiresGrad: true }));
    const optimizer = new optim.SGD([{ params: params[0]! }, { params: params[1]!, lr: 1 }], { lr: 0.1 });
    const scheduler = new LambdaLR(optimizer, [(epoch) => 0.5 ** epoch, (epoch) => 1 / (1 + epoch)]);
    optimizer.step();
    scheduler.step();
    optimizer.step();
    scheduler.step();
    expectRates([...scheduler.getLastLr()], [0.025, 1 / 3]);
  });

  test("of a scheduler that joins a resumed optimizer need the first rate", () => {
    expect(() => new StepLR(sgd(), 2, { lastEpoch: 3 })).toThrow(
      /param 'initialLr' is not specified in paramGroups\[0\]/,
    );
    const params = torch.zeros(1, { requiresGrad: true });
    const optimizer = new optim.SGD([{ params, lr: 0.05, initialLr: 0.1 }]);
    const scheduler = new StepLR(optimizer, 2, { lastEpoch: 3, gamma: 0.5 });
    expect(scheduler.lastEpoch).toBe(4);
    expectRates([...scheduler.getLastLr()], [0.025]);
  });
});

describe("state dicts", () => {
  test("have PyTorch's keys", () => {
    const optimizer = sgd();
    const scheduler = new CosineAnnealingLR(optimizer, 6);
    optimizer.step();
    scheduler.step(4);
    expect(scheduler.stateDict()).toEqual({
      T_max: 6,
      eta_min: 0,
      base_lrs: [0.1],
      last_epoch: 4,
      verbose: false,
      _step_count: 2,
      _last_lr: [optimizer.paramGroups[0]!.lr],
    });
    expect(new MultiStepLR(sgd(), [4, 2, 4]).stateDict().milestones).toEqual({ 2: 1, 4: 2 });
    expect(new LambdaLR(sgd(), () => 1).stateDict().lr_lambdas).toEqual([null]);
  });

  const sequence = (o: torch.optim.SGD) =>
    new SequentialLR(o, [new ConstantLR(o, { factor: 0.1, totalIters: 2 }), new ExponentialLR(o, 0.9)], [3]);

  test.each<[string, (o: torch.optim.SGD) => any]>([
    ["SequentialLR", sequence],
    ["ChainedScheduler", (o) => new ChainedScheduler([new StepLR(o, 2), new ExponentialLR(o, 0.9)])],
    ["MultiStepLR", (o) => new MultiStepLR(o, [1, 4, 6])],
    ["LambdaLR", (o) => new LambdaLR(o, (epoch) => 0.9 ** epoch)],
    ["OneCycleLR", (o) => new OneCycleLR(o, 1, { totalSteps: 9 })],
    ["CyclicLR", (o) => new CyclicLR(o, 0.1, 1, { stepSizeUp: 3 })],
    ["CosineAnnealingWarmRestarts", (o) => new CosineAnnealingWarmRestarts(o, 3)],
    ["ReduceLROnPlateau", (o) => new ReduceLROnPlateau(o, { patience: 1 })],
  ])("of %s continue its run", (_, make) => {
    const metrics = new Array(8).fill(1);
    const [a, b] = [sgd({ momentum: 0.9 }), sgd({ momentum: 0.9 })];
    const [whole, resumed] = [make(a), make(b)];
    rates(a, whole, 4, metrics);
    b.loadStateDict(a.stateDict());
    resumed.loadStateDict(whole.stateDict());
    expect(rates(b, resumed, 4, metrics)).toEqual(rates(a, whole, 4, metrics));
    expect(b.paramGroups[0]!.momentum).toBe(a.paramGroups[0]!.momentum);
  });

  test("of PyTorch may have fields that are not needed here", () => {
    const scheduler = new StepLR(sgd(), 3);
    scheduler.loadStateDict({ step_size: 5, last_epoch: 4, _get_lr_called_within_step: false, anneal_func: null });
    expect([scheduler.stepSize, scheduler.lastEpoch]).toEqual([5, 4]);
    expect(() => scheduler.loadStateDict(null as never)).toThrow(/takes a dictionary, got null/);
  });
});

describe("messages", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("a scheduler that steps before its optimizer warns once", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const optimizer = sgd();
    const scheduler = new StepLR(optimizer, 2);
    for (let i = 0; i < 3; i++) scheduler.step();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/Detected call of `scheduler.step\(\)` before `optimizer.step\(\)`/);
    const good = new StepLR(optimizer, 2);
    rates(optimizer, good, 3);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test("verbose schedulers say what they do", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    new ConstantLR(sgd(), { factor: 0.5, verbose: true });
    expect(log).toHaveBeenCalledWith("Adjusting learning rate of group 0 to 5.0000e-02.");
  });

  test.each<[string, () => unknown, RegExp]>([
    ["no optimizer", () => new StepLR({} as never, 2), /StepLR: \{\} is not an Optimizer/],
    [
      "unknown option",
      () => new StepLR(sgd(), 2, { factor: 1 } as never),
      /unknown argument "factor"; the arguments are optimizer, stepSize, gamma, lastEpoch/,
    ],
    ["lambdas", () => new LambdaLR(sgd(), [() => 1, () => 1]), /expected 1 values for lrLambda, got 2/],
    ["factor", () => new ConstantLR(sgd(), { factor: 2 }), /factor expected to be between 0 and 1, got 2/],
    ["T0", () => new CosineAnnealingWarmRestarts(sgd(), 0), /Expected positive integer t0, but got 0/],
    ["momentum", () => new CyclicLR(new optim.Adam([torch.zeros(1)]), 0.1, 1), /optimizer must support momentum/],
    ["length", () => new OneCycleLR(sgd(), 1), /either totalSteps OR \(epochs AND stepsPerEpoch\)/],
    [
      "strategy",
      () => new OneCycleLR(sgd(), 1, { totalSteps: 2, annealStrategy: Object.create(null) }),
      /annealStrategy must be one of "cos" or "linear"/,
    ],
    ["plateau", () => new ReduceLROnPlateau(sgd(), { factor: 1 }), /Factor should be < 1.0/],
    ["mode", () => new ReduceLROnPlateau(sgd(), { mode: "low" as never }), /mode "low" is unknown/],
    ["milestones", () => new SequentialLR(sgd(), [], [1]), /one scheduler more than milestones/],
    ["optimizers", () => new ChainedScheduler([new StepLR(sgd(), 1), new StepLR(sgd(), 1)]), /same optimizer/],
  ])("%s: a wrong argument is an error", (_, make, message) => expect(make).toThrow(message));
});
