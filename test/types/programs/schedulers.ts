/** Optimizers and schedulers: parameter groups, warm-up, plateaus, averages, LBFGS. */
import * as torch from "kindling";

const { nn, optim } = torch;
const { lrScheduler } = optim;

export async function main() {
  torch.manualSeed(0);
  const model = new nn.Sequential(new nn.Linear(2, 4), new nn.ReLU(), new nn.Linear(4, 1));
  const optimizer = new optim.SGD([{ params: model[0].parameters() }, { params: model[2].parameters(), lr: 1e-3 }], {
    lr: 1e-2,
    momentum: 0.9,
    weightDecay: undefined,
  });
  const schedulers = [
    new lrScheduler.StepLR(optimizer, 2, { gamma: 0.5 }),
    new lrScheduler.ExponentialLR(optimizer, 0.9),
    new lrScheduler.CosineAnnealingLR(optimizer, 10),
    new lrScheduler.LambdaLR(optimizer, (epoch) => 0.95 ** epoch),
    new lrScheduler.MultiStepLR(optimizer, [3, 5], { gamma: 0.1 }),
  ];
  const plateau = new lrScheduler.ReduceLROnPlateau(optimizer, { mode: "min", patience: 1 });
  const lossFn = nn.functional.mseLoss;
  const [x, y] = [torch.rand(4, 2), torch.rand(4, 1)];
  let loss = lossFn(model(x), y);
  for (let epoch = 0; epoch < 3; epoch++) {
    optimizer.zeroGrad();
    loss = lossFn(model(x), y);
    loss.backward();
    optimizer.step();
    for (const scheduler of schedulers) scheduler.step();
    plateau.step(loss.item());
  }
  const rates = schedulers[0]!.getLastLr();
  for (const group of optimizer.paramGroups) group.lr = (group.lr ?? 1) * 0.1;

  const lbfgs = new optim.LBFGS(model.parameters(), { maxIter: 2 });
  lbfgs.step(() => {
    lbfgs.zeroGrad();
    const closureLoss = lossFn(model(x), y);
    closureLoss.backward();
    return closureLoss;
  });
  const averaged = new optim.swaUtils.AveragedModel(model);
  averaged.updateParameters(model);
  const state = optimizer.stateDict();
  optimizer.loadStateDict(state);
  return { rates, loss: loss.item(), groups: optimizer.paramGroups.length };
}
