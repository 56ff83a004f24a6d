/** Models against torchvision: state dicts, printed structure, initial values and outputs. `write_expected.py` wrote what is expected. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { cut, cutNote, runsAll } from "../helpers/cut";

const { nn } = torch;
const { models } = torch.vision;

interface Structure {
  readonly state: readonly (readonly [key: string, shape: number[], dtype: string])[];
  readonly repr: string;
}

interface Called {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly size: number;
  /** The first and the last value of each matrix and kernel. */
  readonly ends: Readonly<Record<string, [first: number, last: number]>>;
  /** Random numbers drawn after the construction. */
  readonly then: readonly number[];
  /** The first of the output for an image of evenly spaced numbers. */
  readonly output: readonly number[];
}

const path = new URL("./torchvision.json.gz", import.meta.url);
const expected: { structure: Record<string, Structure>; transformer: Structure; called: readonly Called[] } =
  JSON.parse(gunzipSync(readFileSync(path)).toString());

/** `vit_b_16` → `vitB16`; an underscore between digits stays. */
const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()).replace(/(?<=[A-Z])_(?=\d)/g, "");

const constructors = models as unknown as Record<string, (options?: object) => torch.nn.Module>;
const constructorOf = (name: string) => constructors[camelCase(name)]!;

const structureOf = (module: torch.nn.Module): Structure => ({
  state: Object.entries(module.stateDict()).map(([key, value]) => [key, [...value.shape], value.dtype]),
  repr: String(module),
});

/** Calls `body` with a model and gives its memory back at once: the larger ones have half a gigabyte of parameters. */
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

describe("keys, shapes, dtypes, their order, and the print-out are torchvision's", () => {
  // families.test.ts has them among all others.
  test.each(cut(Object.entries(expected.structure), 9))(`%s${cutNote}`, (name, structure) => {
    withModel(
      () => nn.utils.skipInit(constructorOf(name)),
      (model) => expect(structureOf(model)).toEqual(structure),
    );
  });

  test("nn.Transformer", () => {
    const model = new nn.Transformer({
      dModel: 16,
      nhead: 4,
      numEncoderLayers: 2,
      numDecoderLayers: 2,
      dimFeedforward: 32,
    });
    expect(structureOf(model)).toEqual(expected.transformer);
  });
});

const optionsOf = (given: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [camelCase(key), value]));

/** Differences relative to the largest number. */
function expectClose(actual: readonly number[], wanted: readonly number[], tolerance: number): void {
  const scale = Math.max(...wanted.map(Math.abs)) || 1;
  actual.forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!) / scale).toBeLessThan(tolerance);
  });
}

describe("with the same seed, initial values and outputs are torchvision's", () => {
  // Most of their time is that of drawing a hundred million numbers.
  const large = new Set(["alexnet", "vgg11_bn"]);
  const called = expected.called.filter(({ name }) => runsAll || !large.has(name));

  test.each(cut(called, 2))(`$name $options${cutNote}`, ({ name, options, size, ends, then, output }) => {
    torch.manualSeed(0);
    withModel(
      () => constructorOf(name)(optionsOf(options)),
      (model) => {
        expect(torch.rand(3).tolist()).toEqual(then.map(Math.fround));
        for (const [key, wanted] of Object.entries(ends)) {
          const flat = model.getParameter(key).detach().flatten();
          expectClose([flat.at(0).item(), flat.at(-1).item()], wanted, 1e-5);
        }
        // The last layer starts at zero.
        if (model instanceof models.VisionTransformer) nn.init.ones_(model.getParameter("heads.head.weight"));
        const image = torch.linspace(-1, 1, 3 * size * size).reshape(1, 3, size, size);
        const actual = torch.noGrad(() => model.eval()(image) as torch.Tensor);
        expectClose(actual.flatten().at(":5").tolist(), output, 1e-4);
      },
    );
  });
});

test("LeNet is the tutorial's: 62,006 parameters, and takes other images too", () => {
  const parameters = models.lenet().parameters();
  expect(parameters.reduce((sum, parameter) => sum + parameter.numel(), 0)).toBe(62_006);
  const scores = models.lenet({ channels: 1, size: 28, numClasses: 7 })(torch.zeros(2, 1, 28, 28));
  expect(scores.shape).toEqual([2, 7]);
});

test("a residual network learns: every parameter of its blocks gets a gradient", () => {
  const model = new models.ResNet(models.Bottleneck, [1, 1, 1, 1], { numClasses: 3, widthPerGroup: 16 });
  nn.functional.crossEntropy(model(torch.randn(2, 3, 32, 32)), torch.tensor([0, 2], { dtype: "int64" })).backward();
  expect(model.namedParameters().filter(([, parameter]) => parameter.grad === null)).toEqual([]);
});

test("a deep copy computes the same", () => {
  const model = models.vitB16({ imageSize: 32, numLayers: 1, hiddenDim: 24, mlpDim: 8 }).eval();
  const image = torch.randn(1, 3, 32, 32);
  expect(nn.deepcopy(model)(image).tolist()).toEqual(model(image).tolist());
});

test("wrong arguments are errors that say what is wanted", () => {
  expect(() => models.resnet18({ classes: 10 } as object)).toThrow(/numClasses/);
  expect(() => new models.BasicBlock(64, 64, { groups: 2 })).toThrow("BasicBlock only supports groups=1");
  expect(() => new models.SqueezeNet("2" as "1_0")).toThrow('SqueezeNet: version must be one of "1_0", "1_1", got "2"');
  expect(() => models.vitB16({ imageSize: 30 })).toThrow("patches of 16 do not divide images of 30");
  const small = models.vitB16({ imageSize: 32, numLayers: 1, hiddenDim: 24, mlpDim: 8 });
  expect(() => small(torch.zeros(1, 3, 32, 48))).toThrow("expected images of shape [N, 3, 32, 32], got [1, 3, 32, 48]");
});
