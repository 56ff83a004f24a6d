/** PyTorch's tutorials of pictures, as programs like those of `tutorials.js`. */
import { losses } from "./losses.js";

/** @returns {Record<string, (device: string) => Promise<number[]>>} */
export const programsOf = (torch) => {
  const { nn, optim } = torch;
  const F = nn.functional;

  /** "Transfer learning": a ResNet-18 whose last layer alone learns, with a schedule. */
  function transferLearning(device) {
    const model = torch.vision.models.resnet18();
    for (const p of model.parameters()) p.requiresGrad = false;
    model.fc = new nn.Linear(512, 4);
    model.to(device);
    const optimizer = new optim.SGD(model.fc.parameters(), { lr: 0.01, momentum: 0.9 });
    const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
    const [x, y] = [torch.randn(8, 3, 32, 32).to(device), torch.randint(0, 4, [8]).to(device)];
    return losses(6, () => {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(model(x), y);
      loss.backward();
      optimizer.step();
      scheduler.step();
      return loss;
    });
  }

  /** "DCGAN": two networks against each other; the losses of both. */
  async function dcgan(device) {
    const [nz, nf] = [8, 8];
    const generator = new nn.Sequential(
      ...[new nn.ConvTranspose2d(nz, nf * 2, 4, 1, 0, { bias: false }), new nn.BatchNorm2d(nf * 2), new nn.ReLU(true)],
      ...[new nn.ConvTranspose2d(nf * 2, nf, 4, 2, 1, { bias: false }), new nn.BatchNorm2d(nf), new nn.ReLU(true)],
      ...[new nn.ConvTranspose2d(nf, 3, 4, 2, 1, { bias: false }), new nn.Tanh()],
    );
    const discriminator = new nn.Sequential(
      ...[new nn.Conv2d(3, nf, 4, 2, 1, { bias: false }), new nn.LeakyReLU(0.2, true)],
      ...[new nn.Conv2d(nf, nf * 2, 4, 2, 1, { bias: false }), new nn.BatchNorm2d(nf * 2), new nn.LeakyReLU(0.2, true)],
      ...[new nn.Conv2d(nf * 2, 1, 4, 1, 0, { bias: false }), new nn.Sigmoid()],
    );
    for (const net of [generator, discriminator])
      net
        .apply((m) => {
          if (m instanceof nn.Conv2d || m instanceof nn.ConvTranspose2d) nn.init.normal_(m.weight, 0, 0.02);
          if (m instanceof nn.BatchNorm2d) nn.init.normal_(m.weight, 1, 0.02);
        })
        .to(device);
    const criterion = new nn.BCELoss();
    const adam = (net) => new optim.Adam(net.parameters(), { lr: 2e-3, betas: [0.5, 0.999] });
    const [optimizerD, optimizerG] = [adam(discriminator), adam(generator)];
    const seen = [];
    for (let step = 0; step < 4; step++) {
      discriminator.zeroGrad();
      const real = torch.rand(8, 3, 16, 16).mul(2).sub(1).to(device);
      const label = torch.full([8], 1, { dtype: torch.float32, device });
      const errorReal = criterion(discriminator(real).view(-1), label);
      errorReal.backward();
      const fake = generator(torch.randn(8, nz, 1, 1).to(device));
      label.fill_(0);
      const errorFake = criterion(discriminator(fake.detach()).view(-1), label);
      errorFake.backward();
      optimizerD.step();
      generator.zeroGrad();
      label.fill_(1);
      const errorG = criterion(discriminator(fake).view(-1), label);
      errorG.backward();
      optimizerG.step();
      seen.push(errorReal.add(errorFake).detach().itemAsync(), errorG.detach().itemAsync());
    }
    return Promise.all(seen);
  }

  /** "Spatial transformer networks". */
  function spatialTransformer(device) {
    class Net extends nn.Module {
      conv = new nn.Conv2d(1, 4, 5);
      fc = new nn.Linear(4 * 12 * 12, 4);
      localization = new nn.Sequential(
        ...[new nn.Conv2d(1, 4, 7), new nn.MaxPool2d(2, 2), new nn.ReLU(true)],
        ...[new nn.Conv2d(4, 4, 5), new nn.MaxPool2d(2, 2), new nn.ReLU(true)],
      );
      locate = new nn.Sequential(new nn.Linear(4 * 3 * 3, 16), new nn.ReLU(true), new nn.Linear(16, 6));
      constructor() {
        super();
        torch.noGrad(() => {
          this.locate.at(2).weight.zero_();
          this.locate.at(2).bias.copy_(torch.tensor([1, 0, 0, 0, 1, 0]));
        });
      }
      forward(x) {
        const theta = this.locate(this.localization(x).view(-1, 4 * 3 * 3)).view(-1, 2, 3);
        const seen = F.gridSample(x, F.affineGrid(theta, x.size(), { alignCorners: false }), { alignCorners: false });
        return F.logSoftmax(this.fc(F.relu(F.maxPool2d(this.conv(seen), 2)).flatten(1)), 1);
      }
    }
    const model = new Net().to(device);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.05 });
    const [x, y] = [torch.rand(8, 1, 28, 28).to(device), torch.randint(0, 4, [8]).to(device)];
    return losses(6, () => {
      optimizer.zeroGrad();
      const loss = F.nllLoss(model(x), y);
      loss.backward();
      optimizer.step();
      return loss;
    });
  }

  /** "Adversarial example generation": pictures changed against the sign of their gradient, until the loss falls. */
  function fastGradientSign(device) {
    const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(64, 16), new nn.ReLU(), new nn.Linear(16, 4));
    model.to(device).eval();
    let data = torch.rand(8, 1, 8, 8).to(device);
    const target = torch.randint(0, 4, [8]).to(device);
    return losses(6, () => {
      data = data.detach().requiresGrad_();
      const loss = F.nllLoss(F.logSoftmax(model(data), 1), target);
      model.zeroGrad();
      loss.backward();
      data = torch.clamp(data.sub(data.grad.data.sign().mul(0.02)), 0, 1);
      return loss;
    });
  }

  return { transferLearning, dcgan, spatialTransformer, fastGradientSign };
};
