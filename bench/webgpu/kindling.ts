/** Kindling on the GPU. */
import * as torch from "kindling";
import { randomArray } from "../library";
import type { Contender } from "../measure";
import { type Conv, filterDepth, type Matmul, outSize } from "../workloads";
import { type GpuLibrary, queued } from "./contender";
import type { Attention, GpuWorkload } from "./suite";

const { nn, optim } = torch;
const { functional: F } = nn;

const random = (...shape: number[]): torch.Tensor =>
  torch
    .tensor(randomArray(shape.reduce((a, b) => a * b, 1)))
    .reshape(shape)
    .to("webgpu");

/** Results are held until all are there: what nobody holds is not computed. */
function results(run: () => torch.Tensor): Contender {
  const held: torch.Tensor[] = [];
  return queued(
    () => {
      held.push(run());
    },
    async () => {
      await torch.webgpu.synchronize();
      for (const result of held.splice(0)) result.dispose();
    },
  );
}

function matmul({ m, k, n, layout }: Matmul): Contender {
  const a = layout[0] === "T" ? random(k, m).t() : random(m, k);
  const b = layout[1] === "T" ? random(n, k).t() : random(k, n);
  return results(() => torch.matmul(a, b));
}

function conv(workload: Conv): Contender {
  const { batch, channels, size, filters, kernel, stride, padding, pass } = workload;
  const input = random(batch, channels, size, size).requiresGrad_(pass === "inputGrad");
  const weight = random(filters, filterDepth(workload), kernel, kernel).requiresGrad_(pass === "weightGrad");
  const forward = () => F.conv2d(input, weight, null, { stride, padding });
  if (pass === "forward") return results(forward);
  const out = outSize(workload);
  const gradOutputs = random(batch, filters, out, out);
  const output = forward();
  const wanted = pass === "inputGrad" ? input : weight;
  return results(() => torch.autograd.grad(output, [wanted], { gradOutputs, retainGraph: true })[0]!);
}

function attention({ batch, heads, length, depth }: Attention): Contender {
  const [q, k, v] = [0, 1, 2].map(() => random(batch, heads, length, depth)) as [
    torch.Tensor,
    torch.Tensor,
    torch.Tensor,
  ];
  return results(() => F.scaledDotProductAttention(q, k, v));
}

export const lenet = (): torch.nn.Sequential =>
  new nn.Sequential(
    ...[new nn.Conv2d(3, 6, 5), new nn.ReLU(), new nn.MaxPool2d(2)],
    ...[new nn.Conv2d(6, 16, 5), new nn.ReLU(), new nn.MaxPool2d(2), new nn.Flatten()],
    ...[new nn.Linear(400, 120), new nn.ReLU(), new nn.Linear(120, 84), new nn.ReLU(), new nn.Linear(84, 10)],
  );

const LENGTH = 64;
const VOCABULARY = 96;

/** A decoder of two causal layers, pre-norm, as in GPT-2. */
class Gpt extends nn.Module {
  tokens: torch.nn.Embedding;
  positions: torch.nn.Embedding;
  layers: torch.nn.ModuleList<torch.nn.TransformerEncoderLayer>;
  norm: torch.nn.LayerNorm;
  head: torch.nn.Linear;
  mask = nn.Transformer.generateSquareSubsequentMask(LENGTH).to("webgpu");

  constructor(width: number) {
    super();
    this.tokens = new nn.Embedding(VOCABULARY, width);
    this.positions = new nn.Embedding(LENGTH, width);
    const layer = () =>
      new nn.TransformerEncoderLayer(width, 4, {
        dimFeedforward: 4 * width,
        dropout: 0,
        activation: "gelu",
        batchFirst: true,
        normFirst: true,
      });
    this.layers = new nn.ModuleList([layer(), layer()]);
    this.norm = new nn.LayerNorm(width);
    this.head = new nn.Linear(width, VOCABULARY, { bias: false });
  }

  override forward(tokens: torch.Tensor): torch.Tensor {
    let x = this.tokens(tokens).add(this.positions.weight);
    for (const layer of this.layers) x = layer(x, { srcMask: this.mask }) as torch.Tensor;
    return this.head(this.norm(x));
  }
}

function step(model: torch.nn.Module, loss: () => torch.Tensor): Contender {
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  return queued(
    () =>
      torch.tidy(() => {
        optimizer.zeroGrad();
        loss().backward();
        optimizer.step();
      }),
    () => torch.webgpu.synchronize(),
  );
}

function train(workload: Extract<GpuWorkload, { kind: "train" }>): Contender {
  const { model: name, batch, width } = workload;
  if (name === "lenet") {
    const model = lenet().to("webgpu");
    const [x, y] = [random(batch, 3, 32, 32), torch.arange(batch).remainder(10).to("webgpu")];
    return step(model, () => F.crossEntropy(model(x) as torch.Tensor, y));
  }
  const model = new Gpt(width).to("webgpu");
  const text = torch.randint(0, VOCABULARY, [batch, LENGTH]).to("webgpu");
  return step(model, () => F.crossEntropy(model(text).reshape(-1, VOCABULARY), text.reshape(-1)));
}

function create(workload: GpuWorkload): Contender {
  switch (workload.kind) {
    case "matmul":
      return matmul(workload);
    case "conv":
      return conv(workload);
    case "attention":
      return attention(workload);
    case "train":
      return train(workload);
  }
}

export async function loadKindling(): Promise<GpuLibrary> {
  await torch.webgpu.init();
  return { name: "kindling", version: torch.webgpu.getDeviceName(), create };
}
