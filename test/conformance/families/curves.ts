/** `curves/`: whole training runs, the programs of `curves/index.json` in TypeScript. */
import { construct, find } from "../adapter";
import { device, fetched, isCpu } from "../device";
import { failed, passed, type Result, type SampleResult } from "../report";
import { Missing, type Tensor, target, torch } from "../values";
import { outcomeOf } from "./ops";

interface Config {
  readonly seed: number;
  readonly steps: number;
  readonly batch: number;
  readonly n: number;
  readonly classes: number;
  readonly shape: readonly number[];
  readonly stream: number;
  readonly model: string;
  readonly optimizer: string;
  readonly scheduler?: string;
  readonly lr: number;
  readonly manual: boolean;
}

interface CurveSample {
  readonly id: string;
  readonly curve: string;
  readonly config: Config;
  readonly loss64: readonly number[];
  readonly maxdiff: number;
}

/** A 32-bit mix of the bits of x. */
function h32(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

const u01 = (stream: number, i: number): number => (h32((i + Math.imul(stream, 0x9e3779b9)) | 0) >>> 8) / 2 ** 24;

function makeData({ n, classes, shape, stream }: Config): [Tensor, Tensor] {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = new Float32Array(n * size);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < size; j++)
      values[i * size + j] = 0.6 * u01(stream, (i % classes) * size + j) + 0.4 * u01(stream + 1, i * size + j) - 0.5;
  const labels = BigInt64Array.from({ length: n }, (_, i) => BigInt(i % classes));
  return [torch.tensor(values).reshape([n, ...shape]), torch.tensor(labels)];
}

type Model = (x: Tensor) => Tensor;

/** The three modules that PyTorch's program declares. */
function declareModels(): Record<string, (argument: number) => any> {
  const { nn } = torch;
  const F = nn.functional;
  class LeNet extends nn.Module {
    conv1 = new nn.Conv2d(3, 6, 5);
    pool = new nn.MaxPool2d(2, { stride: 2 });
    conv2 = new nn.Conv2d(6, 16, 5);
    fc1 = new nn.Linear(16 * 5 * 5, 120);
    fc2 = new nn.Linear(120, 84);
    fc3 = new nn.Linear(84, 10);

    forward(input: Tensor): Tensor {
      let x = this.pool(F.relu(this.conv1(input)));
      x = this.pool(F.relu(this.conv2(x)));
      x = F.relu(this.fc1(torch.flatten(x, 1)));
      return this.fc3(F.relu(this.fc2(x)));
    }
  }
  class LSTMClassifier extends nn.Module {
    lstm: any;
    fc: any;

    constructor(layers: number) {
      super();
      this.lstm = new nn.LSTM(8, 16, { numLayers: layers, batchFirst: true });
      this.fc = new nn.Linear(16, 4);
    }

    forward(x: Tensor): Tensor {
      const [out] = this.lstm(x);
      return this.fc(torch.select(out, 1, -1));
    }
  }
  class BNNet extends nn.Module {
    conv = new nn.Conv2d(1, 4, 3, { padding: 1, bias: false });
    bn = new nn.BatchNorm2d(4);
    fc = new nn.Linear(64, 5);

    forward(input: Tensor): Tensor {
      const x = F.maxPool2d(F.gelu(this.bn(this.conv(input))), 2);
      return this.fc(torch.flatten(x, 1));
    }
  }
  return {
    LeNet: () => new LeNet(),
    LSTMClassifier: (layers) => new LSTMClassifier(layers),
    BNNet: () => new BNNet(),
  };
}

/** `LeNet()` or `nn.Sequential(nn.Flatten(), nn.Linear(784, 64), …)`. */
function makeModel(text: string): any {
  const { name, argument } = parseCall(text);
  if (name !== "nn.Sequential") return declareModels()[name]!(argument);
  const layers = [...text.matchAll(/nn\.(\w+)\(([\d, ]*)\)/g)];
  const numbers = (list: string) => (list === "" ? [] : list.split(",").map(Number));
  return construct(
    name,
    layers.map(([, layer, args]) => construct(`nn.${layer}`, numbers(args!), {}, [])),
    {},
    [],
  );
}

/** `SGD(lr=0.1, nesterov=True)` → its name and keyword arguments. */
function parseCall(text: string): { name: string; kwargs: Record<string, number | boolean>; argument: number } {
  const [, name, inner] = /^([\w.]+)\((.*)\)$/.exec(text)!;
  const pairs = [...inner!.matchAll(/(\w+)=([-\d.e]+|True|False)/g)].map(
    ([, key, value]) => [key!, /^[TF]/.test(value!) ? value === "True" : Number(value)] as const,
  );
  return { name: name!, kwargs: Object.fromEntries(pairs), argument: Number.parseInt(inner!, 10) };
}

/** The losses; on a device that cannot be read at once, as tensors. */
function train(config: Config): Loss[] {
  const [inputs, labels] = makeData(config);
  torch.manualSeed(config.seed);
  const model = makeModel(config.model);
  if (!isCpu()) model.to(device());
  const dataset = construct("utils.data.TensorDataset", [inputs, labels], {}, []);
  const loader = construct("utils.data.DataLoader", [dataset], { batch_size: config.batch, shuffle: true }, []);
  const optimizerCall = parseCall(config.optimizer);
  const optimizer = construct(`optim.${optimizerCall.name}`, [[...model.parameters()]], optimizerCall.kwargs, []);
  const schedule = config.scheduler ? parseCall(config.scheduler) : undefined;
  const scheduler = schedule && construct(`optim.lr_scheduler.${schedule.name}`, [optimizer], schedule.kwargs, []);
  const losses: Loss[] = [];
  while (losses.length < config.steps) {
    for (const [x, y] of loader) {
      losses.push(torch.tidy(() => step(model, optimizer, target.move(x), target.move(y))));
      if (losses.length === config.steps) break;
    }
    scheduler?.step();
  }
  return losses;
}

function step(model: Model, optimizer: any, x: Tensor, y: Tensor): Loss {
  const loss = torch.nn.functional.crossEntropy(model(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return lossOf(loss);
}

type Loss = number | Tensor;

/** The value of a loss, or the loss itself where that has to be awaited. */
const lossOf = (loss: Tensor): Loss => (isCpu() ? loss.item() : loss.detach());

/** Gradient descent on the coefficients of a cubic that follows a sine; the gradient by hand or by autograd. */
function polynomial({ seed, lr, steps, manual }: Config): Loss[] {
  torch.manualSeed(seed);
  const x = target.move(torch.linspace(-Math.PI, Math.PI, 2000));
  const y = torch.sin(x);
  const powers = [torch.onesLike(x), x, x.pow(2), x.pow(3)] as Tensor[];
  let coefficients = Array.from({ length: 4 }, () => target.move(torch.randn([])).requiresGrad_(!manual)) as Tensor[];
  const losses: Loss[] = [];
  for (let t = 0; t < steps; t++) {
    const terms = powers.map((power, k) => power.mul(coefficients[k]!));
    const error = terms.reduce((sum, term) => sum.add(term)).sub(y) as Tensor;
    const loss = error.mul(error).sum();
    if (t % 100 === 99) losses.push(lossOf(loss));
    if (!manual) loss.backward();
    const gradients = coefficients.map((c, k) => (manual ? error.mul(2).mul(powers[k]!).sum() : c.grad!));
    coefficients = coefficients.map((c, k) => c.detach().sub(gradients[k]!.mul(lr)).requiresGrad_(!manual));
  }
  return losses;
}

function compute({ curve, config }: CurveSample): Loss[] {
  const needed =
    curve === "polynomial"
      ? ["manualSeed", "linspace", "randn"]
      : ["manualSeed", "nn.functional.crossEntropy", "optim", "utils.data.DataLoader"];
  for (const path of needed) if (find(path) === undefined) throw new Missing(`torch.${path}`);
  return curve === "polynomial" ? polynomial(config) : train(config);
}

function judge({ loss64, maxdiff }: CurveSample, losses: readonly number[]): Result {
  if (losses.length !== loss64.length) return failed(`${losses.length} losses instead of ${loss64.length}`);
  const wrong = losses.findIndex(
    (loss, i) => !(Math.abs(loss - loss64[i]!) <= 1e-4 + (1e-4 + 8 * maxdiff) * Math.abs(loss64[i]!)),
  );
  return wrong < 0 ? passed : failed(`loss ${wrong} is ${losses[wrong]}, expected ${loss64[wrong]}`);
}

export async function runCurve(sample: CurveSample): Promise<SampleResult> {
  try {
    const losses = await fetched(compute(sample));
    return {
      forward: judge(
        sample,
        losses.map((loss) => (typeof loss === "number" ? loss : loss.item())),
      ),
    };
  } catch (error) {
    return { forward: outcomeOf(error) };
  }
}
