/**
 * Programs drawn at random, on the GPU and on the cpu: what waits there is computed, changed, given back and stepped upon in every order, and whatever
 * lives in the end has the cpu's values.
 */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { cut, cutNote } from "../../helpers/cut";
import { randomOf } from "../../helpers/mutate";
import { noGpu, onGpu } from "../../helpers/webgpu";

type Tensor = torch.Tensor;
type Random = ReturnType<typeof randomOf>;
type Step = (program: Program) => unknown;

const SIZE = 6;

/** What both devices do alike: all that is drawn depends on the seed and on shapes only. */
class Program {
  readonly random: Random;
  /** Matrices of {@link SIZE} rows and columns, some of which are views of others. */
  readonly live: Tensor[] = [];
  readonly parameters: Tensor[];
  optimizer!: torch.optim.Optimizer;
  readonly losses: Promise<number>[] = [];

  constructor(
    seed: number,
    readonly device: torch.Device,
  ) {
    this.random = randomOf(seed);
    torch.manualSeed(seed);
    this.parameters = [[SIZE, SIZE], [SIZE, SIZE], [SIZE]].map((shape) => this.fresh(shape).requiresGrad_());
    for (let i = 0; i < 4; i++) this.live.push(this.fresh([SIZE, SIZE]));
    this.newOptimizer();
  }

  fresh(shape: readonly number[]): Tensor {
    return torch.randn(shape).mul(0.5).to(this.device);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.random(choices.length)]!;
  }

  /** Any matrix that lives. */
  any(): Tensor {
    return this.pick(this.live);
  }

  add(x: Tensor): void {
    if (this.live.length < 12) this.live.push(x);
    else this.live[this.random(this.live.length)] = x;
  }

  newOptimizer(): void {
    const { SGD, Adam, RMSprop } = torch.optim;
    this.optimizer = this.pick([
      () => new SGD(this.parameters, { lr: 0.1 }),
      () => new SGD(this.parameters, { lr: 0.05, momentum: 0.9, weightDecay: 0.1 }),
      () => new Adam(this.parameters, { lr: 0.02, eps: 1e-3 }),
      () => new RMSprop(this.parameters, { lr: 0.01, eps: 1e-2 }),
    ])();
  }

  loss(): Tensor {
    const [w, v, b] = this.parameters as [Tensor, Tensor, Tensor];
    const hidden = this.pick<(x: Tensor) => Tensor>([
      (x) => torch.nn.functional.linear(x, w, b).tanh(),
      (x) => x.matmul(w).add(b).sigmoid(),
      (x) => x.mul(w).add(b).tanh(),
      (x) => torch.nn.functional.linear(x, w.t()).softmax(1),
      (x) => torch.nn.functional.layerNorm(x, [SIZE], b, b).mul(w),
      (x) =>
        torch.nn.functional
          .conv2d(picture(x), picture(w), b.narrow(0, 2, 1), { padding: 3 })
          .narrow(2, 0, SIZE)
          .narrow(3, 1, SIZE)
          .reshape(SIZE, SIZE),
    ])(this.any());
    return this.pick<(x: Tensor) => Tensor>([
      (x) => x.matmul(v).pow(2).mean(),
      (x) => x.mul(v).sum().div(SIZE),
      (x) => torch.nn.functional.mseLoss(x, v),
      (x) => x.sub(v.t()).pow(2).mean(0).sum(),
      (x) => torch.nn.functional.crossEntropy(x.add(v), torch.randint(0, SIZE, [SIZE]).to(this.device)),
      (x) => x.add(v).max(1)[0].sum().div(SIZE),
    ])(hidden);
  }
}

const bounded = (x: Tensor): Tensor => x.tanh();
const picture = (x: Tensor): Tensor => x.reshape(1, 1, SIZE, SIZE);

/** What a program may do next. */
const steps: readonly Step[] = [
  (p) => p.add(bounded(p.any().add(p.any(), { alpha: 0.5 }))),
  (p) => p.add(bounded(p.any().mul(p.any()))),
  (p) => p.add(bounded(p.any().matmul(p.any()))),
  (p) => p.add(torch.nn.functional.linear(p.any(), p.any()).relu().mul(0.2)),
  (p) => p.add(p.any().softmax(p.random(2))),
  (p) => p.add(p.any().sum(p.random(2), { keepdim: true }).mul(0.1).expand(SIZE, SIZE).clone()),
  (p) => p.add(p.any().clone()),
  (p) => p.add(p.any().t()),
  (p) => p.add(torch.cat([p.any().narrow(0, 0, 2), p.any().narrow(0, 1, SIZE - 2)])),
  (p) => p.add(p.any().gt(0.0123).float()),
  (p) => p.add(p.any().to(torch.float16).float()),
  (p) => p.add(torch.nn.functional.layerNorm(p.any(), [SIZE]).mul(0.3)),
  (p) =>
    p.add(torch.nn.functional.conv2d(picture(p.any()), picture(p.any()), { padding: 3 }).at(0, 0, ":6", ":6").tanh()),
  (p) => p.add(torch.nn.functional.maxPool2d(picture(p.any()), 3, 1, 1).flatten(0, 2)),
  (p) => p.add(p.any().cumsum(p.random(2)).mul(0.2)),
  (p) => p.add(p.any().indexSelect(p.random(2), torch.randint(0, SIZE, [SIZE]).to(p.device))),
  (p) => p.add(torch.where(p.any().gt(p.any()), p.any(), p.any())),
  (p) => p.add(p.any().triu()),
  (p) => p.any().indexAdd_(0, torch.tensor([1, 4], { dtype: "int64" }).to(p.device), p.fresh([2, SIZE]).mul(0.2)),
  (p) => p.any().maskedFill_(p.any().lt(-0.2077), 0.1),
  (p) => p.any().setAt([":", p.random(SIZE)], p.fresh([SIZE])),
  (p) => p.any().mul_(0.5),
  (p) => p.any().tanh_(),
  (p) => p.any().narrow(p.random(2), p.random(SIZE), 1).fill_(0.25),
  (p) =>
    p
      .any()
      .add_(p.fresh([SIZE, SIZE]))
      .clamp_(-1, 1),
  (p) => p.any().copy_(p.fresh([SIZE])),
  (p) => {
    if (p.live.length > 4) p.live.splice(p.random(p.live.length), 1);
  },
  (p) => p.losses.push(p.any().mean().itemAsync()),
  // Steps of training, whose gradients go in several ways, at once or never.
  ...Array<Step>(4).fill((p) => p.loss().backward()),
  ...Array<Step>(4).fill((p) => p.optimizer.step()),
  ...Array<Step>(3).fill((p) => p.optimizer.zeroGrad({ setToNone: p.random(3) > 0 })),
  (p) => {
    p.pick(p.parameters).grad = null;
  },
  (p) => torch.noGrad(() => p.pick(p.parameters).grad?.mul_(0.5)),
  (p) => torch.noGrad(() => p.pick(p.parameters).mul_(0.9)),
  (p) => p.newOptimizer(),
  (p) => {
    const loss = p.loss();
    loss.backward();
    p.optimizer.step();
    p.optimizer.zeroGrad();
    p.losses.push(loss.detach().itemAsync());
  },
  (p) => {
    const { grad } = p.pick(p.parameters);
    if (grad?.ndim === 2) p.add(bounded(grad));
  },
  (p) => p.add(p.parameters[p.random(2)]!.detach().clone()),
];

const LENGTH = 60;

/** All that lives after a program, row by row. */
async function valuesAfter(seed: number, device: torch.Device): Promise<number[]> {
  const program = new Program(seed, device);
  for (let i = 0; i < LENGTH; i++) program.pick(steps)(program);
  const all = [...program.live, ...program.parameters, ...program.parameters.map((p) => p.grad ?? torch.zeros(1))];
  const values = await Promise.all(all.map(async (x) => (await x.detach().cpu()).flatten().tolist() as number[]));
  return [...values.flat(), ...(await Promise.all(program.losses))];
}

describe.skipIf(noGpu !== undefined)(`random programs ${onGpu}${cutNote}`, () => {
  const seeds = Array.from({ length: 96 }, (_, i) => i);
  it.each(cut(seeds, 48))("the program of seed %i leaves the cpu's values", async (seed) => {
    const [cpu, gpu] = [await valuesAfter(seed, "cpu"), await valuesAfter(seed, "webgpu")];
    expect(gpu).toHaveLength(cpu.length);
    const far = cpu.findIndex((value, i) => !(Math.abs(gpu[i]! - value) < 2e-3));
    expect(far, `value ${far}: ${gpu[far]} instead of ${cpu[far]}`).toBe(-1);
  });
});
