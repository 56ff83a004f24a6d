/** Layers that learn. */
import * as F from "../../nn/functional/index";
import { BatchNorm1d, BatchNorm2d } from "../../nn/layers/batchnorm";
import { Conv2d, ConvTranspose2d } from "../../nn/layers/conv";
import { Linear } from "../../nn/layers/linear";
import { Parameter } from "../../nn/module/parameter";
import { randn } from "../../ops/random/randomTensors";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type Builder, checkShape, sizeOf } from "../plan";
import type { Section } from "../section";
import { activationOf } from "./activations";
import { Layer, type Weights } from "./layer";

type Norm = BatchNorm1d | BatchNorm2d;

/** Darknet's, where it computes on a graphics processor. */
const normOptions = { eps: 1e-5, momentum: 0.01 };

/** What stands before the weights: the shift of the batch normalization or the bias; then scale and running statistics. */
const normWeights = (norm: Norm): Weights[] =>
  [norm.weight!, norm.runningMean!, norm.runningVar!].map((tensor) => ({ tensor }));

/** A map with weights, batch normalization where it is asked for, and an activation. */
class Weighted extends Layer {
  private readonly activation: (x: Tensor) => Tensor;
  private readonly activationName: string;

  constructor(
    section: Section,
    private readonly order: "norm first" | "weights first",
    private readonly kind: { readonly map: string; readonly norm: string; readonly isFlipped: boolean },
    map: Conv2d | ConvTranspose2d | Linear,
    norm: Norm | null,
    activation: string,
  ) {
    super();
    const { name, apply } = activationOf(section, activation);
    this.activationName = name;
    this.activation = apply;
    // The names of Ultralytics' port to PyTorch, so that state dicts of it fit.
    this.setField(kind.map, map);
    if (norm !== null) this.setField(kind.norm, norm);
  }

  private setField(name: string, module: object): void {
    (this as unknown as Record<string, unknown>)[name] = module;
  }

  private get map(): Conv2d | ConvTranspose2d | Linear {
    return (this as unknown as Record<string, Conv2d>)[this.kind.map]!;
  }

  private get norm(): Norm | undefined {
    return (this as unknown as Record<string, Norm>)[this.kind.norm];
  }

  override get weights(): readonly Weights[] {
    const { map, norm, kind } = this;
    const bias = { tensor: norm?.bias ?? map.bias! };
    const weight = { tensor: map.weight, mayBeTransposed: map instanceof Linear, isFlipped: kind.isFlipped };
    const numbers = norm === undefined ? [] : normWeights(norm);
    return this.order === "norm first" ? [bias, ...numbers, weight] : [bias, weight, ...numbers];
  }

  override forward(input: Tensor): Tensor {
    const { map, norm } = this;
    const x = map instanceof Linear ? input.flatten(1) : input;
    const y = map(x);
    const z = this.activation(norm === undefined ? y : norm(y));
    return map instanceof Linear ? z.reshape([z.shape[0]!, -1, 1, 1]) : z;
  }

  override extraRepr(): string {
    return `activation=${this.activationName}`;
  }
}

/** The four numbers of a batch normalization, or a bias, for each output. */
const perOutput = (hasNorm: boolean): number => (hasNorm ? 4 : 1);

export const convolutional: Builder = (section, { index, input }) => {
  const [channels, height, width] = input;
  section.refuse(
    "binary",
    "xnor",
    "bin_output",
    "share_index",
    "antialiasing",
    "deform",
    "assisted_excitation",
    "sway",
  );
  section.refuse("rotate", "stretch", "stretch_sway", "dontloadscales", "dontload", "grad_centr", "coordconv"); // cspell:disable-line
  const filters = section.integer("filters", 1, 1);
  const size = section.integer("size", 1, 1, 1024);
  const stride = section.integer("stride", 1, 1, 1024);
  const [strideX, strideY] = ["stride_x", "stride_y"].map((key) => section.integer(key, stride, 1, 1024)) as [
    number,
    number,
  ];
  const dilation = size === 1 ? 1 : section.integer("dilation", 1, 1, 1024);
  const groups = section.integer("groups", 1, 1);
  if (channels % groups !== 0 || filters % groups !== 0)
    throw section.fail(`groups=${groups} divides not both ${channels} channels and ${filters} filters`, "groups");
  const padding = section.flag("pad") ? size >> 1 : section.integer("padding", 0, 0, 1024);
  const hasNorm = section.flag("batch_normalize");
  const reach = dilation * (size - 1) + 1;
  // Darknet pads dilated windows by as much more.
  const around = padding * dilation;
  const out = (n: number, step: number) => Math.floor((n + 2 * around - reach) / step) + 1;
  const options = { stride: [strideY, strideX], padding: around, dilation, groups, bias: !hasNorm };
  const kind = { map: "Conv2d", norm: "BatchNorm2d", isFlipped: section.flag("flipped") };
  activationOf(section, "logistic");
  return {
    shape: checkShape(section, [filters, out(height, strideY), out(width, strideX)]),
    count: filters * (perOutput(hasNorm) + (channels / groups) * size * size),
    sources: [index - 1],
    make: () => {
      const norm = hasNorm ? new BatchNorm2d(filters, normOptions) : null;
      return new Weighted(section, "norm first", kind, new Conv2d(channels, filters, size, options), norm, "logistic");
    },
  };
};

export const deconvolutional: Builder = (section, { index, input }) => {
  const [channels, height, width] = input;
  const filters = section.integer("filters", 1, 1);
  const size = section.integer("size", 1, 1, 1024);
  const stride = section.integer("stride", 1, 1, 1024);
  const padding = section.flag("pad") ? size >> 1 : section.integer("padding", 0, 0, 1024);
  const hasNorm = section.flag("batch_normalize");
  const out = (n: number) => (n - 1) * stride + size - 2 * padding;
  const kind = { map: "ConvTranspose2d", norm: "BatchNorm2d", isFlipped: false };
  activationOf(section, "logistic");
  return {
    shape: checkShape(section, [filters, out(height), out(width)]),
    count: filters * (perOutput(hasNorm) + channels * size * size),
    sources: [index - 1],
    make: () => {
      const map = new ConvTranspose2d(channels, filters, size, { stride, padding, bias: !hasNorm });
      return new Weighted(
        section,
        "norm first",
        kind,
        map,
        hasNorm ? new BatchNorm2d(filters, normOptions) : null,
        "logistic",
      );
    },
  };
};

export const connected: Builder = (section, context) => {
  context.fix();
  const inputs = sizeOf(context.input);
  const outputs = section.integer("output", 1, 1);
  const hasNorm = section.flag("batch_normalize");
  const kind = { map: "Linear", norm: "BatchNorm1d", isFlipped: false };
  activationOf(section, "logistic");
  return {
    shape: checkShape(section, [outputs, 1, 1]),
    count: outputs * (perOutput(hasNorm) + inputs),
    sources: [context.index - 1],
    make: () => {
      const norm = hasNorm ? new BatchNorm1d(outputs, normOptions) : null;
      return new Weighted(
        section,
        "weights first",
        kind,
        new Linear(inputs, outputs, { bias: !hasNorm }),
        norm,
        "logistic",
      );
    },
  };
};

/** A convolution whose weights differ from place to place. */
class Local extends Layer {
  /** Shape: [outputs]. */
  readonly bias: Parameter;
  /** Shape: [places, filters, channels · size²]. */
  readonly weight: Parameter;
  private readonly activation: (x: Tensor) => Tensor;

  constructor(
    section: Section,
    private readonly out: readonly [number, number, number],
    private readonly window: { kernelSize: number; stride: number; padding: number },
    inputs: number,
  ) {
    super();
    const [filters, height, width] = out;
    this.activation = activationOf(section, "logistic").apply;
    this.bias = new Parameter(zeros([filters * height * width]));
    this.weight = new Parameter(randn([height * width, filters, inputs]).mul(Math.sqrt(2 / inputs)));
  }

  override get weights(): readonly Weights[] {
    return [{ tensor: this.bias }, { tensor: this.weight }];
  }

  override forward(input: Tensor): Tensor {
    const n = input.shape[0]!;
    // [n, inputs, places] → [places, inputs, n].
    const patches = F.unfold(input, this.window).permute([2, 1, 0]);
    const mapped = this.weight.matmul(patches).permute([2, 1, 0]).reshape([n, -1]);
    return this.activation(mapped.add(this.bias).reshape([n, ...this.out]));
  }
}

export const local: Builder = (section, context) => {
  context.fix();
  const [channels, height, width] = context.input;
  const filters = section.integer("filters", 1, 1);
  const size = section.integer("size", 1, 1, 1024);
  const stride = section.integer("stride", 1, 1, 1024);
  const isPadded = section.flag("pad");
  // For other sizes Darknet computes places that its windows do not have.
  if (isPadded && size !== 3) throw section.fail(`pad=1 needs size=3, got size=${size}`, "size");
  const out = (n: number) => Math.floor((n - (isPadded ? 1 : size)) / stride) + 1;
  const shape = checkShape(section, [filters, out(height), out(width)]);
  const inputs = channels * size * size;
  activationOf(section, "logistic");
  return {
    shape,
    count: sizeOf(shape) * (1 + inputs),
    sources: [context.index - 1],
    make: () => new Local(section, shape, { kernelSize: size, stride, padding: Number(isPadded) }, inputs),
  };
};

/** Batch normalization by itself. */
class Normalized extends Layer {
  private readonly norm: BatchNorm2d;

  constructor(channels: number) {
    super();
    this.norm = new BatchNorm2d(channels, normOptions);
  }

  override get weights(): readonly Weights[] {
    return [{ tensor: this.norm.bias! }, ...normWeights(this.norm)];
  }

  override forward(input: Tensor): Tensor {
    return this.norm(input);
  }
}

export const batchnorm: Builder = (_section, { index, input }) => ({
  shape: input,
  count: 4 * input[0],
  sources: [index - 1],
  make: () => new Normalized(input[0]),
});
