/** What is measured: every suite as data, which each library turns into something to run. */

export interface Matmul {
  readonly kind: "matmul";
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Whether the operands lie transposed (T) or not (N) in memory. */
  readonly layout: "NN" | "NT" | "TN" | "TT";
}

export interface Conv {
  readonly kind: "conv";
  readonly name: string;
  readonly pass: "forward" | "inputGrad" | "weightGrad";
  readonly batch: number;
  readonly channels: number;
  /** Height and width of the image. */
  readonly size: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** Whether every channel has a filter of its own; there are as many filters as channels. */
  readonly depthwise?: boolean;
  /** Winograd's tiles that Kindling may use; by default those of the library, F2. */
  readonly tiles?: "F4";
}

/** Ops that a single call computes, on float32. */
export const opNames = [
  ...["add", "mul", "relu", "exp", "log", "tanh", "sigmoid", "gelu", "sum", "softmax", "layerNorm", "argmax"],
  ...["sgd", "adam"],
] as const;

export interface Op {
  readonly kind: "op";
  readonly name: string;
  readonly op: (typeof opNames)[number];
  readonly shape: readonly [number, number];
}

/** A whole training step: forward, loss, backward, update. */
export interface Train {
  readonly kind: "train";
  readonly name: string;
  readonly model: "mlp" | "lenet" | "resnet18" | "lstm" | "gpt";
  readonly batch: number;
  readonly optimizer: "sgd" | "adam";
}

/** A whole network that infers. */
export interface Inference {
  readonly kind: "inference";
  readonly name: string;
  /** `linear`: one linear map, 768 → 3072. */
  readonly model: "resnet50" | "mobilenetV2" | "bert" | "linear";
  readonly batch: number;
  /** Numbers of the weights and of the products. */
  readonly type: "float32" | "int8";
}

/** What a call costs beyond its arithmetic. */
export interface Overhead {
  readonly kind: "overhead";
  readonly name: string;
  readonly what: "add" | "addWithGrad" | "backward" | "view" | "item";
}

/** A function of small ops, as it is or compiled. */
export interface Compiled {
  readonly kind: "compile";
  readonly name: string;
  readonly program: "gelu" | "planar" | "coupling" | "gcn";
  readonly n: number;
  readonly pass: "forward" | "gradient";
  readonly isCompiled: boolean;
}

/** An epoch of a DataLoader over images in memory. */
export interface Loader {
  readonly kind: "loader";
  readonly name: string;
  readonly images: number;
  readonly batch: number;
  readonly workers: number;
}

/** Pictures that transforms change at random, read by a DataLoader. */
export interface Pictures {
  readonly kind: "pictures";
  readonly name: string;
  /** Pictures of 32×32 in memory, or JPEG files. */
  readonly source: "memory" | "jpeg";
  /** Pictures that one run reads. */
  readonly images: number;
  readonly batch: number;
  readonly workers: number;
  /** Where the files are; absolute. */
  readonly folder?: string;
}

/** Training steps on samples that cost as much as the step. */
export interface Overlap {
  readonly kind: "overlap";
  readonly name: string;
  readonly steps: number;
  readonly batch: number;
  readonly workers: number;
}

/** Factorizations and solvers, of square matrices. */
export const factorizationNames = [
  "svd",
  "svdvals",
  "eigh",
  "eigvalsh",
  "qr",
  "lstsq",
  "inverse",
  "solve",
  "cholesky",
] as const;

export interface Linalg {
  readonly kind: "linalg";
  readonly name: string;
  readonly op: (typeof factorizationNames)[number];
  readonly size: number;
  readonly dtype: "float32" | "float64";
}

export type Workload =
  | Matmul
  | Conv
  | Op
  | Train
  | Inference
  | Overhead
  | Compiled
  | Loader
  | Pictures
  | Overlap
  | Linalg;

const matmul = (m: number, k: number, n: number, layout: Matmul["layout"] = "NN"): Matmul => {
  const size = m === k && k === n ? `${m}` : `${m}×${k}×${n}`;
  return { kind: "matmul", name: `matmul ${size}${layout === "NN" ? "" : ` ${layout}`}`, m, k, n, layout };
};

type ConvShape = Pick<
  Conv,
  "batch" | "channels" | "size" | "filters" | "kernel" | "padding" | "depthwise" | "tiles"
> & {
  stride?: number;
};

function conv(shape: ConvShape, pass: Conv["pass"]): Conv {
  const { batch, channels, size, filters, kernel, stride = 1, depthwise, tiles } = shape;
  const what = { forward: "", inputGrad: ", input gradient", weightGrad: ", weight gradient" }[pass];
  const to = depthwise ? ` depthwise${stride > 1 ? `, stride ${stride}` : ""}` : ` → ${filters}`;
  const name = `conv ${batch}×${channels}×${size} ${kernel}×${kernel}${to}${tiles ? ` ${tiles}` : ""}${what}`;
  return { kind: "conv", stride: 1, ...shape, name, pass };
}

const convShapes: readonly ConvShape[] = [
  { batch: 1, channels: 64, size: 56, filters: 64, kernel: 3, padding: 1 },
  { batch: 1, channels: 128, size: 28, filters: 128, kernel: 3, padding: 1 },
  { batch: 1, channels: 256, size: 14, filters: 256, kernel: 3, padding: 1 },
  { batch: 64, channels: 16, size: 14, filters: 32, kernel: 5, padding: 0 },
  { batch: 4, channels: 3, size: 32, filters: 6, kernel: 5, padding: 0 },
  { batch: 64, channels: 3, size: 32, filters: 6, kernel: 5, padding: 0 },
  { batch: 4, channels: 6, size: 14, filters: 16, kernel: 5, padding: 0 },
  { batch: 64, channels: 6, size: 14, filters: 16, kernel: 5, padding: 0 },
  { batch: 8, channels: 3, size: 224, filters: 64, kernel: 7, padding: 3, stride: 2 },
];

const depthwiseShapes: readonly ConvShape[] = [
  { batch: 1, channels: 96, size: 56, filters: 96, kernel: 3, padding: 1, depthwise: true },
  { batch: 4, channels: 144, size: 56, filters: 144, kernel: 3, padding: 1, stride: 2, depthwise: true },
  { batch: 4, channels: 960, size: 7, filters: 960, kernel: 3, padding: 1, depthwise: true },
];

const passes = ["forward", "inputGrad", "weightGrad"] as const;

const train = (model: Train["model"], batch: number, optimizer: Train["optimizer"]): Train => ({
  kind: "train",
  name: `${model} batch ${batch} ${optimizer}`,
  model,
  batch,
  optimizer,
});

const inference = (model: Inference["model"], batch: number, type: Inference["type"] = "float32"): Inference => ({
  kind: "inference",
  name: `${model}${type === "int8" ? " int8" : ""}, batch ${batch}`,
  model,
  batch,
  type,
});

const loader = (workers: number): Loader => ({
  kind: "loader",
  name: `${workers} workers`,
  images: 4096,
  batch: 64,
  workers,
});

const pictures = (source: Pictures["source"], images: number, workers: number): Pictures => ({
  kind: "pictures",
  name: `${source === "memory" ? "CIFAR-10: crop, flip, normalize" : "JPEG files: resized crop, flip"}; ${workers} workers`,
  source,
  images,
  batch: 64,
  workers,
});

const overlap: Overlap = {
  kind: "overlap",
  name: "steps, samples as costly; 2 workers",
  steps: 24,
  batch: 64,
  workers: 2,
};

const linalg = (op: Linalg["op"], size: number, dtype: Linalg["dtype"]): Linalg => ({
  kind: "linalg",
  name: `${op} ${size} ${dtype}`,
  op,
  size,
  dtype,
});

const sizes = [64, 128, 256, 512, 1024];

export const suites = {
  gemm: [
    ...sizes.map((n) => matmul(n, n, n)),
    ...(["NT", "TN"] as const).flatMap((layout) => sizes.map((n) => matmul(n, n, n, layout))),
    ...[matmul(64, 784, 512), matmul(64, 512, 10), matmul(8, 512, 512), matmul(1, 1024, 1024), matmul(1024, 1024, 1)],
  ],
  conv: [
    ...[...convShapes, ...depthwiseShapes].flatMap((shape) => passes.map((pass) => conv(shape, pass))),
    ...convShapes.slice(0, 3).map((shape) => conv({ ...shape, tiles: "F4" }, "forward")),
    conv({ batch: 1, channels: 256, size: 28, filters: 64, kernel: 1, padding: 0 }, "forward"),
  ],
  ops: opNames.map((op): Op => ({ kind: "op", name: op, op, shape: [1024, 1024] })),
  train: [
    ...[train("mlp", 64, "sgd"), train("mlp", 64, "adam"), train("lenet", 4, "sgd"), train("lenet", 64, "sgd")],
    ...[train("resnet18", 16, "sgd"), train("lstm", 32, "adam"), train("gpt", 8, "adam")],
  ],
  inference: [
    ...[inference("resnet50", 1), inference("mobilenetV2", 1), inference("bert", 1), inference("resnet50", 1, "int8")],
    ...[inference("linear", 1, "int8"), inference("linear", 128, "int8")],
  ],
  loader: [
    ...[loader(0), loader(2), overlap],
    ...[pictures("memory", 4096, 0), pictures("memory", 4096, 1), pictures("jpeg", 128, 1)],
  ],
  linalg: (["float32", "float64"] as const).flatMap((dtype) => factorizationNames.map((op) => linalg(op, 512, dtype))),
  overhead: (["add", "addWithGrad", "backward", "view", "item"] as const).map(
    (what): Overhead => ({ kind: "overhead", name: what, what }),
  ),
  compile: compiledWorkloads(),
} as const satisfies Readonly<Record<string, readonly Workload[]>>;

function compiledWorkloads(): Compiled[] {
  const sizes = { gelu: [1, 1024], planar: [128, 4096], coupling: [64, 1024], gcn: [34] } as const;
  return (Object.keys(sizes) as Compiled["program"][]).flatMap((program) =>
    sizes[program].flatMap((n) =>
      (["forward", "gradient"] as const).map(
        (pass): Compiled => ({ kind: "compile", name: `${program} ${n} ${pass}`, program, n, pass, isCompiled: true }),
      ),
    ),
  );
}

export type SuiteName = keyof typeof suites;

/** What the table of the README shows: of each suite the workloads with these names. */
export const summary: Partial<Readonly<Record<SuiteName, readonly string[]>>> = {
  gemm: ["matmul 128", "matmul 512", "matmul 1×1024×1024"],
  conv: ["conv 1×64×56 3×3 → 64", "conv 1×96×56 3×3 depthwise"],
  ops: ["add", "tanh", "softmax"],
  train: suites.train.map(({ name }) => name),
  inference: suites.inference.map(({ name }) => name).filter((name) => !name.startsWith("linear")),
};

/** Height and width of a convolution's result. */
export const outSize = ({ size, padding, kernel, stride }: Conv): number =>
  Math.floor((size + 2 * padding - kernel) / stride) + 1;

/** Channels of the input that a filter sees. */
export const filterDepth = ({ channels, depthwise }: Conv): number => (depthwise ? 1 : channels);

/** Floating-point operations of one run (of the direct algorithm), or undefined where they are not what counts. */
export function flops(workload: Workload): number | undefined {
  if (workload.kind === "matmul") return 2 * workload.m * workload.k * workload.n;
  if (workload.kind !== "conv") return undefined;
  const { batch, filters, kernel } = workload;
  return 2 * batch * filters * filterDepth(workload) * kernel ** 2 * outSize(workload) ** 2;
}

/** What a workload of our own is held against: the plain product, the forward pass of the same convolution, the same in float32, without workers, or not compiled. */
export function reference(workload: Workload): Workload | undefined {
  if (workload.kind === "matmul" && workload.layout !== "NN") return { ...workload, layout: "NN" };
  if (workload.kind === "conv" && workload.pass !== "forward") return { ...workload, pass: "forward" };
  if (workload.kind === "inference" && workload.type === "int8") return { ...workload, type: "float32" };
  if (workload.kind === "overlap" && workload.workers > 0) return { ...workload, workers: 0 };
  if (workload.kind === "compile" && workload.isCompiled) return { ...workload, isCompiled: false };
  return undefined;
}
