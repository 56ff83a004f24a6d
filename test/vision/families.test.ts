/**
 * Each family of networks against torchvision: initial values, outputs, gradients and structure. `write_families.py` wrote what is expected,
 * with the same small members and the same formula for weights.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { cut, cutNote } from "../helpers/cut";

const { nn } = torch;
const { models } = torch.vision;
const { segmentation } = models;

type Tensor = torch.Tensor;
/** The sum weighted by cosines, and the sum of absolute values. */
type Sums = readonly [weighted: number, absolute: number];
interface Structure {
  readonly state: readonly (readonly [key: string, shape: number[], dtype: string])[];
  readonly repr: string;
}
interface Small {
  readonly shape: number[];
  readonly structure: Structure;
  /** Random numbers drawn after the construction. */
  readonly then: readonly number[];
  readonly initial: Readonly<Record<string, Sums>>;
  readonly evaluated: readonly Sums[];
  readonly trained: readonly Sums[];
  readonly gradients: Readonly<Record<string, Sums>>;
  readonly buffers: Readonly<Record<string, Sums>>;
}
interface Builder {
  readonly parameters: number;
  /** Whole, or its digest. */
  readonly structure: Structure | string;
}

const path = new URL("./families.json.gz", import.meta.url);
interface Preset {
  readonly repr: string;
  readonly describe: string;
  /** For a tensor, a batch, and an Image. */
  readonly values: readonly Sums[];
}
const expected: {
  presets: Record<string, Preset>;
  published: string;
  small: Record<string, Small>;
  builders: Record<string, Builder>;
} = JSON.parse(gunzipSync(readFileSync(path)).toString());

function smallEfficientNet(): torch.nn.Module {
  const { MBConvConfig, FusedMBConvConfig } = models;
  const setting = [
    new FusedMBConvConfig(1, 3, 1, 8, 8, 1),
    new FusedMBConvConfig(4, 3, 2, 8, 16, 2),
    new MBConvConfig(4, 3, 2, 16, 24, 2, 1.1, 1.2),
  ];
  return new models.EfficientNet(setting, 0.3, 0.4, 6, { lastChannel: 40 });
}

const swinSizes = {
  patchSize: [2, 2],
  embedDim: 8,
  depths: [2, 2],
  numHeads: [2, 4],
  windowSize: [4, 3],
  stochasticDepthProb: 0.3,
  numClasses: 6,
  dropout: 0.2,
} as const;

const small: Readonly<Record<string, () => torch.nn.Module>> = {
  densenet: () => new models.DenseNet(8, [2, 2, 2], 16, 2, 0.2, 6),
  googlenet: () => new models.GoogLeNet(6, true, true, true),
  inception: () => new models.Inception3(6, false, true, { initWeights: true }),
  mnasnet: () => new models.MNASNet(0.35, 6, 0.3),
  mobilenetv2: () => new models.MobileNetV2(6, 0.35),
  "mobilenetv3 small": () => models.mobilenetV3Small({ widthMult: 0.5, numClasses: 6, reducedTail: true }),
  "mobilenetv3 large": () => models.mobilenetV3Large({ widthMult: 0.5, numClasses: 6, dilated: true }),
  shufflenetv2: () => new models.ShuffleNetV2([2, 2, 2], [8, 16, 32, 64, 48], 6),
  efficientnet: smallEfficientNet,
  regnet: () =>
    new models.RegNet(models.BlockParams.fromInitParams(5, 16, 9.5, 2.2, 8, { seRatio: 0.25 }), 6, { stemWidth: 16 }),
  convnext: () =>
    new models.ConvNeXt([new models.CNBlockConfig(8, 16, 2), new models.CNBlockConfig(16, null, 2)], 0.3, 0.5, 6),
  resnet: () => new models.ResNet(models.Bottleneck, [1, 1, 1, 1], 6, { groups: 2, widthPerGroup: 16 }),
  swin: () => new models.SwinTransformer(swinSizes),
  swinv2: () =>
    new models.SwinTransformer({
      ...swinSizes,
      block: models.SwinTransformerBlockV2,
      downsampleLayer: models.PatchMergingV2,
    }),
  maxvit: () => new models.MaxVit([32, 32], 8, 4, [16, 24], [2, 1], 8, 0.3, { numClasses: 6 }),
  fcn: () => segmentation.fcnResnet50({ numClasses: 4, auxLoss: true }),
  deeplabv3: () => segmentation.deeplabv3MobilenetV3Large({ numClasses: 4, auxLoss: true }),
  lraspp: () => segmentation.lrasppMobilenetV3Large({ numClasses: 4 }),
};

const structureOf = (module: torch.nn.Module): Structure => ({
  state: Object.entries(module.stateDict()).map(([key, value]) => [key, [...value.shape], value.dtype]),
  repr: String(module),
});

const digest = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

/** Calls `body` with a model and gives its memory back at once: the larger ones have gigabytes of parameters. */
function withModel<M extends torch.nn.Module>(create: () => M, body: (model: M) => void): void {
  torch.tidy(() => {
    const model = create();
    try {
      body(model);
    } finally {
      for (const tensor of [...model.parameters(), ...model.buffers()]) tensor.dispose();
    }
  });
}

// Numbers repeat after so many, and sums are over so many at most: else they would take longer than the networks.
const PERIOD = 10007;
const MOST = 2000;

/** Numbers between -1 and 1 that look random, the same in every language, by `change`. */
function noise(count: number, start: number, change = (value: number) => value): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < Math.min(count, PERIOD); i++) {
    const wave = Math.sin(i * 12.9898 + start * 78.233) * 43758.5453;
    values[i] = change((wave - Math.floor(wave)) * 2 - 1);
  }
  for (let i = PERIOD; i < count; i *= 2) values.copyWithin(i, 0, i);
  return values;
}

/** By what the sines of a parameter are scaled, and what is added; null for what keeps its values. */
function scaleOf(key: string, x: Tensor): [add: number, scale: number] | null {
  if (key.endsWith("running_var")) return [1, 0.2];
  if (x.ndim > 1 && !/(logit_scale|layer_scale|bias_table|coords_table)$/.test(key))
    return [0, 2.4 / Math.sqrt(x.numel() / x.shape[0]!)];
  if (key.endsWith("coords_table")) return null;
  return key.endsWith("weight") ? [1, 0.1] : [0, 0.1];
}

/** Values by a formula, such that signals keep their size. */
function fill(model: torch.nn.Module): void {
  for (const [k, [key, x]] of Object.entries(model.stateDict()).entries()) {
    const scale = x.dtype === "float32" ? scaleOf(key, x) : null;
    if (scale === null) continue;
    const values = noise(x.numel(), k, (value) => scale[0] + scale[1] * value);
    torch.noGrad(() => x.copy_(torch.tensor(values, { dtype: "float32" }).reshape([...x.shape])));
  }
}

function sums(x: Tensor): Sums {
  const step = Math.ceil(x.numel() / MOST);
  const values = x.detach().flatten().at(`::${step}`).tolist() as number[];
  let [weighted, absolute] = [0, 0];
  values.forEach((value, i) => {
    weighted += value * Math.cos(i * 0.7);
    absolute += Math.abs(value);
  });
  return [weighted, absolute];
}

/** The largest difference relative to the sum of absolute values, over all named sums. */
function difference(actual: Readonly<Record<string, Sums>>, wanted: Readonly<Record<string, Sums>>, least = 0): number {
  expect(Object.keys(actual)).toEqual(Object.keys(wanted));
  const each = Object.entries(wanted).map(([key, [weighted, absolute]]) => {
    const found = actual[key]!;
    return Math.max(Math.abs(found[0] - weighted), Math.abs(found[1] - absolute)) / Math.max(absolute, least, 1e-30);
  });
  return Math.max(...each);
}

const sumsOf = (named: readonly (readonly [string, Tensor])[]): Record<string, Sums> =>
  Object.fromEntries(named.map(([key, x]) => [key, sums(x)]));

/** The outputs of a model in their order. */
function outputs(result: unknown): Tensor[] {
  if (result instanceof torch.Tensor) return [result];
  return Object.values(result as Record<string, Tensor>);
}

const numbered = (all: readonly Sums[]): Record<string, Sums> => Object.fromEntries(all.map((sums, i) => [i, sums]));

describe("small members of each family are torchvision's", () => {
  test.each(cut(Object.entries(expected.small), 4))(`%s${cutNote}`, (name, wanted) => {
    torch.manualSeed(0);
    withModel(small[name]!, (model) => {
      expect(torch.rand(2).tolist()).toEqual(wanted.then.map(Math.fround));
      expect(structureOf(model)).toEqual(wanted.structure);
      expect(difference(sumsOf(model.namedParameters()), wanted.initial)).toBeLessThan(1e-5);
      fill(model);
      const count = wanted.shape.reduce((product, size) => product * size, 1);
      const image = torch.tensor(noise(count, 1), { dtype: "float32" }).reshape(wanted.shape);
      const evaluated = torch.noGrad(() => outputs(model.eval()(image)));
      expect(difference(numbered(evaluated.map(sums)), numbered(wanted.evaluated))).toBeLessThan(1e-4);
      torch.manualSeed(1);
      const trained = outputs(model.train()(image));
      expect(difference(numbered(trained.map(sums)), numbered(wanted.trained))).toBeLessThan(1e-3);
      const losses = trained.map((x) => x.mul(torch.linspace(-1, 1, x.numel()).reshape([...x.shape])).sum());
      losses.reduce((sum, loss) => sum.add(loss)).backward();
      const gradients = model.namedParameters().map(([key, { grad }]) => [key, grad!] as const);
      // Gradients that vanish in exact arithmetic, as of a bias before a normalization, are noise.
      const largest = Math.max(...Object.values(wanted.gradients).map(([, absolute]) => absolute));
      expect(difference(sumsOf(gradients), wanted.gradients, largest * 1e-4)).toBeLessThan(3e-2);
      const running = model.namedBuffers().filter(([key]) => key.includes("running"));
      expect(difference(sumsOf(running), wanted.buffers)).toBeLessThan(1e-4);
    });
  });
});

describe("builders: keys, shapes, dtypes, their order, and the print-out are torchvision's", () => {
  test.each(cut(Object.entries(expected.builders), 24))(`%s${cutNote}`, (name, { parameters, structure }) => {
    withModel(
      () => nn.utils.skipInit(models.getModelBuilder(name) as () => torch.nn.Module),
      (model) => {
        const found = structureOf(model);
        expect(model.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0)).toBe(parameters);
        expect(typeof structure === "string" ? digest(found) : found).toEqual(structure);
      },
    );
  });
});

describe("published weights", () => {
  test("are torchvision's: names, files, numbers of parameters, sizes, categories", () => {
    const rows = models.listModels().flatMap((name) => {
      const all = models.getModelWeights(name);
      return Object.values(all).map((weights) => {
        const { numParams, minSize, categories } = weights.meta;
        return [name, String(weights), weights.url, numParams, minSize, categories];
      });
    });
    expect(digest(rows)).toBe(expected.published);
  });

  test.each(Object.entries(expected.presets))("transforms of %s", (name, { repr, describe, values }) => {
    const preset = models.getWeight(name).transforms() as torch.vision.models.ImageClassification;
    expect(String(preset)).toBe(repr);
    if ("describe" in preset) expect(preset.describe()).toBe(describe);
    const bytes = noise(3 * 50 * 40, 3).map((value) => Math.min(255, Math.floor((value + 1) * 128)));
    const picture = torch.tensor(bytes).to("uint8").reshape(3, 50, 40);
    const image = torch.vision.transforms.functional.toPilImage(picture);
    const found = [preset(picture), preset(picture.unsqueeze(0)), preset(image)].map(sums);
    expect(difference(numbered(found), numbered(values))).toBeLessThan(1e-5);
  });
});
