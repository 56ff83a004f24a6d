/** Modules with buffers, parameters, lists and dictionaries of their own. */

import type { Tensor } from "kindling";
import * as torch from "kindling";

const { nn } = torch;

class PositionalEncoding extends nn.Module {
  // Buffers are fields that registerBuffer makes: declare tells TypeScript of them and makes none.
  declare pe: Tensor;
  dropout: torch.nn.Dropout;

  constructor(dModel: number, dropout = 0.1, maxLen = 50) {
    super();
    this.dropout = new nn.Dropout(dropout);
    const position = torch.arange(maxLen).unsqueeze(1);
    const divTerm = torch.exp(torch.arange(0, dModel, 2).mul(-Math.log(10000) / dModel));
    const angles = position.mul(divTerm);
    const pe = torch.stack([torch.sin(angles), torch.cos(angles)], 2).view(maxLen, 1, dModel);
    this.registerBuffer("pe", pe);
  }

  forward(x: Tensor) {
    return this.dropout(x.add(this.pe.narrow(0, 0, x.size(0))));
  }
}

class RunningNorm extends nn.Module {
  declare mean: Tensor;
  declare steps: Tensor | null;
  weight: torch.nn.Parameter;
  scales: torch.nn.ParameterList;
  biases: torch.nn.ParameterDict;
  activations = new nn.ModuleDict({ relu: new nn.ReLU(), tanh: new nn.Tanh(), linear: new nn.Linear(3, 3) });

  constructor(size: number) {
    super();
    this.registerBuffer("mean", torch.zeros(size));
    this.registerBuffer("steps", null, { persistent: false });
    this.weight = new nn.Parameter(torch.ones(size));
    this.scales = new nn.ParameterList([torch.ones(size), torch.ones(1)]);
    this.biases = new nn.ParameterDict({ a: torch.zeros(size) });
  }

  forward(x: Tensor, activation: "relu" | "tanh" = "relu") {
    if (this.training) torch.noGrad(() => this.mean.mul_(0.9).add_(x.mean(0), { alpha: 0.1 }));
    const y = x.sub(this.mean).mul(this.weight).mul(this.scales[0]).mul(this.scales[1]);
    return this.activations.get(activation)(this.activations.get("linear")(y));
  }

  choose(name: string, x: Tensor) {
    const module = this.activations.get(name);
    if (module === undefined) throw new Error(`there is no ${name}`);
    return module(x).add(this.biases.get("a") ?? 0);
  }
}

class Stack extends nn.Module {
  layers = new nn.ModuleList();
  residual = new nn.ModuleList([new nn.Linear(3, 3), new nn.Linear(3, 3)]);
  net: torch.nn.Sequential;

  constructor(depth: number) {
    super();
    for (let i = 0; i < depth; i++) this.layers.append(new nn.Linear(3, 3));
    const modules: torch.nn.Module[] = [];
    for (let i = 0; i < depth; i++) {
      modules.push(new nn.Linear(3, 3));
      modules.push(new nn.ReLU());
    }
    this.net = new nn.Sequential(...modules);
  }

  forward(x: Tensor): Tensor {
    for (const layer of this.layers) x = layer(x);
    for (const layer of this.residual) x = x.add(layer(x));
    x = this.residual.at(-1)(x);
    x = this.residual[0](x);
    return this.net(x);
  }

  twice(x: Tensor) {
    return this(this(x));
  }
}

export async function main() {
  const encoding = new PositionalEncoding(4, 0);
  const norm = new RunningNorm(3);
  const stack = new Stack(2);
  const y = norm(torch.ones(2, 3), "tanh");
  const z = norm.choose("relu", y);
  const named: string[] = norm.namedBuffers().map(([name]) => name);
  const children = stack.namedChildren().map(([name, child]) => `${name}: ${child.constructor.name}`);
  return { pe: encoding(torch.zeros(5, 2, 4)).shape, z: stack.twice(z).shape, named, children };
}
