/** Models by name, and models with weights from a file or a server. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { models } = torch.vision;
const { segmentation } = models;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kindling-weights-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A model whose values are whatever lies in memory: to draw them takes longer than what is tested. */
const empty = (build: unknown, options: object): torch.nn.Module =>
  torch.nn.utils.skipInit(build as (options: object) => torch.nn.Module, options);

/** A file with the state of a model. */
async function saved(name: string, state: Record<string, torch.Tensor>): Promise<string> {
  const path = join(folder, `${name}.safetensors`);
  await torch.safetensors.saveFile(state, path);
  return path;
}

describe("weights", () => {
  test("of a file", async () => {
    torch.manualSeed(3);
    const model = models.squeezenet1_1({ numClasses: 4 }).eval();
    const path = await saved("squeezenet", model.stateDict());
    const again = await models.squeezenet1_1({ weights: path, numClasses: 4 });
    const image = torch.rand(1, 3, 40, 40);
    expect(again.eval()(image).tolist()).toEqual(model(image).tolist());
  });

  test("of a server", async () => {
    const model = models.shufflenetV2X0_5({ numClasses: 3 });
    const bytes = await readFile(await saved("shufflenet", model.stateDict()));
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/weights.safetensors" ? 200 : 404;
      response.end(bytes);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const again = await models.shufflenetV2X0_5({ weights: new URL(`${base}/weights.safetensors`), numClasses: 3 });
      expect(again.fc.weight.tolist()).toEqual(model.fc.weight.tolist());
      await expect(models.shufflenetV2X0_5({ weights: `${base}/none` })).rejects.toThrow(
        /^shufflenetV2X0_5: cannot read .*404/,
      );
    } finally {
      server.close();
    }
  });

  test("of files with older names", async () => {
    const model = empty(models.densenet121, { numClasses: 2 });
    const key = "features.denseblock1.denselayer1.conv1.weight";
    torch.nn.init.normal_(model.getParameter(key));
    const old = Object.entries(model.stateDict()).map(
      ([key, value]) => [key.replace(/(denselayer\d+\.(?:norm|conv))([12])/, "$1.$2"), value] as const,
    );
    const again = await models.densenet121({
      weights: await saved("densenet", Object.fromEntries(old)),
      numClasses: 2,
    });
    expect(again.getParameter(key).equal(model.getParameter(key))).toBe(true);
  });

  test("with and without auxiliary classifiers", async () => {
    const state = empty(models.googlenet, { numClasses: 3 }).stateDict();
    const weights = await saved("googlenet", state);
    const without = await models.googlenet({ weights, numClasses: 3 });
    expect([without.aux1, without.auxLogits, without.transformInput]).toEqual([null, false, true]);
    const own = await saved("own", without.stateDict());
    expect((await models.googlenet({ weights: own, numClasses: 3, transformInput: false })).transformInput).toBe(false);
  });

  test("of a backbone", async () => {
    const backbone = empty(models.mobilenetV3Large, { dilated: true });
    torch.nn.init.normal_(backbone.getParameter("features.0.0.weight"));
    const weightsBackbone = await saved("backbone", backbone.stateDict());
    const model = await segmentation.lrasppMobilenetV3Large({ weightsBackbone, numClasses: 2 });
    expect(model.getParameter("backbone.0.0.weight").equal(backbone.getParameter("features.0.0.weight"))).toBe(true);
  });

  test("in PyTorch's own format", async () => {
    const state = models.squeezenet1_1().stateDict();
    for (const [name, value] of [
      ["plain.pth", state],
      ["wrapped.pt", { epoch: 3, state_dict: state }],
      ["unnamed", state],
    ] as const) {
      const path = join(folder, name);
      await torch.save(value, path);
      const model = await models.squeezenet1_1({ weights: path });
      for (const [key, x] of Object.entries(model.stateDict())) expect(x.equal(state[key]!)).toBe(true);
    }
    const path = join(folder, "zip");
    await torch.save({ epoch: 3 }, path);
    await expect(models.squeezenet1_1({ weights: path })).rejects.toThrow(/^squeezenet1_1: .*holds no state dict/);
    await writeFile(path, "PK\x03\x04 and so on");
    await expect(models.squeezenet1_1({ weights: path })).rejects.toThrow(torch.FormatError);
    await writeFile(path, "nothing of the kind");
    await expect(models.squeezenet1_1({ weights: path })).rejects.toThrow(torch.FormatError);
  });

  test("that do not fit are errors", async () => {
    const weights = await saved("lenet", models.lenet().stateDict());
    await expect(models.squeezenet1_1({ weights })).rejects.toThrow(/^squeezenet1_1: .*features\.0\.weight/s);
    await expect(models.resnet18({ weights: models.ResNet34Weights.DEFAULT })).rejects.toThrow(
      "resnet18: weights must be those of resnet18, got ResNet34_Weights.IMAGENET1K_V1 of resnet34",
    );
    await expect(models.resnet18({ weights: "IMAGENET1K_V1", numClasses: 10 })).rejects.toThrow(
      "resnet18: The parameter 'numClasses' expected value 1000 but got 10 instead.",
    );
    await expect(models.resnet18({ weights: true as never })).rejects.toThrow(/^resnet18: weights must be/);
  });
});

describe("models by name", () => {
  test("are listed as torchvision lists them", () => {
    expect(models.listModels()).toContain("vit_b_16");
    expect(models.listModels(segmentation)).toEqual([
      "deeplabv3_mobilenet_v3_large",
      "deeplabv3_resnet101",
      "deeplabv3_resnet50",
      "fcn_resnet101",
      "fcn_resnet50",
      "lraspp_mobilenet_v3_large",
    ]);
    expect(models.listModels(models)).toHaveLength(80);
  });

  test("are built in both spellings", () => {
    expect(models.getModelBuilder("vit_b_16")).toBe(models.vitB16);
    expect(models.getModelBuilder("vitB16")).toBe(models.vitB16);
    expect(models.getModelBuilder("regnet_y_1_6gf")).toBe(models.regnetY1_6gf);
    expect(models.getModelBuilder("regnet_y_16gf")).toBe(models.regnetY16gf);
    const model = models.getModel("squeezenet1_1", { numClasses: 7 });
    expect(model(torch.zeros(1, 3, 32, 32)).shape).toEqual([1, 7]);
    expect(() => models.getModel("resnet19")).toThrow("getModel: Unknown model resnet19");
    expect(() => models.getModel("squeezenet1_1", { classes: 7 })).toThrow(/^squeezenet1_1: |^getModel: /);
  });

  test("have weights by name", () => {
    expect(models.getWeight("ResNet50_Weights.IMAGENET1K_V1")).toBe(models.ResNet50Weights.IMAGENET1K_V1);
    expect(models.getWeight("ViTB16Weights.DEFAULT")).toBe(models.ViTB16Weights.DEFAULT);
    expect(models.getModelWeights("resnet50")).toBe(models.ResNet50Weights);
    expect(models.getModelWeights(models.resnet50)).toBe(models.ResNet50Weights);
    expect([...models.ResNet50Weights].map(String)).toEqual([
      "ResNet50_Weights.IMAGENET1K_V1",
      "ResNet50_Weights.IMAGENET1K_V2",
    ]);
    expect(models.ResNet50Weights.DEFAULT.meta.categories?.[0]).toBe("tench");
    expect(() => models.getWeight("ResNet50")).toThrow("getWeight: Invalid weight name provided: 'ResNet50'");
    expect(() => models.getWeight("ResNet51_Weights.DEFAULT")).toThrow(/'ResNet51_Weights'.*couldn't be retrieved/);
    expect(() => models.getWeight("ResNet50_Weights.IMAGENET1K_V3")).toThrow(/^getWeight: there are no weights/);
    expect(() => models.getModelWeights(models.lenet as never)).toThrow(/^getModelWeights: /);
  });
});

test("wrong arguments of families are errors that say what is wanted", () => {
  expect(() => new models.DenseNet({ blockConfig: [] })).toThrow(/^DenseNet: blockConfig must have/);
  expect(() => new models.DenseNet({ dropRate: 2 })).toThrow("DenseNet: dropRate must be between 0 and 1, got 2");
  expect(() => new models.Inception3({ inceptionBlocks: [torch.nn.Identity] })).toThrow(
    "Inception3: length of inceptionBlocks should be 7 instead of 1",
  );
  expect(() => new models.MNASNet(0)).toThrow(/^MNASNet: alpha should be greater than 0/);
  expect(() => new models.ShuffleNetV2([1, 1], [8, 8, 8, 8, 8])).toThrow(/^ShuffleNetV2: expected stagesRepeats/);
  expect(() => new models.MobileNetV3([], 8)).toThrow("MobileNetV3: The invertedResidualSetting should not be empty");
  expect(() => new models.EfficientNet([{}] as never, 0.1)).toThrow(
    /^EfficientNet: The invertedResidualSetting should/,
  );
  expect(() => models.BlockParams.fromInitParams(4, 12, 1, 2, 8)).toThrow(/^fromInitParams: Invalid RegNet settings/);
  expect(() => new models.MaxVit([32, 32], 8, 3, [16], [1], 8, 0)).toThrow(/not divisible by partition size 3/);
  expect(() => new models.SwinTransformer([2, 2], 9, [1], [2], [2, 2])).toThrow(/numHeads must divide the channels/);
  expect(() => new models.ImageClassification({ cropSize: 0 })).toThrow(/^ImageClassification: cropSize must be/);
});

test("branches can have a scale that is a whole number", () => {
  const model = new models.ConvNeXt([new models.CNBlockConfig(8, null, 1)], { layerScale: 1, numClasses: 2 });
  expect(model(torch.zeros(1, 3, 32, 32)).shape).toEqual([1, 2]);
});
