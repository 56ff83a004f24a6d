/** "Learning PyTorch with examples": a cubic polynomial fitted to sin x in three ways. The numbers were printed by PyTorch 1.13. */
import * as torch from "kindling";
import { expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const { nn, optim } = torch;

/** Loss every 100 steps; the same for hand-written gradients and for autograd. */
const LOSSES = [
  3238.300537109375, 2245.867431640625, 1559.936279296875, 1085.354248046875, 756.6680908203125, 528.8026733398438,
  370.6806335449219, 260.8537292480469, 184.50198364257812, 131.3756866455078, 94.37876892089844, 68.59319305419922,
  50.60741424560547, 38.05264663696289, 29.282575607299805, 23.151979446411133, 18.863677978515625, 15.862089157104492,
  13.759873390197754, 12.286673545837402,
];
const COEFFICIENTS = [0.058623336255550385, 0.8372474908828735, -0.01011350192129612, -0.09055762737989426];

const STEPS = 2000;
const LEARNING_RATE = 1e-6;

/** Points on a period of the sine, and four random coefficients. */
function setUp(options: { requiresGrad?: boolean } = {}) {
  torch.manualSeed(0);
  const x = torch.linspace(-Math.PI, Math.PI, 2000);
  const coefficients = Array.from({ length: 4 }, () => torch.randn([], options));
  return { x, y: torch.sin(x), coefficients };
}

function cubic(x: torch.Tensor, [a, b, c, d]: torch.Tensor[]): torch.Tensor {
  return a!
    .add(b!.mul(x))
    .add(c!.mul(x.pow(2)))
    .add(d!.mul(x.pow(3)));
}

/** Calls `step` 2,000 times; returns every hundredth loss. */
function losses(step: () => torch.Tensor): number[] {
  const seen: number[] = [];
  for (let t = 0; t < STEPS; t++) {
    const loss = torch.tidy(step).item();
    if (t % 100 === 99) seen.push(loss);
  }
  return seen;
}

test("with gradients written by hand", () => {
  const { x, y, coefficients } = setUp();
  const seen = losses(() => {
    const error = cubic(x, coefficients).sub(y);
    const gradient = error.mul(2);
    coefficients.forEach((p, power) => {
      p.sub_(gradient.mul(x.pow(power)).sum().mul(LEARNING_RATE));
    });
    return error.pow(2).sum();
  });
  expectClose(seen, LOSSES, 1e-4);
  expectClose(
    coefficients.map((p) => p.item()),
    COEFFICIENTS,
    1e-5,
  );
});

test("with autograd and updates in noGrad", () => {
  const { x, y, coefficients } = setUp({ requiresGrad: true });
  const seen = losses(() => {
    const loss = cubic(x, coefficients).sub(y).pow(2).sum();
    loss.backward();
    torch.noGrad(() => {
      for (const p of coefficients) {
        p.sub_(p.grad!.mul(LEARNING_RATE));
        p.grad = null;
      }
    });
    return loss;
  });
  expectClose(seen, LOSSES, 1e-4);
  expectClose(
    coefficients.map((p) => p.item()),
    COEFFICIENTS,
    1e-5,
  );
});

test("with nn and optim", () => {
  torch.manualSeed(0);
  const x = torch.linspace(-Math.PI, Math.PI, 2000);
  const y = torch.sin(x);
  const xx = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3]));
  const linear = new nn.Linear(3, 1);
  const model = new nn.Sequential(linear, new nn.Flatten(0, 1));
  const lossFn = new nn.MSELoss({ reduction: "sum" });
  const optimizer = new optim.RMSprop(model.parameters(), { lr: 1e-3 });
  const seen = losses(() => {
    const loss = lossFn(model(xx), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  expectClose(seen.slice(0, RMSPROP_LOSSES.length), RMSPROP_LOSSES, 1e-3);
  expect(seen.at(-1)).toBeLessThan(9);
  expectClose(linear.bias!, [0.0006426689797081053], 2e-3);
  expectClose(linear.weight, [[0.8561770915985107, 0.0006429131608456373, -0.0939071774482727]], 2e-3);
});

/** After about 1,200 steps the updates oscillate at the size of the learning rate, and rounding shows in the loss. */
const RMSPROP_LOSSES = [
  24804.943359375, 10978.701171875, 4139.98095703125, 1194.409423828125, 327.3492126464844, 189.4058074951172,
  161.31320190429688, 136.10520935058594, 107.14524841308594, 76.05801391601562, 47.963809967041016, 27.239665985107422,
];
