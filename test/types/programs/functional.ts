/** torch.func: gradients, Jacobians, per-sample gradients (PyTorch's tutorials). */
import * as torch from "kindling";
import { func, nn, type Tensor, vmap } from "kindling";

export async function main() {
  torch.manualSeed(0);
  const f = (x: Tensor) => x.sin().mul(x).sum();
  const x = torch.rand(3);
  const gradient = func.grad(f)(x);
  const [value, jvp] = func.jvp(f, [x], [torch.ones(3)]);
  const jacobian: Tensor = func.jacrev((v: Tensor) => v.pow(2))(x);
  const hessian = func.hessian(f)(x);
  const batched = vmap((row: Tensor) => row.mul(2).sum())(torch.rand(4, 3));
  const outer = vmap((a: Tensor, b: Tensor) => a.mul(b), { inDims: [0, null] })(torch.rand(4, 3), x);

  const model = new nn.Linear(3, 1);
  const parameters = Object.fromEntries(model.namedParameters());
  const lossOf = (params: Record<string, Tensor>, sample: Tensor, target: Tensor): Tensor => {
    const prediction = func.functionalCall(model, params, [sample.unsqueeze(0)]);
    return nn.functional.mseLoss(prediction, target.unsqueeze(0));
  };
  const perSample = vmap(func.grad(lossOf), { inDims: [null, 0, 0] })(parameters, torch.rand(5, 3), torch.rand(5, 1));
  const weights = perSample.weight;
  return {
    gradient: gradient.shape,
    value: value.item(),
    tangent: jvp.item(),
    shapes: [jacobian.shape, hessian.shape, batched.shape, outer.shape, weights?.shape],
  };
}
