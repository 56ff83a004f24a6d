/**
 * PyTorch's tutorials, each as a program that takes the device's name and gives the losses that it reads. Only what they download is made up, smaller;
 * and random numbers are drawn on the cpu, since each device has its own. Here are the first ones, and those of other subjects than pictures and text.
 */
import { losses } from "./losses.js";

/** @returns {Record<string, (device: string) => Promise<number[]>>} */
export const programsOf = (torch) => {
  const { nn, optim } = torch;
  const F = nn.functional;
  const { DataLoader, TensorDataset } = torch.utils.data;

  /** "Quickstart": the losses of the training loop; of the test loop the losses, and how many pictures were recognized. */
  async function quickstart(device) {
    const centers = torch.rand(10, 1, 28, 28);
    const make = (count) => {
      const labels = torch.randint(0, 10, [count]);
      return new TensorDataset(
        centers
          .at(labels)
          .mul(0.6)
          .add(torch.rand(count, 1, 28, 28).mul(0.4)),
        labels,
      );
    };
    const trainLoader = new DataLoader(make(128), { batchSize: 32, shuffle: true });
    const testLoader = new DataLoader(make(64), { batchSize: 32 });
    class NeuralNetwork extends nn.Module {
      flatten = new nn.Flatten();
      stack = new nn.Sequential(
        ...[new nn.Linear(28 * 28, 64), new nn.ReLU(), new nn.Linear(64, 64), new nn.ReLU(), new nn.Linear(64, 10)],
      );
      forward(x) {
        return this.stack(this.flatten(x));
      }
    }
    const model = new NeuralNetwork().to(device);
    const lossFn = new nn.CrossEntropyLoss();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const seen = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      model.train();
      for await (const [inputs, labels] of trainLoader) {
        const loss = lossFn(model(inputs.to(device)), labels.to(device));
        loss.backward();
        optimizer.step();
        optimizer.zeroGrad();
        seen.push(await loss.itemAsync());
      }
      model.eval();
      for await (const [inputs, labels] of testLoader) {
        const prediction = torch.noGrad(() => model(inputs.to(device)));
        seen.push(await lossFn(prediction, labels.to(device)).itemAsync());
        seen.push(await prediction.argmax(1).eq(labels.to(device)).float().sum().itemAsync());
      }
    }
    return seen;
  }

  /** "Learning PyTorch with examples": a cubic fitted to the sine, with autograd and with a function of one's own. */
  const sine = (device) => {
    const x = torch.linspace(-Math.PI, Math.PI, 2000, { device });
    return { x, y: torch.sin(x) };
  };
  function polynomial(device) {
    const { x, y } = sine(device);
    const parameters = Array.from({ length: 4 }, () => torch.randn([]).to(device).requiresGrad_());
    return losses(12, () => {
      const [a, b, c, d] = parameters;
      const prediction = a
        .add(b.mul(x))
        .add(c.mul(x.pow(2)))
        .add(d.mul(x.pow(3)));
      const loss = prediction.sub(y).pow(2).mean();
      loss.backward();
      torch.noGrad(() => {
        for (const p of parameters) {
          p.sub_(p.grad.mul(2e-3));
          p.grad = null;
        }
      });
      return loss;
    });
  }
  class LegendrePolynomial3 extends torch.autograd.Function {
    static forward(ctx, input) {
      ctx.saveForBackward(input);
      return input.pow(3).mul(5).sub(input.mul(3)).mul(0.5);
    }
    static backward(ctx, gradOutput) {
      const [input] = ctx.savedTensors;
      return gradOutput.mul(1.5).mul(input.pow(2).mul(5).sub(1));
    }
  }
  function customFunction(device) {
    const { x, y } = sine(device);
    const full = (value) => torch.full([], value, { dtype: torch.float32, device, requiresGrad: true });
    const [a, b, c, d] = [full(0), full(-1), full(0), full(0.3)];
    return losses(12, () => {
      const loss = a
        .add(b.mul(LegendrePolynomial3.apply(c.add(d.mul(x)))))
        .sub(y)
        .pow(2)
        .mean();
      loss.backward();
      torch.noGrad(() => {
        for (const p of [a, b, c, d]) {
          p.sub_(p.grad.mul(1e-2));
          p.grad = null;
        }
      });
      return loss;
    });
  }

  /** "Training a classifier": pictures of three colors, small batches, momentum. */
  async function classifier(device) {
    const centers = torch.rand(10, 3, 32, 32);
    const labels = torch.randint(0, 10, [32]);
    const images = centers
      .at(labels)
      .mul(0.5)
      .add(torch.rand(32, 3, 32, 32).mul(0.5))
      .sub(0.5)
      .div(0.5);
    const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 4, shuffle: true });
    const net = new torch.vision.models.LeNet().to(device);
    const criterion = new nn.CrossEntropyLoss();
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
    const seen = [];
    for (let epoch = 0; epoch < 5; epoch++)
      for await (const data of loader) {
        const [inputs, targets] = data.map((x) => x.to(device));
        optimizer.zeroGrad();
        const loss = criterion(net(inputs), targets);
        loss.backward();
        optimizer.step();
        seen.push(await loss.itemAsync());
      }
    return seen;
  }

  /** "Reinforcement learning (DQN)": what a memory of transitions teaches, with a target network that follows. */
  function deepQLearning(device) {
    const make = () =>
      new nn.Sequential(
        ...[new nn.Linear(4, 32), new nn.ReLU(), new nn.Linear(32, 32), new nn.ReLU(), new nn.Linear(32, 2)],
      );
    const [policy, target] = [make().to(device), make().to(device)];
    target.loadStateDict(policy.stateDict());
    const optimizer = new optim.AdamW(policy.parameters(), { lr: 1e-2, amsgrad: true });
    const criterion = new nn.SmoothL1Loss();
    const [state, next] = [0, 0].map(() => torch.randn(16, 4).to(device));
    const action = torch.randint(0, 2, [16, 1]).to(device);
    const [reward, goesOn] = [torch.rand(16).to(device), torch.rand(16).lt(0.8).float().to(device)];
    return losses(6, () => {
      const value = policy(state).gather(1, action);
      const nextValue = torch.noGrad(() => target(next).max(1)[0]).mul(goesOn);
      const loss = criterion(value, nextValue.mul(0.99).add(reward).unsqueeze(1));
      optimizer.zeroGrad();
      loss.backward();
      nn.utils.clipGradValue_(policy.parameters(), 100);
      optimizer.step();
      const [from, to] = [policy.stateDict(), target.stateDict()];
      for (const key of Object.keys(from)) to[key] = from[key].mul(0.005).add(to[key].mul(0.995));
      target.loadStateDict(to);
      return loss;
    });
  }

  /** "Per-sample gradients": `vmap` of `grad`, of which each step takes the mean. */
  function perSampleGradients(device) {
    const model = new nn.Sequential(new nn.Linear(6, 8), new nn.Tanh(), new nn.Linear(8, 3)).to(device);
    const [x, y] = [torch.randn(8, 6).to(device), torch.randint(0, 3, [8]).to(device)];
    const lossOf = (parameters, sample, target) =>
      F.crossEntropy(torch.func.functionalCall(model, parameters, [sample.unsqueeze(0)]), target.unsqueeze(0));
    const gradients = torch.func.vmap(torch.func.grad(lossOf), [null, 0, 0]);
    return losses(5, () => {
      const parameters = Object.fromEntries([...model.namedParameters()].map(([name, p]) => [name, p.detach()]));
      const perSample = gradients(parameters, x, y);
      const loss = torch.noGrad(() => F.crossEntropy(model(x), y));
      torch.noGrad(() => {
        for (const [name, p] of model.namedParameters()) p.sub_(perSample[name].mean(0).mul(0.5));
      });
      return loss;
    });
  }

  return { quickstart, polynomial, customFunction, classifier, deepQLearning, perSampleGradients };
};
