/** Saving and loading: state dicts, checkpoints, transfer between models. */
import * as torch from "kindling";

const { nn, optim, safetensors } = torch;

class Model extends nn.Module {
  features = new nn.Sequential(new nn.Linear(4, 3), new nn.BatchNorm1d(3), new nn.ReLU());
  classifier = new nn.Linear(3, 2);

  forward(x: torch.Tensor) {
    return this.classifier(this.features(x));
  }
}

export async function main() {
  torch.manualSeed(0);
  const model = new Model();
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3, weightDecay: 0.01 });
  model(torch.rand(4, 4)).sum().backward();
  optimizer.step();

  const state = model.stateDict();
  const shapes: Record<string, readonly number[]> = {};
  for (const [name, value] of Object.entries(state)) shapes[name] = value.shape;
  const bytes = safetensors.save(state);
  const loaded = safetensors.load(bytes);
  const other = new Model();
  const { missingKeys, unexpectedKeys } = other.loadStateDict(loaded);
  other.loadStateDict({ "classifier.weight": torch.zeros(2, 3) }, { strict: false });
  const checkpoint = { epoch: 3, model: model.stateDict(), optimizer: optimizer.stateDict(), loss: 0.5 };
  model.loadStateDict(checkpoint.model);
  optimizer.loadStateDict(checkpoint.optimizer);
  const weight = state["features.0.weight"];
  if (weight === undefined) throw new Error("there is no weight");
  return { keys: Object.keys(shapes), missing: [...missingKeys, ...unexpectedKeys], mean: weight.mean().item() };
}
