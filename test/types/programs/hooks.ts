/** Hooks of modules, features of inner layers, frozen layers, gradients clipped. */
import * as torch from "kindling";

const { nn } = torch;
type Tensor = torch.Tensor;

class Backbone extends nn.Module {
  layer1 = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.ReLU());
  layer2 = new nn.Sequential({ conv: new nn.Conv2d(2, 3, 3), act: new nn.ReLU() });
  head = new nn.Linear(3, 2);

  forward(x: Tensor) {
    x = this.layer2(this.layer1(x));
    return this.head(x.mean([2, 3]));
  }
}

export async function main() {
  torch.manualSeed(0);
  const model = new Backbone();
  const features: Record<string, Tensor> = {};
  const getFeatures = (name: string) => (_module: torch.nn.Module, _inputs: unknown[], output: Tensor) => {
    features[name] = output.detach();
  };
  const handles = [
    model.layer1.registerForwardHook(getFeatures("layer1")),
    model.layer2.registerForwardHook(getFeatures("layer2")),
    model.head.registerForwardPreHook((_module, [input]) => [input.mul(2)]),
    model.head.registerFullBackwardHook((_module, gradInput, gradOutput) => {
      for (const grad of [...gradInput, ...gradOutput]) if (grad) features.grad = grad;
    }),
  ];
  for (const parameter of model.layer1.parameters()) parameter.requiresGrad = false;
  const trainable = model.parameters().filter((p) => p.requiresGrad);
  const out = model(torch.rand(2, 1, 8, 8));
  out.sum().backward();
  const norm = nn.utils.clipGradNorm_(trainable, 1);
  for (const handle of handles) handle.remove();
  model.head = new nn.Linear(3, 5);
  const kernel = model.layer1[0].weight.abs().mean().item();
  const norms = model.modules().filter((m) => m instanceof nn.BatchNorm2d);
  return {
    seen: Object.keys(features),
    norm: norm.item(),
    kernel,
    norms: norms.length,
    out: model(torch.rand(1, 1, 8, 8)).shape,
  };
}
