/** A variational autoencoder (PyTorch's examples: vae). */
import * as torch from "kindling";

const { nn, optim } = torch;
const F = nn.functional;
type Tensor = torch.Tensor;

class VAE extends nn.Module {
  fc1 = new nn.Linear(16, 8);
  fc21 = new nn.Linear(8, 2);
  fc22 = new nn.Linear(8, 2);
  fc3 = new nn.Linear(2, 8);
  fc4 = new nn.Linear(8, 16);

  encode(x: Tensor): [mu: Tensor, logvar: Tensor] {
    const h1 = F.relu(this.fc1(x));
    return [this.fc21(h1), this.fc22(h1)];
  }

  reparameterize(mu: Tensor, logvar: Tensor) {
    const std = torch.exp(logvar.mul(0.5));
    const eps = torch.randnLike(std);
    return mu.add(eps.mul(std));
  }

  decode(z: Tensor) {
    return torch.sigmoid(this.fc4(F.relu(this.fc3(z))));
  }

  forward(x: Tensor) {
    const [mu, logvar] = this.encode(x.view(-1, 16));
    return [this.decode(this.reparameterize(mu, logvar)), mu, logvar] as const;
  }
}

function lossFunction(reconX: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) {
  const BCE = F.binaryCrossEntropy(reconX, x.view(-1, 16), { reduction: "sum" });
  const KLD = logvar.add(1).sub(mu.pow(2)).sub(logvar.exp()).sum().mul(-0.5);
  return BCE.add(KLD);
}

export async function main() {
  torch.manualSeed(1);
  const model = new VAE().to("cpu");
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const data = torch.rand(12, 4, 4);
  let trainLoss = 0;
  model.train();
  for (const batch of data.split(4)) {
    optimizer.zeroGrad();
    const [reconBatch, mu, logvar] = model(batch);
    const loss = lossFunction(reconBatch, batch, mu, logvar);
    loss.backward();
    trainLoss += loss.item();
    optimizer.step();
  }
  model.eval();
  const sample = torch.noGrad(() => model.decode(torch.randn(3, 2)).view(3, 1, 4, 4));
  return { trainLoss: trainLoss / data.length, shape: sample.shape };
}
