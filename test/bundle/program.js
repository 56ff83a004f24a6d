/**
 * A program as users ship it: `bundle.test.ts` bundles it with the library, shortens every identifier, and compares what each of these
 * functions gives with what the library says unbundled. Plain JavaScript, so that the same file runs both ways.
 */
import * as torch from "kindling";

const { nn, optim } = torch;
const pictures = torch.vision;

/** A network of the user's with a name of its own; what bundlers leave of the other names is chance. */
class Net extends nn.Module {
  static className = "Net";

  constructor() {
    super();
    this.features = new nn.Sequential(new nn.Conv2d(1, 2, 3, { padding: 1 }), new nn.BatchNorm2d(2), new nn.ReLU());
    this.head = new nn.Linear(2 * 4 * 4, 3);
  }

  forward(x) {
    return this.head(this.features(x).flatten(1));
  }
}

/** Its name is what the bundler leaves of it. */
class WithoutName extends nn.Module {}

/** A subclass of a transposed convolution, whose name says nothing. */
class Up extends nn.ConvTranspose2d {}

class Square extends torch.autograd.Function {
  static className = "Square";
  static forward(ctx, x) {
    ctx.saveForBackward(x);
    return x.mul(x);
  }
  static backward(ctx, grad) {
    const [x] = ctx.savedTensors;
    return x.mul(2).mul(grad);
  }
}

class CheckedError extends torch.ValueError {
  static className = "CheckedError";
}

/** The name, class and message of what a call throws. */
async function failure(run) {
  try {
    await run();
  } catch (error) {
    const { ArgumentError, ShapeError, ValueError, FormatError, KindlingError } = torch;
    const classes = Object.entries({ ArgumentError, ShapeError, ValueError, FormatError, KindlingError });
    const is = classes.flatMap(([name, type]) => (error instanceof type ? [name] : []));
    return { name: error.name, is, message: error.message };
  }
  return "nothing was thrown";
}

const rounded = (x) => x.mul(1e4).round().div(1e4).tolist();

/** A trained state, so that fused and saved networks differ from new ones. */
function trained() {
  torch.manualSeed(0);
  const net = new Net();
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
  for (let i = 0; i < 3; i++) {
    const loss = net(torch.randn(8, 1, 4, 4))
      .square()
      .mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  return { net: net.eval(), optimizer };
}

function fusedLayer(make) {
  torch.manualSeed(1);
  const layer = make();
  const norm = new nn.BatchNorm2d(4);
  norm.runningMean?.copy_(torch.randn(4));
  norm.runningVar?.copy_(torch.rand(4).add(0.5));
  if (norm.weight !== null) nn.init.normal_(norm.weight);
  const [conv, bn] = [layer.eval(), norm.eval()];
  const x = torch.randn(2, 3, 5, 5);
  const fused = nn.utils.fuseConvBnEval(conv, bn);
  return {
    difference:
      Number(
        fused(x)
          .sub(bn(conv(x)))
          .abs()
          .max()
          .item(),
      ) < 1e-4,
    text: String(fused),
  };
}

/** As many numbers as a layer has outputs. */
const sizesOfNorm = (layer) => {
  nn.utils.spectralNorm(layer);
  return layer.weight_u.shape;
};

export const checks = {
  userClass: () => String(new Net()),
  layers: () => {
    const made = [
      new nn.Linear(2, 3),
      new nn.ReLU(),
      new nn.LSTM(2, 3),
      new nn.GRUCell(2, 3),
      new nn.Embedding(4, 2),
      new nn.MultiheadAttention(4, 2),
      new nn.TransformerEncoderLayer(4, 2),
      new nn.CrossEntropyLoss(),
      new nn.LazyLinear(3),
      new nn.ModuleList([new nn.Dropout(0.5)]),
      new nn.ParameterList([torch.randn(2)]),
      new nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5]),
      new pictures.ops.FrozenBatchNorm2d(3),
    ];
    return made.map(String);
  },
  models: () => {
    const all = [pictures.models.efficientnetB0, pictures.models.mobilenetV3Small];
    return all.map((/** @type {any} */ make) => String(make()).slice(0, 3000));
  },
  optimizers: () => {
    const p = () => [new nn.Parameter(torch.zeros(2))];
    return [optim.SGD, optim.Adam, optim.RMSprop, optim.LBFGS].map((/** @type {any} */ Type) =>
      String(new Type(p(), { lr: 0.1 })),
    );
  },
  schedulers: () =>
    failure(
      () =>
        new optim.lrScheduler.StepLR(
          new optim.SGD([new nn.Parameter(torch.zeros(1))], { lr: 1 }),
          /** @type {any} */ ("3"),
        ),
    ),
  transforms: () =>
    String(
      new pictures.transforms.Compose([
        new pictures.transforms.Resize(8),
        new pictures.transforms.RandomHorizontalFlip(0.5),
        new pictures.transforms.ToTensor(),
        new pictures.transforms.v2.Normalize([0.5], [0.5]),
      ]),
    ),
  distributions: () => [
    String(new torch.distributions.Normal(0, 1)),
    String(new torch.distributions.Independent(new torch.distributions.Bernoulli(torch.tensor([0.5, 0.2])), 1)),
    String(new torch.distributions.ExpTransform()),
    String(torch.distributions.constraints.interval(0, 1)),
  ],
  divergence: () =>
    failure(() =>
      torch.distributions.klDivergence(new torch.distributions.Cauchy(0, 1), new torch.distributions.Poisson(1)),
    ),
  dataset: () => String(new pictures.datasets.FakeData(4)),
  typenames: () => [new Net(), new nn.Linear(1, 1), torch.zeros(1), torch.relu, nn.Linear].map(torch.typename),
  gradients: () => {
    const x = torch.ones(2, { requiresGrad: true });
    const names = [x.mul(2), torch.relu(x), nn.functional.softmax(x, 0), Square.apply(x)].map((y) => y.gradFn.name);
    return [...names, String(x.exp())];
  },
  errors: async () => [
    await failure(() => torch.zeros(2).matmul(torch.zeros(3))),
    await failure(() => new nn.Linear(2, 3)(torch.zeros(4))),
    await failure(() => new nn.Conv2d(1, 2, 3, { stride: 0 })),
    await failure(() => new nn.Linear(2, 3, /** @type {any} */ ({ bais: false }))),
    await failure(() => new optim.SGD([], { lr: 0.1 })),
    await failure(() => torch.load(new Uint8Array([1, 2, 3]))),
    await failure(() => new Net().loadStateDict({})),
    await failure(() => new Square()),
    await failure(() => {
      throw new CheckedError("mine");
    }),
    await failure(() => nn.utils.spectralNorm(new nn.ReLU())),
  ],
  fusion: () => [
    fusedLayer(() => new nn.Conv2d(3, 4, 3)),
    fusedLayer(() => new nn.ConvTranspose2d(3, 4, 3)),
    fusedLayer(() => new Up(3, 4, 3)).difference,
  ],
  norms: () => [new nn.Conv2d(3, 4, 3), new nn.ConvTranspose2d(3, 5, 3), new Up(3, 6, 3)].map(sizesOfNorm),
  wholeModel: async () => {
    const { net } = trained();
    const bytes = await torch.save(net);
    const again = await torch.load(bytes, { classes: { Net } });
    const x = torch.ones(1, 1, 4, 4);
    const layers = await torch.load(await torch.save(net.features));
    return [String(again), rounded(again(x)), rounded(net(x)), String(layers), layers instanceof nn.Sequential];
  },
  checkpoint: async () => {
    const { net, optimizer } = trained();
    const state = { model: net.stateDict(), optimizer: optimizer.stateDict(), epoch: 3 };
    const { model, optimizer: saved, epoch } = await torch.load(await torch.save(state));
    const other = new Net();
    const message = String(other.loadStateDict(model));
    new optim.Adam(other.parameters(), { lr: 1 }).loadStateDict(saved);
    return [message, Object.keys(model), epoch];
  },
  safetensors: () => {
    const bytes = torch.safetensors.save({ a: torch.arange(4) });
    return torch.safetensors.load(bytes).a.tolist();
  },
  numpy: async (folder) => {
    const path = `${folder}/arrays.npz`;
    await torch.numpy.savez(path, { a: torch.arange(3), b: torch.eye(2) });
    const read = /** @type {Record<string, torch.Tensor>} */ (await torch.numpy.load(path));
    return [Object.keys(read), read.a.tolist(), read.b.tolist()];
  },
  onnx: async () => {
    const { net } = trained();
    const bytes = /** @type {Uint8Array} */ (await torch.onnx.export(net, torch.ones(1, 1, 4, 4)));
    const model = await torch.onnx.load(bytes);
    const text = new TextDecoder("latin1").decode(bytes);
    const x = torch.ones(1, 1, 4, 4);
    return [
      rounded(model(x)),
      rounded(net(x)),
      ["Net", "/features/features.0/Conv", "head.weight"].map((name) => text.includes(name)),
    ];
  },
  workers: async () => {
    const set = new torch.utils.data.TensorDataset(torch.arange(12).float(), torch.arange(12));
    const loader = new torch.utils.data.DataLoader(set, { batchSize: 4, numWorkers: 2 });
    const batches = [];
    for await (const [x, y] of loader) batches.push([x.tolist(), y.tolist()]);
    return batches;
  },
  workersOfPictures: async () => {
    const transform = new pictures.transforms.Compose([
      new pictures.transforms.Resize(4),
      new pictures.transforms.ToTensor(),
    ]);
    const set = new pictures.datasets.FakeData(4, { imageSize: [3, 8, 8], transform });
    const loader = new torch.utils.data.DataLoader(set, { batchSize: 2, numWorkers: 1 });
    const shapes = [];
    for await (const [x] of /** @type {any} */ (loader)) shapes.push(x.shape);
    return shapes;
  },
  jpeg: async () => {
    const img = torch
      .arange(3 * 8 * 8)
      .reshape(3, 8, 8)
      .to("uint8");
    const bytes = await pictures.io.encodeJpeg(img);
    const back = await pictures.io.decodeJpeg(bytes);
    return back.shape;
  },
  summary: () => String(torch.utils.summary(trained().net, [1, 1, 4, 4])),
};

/** What is left of the names that JavaScript knows, so that the test knows that the bundler shortened them. */
export const namesLeft = () => [String(new WithoutName()), `${nn.Linear.name}()`, `${torch.ShapeError.name}()`];

/** Runs all of them. @param folder Where files are written. */
export async function runAll(folder) {
  const results = {};
  for (const [name, check] of Object.entries(checks)) {
    try {
      results[name] = await check(folder);
    } catch (error) {
      results[name] = `failed: ${error?.stack ?? error}`;
    }
  }
  return results;
}
