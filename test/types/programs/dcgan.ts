/** A DCGAN (PyTorch's tutorials: dcgan_faces), with its weights set by apply. */
import * as torch from "kindling";

const { nn, optim } = torch;
type Tensor = torch.Tensor;

const nz = 6;
const ngf = 4;

class Generator extends nn.Module {
  main: torch.nn.Sequential;

  constructor() {
    super();
    this.main = new nn.Sequential(
      new nn.ConvTranspose2d(nz, ngf * 2, 4, { stride: 1, padding: 0, bias: false }),
      new nn.BatchNorm2d(ngf * 2),
      new nn.ReLU(),
      new nn.ConvTranspose2d(ngf * 2, 1, 4, { stride: 2, padding: 1, bias: false }),
      new nn.Tanh(),
    );
  }

  forward(input: Tensor) {
    return this.main(input);
  }
}

class Discriminator extends nn.Module {
  main = new nn.Sequential(
    new nn.Conv2d(1, 4, 4, { stride: 2, padding: 1, bias: false }),
    new nn.LeakyReLU(0.2),
    new nn.Conv2d(4, 1, 4, { stride: 1, padding: 0, bias: false }),
    new nn.Sigmoid(),
  );

  forward(input: Tensor) {
    return this.main(input);
  }
}

function weightsInit(m: torch.nn.Module) {
  const classname = m.constructor.name;
  if (classname.includes("Conv") && (m instanceof nn.Conv2d || m instanceof nn.ConvTranspose2d)) {
    nn.init.normal_(m.weight, 0, 0.02);
  } else if (m instanceof nn.BatchNorm2d) {
    if (m.weight !== null) nn.init.normal_(m.weight, 1, 0.02);
    if (m.bias !== null) nn.init.constant_(m.bias, 0);
  }
}

export async function main() {
  torch.manualSeed(999);
  const netG = new Generator();
  netG.apply(weightsInit);
  const netD = new Discriminator().apply(weightsInit);
  const criterion = new nn.BCELoss();
  const optimizerD = new optim.Adam(netD.parameters(), { lr: 2e-4, betas: [0.5, 0.999] });
  const optimizerG = new optim.Adam(netG.parameters(), { lr: 2e-4, betas: [0.5, 0.999] });
  const GLosses: number[] = [];
  const DLosses: number[] = [];
  for (let i = 0; i < 2; i++) {
    netD.zeroGrad();
    const real = torch.randn(2, 1, 8, 8);
    const label = torch.full([2], 1, { dtype: torch.float });
    let output = netD(real).view(-1);
    const errDReal = criterion(output, label);
    errDReal.backward();
    const noise = torch.randn(2, nz, 1, 1);
    const fake = netG(noise);
    label.fill_(0);
    output = netD(fake.detach()).view(-1);
    const errDFake = criterion(output, label);
    errDFake.backward();
    const errD = errDReal.add(errDFake);
    optimizerD.step();

    netG.zeroGrad();
    label.fill_(1);
    output = netD(fake).view(-1);
    const errG = criterion(output, label);
    errG.backward();
    optimizerG.step();
    GLosses.push(errG.item());
    DLosses.push(errD.item());
  }
  return { GLosses, DLosses, kernel: netD.main[0].weight.shape };
}
