/** Functions with a backward of their own, hooks, gradients of gradients. */
import * as torch from "kindling";
import { autograd, type Tensor } from "kindling";

class LegendrePolynomial3 extends autograd.Function {
  static forward(ctx: torch.autograd.FunctionCtx, input: Tensor) {
    ctx.saveForBackward(input);
    return input.pow(3).mul(5).sub(input.mul(3)).mul(0.5);
  }

  static backward(ctx: torch.autograd.FunctionCtx, gradOutput: Tensor) {
    const [input] = ctx.savedTensors;
    if (input === undefined) throw new Error("nothing was saved");
    return gradOutput.mul(input.pow(2).mul(5).sub(1).mul(1.5));
  }
}

export async function main() {
  const x = torch.linspace(-Math.PI, Math.PI, 20);
  const y = torch.sin(x);
  const a = torch.full([], 0, { dtype: torch.float, requiresGrad: true });
  const b = torch.full([], -1, { dtype: torch.float, requiresGrad: true });
  const c = torch.full([], 0, { dtype: torch.float, requiresGrad: true });
  const d = torch.full([], 0.3, { requiresGrad: true });
  const learningRate = 5e-6;
  let last = 0;
  for (let t = 0; t < 3; t++) {
    const P3 = (z: Tensor) => LegendrePolynomial3.apply(z);
    const yPred = a.add(b.mul(P3(c.add(d.mul(x)))));
    const loss = yPred.sub(y).pow(2).sum();
    last = loss.item();
    loss.backward();
    torch.noGrad(() => {
      for (const parameter of [a, b, c, d]) {
        if (parameter.grad === null) continue;
        parameter.sub_(parameter.grad.mul(learningRate));
        parameter.grad = null;
      }
    });
  }
  const w = torch.tensor([1, 2], { requiresGrad: true });
  const seen: number[] = [];
  const handle = w.registerHook((grad) => {
    seen.push(grad.sum().item());
    return grad.mul(2);
  });
  const [first] = autograd.grad(w.pow(3).sum(), [w], { createGraph: true });
  const [second] = autograd.grad(first.sum(), [w]);
  handle.remove();
  return { last, seen, second: second.tolist() };
}
