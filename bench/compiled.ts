/** Functions of small ops, as they are and compiled. */
import * as torch from "kindling";
import type { Compiled } from "./workloads";

type Tensor = torch.Tensor;

const random = (...shape: number[]) => torch.randn(shape).mul(0.3);
const parameter = (...shape: number[]) => random(...shape).requiresGrad_();

interface Program {
  readonly run: (...xs: Tensor[]) => Tensor[];
  readonly inputs: readonly Tensor[];
}

function gelu(n: number): Program {
  const run = (x: Tensor) => [x.mul(0.5).mul(x.add(x.pow(3).mul(0.044715)).mul(0.7978845608).tanh().add(1))];
  return { run, inputs: [random(n, 256)] };
}

/** A step of a planar flow (Rezende and Mohamed 2015, arXiv:1505.05770): the points, and the logarithms of the volumes. */
function planar(n: number): Program {
  const [w, u, b] = [parameter(2), parameter(2), parameter(1)];
  const run = (z: Tensor) => {
    const h = z.mul(w).sum(1, true).add(b).tanh();
    const psi = h.pow(2).neg().add(1).mul(w.mul(u).sum());
    return [z.add(h.mul(u)), psi.add(1).abs().log()];
  };
  return { run, inputs: [random(n, 2)] };
}

/** An affine coupling (Dinh, Sohl-Dickstein and Bengio 2017, arXiv:1605.08803). */
function coupling(n: number): Program {
  const [w1, b1] = [parameter(1, 32), parameter(32)];
  const [ws, bs, wt, bt] = [parameter(32, 1), parameter(1), parameter(32, 1), parameter(1)];
  const run = (x: Tensor) => {
    const [a, b] = x.chunk(2, 1) as [Tensor, Tensor];
    const h = a.matmul(w1).add(b1).tanh();
    const s = h.matmul(ws).add(bs).tanh();
    return [torch.cat([a, b.mul(s.exp()).add(h.matmul(wt).add(bt))], 1), s.sum(1)];
  };
  return { run, inputs: [random(n, 2)] };
}

/** A layer of a graph convolution (Kipf and Welling 2017, arXiv:1609.02907), the graph a dense matrix. */
function gcn(n: number): Program {
  const [w, b] = [parameter(n, 16), parameter(16)];
  const run = (a: Tensor, x: Tensor) => [a.matmul(x.matmul(w)).add(b).relu()];
  return { run, inputs: [random(n, n), random(n, n)] };
}

const programs = { gelu, planar, coupling, gcn };

/** What one iteration does. */
export function compiledProgram({ program, n, pass, isCompiled }: Compiled): () => void {
  const { run, inputs } = programs[program](n);
  const f = isCompiled ? torch.compile(run) : run;
  if (pass === "forward") return () => torch.noGrad(() => torch.tidy(() => void f(...inputs)));
  const leaves = inputs.map((x) => x.detach().requiresGrad_());
  const weights = f(...leaves).map((y) => torch.randn([...y.shape]));
  return () =>
    torch.tidy(() => {
      const outputs = f(...leaves);
      torch.autograd.grad(outputs, leaves, { gradOutputs: weights, allowUnused: true });
    });
}
