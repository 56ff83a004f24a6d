/** Files of Darknet's: headers, lengths, orders, names, and what is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { ArgumentError, darknet, FormatError, KindlingError } from "kindling";
import { afterAll, describe, expect, test } from "vitest";
import { byteEdits, pick, randomOf } from "../../scripts/fuzz/files";
import { configOf, weightsFile } from "./networks";

const root = mkdtempSync(join(tmpdir(), "kindling-darknet-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A convolution without and one with batch normalization: 2 + 2 · 1 and 4 · 1 + 2 numbers. */
const small = `[net]
height=2
width=2
channels=1

[convolutional]
filters=2
size=1
activation=linear

[convolutional]
batch_normalize=1
filters=1
size=1
activation=linear
`;

function file(numbers: readonly number[], { version = [0, 2, 5], bits = 64, seen = 7 } = {}): Uint8Array {
  const bytes = new Uint8Array((bits === 64 ? 20 : 16) + 4 * numbers.length);
  const view = new DataView(bytes.buffer);
  version.forEach((n, i) => {
    view.setInt32(4 * i, n, true);
  });
  view.setUint32(12, seen, true);
  bytes.set(new Uint8Array(Float32Array.from(numbers).buffer), bytes.length - 4 * numbers.length);
  return bytes;
}

const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe("weights", () => {
  test("lie as in Darknet: biases, scales, means and variances before the weights", async () => {
    const model = await darknet.load(small, file(ten));
    const state = Object.fromEntries(Object.entries(model.stateDict()).map(([key, x]) => [key, x.flatten().tolist()]));
    expect(state).toEqual({
      "module_list.0.Conv2d.weight": [3, 4],
      "module_list.0.Conv2d.bias": [1, 2],
      "module_list.1.Conv2d.weight": [9, 10],
      "module_list.1.BatchNorm2d.weight": [6],
      "module_list.1.BatchNorm2d.bias": [5],
      "module_list.1.BatchNorm2d.running_mean": [7],
      "module_list.1.BatchNorm2d.running_var": [8],
      "module_list.1.BatchNorm2d.num_batches_tracked": [0],
    });
    expect(model.seen).toBe(7);
    expect(model.version).toEqual({ major: 0, minor: 2, revision: 5 });
  });

  test("of version 0.1 have 32 bits for the count of pictures", async () => {
    const model = await darknet.load(small, file(ten, { version: [0, 1, 0], bits: 32 }));
    expect(model.seen).toBe(7);
    expect(model.stateDict()["module_list.0.Conv2d.bias"]!.tolist()).toEqual([1, 2]);
    // What is written is of a version that counts in 64.
    expect(await darknet.saveWeights(model)).toEqual(file(ten));
  });

  test("of connected layers have the inputs first in files above version 1000, and norms after the weights", async () => {
    const cfg = "[net]\nheight=1\nwidth=1\nchannels=3\n[connected]\nbatch_normalize=1\noutput=2\nactivation=linear\n";
    const numbers = [1, 2, 10, 20, 30, 40, 50, 60, 3, 4, 5, 6, 7, 8];
    const model = await darknet.load(cfg, file(numbers));
    expect(model.stateDict()["module_list.0.Linear.weight"]!.tolist()).toEqual([
      [10, 20, 30],
      [40, 50, 60],
    ]);
    expect(model.stateDict()["module_list.0.BatchNorm1d.running_var"]!.tolist()).toEqual([7, 8]);
    const old = await darknet.load(cfg, file(numbers, { version: [0, 1001, 0], bits: 32 }));
    expect(old.stateDict()["module_list.0.Linear.weight"]!.tolist()).toEqual([
      [10, 30, 50],
      [20, 40, 60],
    ]);
  });

  test("of flipped convolutions have the filters on the last axis", async () => {
    const cfg = "[net]\nheight=1\nwidth=1\nchannels=2\n[convolutional]\nfilters=3\nflipped=1\nactivation=linear\n";
    const given = file([0, 0, 0, 1, 2, 3, 4, 5, 6]);
    const model = await darknet.load(cfg, given);
    expect(model.stateDict()["module_list.0.Conv2d.weight"]!.flatten(1).tolist()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(await darknet.saveWeights(model)).toEqual(given);
  });

  test("of the first layers alone are read with a cutoff, and written", async () => {
    const model = await darknet.load(small, file([1, 2, 3, 4]), { cutoff: 1 });
    expect(model.stateDict()["module_list.0.Conv2d.weight"]!.flatten().tolist()).toEqual([3, 4]);
    await darknet.loadWeights(model, file([9, 8, 7, 6]), { cutoff: 1 });
    expect(await darknet.saveWeights(model, null, { cutoff: 1 })).toEqual(file([9, 8, 7, 6]));
    await expect(darknet.load(small, file(ten), { cutoff: 3 })).rejects.toThrow(
      /darknet.load: cutoff must be an integer/,
    );
  });

  test("go to the disk and back", async () => {
    const [cfg, weights] = [join(root, "small.cfg"), join(root, "small.weights")];
    writeFileSync(cfg, small);
    await darknet.saveWeights(await darknet.load(small, file(ten)), weights);
    expect(new Uint8Array(readFileSync(weights))).toEqual(file(ten));
    const model = await darknet.load({ cfg, weights });
    expect(await darknet.saveWeights(model)).toEqual(file(ten));
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["empty files", new Uint8Array(0), /has 0 bytes: it is no Darknet .weights file/],
    ["a header that ends early", file([]).slice(0, 17), /is truncated: its header has 20 bytes/],
    [
      "too few numbers",
      file(ten.slice(1)),
      /is truncated, or of another network: 10 weights .* 60 bytes, it has 56; .*cutoff/,
    ],
    ["too many", file([...ten, 11]), /is too long, or of another network: .* 60 bytes, it has 64$/],
    ["a part of a number", file(ten).slice(0, -1), /is truncated/],
    ["negative versions", file(ten, { version: [-1, 2, 0] }), /its version would be -1.2.0/],
    [
      "other files",
      new TextEncoder().encode("PK\u0003\u0004 this is an archive or something else"),
      /no Darknet|too long|truncated/,
    ],
  ])("%s are refused before anything changes", async (_what, bytes, message) => {
    await expect(darknet.load(small, bytes)).rejects.toThrow(FormatError);
    await expect(darknet.load(small, bytes)).rejects.toThrow(message);
    const model = await darknet.load(small, file(ten));
    await expect(darknet.loadWeights(model, bytes)).rejects.toThrow(message);
    expect(await darknet.saveWeights(model)).toEqual(file(ten));
  });
});

const net = "[net]\nheight=8\nwidth=8\nchannels=4\n";
const conv = "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\n";

describe("a configuration", () => {
  test.each<[string, string, RegExp]>([
    [
      "text that is none",
      "hello\n",
      /line 1: expected "\[section\]" or "key=value", got "hello": it is no Darknet .cfg/,
    ],
    ["no [net]", `${conv}\n`, /the first section must be \[net\]/],
    ["no layers", net, /there are no layers after \[net\]/],
    ["no size", `[net]\n${conv}`, /\[net\]: height and width of the pictures must be given/],
    [
      "an unknown layer",
      `${net}[lstm]\noutput=3\n`,
      /line 5, layer 0 \[lstm\]: such layers are not supported; there are convolutional/,
    ],
    [
      "an unknown activation",
      `${net}[convolutional]\nactivation=magic\n`,
      /line 6, .*the activation "magic" is not supported; there are linear/,
    ],
    [
      "no number",
      `${net}[convolutional]\nfilters=many\n`,
      /line 6, layer 0 \[convolutional\]: filters must be a number, got "many"/,
    ],
    ["a fraction", `${net}[convolutional]\nfilters=1.5\n`, /filters must be an integer from 1/],
    ["a huge number", `${net}[convolutional]\nfilters=1e300\n`, /filters must be an integer/],
    ["a huge window", `${net}[convolutional]\nsize=99999\n`, /size must be an integer from 1 to 1024/],
    ["huge pictures", `[net]\nheight=65536\nwidth=65536\nchannels=3\n${conv}`, /elements at most 268435456/],
    [
      "too many weights",
      `[net]\nheight=100\nwidth=100\n${"[connected]\noutput=16000000\n"}`,
      /have 480016000000 weights; at most/,
    ],
    ["a window that does not fit", `${net}[convolutional]\nsize=9\n`, /its output would be of shape \[1, 0, 0\]/],
    ["groups", `${net}[convolutional]\nfilters=4\ngroups=3\n`, /groups=3 divides not both 4 channels and 4 filters/],
    [
      "a route to itself",
      `${net}${conv}[route]\nlayers=1\n`,
      /layers must name an earlier layer, from 0 to 0 or negative, got 1/,
    ],
    ["a route to later layers", `${net}[route]\nlayers=1\n${conv}`, /layers must name an earlier layer/],
    ["a route before the first", `${net}${conv}[route]\nlayers=-2\n`, /got -2/],
    ["a route to nothing", `${net}${conv}[route]\nlayers=\n`, /layers= names no layer/],
    [
      "a route of two sizes",
      `${net}${conv}[maxpool]\nsize=2\nstride=2\n[route]\nlayers=-1,-2\n`,
      /layers of 4×4 and 8×8 pixels cannot be joined/,
    ],
    ["a sum of two sizes", `${net}${conv}[maxpool]\nsize=3\nstride=3\n[shortcut]\nfrom=-2\n`, /cannot be added/],
    [
      "boxes without channels",
      `${net}${conv}[yolo]\nclasses=2\nnum=1\nanchors=1,2\n`,
      /must have 1 · 7 = 7 channels, got 4: set its filters/,
    ],
    ["anchors", `${net}${conv}[yolo]\nnum=2\nanchors=1,2\n`, /num=2 needs 4 numbers in anchors, got 2/],
    ["a mask beyond", `${net}${conv}[yolo]\nnum=1\nanchors=1,2\nmask=1\n`, /mask must be an integer from 0 to 0/],
    ["what would change the results", `${net}[convolutional]\nbinary=1\n`, /binary=1 is not supported/],
    ["a reorg that does not fit", `${net}[reorg]\nstride=3\n`, /stride=3 needs a multiple of 9 channels, got 4/],
    ["an upsample that does not fit", `${net}[upsample]\nstride=-3\n`, /its output would be of shape/],
    [
      "a crop that does not fit",
      `${net}[crop]\ncrop_height=9\ncrop_width=2\n`,
      /a part of 2×9 pixels does not fit into 8×8/,
    ],
  ])("with %s is refused", async (_what, text, message) => {
    await expect(darknet.load(text)).rejects.toThrow(FormatError);
    await expect(darknet.load(text)).rejects.toThrow(message);
  });

  test("may have comments, white space and the first of two values", async () => {
    const text = `# a\r\n ; b\n[ net ]\nheight = 2 # two\nwidth=2\nwidth=9\nchannels=1\n[conv]\nfilters = 1\nactivation = linear\n`;
    const model = await darknet.load(text);
    expect(model.inputShape).toEqual([1, 2, 2]);
    expect(model(torch.ones(1, 1, 2, 2)).shape).toEqual([1, 1, 2, 2]);
  });

  test("of thousands of layers, or of megabytes, ends soon", async () => {
    await expect(darknet.load(net + conv.repeat(5000))).rejects.toThrow(/more than 2000 sections/);
    const large = join(root, "large.cfg");
    writeFileSync(large, "#".repeat(2 ** 21));
    await expect(darknet.load(large)).rejects.toThrow(/has 2097152 bytes; such files have at most 1048576/);
    const doubling = "[route]\nlayers=-1,-1\n".repeat(60);
    await expect(darknet.load(net + conv + doubling)).rejects.toThrow(/elements at most/);
  });
});

test("damaged files of both kinds give errors of ours, or networks", { timeout: 120_000 }, async () => {
  const random = randomOf(5);
  const cfg = new TextEncoder().encode(configOf("odd"));
  const weights = weightsFile("odd");
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    const isConfig = i % 3 > 0;
    const edit = pick(random, byteEdits);
    const [a, b] = [isConfig ? edit(cfg, random) : cfg, isConfig ? weights : edit(weights, random)];
    const start = performance.now();
    try {
      await darknet.load(a, b);
    } catch (error) {
      refused++;
      expect(error).toBeInstanceOf(KindlingError);
    }
    expect(performance.now() - start).toBeLessThan(4000);
  }
  expect(refused).toBeGreaterThan(100);
});

test(".data and .names", async () => {
  const data = new TextEncoder().encode(
    "# a comment\nclasses= 2\r\ntrain = /data/train.txt\n\nnames = a = b\n__proto__=x\n",
  );
  expect(Object.entries(await darknet.readData(data))).toEqual([
    ["classes", "2"],
    ["train", "/data/train.txt"],
    ["names", "a = b"],
    ["__proto__", "x"],
  ]);
  await expect(darknet.readData(new TextEncoder().encode("classes\n"))).rejects.toThrow(
    /line 1: expected "key = value"/,
  );
  expect(await darknet.readNames(new TextEncoder().encode("person\ntraffic light\r\n\n"))).toEqual([
    "person",
    "traffic light",
  ]);
  await expect(darknet.readNames(new Uint8Array(8))).rejects.toThrow(/is no text/);
  await expect(darknet.readNames(join(root, "none.names"))).rejects.toThrow(/darknet.readNames: cannot read/);
});

test("other modules are refused", async () => {
  const wrong = new torch.nn.Linear(1, 1) as never;
  await expect(darknet.saveWeights(wrong)).rejects.toThrow(ArgumentError);
  await expect(darknet.saveWeights(wrong)).rejects.toThrow(
    /darknet.saveWeights: model must be what torch.darknet.load gives/,
  );
  await expect(darknet.loadWeights(wrong, file(ten))).rejects.toThrow(/darknet.loadWeights: model must be/);
});
