/** Kindling through its public API. Results are disposed at once, as the peers' are. */
import * as torch from "kindling";
import { compiledProgram } from "./compiled";
import { inference } from "./inference";
import { type Library, randomArray } from "./library";
import { type Contender, local as timed } from "./measure";
import { problems } from "./models";
import { Costly, Files, largeTransform, Small, smallTransform } from "./pictures.mjs";
import type { Conv, Linalg, Loader, Matmul, Op, Overhead, Overlap, Pictures, Train, Workload } from "./workloads";
import { filterDepth, outSize } from "./workloads";

const { functional: F } = torch.nn;

const random = (...shape: number[]): torch.Tensor =>
  torch.tensor(randomArray(shape.reduce((a, b) => a * b, 1))).reshape(shape);

const one = torch.ones(1);

/** A contender of this library. To read a number waits until all is done that was called for, in every version. */
const local = (run: () => void | Promise<unknown>): Contender => timed(run, () => void one.item());

const disposing = (run: () => torch.Tensor): Contender => local(() => run().dispose());

function matmul({ m, k, n, layout }: Matmul): Contender {
  const a = layout[0] === "T" ? random(k, m).t() : random(m, k);
  const b = layout[1] === "T" ? random(n, k).t() : random(k, n);
  return disposing(() => torch.matmul(a, b));
}

function conv(workload: Conv): Contender {
  const { batch, channels, size, filters, kernel, stride, padding, depthwise, pass, tiles = "F2" } = workload;
  const groups = depthwise ? channels : 1;
  const input = random(batch, channels, size, size).requiresGrad_(pass === "inputGrad");
  const weight = random(filters, filterDepth(workload), kernel, kernel).requiresGrad_(pass === "weightGrad");
  const forward = () => {
    torch.backends.conv.winograd = tiles;
    return F.conv2d(input, weight, null, { stride, padding, groups });
  };
  if (pass === "forward") return disposing(forward);
  const out = outSize(workload);
  const gradOutputs = random(batch, filters, out, out);
  const output = forward();
  const wanted = pass === "inputGrad" ? input : weight;
  return local(() => {
    const [grad] = torch.autograd.grad(output, [wanted], { gradOutputs, retainGraph: true });
    grad!.dispose();
  });
}

/** One update of a million parameters with a given gradient. */
function update(create: (parameters: torch.Tensor[]) => torch.optim.Optimizer, size: number): Contender {
  const parameter = new torch.nn.Parameter(random(size));
  parameter.grad = random(size);
  const optimizer = create([parameter]);
  return local(() => {
    optimizer.step();
  });
}

function op({ op, shape }: Op): Contender {
  const [x, y] = [random(...shape).add(1), random(...shape).add(1)];
  switch (op) {
    case "add":
      return disposing(() => x.add(y));
    case "mul":
      return disposing(() => x.mul(y));
    case "gelu":
      return disposing(() => F.gelu(x));
    case "softmax":
      return disposing(() => x.softmax(1));
    case "layerNorm":
      return disposing(() => F.layerNorm(x, [shape[1]]));
    case "argmax":
      return disposing(() => x.argmax(1));
    case "sgd":
      return update((p) => new torch.optim.SGD(p, { lr: 1e-3, momentum: 0.9 }), shape[0] * shape[1]);
    case "adam":
      return update((p) => new torch.optim.Adam(p, { lr: 1e-3 }), shape[0] * shape[1]);
    default:
      return disposing(() => x[op]());
  }
}

function train({ model: name, batch, optimizer: kind }: Train): Contender {
  torch.manualSeed(0);
  const { model, loss } = problems[name](batch);
  const parameters = [...model.parameters()];
  const optimizer =
    kind === "sgd" ? new torch.optim.SGD(parameters, { lr: 0.01 }) : new torch.optim.Adam(parameters, { lr: 0.001 });
  return local(() =>
    torch.tidy(() => {
      optimizer.zeroGrad();
      loss().backward();
      optimizer.step();
    }),
  );
}

function overhead({ what }: Overhead): Contender {
  const [x, y] = [random(4, 4), random(4, 4)];
  const weight = random(4, 4).requiresGrad_();
  switch (what) {
    case "add":
      return disposing(() => x.add(y));
    case "addWithGrad":
      return disposing(() => weight.add(y));
    case "backward":
      return local(() =>
        torch.tidy(() => {
          weight.grad = null;
          weight.mul(x).add(y).sum().backward();
        }),
      );
    case "view":
      return disposing(() => x.reshape(16));
    case "item": {
      const one = torch.tensor(1);
      return local(() => {
        one.item();
      });
    }
  }
}

function loader({ images, batch, workers }: Loader): Contender {
  const { DataLoader, TensorDataset } = torch.utils.data;
  const dataset = new TensorDataset(random(images, 3, 32, 32), torch.randint(0, 10, [images]));
  const data = new DataLoader(dataset, {
    batchSize: batch,
    shuffle: true,
    numWorkers: workers,
    persistentWorkers: workers > 0,
  });
  return local(async () => {
    for await (const [inputs, labels] of data) {
      inputs!.dispose();
      labels!.dispose();
    }
  });
}

/** Small pictures in memory, of which each run reads some. */
const IMAGES_IN_MEMORY = 50_000;
/** Height and width of the windows of files. */
const WINDOW = 224;

function pictures({ source, images, batch, workers, folder }: Pictures): Contender {
  const { DataLoader, RandomSampler } = torch.utils.data;
  const dataset =
    source === "memory"
      ? new Small(IMAGES_IN_MEMORY, smallTransform())
      : new Files(jpegFiles(folder!), largeTransform(WINDOW));
  const data = new DataLoader(dataset as torch.utils.data.MapStyle<[torch.Tensor, number]>, {
    batchSize: batch,
    sampler: new RandomSampler(dataset, { numSamples: images }),
    numWorkers: workers,
    persistentWorkers: workers > 0,
  });
  return local(async () => {
    for await (const [inputs, labels] of data) {
      inputs.dispose();
      labels.dispose();
    }
  });
}

const fileSystem = () => {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs === undefined) throw new Error("there are no files here");
  return fs;
};

/** JPEG files in a folder and those inside it, by name. */
function jpegFiles(folder: string): string[] {
  const names = fileSystem().readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** Writes pictures of soft colors with some noise, which compress as photographs do. @returns Their folder, which differs for each number of them. */
export async function makePictures(count = 128): Promise<string> {
  const folder = `${globalThis.process.cwd()}/build/bench/pictures${count}`;
  fileSystem().mkdirSync(folder, { recursive: true });
  const [width, height] = [400, 300];
  const noise = randomArray(width * height * 3);
  for (let n = 0; n < count; n++) {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return 128 + 90 * Math.sin((x * (n + 3)) / 900 + (i % 3)) * Math.cos((y * (n + 5)) / 700) + 24 * noise[i]!;
    });
    await new torch.vision.Image("RGB", width, height, data).save(`${folder}/${n}.jpg`, { quality: 90 });
  }
  return folder;
}

/** An epoch of training on samples that take as long to make as the step to compute. */
function overlap({ steps, batch, workers }: Overlap): Contender {
  const { DataLoader } = torch.utils.data;
  const model = new torch.nn.Sequential(
    new torch.nn.Linear(784, 512),
    new torch.nn.ReLU(),
    new torch.nn.Linear(512, 512),
    new torch.nn.ReLU(),
    new torch.nn.Linear(512, 10),
  );
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.01 });
  const step = (x: torch.Tensor, y: torch.Tensor): void =>
    torch.tidy(() => {
      optimizer.zeroGrad();
      F.crossEntropy(model(x), y).backward();
      optimizer.step();
    });
  const [x, y] = [random(batch, 784), torch.zeros([batch], { dtype: torch.int64 })];
  const rounds = Math.round(
    (100_000 * fastest(() => step(x, y))) / batch / fastest(() => new Costly(1, 100_000).at(0)),
  );
  const options = { batchSize: batch, numWorkers: workers, persistentWorkers: workers > 0 };
  const data = new DataLoader(
    new Costly(steps * batch, rounds) as torch.utils.data.MapStyle<[torch.Tensor, number]>,
    options,
  );
  return local(async () => {
    for await (const [inputs, labels] of data) {
      step(inputs, labels);
      inputs.dispose();
      labels.dispose();
    }
  });
}

/** The shortest time of some runs, in milliseconds. */
function fastest(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 40; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function linalg({ op, size, dtype }: Linalg): Contender {
  const x = torch.randn([size, size], { dtype });
  const symmetric = x.add(x.mT);
  const positive = x.matmul(x.mT).add(torch.eye(size, { dtype }));
  const runs: Record<Linalg["op"], () => unknown> = {
    svd: () => torch.linalg.svd(x),
    svdvals: () => torch.linalg.svdvals(x),
    eigh: () => torch.linalg.eigh(symmetric),
    eigvalsh: () => torch.linalg.eigvalsh(symmetric),
    qr: () => torch.linalg.qr(x),
    lstsq: () => torch.linalg.lstsq(x, symmetric),
    inverse: () => torch.linalg.inv(x),
    solve: () => torch.linalg.solve(x, symmetric),
    cholesky: () => torch.linalg.cholesky(positive),
  };
  return local(() =>
    torch.tidy(() => {
      runs[op]();
    }),
  );
}

/** @param threads Threads that this contender computes on. */
export function createKindling(workload: Workload, threads: number): Contender {
  const contender = createContender(workload);
  return {
    time: (iterations) => {
      if (torch.getNumThreads() !== threads) torch.setNumThreads(threads);
      return contender.time(iterations);
    },
  };
}

function createContender(workload: Workload): Contender {
  switch (workload.kind) {
    case "matmul":
      return matmul(workload);
    case "conv":
      return conv(workload);
    case "op":
      return op(workload);
    case "train":
      return train(workload);
    case "inference": {
      const { model, x } = inference(workload);
      return disposing(() => torch.inferenceMode(() => torch.tidy(() => model(x))));
    }
    case "overhead":
      return overhead(workload);
    case "compile":
      return local(compiledProgram(workload));
    case "loader":
      return loader(workload);
    case "pictures":
      return pictures(workload);
    case "overlap":
      return overlap(workload);
    case "linalg":
      return linalg(workload);
  }
}

export const kindling = (threads: number): Library => ({
  name: "kindling",
  version: torch.simdLevel(),
  create: (workload) => createKindling(workload, threads),
});
